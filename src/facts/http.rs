//! What an HTTPS exchange or a TLS handshake showed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One HTTPS request and its answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HttpFacts {
    /// The request line: method and address.
    pub request: String,
    /// The status, when an answer came.
    pub status: Option<u16>,
    /// `Content-Type` of the answer.
    pub content_type: Option<String>,
    /// `Date` of the answer minus our clock at that moment, in seconds.
    pub clock_skew: Option<i64>,
    /// Seconds that the server asks us to wait (`Retry-After`).
    pub retry_after: Option<u64>,
    /// The id we gave the request; the sign-in log has it as the correlation id.
    pub correlation_id: Option<String>,
    /// The beginning of an answer that was not understood.
    pub words: Option<String>,
    /// What went wrong on the way.
    pub fault: Option<Fault>,
    /// Milliseconds from the start of the request to the end of the answer.
    pub ms: u64,
}

/// What the login service says of the tenant, and the state of its keys.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EntraFacts {
    /// The request for the tenant's description (OpenID Connect Discovery 1.0 section 4).
    pub discovery: HttpFacts,
    /// `issuer` of the description.
    pub issuer: Option<String>,
    /// The directory id within `issuer`.
    pub tenant_id: Option<String>,
    /// `tenant_region_scope`.
    pub region: Option<String>,
    /// `tenant_region_sub_scope`: `GCC`, `DODCON` for GCC High, `DOD`; absent otherwise (microsoft-facts A.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_region: Option<String>,
    /// What the login services of the other clouds say, where this one does not know the tenant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<ElsewhereFacts>,
    /// The refusal, when the tenant is not there.
    pub refusal: Option<super::Refusal>,
    /// The request for the signing keys, when it was made.
    pub keys: Option<HttpFacts>,
    /// The ids of the signing keys.
    pub key_ids: Vec<String>,
}

/// What the login service of another cloud says of the tenant.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ElsewhereFacts {
    /// The clouds that have this login service, by the words of `--cloud`.
    pub clouds: Vec<String>,
    /// The request for the tenant's description.
    pub discovery: HttpFacts,
    /// Whether the tenant is known there.
    pub known: bool,
    /// `tenant_region_sub_scope` of that description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_region: Option<String>,
}

/// What went wrong between us and a server: a closed set, with the words of the system or the library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// Of which kind.
    pub kind: FaultKind,
    /// In the words of whoever noticed.
    pub words: String,
}

/// The kinds of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The name has no address.
    NameNotFound,
    /// The resolver failed.
    ResolverFailed,
    /// Nothing listens on the port.
    Refused,
    /// No answer to the connection request.
    ConnectTimeout,
    /// No route.
    Unreachable,
    /// The peer reset the connection.
    Reset,
    /// The peer closed in mid-conversation.
    ClosedEarly,
    /// Connected, then no answer in time.
    Silent,
    /// The answer is not of the protocol.
    Garbage,
    /// The answer is beyond our bounds.
    TooLong,
    /// The TLS handshake failed.
    TlsHandshake,
    /// The certificate's issuer is unknown.
    CertificateUntrusted,
    /// The certificate is for another name.
    CertificateName,
    /// The certificate is out of date.
    CertificateExpired,
    /// Octets stood behind the answer to STARTTLS, before TLS began.
    InjectedAfterStarttls,
    /// The proxy wants a login.
    ProxyAuthentication,
    /// The proxy refused.
    ProxyRefused,
    /// This system has no CA certificates.
    NoCaCertificates,
    /// A redirect on a request that carries a credential.
    Redirected,
}

/// What the TLS handshake agreed on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TlsFacts {
    /// `TLSv1.3`.
    pub version: String,
    /// The cipher suite.
    pub cipher: String,
    /// Subject of the server's certificate.
    pub subject: String,
    /// Issuer of the server's certificate.
    pub issuer: String,
    /// DNS names of the certificate.
    pub names: Vec<String>,
    /// End of validity, seconds since the epoch.
    pub not_after: i64,
}

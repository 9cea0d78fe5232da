//! What is seen of a credential without showing it: a certificate, an assertion, a managed identity.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The certificate that an application proves itself with, as far as everybody may know it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CertificateFacts {
    /// Whom it is for.
    pub subject: String,
    /// Who signed it; often itself.
    pub issuer: String,
    /// SHA-1 of it, upper-case hexadecimal: the thumbprint that the portal shows.
    pub sha1: String,
    /// SHA-256 of it, upper-case hexadecimal.
    pub sha256: String,
    /// Begin of validity, seconds since the epoch.
    pub not_before: i64,
    /// End of validity, seconds since the epoch.
    pub not_after: i64,
    /// The kind of key: `RSA`.
    pub key: String,
    /// Length of the key in bits.
    pub bits: usize,
    /// How the assertion is signed: `PS256` or `RS256`.
    pub algorithm: String,
}

/// The token of another issuer that an application proves itself with; never its signature.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AssertionFacts {
    /// Where it came from.
    pub source: String,
    /// `iss`.
    pub issuer: Option<String>,
    /// `sub`.
    pub subject: Option<String>,
    /// `aud`, one or several.
    pub audiences: Vec<String>,
    /// `nbf`, seconds since the epoch.
    pub not_before: Option<i64>,
    /// `exp`, seconds since the epoch.
    pub expires: Option<i64>,
    /// The audience that this cloud's login service wants.
    pub wanted_audience: String,
    /// The request for it, where one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<super::HttpFacts>,
    /// Why nothing was sent with it, where nothing was.
    pub unsent: Option<String>,
}

/// The machine's own service for tokens.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ManagedFacts {
    /// `imds` of a virtual machine, or `app-service`.
    pub service: String,
    /// Which identity was asked for: `system`, `client:GUID`, …
    pub identity: String,
    /// How often it was asked.
    pub attempts: u32,
}

//! How mail to the domain is to be encrypted: MTA-STS, reports on it, and DANE.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LookupFacts;
use crate::facts::HttpFacts;

/// MTA-STS (RFC 8461).
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MtaStsFacts {
    /// The look-up of `_mta-sts.<domain>`.
    pub lookup: LookupFacts,
    /// The texts there that begin with `v=STSv1`.
    pub records: Vec<String>,
    /// `id` of the one record.
    pub id: Option<String>,
    /// The request for the policy; none: there is no record that calls for one.
    pub request: Option<HttpFacts>,
    /// Whether the policy was not to be fetched (`--no-policies`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub left_out: bool,
    /// The policy, where it could be read.
    pub policy: Option<MtaStsPolicy>,
    /// Why the answer is no policy.
    pub fault: Option<String>,
}

/// A policy (RFC 8461 section 3.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MtaStsPolicy {
    /// `enforce`, `testing` or `none`.
    pub mode: String,
    /// Patterns of mail exchangers.
    pub mx: Vec<String>,
    /// Seconds that it may be remembered.
    pub max_age: u64,
}

/// Reports on TLS (RFC 8460).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TlsReportFacts {
    /// The look-up of `_smtp._tls.<domain>`.
    pub lookup: LookupFacts,
    /// The texts there that begin with `v=TLSRPTv1`.
    pub records: Vec<String>,
    /// Why the one record can not be used.
    pub fault: Option<String>,
}

/// The certificates that one mail exchanger announces in DNS (RFC 7672).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DaneFact {
    /// The mail exchanger.
    pub host: String,
    /// The look-up of its TLSA records.
    pub lookup: LookupFacts,
    /// The records: usage, selector, matching type, and how many octets of data.
    pub records: Vec<TlsaFact>,
    /// Whether the resolver says that it has validated the answer (the AD flag). It is worth what the way to it is worth.
    pub authentic: bool,
}

/// One TLSA record (RFC 6698 section 2.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TlsaFact {
    /// 2 names an authority, 3 the server's own certificate; 0 and 1 are not for SMTP.
    pub usage: u8,
    /// 0: the certificate; 1: its public key.
    pub selector: u8,
    /// 0: in full; 1: SHA-256; 2: SHA-512.
    pub matching: u8,
    /// Length of the data, in octets.
    pub octets: usize,
}

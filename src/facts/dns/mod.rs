//! What the Domain Name System says of a domain.

mod dkim;
mod dmarc;
mod names;
mod propagation;
mod transport;

pub use dkim::{DkimKey, DkimSelector};
pub use dmarc::{DmarcPolicy, DmarcReport, DmarcStep};
pub use names::AutodiscoverFacts;
pub use propagation::{NameServerFacts, NameServerState, PropagationFacts, RecordSpread, ServersSay};
pub use transport::{DaneFact, MtaStsFacts, MtaStsPolicy, TlsReportFacts, TlsaFact};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spf::{Audit, Evaluation};

/// The records of one domain.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DnsFacts {
    /// The domain.
    pub domain: String,
    /// Who was asked: address and port, or `system`.
    pub resolver: String,
    /// The MX look-up.
    pub mx_lookup: LookupFacts,
    /// The mail exchangers, lowest preference first.
    pub mx: Vec<MxFact>,
    /// The sender policy.
    pub spf: SpfFacts,
    /// The look-up of `_dmarc.<domain>`.
    pub dmarc_lookup: LookupFacts,
    /// The texts there that begin with `v=DMARC1`.
    pub dmarc: Vec<String>,
    /// Texts there that look like a record and are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dmarc_misspelt: Vec<String>,
    /// The names above the domain, nearest first; asked where the domain has no record of its own that counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dmarc_walk: Vec<DmarcStep>,
    /// The policy in force for the domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dmarc_policy: Option<DmarcPolicy>,
    /// Where the reports of that policy go.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dmarc_reports: Vec<DmarcReport>,
    /// The selectors of the domain's signatures; none: they were not looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dkim: Option<Vec<DkimSelector>>,
    /// MTA-STS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mta_sts: Option<MtaStsFacts>,
    /// Reports on TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_reports: Option<TlsReportFacts>,
    /// The certificates that the mail exchangers announce.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dane: Option<Vec<DaneFact>>,
    /// Whether the resolver says that it validates, asked of the root, which is signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validating: Option<bool>,
    /// `autodiscover.<domain>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autodiscover: Option<AutodiscoverFacts>,
    /// The records by which Microsoft 365 verified that the domain is somebody's own (`MS=`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verification: Vec<String>,
    /// What the domain's own name servers say; none: they were not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub propagation: Option<PropagationFacts>,
}

/// How a look-up ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "state", content = "words")]
pub enum LookupFacts {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// Records came.
    Found,
    /// The name exists and has no record of this type.
    NoSuchType,
    /// The name does not exist.
    NoSuchName,
    /// The server failed (SERVFAIL).
    ServerFailure(String),
    /// The server refused (REFUSED).
    Refused(String),
    /// No answer in time.
    Timeout(String),
    /// The answer does not fit into a datagram, and over TCP it did not come whole.
    Truncated(String),
    /// The resolver does not pass the answer on, because its signatures (DNSSEC) do not vouch for it.
    Bogus(String),
    /// Anything else.
    Failed(String),
}

/// One mail exchanger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MxFact {
    /// Lower is tried first.
    pub preference: u16,
    /// The host, without the final dot; empty for a null MX (RFC 7505).
    pub host: String,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// Whether the host belongs to the cloud.
    pub microsoft: bool,
    /// The name that the host is an alias of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Another cloud of Microsoft's that the host belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_cloud: Option<String>,
}

/// The sender policy of a domain.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SpfFacts {
    /// The record walked whole.
    pub audit: Option<Audit>,
    /// Whom the user asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<SpfQuestion>,
    /// The evaluation for `asked`; where nobody was, for an address of Microsoft 365's own.
    pub evaluation: Option<Evaluation>,
    /// The evaluation for an address of Microsoft 365's own, where `evaluation` is for another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub microsoft: Option<Evaluation>,
    /// The address of Microsoft 365 that was evaluated, and where it was taken from.
    pub microsoft_address: Option<String>,
    /// Why there is no evaluation for an address of Microsoft 365's own.
    pub not_evaluated: Option<String>,
}

/// A host that wants to send, as it says of itself (RFC 7208 section 2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SpfQuestion {
    /// Its address.
    pub ip: String,
    /// The envelope's sender; empty for a bounce.
    pub mail_from: String,
    /// The name in HELO or EHLO.
    pub helo: String,
}

impl SpfFacts {
    /// The evaluation for an address of Microsoft 365's own.
    pub fn of_microsoft(&self) -> Option<&Evaluation> {
        if self.asked.is_some() { self.microsoft.as_ref() } else { self.evaluation.as_ref() }
    }
}

impl std::fmt::Display for LookupFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LookupFacts::NotAsked => f.write_str("not asked"),
            LookupFacts::Found => f.write_str("found"),
            LookupFacts::NoSuchType => f.write_str("the name exists, but has no such record"),
            LookupFacts::NoSuchName => f.write_str("the name does not exist (NXDOMAIN)"),
            LookupFacts::ServerFailure(words) => write!(f, "the DNS server failed ({words})"),
            LookupFacts::Refused(words) => write!(f, "the DNS server refused ({words})"),
            LookupFacts::Bogus(words) => write!(f, "the DNS server can not validate the answer ({words})"),
            LookupFacts::Timeout(words) | LookupFacts::Truncated(words) | LookupFacts::Failed(words) => {
                f.write_str(words)
            }
        }
    }
}

//! The DMARC policy that counts for the domain, and where its reports go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LookupFacts;
use crate::dmarc::{Policy, Tag};

/// One name of the tree walk above the domain (RFC 9989 section 4.10).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DmarcStep {
    /// The domain whose `_dmarc` was asked.
    pub domain: String,
    /// How the look-up ended.
    pub lookup: LookupFacts,
    /// The DMARC records there; of several none counts.
    pub records: Vec<String>,
}

/// The policy in force for the domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DmarcPolicy {
    /// The domain whose record says it.
    pub domain: String,
    /// The tag that says it.
    pub tag: Tag,
    /// What it says; none where receivers apply no DMARC because of a faulty record.
    pub policy: Option<Policy>,
    /// Whether receivers are asked not to apply it (`t=y`).
    pub test: bool,
}

/// One address of `rua`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DmarcReport {
    /// The address.
    pub address: String,
    /// The name at which the foreign domain would say that it takes the reports; none: it is the domain's own.
    pub asked: Option<String>,
    /// How that look-up ended.
    pub lookup: LookupFacts,
    /// Whether a DMARC record stands there (RFC 9990, external destinations).
    pub authorized: bool,
}

//! What a dialogue on port 25 shows besides: the address that we come from, and transactions that end before DATA.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LookupFacts, Step};
use crate::road::Road;
use crate::spf::Evaluation;

/// The address that the server sees us come from, and what the DNS says of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EgressFacts {
    /// As the server's answer to EHLO shows it.
    pub address: String,
    /// The address of this computer on that connection; none through a proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local: Option<String>,
    /// The sender's policy for that address, where it was evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spf: Option<Evaluation>,
    /// How the look-up of its names ended.
    pub reverse_lookup: LookupFacts,
    /// Its names (PTR).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reverse: Vec<ReverseName>,
}

/// A name of an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReverseName {
    /// The name.
    pub name: String,
    /// How the look-up of its addresses ended.
    pub lookup: LookupFacts,
    /// The addresses of that name.
    pub addresses: Vec<String>,
}

/// MAIL, RCPT and RSET: a transaction that ends before anything is sent.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Transaction {
    /// The road that it speaks for.
    pub road: Road,
    /// MAIL FROM.
    pub from: String,
    /// RCPT TO.
    pub to: String,
    /// The answer to MAIL; none: it was not asked any more.
    pub mail: Option<Step>,
    /// The answer to RCPT.
    pub rcpt: Option<Step>,
}

//! What an audit reports: plain data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spf::result::{Problem, Qualifier};

/// A record walked whole, as for an address that no term matches (RFC 7208 section 4.6.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// The domain asked about.
    pub domain: String,
    /// Every SPF record at that name; one is allowed (section 4.5).
    pub records: Vec<String>,
    /// Whether there are several, which is a permerror. Then none of them is walked.
    pub several_records: bool,
    /// Everything wrong, in the order of the terms.
    pub problems: Vec<Problem>,
    /// Every term, the ones of included and redirected records behind theirs, one deeper.
    pub terms: Vec<AuditedTerm>,
    /// Further terms that were left out of a long list.
    pub terms_left_out: u32,
    /// Terms that ask the DNS, all records together; ten are allowed (section 4.6.4).
    pub lookups: u32,
    /// Void look-ups for a client with an IPv4 address; two are allowed (section 4.6.4).
    pub void_lookups: u32,
    /// The same for a client with an IPv6 address.
    pub void_lookups_ipv6: u32,
    /// The first term beyond the ten, or the one that closes a circle.
    pub over_limit: Option<Place>,
    /// The `all` at the end, redirects followed; none: the end is neutral (section 4.7).
    pub final_all: Option<FinalAll>,
    /// Terms that use `ptr` or `%{p}`, which should not be published (sections 5.5 and 7.2).
    pub ptr: Vec<Place>,
    /// Modifiers that SPF ignores; often a mechanism written with `=` for `:` (section 6).
    pub ignored: Vec<Place>,
    /// Whether everything was seen: false when the walk reached its own bound or a look-up failed.
    /// The counts are then the least there can be.
    pub complete: bool,
}

/// One term of an audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditedTerm {
    /// How many records deep the term stands; 0 in the domain's own.
    pub depth: u32,
    /// The domain whose record holds the term.
    pub domain: String,
    /// The term as published.
    pub term: String,
    /// What it takes from the ten look-ups, without the terms it brings in.
    pub cost: u32,
    /// The look-ups up to and with this term.
    pub total: u32,
    /// The domain name it asks about, unless that depends on the message.
    pub target: Option<String>,
    /// What that resolves to: addresses, exchangers, a record.
    pub resolved: Vec<String>,
    /// Further entries of `resolved` that were left out.
    pub resolved_left_out: u32,
    /// Whether it is void for a client with an IPv4 address.
    pub void: bool,
    /// Whether it is void for a client with an IPv6 address.
    pub void_ipv6: bool,
    /// Whether an evaluation can come to it; false behind `all` (section 5.1).
    pub reached: bool,
    /// What else there is to say.
    pub note: Option<String>,
}

/// Where a term stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The domain whose record holds it.
    pub domain: String,
    /// The term as published.
    pub term: String,
}

/// The mechanism that every remaining address matches (RFC 7208 section 5.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FinalAll {
    /// The domain whose record holds it.
    pub domain: String,
    /// What it says of them.
    pub qualifier: Qualifier,
}

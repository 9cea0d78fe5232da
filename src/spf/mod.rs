//! Sender Policy Framework, RFC 7208: may this address send mail for this domain, and why?
//!
//! [`evaluate`] is `check_host()` with a trace of every term it looked at. [`audit`] walks a record
//! whole, without an address, and adds up what it costs. Both ask their questions through a
//! [`Lookup`], so nothing here opens a socket, and nothing here prints. A published record is
//! untrusted: whatever it holds, the work stays within the limits of RFC 7208 section 4.6.4.

pub mod advice;
mod audit;
mod domain;
mod evaluate;
mod expand;
mod join;
mod macros;
mod message;
mod record;
mod report;
mod result;
mod term;
#[cfg(test)]
mod tests;

use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

pub use self::{
    audit::{Audit, AuditedTerm, FinalAll, Place, audit},
    evaluate::evaluate,
    report::{Evaluation, Outcome, Step},
    result::{Problem, ProblemKind, Qualifier, SpfResult},
};

/// Terms that ask the DNS, per evaluation (RFC 7208 section 4.6.4).
pub const LOOKUP_LIMIT: u32 = 10;

/// Void look-ups per evaluation (RFC 7208 section 4.6.4).
pub const VOID_LIMIT: u32 = 2;

/// Mail exchangers of one `mx`, and names of one `ptr` (RFC 7208 section 4.6.4).
const NAME_LIMIT: usize = 10;

/// What a look-up answered. An empty list: the name exists, but has nothing of this type.
pub type Answer<T> = Result<Vec<T>, LookupFailure>;

/// Why a look-up has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupFailure {
    /// The name does not exist (NXDOMAIN): a void look-up (RFC 7208 section 4.6.4).
    NoSuchName,
    /// No usable answer this time, with the resolver's words: a temperror (RFC 7208 section 2.6.6).
    Temporary(String),
}

/// The questions that SPF puts to the DNS.
///
/// Names come without a trailing dot and without escapes: labels are parted by dots, and a label
/// can hold any printable ASCII character, blank and backslash included, since macros put parts
/// of an address there. Their case is as published. Aliases (CNAME) are for the implementation to
/// follow. Questions that do not wait for one another are asked at once.
pub trait Lookup: Send + Sync {
    /// The TXT records of a name, the strings of each joined without a separator (section 3.3).
    fn txt(&self, name: &str) -> impl Future<Output = Answer<Vec<u8>>> + Send;

    /// The IPv4 addresses of a name.
    fn a(&self, name: &str) -> impl Future<Output = Answer<Ipv4Addr>> + Send;

    /// The IPv6 addresses of a name.
    fn aaaa(&self, name: &str) -> impl Future<Output = Answer<Ipv6Addr>> + Send;

    /// The mail exchangers of a name, each with its preference.
    fn mx(&self, name: &str) -> impl Future<Output = Answer<(u16, String)>> + Send;

    /// The names that the reverse zone gives for an address.
    fn ptr(&self, ip: IpAddr) -> impl Future<Output = Answer<String>> + Send;
}

/// One question to [`evaluate`]: the arguments of `check_host()` (RFC 7208 section 4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The address of the sending host. An IPv4-mapped IPv6 address counts as IPv4 (section 5).
    pub ip: IpAddr,
    /// The envelope sender. Empty for a bounce, which is checked as `postmaster` at the HELO
    /// name (section 2.4). The domain in A-labels.
    pub mail_from: String,
    /// The name given with HELO or EHLO.
    pub helo: String,
    /// The receiving host, for the macro `r` of an explanation; `unknown` when absent (section
    /// 7.3).
    pub receiver: Option<String>,
    /// Seconds since the epoch, for the macro `t` of an explanation (section 7.3).
    pub now: i64,
}

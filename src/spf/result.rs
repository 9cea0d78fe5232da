//! Results, and the problems that stand in the way of one (RFC 7208 section 2.6).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::report::shorten;

/// The outcome of `check_host()` (RFC 7208 section 2.6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpfResult {
    /// The address may send for the domain.
    Pass,
    /// The address may not send for the domain.
    Fail,
    /// The address probably may not send for the domain.
    Softfail,
    /// The domain says nothing about the address.
    Neutral,
    /// No record, or no domain to ask about.
    #[default]
    None,
    /// A look-up failed for now; a later attempt may succeed.
    Temperror,
    /// The published records can not be interpreted; somebody has to repair them.
    Permerror,
}

impl fmt::Display for SpfResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Softfail => "softfail",
            Self::Neutral => "neutral",
            Self::None => "none",
            Self::Temperror => "temperror",
            Self::Permerror => "permerror",
        })
    }
}

/// The sign before a mechanism (RFC 7208 section 4.6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Qualifier {
    /// `+`, or no sign.
    Pass,
    /// `-`
    Fail,
    /// `~`
    Softfail,
    /// `?`
    Neutral,
}

impl Qualifier {
    /// The result of a match (RFC 7208 section 4.6.2).
    pub fn result(self) -> SpfResult {
        match self {
            Self::Pass => SpfResult::Pass,
            Self::Fail => SpfResult::Fail,
            Self::Softfail => SpfResult::Softfail,
            Self::Neutral => SpfResult::Neutral,
        }
    }
}

/// What stood in the way of a result, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Which kind of problem.
    pub kind: ProblemKind,
    /// The domain whose record or name is meant.
    pub domain: String,
    /// The term, if one is to blame.
    pub term: Option<String>,
    /// The reason in words.
    pub detail: String,
}

impl Problem {
    pub(super) fn new(kind: ProblemKind, domain: &str, detail: impl Into<String>) -> Self {
        Self { kind, domain: shorten(domain), term: None, detail: detail.into() }
    }

    /// The name can not be put to the DNS.
    pub(super) fn malformed(domain: &str) -> Self {
        let detail = "this is no domain name to ask about";
        Self::new(ProblemKind::MalformedDomain, domain, detail)
    }

    /// The same for a term that needs a record there: none is not an answer then (RFC 7208 sections
    /// 5.2 and 6.1).
    pub(super) fn wanted_by(mut self, redirect: bool) -> Self {
        if self.kind.result() == SpfResult::None {
            self.kind = if redirect { ProblemKind::RedirectWithoutRecord } else { ProblemKind::IncludeWithoutRecord };
        }
        self
    }

    pub(super) fn at(mut self, term: &str) -> Self {
        self.term = Some(shorten(term));
        self
    }
}

/// The kinds of problems, each with one result (RFC 7208 section 2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The name can not be looked up, or has one label only (section 4.3).
    MalformedDomain,
    /// The domain does not exist (section 4.3).
    NoSuchDomain,
    /// The domain has no SPF record (section 4.5).
    NoRecord,
    /// The domain has more than one SPF record (section 4.5).
    SeveralRecords,
    /// A term holds characters other than ASCII (section 3.1).
    NotAscii,
    /// A term is not written as the grammar demands (section 4.6).
    Syntax,
    /// `redirect` or `exp` stands there twice (section 6).
    RepeatedModifier,
    /// More than ten terms that ask the DNS (section 4.6.4).
    LookupLimit,
    /// More than two void look-ups (section 4.6.4).
    VoidLimit,
    /// A domain of an `mx` has more than ten exchangers (section 4.6.4).
    MxLimit,
    /// The domain of an `include` has no SPF record (section 5.2).
    IncludeWithoutRecord,
    /// The domain of a `redirect` has no SPF record (section 6.1).
    RedirectWithoutRecord,
    /// Records that refer to each other in a circle; only an audit says so.
    Loop,
    /// A look-up failed for now (section 2.6.6).
    Temporary,
}

impl ProblemKind {
    /// The result of an evaluation that this problem ended (RFC 7208 section 2.6).
    pub fn result(self) -> SpfResult {
        match self {
            Self::MalformedDomain | Self::NoSuchDomain | Self::NoRecord => SpfResult::None,
            Self::Temporary => SpfResult::Temperror,
            _ => SpfResult::Permerror,
        }
    }
}

//! What is said of one domain of a list.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::facts::{DnsFacts, FORMAT, Visit};
use crate::report::{Summary, Word, said};

/// The result of one domain, one line of what `check-dns --file` writes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DomainLine {
    /// The version of this format, that of the report; within one there are only additions.
    pub format: u32,
    /// The domain in A-labels; of a line that is none, what stands there, or its number where that may be a secret.
    pub domain: String,
    /// Why there is no result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Counts, exit code, first cause.
    pub summary: Summary,
    /// One entry a check, in the order of the report.
    pub findings: Vec<LineFinding>,
    /// What was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<LineFacts>,
}

/// One finding, without the texts of its page: `o365doctor explain CAUSE` has them.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LineFinding {
    /// Id of the check.
    pub check: &'static str,
    /// What became of it.
    pub outcome: Word,
    /// Id of the cause.
    pub cause: Option<&'static str>,
    /// The words it rests on.
    pub evidence: Vec<String>,
    /// The check that made this one be skipped, or why nothing was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// What was seen of one domain, by the names of the report's facts.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LineFacts {
    /// When its look-ups began.
    #[schemars(with = "String")]
    pub observed_at: Timestamp,
    /// Its records.
    pub dns: Option<DnsFacts>,
}

impl DomainLine {
    /// Judges a visit.
    pub fn of(visit: Visit, strict: bool) -> DomainLine {
        let finding = |finding: &crate::check::Finding| {
            let (outcome, evidence, because) = said(finding);
            let cause = finding.reason().map(|reason| reason.cause.id);
            LineFinding { check: finding.check.id, outcome, cause, evidence, because }
        };
        let findings: Vec<LineFinding> = crate::checks::findings(&visit).iter().map(finding).collect();
        let outcomes: Vec<_> = findings.iter().map(|finding| (finding.outcome, finding.cause)).collect();
        let summary = Summary::of(&outcomes, strict);
        let facts = LineFacts { observed_at: visit.facts.observed_at, dns: visit.facts.dns };
        let domain = visit.setup.domain.unwrap_or_default();
        DomainLine { format: FORMAT, domain, error: None, summary, findings, facts: Some(facts) }
    }

    /// A line that has no result, and why.
    pub fn unread(domain: String, why: String) -> DomainLine {
        let summary = Summary { exit_code: 1, ..Summary::of(&[], false) };
        DomainLine { format: FORMAT, domain, error: Some(why), summary, findings: Vec::new(), facts: None }
    }
}

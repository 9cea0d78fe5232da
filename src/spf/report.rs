//! What an evaluation reports: plain data, and how long its texts may be.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::result::{Problem, SpfResult};

/// Characters of a record that a report keeps; a well-kept record is far shorter (section 3.4).
const RECORD_SHOWN: usize = 8192;

/// Characters of a term or a name that a report keeps; a domain name has at most 253.
const TERM_SHOWN: usize = 300;

/// `check_host()` and how it came to its result (RFC 7208 section 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evaluation {
    /// The result.
    pub result: SpfResult,
    /// The record of the sender's own domain.
    pub record: Option<String>,
    /// The term that matched; none when no term did, or an error ended the evaluation.
    pub decided_by: Option<String>,
    /// The domain in whose record that term stands; another than the sender's after a redirect.
    pub decided_at: Option<String>,
    /// Terms that asked the DNS, out of the ten allowed (section 4.6.4).
    pub lookups: u32,
    /// Of these, those that found nothing; a third one ends the evaluation (section 4.6.4).
    pub void_lookups: u32,
    /// What the domain tells the sender after a fail (section 6.2).
    pub explanation: Option<String>,
    /// Why the result is `none`, `temperror` or `permerror`.
    pub problem: Option<Problem>,
    /// Every term looked at, in the order of evaluation; the terms of an included or redirected
    /// record follow their `include` or `redirect`, one deeper.
    pub trace: Vec<Step>,
    /// Terms without a match or a look-up that were left out of a long trace.
    pub trace_left_out: u32,
}

/// One term of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// How many records deep the term stands; 0 in the sender's own.
    pub depth: u32,
    /// The domain whose record holds the term.
    pub domain: String,
    /// The term as published.
    pub term: String,
    /// What the term took from the ten look-ups.
    pub cost: u32,
    /// Whether its look-up found nothing and counts as void.
    pub void: bool,
    /// The domain name it asked about, macros expanded.
    pub target: Option<String>,
    /// What that resolved to: addresses, exchangers with their addresses, validated names, or a
    /// record.
    pub resolved: Vec<String>,
    /// Further entries of `resolved` that were left out.
    pub resolved_left_out: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// The reason, where the outcome needs one.
    pub note: Option<String>,
}

impl Step {
    pub(super) fn new(depth: u32, domain: &str, term: &str) -> Self {
        Self {
            depth,
            domain: shorten(domain),
            term: shorten(term),
            cost: 0,
            void: false,
            target: None,
            resolved: Vec::new(),
            resolved_left_out: 0,
            outcome: Outcome::NotMatched,
            note: None,
        }
    }

    pub(super) fn resolve(&mut self, entries: impl Iterator<Item = String>) {
        for entry in entries {
            keep(&mut self.resolved, &mut self.resolved_left_out, entry);
        }
    }
}

/// How the look at one term ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The mechanism matched and decided its record.
    Matched,
    /// The mechanism did not match; the next term was tried.
    NotMatched,
    /// The redirect was followed; its record decided.
    Followed,
    /// The term ended the evaluation with an error.
    Error,
}

/// At most `max` characters of a text, with a mark where something is missing.
fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A term or name as a report shows it: as it is, unless nobody would read it to the end.
pub(super) fn shorten(text: &str) -> String {
    cut(text, TERM_SHOWN)
}

/// A record as a report shows it; octets that are no UTF-8 appear as U+FFFD.
pub(super) fn readable(record: &[u8]) -> String {
    cut(&String::from_utf8_lossy(record), RECORD_SHOWN)
}

/// Adds an entry to a list that a report keeps short.
pub(super) fn keep(list: &mut Vec<String>, left_out: &mut u32, entry: String) {
    /// More addresses than any honest name has; the rest is only counted.
    const ENTRIES: usize = 20;
    if list.len() < ENTRIES {
        list.push(entry);
    } else {
        *left_out = left_out.saturating_add(1);
    }
}

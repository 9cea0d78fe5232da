//! The sender policy term by term (`-v`): the record walked whole, and the way to the verdict on an address.

use std::fmt::Write as _;

use colored::Colorize as _;

use super::style::printable;
use crate::facts::SpfFacts;
use crate::spf::{Audit, Evaluation, LOOKUP_LIMIT, Outcome};

/// Records that are shown within each other; an evaluation reaches no deeper.
const DEEPEST: usize = 10;

/// Writes the tree, and the trace where somebody asked about an address.
pub(super) fn text(out: &mut String, spf: &SpfFacts) {
    if let Some(audit) = &spf.audit {
        tree(out, audit);
    }
    if let (Some(asked), Some(evaluation)) = (&spf.asked, &spf.evaluation) {
        let _ = writeln!(out, "{} {}", "Evaluated for".bold(), printable(&asked.ip).bold());
        trace(out, evaluation);
    }
}

/// Every term with what it costs and what it resolves to, and where the budget breaks.
fn tree(out: &mut String, audit: &Audit) {
    let _ = writeln!(out, "{} {}", "Sender policy of".bold(), printable(&audit.domain).bold());
    let mut over = audit.over_limit.as_ref();
    for term in &audit.terms {
        let mut cost = if term.cost > 0 { format!("  [{} of {LOOKUP_LIMIT}]", term.total) } else { String::new() };
        if over.take_if(|place| place.term == term.term && term.total > LOOKUP_LIMIT).is_some() {
            cost.push_str(" one too many");
        }
        line(out, term.depth, &term.term, &cost, term.note.iter().chain(&term.resolved));
    }
    if audit.terms_left_out > 0 {
        let _ = writeln!(out, "  and {} more", audit.terms_left_out);
    }
}

/// Every term that was looked at on the way to the result.
fn trace(out: &mut String, evaluation: &Evaluation) {
    for step in &evaluation.trace {
        let word = match step.outcome {
            Outcome::Matched => ": matches",
            Outcome::NotMatched => ": no",
            Outcome::Followed => ": decides",
            Outcome::Error => ": an error",
        };
        line(out, step.depth, &step.term, word, step.note.iter().chain(&step.resolved));
    }
    let _ = writeln!(out, "  {}", evaluation.result.to_string().bold());
}

fn line<'a>(out: &mut String, depth: u32, term: &str, end: &str, notes: impl Iterator<Item = &'a String>) {
    let indent = 2 + 2 * usize::try_from(depth).unwrap_or_default().min(DEEPEST);
    let _ = writeln!(out, "{:indent$}{}{end}", "", printable(term));
    let notes = notes.map(|words| printable(words)).collect::<Vec<_>>().join(", ");
    if !notes.is_empty() {
        let _ = writeln!(out, "{:indent$}    {}", "", notes.dimmed());
    }
}

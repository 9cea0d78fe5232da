//! The state of one evaluation: what it has spent, and the trace it leaves.

use crate::spf::{
    LOOKUP_LIMIT, VOID_LIMIT,
    expand::Values,
    macros::MacroString,
    message::Message,
    report::{Outcome, Step},
    result::{Problem, ProblemKind, SpfResult},
};

/// Steps after which a trace drops terms that neither matched nor asked the DNS. A record of 64 KB
/// has thousands of them.
const TRACE_MAX: usize = 300;

/// One evaluation on its way.
pub(super) struct Walk<'a, L> {
    pub(super) dns: &'a L,
    pub(super) message: Message<'a>,
    pub(super) lookups: u32,
    pub(super) void_lookups: u32,
    pub(super) trace: Vec<Step>,
    pub(super) left_out: u32,
    /// The validated names of the address, once something asked for them (section 5.5).
    pub(super) validated: Option<Validated>,
}

/// What the reverse zone says of the address (RFC 7208 section 5.5).
#[derive(Debug, Clone, Default)]
pub(super) struct Validated {
    pub(super) names: Vec<String>,
    /// The reverse look-up found nothing.
    pub(super) void: bool,
    pub(super) note: Option<String>,
}

/// How one record ended.
#[derive(Default)]
pub(super) struct Conclusion {
    pub(super) result: SpfResult,
    pub(super) record: Option<String>,
    /// The term that matched, and the domain in whose record it stands.
    pub(super) decided: Option<(String, String)>,
    /// The domain of `exp`, and the domain in whose record it stands.
    pub(super) explanation: Option<(MacroString, String)>,
    pub(super) problem: Option<Problem>,
}

impl From<Problem> for Conclusion {
    fn from(problem: Problem) -> Self {
        Self { result: problem.kind.result(), problem: Some(problem), ..Self::default() }
    }
}

impl<'a, L> Walk<'a, L> {
    pub(super) fn new(message: Message<'a>, dns: &'a L) -> Self {
        Self { dns, message, lookups: 0, void_lookups: 0, trace: Vec::new(), left_out: 0, validated: None }
    }

    pub(super) fn values<'v>(&'v self, domain: &'v str) -> Values<'v> {
        let validated = self.validated.as_ref().map_or(&[][..], |found| &found.names);
        Values { message: &self.message, domain, validated }
    }

    /// Takes one of the ten look-ups (RFC 7208 section 4.6.4).
    pub(super) fn charge(&mut self, step: &mut Step) -> Result<(), Problem> {
        if self.lookups == LOOKUP_LIMIT {
            let detail = format!("this would be look-up {}, {LOOKUP_LIMIT} are allowed", LOOKUP_LIMIT + 1);
            return Err(fail(step, ProblemKind::LookupLimit, detail));
        }
        self.lookups += 1;
        step.cost += 1;
        Ok(())
    }

    /// Counts a term whose question found nothing (RFC 7208 section 4.6.4).
    pub(super) fn count_void(&mut self, step: &mut Step) -> Result<(), Problem> {
        self.void_lookups += 1;
        step.void = true;
        if self.void_lookups > VOID_LIMIT {
            let detail = format!("void look-up {}, {VOID_LIMIT} are allowed", self.void_lookups);
            return Err(fail(step, ProblemKind::VoidLimit, detail));
        }
        Ok(())
    }

    /// Keeps a place in the trace, ahead of the terms that an `include` will add.
    pub(super) fn open(&mut self, step: &Step) -> usize {
        self.trace.push(step.clone());
        self.trace.len() - 1
    }

    pub(super) fn close(&mut self, slot: usize, step: Step) {
        let dull = step.outcome == Outcome::NotMatched && step.cost == 0;
        if dull && slot >= TRACE_MAX {
            // A term without cost has added nothing behind itself, so it is the last.
            self.trace.truncate(slot);
            self.left_out += 1;
        } else if let Some(place) = self.trace.get_mut(slot) {
            *place = step;
        }
    }
}

/// A problem at the term of this step, noted there too.
pub(super) fn fail(step: &mut Step, kind: ProblemKind, detail: String) -> Problem {
    step.note = Some(detail.clone());
    Problem::new(kind, &step.domain, detail).at(&step.term)
}

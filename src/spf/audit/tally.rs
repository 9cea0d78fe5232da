//! The sum of an audit: terms in the order of evaluation, with what they add up to (RFC 7208
//! section 4.6.4).

use super::{
    Survey,
    entry::{Entry, Kind},
    report::{Audit, AuditedTerm, FinalAll, Place},
    visit::Visit,
};
use crate::spf::{
    LOOKUP_LIMIT,
    report::shorten,
    result::{Problem, ProblemKind},
};

/// Terms of one audit that are listed, all records together; twice as many of those that cost.
const TERMS: usize = 1000;

/// Problems of one audit that are listed; likewise places.
const PROBLEMS: usize = 100;

/// Puts the visits together.
pub(super) fn tally(survey: &Survey) -> Audit {
    let root = &survey.visits[0];
    let mut tally = Tally {
        survey,
        p_seen: false,
        audit: Audit {
            domain: shorten(&root.domain),
            records: root.records.clone(),
            several_records: root.records.len() > 1,
            problems: Vec::new(),
            terms: Vec::new(),
            terms_left_out: 0,
            lookups: 0,
            void_lookups: 0,
            void_lookups_ipv6: 0,
            over_limit: None,
            final_all: final_all(survey),
            ptr: Vec::new(),
            ignored: Vec::new(),
            complete: survey.complete,
        },
    };
    tally.add_visit(0);
    let mut audit = tally.audit;
    audit.problems.truncate(PROBLEMS);
    audit
}

struct Tally<'a> {
    survey: &'a Survey,
    /// The first `%{p}` costs a look-up, as in an evaluation.
    p_seen: bool,
    audit: Audit,
}

impl Tally<'_> {
    /// One record; those that it brings in come right behind their term. The depth is bounded by
    /// the number of questions that an audit asks.
    fn add_visit(&mut self, index: usize) {
        let survey = self.survey;
        let visit = &survey.visits[index];
        self.audit.problems.extend(visit.problems.iter().map(|p| seen_from_above(survey, visit, p)));
        for term in &visit.ignored {
            note_place(&mut self.audit.ignored, &visit.domain, term);
        }
        for entry in &visit.entries {
            self.add_entry(entry);
            if let Some(child) = entry.child {
                self.add_visit(child);
            }
        }
        self.audit.terms_left_out += visit.left_out;
        self.audit.lookups += visit.left_out_cost;
    }

    fn add_entry(&mut self, entry: &Entry) {
        let mut shown = entry.shown.clone();
        if entry.uses_p && !self.p_seen {
            self.p_seen = true;
            shown.cost += 1;
        }
        if let Some(child) = entry.child {
            shown.resolved = self.survey.visits[child].records.iter().map(|text| shorten(text)).collect();
        }
        let audit = &mut self.audit;
        audit.lookups += shown.cost;
        shown.total = audit.lookups;
        audit.void_lookups += u32::from(shown.void);
        audit.void_lookups_ipv6 += u32::from(shown.void_ipv6);
        if entry.is_ptr || entry.uses_p {
            note_place(&mut audit.ptr, &shown.domain, &shown.term);
        }
        let circle = entry.problems.iter().any(|problem| problem.kind == ProblemKind::Loop);
        if audit.over_limit.is_none() && (circle || audit.lookups > LOOKUP_LIMIT) {
            audit.over_limit = Some(place(&shown.domain, &shown.term));
        }
        for problem in entry.problems.iter().cloned() {
            let wants_record = entry.wanted.contains(&Kind::Record);
            audit.problems.push(if wants_record { problem.wanted_by(entry.is_redirect) } else { problem });
        }
        push(audit, shown);
    }
}

/// A missing record is another problem for the term that wants it than for the domain itself.
fn seen_from_above(survey: &Survey, visit: &Visit, problem: &Problem) -> Problem {
    let problem = problem.clone();
    let Some((above, entry)) = visit.parent else {
        return problem;
    };
    let entry = &survey.visits[above].entries[entry];
    let problem = problem.wanted_by(entry.is_redirect);
    if problem.term.is_some() {
        return problem;
    }
    problem.at(&entry.shown.term)
}

fn push(audit: &mut Audit, shown: AuditedTerm) {
    if audit.terms.len() < if shown.cost > 0 { 2 * TERMS } else { TERMS } {
        audit.terms.push(shown);
    } else {
        audit.terms_left_out += 1;
    }
}

fn place(domain: &str, term: &str) -> Place {
    Place { domain: shorten(domain), term: shorten(term) }
}

fn note_place(places: &mut Vec<Place>, domain: &str, term: &str) {
    if places.len() < PROBLEMS {
        places.push(place(domain, term));
    }
}

/// The `all` that is reached in the end: here, or where the redirect leads (RFC 7208 section 6.1).
fn final_all(survey: &Survey) -> Option<FinalAll> {
    let mut visit = &survey.visits[0];
    loop {
        if visit.all.is_some() {
            return visit.all.clone();
        }
        let redirect = visit.entries.iter().find(|entry| entry.is_redirect)?;
        visit = &survey.visits[redirect.child?];
    }
}

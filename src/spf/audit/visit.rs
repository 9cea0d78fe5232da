//! One record on an audit's way.

use super::{
    entry::{Entry, Kind, wanted},
    report::FinalAll,
};
use crate::spf::{
    Answer,
    record::{Record, only_one},
    report::{readable, shorten},
    result::Problem,
    term::Mechanism,
};

/// Terms of one record that an audit keeps, and twice as many of those that cost; any more are only
/// counted. The limit of ten is passed long before.
const TERMS: usize = 500;

/// One record.
pub(super) struct Visit {
    pub(super) domain: String,
    pub(super) depth: u32,
    /// The visit and the term that led here.
    pub(super) parent: Option<(usize, usize)>,
    pub(super) records: Vec<String>,
    pub(super) entries: Vec<Entry>,
    pub(super) left_out: u32,
    pub(super) left_out_cost: u32,
    pub(super) ignored: Vec<String>,
    pub(super) all: Option<FinalAll>,
    pub(super) problems: Vec<Problem>,
}

impl Visit {
    pub(super) fn new(domain: String, depth: u32, parent: Option<(usize, usize)>) -> Self {
        Self {
            domain,
            depth,
            parent,
            records: Vec::new(),
            entries: Vec::new(),
            left_out: 0,
            left_out_cost: 0,
            ignored: Vec::new(),
            all: None,
            problems: Vec::new(),
        }
    }

    /// The one record to read, if there is one (RFC 7208 sections 4.3 to 4.5).
    pub(super) fn take_in(&mut self, answer: Answer<Vec<u8>>) -> Option<Vec<u8>> {
        if let Ok(found) = &answer {
            self.records = found.iter().map(|text| readable(text)).collect();
        }
        let problem = |(kind, detail)| self.problems.push(Problem::new(kind, &self.domain, detail));
        only_one(answer).map_err(problem).ok()
    }

    /// Lists the terms in the order of evaluation (RFC 7208 sections 4.6.2 and 4.6.3).
    pub(super) fn read(&mut self, record: &Record, root: &str) {
        self.problems.extend(record.faults.iter().map(|fault| fault.at(&self.domain)));
        self.ignored.clone_from(&record.ignored);
        let mut reached = true;
        for directive in &record.directives {
            let (term, mechanism) = (&directive.text, &directive.mechanism);
            let mut entry = Entry::new(self, term, mechanism.spec(), wanted(mechanism), root);
            entry.shown.cost = u32::from(mechanism.asks_dns());
            entry.is_ptr = matches!(mechanism, Mechanism::Ptr(_));
            self.list(entry, reached);
            if reached && *mechanism == Mechanism::All {
                reached = false;
                let (domain, qualifier) = (shorten(&self.domain), directive.qualifier);
                self.all = Some(FinalAll { domain, qualifier });
            }
        }
        if let Some(redirect) = &record.redirect {
            let (term, target) = (&redirect.text, Some(&redirect.target));
            let mut entry = Entry::new(self, term, target, &[Kind::Record], root);
            entry.shown.cost = 1;
            entry.is_redirect = true;
            self.list(entry, reached);
        }
    }

    fn list(&mut self, mut entry: Entry, reached: bool) {
        if !reached {
            entry.shown.cost = 0;
            entry.shown.reached = false;
            entry.wanted = &[];
            entry.uses_p = false;
            entry.problems.clear();
            entry.say("never looked at, `all` stands before it");
        }
        let room = if entry.shown.cost > 0 { 2 * TERMS } else { TERMS };
        if self.entries.len() < room || entry.is_redirect {
            self.entries.push(entry);
        } else {
            self.left_out += 1;
            self.left_out_cost += entry.shown.cost;
        }
    }
}

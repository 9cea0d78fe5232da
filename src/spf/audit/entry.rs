//! One term on an audit's way: what it asks, and what it was told.

use std::net::{IpAddr, Ipv4Addr};

use super::{report::AuditedTerm, visit::Visit};
use crate::spf::{
    Answer, LookupFailure, NAME_LIMIT, domain,
    expand::Values,
    macros::MacroString,
    message::Message,
    report::{keep, shorten},
    result::{Problem, ProblemKind},
    term::Mechanism,
};

/// One term of a record.
pub(super) struct Entry {
    /// The total is known only in the end.
    pub(super) shown: AuditedTerm,
    /// What it asks about, if that does not depend on the message.
    pub(super) name: Option<String>,
    pub(super) wanted: &'static [Kind],
    pub(super) is_ptr: bool,
    pub(super) uses_p: bool,
    pub(super) is_redirect: bool,
    /// The record that it brings in.
    pub(super) child: Option<usize>,
    pub(super) problems: Vec<Problem>,
}

/// The kinds of questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Record,
    A,
    Aaaa,
    Mx,
    /// As `A`, but void for both families when empty (RFC 7208 section 5.7).
    Exists,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Record => "TXT",
            Self::A | Self::Exists => "A",
            Self::Aaaa => "AAAA",
            Self::Mx => "MX",
        }
    }
}

/// What a mechanism asks.
pub(super) fn wanted(mechanism: &Mechanism) -> &'static [Kind] {
    match mechanism {
        Mechanism::Include(_) => &[Kind::Record],
        Mechanism::A(..) => &[Kind::A, Kind::Aaaa],
        Mechanism::Mx(..) => &[Kind::Mx],
        Mechanism::Exists(_) => &[Kind::Exists],
        // The names behind `ptr` are the client's, and there is none.
        Mechanism::Ptr(_) | Mechanism::All | Mechanism::Network(..) => &[],
    }
}

impl Entry {
    pub(super) fn new(
        visit: &Visit,
        term: &str,
        spec: Option<&MacroString>,
        wanted: &'static [Kind],
        root: &str,
    ) -> Self {
        let fixed = spec.is_none_or(|spec| spec.letters().all(|letter| "do".contains(letter)));
        let name = fixed.then(|| expand(spec, &visit.domain, root));
        let mut entry = Self {
            shown: AuditedTerm {
                depth: visit.depth,
                domain: shorten(&visit.domain),
                term: shorten(term),
                cost: 0,
                total: 0,
                target: None,
                resolved: Vec::new(),
                resolved_left_out: 0,
                void: false,
                void_ipv6: false,
                reached: true,
                note: None,
            },
            name: None,
            wanted,
            is_ptr: false,
            uses_p: spec.is_some_and(|spec| spec.uses('p')),
            is_redirect: false,
            child: None,
            problems: Vec::new(),
        };
        entry.aim(name);
        entry
    }

    /// Sets what the term asks about; without a name that can be asked, it asks nothing.
    fn aim(&mut self, name: Option<String>) {
        match name {
            None => self.say("depends on the message, so it was not asked"),
            Some(name) if self.wanted.is_empty() => drop(name),
            Some(name) => {
                self.shown.target = Some(shorten(&name));
                let asks_record = self.wanted.contains(&Kind::Record);
                if domain::is_well_formed(&name) && (!asks_record || domain::is_checkable(&name)) {
                    self.name = Some(name);
                } else {
                    self.complain(Problem::malformed(&name));
                }
            }
        }
    }

    /// What the answer means for the term (RFC 7208 sections 4.6.4, 5.3, 5.4 and 5.7).
    pub(super) fn take_in(&mut self, kind: Kind, answer: Answer<Vec<u8>>) {
        let name = self.name.clone().unwrap_or_default();
        let found = match answer {
            Err(LookupFailure::Temporary(reason)) => {
                let detail = format!("{}: {}", kind.word(), shorten(&reason));
                return self.complain(Problem::new(ProblemKind::Temporary, &name, detail));
            }
            Err(LookupFailure::NoSuchName) => Vec::new(),
            Ok(found) => found,
        };
        if found.is_empty() {
            self.shown.void |= kind != Kind::Aaaa;
            self.shown.void_ipv6 |= kind != Kind::A;
        }
        if kind == Kind::Mx && found.len() > NAME_LIMIT {
            let detail = format!("{} mail exchangers, {NAME_LIMIT} are allowed", found.len());
            self.complain(Problem::new(ProblemKind::MxLimit, &name, detail));
        }
        let shown = &mut self.shown;
        for one in &found {
            let one = shorten(&String::from_utf8_lossy(one));
            keep(&mut shown.resolved, &mut shown.resolved_left_out, one);
        }
    }

    /// The term leads back to a record that led to it.
    pub(super) fn close_circle(&mut self) {
        let name = self.name.clone().unwrap_or_default();
        let detail = "the records refer to each other in a circle";
        self.complain(Problem::new(ProblemKind::Loop, &name, detail));
    }

    pub(super) fn say(&mut self, note: &str) {
        self.shown.note = Some(note.to_owned());
    }

    fn complain(&mut self, problem: Problem) {
        self.say(&problem.detail);
        self.problems.push(problem.at(&self.shown.term));
    }
}

/// The name for a term without macros, or with such as the domain alone decides.
fn expand(spec: Option<&MacroString>, domain: &str, root: &str) -> String {
    let message =
        Message { ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED), local_part: "", domain: root, helo: "", receiver: "", now: 0 };
    let values = Values { message: &message, domain, validated: &[] };
    spec.map_or_else(|| domain.to_owned(), |spec| values.name(spec))
}

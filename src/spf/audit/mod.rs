//! The walk through a record without an address: what it holds, what it costs (RFC 7208 section
//! 4.6.4).
//!
//! Level by level: all that one level of records asks for is asked at once, so an audit takes as
//! many round trips as the records are deep, not as many as there are.

mod entry;
mod report;
mod tally;
mod visit;

pub use self::report::{Audit, AuditedTerm, FinalAll, Place};
use self::{entry::Kind, tally::tally, visit::Visit};
use super::{
    Answer, Lookup, LookupFailure, domain,
    join::join_all,
    record::{Record, published},
    result::Problem,
};

/// Questions of one audit. Four times the terms that an evaluation may ask for: enough to show by
/// how much a record is over the limit, and little enough to do no harm.
const QUESTIONS: usize = 40;

/// Walks the record of a domain and everything it brings in (RFC 7208 sections 4.6, 5.2 and 6.1).
pub async fn audit(domain: &str, dns: &impl Lookup) -> Audit {
    let mut survey = Survey::new(domain.strip_suffix('.').unwrap_or(domain));
    let mut questions = survey.first();
    while !questions.is_empty() {
        let answers = join_all(questions.iter().map(|question| question.ask(dns))).await;
        let mut next = Vec::new();
        for (question, answer) in questions.iter().zip(answers) {
            survey.take_in(question, answer, &mut next);
        }
        questions = next;
    }
    tally(&survey)
}

/// All that was seen.
struct Survey {
    /// The records in the order of their discovery; the first is the domain's own.
    visits: Vec<Visit>,
    asked: usize,
    /// Nothing was left unasked or unanswered.
    complete: bool,
}

/// What a term, or the walk itself, wants to know.
struct Question {
    name: String,
    kind: Kind,
    visit: usize,
    entry: usize,
}

impl Question {
    async fn ask(&self, dns: &impl Lookup) -> Answer<Vec<u8>> {
        let name = self.name.as_str();
        match self.kind {
            Kind::Record => published(name, dns).await,
            Kind::A | Kind::Exists => Ok(texts(&dns.a(name).await?, ToString::to_string)),
            Kind::Aaaa => Ok(texts(&dns.aaaa(name).await?, ToString::to_string)),
            Kind::Mx => {
                let mut exchangers = dns.mx(name).await?;
                exchangers.sort();
                Ok(texts(&exchangers, |(preference, host)| format!("{preference} {host}")))
            }
        }
    }
}

fn texts<T>(found: &[T], show: impl Fn(&T) -> String) -> Vec<Vec<u8>> {
    found.iter().map(|one| show(one).into_bytes()).collect()
}

impl Survey {
    fn new(root: &str) -> Self {
        Self { visits: vec![Visit::new(root.to_owned(), 0, None)], asked: 0, complete: true }
    }

    fn first(&mut self) -> Vec<Question> {
        let mut questions = Vec::new();
        for (visit, root) in self.visits.iter_mut().enumerate() {
            if domain::is_checkable(&root.domain) {
                let name = root.domain.clone();
                questions.push(Question { name, kind: Kind::Record, visit, entry: 0 });
            } else {
                root.problems.push(Problem::malformed(&root.domain));
            }
        }
        self.asked = questions.len();
        questions
    }

    fn take_in(&mut self, question: &Question, answer: Answer<Vec<u8>>, next: &mut Vec<Question>) {
        self.complete &= !matches!(answer, Err(LookupFailure::Temporary(_)));
        let root = self.visits[0].domain.clone();
        let visit = &mut self.visits[question.visit];
        if question.kind != Kind::Record {
            visit.entries[question.entry].take_in(question.kind, answer);
        } else if let Some(text) = visit.take_in(answer) {
            visit.read(&Record::parse(&text), &root);
            for entry in 0..visit.entries.len() {
                self.plan(question.visit, entry, next);
            }
        }
    }

    /// What a term of a record just read asks for, as long as there is something left to spend.
    fn plan(&mut self, visit: usize, entry: usize, next: &mut Vec<Question>) {
        let here = &self.visits[visit].entries[entry];
        let (wanted, Some(name)) = (here.wanted, here.name.clone()) else {
            return;
        };
        if wanted.contains(&Kind::Record) && self.is_circle(visit, &name) {
            self.visits[visit].entries[entry].close_circle();
        } else if self.asked + wanted.len() > QUESTIONS {
            self.complete = false;
            self.visits[visit].entries[entry].say("left unasked, the audit has reached its bound");
        } else {
            self.asked += wanted.len();
            for &kind in wanted {
                let visit = if kind == Kind::Record { self.descend(visit, entry) } else { visit };
                next.push(Question { name: name.clone(), kind, visit, entry });
            }
        }
    }

    /// A visit for the record that the term brings in.
    fn descend(&mut self, visit: usize, entry: usize) -> usize {
        let child = self.visits.len();
        let depth = self.visits[visit].depth + 1;
        let here = &mut self.visits[visit].entries[entry];
        here.child = Some(child);
        let domain = here.name.clone().unwrap_or_default();
        self.visits.push(Visit::new(domain, depth, Some((visit, entry))));
        child
    }

    /// Whether the record of this name is already on the way to the visit.
    fn is_circle(&self, mut visit: usize, name: &str) -> bool {
        loop {
            let Visit { domain, parent, .. } = &self.visits[visit];
            if domain.eq_ignore_ascii_case(name) {
                return true;
            }
            match parent {
                Some((above, _)) => visit = *above,
                None => return false,
            }
        }
    }
}

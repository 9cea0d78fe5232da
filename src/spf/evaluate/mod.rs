//! `check_host()` (RFC 7208 section 4): one address, one domain, one result, and the way to it.

mod mechanisms;
mod names;
mod walk;

use std::pin::Pin;

use self::walk::{Conclusion, Walk};
use super::{
    Lookup, Query, domain,
    macros::{Context, MacroString},
    message::Message,
    record::{Record, Redirect, only_one, published},
    report::{Evaluation, Outcome, Step, readable, shorten},
    result::{Problem, SpfResult},
    term::Directive,
};

/// Evaluates the query and reports how (RFC 7208 section 4).
///
/// It sets no time limit of its own: section 4.6.4 asks for one of at least 20 seconds, which is
/// for the [`Lookup`] to keep by answering [`super::LookupFailure::Temporary`].
pub async fn evaluate(query: &Query, dns: &impl Lookup) -> Evaluation {
    let message = Message::new(query);
    let domain = message.domain;
    let mut walk = Walk::new(message, dns);
    let end = walk.check_host(domain.to_owned(), 0).await;
    let explanation = walk.explain(&end).await;
    let (decided_by, decided_at) = end.decided.unzip();
    Evaluation {
        result: end.result,
        record: end.record,
        decided_by,
        decided_at,
        lookups: walk.lookups,
        void_lookups: walk.void_lookups,
        explanation,
        problem: end.problem,
        trace: walk.trace,
        trace_left_out: walk.left_out,
    }
}

impl<L: Lookup> Walk<'_, L> {
    /// One call of `check_host()`. It calls itself through `include` and `redirect`, which cost a
    /// look-up each, so never more than ten deep.
    pub(super) fn check_host(
        &mut self,
        domain: String,
        depth: u32,
    ) -> Pin<Box<dyn Future<Output = Conclusion> + Send + '_>> {
        Box::pin(async move {
            let text = match self.fetch(&domain).await {
                Ok(text) => text,
                Err(problem) => return problem.into(),
            };
            let record = Record::parse(&text);
            let mut end = self.walk(&record, &domain, depth).await.unwrap_or_else(Into::into);
            end.record = Some(readable(&text));
            end
        })
    }

    /// The one record of a domain (RFC 7208 sections 4.3 to 4.5).
    async fn fetch(&self, domain: &str) -> Result<Vec<u8>, Problem> {
        if !domain::is_checkable(domain) {
            return Err(Problem::malformed(domain));
        }
        only_one(published(domain, self.dns).await).map_err(|(kind, detail)| Problem::new(kind, domain, detail))
    }

    /// The terms of a record, left to right, then its redirect (RFC 7208 sections 4.6 and 4.7).
    async fn walk(&mut self, record: &Record, domain: &str, depth: u32) -> Result<Conclusion, Problem> {
        if let Some(fault) = record.faults.first() {
            let mut step = Step::new(depth, domain, &fault.term);
            step.outcome = Outcome::Error;
            step.note = Some(fault.detail.clone());
            self.trace.push(step);
            return Err(fault.at(domain));
        }
        for directive in &record.directives {
            if self.step(directive, domain, depth).await? {
                return Ok(Conclusion {
                    result: directive.qualifier.result(),
                    decided: Some((shorten(&directive.text), shorten(domain))),
                    explanation: record.explanation.clone().map(|spec| (spec, domain.to_owned())),
                    ..Conclusion::default()
                });
            }
        }
        match &record.redirect {
            Some(redirect) => self.redirect(redirect, domain, depth).await,
            None => Ok(Conclusion { result: SpfResult::Neutral, ..Conclusion::default() }),
        }
    }

    /// One mechanism, with its line in the trace.
    async fn step(&mut self, directive: &Directive, domain: &str, depth: u32) -> Result<bool, Problem> {
        let mut step = Step::new(depth, domain, &directive.text);
        let slot = self.open(&step);
        let matched = self.matches(&directive.mechanism, domain, &mut step).await;
        step.outcome = match matched {
            Ok(true) => Outcome::Matched,
            Ok(false) => Outcome::NotMatched,
            Err(_) => Outcome::Error,
        };
        self.close(slot, step);
        matched.map_err(|problem| blame(problem, &directive.text))
    }

    /// The record of another domain in place of this one (RFC 7208 section 6.1).
    async fn redirect(&mut self, redirect: &Redirect, domain: &str, depth: u32) -> Result<Conclusion, Problem> {
        let mut step = Step::new(depth, domain, &redirect.text);
        let slot = self.open(&step);
        let end = self.follow(&redirect.target, domain, &mut step).await;
        let end = end.and_then(|end| match end.problem {
            Some(problem) => Err(problem.wanted_by(true)),
            None => Ok(end),
        });
        step.outcome = if end.is_ok() { Outcome::Followed } else { Outcome::Error };
        self.close(slot, step);
        end.map_err(|problem| blame(problem, &redirect.text))
    }

    /// What the domain has to say after a fail (RFC 7208 section 6.2). Anything unusual means that
    /// it says nothing; its look-ups count against no limit.
    async fn explain(&mut self, end: &Conclusion) -> Option<String> {
        let (spec, domain) = end.explanation.as_ref()?;
        if end.result != SpfResult::Fail {
            return None;
        }
        self.prepare(spec).await;
        let name = self.values(domain).name(spec);
        if !domain::is_well_formed(&name) {
            return None;
        }
        let records = self.dns.txt(&name).await.ok()?;
        let [text] = records.as_slice() else {
            return None;
        };
        let text = MacroString::parse(str::from_utf8(text).ok()?, Context::Explanation).ok()?;
        self.prepare(&text).await;
        self.values(domain).explanation(&text).filter(|text| !text.is_empty())
    }
}

/// Names the term that led to the problem, unless a deeper one already did.
fn blame(problem: Problem, term: &str) -> Problem {
    if problem.term.is_some() { problem } else { problem.at(term) }
}

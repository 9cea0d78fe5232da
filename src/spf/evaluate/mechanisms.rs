//! The mechanisms of a record: does this one match? (RFC 7208 section 5)

use std::net::IpAddr;

use super::{
    names::addresses,
    walk::{Conclusion, Walk, fail},
};
use crate::spf::{
    Answer, Lookup, LookupFailure, NAME_LIMIT, domain,
    join::join_all,
    macros::MacroString,
    report::{Step, shorten},
    result::{Problem, ProblemKind, SpfResult},
    term::{Mechanism, Prefixes, in_network},
};

impl<L: Lookup> Walk<'_, L> {
    /// Whether the mechanism matches the address (RFC 7208 section 5).
    pub(super) async fn matches(
        &mut self,
        mechanism: &Mechanism,
        domain: &str,
        step: &mut Step,
    ) -> Result<bool, Problem> {
        match mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Network(network, length) => Ok(in_network(self.message.ip, *network, *length)),
            Mechanism::Include(spec) => self.include(spec, domain, step).await,
            Mechanism::A(spec, prefixes) => self.a(spec.as_ref(), *prefixes, domain, step).await,
            Mechanism::Mx(spec, prefixes) => self.mx(spec.as_ref(), *prefixes, domain, step).await,
            Mechanism::Ptr(spec) => self.ptr(spec.as_ref(), domain, step).await,
            Mechanism::Exists(spec) => self.exists(spec, domain, step).await,
        }
    }

    /// The table of RFC 7208 section 5.2.
    async fn include(&mut self, spec: &MacroString, domain: &str, step: &mut Step) -> Result<bool, Problem> {
        let end = self.follow(spec, domain, step).await?;
        match (end.result, end.problem) {
            (SpfResult::Pass, _) => Ok(true),
            (_, Some(problem)) => Err(problem.wanted_by(false)),
            (result, None) => {
                step.note = Some(format!("its record says {result}, which is no match"));
                Ok(false)
            }
        }
    }

    /// The record that `include` or `redirect` names, evaluated in its own right.
    pub(super) async fn follow(
        &mut self,
        spec: &MacroString,
        domain: &str,
        step: &mut Step,
    ) -> Result<Conclusion, Problem> {
        self.charge(step)?;
        let target = self.expand(spec, domain, step).await?;
        let end = self.check_host(target, step.depth + 1).await;
        step.resolve(end.record.iter().map(|record| shorten(record)));
        step.note = end.problem.as_ref().map(|problem| problem.detail.clone());
        Ok(end)
    }

    /// RFC 7208 section 5.3.
    async fn a(
        &mut self,
        spec: Option<&MacroString>,
        prefixes: Prefixes,
        domain: &str,
        step: &mut Step,
    ) -> Result<bool, Problem> {
        let Some(target) = self.target(spec, domain, step).await? else {
            return Ok(false);
        };
        let answer = addresses(self.dns, self.message.ip, &target).await;
        let found = self.found(answer, "address", step)?;
        step.resolve(found.iter().map(IpAddr::to_string));
        Ok(found.iter().any(|&center| prefixes.contain(center, self.message.ip)))
    }

    /// RFC 7208 section 5.4.
    async fn mx(
        &mut self,
        spec: Option<&MacroString>,
        prefixes: Prefixes,
        domain: &str,
        step: &mut Step,
    ) -> Result<bool, Problem> {
        let Some(target) = self.target(spec, domain, step).await? else {
            return Ok(false);
        };
        let mut exchangers = self.found(self.dns.mx(&target).await, "MX", step)?;
        if exchangers.len() > NAME_LIMIT {
            let detail = format!("{} mail exchangers, {NAME_LIMIT} are allowed", exchangers.len());
            return Err(fail(step, ProblemKind::MxLimit, detail));
        }
        exchangers.sort();
        let names = exchangers.iter().map(|(_, name)| domain::fit(name));
        let names: Vec<&str> = names.filter(|name| domain::is_well_formed(name)).collect();
        let (dns, ip) = (self.dns, self.message.ip);
        let answers = join_all(names.iter().map(|name| addresses(dns, ip, name))).await;
        exchanger_matches(ip, prefixes, names.into_iter().zip(answers), step)
    }

    /// RFC 7208 section 5.5. A failing look-up is no match here, and no error.
    async fn ptr(&mut self, spec: Option<&MacroString>, domain: &str, step: &mut Step) -> Result<bool, Problem> {
        let Some(target) = self.target(spec, domain, step).await? else {
            return Ok(false);
        };
        let validated = self.validate().await.clone();
        step.note.clone_from(&validated.note);
        step.resolve(validated.names.iter().map(|name| shorten(name)));
        if validated.void {
            self.count_void(step)?;
        }
        Ok(validated.names.iter().any(|name| domain::is_within(name, &target)))
    }

    /// RFC 7208 section 5.7: any IPv4 address will do, whatever the family of the client.
    async fn exists(&mut self, spec: &MacroString, domain: &str, step: &mut Step) -> Result<bool, Problem> {
        let Some(target) = self.target(Some(spec), domain, step).await? else {
            return Ok(false);
        };
        let found = self.found(self.dns.a(&target).await, "A", step)?;
        step.resolve(found.iter().map(ToString::to_string));
        Ok(!found.is_empty())
    }

    /// The answer of a term's question; empty when void, an error when it failed for now.
    fn found<T>(&mut self, answer: Answer<T>, what: &str, step: &mut Step) -> Result<Vec<T>, Problem> {
        let found = match answer {
            Err(LookupFailure::Temporary(reason)) => return Err(temporary(step, what, &reason)),
            Err(LookupFailure::NoSuchName) => Vec::new(),
            Ok(found) => found,
        };
        if found.is_empty() {
            self.count_void(step)?;
        }
        Ok(found)
    }
}

fn temporary(step: &mut Step, what: &str, reason: &str) -> Problem {
    fail(step, ProblemKind::Temporary, format!("{what}: {}", shorten(reason)))
}

/// Whether one of the exchangers matches. Their empty answers do not count as void: section 4.6.4
/// counts terms, and this term's own question was answered.
fn exchanger_matches<'n>(
    ip: IpAddr,
    prefixes: Prefixes,
    answers: impl Iterator<Item = (&'n str, Answer<IpAddr>)>,
    step: &mut Step,
) -> Result<bool, Problem> {
    let mut without_address = 0;
    for (name, answer) in answers {
        let found = match answer {
            Err(LookupFailure::Temporary(reason)) => return Err(temporary(step, name, &reason)),
            Err(LookupFailure::NoSuchName) => Vec::new(),
            Ok(found) => found,
        };
        without_address += u32::from(found.is_empty());
        step.resolve(found.iter().map(|address| format!("{} {address}", shorten(name))));
        if found.iter().any(|&center| prefixes.contain(center, ip)) {
            return Ok(true);
        }
    }
    if without_address > 0 {
        let family = if ip.is_ipv4() { "IPv4" } else { "IPv6" };
        step.note = Some(format!(
            "{without_address} of its exchangers have no {family} address; some receivers count \
             each as a void look-up"
        ));
    }
    Ok(false)
}

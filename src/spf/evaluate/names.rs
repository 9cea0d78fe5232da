//! Names of an evaluation: the one a term asks about, and those that the address itself has.

use std::net::IpAddr;

use super::walk::{Validated, Walk};
use crate::spf::{
    Answer, Lookup, LookupFailure, NAME_LIMIT, domain,
    join::join_all,
    macros::MacroString,
    report::{Step, shorten},
    result::Problem,
};

impl<L: Lookup> Walk<'_, L> {
    /// Takes a look-up and finds the name to ask about (RFC 7208 section 4.8). None: the name can
    /// not be asked, so the mechanism does not match.
    pub(super) async fn target(
        &mut self,
        spec: Option<&MacroString>,
        domain: &str,
        step: &mut Step,
    ) -> Result<Option<String>, Problem> {
        self.charge(step)?;
        let name = match spec {
            Some(spec) => self.expand(spec, domain, step).await?,
            None => domain.to_owned(),
        };
        step.target = Some(shorten(&name));
        if domain::is_well_formed(&name) {
            return Ok(Some(name));
        }
        step.note = Some("this is no name that can be looked up, so it does not match".to_owned());
        Ok(None)
    }

    /// The name that a `domain-spec` stands for. The first `%{p}` costs a look-up of its own (RFC
    /// 7208 section 4.6.4).
    pub(super) async fn expand(
        &mut self,
        spec: &MacroString,
        domain: &str,
        step: &mut Step,
    ) -> Result<String, Problem> {
        if spec.uses('p') && self.validated.is_none() {
            self.charge(step)?;
            self.validate().await;
        }
        let name = self.values(domain).name(spec);
        step.target = Some(shorten(&name));
        Ok(name)
    }

    /// Looks up what the text needs before it can be expanded.
    pub(super) async fn prepare(&mut self, text: &MacroString) {
        if text.uses('p') {
            self.validate().await;
        }
    }

    /// The names of the address that lead back to it, asked once (RFC 7208 section 5.5).
    pub(super) async fn validate(&mut self) -> &Validated {
        let validated = match self.validated.take() {
            Some(validated) => validated,
            None => validated_names(self.dns, self.message.ip).await,
        };
        self.validated.insert(validated)
    }
}

/// The addresses of a name in the family of the client (RFC 7208 section 5).
pub(super) async fn addresses(dns: &impl Lookup, ip: IpAddr, name: &str) -> Answer<IpAddr> {
    Ok(match ip {
        IpAddr::V4(_) => dns.a(name).await?.into_iter().map(IpAddr::V4).collect(),
        IpAddr::V6(_) => dns.aaaa(name).await?.into_iter().map(IpAddr::V6).collect(),
    })
}

/// The first ten names of the reverse zone that lead back to the address (RFC 7208 sections 4.6.4
/// and 5.5).
async fn validated_names(dns: &impl Lookup, ip: IpAddr) -> Validated {
    let names = match dns.ptr(ip).await {
        Err(LookupFailure::Temporary(reason)) => {
            let note = Some(format!("PTR: {}", shorten(&reason)));
            return Validated { note, ..Validated::default() };
        }
        Err(LookupFailure::NoSuchName) => Vec::new(),
        Ok(names) => names,
    };
    let first = names.iter().take(NAME_LIMIT).map(|name| domain::fit(name));
    let first: Vec<&str> = first.filter(|name| domain::is_well_formed(name)).collect();
    let answers = join_all(first.iter().map(|name| addresses(dns, ip, name))).await;
    let leads_back = |answer: &Answer<IpAddr>| answer.as_ref().is_ok_and(|all| all.contains(&ip));
    Validated {
        void: names.is_empty(),
        note: (names.len() > NAME_LIMIT).then(|| format!("of {} names the first {NAME_LIMIT} were tried", names.len())),
        names: first
            .into_iter()
            .zip(answers)
            .filter_map(|(name, answer)| leads_back(&answer).then(|| name.to_owned()))
            .collect(),
    }
}

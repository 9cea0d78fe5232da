//! The address that the mail exchanger sees us come from: the sender's policy for it, and its name.

use super::{GREETING, facts};
use crate::check::{Check, Judge, Judgement, NotObserved, Verdict};
use crate::checks::dns;
use crate::facts::{EgressFacts, LookupFacts, ReverseName, SmtpFacts, Stage, Visit};
use crate::kb::cause;
use crate::road::Road;
use crate::spf::SpfResult;

const PORT_25: &[Road] = &[Road::Relay, Road::Direct];

pub(super) static EGRESS: Check = Check {
    id: "smtp.egress",
    title: "It shows which address it sees",
    needs: &[&GREETING],
    judge: Judge::PerRoad(PORT_25, egress),
};

pub(super) static SPF: Check = Check {
    id: "smtp.egress-spf",
    title: "The sender's policy names that address",
    needs: &[&EGRESS],
    judge: Judge::PerRoad(PORT_25, policy),
};

pub(super) static REVERSE: Check = Check {
    id: "smtp.reverse-dns",
    title: "Its name leads back to it",
    needs: &[&EGRESS],
    judge: Judge::PerRoad(PORT_25, reverse),
};

/// Whether the DNS was asked about the address.
pub(in crate::checks) fn looked_up(talk: &SmtpFacts) -> bool {
    talk.egress.as_ref().is_some_and(|egress| egress.reverse_lookup != LookupFacts::NotAsked)
}

pub(super) fn seen(visit: &Visit, road: Road) -> Result<&EgressFacts, NotObserved> {
    let smtp = facts(visit, road)?;
    if smtp.server.is_empty() {
        return Err(super::ended(smtp));
    }
    smtp.egress.as_ref().ok_or_else(|| "the answer to EHLO shows no address".into())
}

/// What counts is the address that the service sees, not the one that this computer has.
fn egress(visit: &Visit, road: Road) -> Judgement {
    let Ok(egress) = seen(visit, road) else {
        let smtp = facts(visit, road)?;
        let hello = super::step(smtp, Stage::Ehlo)?.reply.as_ref().and_then(|reply| reply.lines.first());
        return Verdict::unproven(&cause::EGRESS_NOT_SHOWN, hello.map_or("no greeting", String::as_str));
    };
    let mut words = egress.address.clone();
    match &egress.local {
        Some(local) if *local != egress.address => {
            words.push_str(&format!(", translated on the way: this computer calls from {local}"));
        }
        Some(_) => {}
        None => words.push_str(", that of the proxy"),
    }
    // Who has several ways out needs all of them in the connector and in the policy.
    let elsewhere = visit.facts.smtp.as_ref().and_then(|talk| talk.egress.as_ref());
    if let Some(other) = elsewhere.filter(|other| other.address != egress.address) {
        words.push_str(&format!("\nthe submission port sees {}: there is more than one way out", other.address));
    }
    Verdict::pass(words)
}

/// Mail that is sent directly stands or falls with it; what a connector knows is only looked at with less trust.
fn policy(visit: &Visit, road: Road) -> Judgement {
    let egress = seen(visit, road)?;
    let policy = egress.spf.as_ref().ok_or("it was not evaluated")?;
    let by = policy.decided_by.as_deref().map(|term| format!(" by `{term}`")).unwrap_or_default();
    let mut words = format!("{}{by} for {}", policy.result, egress.address);
    if let Some(problem) = &policy.problem {
        words.push_str(&format!("\n{}: {}", problem.domain, problem.detail));
    }
    words.extend(policy.record.iter().map(|record| format!("\n{record}")));
    match policy.result {
        SpfResult::Pass => Verdict::pass(words),
        SpfResult::Temperror => Verdict::unproven(&cause::SPF_TEMPERROR, words),
        _ => {
            let reason = dns::policy_broken(policy).unwrap_or(&cause::SPF_WITHOUT_EGRESS);
            if road == Road::Relay { Verdict::warn(reason, words) } else { Verdict::fail(reason, words) }
        }
    }
}

/// Exchange Online refuses whoever comes over IPv6 without a name; over IPv4 it is other receivers who do (Microsoft
/// Learn, "Support for anonymous inbound email messages over IPv6").
fn reverse(visit: &Visit, road: Road) -> Judgement {
    let egress = seen(visit, road)?;
    let words = format!("PTR of {}: {}", egress.address, egress.reverse_lookup);
    if let Some(judgement) = dns::unseen(&format!("PTR of {}", egress.address), &egress.reverse_lookup) {
        return judgement;
    }
    if egress.reverse_lookup != LookupFacts::Found {
        let cause = &cause::REVERSE_DNS_MISSING;
        return if egress.address.contains(':') { Verdict::fail(cause, words) } else { Verdict::warn(cause, words) };
    }
    if let Some(name) = egress.reverse.iter().find(|name| name.addresses.contains(&egress.address)) {
        return Verdict::pass(format!("{} is {}, and that is {}", egress.address, name.name, egress.address));
    }
    let names: Vec<String> = egress.reverse.iter().map(leads_to).collect();
    let words = format!("{} is {}", egress.address, names.join("\n"));
    if egress.reverse.iter().any(|name| matches!(name.lookup, LookupFacts::Failed(_))) {
        return Verdict::unproven(&cause::RESOLVER_FAILURE, words);
    }
    Verdict::warn(&cause::REVERSE_DNS_NOT_CONFIRMED, words)
}

fn leads_to(name: &ReverseName) -> String {
    match name.lookup {
        LookupFacts::Found => format!("{}, and that is {}", name.name, name.addresses.join(", ")),
        _ => format!("{}: {}", name.name, name.lookup),
    }
}

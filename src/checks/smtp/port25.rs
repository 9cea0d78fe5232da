//! What is checked on port 25 alone: the smart host, the certificate for a connector, and a recipient that is taken so far.

use super::{Answer, CERTIFICATE, STARTTLS, facts, refusal, step};
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::{Fault, SmtpFacts, Stage, Visit};
use crate::kb::cause;
use crate::road::Road;

pub(super) static SMART_HOST: Check = Check {
    id: "smtp.smart-host",
    title: "The tenant's mail exchanger is known",
    needs: &[],
    judge: Judge::PerRoad(&[Road::Relay, Road::Direct], |visit, road| {
        let smtp = facts(visit, road)?;
        let found = smtp.smart_host.as_ref().ok_or("nobody looked for it")?;
        if !smtp.server.is_empty() {
            let others = match found.others[..] {
                [] => String::new(),
                _ => format!("\nMX of the domain names {}, which is no fault", found.others.join(", ")),
            };
            return Verdict::pass(format!("{}, from {}{others}", smtp.server, found.source));
        }
        let words = smtp.stopped.as_deref().unwrap_or("it was not found");
        Verdict::unproven(&cause::SMART_HOST_UNKNOWN, words)
    }),
};

pub(super) static CLIENT_CERTIFICATE: Check = Check {
    id: "smtp.client-certificate",
    title: "The certificate for the connector can be shown",
    needs: &[&STARTTLS, &CERTIFICATE],
    judge: Judge::PerRoad(&[Road::Relay], client_certificate),
};

/// A certificate that nobody gave is no fault: a connector may know the host by its address.
fn client_certificate(visit: &Visit, road: Road) -> Judgement {
    let smtp = facts(visit, road)?;
    let own = smtp.client_certificate.as_ref().ok_or("none was given, so the address has to do")?;
    let date = |seconds| jiff::Timestamp::from_second(seconds).map(|at| at.to_string()).unwrap_or_default();
    let now = visit.facts.observed_at.as_second();
    let names = own.names.join(", ");
    if now < own.not_before || own.not_after <= now {
        let words = format!("for {names}, valid from {} to {}", date(own.not_before), date(own.not_after));
        return Verdict::fail(&cause::RELAY_CERTIFICATE_OUT_OF_DATE, words);
    }
    step(smtp, Stage::Tls)?;
    if !own.asked {
        return Verdict::warn(
            &cause::RELAY_CERTIFICATE_NOT_ASKED,
            format!("{} asked for none; ours is for {names}", smtp.server),
        );
    }
    if own.issuer_missing {
        let words = format!("one certificate was sent, for {names}; that of its issuer, {}, was not", own.issuer);
        return Verdict::warn(&cause::RELAY_CERTIFICATE_ALONE, words);
    }
    let domains = domains_of(visit);
    if !own.names.iter().any(|name| domains.iter().any(|domain| lies_in(name, domain))) {
        let words = format!("for {names}; the domains of this set-up are {}", domains.join(", "));
        return Verdict::unproven(&cause::RELAY_CERTIFICATE_OTHER_DOMAIN, words);
    }
    Verdict::pass(format!("for {names}, until {}", date(own.not_after)))
}

/// The domains of the tenant, as far as the set-up names any.
fn domains_of(visit: &Visit) -> Vec<String> {
    let setup = &visit.setup;
    let of_address = |address: &Option<String>| Some(address.as_deref()?.rsplit_once('@')?.1.to_lowercase());
    let of_tenant = setup.tenant.as_ref().filter(|tenant| tenant.contains('.'));
    let given = [setup.domain.as_ref(), of_tenant].map(|domain| domain.map(|d| d.to_lowercase()));
    let named = [of_address(&setup.from), of_address(&setup.mailbox)].into_iter().chain(given);
    let mut domains: Vec<String> = named.flatten().collect();
    domains.sort();
    domains.dedup();
    domains
}

fn lies_in(name: &str, domain: &str) -> bool {
    let name = name.trim_start_matches("*.").to_lowercase();
    name == domain || name.ends_with(&format!(".{domain}"))
}

/// No answer at all: told apart from a refusal and from a missing route, since another must act. Whether the submission
/// port of the same cloud opens from here shows whether it is this port alone.
pub(super) fn filtered(visit: &Visit, smtp: &SmtpFacts, fault: &Fault) -> Judgement {
    let mut words = format!("{}: {}", smtp.server, fault.words);
    let submission = visit.facts.smtp.as_ref().and_then(|talk| talk.step(Stage::Connect));
    match submission.map(|step| &step.fault) {
        Some(None) => words.push_str("\nthe submission port opens from here, so it is this port that is closed"),
        Some(Some(fault)) => words.push_str(&format!("\nthe submission port does not open either: {}", fault.words)),
        None => {}
    }
    Verdict::fail(&cause::PORT_25_FILTERED, words)
}

/// On port 25 the answer to RCPT is not the last word: who the mail is from and whether it may pass is decided after DATA
/// too (Microsoft Learn, "How to set up a multifunction device", on connectors).
pub(super) fn recipient(visit: &Visit, road: Road) -> Judgement {
    let smtp = facts(visit, road)?;
    match refusal(smtp, road, Stage::Rcpt)? {
        Answer::Bad(judgement) => judgement,
        Answer::Good(reply) if road.is_port_25() && smtp.step(Stage::Message).is_none() => {
            Verdict::unproven(&cause::RELAY_ACCEPTED_SO_FAR, reply.to_string())
        }
        Answer::Good(reply) => Verdict::pass(reply.to_string()),
    }
}

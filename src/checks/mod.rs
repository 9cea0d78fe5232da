//! Pure judgement, one file per topic, each ending in its `CHECKS`.

mod confirm;
mod consent;
mod credential;
mod dns;
mod entra;
mod ews;
mod exchange;
mod graph;
mod imap;
mod mailbox;
mod network;
mod pop;
mod send;
mod setup;
mod smtp;
mod submission;
mod token;

use crate::check::{Check, Finding, judge};
use crate::facts::Visit;

/// Every check, in the order in which it is judged and shown.
pub fn all() -> Vec<&'static Check> {
    [
        setup::CHECKS,
        credential::CHECKS,
        dns::CHECKS,
        entra::CHECKS,
        token::CHECKS,
        exchange::CHECKS,
        smtp::CHECKS,
        submission::CHECKS,
        imap::CHECKS,
        pop::CHECKS,
        send::CHECKS,
        graph::CHECKS,
        ews::CHECKS,
        confirm::CHECKS,
        consent::CHECKS,
    ]
    .concat()
}

/// The checks that apply to a visit: those of its sub-command.
pub fn of(visit: &Visit) -> Vec<&'static Check> {
    let topics: &[&str] = match visit.command.as_str() {
        "check-token" | "login" | "token" => &["setup", "credential", "entra", "token"],
        "check-dns" => &["dns"],
        "check-relay" => &["smtp", "submission"],
        "consent-url" => &["consent"],
        "probe-send" => {
            &["setup", "credential", "entra", "token", "exchange", "smtp", "send", "graph", "ews", "confirm"]
        }
        "check-mailbox" => {
            &["setup", "credential", "entra", "token", "exchange", "smtp", "imap", "pop", "graph", "ews"]
        }
        _ => &[
            "setup",
            "credential",
            "dns",
            "entra",
            "token",
            "exchange",
            "smtp",
            "imap",
            "pop",
            "send",
            "graph",
            "ews",
            "confirm",
        ],
    };
    let asked = |check: &Check| {
        topics.contains(&check.topic()) || check.id == "entra.domain" && visit.facts.domain_tenant.is_some()
    };
    all().into_iter().filter(|check| asked(check) && applies(check, visit)).collect()
}

/// Which roads a token opens is one question where roads were named, and another where none was.
fn applies(check: &Check, visit: &Visit) -> bool {
    let any_road = matches!(visit.command.as_str(), "check-token" | "login" | "token") && !visit.setup.roads_named;
    match check.id {
        // Where nobody logs in, there is neither a credential nor a token to look at.
        _ if matches!(check.topic(), "setup" | "credential" | "token") && without_token(visit) => false,
        _ if check.topic() == "credential" => credential::applies(check, visit),
        "token.audience" | "token.role" => !any_road,
        "token.opens" => any_road,
        "dns.mx" | "dns.spf" | "dns.spf-budget" | "dns.spf-all" | "dns.spf-microsoft" | "dns.dmarc" => {
            visit.command == "check-dns" || visit.facts.dns.is_some()
        }
        "dns.spf-address" => visit.facts.dns.as_ref().is_some_and(|dns| dns.spf.asked.is_some()),
        "dns.servers" | "dns.agreement" | "dns.everywhere" => {
            visit.facts.dns.as_ref().is_some_and(|dns| dns.propagation.is_some())
        }
        // Recordings from before these were looked up do not say anything of them.
        id if id.starts_with("dns.") => visit.facts.dns.as_ref().is_some_and(|dns| dns.dkim.is_some()),
        "entra.reach" | "entra.tenant" | "entra.clock" => {
            visit.facts.entra.is_some()
                || visit.facts.tokens.iter().any(|token| token.request.is_some() && token.managed.is_none())
        }
        "entra.cloud" => visit.facts.entra.as_ref().is_some_and(|entra| entra.tenant_id.is_some()),
        "entra.domain" => visit.facts.domain_tenant.is_some(),
        "consent.given" | "consent.state" | "consent.tenant" => {
            visit.facts.consent.as_ref().is_some_and(|consent| consent.reading.is_some())
        }
        _ if check.topic() == "exchange" => exchange::applies(check, visit),
        _ if check.topic() == "confirm" => visit.facts.confirm.is_some(),
        // The login is for those who have a token.
        "smtp.xoauth2" | "smtp.login" => visit.command != "check-relay",
        "smtp.egress" | "smtp.egress-spf" | "smtp.reverse-dns" => {
            visit.command == "check-relay" || visit.facts.smtp_talks().any(|(_, talk)| smtp::looked_up(talk))
        }
        "smtp.connector" => visit.command == "check-relay",
        "smtp.client-certificate" => visit.facts.smtp_talks().any(|(_, talk)| talk.client_certificate.is_some()),
        "token.object-id" => visit.setup.object_id.is_some(),
        "token.user" => visit.facts.tokens.iter().any(|token| token.scopes().is_some() || token.sasl_user.is_some()),
        "send.from" => match (&visit.setup.from, &visit.setup.mailbox) {
            (Some(from), Some(mailbox)) => !from.eq_ignore_ascii_case(mailbox),
            _ => false,
        },
        _ => true,
    }
}

fn without_token(visit: &Visit) -> bool {
    let roads = &visit.setup.roads;
    !roads.is_empty() && roads.iter().all(|road| road.wants().is_none()) && visit.facts.tokens.is_empty()
}

/// Judges a visit with the checks that apply to it.
pub fn findings(visit: &Visit) -> Vec<Finding> {
    judge(&of(visit), visit)
}

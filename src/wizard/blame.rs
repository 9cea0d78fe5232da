//! Which step a finding speaks against. Pure.

use super::steps::Step;
use crate::check::{Finding, Outcome, Verdict};
use crate::kb::{Cause, Where, cause};
use crate::road::Road;

/// The step that a finding speaks against, if it does. A step that this walk does not have gives the blame to the one at hand.
pub(super) fn blame(finding: &Finding, at: Step, steps: &[Step]) -> Option<Step> {
    // The right may also be held in Exchange; this walk asks for the permission, so its absence counts.
    let role = finding.check.id == "token.role" && matches!(finding.outcome, Outcome::Judged(Verdict::Unproven(_)));
    if !finding.failed() && !role {
        return None;
    }
    let cause = finding.reason()?.cause;
    let to_blame = of_finding(finding.check.id, finding.road, cause).unwrap_or(at);
    let records = |step: Step| step == Step::Records;
    // The domain's records keep nobody from logging in.
    if records(to_blame) != records(at) && (records(to_blame) || records(at)) {
        return None;
    }
    let instead = match to_blame {
        Step::Consent | Step::Credential | Step::Permission => Step::SignIn,
        _ => at,
    };
    Some([to_blame, instead].into_iter().find(|step| steps.contains(step)).unwrap_or(at))
}

fn of_finding(check: &str, road: Option<Road>, of: &Cause) -> Option<Step> {
    if check.starts_with("dns.") {
        return Some(Step::Records);
    }
    if of.seen_in.contains(&Where::Network) {
        return None;
    }
    Some(match check {
        _ if check.starts_with("entra.") || check.starts_with("setup.") => Step::Registration,
        "token.issued" => of_refusal(of),
        "token.role" => Step::Consent,
        "token.object-id" | "token.app" | "token.tenant" => Step::Registration,
        _ if check.starts_with("token.") || check.starts_with("credential.") => Step::Credential,
        "exchange.registered" | "exchange.object-id" => Step::ServicePrincipal,
        "exchange.switch" => Step::Switch,
        "exchange.right" | "exchange.mailbox" | "exchange.send-as" | "exchange.rbac" => Step::MailboxRight,
        "smtp.recipient" | "smtp.sender" | "smtp.client-certificate" if road == Some(Road::Relay) => Step::Connector,
        "smtp.login" if road == Some(Road::Hve) => Step::HighVolume,
        "smtp.login" | "smtp.sender" | "imap.login" | "imap.mailbox" | "pop.login" | "pop.mailbox" => of_login(of),
        "ews.mailbox" | "ews.token-accepted" => of_ews(of),
        "graph.send" | "graph.mailbox" if *of == cause::GRAPH_PERMISSION_MISSING => Step::Consent,
        "graph.send" | "graph.mailbox" if *of == cause::GRAPH_ACCESS_DENIED => Step::Consent,
        "smtp.recipient" | "send.accepted" | "send.from" | "graph.send" | "ews.send" => Step::Probe,
        _ => return None,
    })
}

/// A refusal of the login service is about the application, about consent, or about the proof.
fn of_refusal(of: &Cause) -> Step {
    let application = [
        "aadsts700016",
        "aadsts7000229",
        "aadsts90002",
        "aadsts900023",
        "aadsts500011",
        "aadsts500014",
        "aadsts700038",
    ];
    match of.id {
        id if application.contains(&id) => Step::Registration,
        "aadsts65001" | "aadsts501051" => Step::Consent,
        _ => Step::Credential,
    }
}

fn of_login(of: &Cause) -> Step {
    let rights = [&cause::MAILBOX_RIGHT_MISSING, &cause::SEND_AS_RIGHT_MISSING, &cause::RBAC_OUT_OF_SCOPE];
    let rights_in_protocol =
        [&cause::IMAP_MAILBOX_NOT_CONNECTED, &cause::SEND_AS_DENIED_ENVELOPE, &cause::EXCHANGE_MAILBOX_MISSING];
    if *of == cause::SMTP_ROLE_MISSING_REFUSED || *of == cause::TOKEN_SCOPE_MISSING {
        return Step::Consent;
    }
    if rights.contains(&of) || rights_in_protocol.contains(&of) {
        return Step::MailboxRight;
    }
    let entry = [
        &cause::SMTP_LOGIN_REFUSED,
        &cause::EXCHANGE_NOT_REGISTERED,
        &cause::EXCHANGE_WRONG_OBJECT_ID,
        &cause::EXCHANGE_REGISTRATION_REFUSED,
        &cause::EXCHANGE_CHANGE_NOT_IN_FORCE,
        &cause::IMAP_LOGIN_REFUSED,
        &cause::POP_LOGIN_REFUSED,
    ];
    // What is left speaks of switches and policies.
    if entry.contains(&of) { Step::ServicePrincipal } else { Step::Switch }
}

fn of_ews(of: &Cause) -> Step {
    if *of == cause::EWS_NO_PERMISSIONS || *of == cause::EWS_ACCESS_DENIED { Step::Consent } else { Step::Switch }
}

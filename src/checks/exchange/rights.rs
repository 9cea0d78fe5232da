//! What the state says of rights, roles and switches.

use super::{entry, fault, gap, other_sender, state, token_of};
use crate::check::{Judgement, Verdict};
use crate::facts::{ExchangeFacts, Visit};
use crate::kb::{Cause, cause};
use crate::road::{Road, Wants};

/// What one reading of the state says: it is as it should be, it is not, or the state has a gap there.
pub(super) enum Says {
    /// All is well, by these words.
    Good(String),
    /// It is not.
    Bad(&'static Cause, String),
    /// Exchange did not tell the script: the name of the reading.
    Gap(&'static str),
}

fn judged(visit: &Visit, state: &ExchangeFacts, says: Says) -> Judgement {
    match says {
        Says::Good(words) => Verdict::pass(words),
        Says::Bad(cause, words) => fault(visit, state, cause, words),
        Says::Gap(what) => gap(state, what),
    }
}

/// The application role in the token that opens this road.
pub(super) fn role_in_token(visit: &Visit, road: Road) -> Option<&'static str> {
    let roles = token_of(visit)?.roles();
    road.wants()?.roles.iter().copied().find(|role| roles.contains(role))
}

pub(super) fn rbac(visit: &Visit, road: Road) -> Judgement {
    let state = entry(visit)?;
    judged(visit, state, beside(visit, state, road))
}

/// A role in the token makes Exchange look for the mailbox right, also where a role of RBAC would do without one
/// (Microsoft Learn, SMTP onboarding to App RBAC).
pub(super) fn beside(visit: &Visit, state: &ExchangeFacts, road: Road) -> Says {
    let Some(rbac) = road.wants().and_then(|wants| wants.rbac_role) else {
        return Says::Good("there is no such role here".to_owned());
    };
    let held = state.roles_named(rbac).next().is_some();
    let Some(role) = role_in_token(visit, road) else {
        let words = if held { format!("{rbac} alone") } else { "none in either".to_owned() };
        return Says::Good(words);
    };
    if !held {
        return Says::Good(format!("{role} in the token alone"));
    }
    match state.full_access {
        Some(true) => Says::Good(format!("{role} stands beside {rbac}; Full Access is there, so it does no harm")),
        Some(false) => {
            let words = format!(
                "{role} is in the token and Exchange assigns '{rbac}': Full Access is asked for again, and is missing"
            );
            Says::Bad(&cause::RBAC_BESIDE_API_PERMISSION, words)
        }
        None => Says::Gap("mailbox_rights"),
    }
}

pub(super) fn right(visit: &Visit, road: Road) -> Judgement {
    let state = entry(visit)?;
    if token_of(visit).is_none() && state.full_access != Some(true) {
        return Err("no token can be read, and by its roles the mailbox right is needed or not".into());
    }
    match opens(visit, state, road) {
        // That nobody granted a road is for `token.role` to say, and for the road itself.
        Says::Bad(cause, words) if *cause == cause::TOKEN_ROLE_MISSING_EWS => Err(words.into()),
        says => judged(visit, state, says),
    }
}

/// Full Access where a role in the token makes it needed, else a role of RBAC whose scope holds the mailbox.
pub(super) fn opens(visit: &Visit, state: &ExchangeFacts, road: Road) -> Says {
    match role_in_token(visit, road) {
        Some(role) if road == Road::Ews => Says::Good(format!("{role} needs no right on a mailbox")),
        Some(role) => match state.full_access {
            Some(true) => Says::Good("Full Access".to_owned()),
            Some(false) => Says::Bad(&cause::MAILBOX_RIGHT_MISSING, no_right(state, role)),
            None => Says::Gap("mailbox_rights"),
        },
        None if token_of(visit).is_none() => Says::Good("Full Access".to_owned()),
        None => by_rbac(state, road),
    }
}

fn no_right(state: &ExchangeFacts, role: &str) -> String {
    let mut words = format!("the state says full_access: false; the role {role} in the token makes it needed");
    for right in &state.mailbox_rights {
        let deny = if right.deny { ", which denies" } else { "" };
        words.push_str(&format!("\nit has only: {}{deny}", right.access_rights.join(", ")));
    }
    words
}

fn by_rbac(state: &ExchangeFacts, road: Road) -> Says {
    let Some(Wants { roles, rbac_role: Some(rbac), .. }) = road.wants() else { return Says::Gap("roles") };
    if state.role_in_scope(rbac) {
        return Says::Good(format!("{rbac}, in scope"));
    }
    if let Some(role) = state.roles_named(rbac).next() {
        let words = format!("{rbac} is assigned with the scope '{}', and InScope is {}", role.scope, role.in_scope);
        return Says::Bad(&cause::RBAC_OUT_OF_SCOPE, words);
    }
    if state.unread("roles").is_some() {
        return Says::Gap("roles");
    }
    let cause = if road == Road::Ews { &cause::TOKEN_ROLE_MISSING_EWS } else { &cause::TOKEN_ROLE_MISSING_SMTP };
    Says::Bad(cause, format!("{} is not in the token, and the state lists no '{rbac}'", roles[0]))
}

pub(super) fn send_as(visit: &Visit, _: Road) -> Judgement {
    let state = entry(visit)?;
    let from = other_sender(visit).ok_or("From is the mailbox's own address")?;
    if state.owns(from) == Some(true) {
        return Verdict::pass(format!("{from} is an address of the mailbox itself"));
    }
    let read = state.from.as_deref().is_some_and(|read| read.eq_ignore_ascii_case(from));
    match state.send_as.filter(|_| read) {
        Some(true) => Verdict::pass(format!("Send As on {from}")),
        Some(false) if state.addresses.is_some() => {
            let words = format!("the state says send_as: false for {from}, which is no address of {}", state.mailbox);
            fault(visit, state, &cause::SEND_AS_RIGHT_MISSING, words)
        }
        Some(false) => {
            let words = format!("the state says send_as: false for {from}, and not whether the mailbox owns it");
            Verdict::unproven(&cause::SEND_AS_RIGHT_MISSING, words)
        }
        None if read => gap(state, "send_as"),
        None => {
            let other = state.from.as_deref().unwrap_or(&state.mailbox);
            Verdict::unproven(&cause::EXCHANGE_STATE_UNREAD, format!("send_as was read for {other}, not for {from}"))
        }
    }
}

pub(super) fn switch(visit: &Visit, _: Road) -> Judgement {
    let state = state(visit)?;
    judged(visit, state, smtp_auth(state))
}

/// The mailbox's own word wins; where it has none, the organization's counts.
pub(super) fn smtp_auth(state: &ExchangeFacts) -> Says {
    let switch = state.smtp_client_authentication_disabled;
    match (switch.mailbox, switch.organization) {
        (Some(true), _) => {
            let words = "SmtpClientAuthenticationDisabled of the mailbox is True".to_owned();
            Says::Bad(&cause::SMTP_AUTH_OFF_MAILBOX, words)
        }
        (Some(false), _) => Says::Good("the mailbox has it on".to_owned()),
        (None, _) if state.unread("mailbox_switch").is_some() => Says::Gap("mailbox_switch"),
        (None, Some(true)) => {
            let words = "SmtpClientAuthenticationDisabled is empty on the mailbox and True for the organization";
            Says::Bad(&cause::SMTP_AUTH_OFF_TENANT, words.to_owned())
        }
        (None, Some(false)) => Says::Good("the mailbox follows the organization, which has it on".to_owned()),
        (None, None) => Says::Gap("organization_switch"),
    }
}

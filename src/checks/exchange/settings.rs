//! What the state says of the ways in: protocols, EWS, connectors, direct send, High Volume Email.

use super::connectors::{connector, direct, domain};
use super::neighbours::opened;
use super::{MAILBOX, fault_unless, gap, state, wanted_object_id};
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::{EwsSettings, ExchangeFacts, Visit};
use crate::kb::cause;
use crate::road::Road;

pub(super) static PROTOCOL: Check = Check {
    id: "exchange.protocol",
    title: "The protocol is on for the mailbox",
    needs: &[&MAILBOX],
    judge: Judge::PerRoad(&[Road::Imap, Road::Pop], protocol),
};

pub(super) static POLICY: Check = Check {
    id: "exchange.access-policy",
    title: "No policy keeps the application from the mailbox",
    needs: &[&MAILBOX],
    judge: Judge::PerRoad(&[Road::Graph, Road::Ews], policy),
};

pub(super) static ROLE: Check = Check {
    id: "exchange.role",
    title: "The application's role in Exchange reaches the mailbox",
    needs: &[&MAILBOX],
    judge: Judge::PerRoad(&[Road::Graph], role),
};

pub(super) static EWS: Check = Check {
    id: "exchange.ews",
    title: "EWS lets the application in",
    needs: &[&MAILBOX],
    judge: Judge::PerRoad(&[Road::Ews], ews),
};

pub(super) static CONNECTOR: Check = Check {
    id: "exchange.connector",
    title: "A connector knows this host",
    needs: &[],
    judge: Judge::PerRoad(&[Road::Relay], connector),
};

pub(super) static DOMAIN: Check = Check {
    id: "exchange.domain",
    title: "The sender's domain is one of the organization's",
    needs: &[&CONNECTOR],
    judge: Judge::PerRoad(&[Road::Relay], domain),
};

pub(super) static DIRECT: Check = Check {
    id: "exchange.direct-send",
    title: "The organization takes mail without a login",
    needs: &[],
    judge: Judge::PerRoad(&[Road::Direct], direct),
};

pub(super) static ACCOUNT: Check = Check {
    id: "exchange.account",
    title: "The account's list holds the application",
    needs: &[],
    judge: Judge::PerRoad(&[Road::Hve], account),
};

/// Whether a check of this file applies: where the script read its part. None: the check is of another file.
pub(super) fn applies(check: &Check, state: &ExchangeFacts) -> Option<bool> {
    let read = |there: bool, what: &str| there || state.unread(what).is_some();
    Some(match check.id {
        id if id == PROTOCOL.id => read(state.protocols.is_some(), "protocols"),
        id if id == POLICY.id => read(state.access_policy.is_some(), "access_policy"),
        // Without any role the permission in the token is the way, and `token.role` judges it.
        id if id == ROLE.id => !state.roles.is_empty() || state.unread("roles").is_some(),
        id if id == EWS.id => read(state.ews.is_some(), "organization"),
        id if id == CONNECTOR.id => read(state.connectors.is_some(), "connectors"),
        id if id == DOMAIN.id => read(state.accepted_domains.is_some(), "accepted_domains"),
        id if id == DIRECT.id => read(state.reject_direct_send.is_some(), "organization"),
        id if id == ACCOUNT.id => state.account.is_some(),
        _ => return None,
    })
}

fn protocol(visit: &Visit, road: Road) -> Judgement {
    let state = state(visit)?;
    let Some(switches) = state.protocols else { return gap(state, "protocols") };
    let (name, switch) = if road == Road::Imap { ("ImapEnabled", switches.imap) } else { ("PopEnabled", switches.pop) };
    match switch {
        Some(true) => Verdict::pass(format!("{name} is True")),
        Some(false) => {
            let words = format!("{name} of the mailbox is False");
            fault_unless(visit, state, &cause::MAILBOX_PROTOCOL_OFF, words, opened(visit, road))
        }
        None => Err("the state does not say it".into()),
    }
}

fn policy(visit: &Visit, road: Road) -> Judgement {
    let state = state(visit)?;
    super::of_application(visit)?;
    match state.access_policy.as_deref() {
        None => gap(state, "access_policy"),
        Some("Denied") => {
            let words = "Test-ApplicationAccessPolicy says Denied for the application and the mailbox".to_owned();
            fault_unless(visit, state, &cause::GRAPH_ACCESS_POLICY, words, opened(visit, road))
        }
        Some(other) => Verdict::pass(other),
    }
}

/// Grants of Entra and of Exchange add up (Microsoft Learn, RBAC for Applications in Exchange Online).
fn role(visit: &Visit, road: Road) -> Judgement {
    let state = state(visit)?;
    let wants = road.wants().ok_or("the road takes no token")?;
    let name = wants.rbac_role.ok_or("there is no such role")?;
    let token = visit.facts.token_for(wants.resource).filter(|token| token.readable()).ok_or("no token can be read")?;
    if token.scopes().is_some() {
        return Err("the token is a person's; the application's own rights play no part".into());
    }
    let assigned = state.roles_named(name).next();
    if let Some(role) = token.roles().into_iter().find(|role| wants.roles.contains(role)) {
        let past = if assigned.is_some() { format!(", past the scope of {name}") } else { String::new() };
        return Verdict::pass(format!("{role} in the token reaches every mailbox{past}"));
    }
    match assigned {
        _ if state.role_in_scope(name) => Verdict::pass(format!("{name}, in scope")),
        Some(role) => {
            let words = format!("{name} is assigned with the scope '{}', and InScope is {}", role.scope, role.in_scope);
            fault_unless(visit, state, &cause::RBAC_OUT_OF_SCOPE, words, opened(visit, road))
        }
        None if state.unread("roles").is_some() => gap(state, "roles"),
        None => Err(format!("the state lists no '{name}'").into()),
    }
}

/// Organization and mailbox must both allow, and with the organization's switch on only listed applications come in
/// (Microsoft Learn, Set-OrganizationConfig; techcommunity 4492361).
fn ews(visit: &Visit, road: Road) -> Judgement {
    let state = state(visit)?;
    let Some(settings) = &state.ews else { return gap(state, "organization") };
    let bad = |cause, words: String| fault_unless(visit, state, cause, words, opened(visit, road));
    match (settings.enabled, state.protocols.and_then(|switches| switches.ews)) {
        (Some(false), _) => bad(&cause::EWS_OFF, "EwsEnabled of the organization is False".to_owned()),
        (_, Some(false)) => bad(&cause::EWS_OFF, "EwsEnabled of the mailbox is False".to_owned()),
        (None, _) => {
            let words = "EwsEnabled of the organization is not set; since October 2026 Microsoft turns that to off, tenant \
                         by tenant";
            match opened(visit, road) {
                Some(open) => Verdict::pass(format!("{words}; {open}")),
                None => Verdict::unproven(&cause::EWS_OFF, words),
            }
        }
        (Some(true), _) => {
            let Some(apps) = &settings.allowed_app_ids else { return gap(state, "ews_allowed_app_ids") };
            if apps.iter().any(|app| app.eq_ignore_ascii_case(&state.client_id)) {
                return by_user_agent(settings, opened(visit, road));
            }
            let words = match apps.len() {
                0 => "EwsAllowedAppIDs is empty".to_owned(),
                n => format!("EwsAllowedAppIDs has {n} ids, and {} is none of them", state.client_id),
            };
            bad(&cause::EWS_APP_NOT_ALLOWED, words)
        }
    }
}

/// Beside the list of applications there can be one of user agents, which says nothing of an application by its id.
fn by_user_agent(settings: &EwsSettings, open: Option<String>) -> Judgement {
    let words = "EwsEnabled is True, and EwsAllowedAppIDs has the application";
    let enforced = settings.application_access_policy.as_deref().filter(|policy| policy.starts_with("Enforce"));
    match (enforced, open) {
        (None, _) => Verdict::pass(words),
        (Some(policy), Some(open)) => Verdict::pass(format!("{words}; {policy} is set too, and {open}")),
        (Some(policy), None) => {
            let words = format!("{words}; {policy} is set too, and judges by the program's user agent");
            Verdict::unproven(&cause::EWS_APP_NOT_ALLOWED, words)
        }
    }
}

fn account(visit: &Visit, road: Road) -> Judgement {
    let state = state(visit)?;
    let account = state.account.as_ref().ok_or("the state is about no account")?;
    let ours = visit.setup.hve_account.as_ref().or(visit.setup.from.as_ref()).or(visit.setup.mailbox.as_ref());
    if let Some(ours) = ours.filter(|ours| !ours.eq_ignore_ascii_case(&account.address)) {
        return Err(format!("the state is about the account {}, and this set-up's is {ours}", account.address).into());
    }
    let Some(apps) = &account.allowed_apps else { return gap(state, "account") };
    let (wanted, whose) = wanted_object_id(visit, state).ok_or("nothing says which object id should be there")?;
    if apps.iter().any(|app| app.eq_ignore_ascii_case(wanted)) {
        return Verdict::pass(format!("{wanted}, {whose}"));
    }
    let words =
        format!("the list of {} has {} ids, and {whose}, {wanted}, is none of them", account.address, apps.len());
    fault_unless(visit, state, &cause::HVE_APP_NOT_ALLOWED, words, opened(visit, road))
}

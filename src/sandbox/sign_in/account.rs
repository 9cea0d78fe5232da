//! The account that signs in: whether it exists where it is looked for, its password, what policy says of it.

use jiff::Timestamp;

use super::client::general;
use super::scopes::Scopes;
use super::{Session, now};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::state::{App, Audience, CONSUMERS, Mailbox, Mfa, State, Tenant};
use crate::sandbox::tokens::Api;

/// Permissions of Outlook that are registered at Microsoft Graph.
const OVER_GRAPH: [&str; 3] = ["SMTP.Send", "IMAP.AccessAsUser.All", "POP.AccessAsUser.All"];

/// The account of this name, in any tenant.
pub(super) fn find<'a>(state: &'a State, user: &str) -> Option<(&'a Tenant, &'a Mailbox)> {
    let own = |tenant: &'a Tenant| tenant.mailboxes.iter().find(|mailbox| mailbox.signs_in_as(user));
    state.tenants.iter().find_map(|tenant| Some((tenant, own(tenant)?)))
}

/// Account and password, at a tenant or a general name.
pub(super) fn log_in(state: &State, name: &str, app: &App, user: &str, password: &str) -> Result<Session, Refusal> {
    let (tenant, mailbox) = admitted(state, name, app, user)?;
    if mailbox.password() != password {
        return Err(Refusal::wrong_password());
    }
    if mailbox.disabled {
        return Err(Refusal::user_disabled());
    }
    if mailbox.password_expired {
        return Err(Refusal::password_expired());
    }
    let (tenant, user) = (tenant.id.clone(), mailbox.upn().to_owned());
    Ok(Session { tenant, user, second_factor: false, at: now(state) })
}

/// The account, where one of its kind may sign in.
pub(super) fn admitted<'a>(
    state: &'a State,
    name: &str,
    app: &App,
    user: &str,
) -> Result<(&'a Tenant, &'a Mailbox), Refusal> {
    let general = general(name);
    let directory = state.tenant(name).map_or_else(|| name.to_lowercase(), |tenant| tenant.domain.clone());
    let (tenant, mailbox) = find(state, user).ok_or_else(|| Refusal::no_such_user(user, &directory))?;
    let personal = tenant.id == CONSUMERS;
    match general {
        None => {
            let there = state.tenant(name).ok_or_else(|| Refusal::tenant_not_found(name))?;
            if there.id != tenant.id {
                return Err(Refusal::of_another_tenant(user, &provider(tenant), there, true));
            }
        }
        Some("consumers") if !personal => return Err(Refusal::no_such_user(user, &directory)),
        Some("consumers") => {}
        Some(name) => {
            let both = name == "common" && matches!(app.audience, Audience::MultipleAndPersonal | Audience::Personal);
            if personal != (app.audience == Audience::Personal) && !(both && personal) {
                return Err(Refusal::wrong_kind_of_account());
            }
        }
    }
    Ok((tenant, mailbox))
}

/// Who vouches for the accounts of a tenant.
pub(super) fn provider(tenant: &Tenant) -> String {
    if tenant.id == CONSUMERS { "live.com".to_owned() } else { format!("https://sts.windows.net/{}/", tenant.id) }
}

/// The second factor that is missing.
pub(super) fn missing_factor(mailbox: &Mailbox, session: &Session) -> Option<Mfa> {
    (mailbox.mfa != Mfa::Off && !session.second_factor).then_some(mailbox.mfa)
}

/// What keeps an account out that has shown who it is.
pub(super) fn policy(tenant: &Tenant, user: &str, app: &App, by_device: bool) -> Result<(), Refusal> {
    if tenant.sign_in.blocked || (by_device && tenant.sign_in.device_flow_blocked) {
        return Err(Refusal::conditional_access());
    }
    let assigned = |list: &Vec<String>| list.iter().any(|name| name.eq_ignore_ascii_case(user));
    match &app.assigned {
        Some(list) if !assigned(list) => Err(Refusal::not_assigned(&app.client_id, user)),
        _ => Ok(()),
    }
}

/// What nobody has consented to yet of that which is asked for.
pub(super) fn not_consented(state: &State, app: &App, user: &str, scopes: &Scopes) -> Vec<String> {
    // An administrator speaks for an organisation; for a personal account nobody does.
    let organised = find(state, user).is_some_and(|(tenant, _)| tenant.id != CONSUMERS);
    let permissions = scopes.permissions.iter().filter(|permission| {
        // What was consented to at Graph may be asked for at Outlook under the same name (Microsoft Learn, "Authenticate an
        // IMAP, POP or SMTP connection using OAuth").
        let at_graph = OVER_GRAPH.contains(&permission.name.as_str());
        let for_all = organised
            && (app.granted_to_all(permission.api, &permission.name)
                || (at_graph && app.granted_to_all(Api::Graph, &permission.name)));
        let own = state.ledger.consents.iter().any(|(who, client, api, name)| {
            who == user && *client == app.client_id && *api == permission.api && *name == permission.name
        });
        !for_all && !own
    });
    permissions.map(super::scopes::Permission::shown).collect()
}

/// Whether a grant of then is still worth anything.
pub(super) fn still_in_force(state: &State, mailbox: &Mailbox, granted_at: i64) -> Result<(), Refusal> {
    if mailbox.disabled {
        return Err(Refusal::user_disabled());
    }
    match mailbox.sessions_revoked.map(|ago| now(state) - ago) {
        Some(valid_from) if granted_at < valid_from => Err(Refusal::revoked(&shown(granted_at), &shown(valid_from))),
        _ => Ok(()),
    }
}

/// A time as the service writes it in its sentences.
pub(super) fn shown(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%dT%H:%M:%S.0000000Z").to_string()
}

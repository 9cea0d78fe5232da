//! Access tokens as the login service makes them: an application's, and a person's.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::assertions::Proved;
use super::keys::{PUBLISHED, UNPUBLISHED};
use super::state::{Mailbox, State, Tenant};

/// Whom a token stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject<'a> {
    /// The application itself, with the roles that were consented to.
    App(Proved),
    /// A person who signed in to the application, and what it may do for that person.
    Person(&'a Mailbox, &'a [String]),
}

/// A person who has signed in, and the API that the token is for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    /// The user principal name.
    pub(super) user: String,
    pub(super) scopes: Vec<String>,
    #[serde(default)]
    pub(super) api: Api,
    /// The profile holds what the sign-in left behind, in a store, not an access token.
    #[serde(default)]
    pub(super) stored: bool,
}

/// The API that a token is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Api {
    #[default]
    Outlook,
    Graph,
}

impl Api {
    /// What stands before the names of its scopes.
    pub(super) fn named_under(self) -> &'static str {
        match self {
            Api::Outlook => "https://outlook.office.com",
            Api::Graph => "https://graph.microsoft.com",
        }
    }
}

/// The token of a person. None where nobody can sign in under this name: it is unknown, or a shared mailbox's.
pub(super) fn of_person(state: &State, tenant: &Tenant, person: &Person) -> Option<String> {
    let mailbox = tenant.mailboxes.iter().find(|mailbox| mailbox.signs_in_as(&person.user))?;
    Some(mint(state, tenant, Subject::Person(mailbox, &person.scopes), person.api == Api::Graph))
}

/// A signed token, with the faults that the scenario has for tokens.
pub(super) fn mint(state: &State, tenant: &Tenant, subject: Subject<'_>, graph: bool) -> String {
    let how = &tenant.tokens;
    if how.opaque {
        return format!("EwB{}", STANDARD.encode([7; 300]));
    }
    let mut claims = common(state, tenant, graph);
    let own = match subject {
        Subject::App(proved) => of_app(tenant, graph, proved),
        Subject::Person(mailbox, scopes) => of_user(tenant, mailbox, scopes),
    };
    claims.extend(own);
    let key = if how.unpublished_key { &UNPUBLISHED } else { &PUBLISHED };
    let mut head = Map::new();
    head.insert("typ".to_owned(), Value::from("JWT"));
    if how.nonce {
        head.insert("nonce".to_owned(), Value::from(uuid::Uuid::new_v4().simple().to_string()));
    }
    head.insert("alg".to_owned(), Value::from("RS256"));
    head.insert("x5t".to_owned(), Value::from(key.kid.as_str()));
    head.insert("kid".to_owned(), Value::from(key.kid.as_str()));
    key.sign(&head, &Value::Object(claims), how.sealed)
}

/// The claims that every token has.
fn common(state: &State, tenant: &Tenant, graph: bool) -> Map<String, Value> {
    let how = &tenant.tokens;
    let now = Timestamp::now().as_second() + state.clock_ahead;
    let tid = how.tid.as_deref().unwrap_or(&tenant.id);
    let iss = how.iss.clone().unwrap_or_else(|| format!("https://sts.windows.net/{tid}/"));
    let default_aud = if graph { "https://graph.microsoft.com" } else { "https://outlook.office365.com" };
    // A token that is born expired was valid before that.
    let issued = now.min(now + how.lifetime - 3600);
    map(json!({
        "aud": how.aud.as_deref().unwrap_or(default_aud),
        "iss": iss,
        "iat": issued, "nbf": issued + how.starts_in, "exp": now + how.lifetime,
        // As long as the real ones: what a long login line does must show here too.
        "aio": format!("k2RgYFgQ{}=", "sandbox".repeat(6)),
        "app_displayname": "Mail program",
        "appid": how.appid.as_deref().unwrap_or(&tenant.app.client_id),
        "rh": format!("1.{}.", "sandbox".repeat(14)),
        "sid": uuid::Uuid::new_v4(),
        "tid": tid,
        "uti": uuid::Uuid::new_v4().simple().to_string()[..22],
        "ver": "1.0",
    }))
}

fn of_app(tenant: &Tenant, graph: bool, proved: Proved) -> Map<String, Value> {
    let tid = tenant.tokens.tid.as_deref().unwrap_or(&tenant.id);
    let mut claims = map(json!({
        "appidacr": if proved == Proved::BySecret { "1" } else { "2" },
        "idp": format!("https://sts.windows.net/{tid}/"),
        "idtyp": "app",
        "oid": tenant.app.object_id,
        "sub": tenant.app.object_id,
        "wids": ["0997a1d0-0d1d-4acb-b408-d5ca73121e90"],
    }));
    let roles = tenant.roles(graph);
    if !roles.is_empty() {
        claims.insert("roles".to_owned(), Value::from(roles));
    }
    claims
}

/// What tells of the person (Microsoft Learn, "Access token claims reference"). A public client has not proved itself.
fn of_user(tenant: &Tenant, mailbox: &Mailbox, scopes: &[String]) -> Map<String, Value> {
    let upn = mailbox.upn();
    let digest = |what: &str| Sha256::digest(format!("{what} {} {}", mailbox.id, tenant.app.client_id));
    // The subject is another one for each application; the unique id is the same for all.
    let puid: String = digest("puid")[..6].iter().map(|octet| format!("{octet:02X}")).collect();
    map(json!({
        "acct": 0,
        "acr": "1",
        "amr": ["pwd", "mfa"],
        "appidacr": "0",
        "idtyp": "user",
        "ipaddr": "192.0.2.44",
        "name": upn.split('@').next().unwrap_or_default(),
        "oid": mailbox.id,
        "puid": format!("1003{puid}"),
        "scp": scopes.join(" "),
        "sub": URL_SAFE_NO_PAD.encode(digest("sub")),
        "unique_name": upn,
        "upn": upn,
        "wids": ["b79fbf4d-3ef9-4689-8143-76b194e85509"],
    }))
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(claims) => claims,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests;

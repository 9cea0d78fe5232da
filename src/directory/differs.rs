//! What is wanted beside what is there: the actions that make up the difference.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::found::Found;
use super::graph::{list, text};
use super::made::Added;
use super::plan::Action;
use super::{Access, Audience, TAG, Wanted, Wish, app_id_of, redirects};
use crate::cloud::Cloud;

/// A credential that expires sooner than this is no longer counted on.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A new registration.
pub(super) fn registration(cloud: &Cloud, wanted: &Wanted, found: &Found) -> Value {
    let mut body = json!({
        "displayName": wanted.name,
        "signInAudience": Audience::ThisDirectory.word(),
        "tags": [TAG],
        "requiredResourceAccess": with_access(&[], wanted, found).0,
    });
    if let Access::Delegated { audience, .. } = wanted.access {
        body["signInAudience"] = audience.word().into();
        body["isFallbackPublicClient"] = true.into();
        body["publicClient"] = json!({ "redirectUris": redirects(cloud) });
        if audience.personal() {
            body["api"] = json!({ "requestedAccessTokenVersion": 2 });
        }
    }
    body
}

/// What the registration lacks. It keeps what it has: others may need it.
pub(super) fn change(cloud: &Cloud, wanted: &Wanted, found: &Found, application: &Value) -> Option<Action> {
    let (mut body, mut added) = (json!({}), Added::default());
    let (access, more) = with_access(list(application, "requiredResourceAccess"), wanted, found);
    if !more.is_empty() {
        body["requiredResourceAccess"] = access;
        added.access = more;
    }
    if let Access::Delegated { audience, .. } = wanted.access {
        let own = list(&application["publicClient"], "redirectUris");
        let has = |uri: &String| own.iter().any(|have| have == uri.as_str());
        added.redirects = redirects(cloud).into_iter().filter(|uri| !has(uri)).collect();
        if !added.redirects.is_empty() {
            let all: Vec<Value> = own.iter().cloned().chain(added.redirects.iter().map(|uri| json!(uri))).collect();
            body["publicClient"] = json!({ "redirectUris": all });
        }
        if application["isFallbackPublicClient"] != true {
            body["isFallbackPublicClient"] = true.into();
            added.public_client = true;
        }
        let before = text(application, "signInAudience");
        let wider = Audience::of(before).map_or(audience, |own| own.with(audience));
        if wider.word() != before {
            body["signInAudience"] = wider.word().into();
            added.audience = Some((before.to_owned(), wider.word().to_owned()));
            if wider.personal() {
                body["api"] = json!({ "requestedAccessTokenVersion": 2 });
            }
        }
    }
    (added != Added::default()).then_some(Action::Change { body, added })
}

/// `requiredResourceAccess` with what is wanted, and what of that is new: application id of the API, id, type, name.
fn with_access(have: &[Value], wanted: &Wanted, found: &Found) -> (Value, Vec<super::made::Access>) {
    let mut all = have.to_vec();
    let mut added = Vec::new();
    let kind = if wanted.access.delegated() { "Scope" } else { "Role" };
    for permission in &wanted.permissions {
        let Some(id) = found.api(permission.resource).and_then(|api| api.id_of(&permission.name)) else { continue };
        let app_id = app_id_of(permission.resource);
        let at = all.iter().position(|entry| text(entry, "resourceAppId") == app_id).unwrap_or_else(|| {
            all.push(json!({ "resourceAppId": app_id, "resourceAccess": [] }));
            all.len() - 1
        });
        let is_it = |entry: &Value| text(entry, "id").eq_ignore_ascii_case(id) && text(entry, "type") == kind;
        if list(&all[at], "resourceAccess").iter().any(is_it) {
            continue;
        }
        if let Some(entries) = all[at]["resourceAccess"].as_array_mut() {
            entries.push(json!({ "id": id, "type": kind }));
        }
        added.push(super::made::Access {
            resource: app_id.to_owned(),
            id: id.to_owned(),
            kind: kind.to_owned(),
            name: permission.name.clone(),
        });
    }
    (Value::Array(all), added)
}

/// The credential, where none of an earlier run is good for a while.
pub(super) fn credential(wanted: &Wanted, application: Option<&Value>, now: Timestamp) -> Option<Action> {
    let good = |field: &str| {
        let lasts = |entry: &Value| text(entry, "endDateTime").parse::<Timestamp>().is_ok_and(|end| end > now + SOON);
        let own = |entry: &&Value| text(entry, "displayName") == TAG;
        application.is_some_and(|application| list(application, field).iter().filter(own).any(lasts))
    };
    match &wanted.credential {
        Wish::Nothing => None,
        // A certificate may stand where the policy allowed no secret.
        Wish::Secret { anew: false, or_certificate: Some(_), .. } if good("keyCredentials") => None,
        Wish::Secret { anew: false, .. } if good("passwordCredentials") => None,
        Wish::Certificate { anew: false, .. } if good("keyCredentials") => None,
        Wish::Secret { days, .. } => Some(Action::Secret { days: *days }),
        Wish::Certificate { days, .. } => Some(Action::Certificate { days: *days }),
    }
}

/// The roles that are not assigned yet.
pub(super) fn assignments(wanted: &Wanted, found: &Found) -> Vec<Action> {
    let held = |permission: &&super::Permission| {
        let Some(api) = found.api(permission.resource) else { return false };
        let role = api.id_of(&permission.name).unwrap_or_default();
        let is_it = |own: &Value| {
            text(own, "resourceId").eq_ignore_ascii_case(&api.id) && text(own, "appRoleId").eq_ignore_ascii_case(role)
        };
        found.assignments.iter().any(is_it)
    };
    let missing = wanted.permissions.iter().filter(|permission| !held(permission));
    missing.map(|own| Action::Assign { resource: own.resource, role: own.name.clone() }).collect()
}

/// The delegated permissions that nobody consented to for everybody.
pub(super) fn grants(wanted: &Wanted, found: &Found) -> Vec<Action> {
    let mut actions = Vec::new();
    for api in &found.apis {
        let own = found.grants.iter().find(|grant| text(grant, "resourceId").eq_ignore_ascii_case(&api.id));
        let said = own.map(|grant| text(grant, "scope")).unwrap_or_default();
        let has = |name: &str| said.split_whitespace().any(|own| own.eq_ignore_ascii_case(name));
        let names = wanted.permissions.iter().filter(|permission| permission.resource == api.resource);
        let scopes: Vec<String> = names.map(|permission| permission.name.clone()).filter(|name| !has(name)).collect();
        if !scopes.is_empty() {
            let to = own.map(|grant| (text(grant, "id").to_owned(), said.to_owned()));
            actions.push(Action::Grant { resource: api.resource, scopes, to });
        }
    }
    actions
}

//! Delegated permissions that were consented to, for everybody or for one person (Microsoft Learn, "oAuth2PermissionGrant
//! resource type"). What a person consented to on a page of the login service shows here too.

use axum::body::Bytes;
use axum::extract::{Path, Query, State as Inject};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::principals::found;
use super::query::{self, Options};
use super::{Doing, bad, created, done, missing, object, serve, text};
use crate::sandbox::Shared;
use crate::sandbox::graph::Failure;
use crate::sandbox::state::{PermissionGrant, State, assignment_id};
use crate::sandbox::tokens::Api;

const WHAT: &str = "oauth2PermissionGrants";

pub(super) async fn list(Inject(state): Inject<Shared>, options: Query<Options>, headers: HeaderMap) -> Response {
    serve(&state, &headers, Doing::ReadingGrants, |state, at| {
        let rows = rows(state, at);
        query::answer(state, WHAT, rows, &options)
    })
}

pub(super) async fn of_principal(
    Inject(state): Inject<Shared>,
    Path(id): Path<String>,
    options: Query<Options>,
    headers: HeaderMap,
) -> Response {
    serve(&state, &headers, Doing::ReadingGrants, |state, at| {
        let rows = rows(state, at).into_iter().filter(|row| row["clientId"] == id.as_str()).collect();
        query::answer(state, WHAT, rows, &options)
    })
}

pub(super) async fn read(
    Inject(state): Inject<Shared>,
    Path(id): Path<String>,
    options: Query<Options>,
    headers: HeaderMap,
) -> Response {
    serve(&state, &headers, Doing::ReadingGrants, |state, at| {
        let row = rows(state, at).into_iter().find(|row| row["id"] == id.as_str());
        Ok(query::one(WHAT, row.ok_or_else(|| missing(&id))?, &options))
    })
}

pub(super) async fn create(Inject(state): Inject<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    serve(&state, &headers, Doing::Granting, |state, at| {
        let body = object(&body)?;
        let (client, resource) = (text(&body, "clientId")?, text(&body, "resourceId")?);
        let principal = match (text(&body, "consentType")?, body["principalId"].as_str()) {
            ("AllPrincipals", None) => None,
            ("Principal", Some(person)) => Some(person.to_owned()),
            _ => return Err(bad("Invalid value for 'consentType' or 'principalId'.")),
        };
        let tenant = &mut state.tenants[at];
        let api = tenant.resource(resource).ok_or_else(|| missing(resource))?;
        let row = found(tenant, client)?;
        let grants = &mut tenant.app_mut(row).entry.grants;
        if grants.iter().any(|own| own.api == api && own.principal == principal) {
            let code = "Request_MultipleObjectsWithSameKeyValue";
            return Err(Failure::new(StatusCode::CONFLICT, code, "Permission entry already exists."));
        }
        let grant = PermissionGrant { id: assignment_id(), api, principal, scopes: words(&body["scope"]) };
        grants.push(grant.clone());
        let row = rows(state, at).into_iter().find(|row| row["id"] == grant.id.as_str());
        Ok(created(row.unwrap_or_default()))
    })
}

pub(super) async fn change(
    Inject(state): Inject<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    serve(&state, &headers, Doing::Granting, |state, at| {
        let scopes = words(&object(&body)?["scope"]);
        if let Some((user, client, api)) = consented(state, at, &id) {
            state
                .ledger
                .consents
                .retain(|(who, to, of, name)| !(*who == user && *to == client && *of == api) || scopes.contains(name));
            return Ok(done());
        }
        let tenant = &mut state.tenants[at];
        let row = tenant.row_of(|app| app.entry.grants.iter().any(|own| own.id == id));
        let app = tenant.app_mut(row.ok_or_else(|| missing(&id))?);
        if let Some(grant) = app.entry.grants.iter_mut().find(|own| own.id == id) {
            grant.scopes = scopes;
        }
        Ok(done())
    })
}

pub(super) async fn remove(Inject(state): Inject<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    serve(&state, &headers, Doing::Granting, |state, at| {
        if let Some((user, client, api)) = consented(state, at, &id) {
            state.ledger.consents.retain(|(who, to, of, _)| !(*who == user && *to == client && *of == api));
            return Ok(done());
        }
        let tenant = &mut state.tenants[at];
        let row = tenant.row_of(|app| app.entry.grants.iter().any(|own| own.id == id));
        let app = tenant.app_mut(row.ok_or_else(|| missing(&id))?);
        app.entry.grants.retain(|own| own.id != id);
        Ok(done())
    })
}

fn words(scope: &Value) -> Vec<String> {
    scope.as_str().unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// Every grant: those that administrators made, and those of people who pressed Accept.
fn rows(state: &State, at: usize) -> Vec<Value> {
    let tenant = &state.tenants[at];
    let row = |id: &str, client: &str, principal: Option<&str>, api: Api, scopes: &[String]| {
        json!({
            "id": id, "clientId": client, "consentType": if principal.is_some() { "Principal" } else { "AllPrincipals" },
            "principalId": principal, "resourceId": tenant.resource_id(api), "scope": scopes.join(" "),
        })
    };
    let mut rows = Vec::new();
    for app in tenant.all_apps() {
        for own in &app.entry.grants {
            rows.push(row(&own.id, &app.object_id, own.principal.as_deref(), own.api, &own.scopes));
        }
    }
    for (user, client, api) in consents(state, at) {
        let app = tenant.all_apps().find(|app| app.client_id == client);
        let person = tenant.mailboxes.iter().find(|mailbox| mailbox.signs_in_as(&user));
        let (Some(app), Some(person)) = (app, person) else { continue };
        let own = state.ledger.consents.iter().filter(|(who, to, of, _)| *who == user && *to == client && *of == api);
        let mut scopes: Vec<String> = own.map(|(.., name)| name.clone()).collect();
        scopes.sort();
        scopes.dedup();
        rows.push(row(&consent_id(&user, &client, api), &app.object_id, Some(&person.id), api, &scopes));
    }
    rows
}

/// Who consented to which application's use of which API.
fn consents(state: &State, at: usize) -> Vec<(String, String, Api)> {
    let here = |user: &str| state.tenants[at].mailboxes.iter().any(|mailbox| mailbox.signs_in_as(user));
    let mut all = Vec::new();
    for (user, client, api, _) in &state.ledger.consents {
        let one = (user.clone(), client.clone(), *api);
        if here(user) && !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

fn consented(state: &State, at: usize, id: &str) -> Option<(String, String, Api)> {
    consents(state, at).into_iter().find(|(user, client, api)| consent_id(user, client, *api) == id)
}

fn consent_id(user: &str, client: &str, api: Api) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{user} {client} {}", api.app_id())))
}

//! Applications: the registrations of the tenant (Microsoft Learn, "application resource type").

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State as Inject};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::credentials::{self, shown_key, shown_password};
use super::query::{self, Options};
use super::resources::{APIS, Kind};
use super::{Doing, bad, created, done, missing, object, serve, text};
use crate::sandbox::Shared;
use crate::sandbox::entra::Broken;
use crate::sandbox::graph::Failure;
use crate::sandbox::state::{App, Audience, Platform, RedirectAddress, Row, State, Tenant};
use crate::sandbox::tokens::Api;

const WHAT: &str = "applications";

pub(super) async fn list(Inject(state): Inject<Shared>, options: Query<Options>, headers: HeaderMap) -> Response {
    serve(&state, &headers, Doing::Reading, |state, at| {
        let tenant = &mut state.tenants[at];
        let rows: Vec<Row> = rows(tenant);
        let rows = rows.into_iter().filter(|row| shows(tenant.app_mut(*row))).collect::<Vec<_>>();
        let rows = rows.into_iter().map(|row| described(tenant, row, false)).collect();
        query::answer(state, WHAT, rows, &options)
    })
}

pub(super) async fn read(
    Inject(state): Inject<Shared>,
    Path(id): Path<String>,
    options: Query<Options>,
    headers: HeaderMap,
) -> Response {
    serve(&state, &headers, Doing::Reading, |state, at| {
        let tenant = &mut state.tenants[at];
        let row = found(tenant, &id)?;
        // The certificate itself is given only where it is asked for, of one application.
        let with_keys = options.get("$select").is_some_and(|names| names.contains("keyCredentials"));
        Ok(query::one(WHAT, described(tenant, row, with_keys), &options))
    })
}

pub(super) async fn create(Inject(state): Inject<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let mut lost = false;
    let response = serve(&state, &headers, Doing::Registering, |state, at| {
        let body = object(&body)?;
        let now = state.now();
        let name = text(&body, "displayName")?.to_owned();
        if body.get("passwordCredentials").is_some() {
            return Err(bad("New password credentials must be generated with service actions."));
        }
        let tenant = &mut state.tenants[at];
        let mut app = App {
            registered: true,
            name,
            client_id: uuid::Uuid::new_v4().to_string(),
            registration_id: uuid::Uuid::new_v4().to_string(),
            exchange_in_force: true,
            ..App::default()
        };
        app.entry.created = Some(now);
        app.entry.unseen = tenant.directory.unseen_reads;
        app.entry.login_unseen = tenant.directory.unseen_logins;
        lost = tenant.directory.loses_answer;
        tenant.apps.push(app);
        let row = Row::Further(tenant.apps.len() - 1);
        if let Err(failure) = write(state, at, row, &body) {
            state.tenants[at].apps.pop();
            return Err(failure);
        }
        Ok(created(described(&state.tenants[at], row, false)))
    });
    // A body that breaks off ends the connection without an answer.
    if lost { Response::new(Body::from_stream(Broken)) } else { response }
}

pub(super) async fn change(
    Inject(state): Inject<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    serve(&state, &headers, Doing::Registering, |state, at| {
        let row = found(&mut state.tenants[at], &id)?;
        write(state, at, row, &object(&body)?)?;
        Ok(done())
    })
}

pub(super) async fn remove(Inject(state): Inject<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    serve(&state, &headers, Doing::Registering, |state, at| {
        let tenant = &mut state.tenants[at];
        match found(tenant, &id)? {
            Row::First => tenant.app = App::default(),
            Row::Further(n) => drop(tenant.apps.remove(n)),
        }
        Ok(done())
    })
}

fn rows(tenant: &Tenant) -> Vec<Row> {
    let all = std::iter::once(Row::First).chain((0..tenant.apps.len()).map(Row::Further));
    let is_own = |row: &Row| {
        let app = tenant.app_at(*row);
        app.registered && !app.foreign
    };
    all.filter(is_own).collect()
}

/// Whether a new application shows by now; each look brings that nearer.
fn shows(app: &mut App) -> bool {
    let unseen = app.entry.unseen > 0;
    app.entry.unseen = app.entry.unseen.saturating_sub(1);
    !unseen
}

/// The application of an object id, or of `appId='…'` in its place.
pub(super) fn found(tenant: &mut Tenant, id: &str) -> Result<Row, Failure> {
    let is_it = |row: &Row| tenant.app_at(*row).registration_id.eq_ignore_ascii_case(id);
    let row = rows(tenant).into_iter().find(is_it);
    row.filter(|row| shows(tenant.app_mut(*row))).ok_or_else(|| missing(id))
}

/// Takes over what a request says of an application, all or nothing.
fn write(state: &mut State, at: usize, row: Row, body: &Value) -> Result<(), Failure> {
    let tenant = &state.tenants[at];
    let mut app = tenant.app_at(row).clone();
    for (name, value) in body.as_object().into_iter().flatten() {
        match name.as_str() {
            "displayName" => value.as_str().unwrap_or_default().clone_into(&mut app.name),
            "signInAudience" => app.audience = audience(value)?,
            "isFallbackPublicClient" => app.public_flows = value.as_bool() == Some(true),
            "publicClient" => redirects(&mut app, Platform::Native, &value["redirectUris"]),
            "web" => redirects(&mut app, Platform::Web, &value["redirectUris"]),
            "spa" => redirects(&mut app, Platform::Spa, &value["redirectUris"]),
            "requiredResourceAccess" => access(tenant, &mut app, value)?,
            "keyCredentials" => credentials::keys(tenant, &mut app, value)?,
            "api" => app.entry.token_version = value["requestedAccessTokenVersion"].as_u64(),
            "tags" => app.entry.tags = strings(value),
            "notes" | "description" => {}
            _ => return Err(bad(format!("One or more property values specified are invalid: '{name}'."))),
        }
    }
    let personal = matches!(app.audience, Audience::MultipleAndPersonal | Audience::Personal);
    if personal && !app.foreign && row != Row::First && app.entry.token_version != Some(2) {
        return Err(bad("Property api.requestedAccessTokenVersion is invalid."));
    }
    *state.tenants[at].app_mut(row) = app;
    Ok(())
}

fn audience(value: &Value) -> Result<Audience, Failure> {
    let words = "One or more properties contains invalid values: 'signInAudience'.";
    serde_json::from_value(value.clone()).map_err(|_| bad(words))
}

fn redirects(app: &mut App, platform: Platform, addresses: &Value) {
    app.redirects.retain(|redirect| redirect.platform != platform);
    app.redirects.extend(strings(addresses).into_iter().map(|uri| RedirectAddress { uri, platform }));
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// The permissions asked for, which the login service reads by their names.
fn access(tenant: &Tenant, app: &mut App, value: &Value) -> Result<(), Failure> {
    let mut names: [Vec<String>; 4] = Default::default();
    for resource in value.as_array().ok_or_else(|| bad("Invalid value for 'requiredResourceAccess'."))? {
        let api = APIS.into_iter().find(|api| resource["resourceAppId"] == api.app_id());
        for entry in resource["resourceAccess"].as_array().into_iter().flatten() {
            let kind = match entry["type"].as_str() {
                Some("Role") => Kind::Role,
                Some("Scope") => Kind::Scope,
                _ => return Err(bad("Invalid value for 'type' of 'resourceAccess'.")),
            };
            let Some(api) = api else { continue };
            let name = tenant.permission_name(api, kind, entry["id"].as_str().unwrap_or_default());
            let list = usize::from(api == Api::Graph) * 2 + usize::from(kind == Kind::Scope);
            names[list].extend(name);
        }
    }
    let [roles, scopes, graph_roles, graph_scopes] = names;
    (app.requested_roles, app.scopes, app.graph_roles, app.graph_scopes) = (roles, scopes, graph_roles, graph_scopes);
    app.entry.access = Some(value.clone());
    Ok(())
}

/// What the registration asks for, as Graph writes it.
fn required(tenant: &Tenant, app: &App) -> Value {
    if let Some(access) = &app.entry.access {
        return access.clone();
    }
    let of = |api: Api, roles: &[String], scopes: &[String]| {
        let entries = roles.iter().map(|name| (Kind::Role, "Role", name));
        let entries = entries.chain(scopes.iter().map(|name| (Kind::Scope, "Scope", name)));
        let entry = |(kind, word, name): (Kind, &str, &String)| {
            Some(json!({ "id": tenant.permission_id(api, kind, name)?, "type": word }))
        };
        json!({ "resourceAppId": api.app_id(), "resourceAccess": entries.filter_map(entry).collect::<Vec<_>>() })
    };
    json!([of(Api::Outlook, &app.requested_roles, &app.scopes), of(Api::Graph, &app.graph_roles, &app.graph_scopes),])
}

fn described(tenant: &Tenant, row: Row, with_keys: bool) -> Value {
    let app = tenant.app_at(row);
    let uris = |platform: Platform| -> Vec<&str> {
        app.redirects.iter().filter(|own| own.platform == platform).map(|own| own.uri.as_str()).collect()
    };
    let audience = match app.audience {
        Audience::Single => "AzureADMyOrg",
        Audience::Multiple => "AzureADMultipleOrgs",
        Audience::MultipleAndPersonal => "AzureADandPersonalMicrosoftAccount",
        Audience::Personal => "PersonalMicrosoftAccount",
    };
    let key = |key| shown_key(key, with_keys);
    json!({
        "id": app.registration_id, "appId": app.client_id, "displayName": app.name(), "deletedDateTime": null,
        "createdDateTime": app.entry.created.map(|at| at.to_string()), "publisherDomain": tenant.domain,
        "signInAudience": audience, "isFallbackPublicClient": app.public_flows, "identifierUris": [],
        "tags": app.entry.tags, "appRoles": [],
        "api": { "oauth2PermissionScopes": [], "requestedAccessTokenVersion": app.entry.token_version },
        "publicClient": { "redirectUris": uris(Platform::Native) }, "web": { "redirectUris": uris(Platform::Web) },
        "spa": { "redirectUris": uris(Platform::Spa) }, "requiredResourceAccess": required(tenant, app),
        "passwordCredentials": app.entry.passwords.iter().map(shown_password).collect::<Vec<_>>(),
        "keyCredentials": app.keys.iter().map(key).collect::<Vec<_>>(),
    })
}

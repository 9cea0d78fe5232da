//! Service principals: what of the applications, its own and others', is in the tenant (Microsoft Learn, "servicePrincipal
//! resource type").

use axum::body::Bytes;
use axum::extract::{Path, Query, State as Inject};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::query::{self, Options};
use super::resources::APIS;
use super::{Doing, bad, created, done, missing, object, serve, text};
use crate::sandbox::Shared;
use crate::sandbox::graph::Failure;
use crate::sandbox::state::{App, Row, Tenant};
use crate::sandbox::tokens::Api;

const WHAT: &str = "servicePrincipals";
/// The tenant that owns Microsoft's applications (microsoft-facts C.1).
pub(super) const MICROSOFT: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";

pub(super) async fn list(Inject(state): Inject<Shared>, options: Query<Options>, headers: HeaderMap) -> Response {
    serve(&state, &headers, Doing::Reading, |state, at| {
        let tenant = &mut state.tenants[at];
        let apis = APIS.into_iter().filter(|api| *api == Api::Graph || tenant.exchange);
        let mut rows: Vec<Value> = apis.map(|api| tenant.described_resource(api)).collect();
        for row in own(tenant) {
            if shows(tenant.app_mut(row)) {
                rows.push(described(tenant, tenant.app_at(row)));
            }
        }
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
        let row = if let Some(api) = tenant.resource(&id) {
            tenant.described_resource(api)
        } else {
            let row = found(tenant, &id)?;
            described(tenant, tenant.app_at(row))
        };
        Ok(query::one(WHAT, row, &options))
    })
}

pub(super) async fn create(Inject(state): Inject<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    serve(&state, &headers, Doing::Registering, |state, at| {
        let body = object(&body)?;
        let app_id = text(&body, "appId")?;
        let tenant = &mut state.tenants[at];
        let unseen = tenant.directory.unseen_reads;
        let taken = || {
            let words = format!(
                "The service principal cannot be created, updated, or restored because the service principal name \
                 {app_id} is already in use."
            );
            Failure::new(StatusCode::CONFLICT, "Request_MultipleObjectsWithSameKeyValue", words)
        };
        let nobody = || {
            let words =
                format!("The appId '{app_id}' of the service principal does not reference a valid application object.");
            bad(words)
        };
        if APIS.iter().any(|api| api.app_id().eq_ignore_ascii_case(app_id)) {
            return Err(taken());
        }
        let row = tenant.row_of(|app| app.registered && app.client_id.eq_ignore_ascii_case(app_id));
        let row = row.ok_or_else(nobody)?;
        let app = tenant.app_mut(row);
        if app.entry.unseen > 0 {
            app.entry.unseen -= 1;
            return Err(nobody());
        }
        if app.service_principal {
            return Err(taken());
        }
        app.service_principal = true;
        app.object_id = uuid::Uuid::new_v4().to_string();
        app.entry.principal_unseen = unseen;
        Ok(created(described(tenant, tenant.app_at(row))))
    })
}

/// The registration stays; what was consented to goes.
pub(super) async fn remove(Inject(state): Inject<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    serve(&state, &headers, Doing::Registering, |state, at| {
        let tenant = &mut state.tenants[at];
        let row = found(tenant, &id)?;
        let app = tenant.app_mut(row);
        app.service_principal = false;
        app.object_id.clear();
        app.entry.assignments.clear();
        app.entry.grants.clear();
        Ok(done())
    })
}

fn own(tenant: &Tenant) -> Vec<Row> {
    let all = std::iter::once(Row::First).chain((0..tenant.apps.len()).map(Row::Further));
    let is_there = |row: &Row| {
        let app = tenant.app_at(*row);
        app.service_principal && (app.registered || !app.object_id.is_empty())
    };
    all.filter(is_there).collect()
}

fn shows(app: &mut App) -> bool {
    let unseen = app.entry.principal_unseen > 0;
    app.entry.principal_unseen = app.entry.principal_unseen.saturating_sub(1);
    !unseen
}

/// The application behind the object id of a service principal.
pub(super) fn found(tenant: &mut Tenant, id: &str) -> Result<Row, Failure> {
    let is_it = |row: &Row| tenant.app_at(*row).object_id.eq_ignore_ascii_case(id);
    let row = own(tenant).into_iter().find(is_it);
    row.filter(|row| shows(tenant.app_mut(*row))).ok_or_else(|| missing(id))
}

fn described(tenant: &Tenant, app: &App) -> Value {
    json!({
        "id": app.object_id, "appId": app.client_id, "displayName": app.name(), "appDisplayName": app.name(),
        "createdDateTime": app.entry.created.map(|at| at.to_string()),
        "accountEnabled": true, "servicePrincipalType": "Application", "servicePrincipalNames": [app.client_id],
        "appOwnerOrganizationId": if app.foreign { MICROSOFT } else { tenant.id.as_str() },
        "appRoleAssignmentRequired": app.assigned.is_some(), "tags": app.entry.tags, "appRoles": [],
        "oauth2PermissionScopes": [],
    })
}

//! Application roles that applications hold: an assignment is the consent (Microsoft Learn, "appRoleAssignment resource
//! type").

use axum::body::Bytes;
use axum::extract::{Path, Query, State as Inject};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::principals::found;
use super::query::{self, Options};
use super::resources::Kind;
use super::{Doing, bad, created, done, missing, object, serve, text};
use crate::sandbox::Shared;
use crate::sandbox::state::{App, Assignment, State, Tenant, assignment_id};
use crate::sandbox::tokens::Api;

/// What an application holds.
pub(super) async fn held(
    Inject(state): Inject<Shared>,
    Path(id): Path<String>,
    options: Query<Options>,
    headers: HeaderMap,
) -> Response {
    serve(&state, &headers, Doing::Reading, |state, at| {
        let tenant = &mut state.tenants[at];
        let row = found(tenant, &id)?;
        let app = tenant.app_at(row);
        let rows = app.entry.assignments.iter().map(|own| described(tenant, app, own)).collect();
        query::answer(state, "appRoleAssignments", rows, &options)
    })
}

/// Who holds a role of an API.
pub(super) async fn given(
    Inject(state): Inject<Shared>,
    Path(id): Path<String>,
    options: Query<Options>,
    headers: HeaderMap,
) -> Response {
    serve(&state, &headers, Doing::Reading, |state, at| {
        let tenant = &state.tenants[at];
        let api = tenant.resource(&id).ok_or_else(|| missing(&id))?;
        let of = |app: &App| {
            let own = app.entry.assignments.iter().filter(|own| own.api == api);
            own.map(|own| described(tenant, app, own)).collect::<Vec<_>>()
        };
        let rows = tenant.all_apps().flat_map(of).collect();
        query::answer(state, "appRoleAssignments", rows, &options)
    })
}

/// Consents, by either side of the assignment.
pub(super) async fn assign(
    Inject(state): Inject<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let api = api_of(&state, &body);
    serve(&state, &headers, Doing::Assigning(api.unwrap_or(Api::Graph)), |state, at| {
        let body = object(&body)?;
        let (principal, resource) = (text(&body, "principalId")?, text(&body, "resourceId")?);
        let role = text(&body, "appRoleId")?;
        let tenant = &mut state.tenants[at];
        if ![principal, resource].iter().any(|own| own.eq_ignore_ascii_case(&id)) {
            return Err(bad("Not a valid reference update."));
        }
        let api = tenant.resource(resource).ok_or_else(|| missing(resource))?;
        let role = tenant.permission_name(api, Kind::Role, role);
        let role = role.ok_or_else(|| bad("Permission being assigned was not found on application"))?;
        // What does not show yet is no sound end of a reference.
        let row = found(tenant, principal).map_err(|_| bad("Not a valid reference update."))?;
        let app = tenant.app_mut(row);
        if app.entry.assignments.iter().any(|own| own.api == api && own.role == role) {
            return Err(bad("Permission being assigned already exists on the object"));
        }
        let assignment = Assignment { id: assignment_id(), api, role };
        app.entry.assignments.push(assignment.clone());
        Ok(created(described(tenant, tenant.app_at(row), &assignment)))
    })
}

/// The API of a request that is not looked at yet: whose role it is decides who may assign it.
fn api_of(state: &Shared, body: &Bytes) -> Option<Api> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let resource = body.get("resourceId")?.as_str()?;
    let state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    state.tenants.iter().find_map(|tenant| tenant.resource(resource))
}

pub(super) async fn remove(
    Inject(state): Inject<Shared>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let api = {
        let state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        assigned(&state, &id)
    };
    serve(&state, &headers, Doing::Assigning(api.unwrap_or(Api::Graph)), |state, at| {
        let tenant = &mut state.tenants[at];
        let row = tenant.row_of(|app| app.entry.assignments.iter().any(|own| own.id == id));
        let app = tenant.app_mut(row.ok_or_else(|| missing(&id))?);
        app.entry.assignments.retain(|own| own.id != id);
        Ok(done())
    })
}

fn assigned(state: &State, id: &str) -> Option<Api> {
    let mut all = state.tenants.iter().flat_map(Tenant::all_apps).flat_map(|app| &app.entry.assignments);
    all.find(|own| own.id == id).map(|own| own.api)
}

fn described(tenant: &Tenant, app: &App, own: &Assignment) -> Value {
    json!({
        "id": own.id, "appRoleId": tenant.permission_id(own.api, Kind::Role, &own.role),
        "principalId": app.object_id, "principalType": "ServicePrincipal", "principalDisplayName": app.name(),
        "resourceId": tenant.resource_id(own.api), "resourceDisplayName": own.api.title(),
    })
}

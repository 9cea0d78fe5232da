//! The directory as Microsoft Graph shows it: applications, service principals, assignments, grants (Microsoft Learn,
//! "Microsoft Graph REST API v1.0"). What was written counts: an application made here gets a token.

mod applications;
mod assignments;
mod credentials;
mod grants;
mod principals;
mod query;
mod resources;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{delete, get, post};
use serde_json::{Value, json};

use super::Shared;
use super::graph::{Failure, answered, bearer};
use super::refusal::Refusal;
use super::state::State;
use super::tokens::Api;

/// Who may register applications and consent for the organisation, but for what [`PRIVILEGED`] alone may (Microsoft Learn,
/// "Least privileged roles by task in Microsoft Entra ID").
pub(super) const ADMINISTRATORS: [&str; 4] = [
    "Global Administrator",
    "Privileged Role Administrator",
    "Application Administrator",
    "Cloud Application Administrator",
];
/// Who may consent to application permissions of Microsoft Graph.
const PRIVILEGED: [&str; 2] = ["Global Administrator", "Privileged Role Administrator"];

/// The paths of the directory.
pub(super) fn routes() -> Router<Shared> {
    let applications = get(applications::list).post(applications::create);
    let application = get(applications::read).patch(applications::change).delete(applications::remove);
    let principals = get(principals::list).post(principals::create);
    let principal = get(principals::read).delete(principals::remove);
    let held = get(assignments::held).post(assignments::assign);
    let given = get(assignments::given).post(assignments::assign);
    let grants = get(grants::list).post(grants::create);
    let grant = get(grants::read).patch(grants::change).delete(grants::remove);
    Router::new()
        .route("/v1.0/applications", applications)
        .route("/v1.0/applications/{id}", application)
        .route("/v1.0/applications/{id}/addPassword", post(credentials::add))
        .route("/v1.0/applications/{id}/removePassword", post(credentials::remove))
        .route("/v1.0/servicePrincipals", principals)
        .route("/v1.0/servicePrincipals/{id}", principal)
        .route("/v1.0/servicePrincipals/{id}/appRoleAssignments", held)
        .route("/v1.0/servicePrincipals/{id}/appRoleAssignments/{assignment}", delete(assignments::remove))
        .route("/v1.0/servicePrincipals/{id}/appRoleAssignedTo", given)
        .route("/v1.0/servicePrincipals/{id}/appRoleAssignedTo/{assignment}", delete(assignments::remove))
        .route("/v1.0/servicePrincipals/{id}/oauth2PermissionGrants", get(grants::of_principal))
        .route("/v1.0/oauth2PermissionGrants", grants)
        .route("/v1.0/oauth2PermissionGrants/{id}", grant)
}

/// What a request is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Reading,
    Registering,
    /// The API whose role is assigned.
    Assigning(Api),
    ReadingGrants,
    Granting,
}

/// Permissions that allow it, the least first (Microsoft Learn, the page of each request).
fn permissions(doing: Doing) -> &'static [&'static str] {
    match doing {
        Doing::Reading => &["Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"],
        Doing::Registering => &["Application.ReadWrite.All"],
        Doing::Assigning(_) => &["AppRoleAssignment.ReadWrite.All"],
        Doing::ReadingGrants => &["DelegatedPermissionGrant.ReadWrite.All", "Directory.Read.All"],
        Doing::Granting => &["DelegatedPermissionGrant.ReadWrite.All"],
    }
}

/// Roles of a person that allow it; none: any person.
fn roles(doing: Doing) -> &'static [&'static str] {
    match doing {
        Doing::Reading | Doing::ReadingGrants => &[],
        Doing::Assigning(Api::Graph) => &PRIVILEGED,
        _ => &ADMINISTRATORS,
    }
}

/// The place of the tenant, where the token and the person behind it allow what is asked for.
fn admitted(state: &State, headers: &HeaderMap, doing: Doing) -> Result<usize, Failure> {
    let token = bearer(state, headers)?;
    state.wire.graph_trouble()?;
    let held = token.claims.scopes().unwrap_or_else(|| token.claims.roles());
    let allowed = permissions(doing).iter().any(|wanted| held.contains(wanted));
    let upn = token.claims.text("upn").unwrap_or_default();
    let person = token.tenant.mailboxes.iter().find(|mailbox| mailbox.signs_in_as(upn));
    let by_role = token.claims.scopes().is_none()
        || roles(doing).is_empty()
        || person.is_some_and(|person| person.is_one_of(roles(doing)));
    if !allowed || !by_role {
        let words = "Insufficient privileges to complete the operation.";
        return Err(Failure::new(StatusCode::FORBIDDEN, "Authorization_RequestDenied", words));
    }
    let at = state.tenants.iter().position(|tenant| tenant.id == token.tenant.id);
    at.ok_or_else(|| missing(&token.tenant.id))
}

/// One request: the state is locked, the caller looked at, and the answer dressed. The work gets the place of the tenant.
fn serve(
    state: &Shared,
    headers: &HeaderMap,
    doing: Doing,
    work: impl FnOnce(&mut State, usize) -> Result<Response, Failure>,
) -> Response {
    let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let result = match admitted(&state, headers, doing) {
        Ok(at) => work(&mut state, at),
        Err(failure) => Err(failure),
    };
    answered(result, headers)
}

fn missing(id: &str) -> Failure {
    let words =
        format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present.");
    Failure::new(StatusCode::NOT_FOUND, "Request_ResourceNotFound", words)
}

fn bad(words: impl Into<String>) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, "Request_BadRequest", words)
}

fn object(body: &Bytes) -> Result<Value, Failure> {
    let words = "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid \
                 JSON format.";
    let value: Option<Value> = serde_json::from_slice(body).ok();
    value.filter(Value::is_object).ok_or_else(|| Failure::new(StatusCode::BAD_REQUEST, "BadRequest", words))
}

fn text<'a>(body: &'a Value, name: &str) -> Result<&'a str, Failure> {
    let value = body.get(name).and_then(Value::as_str).filter(|value| !value.is_empty());
    value.ok_or_else(|| bad(format!("A value is required for property '{name}' of resource.")))
}

fn created(value: Value) -> Response {
    (StatusCode::CREATED, axum::Json(value)).into_response()
}

fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

impl State {
    /// What the login service says of an application, or of a secret, that it does not know yet; each time once less.
    pub(super) fn not_yet_known(
        &mut self,
        name: &str,
        fields: &std::collections::HashMap<String, String>,
    ) -> Option<Refusal> {
        let (client_id, secret) = (fields.get("client_id")?, fields.get("client_secret"));
        let tenant = self.tenants.iter_mut().find(|tenant| tenant.cloud.is_none() && tenant.is(name))?;
        let row = tenant.row_of(|app| app.client_id.eq_ignore_ascii_case(client_id))?;
        let app = tenant.app_mut(row);
        if app.entry.login_unseen > 0 {
            app.entry.login_unseen -= 1;
            return Some(Refusal::app_not_found(client_id, tenant));
        }
        let new = app.entry.passwords.iter_mut().find(|own| Some(&own.value) == secret && own.unseen > 0)?;
        new.unseen -= 1;
        Some(Refusal::wrong_secret(client_id))
    }
}

/// The head of every answer that is one object.
fn context(what: &str) -> Value {
    json!(format!("https://graph.microsoft.com/v1.0/$metadata#{what}"))
}

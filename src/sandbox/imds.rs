//! The machine's own service for managed identities, on plain HTTP: the instance metadata service of a virtual machine, and
//! under another path that of App Service. Its words are those of Microsoft Learn and of public issues.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Query, State as Inject};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Shared;
use super::assertions::Proved;
use super::state::{State, Tenant};
use super::tokens::{self, Subject};

/// The machine that the program runs on, as far as it has identities.
#[derive(Debug, Clone, Default)]
pub(super) struct Machine {
    pub(super) identities: Vec<Identity>,
    /// What App Service gives to the program; none on a virtual machine.
    pub(super) header: Option<String>,
    /// Requests that it still answers with 429.
    pub(super) busy: u32,
}

/// An identity of the machine; what is not said is the application's.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Identity {
    /// It is the system-assigned one.
    pub(super) system: bool,
    pub(super) client_id: String,
    pub(super) object_id: String,
    pub(super) resource_id: String,
}

type Fields = HashMap<String, String>;

/// Serves until it is dropped.
pub(super) async fn serve(listener: TcpListener, state: Shared) {
    let router = Router::new()
        .route("/metadata/identity/oauth2/token", get(of_machine))
        .route("/msi/token", get(of_app_service))
        .with_state(state);
    let _ = axum::serve(listener, router).await;
}

async fn of_machine(Inject(state): Inject<Shared>, head: HeaderMap, Query(query): Query<Fields>) -> Response {
    // What came through a proxy, or from a page that was tricked into it, lacks the one or has the other.
    if head.get("metadata").is_none_or(|value| value != "true") || head.contains_key("x-forwarded-for") {
        return refused("invalid_request", "Required metadata header not specified");
    }
    if query.get("api-version").is_none_or(|version| version.as_str() < "2018-02-01") {
        return refused("invalid_request", "Required query variable 'api-version' is missing or not supported");
    }
    let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    answer(&mut state, &query, ["client_id", "object_id", "msi_res_id"])
        .unwrap_or_else(|no| refused(no.error, &no.words))
}

async fn of_app_service(Inject(state): Inject<Shared>, head: HeaderMap, Query(query): Query<Fields>) -> Response {
    let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let given = head.get("x-identity-header").and_then(|value| value.to_str().ok());
    if given.is_none() || given != state.machine.header.as_deref() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if query.get("api-version").map(String::as_str) != Some("2019-08-01") {
        return refused("invalid_request", "The api-version is not supported.");
    }
    answer(&mut state, &query, ["client_id", "principal_id", "mi_res_id"]).unwrap_or_else(|no| {
        let echo =
            given.filter(|_| state.wire.login_echoes).map(|given| format!(" The request had the header {given}"));
        refused(no.error, &format!("{}{}", no.words, echo.unwrap_or_default()))
    })
}

/// Why the machine gives no token.
struct No {
    error: &'static str,
    words: String,
}

fn invalid(words: &str) -> No {
    No { error: "invalid_request", words: words.to_owned() }
}

fn answer(state: &mut State, query: &Fields, selectors: [&str; 3]) -> Result<Response, No> {
    if state.machine.busy > 0 {
        state.machine.busy -= 1;
        return Ok((StatusCode::TOO_MANY_REQUESTS, "Too many requests").into_response());
    }
    let resource = query.get("resource").ok_or_else(|| invalid("Required query variable 'resource' is missing"))?;
    let identity = chosen(&state.machine.identities, query, selectors).map_err(invalid)?.clone();
    let Some(tenant) = state.tenants.first() else { return Ok(StatusCode::NOT_FOUND.into_response()) };
    let graph = super::entra::api(tenant, &format!("{resource}/.default"))
        .map_err(|refusal| No { error: "invalid_resource", words: refusal.sentence() })?;
    let own = principal(tenant, &identity);
    let token = tokens::mint(state, &own, Subject::App(Proved::ByAssertion), graph);
    let (now, life) = (state.now().as_second(), own.tokens.lifetime.max(0));
    let body = json!({
        "access_token": token, "client_id": own.app.client_id, "resource": resource, "token_type": "Bearer",
        // Texts, unlike those of the login service.
        "expires_in": life.to_string(), "ext_expires_in": life.to_string(), "expires_on": (now + life).to_string(),
        "not_before": now.to_string(),
    });
    Ok(axum::Json(body).into_response())
}

/// The identity that is asked for; without a word the system's, else the only one.
fn chosen<'a>(all: &'a [Identity], query: &Fields, names: [&str; 3]) -> Result<&'a Identity, &'static str> {
    let said = |n: usize| query.get(names[n]).map(String::as_str);
    let is = |own: &str, said: &str| own.eq_ignore_ascii_case(said);
    let wanted = |identity: &&Identity| {
        said(0).is_none_or(|id| is(&identity.client_id, id))
            && said(1).is_none_or(|id| is(&identity.object_id, id))
            && said(2).is_none_or(|id| is(&identity.resource_id, id))
    };
    if (0..3).any(|n| said(n).is_some()) {
        return all.iter().find(wanted).ok_or("Identity not found");
    }
    match all {
        [] => Err("Identity not found"),
        [only] => Ok(only),
        several => several.iter().find(|identity| identity.system).ok_or(
            "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the \
             token request",
        ),
    }
}

/// The tenant as this identity's tokens show it: where it is not the application, it was granted nothing.
fn principal(tenant: &Tenant, identity: &Identity) -> Tenant {
    let mut own = tenant.clone();
    if !identity.client_id.eq_ignore_ascii_case(&tenant.app.client_id) {
        own.app.client_id.clone_from(&identity.client_id);
        own.app.object_id.clone_from(&identity.object_id);
        own.app.entry.assignments.clear();
    }
    own
}

fn refused(error: &str, words: &str) -> Response {
    let body: Value = json!({ "error": error, "error_description": words });
    (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
}

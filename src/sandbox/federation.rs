//! Issuers outside of the tenant, and the trust that an application puts in them: what a pipeline and a cluster have.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Path, Query, State as Inject};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::json;

use super::Shared;
use super::assertions::Shown;
use super::keys::ISSUER;
use super::refusal::Refusal;
use super::state::{App, State};

/// A job of a pipeline, which may ask for tokens about itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Pipeline {
    pub(super) issuer: String,
    pub(super) subject: String,
    /// Seconds until its tokens expire.
    pub(super) life: i64,
    /// Somebody else's key signs them.
    pub(super) forged: bool,
    /// What the job shows when it asks.
    pub(super) token: String,
    /// `permissions: id-token: write`.
    pub(super) permitted: bool,
}

/// Description and keys of each issuer (OpenID Connect Discovery 1.0 section 4), and what GitHub gives to a job.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/oidc/{name}/.well-known/openid-configuration", get(describe))
        .route("/oidc/{name}/keys", get(keys))
        .route("/oidc/github/request", get(request))
}

async fn describe(Inject(state): Inject<Shared>, Path(name): Path<String>) -> Response {
    let state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let issuer = issuer(&state, &name);
    axum::Json(json!({
        "issuer": issuer, "jwks_uri": format!("{issuer}/keys"), "subject_types_supported": ["public"],
        "response_types_supported": ["id_token"], "id_token_signing_alg_values_supported": ["RS256"],
    }))
    .into_response()
}

async fn keys(Inject(state): Inject<Shared>, Path(name): Path<String>) -> Response {
    let state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    axum::Json(json!({ "keys": [ISSUER.jwk(&issuer(&state, &name))] })).into_response()
}

/// What `ACTIONS_ID_TOKEN_REQUEST_URL` answers (GitHub Docs, "OpenID Connect reference").
async fn request(
    Inject(state): Inject<Shared>,
    head: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let given = head.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let job = state.pipeline.as_ref().filter(|job| job.permitted && given == Some(job.token.as_str()));
    let Some(job) = job else {
        let echo = given.filter(|_| state.wire.login_echoes).unwrap_or_default();
        let words = json!({ "message": format!("Unauthorized{}{echo}", if echo.is_empty() { "" } else { ": " }) });
        return (StatusCode::UNAUTHORIZED, axum::Json(words)).into_response();
    };
    // Without a word it is the owner's address.
    let audience = query.get("audience").map_or("https://github.com/contoso", String::as_str);
    let value = job.assertion(audience, state.now().as_second() - state.clock_ahead);
    axum::Json(json!({ "count": value.len(), "value": value })).into_response()
}

/// The issuer of this name.
pub(super) fn issuer(state: &State, name: &str) -> String {
    format!("{}/oidc/{name}", state.login())
}

/// Whether the application trusts this token: its issuer, its subject and its audience stand in one credential, letter by
/// letter, and the issuer's key signed it (Microsoft Learn, "Workload identity federation").
pub(super) fn trusted(state: &State, app: &App, shown: &Shown<'_>) -> Result<(), Refusal> {
    let (issuer, subject) = (shown.text("iss").unwrap_or_default(), shown.text("sub").unwrap_or_default());
    let audience = shown.audiences().first().copied().unwrap_or_default();
    if app.federated.is_empty() {
        return Err(Refusal::no_federation(issuer, subject, audience));
    }
    let of_issuer: Vec<_> = app.federated.iter().filter(|trust| trust.issuer == issuer).collect();
    if of_issuer.is_empty() {
        return Err(Refusal::no_match(700_211, "issuer", issuer));
    }
    let of_subject: Vec<_> = of_issuer.iter().filter(|trust| trust.subject == subject).collect();
    if of_subject.is_empty() {
        return Err(Refusal::no_match(700_213, "subject", subject));
    }
    if !of_subject.iter().any(|trust| shown.audiences().contains(&trust.audience.as_str())) {
        return Err(Refusal::no_match(700_212, "audience", audience));
    }
    // Nobody else signs for the issuers of this computer. What the service says of a wrong signature is not known to us.
    let own = issuer.starts_with(&format!("{}/oidc/", state.login()));
    if own && ISSUER.signed(shown.whole) { Ok(()) } else { Err(Refusal::malformed_assertion()) }
}

//! Issuers outside of the tenant, and the trust that an application puts in them: what a pipeline and a cluster have.

use axum::Router;
use axum::extract::{Path, State as Inject};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::json;

use super::Shared;
use super::assertions::Shown;
use super::keys::ISSUER;
use super::refusal::Refusal;
use super::state::{App, State};

/// Description and keys of each issuer (OpenID Connect Discovery 1.0 section 4).
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/oidc/{name}/.well-known/openid-configuration", get(describe))
        .route("/oidc/{name}/keys", get(keys))
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
    // Nobody else signs for the issuers of this computer.
    let own = issuer.starts_with(&format!("{}/oidc/", state.login()));
    if own && ISSUER.signed(shown.whole) { Ok(()) } else { Err(Refusal::malformed_assertion()) }
}

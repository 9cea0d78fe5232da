//! The login services of the other clouds: each a prefix on this one's port, where a tenant is described that lives there.

use axum::Router;
use axum::extract::{Path, State as Inject};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::json;
use url::Url;

use super::Shared;
use super::entra::correlation;
use super::refusal::Refusal;
use crate::cloud::Sibling;

/// The prefix of a login service, and the clouds that share it (microsoft-facts A.1).
const PREFIXES: [(&str, &[&str]); 2] = [("us", &["gcc-high", "dod"]), ("cn", &["china"])];

pub(super) fn all(login: &Url) -> Vec<Sibling> {
    let sibling = |(prefix, clouds): &(&str, &[&str])| Sibling {
        clouds: clouds.iter().map(|cloud| (*cloud).to_owned()).collect(),
        login: login.join(prefix).expect("a prefix is a path"),
    };
    PREFIXES.iter().map(sibling).collect()
}

pub(super) fn routes() -> Router<Shared> {
    let prefixes = PREFIXES.iter().map(|(prefix, _)| *prefix);
    prefixes.fold(Router::new(), |router, prefix| {
        let path = format!("/{prefix}/{{tenant}}/v2.0/.well-known/openid-configuration");
        router.route(
            &path,
            get(move |state: Inject<Shared>, name: Path<String>, headers: HeaderMap| async move {
                describe(prefix, &state.0, &name.0, &headers)
            }),
        )
    })
}

fn describe(prefix: &'static str, state: &Shared, name: &str, headers: &HeaderMap) -> Response {
    let state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let clouds = PREFIXES.iter().find(|(known, _)| *known == prefix).map_or(&[][..], |(_, clouds)| clouds);
    let lives_here = |cloud: &str| clouds.contains(&cloud);
    let mut tenants = state.tenants.iter().filter(|tenant| tenant.cloud.as_deref().is_some_and(lives_here));
    let Some(tenant) = tenants.find(|tenant| tenant.is(name)) else {
        return Refusal::tenant_not_found(name).answer(&state, &correlation(headers));
    };
    let base = format!("https://localhost:{}/{prefix}", state.login_port);
    let mut description = json!({
        "token_endpoint": format!("{base}/{}/oauth2/v2.0/token", tenant.id),
        "jwks_uri": format!("{base}/{}/discovery/v2.0/keys", tenant.id),
        "issuer": format!("{base}/{}/v2.0", tenant.id),
        "tenant_region_scope": tenant.region,
    });
    if let Some(sub) = &tenant.sub_region {
        description["tenant_region_sub_scope"] = json!(sub);
    }
    axum::Json(description).into_response()
}

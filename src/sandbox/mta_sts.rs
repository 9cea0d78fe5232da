//! The policies of MTA-STS, each at the host of its domain (RFC 8461 section 3.3).

use axum::Router;
use axum::extract::State as Inject;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;

use super::Shared;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/.well-known/mta-sts.txt", get(policy))
}

async fn policy(Inject(state): Inject<Shared>, headers: HeaderMap) -> Response {
    let state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let domain = host.strip_prefix("mta-sts.").unwrap_or_default();
    let tenant = state.tenants.iter().find(|tenant| tenant.domain.eq_ignore_ascii_case(domain));
    match tenant.and_then(|tenant| tenant.dns.mta_sts_policy.as_deref()).filter(|policy| !policy.is_empty()) {
        Some(policy) => ([(header::CONTENT_TYPE, "text/plain")], policy.to_owned()).into_response(),
        None => (StatusCode::NOT_FOUND, "").into_response(),
    }
}

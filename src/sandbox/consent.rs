//! The admin-consent page: asks once, and redirects with the answer.

use std::collections::HashMap;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use url::Url;

use super::refusal::Refusal;
use super::sign_in::page::{escape, refused, shown};
use super::state::{State, Tenant};

/// The page; `answer=accept` or `answer=cancel` in its own links is the button that was pressed.
pub(super) fn page(state: &mut State, name: &str, query: &HashMap<String, String>, v2: bool) -> Response {
    let field = |name: &str| query.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let name = name.to_lowercase();
    if v2 && ["common", "consumers"].contains(&name.as_str()) {
        return refused(&Refusal::consent_over_common());
    }
    let Some(client_id) = field("client_id") else { return refused(&Refusal::missing("client_id")) };
    if v2 && field("scope").is_none() {
        return refused(&Refusal::missing("scope"));
    }
    let any = ["common", "organizations"].contains(&name.as_str());
    let tenant = if any { state.tenants.first() } else { state.tenant(&name) };
    let Some(tenant) = tenant else { return refused(&Refusal::tenant_not_found(&name)) };
    if tenant.find_app(client_id).is_none() {
        return refused(&Refusal::app_not_found(client_id, tenant));
    }
    let Some(redirect) = field("redirect_uri").and_then(|uri| Url::parse(uri).ok()) else {
        return refused(&Refusal::no_reply_address());
    };
    let Some(answer) = field("answer") else { return ask(query, &tenant.domain) };
    let (accepted, id) = (answer == "accept", tenant.id.clone());
    if accepted {
        let tenant = state.tenants.iter_mut().find(|tenant| tenant.id == id);
        consent(tenant, client_id);
    }
    Redirect::to(redirected(redirect, query, accepted, v2, &id).as_str()).into_response()
}

/// What an administrator's yes brings about: the service principal, and all that the registration asks for.
pub(super) fn consent(tenant: Option<&mut Tenant>, client_id: &str) {
    let Some(tenant) = tenant else { return };
    if let Some(row) = tenant.row_of(|app| app.registered && app.client_id.eq_ignore_ascii_case(client_id)) {
        let app = tenant.app_mut(row);
        app.service_principal = true;
        app.consent();
        app.consent_for_all();
    }
}

fn redirected(mut to: Url, query: &HashMap<String, String>, accepted: bool, v2: bool, tenant: &str) -> Url {
    {
        let mut pairs = to.query_pairs_mut();
        match (accepted, v2) {
            (true, _) => {
                pairs.append_pair("admin_consent", "True").append_pair("tenant", tenant);
            }
            // v2.0 says admin_consent=True on failure too.
            (false, true) => {
                pairs
                    .append_pair("error", "consent_required")
                    .append_pair("error_description", "AADSTS65004: User declined to consent to access the app.")
                    .append_pair("admin_consent", "True");
            }
            (false, false) => {
                pairs
                    .append_pair("error", "permission_denied")
                    .append_pair("error_description", "The admin canceled the request");
            }
        }
        for name in ["state", "scope"] {
            if let Some(value) = query.get(name).filter(|_| name == "state" || (accepted && v2)) {
                pairs.append_pair(name, value);
            }
        }
    }
    to
}

fn ask(query: &HashMap<String, String>, domain: &str) -> Response {
    let link = |answer: &str| {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in query {
            pairs.append_pair(name, value);
        }
        pairs.append_pair("answer", answer).finish()
    };
    let body = format!(
        "<p>Review for your organization {}.</p><p><a href=\"?{}\">Accept</a> <a href=\"?{}\">Cancel</a></p>",
        escape(domain),
        escape(&link("accept")),
        escape(&link("cancel")),
    );
    shown(StatusCode::OK, "Permissions requested", &body)
}

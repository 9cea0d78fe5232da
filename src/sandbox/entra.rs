//! The login service over HTTPS: description, keys, tokens, and the admin-consent page.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Form, Path, Query, Request, State as Inject};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Shared;
use super::assertions::{self, Proved, Question};
use super::https::TlsDoor;
use super::keys::PUBLISHED;
use super::refusal::Refusal;
use super::state::{State, Tenant};
use super::tokens::{self, Subject};

/// Serves until it is dropped.
pub(super) async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, state: Shared, rtt: Duration) {
    // The first key takes a moment; it is made while nobody waits.
    let warm = tokio::task::spawn_blocking(|| PUBLISHED.kid.len());
    let door = TlsDoor::open(listener, tls, rtt);
    let router = Router::new()
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(describe))
        .route("/{tenant}/.well-known/openid-configuration", get(describe))
        .route("/{tenant}/discovery/v2.0/keys", get(keys))
        .route("/{tenant}/discovery/keys", get(keys))
        .route("/{tenant}/oauth2/v2.0/token", post(token))
        .route("/{tenant}/v2.0/adminconsent", get(consent_page))
        .route("/{tenant}/adminconsent", get(consent_page))
        .merge(super::sign_in::routes())
        .layer(from_fn_with_state(state.clone(), misbehave))
        .merge(super::siblings::routes())
        .merge(super::federation::routes())
        .merge(super::graph::routes())
        .merge(super::directory::routes())
        .merge(super::door::routes())
        .merge(super::ews::routes())
        .merge(super::mta_sts::routes())
        .with_state(state);
    let _ = warm.await;
    let _ = axum::serve(door, router).await;
}

/// Lays the faults of the wire over every answer, and the service's own time on it.
async fn misbehave(Inject(state): Inject<Shared>, request: Request, next: Next) -> Response {
    let (wire, ahead) = {
        let state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        (state.wire.clone(), state.clock_ahead)
    };
    if wire.login_closes {
        // A body that breaks off ends the connection without an answer.
        let broken = Body::from_stream(Broken);
        return Response::new(broken);
    }
    if let Some(status) = wire.login_status.and_then(|status| StatusCode::from_u16(status).ok()) {
        let page = "<!DOCTYPE html><html><body><h1>Service unavailable</h1></body></html>";
        return (status, [(header::RETRY_AFTER, "17")], Html(page)).into_response();
    }
    if let Some(to) = wire.login_redirects.filter(|_| request.method() == "POST") {
        return Redirect::temporary(&to).into_response();
    }
    let mut response = next.run(request).await;
    let now = Timestamp::now() + SignedDuration::from_secs(ahead);
    if let Ok(date) = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now)
        && let Ok(date) = HeaderValue::from_str(&date)
    {
        response.headers_mut().insert(header::DATE, date);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache"));
    response
}

/// A body that fails at once.
pub(super) struct Broken;

impl futures_core::Stream for Broken {
    type Item = Result<Vec<u8>, std::io::Error>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))
    }
}

async fn describe(Inject(state): Inject<Shared>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    let state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let base = format!("https://localhost:{}", state.login_port);
    let any = ["common", "organizations", "consumers"].contains(&name.to_lowercase().as_str());
    let tenant = state.tenant(&name);
    if tenant.is_none() && !any {
        let correlation = correlation(&headers);
        return Refusal::tenant_not_found(&name).answer(&state, &correlation);
    }
    let id = tenant.map_or("{tenantid}", |tenant| tenant.id.as_str());
    let path = if any { name.clone() } else { id.to_owned() };
    let mut description = json!({
        "token_endpoint": format!("{base}/{path}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{base}/{path}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": format!("{base}/{id}/v2.0"),
        "request_uri_parameter_supported": false,
        "userinfo_endpoint": format!("{base}/oidc/userinfo"),
        "authorization_endpoint": format!("{base}/{path}/oauth2/v2.0/authorize"),
        "device_authorization_endpoint": format!("{base}/{path}/oauth2/v2.0/devicecode"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": format!("{base}/{path}/oauth2/v2.0/logout"),
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver"],
        "cloud_instance_name": "localhost",
        "cloud_graph_host_name": "localhost",
        "msgraph_host": "localhost",
    });
    if let Some(tenant) = tenant {
        description["tenant_region_scope"] = Value::from(tenant.region.as_str());
        if let Some(sub) = &tenant.sub_region {
            description["tenant_region_sub_scope"] = Value::from(sub.as_str());
        }
    }
    axum::Json(description).into_response()
}

async fn keys(Inject(state): Inject<Shared>, Path(name): Path<String>) -> Response {
    let state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if state.wire.keys_missing {
        return (StatusCode::SERVICE_UNAVAILABLE, "").into_response();
    }
    let id = state.tenant(&name).map_or("{tenantid}", |tenant| tenant.id.as_str());
    let issuer = format!("https://localhost:{}/{id}/v2.0", state.login_port);
    axum::Json(json!({ "keys": [PUBLISHED.jwk(&issuer)] })).into_response()
}

type Fields = HashMap<String, String>;

async fn token(
    Inject(state): Inject<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Form(mut fields): Form<Fields>,
) -> Response {
    basic_login(&headers, &mut fields);
    let correlation = correlation(&headers);
    let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(refusal) = state.not_yet_known(&name, &fields) {
        return refusal.answer(&state, &correlation);
    }
    let answer = match super::sign_in::token(&mut state, &name, &fields, &headers) {
        Some(answer) => answer,
        None => grant(&state, &name, &fields).map(|(tenant, graph, proved)| issue(&state, &tenant, graph, proved)),
    };
    answer.unwrap_or_else(|mut refusal| {
        if state.wire.login_echoes {
            refusal.repeat(&fields);
        }
        refusal.answer(&state, &correlation)
    })
}

/// The client may name itself in the head instead (RFC 6749 section 2.3.1).
fn basic_login(headers: &HeaderMap, fields: &mut Fields) {
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    let plain = basic.and_then(|blob| String::from_utf8(STANDARD.decode(blob).ok()?).ok());
    let Some((id, secret)) = plain.as_deref().and_then(|plain| plain.split_once(':')) else { return };
    let decode = |text: &str| {
        url::form_urlencoded::parse(format!("x={text}").as_bytes())
            .next()
            .map_or(String::new(), |(_, v)| v.into_owned())
    };
    fields.insert("client_id".to_owned(), decode(id));
    fields.insert("client_secret".to_owned(), decode(secret));
}

/// Whether a token is due, for which API (true for Graph), and how the application proved itself.
fn grant(state: &State, name: &str, fields: &Fields) -> Result<(Tenant, bool, Proved), Refusal> {
    let field = |name: &'static str| {
        fields.get(name).map(String::as_str).filter(|value| !value.is_empty()).ok_or(Refusal::missing(name))
    };
    let grant_type = field("grant_type")?;
    let client_id = field("client_id")?;
    if fields.contains_key("resource") {
        return Err(Refusal::resource_on_v2());
    }
    if ["common", "organizations", "consumers"].contains(&name.to_lowercase().as_str()) {
        return Err(Refusal::no_tenant());
    }
    let tenant = state.tenant(name).ok_or_else(|| Refusal::tenant_not_found(name))?;
    let app = tenant.find_app(client_id).ok_or_else(|| Refusal::app_not_found(client_id, tenant))?;
    if grant_type != "client_credentials" {
        return Err(Refusal::grant_type(grant_type));
    }
    if app.throttled {
        return Err(Refusal::throttled());
    }
    let proved = assertions::prove(&Question { state, tenant, app, realm: name, client_id, fields })?;
    if !app.service_principal {
        return Err(Refusal::no_service_principal(client_id, tenant));
    }
    let graph = api(tenant, field("scope")?)?;
    Ok((tenant.seen_by(app), graph, proved))
}

/// The API of a scope: true for Graph.
pub(super) fn api(tenant: &Tenant, scope: &str) -> Result<bool, Refusal> {
    let mut scopes = scope.split_whitespace();
    let (Some(first), None) = (scopes.next(), scopes.next()) else { return Err(Refusal::bad_scope(scope)) };
    let Some(resource) = first.strip_suffix("/.default") else { return Err(Refusal::not_default(first)) };
    match resource.trim_end_matches('/') {
        "https://graph.microsoft.com" | "00000003-0000-0000-c000-000000000000" => Ok(true),
        "https://outlook.office365.com"
        | "https://outlook.office.com"
        | "https://ps.outlook.com"
        | "00000002-0000-0ff1-ce00-000000000000"
            if tenant.exchange =>
        {
            Ok(false)
        }
        other => Err(Refusal::no_resource(other, tenant)),
    }
}

fn issue(state: &State, tenant: &Tenant, graph: bool, proved: Proved) -> Response {
    let token = tokens::mint(state, tenant, Subject::App(proved), graph);
    let life = tenant.tokens.lifetime.max(0);
    let body = json!({ "token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token });
    axum::Json(body).into_response()
}

async fn consent_page(
    Inject(state): Inject<Shared>,
    Path(name): Path<String>,
    Query(query): Query<Fields>,
    request: Request,
) -> Response {
    let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    super::consent::page(&mut state, &name, &query, request.uri().path().contains("/v2.0/"))
}

/// The client's own id of the request, or a new one.
pub(super) fn correlation(headers: &HeaderMap) -> String {
    let given = headers.get("client-request-id").and_then(|value| value.to_str().ok());
    let given = given.and_then(|text| uuid::Uuid::try_parse(text).ok());
    given.unwrap_or_else(uuid::Uuid::new_v4).to_string()
}

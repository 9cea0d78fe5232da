//! The authorization end point: sign-in in a browser, and a redirect with a code (RFC 6749 section 4.1.1).

use axum::extract::{Path, Query, State as Inject};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use url::Url;

use super::client::{platform, resolve};
use super::flow::{Ask, Step, advance, remember};
use super::scopes::Scopes;
use super::{Code, Fields, Granted, Method, field, form, minted, now, optional, page};
use crate::sandbox::Shared;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::state::{App, Platform, State};

pub(super) async fn page(
    Inject(state): Inject<Shared>,
    Path(name): Path<String>,
    Query(mut query): Query<Fields>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let typed = form(&body);
    // A request may come as a form too (OpenID Connect Core section 3.1.2.1).
    if typed.contains_key("client_id") {
        query.extend(typed.clone());
    }
    let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let client = match client(&state, &name, &query) {
        Ok(client) => client,
        Err(refusal) => return page::refused(&refusal),
    };
    answer(&mut state, &name, &client, &query, &typed, &headers)
        .unwrap_or_else(|refusal| back(client.to.clone(), &query, refusal.pairs(state.login_port)))
}

/// Who asks and where the answer goes: of these a redirect can not tell.
struct Client {
    app: App,
    to: Url,
    /// The address as it was written.
    redirect: String,
    platform: Platform,
}

fn client(state: &State, name: &str, query: &Fields) -> Result<Client, Refusal> {
    let client_id = field(query, "client_id")?;
    let app = resolve(state, name, client_id, true)?;
    let first = app.redirects.first().map(|redirect| redirect.uri.as_str());
    let redirect = optional(query, "redirect_uri").or(first).ok_or_else(Refusal::no_reply_address)?.to_owned();
    let mismatch = || Refusal::redirect_mismatch(&redirect, &app.client_id);
    let platform = platform(&app, &redirect, state.login_port).ok_or_else(mismatch)?;
    let to = Url::parse(&redirect).map_err(|_| mismatch())?;
    Ok(Client { app, to, redirect, platform })
}

fn answer(
    state: &mut State,
    name: &str,
    client: &Client,
    query: &Fields,
    typed: &Fields,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    let response_type = field(query, "response_type")?;
    if response_type != "code" {
        return Err(Refusal::response_type(response_type));
    }
    let mode = optional(query, "response_mode").unwrap_or("query");
    if !["query", "fragment", "form_post"].contains(&mode) {
        return Err(Refusal::bad_parameter("response_mode", mode));
    }
    let prompt = optional(query, "prompt").unwrap_or_default();
    if !["", "none", "login", "consent", "select_account"].contains(&prompt) {
        return Err(Refusal::bad_parameter("prompt", prompt));
    }
    let challenge = challenge(query)?;
    let scopes = Scopes::read(field(query, "scope")?, &client.app)?;
    let hint = optional(query, "login_hint").unwrap_or_default();
    let ask = Ask { name, app: &client.app, scopes: &scopes, prompt, hint, by_device: false, carries: None };
    let (session, ticket) = match advance(state, &ask, typed, headers) {
        Step::Page(page) => return Ok(page),
        Step::Refused(refusal) => return Err(refusal),
        Step::Done { session, ticket } => (session, ticket),
    };
    let lifetime = state.tenant(&session.tenant).map_or(0, |tenant| tenant.sign_in.code_lifetime);
    let nonce = optional(query, "nonce").map(str::to_owned);
    let (client_id, platform) = (client.app.client_id.clone(), client.platform);
    let granted = Granted { session, client_id, scopes: scopes.clone(), platform, nonce };
    let code = minted("1.AX0Asandbox-code.");
    let until = now(state) + lifetime;
    let kept = Code { granted, redirect: client.redirect.clone(), challenge, until, used: false };
    state.ledger.codes.insert(code.clone(), kept);
    let pairs = vec![("code", code), ("session_state", uuid::Uuid::new_v4().to_string())];
    let mut response = back(client.to.clone(), query, pairs);
    remember(&mut response, &ticket);
    Ok(response)
}

/// RFC 7636 section 4.3: `plain` where no method is named.
fn challenge(query: &Fields) -> Result<Option<(String, Method)>, Refusal> {
    let Some(challenge) = optional(query, "code_challenge") else { return Ok(None) };
    let method = match optional(query, "code_challenge_method").unwrap_or("plain") {
        "plain" => Method::Plain,
        "S256" => Method::S256,
        other => return Err(Refusal::bad_parameter("code_challenge_method", other)),
    };
    if !(43..=128).contains(&challenge.len()) {
        return Err(Refusal::bad_parameter("code_challenge", challenge));
    }
    Ok(Some((challenge.to_owned(), method)))
}

/// The answer to the application, in the way that it wants.
fn back(mut to: Url, query: &Fields, mut pairs: Vec<(&'static str, String)>) -> Response {
    if let Some(state) = query.get("state") {
        pairs.push(("state", state.clone()));
    }
    match query.get("response_mode").map(String::as_str) {
        Some("form_post") => return page::carried(to.as_str(), &pairs),
        Some("fragment") => {
            let words = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            to.set_fragment(Some(&words));
        }
        _ => drop(to.query_pairs_mut().extend_pairs(&pairs)),
    }
    (StatusCode::FOUND, [(header::LOCATION, to.to_string())]).into_response()
}

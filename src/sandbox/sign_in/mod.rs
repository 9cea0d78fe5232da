//! Sign-in of people: pages, codes, devices, refresh tokens (RFC 6749, RFC 7636, RFC 8628, with Entra's ways of them).

mod account;
mod authorize;
mod client;
mod device;
mod flow;
mod grants;
mod issue;
mod kept;
pub(super) mod page;
mod scopes;

pub(super) use device::typed_by;

use std::collections::HashMap;

use axum::Router;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::Timestamp;

use self::scopes::Scopes;
use super::Shared;
use super::refusal::Refusal;
use super::state::{CONSUMERS, Platform, State};
use super::tokens::Api;

type Fields = HashMap<String, String>;

/// What the login service keeps in mind of those who sign in.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    /// Access tokens of personal accounts, and the claims that each stands for.
    pub(super) opaque: HashMap<String, String>,
    sessions: HashMap<String, Session>,
    codes: HashMap<String, Code>,
    devices: HashMap<String, Device>,
    refresh: HashMap<String, Refresh>,
    /// What people consented to on the page.
    pub(super) consents: Vec<(String, String, Api, String)>,
}

/// Somebody who has shown who it is.
#[derive(Debug, Clone)]
struct Session {
    /// The id of the account's own tenant.
    tenant: String,
    user: String,
    /// Whether by a second factor too.
    second_factor: bool,
    /// Seconds since 1970.
    at: i64,
}

/// What somebody granted an application.
#[derive(Debug, Clone)]
struct Granted {
    session: Session,
    client_id: String,
    scopes: Scopes,
    platform: Platform,
    nonce: Option<String>,
}

/// An authorization code.
#[derive(Debug, Clone)]
struct Code {
    granted: Granted,
    redirect: String,
    /// Hash of the verifier, or itself, and which of them.
    challenge: Option<(String, Method)>,
    until: i64,
    used: bool,
}

/// How the challenge follows from the verifier (RFC 7636 section 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Plain,
    S256,
}

/// A refresh token.
#[derive(Debug, Clone)]
struct Refresh {
    granted: Granted,
    issued: i64,
    used: bool,
}

/// A device that waits for its user.
#[derive(Debug, Clone)]
struct Device {
    user_code: String,
    client_id: String,
    /// The tenant or the general name that it asked at.
    name: String,
    scopes: Scopes,
    until: i64,
    asked: Option<i64>,
    answer: Answer,
}

#[derive(Debug, Clone)]
enum Answer {
    Pending,
    Granted(Box<Granted>),
    Declined,
    /// A policy forbids it.
    Blocked,
    Redeemed,
}

pub(super) fn routes() -> Router<Shared> {
    let page = get(authorize::page).post(authorize::page);
    Router::new()
        .route("/{tenant}/oauth2/v2.0/authorize", page)
        .route("/{tenant}/oauth2/v2.0/devicecode", post(device::begin))
        .route("/{tenant}/oauth2/deviceauth", get(device::page).post(device::page))
        .route("/{tenant}/oauth2/v2.0/logout", get(page::signed_out).post(page::signed_out))
        .route("/{tenant}/oauth2/nativeclient", get(page::landing))
}

/// The answer to a token request of a person; none: the request is another one's.
pub(super) fn token(
    state: &mut State,
    name: &str,
    fields: &Fields,
    headers: &HeaderMap,
) -> Option<Result<Response, Refusal>> {
    let answer = match fields.get("grant_type")?.as_str() {
        "authorization_code" => grants::code(state, name, fields, headers),
        "refresh_token" => grants::refresh(state, name, fields, headers),
        "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => grants::device(state, name, fields),
        "password" => grants::password(state, name, fields),
        _ => return None,
    };
    Some(answer.map(|body| axum::response::IntoResponse::into_response(axum::Json(body))))
}

/// Seconds since 1970 by the service's clock.
fn now(state: &State) -> i64 {
    Timestamp::now().as_second() + state.clock_ahead
}

/// Something that nobody guesses and everybody recognises: what it is stands in it.
fn minted(what: &str) -> String {
    let random = || uuid::Uuid::new_v4().simple().to_string();
    format!("{what}{}{}", random(), random())
}

/// A parameter that is there and not empty.
fn field<'a>(fields: &'a Fields, name: &'static str) -> Result<&'a str, Refusal> {
    optional(fields, name).ok_or_else(|| Refusal::missing(name))
}

fn optional<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

fn form(body: &str) -> Fields {
    url::form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

impl State {
    /// A refresh token as if a person had signed in to the first tenant's application a day ago; scopes as a client
    /// writes them. Empty where nobody can sign in under this name.
    pub(super) fn signed_in(&mut self, user: &str, scopes: &[String]) -> String {
        const DAY: i64 = 86_400;
        let Some(app) = self.tenants.first().map(|tenant| tenant.app.clone()) else { return String::new() };
        let at = now(self) - DAY;
        let Some((tenant, mailbox)) = account::find(self, user) else { return String::new() };
        let session = Session {
            tenant: tenant.id.clone(),
            user: mailbox.upn().to_owned(),
            // A password alone, so that a factor which is wanted by now is missing.
            second_factor: false,
            at,
        };
        let Ok(scopes) = Scopes::read(&scopes.join(" "), &app) else { return String::new() };
        if session.tenant == CONSUMERS {
            flow::consented(self, &app, user, &scopes);
        }
        let granted = Granted { session, client_id: app.client_id, scopes, platform: Platform::Native, nonce: None };
        issue::refresh_token(self, granted, at)
    }
}

#[cfg(test)]
mod tests;

//! Microsoft Graph: `sendMail` in both forms, and the list of a mailbox's messages for whoever may read it.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State as Inject};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Shared;
use super::entra::Broken;
use super::grants::GraphToken;
use super::mail::{self, Envelope};
use super::messages;
use super::note::Note;
use super::state::{State, Tenant};
use super::wire::Wire;

/// The largest request (microsoft-facts G).
const LARGEST: usize = 4 * 1024 * 1024;
/// What the service asks a throttled client to wait, in seconds.
const WAIT: &str = "17";

/// The paths of Graph that the sandbox serves.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/v1.0/", get(root))
        .route("/v1.0/me/sendMail", post(send_as_me))
        .route("/v1.0/me/messages", get(read_as_me))
        .route("/v1.0/users/{user}/sendMail", post(send))
        .route("/v1.0/users/{user}/messages", get(messages::of_mailbox))
        .route("/v1.0/users/{user}/mailFolders", get(messages::folders))
        .route("/v1.0/users/{user}/mailFolders/{folder}/messages", get(messages::of_folder))
        .layer(DefaultBodyLimit::max(LARGEST))
}

/// An error as Graph words it.
pub(super) struct Failure(StatusCode, &'static str, String);

impl Failure {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Failure {
        Failure(status, code, message.into())
    }

    pub(super) fn denied() -> Failure {
        let words = "Access is denied. Check credentials and try again.";
        Failure::new(StatusCode::FORBIDDEN, "ErrorAccessDenied", words)
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let Failure(status, code, message) = self;
        let (own, theirs) = ids(headers);
        let date = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let body = json!({ "error": {
            "code": code, "message": message,
            "innerError": { "date": date, "request-id": own, "client-request-id": theirs },
        }});
        let mut response = (*status, axum::Json(body)).into_response();
        if *status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(WAIT));
        }
        if *status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        with_ids(response, &own, &theirs)
    }
}

/// Graph's own id of the request, and the client's, which is Graph's where it gave none.
fn ids(headers: &HeaderMap) -> (String, String) {
    let own = uuid::Uuid::new_v4().to_string();
    let given = headers.get("client-request-id").and_then(|value| value.to_str().ok());
    let given = given.filter(|text| uuid::Uuid::try_parse(text).is_ok()).map(str::to_owned);
    (own.clone(), given.unwrap_or(own))
}

fn with_ids(mut response: Response, own: &str, theirs: &str) -> Response {
    for (name, id) in [("request-id", own), ("client-request-id", theirs)] {
        if let Ok(value) = HeaderValue::from_str(id) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

pub(super) fn answered(result: Result<Response, Failure>, headers: &HeaderMap) -> Response {
    match result {
        Ok(response) => {
            let (own, theirs) = ids(headers);
            with_ids(response, &own, &theirs)
        }
        Err(failure) => failure.answer(headers),
    }
}

impl Wire {
    /// The load of the service, which it looks at before it looks at the request.
    pub(super) fn graph_trouble(&self) -> Result<(), Failure> {
        if self.graph_throttles {
            let words = "Application is over its MailboxConcurrency limit.";
            return Err(Failure::new(StatusCode::TOO_MANY_REQUESTS, "ApplicationThrottled", words));
        }
        if self.graph_fails {
            let words = "The server is currently unavailable.";
            return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", words));
        }
        Ok(())
    }
}

async fn root() -> Response {
    axum::Json(json!({ "value": [{ "name": "users", "kind": "EntitySet", "url": "users" }] })).into_response()
}

async fn send_as_me(
    Inject(state): Inject<Shared>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let me = me(&state, &headers);
    match me {
        Ok(me) => send(Inject(state), Path(me), headers, body).await,
        Err(failure) => failure.answer(&headers),
    }
}

async fn read_as_me(Inject(state): Inject<Shared>, options: Query<messages::Options>, headers: HeaderMap) -> Response {
    match me(&state, &headers) {
        Ok(me) => messages::of_mailbox(Inject(state), Path(me), options, headers).await,
        Err(failure) => failure.answer(&headers),
    }
}

/// Whom `/me` stands for: the person whose token it is. Behind an application's token there is none.
fn me(state: &Shared, headers: &HeaderMap) -> Result<String, Failure> {
    let state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let token = bearer(&state, headers)?;
    let words = "/me request is only valid with delegated authentication flow.";
    let person = token.claims.text("upn").filter(|_| token.claims.scopes().is_some());
    person.map(str::to_owned).ok_or_else(|| Failure::new(StatusCode::BAD_REQUEST, "BadRequest", words))
}

async fn send(
    Inject(state): Inject<Shared>,
    Path(user): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let result = match body {
        Ok(body) => take(&mut state, &user, &headers, &body),
        Err(_) => Err(Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "The content of the request is too large.",
        )),
    };
    if state.wire.graph_loses_answer && result.is_ok() {
        // A body that breaks off ends the connection without an answer.
        return Response::new(Body::from_stream(Broken));
    }
    answered(result, &headers)
}

/// Token, load, mailbox, right, message, sender: in this order the service refuses.
fn take(state: &mut State, user: &str, headers: &HeaderMap, body: &[u8]) -> Result<Response, Failure> {
    let token = bearer(state, headers)?;
    state.wire.graph_trouble()?;
    let address = mailbox_for(&token, user, &["Mail.Send"], &["Application Mail.Send"])?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let note = if kind.starts_with("text/plain") { of_mime(body)? } else { of_json(body, &address)? };
    let envelope = Envelope { from: note.from.clone(), to: note.to.clone() };
    if !token.may_name(&note.from) {
        return Err(Failure::denied());
    }
    // A person sends with its own rights, also from the mailbox of others; the copy stays with the mailbox of the path.
    let sender = token.person().unwrap_or_else(|| address.clone());
    let reply = mail::submit(state, &sender, &envelope, &note.octets, note.keep);
    if sender != address && note.keep && reply.starts_with('2') {
        let copy = state.find_mailbox(&sender).and_then(|mailbox| mailbox.sent.pop());
        if let (Some(copy), Some(mailbox)) = (copy, state.find_mailbox(&address)) {
            mailbox.sent.push(copy);
        }
    }
    refused(&reply).map_or_else(|| Ok(StatusCode::ACCEPTED.into_response()), Err)
}

/// What Graph makes of the answer of the transport.
fn refused(reply: &str) -> Option<Failure> {
    if reply.starts_with('2') {
        return None;
    }
    let failure = if reply.contains("SendAsDenied") {
        let words = "The user account which was used to submit this request does not have the right to send mail on \
                     behalf of the specified sending account., Cannot submit message.";
        Failure::new(StatusCode::FORBIDDEN, "ErrorSendAsDenied", words)
    } else if reply.contains("ShutoffQuotaExceeded") {
        let words = "The mailbox is over its quota., Cannot submit message.";
        Failure::new(StatusCode::INSUFFICIENT_STORAGE, "ErrorQuotaExceeded", words)
    } else if reply.contains("SubmissionQuotaExceeded") {
        let words = "Cannot send mail. Daily Message/Recipient limit exceeded.";
        Failure::new(StatusCode::TOO_MANY_REQUESTS, "ErrorExceededMessageLimit", words)
    } else {
        let words = "An internal server error occurred. The operation failed.";
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "ErrorInternalServerError", words)
    };
    Some(failure)
}

pub(super) fn bearer<'a>(state: &'a State, headers: &HeaderMap) -> Result<GraphToken<'a>, Failure> {
    let refused = |words: &str| Failure::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", words);
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let token =
        token.map(str::trim).filter(|token| !token.is_empty()).ok_or_else(|| refused("Access token is empty."))?;
    state.graph_token(token, Timestamp::now().as_second() + state.clock_ahead).map_err(refused)
}

/// The address of the mailbox that a token opens for one of these rights.
pub(super) fn mailbox_for(
    token: &GraphToken<'_>,
    user: &str,
    roles: &[&str],
    rbac: &[&str],
) -> Result<String, Failure> {
    let tenant: &Tenant = token.tenant;
    let mailbox = tenant.mailboxes.iter().find(|mailbox| mailbox.is_named(user));
    let Some(mailbox) = mailbox else {
        let words = format!("The requested user '{user}' is invalid.");
        return Err(Failure::new(StatusCode::NOT_FOUND, "ErrorInvalidUser", words));
    };
    if token.claims.scopes().is_some() && !token.reaches(mailbox, roles) {
        return Err(Failure::denied());
    }
    let person = token.claims.scopes().is_some();
    let by_role = person || token.claims.roles().iter().any(|role| roles.contains(role));
    let app = tenant.app_of(&token.claims);
    if by_role && !person && app.access_policy_denies {
        let words = "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.";
        return Err(Failure::new(StatusCode::FORBIDDEN, "ErrorAccessDenied", words));
    }
    if !by_role && !rbac.iter().any(|role| app.holds(role, mailbox)) {
        return Err(Failure::denied());
    }
    if mailbox.rest_disabled {
        let words = "The mailbox is either inactive, soft-deleted, or is hosted on-premise.";
        return Err(Failure::new(StatusCode::NOT_FOUND, "MailboxNotEnabledForRESTAPI", words));
    }
    Ok(mailbox.address.clone())
}

fn of_mime(body: &[u8]) -> Result<Note, Failure> {
    let packed: Vec<u8> = body.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
    let octets = STANDARD.decode(packed).map_err(|_| {
        let words = "Invalid base64 string for MIME content.";
        Failure::new(StatusCode::BAD_REQUEST, "ErrorMimeContentInvalidBase64String", words)
    })?;
    Note::of_mime(octets).ok_or_else(no_recipient)
}

fn of_json(body: &[u8], address: &str) -> Result<Note, Failure> {
    let unreadable = || {
        let words = "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of \
                     valid JSON format.";
        Failure::new(StatusCode::BAD_REQUEST, "BadRequest", words)
    };
    let body: Value = serde_json::from_slice(body).map_err(|_| unreadable())?;
    let message = body.get("message").filter(|message| message.is_object()).ok_or_else(unreadable)?;
    let keep = body.get("saveToSentItems").is_none_or(|keep| keep != &Value::Bool(false));
    Note::of_json(message, address, keep).map_err(|words| match words {
        Some(words) => Failure::new(StatusCode::BAD_REQUEST, "InvalidInternetMessageHeader", words),
        None => no_recipient(),
    })
}

fn no_recipient() -> Failure {
    let words = "At least one recipient is not valid.";
    Failure::new(StatusCode::BAD_REQUEST, "ErrorInvalidRecipients", words)
}

//! The device code flow (RFC 8628): a code for the device, one for its user, and the page where the user types it.

use axum::extract::{Path, Query, State as Inject};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::client::resolve;
use super::flow::{Ask, Step, advance, remember};
use super::page::{self, Question};
use super::scopes::Scopes;
use super::{Answer, Device, Fields, Granted, account, field, form, minted, now, optional};
use crate::sandbox::Shared;
use crate::sandbox::entra::correlation;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::state::{PASSWORD, Platform, State};

/// Letters and digits that nobody takes for one another.
const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// What every user code begins with, so that it is known for one.
const MARK: &str = "SB";

pub(super) async fn begin(
    Inject(state): Inject<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match begun(&mut state, &name, &form(&body)) {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(refusal) => refusal.answer(&state, &correlation(&headers)),
    }
}

fn begun(state: &mut State, name: &str, fields: &Fields) -> Result<serde_json::Value, Refusal> {
    let app = resolve(state, name, field(fields, "client_id")?, false)?;
    let scopes = Scopes::read(field(fields, "scope")?, &app)?;
    let policy = state.tenant(name).or(state.tenants.first()).map(|tenant| tenant.sign_in.clone()).unwrap_or_default();
    let random = uuid::Uuid::new_v4();
    let letters = random.as_bytes()[..7].iter().map(|octet| char::from(LETTERS[usize::from(*octet) % LETTERS.len()]));
    let user_code: String = MARK.chars().chain(letters).collect();
    let device_code = minted("BAQABsandbox-device.");
    let device = Device {
        user_code: user_code.clone(),
        client_id: app.client_id,
        name: name.to_owned(),
        scopes,
        until: now(state) + policy.device_lifetime,
        asked: None,
        answer: Answer::Pending,
    };
    state.ledger.devices.insert(device_code.clone(), device);
    let uri = format!("https://localhost:{}/common/oauth2/deviceauth", state.login_port);
    let message =
        format!("To sign in, use a web browser to open the page {uri} and enter the code {user_code} to authenticate.");
    Ok(json!({
        "user_code": user_code, "device_code": device_code, "verification_uri": uri,
        "expires_in": policy.device_lifetime, "interval": policy.device_interval, "message": message,
    }))
}

pub(super) async fn page(
    Inject(state): Inject<Shared>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let mut typed = form(&body);
    // The code may stand in the address as well, as `otc` at Entra.
    if let Some(code) = query.get("otc").filter(|_| !typed.contains_key("code")) {
        typed.insert("code".to_owned(), code.clone());
    }
    let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(user_code) = optional(&typed, "code") else { return type_code(None) };
    let at = now(&state);
    let fits = |device: &Device| {
        let open = matches!(device.answer, Answer::Pending) && at < device.until;
        open && device.user_code.eq_ignore_ascii_case(user_code.trim())
    };
    let found = state.ledger.devices.iter().find(|(_, device)| fits(device));
    let Some((code, device)) = found.map(|(code, device)| (code.clone(), device.clone())) else {
        return type_code(Some("That code didn't work. Check the code and try again."));
    };
    let (answer, page) = asked(&mut state, &device, &typed, &headers);
    if let (Some(answer), Some(device)) = (answer, state.ledger.devices.get_mut(&code)) {
        device.answer = answer;
    }
    page
}

/// Somebody types a code on the page, signs in, and says yes to all of it: each step is judged as that of a browser is.
pub(in crate::sandbox) fn typed_by(state: &mut State, user_code: &str, user: &str) {
    let found = state.ledger.devices.iter().find(|(_, device)| device.user_code == user_code);
    let Some((code, device)) = found.map(|(code, device)| (code.clone(), device.clone())) else { return };
    let answer = said_yes(state, &device, user).unwrap_or(Answer::Declined);
    if let Some(device) = state.ledger.devices.get_mut(&code) {
        device.answer = answer;
    }
}

/// None, where it leads to no end.
fn said_yes(state: &mut State, device: &Device, user: &str) -> Option<Answer> {
    let app = resolve(state, &device.name, &device.client_id, true).ok()?;
    let session = account::log_in(state, &device.name, &app, user, PASSWORD).ok()?;
    let ticket = minted("sandbox-session.");
    state.ledger.sessions.insert(ticket.clone(), session);
    ["approve", "accept", "continue"].into_iter().find_map(|pressed| {
        let typed = [("ctx", ticket.as_str()), ("answer", pressed)];
        let typed: Fields = typed.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        asked(state, device, &typed, &HeaderMap::new()).0
    })
}

fn type_code(refusal: Option<&str>) -> Response {
    Question {
        title: "Enter code",
        says: vec!["Enter the code displayed on your app or device.".to_owned()],
        refusal: refusal.map(str::to_owned),
        inputs: vec![("code", "Code", "text", "")],
        hidden: Vec::new(),
        buttons: vec![("next", "Next")],
    }
    .page()
}

/// What the device is answered, if it is decided, and the page.
fn asked(state: &mut State, device: &Device, typed: &Fields, headers: &HeaderMap) -> (Option<Answer>, Response) {
    let app = match resolve(state, &device.name, &device.client_id, true) {
        Ok(app) => app,
        Err(refusal) => return (None, page::refused(&refusal)),
    };
    let carries = Some(("code", device.user_code.as_str()));
    let (name, scopes) = (device.name.as_str(), &device.scopes);
    let ask = Ask { name, app: &app, scopes, prompt: "", hint: "", by_device: true, carries };
    match advance(state, &ask, typed, headers) {
        Step::Page(page) => (None, page),
        Step::Refused(refusal) => (ended(&refusal), page::refused(&refusal)),
        Step::Done { ticket, .. } if optional(typed, "answer") != Some("continue") => {
            let mut page = confirm(&device.user_code, &ticket);
            remember(&mut page, &ticket);
            (None, page)
        }
        Step::Done { session, .. } => {
            let (client_id, scopes) = (device.client_id.clone(), device.scopes.clone());
            let granted = Granted { session, client_id, scopes, platform: Platform::Native, nonce: None };
            let says =
                "You have signed in to the Mail program application on your device. You may now close this window.";
            (Some(Answer::Granted(Box::new(granted))), page::says("Mail program", says))
        }
    }
}

/// What a refusal on the page means for the device; none: somebody else may still sign in.
fn ended(refusal: &Refusal) -> Option<Answer> {
    if refusal.is_policy() {
        return Some(Answer::Blocked);
    }
    refusal.is_by_user().then_some(Answer::Declined)
}

fn confirm(user_code: &str, ticket: &str) -> Response {
    let says = "Do not continue unless you started this on your own device.";
    Question {
        title: "Are you trying to sign in to Mail program?",
        says: vec![says.to_owned()],
        refusal: None,
        inputs: Vec::new(),
        hidden: vec![("code", user_code), ("ctx", ticket)],
        buttons: vec![("continue", "Continue"), ("cancel", "Cancel")],
    }
    .page()
}

//! From an unknown browser to somebody who has signed in and consented: the steps that all pages share.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use super::page::Question;
use super::scopes::{Permission, Scopes};
use super::{Fields, Session, account, minted, now, optional};
use crate::sandbox::directory::ADMINISTRATORS;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::state::{App, CONSUMERS, Consent, Mailbox, Mfa, State};

/// The cookie by which a browser is known again.
const COOKIE: &str = "SANDBOXSESSION";
/// Seconds that a browser is known for.
const KNOWN: i64 = 86_400;

/// Who asks, where, and what for.
pub(super) struct Ask<'a> {
    pub(super) name: &'a str,
    pub(super) app: &'a App,
    pub(super) scopes: &'a Scopes,
    pub(super) prompt: &'a str,
    pub(super) hint: &'a str,
    pub(super) by_device: bool,
    /// What each form carries along besides the session.
    pub(super) carries: Option<(&'a str, &'a str)>,
}

/// What comes next.
pub(super) enum Step {
    Page(Response),
    Done { session: Session, ticket: String },
    Refused(Refusal),
}

/// The next step, by what the form says and what the browser is known for.
pub(super) fn advance(state: &mut State, ask: &Ask<'_>, form: &Fields, headers: &HeaderMap) -> Step {
    let pressed = optional(form, "answer").unwrap_or_default();
    if pressed == "cancel" {
        return Step::Refused(Refusal::declined());
    }
    if pressed == "back" {
        return Step::Refused(Refusal::admin_consent());
    }
    let ticket = match known(state, ask, form, headers) {
        Ok(ticket) => ticket,
        Err(step) => return *step,
    };
    let Some(session) = state.ledger.sessions.get(&ticket).cloned() else {
        return Step::Refused(Refusal::login_required());
    };
    step(state, ask, session, ticket, pressed).unwrap_or_else(Step::Refused)
}

/// What is left to do for somebody known.
fn step(
    state: &mut State,
    ask: &Ask<'_>,
    mut session: Session,
    ticket: String,
    pressed: &str,
) -> Result<Step, Refusal> {
    let (tenant, mailbox) = account::admitted(state, ask.name, ask.app, &session.user)?;
    let (tenant, mailbox) = (tenant.clone(), mailbox.clone());
    if pressed == "approve" {
        session.second_factor = true;
        state.ledger.sessions.insert(ticket.clone(), session.clone());
    }
    match account::missing_factor(&mailbox, &session) {
        Some(Mfa::Unregistered) => {
            return Err(Refusal::second_factor_unregistered(&ask.app.client_id));
        }
        Some(_) if ask.prompt == "none" => return Err(Refusal::second_factor(&ask.app.client_id)),
        Some(_) => return Ok(Step::Page(second_factor(ask, &ticket))),
        None => {}
    }
    account::policy(&tenant, &session.user, ask.app, ask.by_device)?;
    if tenant.sign_in.browser_blocked && !ask.by_device {
        return Err(Refusal::conditional_access());
    }
    let missing = account::not_consented(state, ask.app, &session.user, ask.scopes);
    let beyond = tenant.id != CONSUMERS && beyond(ask.app, &mailbox, ask.scopes);
    if pressed == "accept" && !beyond {
        consented(state, ask.app, &session.user, ask.scopes);
    } else if !missing.is_empty() || (ask.prompt == "consent" && pressed != "continue") {
        if ask.prompt == "none" {
            return Err(Refusal::not_consented(&ask.app.client_id));
        }
        return Ok(Step::Page(consent(ask, &ticket, &missing, beyond)));
    }
    Ok(Step::Done { session, ticket })
}

/// Whether only an administrator may consent, and this is none.
fn beyond(app: &App, mailbox: &Mailbox, scopes: &Scopes) -> bool {
    let wanted = app.scopes_consented == Consent::Admin || scopes.permissions.iter().any(Permission::for_admins);
    wanted && !mailbox.is_one_of(&ADMINISTRATORS)
}

/// Keeps in mind what somebody consented to.
pub(super) fn consented(state: &mut State, app: &App, user: &str, scopes: &Scopes) {
    for permission in &scopes.permissions {
        let (client, name) = (app.client_id.clone(), permission.name.clone());
        state.ledger.consents.push((user.to_owned(), client, permission.api, name));
    }
}

/// The session: that of the form, of account and password, or of the cookie.
fn known(state: &mut State, ask: &Ask<'_>, form: &Fields, headers: &HeaderMap) -> Result<String, Box<Step>> {
    if let Some(ticket) = optional(form, "ctx") {
        return Ok(ticket.to_owned());
    }
    if let Some(user) = optional(form, "login") {
        let password = form.get("passwd").map(String::as_str).unwrap_or_default();
        let session = account::log_in(state, ask.name, ask.app, user, password);
        let session = session.map_err(|refusal| Box::new(Step::Page(sign_in(ask, user, Some(refusal.sentence())))))?;
        let ticket = minted("sandbox-session.");
        state.ledger.sessions.insert(ticket.clone(), session);
        return Ok(ticket);
    }
    let asks_anew = ["login", "select_account"].contains(&ask.prompt);
    if let Some(ticket) = cookie(headers).filter(|_| !asks_anew)
        && let Some(session) = state.ledger.sessions.get(&ticket)
        && now(state) - session.at < KNOWN
        && in_force(state, session)
        && (ask.hint.is_empty() || ask.hint.eq_ignore_ascii_case(&session.user))
    {
        return Ok(ticket);
    }
    if ask.prompt == "none" {
        return Err(Box::new(Step::Refused(Refusal::login_required())));
    }
    Err(Box::new(Step::Page(sign_in(ask, ask.hint, None))))
}

fn in_force(state: &State, session: &Session) -> bool {
    let found = account::find(state, &session.user);
    found.is_some_and(|(_, mailbox)| account::still_in_force(state, mailbox, session.at).is_ok())
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    let pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(name, _)| *name == COOKIE).map(|(_, value)| value.to_owned())
}

/// Lets the browser be known next time.
pub(super) fn remember(response: &mut Response, ticket: &str) {
    let cookie = format!("{COOKIE}={ticket}; Path=/; Secure; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

fn sign_in(ask: &Ask<'_>, user: &str, refusal: Option<String>) -> Response {
    Question {
        title: "Sign in",
        says: vec![format!("to continue to {}", ask.app.name())],
        refusal,
        inputs: vec![("login", "Account", "text", user), ("passwd", "Password", "password", "")],
        hidden: ask.carries.into_iter().collect(),
        buttons: vec![("signin", "Sign in"), ("cancel", "Cancel")],
    }
    .page()
}

fn second_factor(ask: &Ask<'_>, ticket: &str) -> Response {
    let says = "Open your Authenticator app and approve the request. The sandbox has no telephone: press the button.";
    Question {
        title: "Approve sign in request",
        says: vec![says.to_owned()],
        refusal: None,
        inputs: Vec::new(),
        hidden: ask.carries.into_iter().chain([("ctx", ticket)]).collect(),
        buttons: vec![("approve", "Approve"), ("cancel", "Cancel")],
    }
    .page()
}

fn consent(ask: &Ask<'_>, ticket: &str, missing: &[String], admin: bool) -> Response {
    let title = if admin { "Need admin approval" } else { "Permissions requested" };
    let name = ask.app.name();
    let first = if admin {
        format!(
            "{name} needs permission to access resources in your organization that only an admin can grant. Please ask \
             an admin to grant permission to this app before you can use it."
        )
    } else {
        format!("{name} would like to:")
    };
    let says = [first].into_iter().chain(missing.iter().cloned()).collect();
    let buttons = if admin {
        vec![("back", "Return to the application without granting consent")]
    } else {
        vec![("accept", "Accept"), ("cancel", "Cancel")]
    };
    let hidden = ask.carries.into_iter().chain([("ctx", ticket)]).collect();
    Question { title, says, refusal: None, inputs: Vec::new(), hidden, buttons }.page()
}

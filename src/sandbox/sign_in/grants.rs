//! The token end point for people: codes, refresh tokens, devices, and a password.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::client::{Request, general, resolve};
use super::scopes::Scopes;
use super::{Answer, Code, Fields, Granted, Method, account, field, issue, now, optional};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::state::{App, Platform, State};

/// RFC 6749 section 4.1.3, with the proof of RFC 7636.
pub(super) fn code(state: &mut State, name: &str, fields: &Fields, headers: &HeaderMap) -> Result<Value, Refusal> {
    let app = asking(state, name, fields)?;
    let text = field(fields, "code")?;
    let code = state.ledger.codes.get(text).cloned().ok_or_else(Refusal::malformed_grant)?;
    if code.granted.client_id != app.client_id {
        return Err(Refusal::malformed_grant());
    }
    Request { state, name, app: &app, fields }.prove(code.granted.platform, headers)?;
    let redirect = field(fields, "redirect_uri")?;
    if redirect != code.redirect {
        return Err(Refusal::redirect_mismatch(redirect, &app.client_id));
    }
    if code.used {
        return Err(Refusal::code_used());
    }
    if now(state) >= code.until {
        return Err(Refusal::grant_expired());
    }
    same_tenant(state, name, &code.granted)?;
    verify(&code, optional(fields, "code_verifier"))?;
    if let Some(code) = state.ledger.codes.get_mut(text) {
        code.used = true;
    }
    redeem(state, &app, &code.granted, fields)
}

/// The verifier that belongs to the challenge.
fn verify(code: &Code, verifier: Option<&str>) -> Result<(), Refusal> {
    let Some((challenge, method)) = &code.challenge else {
        let spa = code.granted.platform == Platform::Spa;
        return if spa { Err(Refusal::spa_without_proof()) } else { Ok(()) };
    };
    let verifier = verifier.ok_or_else(Refusal::verifier_missing)?;
    let made = match method {
        Method::Plain => verifier.to_owned(),
        Method::S256 => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
    };
    if made == *challenge { Ok(()) } else { Err(Refusal::verifier_mismatch()) }
}

/// RFC 6749 section 6: the client gets a new token each time; the old one stays good, as at Entra.
pub(super) fn refresh(state: &mut State, name: &str, fields: &Fields, headers: &HeaderMap) -> Result<Value, Refusal> {
    const DAY: i64 = 86_400;
    let app = asking(state, name, fields)?;
    let text = field(fields, "refresh_token")?;
    let token = state.ledger.refresh.get(text).cloned().ok_or_else(Refusal::malformed_grant)?;
    if token.granted.client_id != app.client_id {
        return Err(Refusal::malformed_grant());
    }
    Request { state, name, app: &app, fields }.prove(token.granted.platform, headers)?;
    let (tenant, _) = account::find(state, &token.granted.session.user).ok_or_else(Refusal::malformed_grant)?;
    let policy = tenant.sign_in.clone();
    let days = (now(state) - token.issued) / DAY + policy.unused_days;
    if days >= issue::days_unused(token.granted.platform) {
        let personal = tenant.id == crate::sandbox::state::CONSUMERS;
        let issued = account::shown(now(state) - days * DAY);
        return Err(if personal { Refusal::grant_expired() } else { Refusal::inactive(&issued, days) });
    }
    if policy.reuse_refused && token.used {
        return Err(Refusal::malformed_grant());
    }
    in_tenant(state, name, &token.granted)?;
    let answer = redeem(state, &app, &token.granted, fields)?;
    if let Some(token) = state.ledger.refresh.get_mut(text) {
        token.used = true;
    }
    Ok(answer)
}

/// RFC 8628 section 3.4.
pub(super) fn device(state: &mut State, name: &str, fields: &Fields) -> Result<Value, Refusal> {
    let app = asking(state, name, fields)?;
    Request { state, name, app: &app, fields }.prove_without_redirect()?;
    let text = optional(fields, "device_code").or(optional(fields, "code"));
    let text = text.ok_or_else(|| Refusal::missing("device_code"))?;
    let at = now(state);
    let interval = state.tenant(name).or(state.tenants.first()).map_or(5, |tenant| tenant.sign_in.device_interval);
    let device = state.ledger.devices.get_mut(text).filter(|device| device.client_id == app.client_id);
    let device = device.ok_or_else(Refusal::bad_device_code)?;
    if at >= device.until {
        return Err(Refusal::device_code_expired());
    }
    let last = device.asked.replace(at);
    let granted = match &device.answer {
        Answer::Pending if last.is_some_and(|last| at - last < interval) => return Err(Refusal::slow_down()),
        Answer::Pending => return Err(Refusal::pending()),
        Answer::Declined => return Err(Refusal::device_declined()),
        Answer::Blocked => return Err(Refusal::conditional_access()),
        Answer::Redeemed => return Err(Refusal::code_used()),
        Answer::Granted(granted) => (**granted).clone(),
    };
    device.answer = Answer::Redeemed;
    redeem(state, &app, &granted, fields)
}

/// RFC 6749 section 4.3; it shows a password to the client, and can show nothing else.
pub(super) fn password(state: &mut State, name: &str, fields: &Fields) -> Result<Value, Refusal> {
    let app = asking(state, name, fields)?;
    Request { state, name, app: &app, fields }.prove_without_redirect()?;
    let (user, password) = (field(fields, "username")?, field(fields, "password")?);
    let scopes = Scopes::read(field(fields, "scope")?, &app)?;
    let session = account::log_in(state, name, &app, user, password)?;
    let client_id = app.client_id.clone();
    let granted = Granted { session, client_id, scopes, platform: Platform::Native, nonce: None };
    redeem(state, &app, &granted, fields)
}

/// The application, where it may ask.
fn asking(state: &State, name: &str, fields: &Fields) -> Result<App, Refusal> {
    let app = resolve(state, name, field(fields, "client_id")?, false)?;
    if fields.contains_key("resource") {
        return Err(Refusal::resource_on_v2());
    }
    if app.throttled { Err(Refusal::throttled()) } else { Ok(app) }
}

/// A code is good in the account's own tenant, or under a general name.
fn same_tenant(state: &State, name: &str, granted: &Granted) -> Result<(), Refusal> {
    let there = state.tenant(name).filter(|_| general(name).is_none());
    let other = there.is_some_and(|there| there.id != granted.session.tenant);
    if other { Err(Refusal::other_tenant()) } else { Ok(()) }
}

/// With a refresh token one may ask elsewhere, where the account is not.
fn in_tenant(state: &State, name: &str, granted: &Granted) -> Result<(), Refusal> {
    let there = state.tenant(name).filter(|_| general(name).is_none());
    let Some(there) = there.filter(|there| there.id != granted.session.tenant) else { return Ok(()) };
    let home = state.tenant(&granted.session.tenant).map(account::provider).unwrap_or_default();
    Err(Refusal::of_another_tenant(&granted.session.user, &home, there, false))
}

/// The scopes that are asked for now; none named: those of the grant, of its first API.
fn redeem(state: &mut State, app: &App, granted: &Granted, fields: &Fields) -> Result<Value, Refusal> {
    let text = optional(fields, "scope").unwrap_or_default();
    let asked = Scopes::read(text, app)?;
    let wanted = if asked.permissions.is_empty() { granted.scopes.of_first_api() } else { asked };
    issue::answer(state, app, granted, &wanted, text, fields)
}

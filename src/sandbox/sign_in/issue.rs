//! Tokens for people, as the answer to each of the grants.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::scopes::Scopes;
use super::{Fields, Granted, Refresh, account, minted, now};
use crate::sandbox::keys::PUBLISHED;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::state::{App, CONSUMERS, Mailbox, Mfa, Platform, State, Tenant};
use crate::sandbox::tokens::{self, Api, Subject};

/// The answer with tokens: policy and consent are looked at again, each time.
pub(super) fn answer(
    state: &mut State,
    app: &App,
    granted: &Granted,
    wanted: &Scopes,
    text: &str,
    fields: &Fields,
) -> Result<Value, Refusal> {
    let api = wanted.one_api(text)?;
    let session = &granted.session;
    let found = account::find(state, &session.user);
    let (tenant, mailbox) = found.ok_or_else(|| Refusal::no_such_user(&session.user, &session.tenant))?;
    let (tenant, mailbox) = (tenant.clone(), mailbox.clone());
    account::still_in_force(state, &mailbox, session.at)?;
    account::policy(&tenant, &session.user, app, false)?;
    match account::missing_factor(&mailbox, session) {
        Some(Mfa::Unregistered) => return Err(Refusal::second_factor_unregistered(app_id(api))),
        Some(_) => return Err(Refusal::second_factor(app_id(api))),
        None => {}
    }
    if !account::not_consented(state, app, &session.user, wanted).is_empty() {
        return Err(Refusal::not_consented(&app.client_id));
    }
    let life = tenant.tokens.lifetime.max(0);
    let mut body = json!({
        "token_type": "Bearer", "scope": wanted.shown(), "expires_in": life, "ext_expires_in": life,
        "access_token": access_token(state, &tenant, &mailbox, app, wanted, api),
    });
    if granted.scopes.offline {
        let at = now(state);
        let token = refresh_token(state, granted.clone(), at);
        body["refresh_token"] = token.into();
    }
    if granted.scopes.openid || wanted.openid {
        body["id_token"] = id_token(state, &tenant, &mailbox, app, granted.nonce.as_deref()).into();
    }
    if fields.get("client_info").is_some_and(|info| info == "1") {
        let info = json!({ "uid": mailbox.id, "utid": tenant.id }).to_string();
        body["client_info"] = URL_SAFE_NO_PAD.encode(info).into();
    }
    Ok(body)
}

fn app_id(api: Api) -> &'static str {
    match api {
        Api::Graph => "00000003-0000-0000-c000-000000000000",
        Api::Outlook => "00000002-0000-0ff1-ce00-000000000000",
    }
}

/// A JWT for work accounts; for personal ones a name that only the service's own books explain.
fn access_token(state: &mut State, tenant: &Tenant, mailbox: &Mailbox, app: &App, wanted: &Scopes, api: Api) -> String {
    let mut issuer = Tenant { app: app.clone(), ..tenant.clone() };
    let resource = wanted.permissions.first().map(|first| first.resource.clone());
    // The audience is the API as the client wrote it.
    issuer.tokens.aud = issuer.tokens.aud.or(resource);
    let mut names = wanted.names();
    if names.is_empty() {
        names.extend(["openid", "profile", "email"].map(str::to_owned));
    }
    let token = tokens::mint(state, &issuer, Subject::Person(mailbox, &names), api == Api::Graph);
    if tenant.id != CONSUMERS {
        return token;
    }
    let opaque = minted("EwB4sandbox+opaque/");
    state.ledger.opaque.insert(opaque.clone(), token);
    opaque
}

/// Keeps a grant under a new refresh token.
pub(super) fn refresh_token(state: &mut State, granted: Granted, issued: i64) -> String {
    let personal = granted.session.tenant == CONSUMERS;
    let token = minted(if personal { "M.C5_sandbox-refresh." } else { "1.AX0Asandbox-refresh." });
    state.ledger.refresh.insert(token.clone(), Refresh { granted, issued, used: false });
    token
}

/// Who signed in, for the client (OpenID Connect Core section 2).
fn id_token(state: &State, tenant: &Tenant, mailbox: &Mailbox, app: &App, nonce: Option<&str>) -> String {
    let at = now(state);
    let mut claims = json!({
        "aud": app.client_id, "iss": format!("https://localhost:{}/{}/v2.0", state.login_port, tenant.id),
        "iat": at, "nbf": at, "exp": at + 3600,
        "name": mailbox.upn().split('@').next(), "preferred_username": mailbox.upn(),
        "oid": mailbox.id, "sub": format!("{}.{}", mailbox.id, app.client_id), "tid": tenant.id, "ver": "2.0",
    });
    if let Some(nonce) = nonce {
        claims["nonce"] = nonce.into();
    }
    let head = json!({ "typ": "JWT", "alg": "RS256", "kid": PUBLISHED.kid });
    let head = head.as_object().cloned().unwrap_or_default();
    PUBLISHED.sign(&head, &claims, false)
}

/// Days for which an unused refresh token stays good (Microsoft Learn, "Refresh tokens in the Microsoft identity
/// platform").
pub(super) fn days_unused(platform: Platform) -> i64 {
    if platform == Platform::Spa { 1 } else { 90 }
}

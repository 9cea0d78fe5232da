//! How an application proves itself at the token end point: by its secret, by an assertion that its certificate signed, or by
//! the token of an issuer that it trusts. The assertion is really verified.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use super::federation;
use super::refusal::Refusal;
use super::state::{App, KeyCredential, State, Tenant};

/// How an application proved itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proved {
    BySecret,
    ByAssertion,
}

/// The kind of assertion that is taken (RFC 7523 section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Seconds that a clock may be off: five minutes (microsoft-facts D.2).
const TOLERANCE: i64 = 300;

/// A JWT that somebody shows, taken apart.
pub(super) struct Shown<'a> {
    pub(super) whole: &'a str,
    signed: &'a str,
    signature: &'a str,
    header: Value,
    claims: Value,
}

/// The path that the request came to, and what it says.
pub(super) struct Question<'a> {
    pub(super) state: &'a State,
    pub(super) tenant: &'a Tenant,
    pub(super) app: &'a App,
    /// The tenant as the path names it.
    pub(super) realm: &'a str,
    pub(super) client_id: &'a str,
    pub(super) fields: &'a HashMap<String, String>,
}

/// Whether the request proves that it is the application's.
pub(super) fn prove(question: &Question<'_>) -> Result<Proved, Refusal> {
    let field = |name: &str| question.fields.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let app = question.app;
    match (field("client_secret"), field("client_assertion")) {
        (Some(_), Some(_)) => Err(Refusal::two_credentials()),
        (None, None) => Err(Refusal::no_credential()),
        (Some(secret), None) => match app.knows(secret, question.state.now()) {
            None => Err(Refusal::wrong_secret(question.client_id)),
            Some(false) => Err(Refusal::expired_secret(question.client_id)),
            Some(true) => Ok(Proved::BySecret),
        },
        (None, Some(assertion)) => {
            if field("client_assertion_type") != Some(JWT_BEARER) {
                return Err(Refusal::missing("client_assertion_type"));
            }
            let shown = Shown::read(assertion).ok_or_else(Refusal::malformed_assertion)?;
            if shown.text("iss").is_some_and(|issuer| issuer.contains("://")) {
                federation::trusted(question.state, app, &shown)?;
            } else {
                certified(question, app, &shown)?;
            }
            in_time(question.state, &shown)?;
            Ok(Proved::ByAssertion)
        }
    }
}

/// An assertion that the application signed with a certificate of its own.
fn certified(question: &Question<'_>, app: &App, shown: &Shown<'_>) -> Result<(), Refusal> {
    if shown.text("iss") != Some(question.client_id) {
        return Err(Refusal::other_issuer());
    }
    match shown.text("sub") {
        None => return Err(Refusal::no_subject()),
        Some(subject) if subject != question.client_id => return Err(Refusal::other_issuer()),
        Some(_) => {}
    }
    if !audiences(question).iter().any(|audience| shown.audiences().contains(&audience.as_str())) {
        return Err(Refusal::other_audience());
    }
    if app.keys.is_empty() {
        return Err(Refusal::no_keys());
    }
    let (thumbprint, key) = find_key(app, shown);
    let key = key.ok_or_else(|| Refusal::bad_signature("The key was not found.", &thumbprint, None, app))?;
    let algorithm = match shown.header.get("alg").and_then(Value::as_str) {
        Some("PS256") if !app.rs256_only => Algorithm::PS256,
        Some("RS256") => Algorithm::RS256,
        _ => return Err(Refusal::unsupported_key()),
    };
    if !key.verifies(shown, algorithm) {
        let reason = "The provided signature value did not match the expected signature value.";
        return Err(Refusal::bad_signature(reason, &thumbprint, key.span(), app));
    }
    let now = question.state.now().as_second();
    match key.validity() {
        Some((_, until)) if until <= now => {
            Err(Refusal::bad_signature("The key used is expired.", &thumbprint, key.span(), app))
        }
        Some((from, _)) if now < from => {
            Err(Refusal::bad_signature("The key used is not yet valid.", &thumbprint, key.span(), app))
        }
        _ => Ok(()),
    }
}

/// What `aud` may be: the token end point that was called, by either name of the tenant.
fn audiences(question: &Question<'_>) -> Vec<String> {
    let base = question.state.login();
    let of = |tenant: &str| [format!("{base}/{tenant}/oauth2/v2.0/token"), format!("{base}/{tenant}/v2.0")];
    [question.realm, &question.tenant.id].into_iter().flat_map(of).collect()
}

/// The registered certificate that the header names, by the digest that it has; SHA-1 in the answer in any case.
fn find_key<'a>(app: &'a App, shown: &Shown<'_>) -> (String, Option<&'a KeyCredential>) {
    // Microsoft's library for Python leaves the padding on, and Entra takes it.
    let header = |name: &str| Some(shown.header.get(name)?.as_str()?.trim_end_matches('='));
    let named = |key: &&KeyCredential| match (header("x5t#S256"), header("x5t")) {
        (Some(print), _) => URL_SAFE_NO_PAD.encode(Sha256::digest(&key.der)) == print,
        (None, Some(print)) => URL_SAFE_NO_PAD.encode(Sha1::digest(&key.der)) == print,
        (None, None) => false,
    };
    let print = header("x5t#S256").or(header("x5t")).unwrap_or_default();
    let octets = URL_SAFE_NO_PAD.decode(print).unwrap_or_default();
    (octets.iter().map(|octet| format!("{octet:02X}")).collect(), app.keys.iter().find(named))
}

fn in_time(state: &State, shown: &Shown<'_>) -> Result<(), Refusal> {
    let now = state.now();
    let (from, until) = (shown.seconds("nbf").or(shown.seconds("iat")), shown.seconds("exp"));
    let second = now.as_second();
    let early = from.is_some_and(|from| second + TOLERANCE < from);
    let late = until.is_none_or(|until| until + TOLERANCE <= second);
    if early || late { Err(Refusal::out_of_time(now, from, until)) } else { Ok(()) }
}

impl State {
    /// The time as the login service sees it.
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.clock_ahead)
    }

    /// The address of the login service, as clients know it.
    pub(super) fn login(&self) -> String {
        format!("https://localhost:{}", self.login_port)
    }
}

impl<'a> Shown<'a> {
    fn read(whole: &'a str) -> Option<Shown<'a>> {
        let (signed, signature) = whole.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let json = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
        Some(Shown { whole, signed, signature, header: json(header)?, claims: json(claims)? })
    }

    pub(super) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    /// The whole seconds of a date, which may have a fraction (RFC 7519 section 2): Microsoft's library for Python sends one.
    fn seconds(&self, claim: &str) -> Option<i64> {
        let Value::Number(date) = self.claims.get(claim)? else { return None };
        date.to_string().split('.').next()?.parse().ok()
    }

    pub(super) fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

impl KeyCredential {
    fn verifies(&self, shown: &Shown<'_>, algorithm: Algorithm) -> bool {
        let Ok((_, parsed)) = X509Certificate::from_der(&self.der) else { return false };
        let key = DecodingKey::from_rsa_der(&parsed.public_key().subject_public_key.data);
        crypto::verify(shown.signature, shown.signed.as_bytes(), &key, algorithm).unwrap_or(false)
    }

    fn validity(&self) -> Option<(i64, i64)> {
        let (_, parsed) = X509Certificate::from_der(&self.der).ok()?;
        Some((parsed.validity().not_before.timestamp(), parsed.validity().not_after.timestamp()))
    }

    fn span(&self) -> Option<String> {
        let date = |seconds| Some(Timestamp::from_second(seconds).ok()?.strftime("%m/%d/%Y %H:%M:%S").to_string());
        let (from, until) = self.validity()?;
        Some(format!("Start={}, End={}", date(from)?, date(until)?))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dates_may_have_a_fraction() {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({ "exp": 1_795_743_442.75, "iat": 1_795_743_382, "nbf": "soon" });
        let text = format!("{}.{}.AAAA", part(json!({ "alg": "PS256" })), part(claims));
        let shown = Shown::read(&text).unwrap();
        assert_eq!(shown.seconds("exp"), Some(1_795_743_442));
        assert_eq!(shown.seconds("iat"), Some(1_795_743_382));
        assert_eq!((shown.seconds("nbf"), shown.seconds("none")), (None, None));
    }
}

//! Secrets and certificates of an application (Microsoft Learn, "application: addPassword", "removePassword", "keyCredential
//! resource type"), and the tenant's policy on them (Microsoft Learn, "appManagementPolicy resource type").

use axum::body::Bytes;
use axum::extract::{Path, State as Inject};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Digest as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use super::applications::found;
use super::{Doing, bad, context, done, object, serve};
use crate::sandbox::Shared;
use crate::sandbox::graph::Failure;
use crate::sandbox::state::{App, KeyCredential, Password, Tenant};

/// Where a request names no end (Microsoft Learn, "application: addPassword": two years).
const LIFE: SignedDuration = SignedDuration::from_hours(730 * 24);

pub(super) async fn add(
    Inject(state): Inject<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    serve(&state, &headers, Doing::Registering, |state, at| {
        let now = state.now();
        let tenant = &mut state.tenants[at];
        let row = found(tenant, &id)?;
        let body = if body.is_empty() { json!({}) } else { object(&body)? };
        let wanted = &body["passwordCredential"];
        let until = wanted["endDateTime"].as_str().map(str::parse::<Timestamp>).transpose();
        let until = until.map_err(|_| bad("Invalid value for 'endDateTime'."))?.unwrap_or(now + LIFE);
        allowed(tenant, until.duration_since(now))?;
        let password = Password {
            id: uuid::Uuid::new_v4().to_string(),
            name: wanted["displayName"].as_str().unwrap_or_default().to_owned(),
            value: format!("mQ~8Q~sandbox-made.{}", &uuid::Uuid::new_v4().simple().to_string()[..20]),
            from: now,
            until,
            unseen: tenant.directory.unseen_secrets,
        };
        let mut shown = shown_password(&password);
        // The value is told this once.
        shown["secretText"] = password.value.as_str().into();
        shown["@odata.context"] = context("microsoft.graph.passwordCredential");
        tenant.app_mut(row).entry.passwords.push(password);
        Ok(axum::Json(shown).into_response())
    })
}

fn allowed(tenant: &Tenant, life: SignedDuration) -> Result<(), Failure> {
    let refused = |code, words| Failure::new(StatusCode::BAD_REQUEST, code, words);
    if tenant.directory.secrets_refused {
        let words = "Credential type not allowed as per assigned policy 'default app management policy'.";
        return Err(refused("CredentialTypeNotAllowedAsPerAppPolicy", words));
    }
    let longest = tenant.directory.longest_secret;
    if longest > 0 && life > SignedDuration::from_hours(longest * 24) {
        let words = "Credential lifetime exceeds the max value allowed as per assigned policy 'default app management \
                     policy'.";
        return Err(refused("CredentialInvalidLifetimeAsPerAppPolicy", words));
    }
    Ok(())
}

pub(super) async fn remove(
    Inject(state): Inject<Shared>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    serve(&state, &headers, Doing::Registering, |state, at| {
        let tenant = &mut state.tenants[at];
        let row = found(tenant, &id)?;
        let body = object(&body)?;
        let own = &mut tenant.app_mut(row).entry.passwords;
        let before = own.len();
        own.retain(|password| body["keyId"] != password.id.as_str());
        if own.len() == before {
            return Err(bad("No password credential found with keyId."));
        }
        Ok(done())
    })
}

/// The certificates that a request leaves the application with: those without a value are known by their id.
pub(super) fn keys(tenant: &Tenant, app: &mut App, value: &Value) -> Result<(), Failure> {
    let entries = value.as_array().ok_or_else(|| bad("Invalid value for 'keyCredentials'."))?;
    let mut keys = Vec::new();
    for entry in entries {
        let id = entry["keyId"].as_str().unwrap_or_default();
        let known = app.keys.iter().find(|own| own.id.eq_ignore_ascii_case(id));
        keys.push(match (entry["key"].as_str(), known) {
            (_, Some(known)) => known.clone(),
            (Some(key), None) => new_key(tenant, entry, key)?,
            (None, None) => return Err(bad("New key credential must have a value for property 'key'.")),
        });
    }
    app.keys = keys;
    Ok(())
}

fn new_key(tenant: &Tenant, entry: &Value, key: &str) -> Result<KeyCredential, Failure> {
    if tenant.directory.certificates_refused {
        let words = "Credential type not allowed as per assigned policy 'default app management policy'.";
        return Err(Failure::new(StatusCode::BAD_REQUEST, "CredentialTypeNotAllowedAsPerAppPolicy", words));
    }
    let invalid = || {
        let words = "Key credential value is not a valid certificate.";
        Failure::new(StatusCode::BAD_REQUEST, "KeyCredentialsInvalidKey", words)
    };
    if entry["type"] != "AsymmetricX509Cert" || entry["usage"] != "Verify" {
        return Err(bad("Invalid value for 'type' or 'usage' of 'keyCredentials'."));
    }
    let der = STANDARD.decode(key).map_err(|_| invalid())?;
    X509Certificate::from_der(&der).map_err(|_| invalid())?;
    let id = entry["keyId"].as_str().map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
    Ok(KeyCredential { id, name: entry["displayName"].as_str().unwrap_or_default().to_owned(), der })
}

pub(super) fn shown_password(password: &Password) -> Value {
    json!({
        "keyId": password.id, "displayName": password.name, "hint": &password.value[..3], "secretText": null,
        "customKeyIdentifier": null, "startDateTime": password.from.to_string(),
        "endDateTime": password.until.to_string(),
    })
}

/// The certificate itself only where it is asked for.
pub(super) fn shown_key(key: &KeyCredential, whole: bool) -> Value {
    let value = whole.then(|| STANDARD.encode(&key.der));
    let validity = X509Certificate::from_der(&key.der)
        .ok()
        .map(|(_, parsed)| (parsed.validity().not_before.timestamp(), parsed.validity().not_after.timestamp()));
    let date = |seconds: Option<i64>| Some(Timestamp::from_second(seconds?).ok()?.to_string());
    json!({
        "keyId": key.id, "displayName": key.name, "type": "AsymmetricX509Cert", "usage": "Verify", "key": value,
        "customKeyIdentifier": URL_SAFE_NO_PAD.encode(Sha1::digest(&key.der)),
        "startDateTime": date(validity.map(|v| v.0)), "endDateTime": date(validity.map(|v| v.1)),
    })
}

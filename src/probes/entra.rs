//! The login service's description of a tenant, and the keys it signs tokens with.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;
use url::Url;

use super::http::Client;
use crate::cloud::{Cloud, DESCRIPTION, Sibling};
use crate::facts::{ElsewhereFacts, EntraFacts, Fault, FaultKind, HttpFacts, Refusal, Signature};
use crate::setup::secret::Secret;

/// Entra publishes some six keys.
const MOST_KEYS: usize = 50;
/// "Tenant '…' not found" (Microsoft Learn, Microsoft Entra authentication and authorization error codes).
const TENANT_NOT_FOUND: u64 = 90_002;
/// A refusal has one number, sometimes two.
const MOST_CODES: usize = 20;

/// The signing keys of a tenant, or why there are none.
#[derive(Clone)]
pub struct Keys(Result<JwkSet, String>);

/// Asks for the description (OpenID Connect Discovery 1.0 section 4) and for the keys it points to.
pub async fn discovery(client: &Client, cloud: &Cloud, tenant: &str) -> (EntraFacts, Keys) {
    let (mut facts, body) = description(client, cloud, tenant).await;
    let Some(body) = body else { return (facts, Keys(Err("the tenant's description could not be had".to_owned()))) };
    let seen = |text: &str| client.seen(text);
    let keys_url = body.get("jwks_uri").and_then(Value::as_str).and_then(|uri| Url::parse(uri).ok());
    let Some(keys_url) = keys_url else { return (facts, Keys(Err("the description names no keys".to_owned()))) };
    if !cloud.is_login(&keys_url) {
        let keys_url = seen(keys_url.as_str());
        return (facts, Keys(Err(format!("the description points to {keys_url}, which is not the login service"))));
    }
    let (http, body) = client.get(&keys_url).await;
    facts.keys = Some(http);
    let keys = Keys::read(body);
    facts.key_ids = keys.ids().iter().take(MOST_KEYS).map(|id| seen(id)).collect();
    (facts, keys)
}

/// What the login service says to everybody of the tenant that has verified a domain, within so long. No credential goes
/// along.
pub async fn tenant_of(client: &Client, cloud: &Cloud, domain: &str, limit: Duration) -> EntraFacts {
    if let Ok((facts, _)) = timeout(limit, description(client, cloud, domain)).await {
        return facts;
    }
    let words = format!("no answer within {} s", limit.as_secs());
    let fault = Some(Fault { kind: FaultKind::Silent, words });
    let request = format!("GET {}", cloud.login_url(domain, DESCRIPTION));
    EntraFacts { discovery: HttpFacts { request, fault, ..HttpFacts::default() }, ..EntraFacts::default() }
}

async fn description(client: &Client, cloud: &Cloud, tenant: &str) -> (EntraFacts, Option<Value>) {
    let url = cloud.login_url(tenant, DESCRIPTION);
    let (http, body) = client.get(&url).await;
    let mut facts = EntraFacts { discovery: http, ..EntraFacts::default() };
    let Some(body) = body else { return (facts, None) };
    let seen = |text: &str| client.seen(text);
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    facts.issuer = text("issuer").as_deref().map(seen);
    facts.region = text("tenant_region_scope").as_deref().map(seen);
    facts.sub_region = text("tenant_region_sub_scope").as_deref().map(seen);
    facts.tenant_id = facts.issuer.as_deref().and_then(tenant_in).map(str::to_owned);
    facts.refusal = refusal_in(&body, seen);
    if facts.refusal.as_ref().is_some_and(not_found) {
        facts.elsewhere = elsewhere(client, &cloud.siblings, tenant).await;
    }
    (facts, Some(body))
}

/// Whether the login service has no such tenant.
fn not_found(refusal: &Refusal) -> bool {
    refusal.codes.contains(&TENANT_NOT_FOUND) || refusal.error == "invalid_tenant"
}

/// Asks the other clouds' login services for the description, all at once and without a credential.
async fn elsewhere(client: &Client, siblings: &[Sibling], tenant: &str) -> Vec<ElsewhereFacts> {
    let Some((first, rest)) = siblings.split_first() else { return Vec::new() };
    let (found, mut others) = tokio::join!(ask(client, first, tenant), Box::pin(elsewhere(client, rest, tenant)));
    others.insert(0, found);
    others
}

async fn ask(client: &Client, sibling: &Sibling, tenant: &str) -> ElsewhereFacts {
    let (discovery, body) = client.get(&sibling.description(tenant)).await;
    let text = |name: &str| body.as_ref().and_then(|body| body.get(name)).and_then(Value::as_str);
    ElsewhereFacts {
        clouds: sibling.clouds.clone(),
        known: text("issuer").is_some(),
        sub_region: text("tenant_region_sub_scope").map(|text| client.seen(text)),
        discovery,
    }
}

/// The directory id in an issuer: its path segment that is a GUID.
fn tenant_in(issuer: &str) -> Option<&str> {
    issuer.split('/').find(|part| part.len() == 36 && uuid::Uuid::try_parse(part).is_ok())
}

impl Keys {
    /// No keys, and why.
    pub fn unavailable(why: &str) -> Keys {
        Keys(Err(why.to_owned()))
    }

    /// Reads a key set (RFC 7517 section 5).
    pub fn read(body: Option<Value>) -> Keys {
        let body = body.ok_or("the keys could not be had");
        Keys(
            body.map_err(str::to_owned)
                .and_then(|body| serde_json::from_value(body).map_err(|e| format!("the keys are not a key set: {e}"))),
        )
    }

    fn ids(&self) -> Vec<String> {
        let keys = self.0.as_ref().map(|set| set.keys.as_slice()).unwrap_or_default();
        keys.iter().filter_map(|key| key.common.key_id.clone()).collect()
    }

    /// Verifies a JWT's RS256 signature.
    ///
    /// Tokens for Microsoft's own APIs carry a `nonce` in the header, and were signed with it replaced by the
    /// base64url SHA-256 of itself; that is seen in the field and not documented, so a signature that does not verify
    /// proves nothing (microsoft-facts D.2).
    pub fn verify(&self, token: &Secret) -> Signature {
        let set = match &self.0 {
            Ok(set) => set,
            Err(why) => return Signature::KeysUnavailable(why.clone()),
        };
        let Some((signed, signature)) = token.expose().rsplit_once('.') else { return Signature::NotChecked };
        let Some((header, claims)) = signed.split_once('.') else { return Signature::NotChecked };
        let Some((header_text, fields)) = decode_header(header) else { return Signature::NotChecked };
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let kid = text("kid").unwrap_or_default();
        if text("alg") != Some("RS256") {
            return Signature::DoesNotVerify(format!("alg is {}, not RS256", text("alg").unwrap_or("missing")));
        }
        let Some(key) = set.find(kid) else { return Signature::KeyUnknown(kid.to_owned()) };
        if signed_by(key, signed, signature) {
            return Signature::Verified(kid.to_owned());
        }
        let hashed = text("nonce").map(|nonce| {
            let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(nonce.as_bytes()));
            URL_SAFE_NO_PAD.encode(header_text.replace(nonce, &hash))
        });
        match hashed {
            Some(header) if signed_by(key, &format!("{header}.{claims}"), signature) => {
                Signature::VerifiedWithNonce(kid.to_owned())
            }
            _ => Signature::DoesNotVerify(kid.to_owned()),
        }
    }
}

fn decode_header(header: &str) -> Option<(String, Value)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let fields = serde_json::from_str(&text).ok()?;
    Some((text, fields))
}

fn signed_by(key: &Jwk, signed: &str, signature: &str) -> bool {
    let Ok(key) = DecodingKey::from_jwk(key) else { return false };
    crypto::verify(signature, signed.as_bytes(), &key, Algorithm::RS256).unwrap_or(false)
}

/// Reads the refusal that an answer may hold.
pub(super) fn refusal_in(body: &Value, mask: impl Fn(&str) -> String) -> Option<Refusal> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let error = text("error")?;
    let codes = body.get("error_codes").and_then(Value::as_array);
    Some(Refusal {
        error: mask(error),
        description: mask(text("error_description").unwrap_or_default()),
        codes: codes.into_iter().flatten().filter_map(Value::as_u64).take(MOST_CODES).collect(),
        trace_id: text("trace_id").map(&mask),
        correlation_id: text("correlation_id").map(&mask),
        timestamp: text("timestamp").map(&mask),
    })
}

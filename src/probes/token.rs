//! Access tokens: requested from the login service, or read.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::entra;
use super::http::Client;
use crate::cloud::Cloud;
use crate::facts::{Form, HttpFacts, TokenFacts};
use crate::road::Resource;
use crate::setup::secret::{Mask, Secret};

/// One request of a token.
pub struct TokenJob {
    /// Directory id or domain, or `consumers`.
    pub tenant: String,
    /// Application (client) id.
    pub client_id: String,
    /// What entitles to it.
    pub proof: Proof,
    /// The API, and the scope to ask for.
    pub resource: Resource,
    /// `<resource>/.default`, or the named scopes of a person's sign-in.
    pub scope: String,
}

/// What entitles a program to a token.
pub enum Proof {
    /// The application's secret (RFC 6749 section 4.4, credentials in the body as section 2.3.1 allows).
    Secret(Secret),
    /// A signed assertion of who the application is (RFC 7523 section 2.2).
    Assertion(Secret),
    /// What a person's sign-in left behind (RFC 6749 section 6).
    Refresh(Secret),
}

/// What a request of a token came to.
#[derive(Default)]
pub struct Granted {
    /// What was seen.
    pub facts: TokenFacts,
    /// The access token.
    pub token: Option<Secret>,
    /// Seconds that the access token is good for.
    pub life: Option<u64>,
    /// The refresh token that takes the place of the one presented.
    pub refresh: Option<Secret>,
    /// Who signed in.
    pub who: Option<Who>,
}

/// Who signed in, as the service says beside the token (OpenID Connect Core 1.0 section 2; it came over TLS from the token
/// end point itself, so its signature adds nothing, section 3.1.3.7).
pub struct Who {
    /// The name that the person signed in with.
    pub account: Option<String>,
    /// The directory.
    pub directory: Option<String>,
}

/// The kind of `client_assertion` (RFC 7523 section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Fields of an answer that hold a credential, whatever else is the matter with the answer.
const SECRET_FIELDS: [&str; 4] = ["access_token", "refresh_token", "id_token", "device_code"];

impl Proof {
    fn secret(&self) -> &Secret {
        match self {
            Proof::Secret(secret) | Proof::Assertion(secret) | Proof::Refresh(secret) => secret,
        }
    }

    fn fields(&self) -> Vec<(&'static str, &str)> {
        match self {
            Proof::Secret(secret) => vec![("client_secret", secret.expose()), ("grant_type", "client_credentials")],
            Proof::Assertion(assertion) => vec![
                ("client_assertion_type", JWT_BEARER),
                ("client_assertion", assertion.expose()),
                ("grant_type", "client_credentials"),
            ],
            Proof::Refresh(token) => vec![("refresh_token", token.expose()), ("grant_type", "refresh_token")],
        }
    }
}

/// Requests a token. The proof goes to the login service of the cloud and nowhere else.
pub async fn request(client: &Client, cloud: &Cloud, job: &TokenJob, mask: &Mask) -> Granted {
    // An assertion is made for this request, and another program may have renewed the sign-in: the run's mask knows neither.
    let mut mask = mask.clone();
    mask.add(job.proof.secret());
    let client = &client.masking(&mask);
    let url = cloud.login_url(&job.tenant, "oauth2/v2.0/token");
    let mut form = vec![("client_id", job.client_id.as_str()), ("scope", job.scope.as_str())];
    form.extend(job.proof.fields());
    let (http, body) = client.post_form(&url, &form).await;
    let facts = TokenFacts {
        source: "requested".to_owned(),
        resource: Some(job.resource),
        scope: Some(job.scope.clone()),
        ..TokenFacts::default()
    };
    granted(client, &mask, facts, http, body)
}

/// Reads the answer of a token end point (RFC 6749 section 5).
pub(super) fn granted(
    client: &Client,
    mask: &Mask,
    mut facts: TokenFacts,
    mut http: HttpFacts,
    body: Option<Value>,
) -> Granted {
    let secret = |name: &str| body.as_ref().and_then(|body| body.get(name)?.as_str()).map(Secret::new);
    let (token, refresh) = (secret("access_token"), secret("refresh_token"));
    let id_token = secret("id_token");
    facts.granted = body.as_ref().and_then(|body| body.get("scope")?.as_str()).map(|scope| client.seen(scope));
    let life = body.as_ref().and_then(|body| body.get("expires_in")).and_then(seconds);
    facts.refusal = body.as_ref().and_then(|body| entra::refusal_in(body, |text| client.seen(text)));
    if let Some(token) = &token {
        decode(token, &mut facts);
        // Whoever makes the token was sent the secret and may write it into a claim.
        facts.header = mask.cleared(&facts.header);
        facts.claims = mask.cleared(&facts.claims);
    }
    if token.is_none() && facts.refusal.is_none() && http.words.is_none() {
        http.words = body.map(|body| client.excerpt(&without_secrets(body).to_string()));
    }
    facts.request = Some(http);
    let who = id_token.as_ref().and_then(who);
    Granted { facts, token, life, refresh, who }
}

fn who(id_token: &Secret) -> Option<Who> {
    let claims = json(id_token.expose().split('.').nth(1)?).ok()?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Who { account: text("preferred_username").or_else(|| text("email")), directory: text("tid") })
}

/// A number, or its digits as text: managed identities answer with texts (microsoft-facts B.5).
fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

pub(super) fn without_secrets(mut body: Value) -> Value {
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|name, _| !SECRET_FIELDS.contains(&name.as_str()));
    }
    body
}

/// Decodes header and claims into the facts; the signature stays behind.
pub fn decode(token: &Secret, facts: &mut TokenFacts) {
    let parts: Vec<&str> = token.expose().split('.').collect();
    let form = match parts[..] {
        [header, _, _, _, _] if json(header).is_ok() => Form::Encrypted,
        [header, claims, _] if header.starts_with("ey") => match (json(header), json(claims)) {
            (Ok(header), Ok(claims)) => {
                let unsigned =
                    header.get("alg").and_then(Value::as_str).is_some_and(|alg| alg.eq_ignore_ascii_case("none"));
                facts.header = header;
                facts.claims = claims;
                if unsigned { Form::Unsigned } else { Form::Jwt }
            }
            (Err(e), _) => Form::Malformed(format!("its header is {e}")),
            (_, Err(e)) => Form::Malformed(format!("its claims are {e}")),
        },
        [first, ..] if first.starts_with("ey") => Form::Malformed(format!("it has {} parts, a JWT has 3", parts.len())),
        _ => Form::Opaque,
    };
    facts.form = Some(form);
}

fn json(part: &str) -> Result<Map<String, Value>, String> {
    let octets = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).map_err(|e| format!("not base64url: {e}"))?;
    serde_json::from_slice(&octets).map_err(|e| format!("no JSON object: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form_of(token: &str) -> Option<Form> {
        let mut facts = TokenFacts::default();
        decode(&Secret::new(token), &mut facts);
        facts.form
    }

    #[test]
    fn the_form_of_a_token_is_recognised() {
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let (header, claims) = (part(r#"{"alg":"RS256"}"#), part(r#"{"aud":"x"}"#));
        assert_eq!(form_of(&format!("{header}.{claims}.c2ln")), Some(Form::Jwt));
        assert_eq!(form_of(&format!("{}.{claims}.", part(r#"{"alg":"none"}"#))), Some(Form::Unsigned));
        assert_eq!(form_of(&format!("{header}.a.b.c.d")), Some(Form::Encrypted));
        assert_eq!(form_of("EwBwA8l6BAAU"), Some(Form::Opaque));
        assert!(matches!(form_of(&format!("{header}.{claims}")), Some(Form::Malformed(_))));
        assert!(matches!(form_of(&format!("{header}.!!.c2ln")), Some(Form::Malformed(_))));
    }
}

//! Access tokens: requested from the login service, or read.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::entra;
use super::http::Client;
use crate::cloud::Cloud;
use crate::facts::{Form, TokenFacts};
use crate::road::Resource;
use crate::setup::secret::{Mask, Secret};

/// One request by client credentials (RFC 6749 section 4.4).
pub struct TokenJob {
    /// Directory id or domain.
    pub tenant: String,
    /// Application (client) id.
    pub client_id: String,
    /// The client secret.
    pub secret: Secret,
    /// The API, and the scope to ask for.
    pub resource: Resource,
    /// `<resource>/.default`.
    pub scope: String,
}

/// Requests a token. The secret goes to the login service of the cloud and nowhere else.
pub async fn request(client: &Client, cloud: &Cloud, job: &TokenJob, mask: &Mask) -> (TokenFacts, Option<Secret>) {
    let url = cloud.login_url(&job.tenant, "oauth2/v2.0/token");
    let form = [
        ("client_id", job.client_id.as_str()),
        ("scope", job.scope.as_str()),
        ("client_secret", job.secret.expose()),
        ("grant_type", "client_credentials"),
    ];
    let (http, body) = client.post_form(&url, &form).await;
    let mut facts = TokenFacts {
        source: "requested".to_owned(),
        resource: Some(job.resource),
        scope: Some(job.scope.clone()),
        ..TokenFacts::default()
    };
    let token = body.as_ref().and_then(|body| body.get("access_token")?.as_str()).map(Secret::new);
    facts.refusal = body.as_ref().and_then(|body| entra::refusal_in(body, |text| client.seen(text)));
    if let Some(token) = &token {
        decode(token, &mut facts);
        // Whoever makes the token was sent the secret and may write it into a claim.
        facts.header = mask.cleared(&facts.header);
        facts.claims = mask.cleared(&facts.claims);
    }
    let mut http = http;
    if token.is_none() && facts.refusal.is_none() && http.words.is_none() {
        http.words = body.map(|body| client.excerpt(&body.to_string()));
    }
    facts.request = Some(http);
    (facts, token)
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

//! The authorization code flow with PKCE (RFC 6749 section 4.1, RFC 7636, RFC 8252 section 7.3 for the loopback).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{SignInJob, unguessable};
use crate::cloud::Cloud;
use crate::facts::{Refusal, TokenFacts, shortened};
use crate::probes::http::Client;
use crate::probes::token::{self, Granted};
use crate::road::Resource;
use crate::setup::secret::{Mask, Secret};

/// A question to the person in the browser, and what is needed to understand its answer.
pub struct Authorization {
    /// The address to open.
    pub url: Url,
    /// Where the browser is sent afterwards.
    pub redirect: String,
    state: String,
    verifier: Secret,
}

/// What the browser was sent back with.
pub enum Redirected {
    /// A code, to be exchanged once.
    Code(Secret),
    /// A refusal.
    Refused(Refusal),
    /// It answers another question than this one.
    Foreign,
    /// It is no answer at all.
    Nothing,
}

/// The longest text that is kept of a refusal.
const LONGEST: usize = 4000;

impl Authorization {
    /// `wide`: the scopes of every API of the run, so that one consent is enough (Microsoft Learn, "Permissions and consent
    /// in the Microsoft identity platform"); each token names one API later.
    pub fn new(cloud: &Cloud, job: &SignInJob<'_>, wide: &str, redirect: &str, hint: Option<&str>) -> Authorization {
        let (state, verifier) = (unguessable(), unguessable());
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let mut url = cloud.login_url(job.tenant, "oauth2/v2.0/authorize");
        url.query_pairs_mut()
            .append_pair("client_id", job.client_id)
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", redirect)
            .append_pair("response_mode", "query")
            .append_pair("scope", wide)
            .append_pair("state", &state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        match hint {
            Some(account) => url.query_pairs_mut().append_pair("login_hint", account),
            // Without a name, whoever the browser knows would be taken in silence.
            None => url.query_pairs_mut().append_pair("prompt", "select_account"),
        };
        Authorization { url, redirect: redirect.to_owned(), state, verifier: Secret::new(verifier) }
    }

    /// Reads what stood behind the question mark of the address that the browser was sent to.
    pub fn read(&self, query: &str) -> Redirected {
        let field = |name: &str| url::form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name);
        let text = |name: &str| field(name).map(|(_, value)| value.into_owned());
        let (code, error) = (text("code"), text("error"));
        if code.is_none() && error.is_none() {
            return Redirected::Nothing;
        }
        if text("state").as_deref() != Some(self.state.as_str()) {
            return Redirected::Foreign;
        }
        // An error counts first: some answers carry more than they mean.
        if let Some(error) = error {
            let description = shortened(&text("error_description").unwrap_or_default(), LONGEST);
            return Redirected::Refused(Refusal { error, description, ..Refusal::default() });
        }
        code.map_or(Redirected::Nothing, |code| Redirected::Code(Secret::new(code)))
    }

    /// Reads a whole address, as a person copies it out of the browser.
    pub fn read_address(&self, address: &Secret) -> Redirected {
        let address = address.expose().trim();
        let query = address.split_once('?').map_or(address, |(_, query)| query);
        self.read(query.split_once('#').map_or(query, |(query, _)| query))
    }
}

/// Exchanges a code for tokens (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
pub async fn redeem(
    client: &Client,
    cloud: &Cloud,
    job: &SignInJob<'_>,
    resource: Resource,
    asked: &Authorization,
    code: &Secret,
    mask: &Mask,
) -> Granted {
    let mut mask = mask.clone();
    mask.add(code);
    mask.add(&asked.verifier);
    let form = [
        ("client_id", job.client_id),
        ("scope", job.scope),
        ("code", code.expose()),
        ("redirect_uri", &asked.redirect),
        ("grant_type", "authorization_code"),
        ("code_verifier", asked.verifier.expose()),
    ];
    let client = client.masking(&mask);
    let (http, body) = client.post_form(&cloud.login_url(job.tenant, "oauth2/v2.0/token"), &form).await;
    let facts = TokenFacts {
        source: "signed in".to_owned(),
        resource: Some(resource),
        scope: Some(job.scope.to_owned()),
        ..TokenFacts::default()
    };
    token::granted(&client, &mask, facts, http, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Authorization {
        let cloud = Cloud::named("worldwide").unwrap();
        let job = SignInJob { tenant: "contoso.com", client_id: "id", scope: "s" };
        Authorization::new(&cloud, &job, "s t", "http://localhost:1", None)
    }

    #[test]
    fn only_the_answer_to_this_question_counts() {
        let asked = asked();
        let state = &asked.state;
        assert!(matches!(asked.read(&format!("code=c&state={state}")), Redirected::Code(_)));
        assert!(matches!(asked.read("code=c&state=other"), Redirected::Foreign));
        assert!(matches!(asked.read("code=c"), Redirected::Foreign));
        assert!(matches!(asked.read("x=y"), Redirected::Nothing));
        let both = format!("code=c&error=access_denied&error_description=no+way&state={state}");
        let Redirected::Refused(refusal) = asked.read(&both) else { panic!("an error counts first") };
        assert_eq!((refusal.error.as_str(), refusal.description.as_str()), ("access_denied", "no way"));
        let pasted = Secret::new(format!(" https://login.example/nativeclient?code=c&state={state}#_=_ \n"));
        assert!(matches!(asked.read_address(&pasted), Redirected::Code(_)));
    }

    #[test]
    fn the_challenge_is_the_hash_of_the_verifier() {
        let asked = asked();
        let of = |name: &str| asked.url.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned();
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(asked.verifier.expose().as_bytes()));
        assert_eq!(of("code_challenge"), hash);
        assert_eq!(asked.verifier.expose().len(), 43);
        assert_ne!(asked.verifier.expose(), super::super::unguessable());
        assert!(!asked.url.as_str().contains(asked.verifier.expose()));
    }
}

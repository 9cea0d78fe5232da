//! The assertion of another issuer: read from its file, or requested from GitHub Actions, for one request of a token.

use std::path::Path;

use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use url::Url;

use super::http::Client;
use super::token::decode;
use crate::cloud::Cloud;
use crate::facts::{AssertionFacts, TokenFacts};
use crate::setup::AssertionSource;
use crate::setup::secret::Secret;

/// An assertion has one to four kilobytes; GitHub's have about two.
const LONGEST: u64 = 64 * 1024;
/// Seconds past its end for which nothing is sent any more: what the login service tolerates (microsoft-facts D.2).
const TOLERANCE: i64 = 300;
/// Audiences that are worth keeping.
const MOST_AUDIENCES: usize = 10;

/// Gets it, and says what it claims. There is none to be sent where it could not be had, or is over already: the answer to
/// that is known. `now`: seconds since the epoch.
pub async fn assertion(
    client: &Client,
    cloud: &Cloud,
    source: &AssertionSource,
    origin: &str,
    now: i64,
) -> (AssertionFacts, Option<Secret>) {
    let wanted_audience = cloud.federation_audience.clone();
    let mut facts = AssertionFacts { source: origin.to_owned(), wanted_audience, ..AssertionFacts::default() };
    let found = match source {
        AssertionSource::Given(value) => Ok(value.clone()),
        AssertionSource::File(path) => read(path).await,
        AssertionSource::GitHub { url, token } => {
            let url = with_audience(url, &facts.wanted_audience);
            let (http, body) = client.get_with(&url, token).await;
            facts.request = Some(http);
            let value = body.as_ref().and_then(|body| body.get("value")?.as_str()).map(Secret::new);
            value.ok_or_else(|| "no token came".to_owned())
        }
    };
    let value = match found {
        Ok(value) => value,
        Err(why) => {
            facts.unsent = Some(why);
            return (facts, None);
        }
    };
    describe(client, &value, &mut facts);
    if let Some(over) = facts.expires.map(|end| now - end).filter(|over| *over > TOLERANCE) {
        facts.unsent = Some(format!("it expired {over} s ago"));
        return (facts, None);
    }
    (facts, Some(value))
}

async fn read(path: &Path) -> Result<Secret, String> {
    let file = tokio::fs::File::open(path).await.map_err(|e| format!("its file can not be read: {e}"))?;
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).await.map_err(|e| format!("its file can not be read: {e}"))?;
    Ok(Secret::new(text.trim()))
}

/// GitHub's address has a query already (GitHub Docs, "OpenID Connect reference").
fn with_audience(url: &Url, audience: &str) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().append_pair("audience", audience);
    url
}

fn describe(client: &Client, value: &Secret, facts: &mut AssertionFacts) {
    let mut token = TokenFacts::default();
    decode(value, &mut token);
    let seen = |claim: &str| token.text(claim).map(|text| client.seen(text));
    facts.issuer = seen("iss");
    facts.subject = seen("sub");
    facts.audiences = token.audiences().into_iter().take(MOST_AUDIENCES).map(|text| client.seen(text)).collect();
    let seconds = |claim: &str| token.claims.get(claim).and_then(Value::as_i64);
    facts.not_before = seconds("nbf").or_else(|| seconds("iat"));
    facts.expires = seconds("exp");
}

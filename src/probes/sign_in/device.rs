//! The device code flow (RFC 8628): a short code that a person types on a page of the login service, on any computer.

use std::time::Duration;

use serde_json::Value;

use super::SignInJob;
use crate::cloud::Cloud;
use crate::facts::TokenFacts;
use crate::probes::entra;
use crate::probes::http::Client;
use crate::probes::token::{self, Granted};
use crate::road::Resource;
use crate::setup::secret::{Mask, Secret};

/// A code for a person, and the one that stands for it here.
pub struct Device {
    code: Secret,
    /// What the person types.
    pub user_code: String,
    /// Where.
    pub page: String,
    /// The pause between two questions whether it was done.
    pub interval: Duration,
    /// How long the code is good for.
    pub life: Duration,
}

/// What asking whether it was done came to.
pub enum Poll {
    /// Not yet.
    Pending,
    /// Not yet, and asked too often (RFC 8628 section 3.5: five seconds more each time).
    TooFast,
    /// The end, one way or the other.
    Done(Box<Granted>),
}

/// The pause where the service names none (RFC 8628 section 3.2).
const INTERVAL: u64 = 5;
/// No service wants more, in seconds.
const LONGEST_INTERVAL: u64 = 60;
/// How long a code is good for where the service does not say: 15 minutes (microsoft-facts B.8), in seconds.
const LIFE: u64 = 900;
/// An hour is more than any service gives, in seconds.
const LONGEST_LIFE: u64 = 3600;
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Asks for a code (RFC 8628 section 3.1).
///
/// # Errors
/// What came instead, as the facts of a token that was not given.
pub async fn begin(
    client: &Client,
    cloud: &Cloud,
    job: &SignInJob<'_>,
    resource: Resource,
) -> Result<Device, Box<TokenFacts>> {
    let url = cloud.login_url(job.tenant, "oauth2/v2.0/devicecode");
    let (mut http, body) = client.post_form(&url, &[("client_id", job.client_id), ("scope", job.scope)]).await;
    let text = |name: &str| body.as_ref().and_then(|body| body.get(name)?.as_str()).map(str::to_owned);
    let number = |name: &str| body.as_ref().and_then(|body| body.get(name)?.as_u64());
    let page = text("verification_uri").or_else(|| text("verification_url"));
    if let (Some(code), Some(user_code), Some(page)) = (text("device_code"), text("user_code"), page) {
        return Ok(Device {
            code: Secret::new(code),
            user_code: client.excerpt(&user_code),
            page: client.excerpt(&page),
            interval: Duration::from_secs(number("interval").unwrap_or(INTERVAL).clamp(1, LONGEST_INTERVAL)),
            life: Duration::from_secs(number("expires_in").unwrap_or(LIFE).min(LONGEST_LIFE)),
        });
    }
    let refusal = body.as_ref().and_then(|body| entra::refusal_in(body, |text| client.seen(text)));
    if refusal.is_none() && http.words.is_none() {
        http.words = body.map(|body| client.excerpt(&token::without_secrets(body).to_string()));
    }
    Err(Box::new(facts(job, resource, TokenFacts { refusal, request: Some(http), ..TokenFacts::default() })))
}

/// Asks once whether the person has done it (RFC 8628 section 3.4).
pub async fn poll(
    client: &Client,
    cloud: &Cloud,
    job: &SignInJob<'_>,
    resource: Resource,
    device: &Device,
    mask: &Mask,
) -> Poll {
    let mut mask = mask.clone();
    mask.add(&device.code);
    let client = client.masking(&mask);
    let form = [("client_id", job.client_id), ("grant_type", GRANT), ("device_code", device.code.expose())];
    let (http, body) = client.post_form(&cloud.login_url(job.tenant, "oauth2/v2.0/token"), &form).await;
    match body.as_ref().and_then(|body| body.get("error")).and_then(Value::as_str) {
        Some("authorization_pending") => Poll::Pending,
        Some("slow_down") => Poll::TooFast,
        _ => {
            let facts = facts(job, resource, TokenFacts::default());
            Poll::Done(Box::new(token::granted(&client, &mask, facts, http, body)))
        }
    }
}

fn facts(job: &SignInJob<'_>, resource: Resource, facts: TokenFacts) -> TokenFacts {
    TokenFacts { source: "signed in".to_owned(), resource: Some(resource), scope: Some(job.scope.to_owned()), ..facts }
}

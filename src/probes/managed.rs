//! The token of a managed identity, from the machine's own service: the instance metadata service of a virtual machine, or
//! that of App Service (Microsoft Learn, "How to use managed identities for Azure resources on an Azure VM to acquire an
//! access token", and "How to use managed identities for App Service and Azure Functions").

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};
use url::Url;

use super::http::Client;
use super::token::{Granted, granted};
use crate::cloud::Cloud;
use crate::facts::{HttpFacts, ManagedFacts, TokenFacts};
use crate::road::Resource;
use crate::setup::secret::Mask;
use crate::setup::{MachineIdentity as Identity, ManagedEndpoint};

/// One request of a managed identity's token.
pub struct ManagedJob<'a> {
    /// Whom to ask.
    pub endpoint: &'a ManagedEndpoint,
    /// For which identity.
    pub identity: &'a Identity,
    /// For which API.
    pub resource: Resource,
    /// The scope as the login service would be asked for it; here its resource counts.
    pub scope: String,
    /// The longest that all attempts together may take.
    pub timeout: Duration,
}

const IMDS_VERSION: &str = "2018-02-01";
const APP_SERVICE_VERSION: &str = "2019-08-01";
/// Waits before the second, third and fourth attempt. Microsoft asks for waits that double, and for 404, 410, 429 and 5xx.
const WAITS: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// Requests a token. Nobody else is asked, through no proxy, and what is sent is no secret but on App Service.
pub async fn request(cloud: &Cloud, job: &ManagedJob<'_>, mask: &Mask) -> Granted {
    let client = Client::local(cloud, job.timeout, mask);
    let url = address(job);
    let deadline = Instant::now() + job.timeout;
    let mut attempts = 0;
    let (http, body) = loop {
        let (http, body) = ask(&client, job.endpoint, &url).await;
        let wait = WAITS.get(attempts).copied().filter(|wait| Instant::now() + *wait < deadline);
        attempts += 1;
        match wait {
            Some(wait) if later(&http) => sleep(wait).await,
            _ => break (http, body),
        }
    };
    let managed = ManagedFacts {
        service: job.endpoint.name().to_owned(),
        identity: job.identity.to_string(),
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
    };
    let facts = TokenFacts {
        source: "given to the managed identity".to_owned(),
        resource: Some(job.resource),
        scope: Some(job.scope.clone()),
        managed: Some(managed),
        ..TokenFacts::default()
    };
    granted(&client, mask, facts, http, body)
}

async fn ask(client: &Client, endpoint: &ManagedEndpoint, url: &Url) -> (HttpFacts, Option<Value>) {
    match endpoint {
        ManagedEndpoint::Imds(_) => client.get_headed(url, "metadata", "true").await,
        ManagedEndpoint::AppService { header, .. } => {
            client.get_headed(url, "x-identity-header", header.expose()).await
        }
    }
}

fn address(job: &ManagedJob<'_>) -> Url {
    let (mut url, version) = match job.endpoint {
        ManagedEndpoint::Imds(base) => {
            let mut url = base.clone();
            url.set_path("/metadata/identity/oauth2/token");
            (url, IMDS_VERSION)
        }
        ManagedEndpoint::AppService { url, .. } => (url.clone(), APP_SERVICE_VERSION),
    };
    let on_machine = matches!(job.endpoint, ManagedEndpoint::Imds(_));
    let (name, value) = match job.identity {
        Identity::System => ("", ""),
        Identity::Client(id) => ("client_id", id.as_str()),
        Identity::Object(id) => (if on_machine { "object_id" } else { "principal_id" }, id.as_str()),
        Identity::Resource(id) => (if on_machine { "msi_res_id" } else { "mi_res_id" }, id.as_str()),
    };
    let mut query = url.query_pairs_mut();
    query.append_pair("api-version", version);
    query.append_pair("resource", job.scope.strip_suffix("/.default").unwrap_or(&job.scope));
    if !name.is_empty() {
        query.append_pair(name, value);
    }
    drop(query);
    url
}

/// Whether the service asks for another attempt.
fn later(http: &HttpFacts) -> bool {
    http.fault.is_none() && matches!(http.status, Some(404 | 410 | 429 | 500..=599))
}

//! The refusals of the login service, in the service's own words (its error look-up page and its answers as seen in
//! public logs; microsoft-facts E).

mod assertion;

use std::collections::HashMap;

use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::state::{State, Tenant};

mod people;

/// One refusal.
pub(super) struct Refusal {
    status: StatusCode,
    error: &'static str,
    number: u64,
    words: String,
    /// What is behind it, in a word for programs.
    suberror: Option<&'static str>,
    /// What the service wants of the next sign-in, for the `claims` parameter.
    claims: Option<&'static str>,
}

impl Refusal {
    fn new(status: StatusCode, error: &'static str, number: u64, words: impl Into<String>) -> Refusal {
        Refusal { status, error, number, words: words.into(), suberror: None, claims: None }
    }

    fn bad(error: &'static str, number: u64, words: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, error, number, words)
    }

    fn client(number: u64, words: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::UNAUTHORIZED, "invalid_client", number, words)
    }

    pub(super) fn missing(name: &str) -> Refusal {
        let words = format!("The request body must contain the following parameter: '{name}'.");
        Refusal::bad("invalid_request", 900_144, words)
    }

    pub(super) fn no_tenant() -> Refusal {
        let words =
            "No tenant-identifying information found in either the request or implied by any provided credentials.";
        Refusal::bad("invalid_request", 50_059, words)
    }

    pub(super) fn tenant_not_found(name: &str) -> Refusal {
        let words = format!(
            "Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the \
             correct cloud. Check with your subscription administrator, this may happen if there are no active \
             subscriptions for the tenant."
        );
        Refusal::bad("invalid_request", 90_002, words)
    }

    pub(super) fn app_not_found(client_id: &str, tenant: &Tenant) -> Refusal {
        let words = format!(
            "Application with identifier '{client_id}' was not found in the directory '{}'. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the \
             tenant. You may have sent your authentication request to the wrong tenant.",
            tenant.initial_domain
        );
        Refusal::bad("unauthorized_client", 700_016, words)
    }

    pub(super) fn grant_type(given: &str) -> Refusal {
        Refusal::bad(
            "unsupported_grant_type",
            70_003,
            format!("The app requested an unsupported grant type '{given}'."),
        )
    }

    pub(super) fn no_credential() -> Refusal {
        let words = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        Refusal::client(7_000_218, words)
    }

    pub(super) fn wrong_secret(client_id: &str) -> Refusal {
        let words = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
             not the client secret ID, for a secret added to app '{client_id}'."
        );
        Refusal::client(7_000_215, words)
    }

    pub(super) fn expired_secret(client_id: &str) -> Refusal {
        let words = format!(
            "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create new \
             keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added \
             security: https://aka.ms/certCreds."
        );
        Refusal::client(7_000_222, words)
    }

    pub(super) fn no_service_principal(client_id: &str, tenant: &Tenant) -> Refusal {
        let words = format!(
            "The client application {client_id} is missing service principal in the tenant {}. See instructions here: \
             https://go.microsoft.com/fwlink/?linkid=2225119",
            tenant.id
        );
        Refusal::client(7_000_229, words)
    }

    pub(super) fn not_default(scope: &str) -> Refusal {
        let words = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with \
             /.default suffixed to the resource identifier (application ID URI)."
        );
        Refusal::bad("invalid_scope", 1_002_012, words)
    }

    pub(super) fn bad_scope(scope: &str) -> Refusal {
        let words = format!(
            "The provided request must include a 'scope' input parameter. The provided value for the input parameter \
             'scope' is not valid. The scope {scope} is not valid."
        );
        Refusal::bad("invalid_scope", 70_011, words)
    }

    pub(super) fn resource_on_v2() -> Refusal {
        Refusal::bad("invalid_request", 901_002, "The 'resource' request parameter is not supported.")
    }

    pub(super) fn no_resource(resource: &str, tenant: &Tenant) -> Refusal {
        let words = format!(
            "The resource principal named {resource} was not found in the tenant named {}. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the \
             tenant. You might have sent your authentication request to the wrong tenant.",
            tenant.initial_domain
        );
        Refusal::bad("invalid_resource", 500_011, words)
    }

    pub(super) fn throttled() -> Refusal {
        let words = "Tenant has exceeded its request limit. Please retry later.";
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable", 90_055, words)
    }

    pub(super) fn consent_over_common() -> Refusal {
        let words = "Invalid request. Cannot use /common or /consumers on admin-consent. Please specify the tenant in \
                     GUID or friendly name format OR generically reference it with /organizations.";
        Refusal::bad("invalid_request", 9_002_328, words)
    }

    pub(super) fn no_reply_address() -> Refusal {
        Refusal::bad("invalid_request", 900_971, "No reply address provided.")
    }

    /// The words with their number.
    pub(super) fn sentence(&self) -> String {
        format!("AADSTS{}: {}", self.number, self.words)
    }

    /// Repeats what was sent, as the service does with parts of some requests.
    pub(super) fn repeat(&mut self, fields: &HashMap<String, String>) {
        let mut fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        fields.sort();
        self.words.push_str(&format!(" The request was: {}", fields.join("&")));
    }

    /// The answer as JSON (RFC 6749 section 5.2, with Entra's additions).
    pub(super) fn answer(&self, state: &State, correlation: &str) -> Response {
        let trace = uuid::Uuid::new_v4().to_string();
        let now = Timestamp::now() + SignedDuration::from_secs(state.clock_ahead);
        let timestamp = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let sentence = self.sentence();
        let mut body = json!({
            "error": self.error,
            "error_description":
                format!("{sentence} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}"),
            "error_codes": [self.number],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://localhost:{}/error?code={}", state.login_port, self.number),
        });
        for (name, value) in [("suberror", self.suberror), ("claims", self.claims)] {
            if let Some(value) = value {
                body[name] = value.into();
            }
        }
        let mut response = (self.status, axum::Json(body)).into_response();
        if let Ok(id) = HeaderValue::from_str(&trace) {
            response.headers_mut().insert("x-ms-request-id", id);
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert("retry-after", HeaderValue::from_static("17"));
        }
        response
    }
}

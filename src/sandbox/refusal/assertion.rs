//! The refusals of assertions, in the service's own words (texts of login.microsoftonline.com/error, and of answers in public
//! issues: microsoft-facts E, MSAL.js 8339, cli-microsoft365 1621).

use jiff::Timestamp;

use super::Refusal;
use crate::sandbox::state::App;

/// What stands behind most of them.
const REVIEW: &str = "Review the documentation at \
     https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .";
/// What stands behind those of federation.
const CHECK: &str = "Check your federated identity credential Subject, Audience and Issuer against the presented assertion. \
     https://learn.microsoft.com/entra/workload-id/workload-identity-federation";

impl Refusal {
    pub(in crate::sandbox) fn two_credentials() -> Refusal {
        let words = "Request should not contain more than one client credential parameters, this includes \
                     'client_secret', 'client_assertion' and 'request' parameters.";
        Refusal::bad("invalid_request", 9_002_324, words)
    }

    pub(in crate::sandbox) fn malformed_assertion() -> Refusal {
        Refusal::bad("invalid_request", 50_027, "JWT token is invalid or malformed.")
    }

    pub(in crate::sandbox) fn other_issuer() -> Refusal {
        let words = "Client assertion application identifier doesn't match 'client_id' parameter.";
        Refusal::client(700_021, format!("{words} {REVIEW}"))
    }

    pub(in crate::sandbox) fn no_subject() -> Refusal {
        Refusal::client(700_022, format!("No Subject claim provided in the assertion. {REVIEW}"))
    }

    pub(in crate::sandbox) fn other_audience() -> Refusal {
        Refusal::client(700_023, format!("Client assertion audience claim does not match Realm issuer. {REVIEW}"))
    }

    pub(in crate::sandbox) fn out_of_time(now: Timestamp, from: Option<i64>, until: Option<i64>) -> Refusal {
        let date = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S.0000000Z").to_string();
        let of = |seconds: Option<i64>| seconds.and_then(|s| Timestamp::from_second(s).ok()).map(date);
        let words = format!(
            "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, expiry time \
             of assertion {}. {REVIEW}",
            date(now),
            of(from).unwrap_or_default(),
            of(until).unwrap_or_default(),
        );
        Refusal::client(700_024, words)
    }

    pub(in crate::sandbox) fn no_keys() -> Refusal {
        Refusal::client(700_026, "Client application has no configured keys.")
    }

    pub(in crate::sandbox) fn bad_signature(reason: &str, print: &str, span: Option<String>, app: &App) -> Refusal {
        let found = span.map(|span| format!(" Found key '{span}',")).unwrap_or_default();
        let words = format!(
            "Client assertion contains an invalid signature. [Reason - {reason}, Thumbprint of key used by client: \
             '{print}',{found} Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured \
             keys for app Id '{}'. Review the documentation at https://docs.microsoft.com/en-us/graph/deployments to \
             determine the corresponding service endpoint.]",
            app.client_id
        );
        Refusal::client(700_027, words)
    }

    pub(in crate::sandbox) fn unsupported_key() -> Refusal {
        Refusal::client(5_002_730, "Invalid JWT token. Unsupported key for the signing algorithm.")
    }

    pub(in crate::sandbox) fn no_federation(issuer: &str, subject: &str, audience: &str) -> Refusal {
        let words = format!(
            "No matching federated identity record found for presented assertion. Assertion Issuer: '{issuer}'. Assertion \
             Subject: '{subject}'. Assertion Audience: '{audience}'. {CHECK}"
        );
        Refusal::bad("invalid_request", 70_021, words)
    }

    pub(in crate::sandbox) fn no_match(number: u64, what: &str, value: &str) -> Refusal {
        let words =
            format!("No matching federated identity record found for presented assertion {what} '{value}'. {CHECK}");
        Refusal::client(number, words)
    }
}

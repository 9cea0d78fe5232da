//! The admin-consent link, and what the address it redirects to says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Consent, asked for or answered.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConsentFacts {
    /// The links that were made.
    pub links: Option<ConsentLinks>,
    /// The reading of a redirected address.
    pub reading: Option<ConsentReading>,
}

/// The two forms of the link.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ConsentLinks {
    /// The v2.0 end point: names the API whose permissions are asked for.
    pub v2: String,
    /// The classic end point: all permissions that the registration lists.
    pub classic: String,
    /// Random; comes back in the redirected address.
    pub state: String,
    /// Where the browser is sent afterwards.
    pub redirect_uri: String,
    /// What consent is asked for.
    pub scope: String,
}

/// What a redirected address says. The tenant in it proves nothing about who clicked.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConsentReading {
    /// `error`; read before `admin_consent`, which v2 sets to True even on failure.
    pub error: Option<String>,
    /// `error_description`.
    pub description: Option<String>,
    /// `admin_consent` is True.
    pub admin_consent: bool,
    /// `tenant`.
    pub tenant: Option<String>,
    /// `state`.
    pub state: Option<String>,
    /// The state that was sent, as the user says.
    pub expected_state: Option<String>,
    /// `scope`.
    pub scope: Option<String>,
}

//! What Microsoft Graph answered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Accepted, HttpFacts, MessageFacts};

/// One visit to Microsoft Graph: whether it is there, and the one request that sends.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GraphFacts {
    /// Host and port.
    pub server: String,
    /// A request without a token and without an effect, to see whether anybody answers.
    pub reach: HttpFacts,
    /// The request that sends, when it was made.
    pub request: Option<HttpFacts>,
    /// The form of the message: `json` or `mime`.
    pub form: Option<String>,
    /// The refusal, when the answer was one.
    pub refusal: Option<GraphRefusal>,
    /// Graph's own id of the request.
    pub request_id: Option<String>,
    /// Why nothing was sent, when it was we who stopped.
    pub stopped: Option<String>,
    /// The probe mail. Without a Message-ID where Graph makes it.
    pub message: Option<MessageFacts>,
}

/// An error of Graph: `{"error": {"code", "message", "innerError"}}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GraphRefusal {
    /// `ErrorAccessDenied`, …
    pub code: String,
    /// The service's own words, masked.
    pub message: String,
    /// The code within, where there is a more exact one.
    pub inner_code: Option<String>,
    /// For Microsoft's support.
    pub request_id: Option<String>,
    /// The service's own time of the refusal.
    pub date: Option<String>,
}

impl GraphFacts {
    /// The status of the answer to the request that sends.
    pub fn status(&self) -> Option<u16> {
        self.request.as_ref()?.status
    }

    /// Whether Graph took the mail.
    pub fn accepted(&self) -> Option<Accepted> {
        self.message.as_ref().map(|message| message.accepted)
    }
}

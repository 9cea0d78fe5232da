//! What Exchange Web Services answered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Accepted, HttpFacts, MessageFacts};

/// One visit to Exchange Web Services: whether it is there, whether the mailbox opens, and the one request that sends.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EwsFacts {
    /// Host and port.
    pub server: String,
    /// A request without a token and without an effect, to see whether anybody answers.
    pub reach: HttpFacts,
    /// How the requests name the mailbox.
    pub acting: Option<EwsActing>,
    /// The request for the inbox (`GetFolder`), which serves as the login test.
    pub folder: Option<EwsExchange>,
    /// The request that sends (`CreateItem`), when it was made.
    pub create: Option<EwsExchange>,
    /// Why the visit went no further, when it was we who stopped.
    pub stopped: Option<String>,
    /// The probe mail.
    pub message: Option<MessageFacts>,
}

/// How the requests name the mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EwsActing {
    /// As an application does: the header `ExchangeImpersonation`.
    Impersonation,
    /// As a person does: the folder says whose it is.
    Folder,
}

/// One request and its answer.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EwsExchange {
    /// As HTTPS shows it.
    pub http: HttpFacts,
    /// `x-ms-diagnostics`: why the token was refused.
    pub diagnostics: Option<String>,
    /// `X-EWS-Policy-Reason`: which kind of switch or list refused.
    pub policy: Option<String>,
    /// `WWW-Authenticate` of a refusal.
    pub authenticate: Option<String>,
    /// The service's own id of the request.
    pub request_id: Option<String>,
    /// The server that answered (`X-FEServer`).
    pub front_end: Option<String>,
    /// What the body says, when it is SOAP.
    pub answer: Option<EwsAnswer>,
}

/// The body of an answer: a fault, or the outcome of the one operation that was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EwsAnswer {
    /// `ResponseClass`: `Success`, `Warning` or `Error`. None: a fault.
    pub class: Option<String>,
    /// `ResponseCode`: `NoError`, `ErrorNonExistentMailbox`, …
    pub code: Option<String>,
    /// `MessageText`, or the text within a fault.
    pub text: Option<String>,
    /// `faultcode` of a fault.
    pub fault_code: Option<String>,
    /// `faultstring` of a fault.
    pub fault_text: Option<String>,
    /// Milliseconds that the service asks us to wait (`BackOffMilliseconds`).
    pub back_off_ms: Option<u64>,
}

impl EwsAnswer {
    /// Whether the operation was carried out.
    pub fn succeeded(&self) -> bool {
        self.class.as_deref() == Some("Success")
    }
}

impl EwsExchange {
    /// Whether the operation was carried out.
    pub fn succeeded(&self) -> bool {
        self.http.status == Some(200) && self.answer.as_ref().is_some_and(EwsAnswer::succeeded)
    }
}

impl EwsFacts {
    /// Whether the mailbox opened.
    pub fn opened(&self) -> bool {
        self.folder.as_ref().is_some_and(EwsExchange::succeeded)
    }

    /// Whether the service took the mail.
    pub fn accepted(&self) -> Option<Accepted> {
        self.message.as_ref().map(|message| message.accepted)
    }
}

//! What the roads over HTTPS, Graph and EWS, are told alike.

use std::time::Duration;

use url::Url;

use crate::cloud::Cloud;
use crate::message::ProbeMail;
use crate::setup::secret::Mask;

/// What one visit to a web service is to do.
pub struct WebJob {
    /// Where everything lives.
    pub cloud: Cloud,
    /// Through what.
    pub proxy: Option<Url>,
    /// The mailbox that sends.
    pub mailbox: String,
    /// The sender, where it is not the mailbox.
    pub from: Option<String>,
    /// The recipient.
    pub to: String,
    /// The mail, when it is to leave.
    pub mail: Option<ProbeMail>,
    /// Why it is not, otherwise.
    pub kept: String,
    /// The longest that a request may take.
    pub timeout: Duration,
    /// Keeps secrets out of the facts.
    pub mask: Mask,
}

/// Host and port of a service.
pub(super) fn server(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443))
}

//! How a connection misbehaves, where the fault of a scenario is on the wire and not in the tenant.

use std::net::IpAddr;

use serde::Deserialize;

use crate::facts::{MailboxStage, Stage};

/// Faults of the wire.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Wire {
    /// SMTP says nothing from this stage on.
    pub(super) smtp_silent_at: Option<Stage>,
    /// SMTP closes the connection instead of answering at this stage.
    pub(super) smtp_closes_at: Option<Stage>,
    /// SMTP answers this line at the stage of `smtp_says_at`, whatever was asked.
    pub(super) smtp_says: String,
    /// Where `smtp_says` is said.
    pub(super) smtp_says_at: Option<Stage>,
    /// EHLO does not offer STARTTLS.
    pub(super) smtp_without_starttls: bool,
    /// Octets stand behind the answer to STARTTLS.
    pub(super) smtp_injects: bool,
    /// Plain text comes where the answer to the TLS handshake is awaited.
    pub(super) smtp_breaks_tls: bool,
    /// AUTH under TLS offers only LOGIN.
    pub(super) smtp_without_xoauth2: bool,
    /// Refuses a long AUTH line, as some servers other than Exchange do.
    pub(super) smtp_refuses_long_lines: bool,
    /// Sends an error challenge before it refuses, as servers other than Exchange do.
    pub(super) smtp_challenges: bool,
    /// The mail exchanger asks for no certificate.
    pub(super) mx_asks_for_no_certificate: bool,
    /// The address that the SMTP services see everybody come from, as behind a router; none: their own.
    pub(super) smtp_sees: Option<IpAddr>,
    /// The same for the mail exchanger, where port 25 takes another way out.
    pub(super) mx_sees: Option<IpAddr>,
    /// The mail exchanger shows no address in its answer to EHLO.
    pub(super) mx_shows_no_address: bool,
    /// The region of the mail exchanger, where it is not the tenant's.
    pub(super) mx_region: Option<String>,
    /// Faults of IMAP.
    pub(super) imap: MailboxWire,
    /// Faults of POP.
    pub(super) pop: MailboxWire,
    /// The certificate is for another name.
    pub(super) other_name: bool,
    /// The certificate is out of date.
    pub(super) expired_certificate: bool,
    /// The login service answers with this status and a page of HTML.
    pub(super) login_status: Option<u16>,
    /// The login service redirects token requests here.
    pub(super) login_redirects: Option<String>,
    /// The login service closes the connection instead of answering.
    pub(super) login_closes: bool,
    /// The login service repeats in its refusals what it was sent.
    pub(super) login_echoes: bool,
    /// Graph answers 429.
    pub(super) graph_throttles: bool,
    /// Graph answers 503.
    pub(super) graph_fails: bool,
    /// Graph takes the mail and closes the connection instead of answering.
    pub(super) graph_loses_answer: bool,
    /// EWS answers that it is busy.
    pub(super) ews_throttles: bool,
    /// EWS answers 503, and no SOAP.
    pub(super) ews_fails: bool,
    /// EWS takes the mail and closes the connection instead of answering.
    pub(super) ews_loses_answer: bool,
    /// The keys can not be had.
    pub(super) keys_missing: bool,
}

/// Faults of a mailbox protocol.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct MailboxWire {
    /// Says nothing from this stage on.
    pub(super) silent_at: Option<MailboxStage>,
    /// Closes the connection instead of answering at this stage.
    pub(super) closes_at: Option<MailboxStage>,
    /// Answers `says` at this stage, whatever was asked; `TAG` stands for the tag of IMAP.
    pub(super) says_at: Option<MailboxStage>,
    /// What it answers.
    pub(super) says: String,
    /// The capabilities, where they are not the service's own.
    pub(super) offers: Option<String>,
    /// Sends an error challenge before it refuses, as servers other than Exchange do.
    pub(super) challenges: bool,
}

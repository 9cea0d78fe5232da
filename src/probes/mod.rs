//! One conversation with the outside per file. A probe returns facts, never opinions, and never fails:
//! what goes wrong is a fact too.

mod assertion;
mod confirm;
pub mod consent;
mod dialogue;
mod directory;
mod dns;
mod entra;
mod ews;
mod fault;
mod graph;
mod http;
mod imap;
mod mailbox;
mod managed;
mod net;
mod pop;
pub mod sign_in;
mod smtp;
mod tls;
mod token;
mod web;

pub use assertion::assertion;
pub use confirm::{ConfirmJob, probe as confirm};
pub(crate) use dialogue::xoauth2;
pub use directory::{Answer, Directory};
pub(crate) use dns::Resolver;
pub use dns::{
    DomainJob, EgressJob, Questions, SmartHost, Without, addresses, domain as dns_domain, egress, smart_host,
};
pub use entra::{Keys, discovery, tenant_of};
pub use ews::probe as ews;
pub use graph::probe as graph;
pub use http::Client;
pub(crate) use http::of_environment as proxy_of_environment;
pub use imap::probe as imap;
pub use mailbox::MailboxJob;
pub use managed::{ManagedJob, request as managed_token};
pub use net::Way;
pub(crate) use net::login as proxy_login;
pub use pop::probe as pop;
pub use smtp::{Envelope, SmtpJob, probe as smtp};
pub(crate) use tls::describe_own as own_certificate;
pub use token::{Granted, Proof, TokenJob, Who, decode as decode_token, request as request_token};
pub use web::WebJob;

use std::time::Instant;

/// Milliseconds since `start`.
fn ms_since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}

//! The steps of a plan in words: what is done, with whom, and whether it leaves something behind.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Step, confirm};
use crate::cloud::Sibling;
use crate::facts::{MailboxStage, Stage};
use crate::probes::Without;
use crate::road::Road;
use crate::setup::{AssertionSource, Credential, Setup};

/// A step in words.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PlannedStep {
    /// What is done.
    pub what: String,
    /// With whom; none: nobody is contacted.
    pub host: Option<String>,
    /// Whether it leaves something behind.
    pub sends: bool,
}

impl Step {
    /// The step as a person says it.
    pub fn title(&self) -> &'static str {
        match self {
            Step::Discovery { .. } => "asking for the tenant and its keys",
            Step::RequestToken { .. } => "requesting a token",
            Step::ReadToken => "reading the token",
            Step::Smtp { road: Road::Smtp, mail: Some(_), .. } => "sending the probe over SMTP",
            Step::Smtp { road: Road::Smtp, .. } => "talking SMTP",
            Step::Smtp { road: Road::Hve, mail: Some(_), .. } => "sending the probe over High Volume Email",
            Step::Smtp { road: Road::Hve, .. } => "talking to High Volume Email",
            Step::Smtp { mail: Some(_), .. } => "sending the probe over port 25",
            Step::Smtp { .. } => "talking to port 25",
            Step::Imap { .. } => "talking IMAP",
            Step::Pop { .. } => "talking POP",
            Step::Graph { mail: Some(_), .. } => "sending the probe over Microsoft Graph",
            Step::Graph { .. } => "looking for Microsoft Graph",
            Step::Ews { mail: Some(_), .. } => "sending the probe over Exchange Web Services",
            Step::Ews { .. } => "asking Exchange Web Services for the inbox",
            Step::DryRun { .. } => "asking port 25",
            Step::Egress => "looking up the address that it sees",
            Step::Dns => "looking the domain up",
            Step::DomainTenant => "asking whose the domain is",
            Step::Confirm { .. } => "looking for the probe",
        }
    }

    pub(super) fn row(&self, setup: &Setup, without: Without) -> PlannedStep {
        let login = || {
            let cloud = &setup.cloud;
            let host = cloud.login.host_str().unwrap_or_default();
            Some(format!("{host}:{}", cloud.login.port_or_known_default().unwrap_or(443)))
        };
        let (what, host, sends) = match self {
            Step::Discovery { tenant } => (
                format!("GET the description of tenant {tenant}, and its signing keys{}", elsewhere(setup)),
                login(),
                false,
            ),
            Step::RequestToken { scope, .. } => match &setup.credential {
                Some(Credential::Managed { identity, endpoint, .. }) => {
                    let what = format!("GET a token of the managed identity ({identity}) for {scope}");
                    (what, Some(endpoint.host()), false)
                }
                Some(Credential::Federated { source: AssertionSource::GitHub { url, .. }, .. }) => {
                    let github = url.host_str().unwrap_or_default();
                    let what = format!("GET an assertion, then POST a token request for {scope}");
                    (what, Some(format!("{github}, {}", login().unwrap_or_default())), false)
                }
                _ => (format!("POST a token request for {scope}"), login(), false),
            },
            Step::ReadToken => ("decode the token that was given".to_owned(), None, false),
            Step::Smtp { road, mail, stop_after } => {
                let end = match (mail, stop_after) {
                    (_, Some(stage)) => format!("stop after {}", stage.label()),
                    (Some(_), None) => format!("send one mail to {}", setup.to.as_deref().unwrap_or_default()),
                    (None, None) => "stop after RCPT TO, then RSET".to_owned(),
                };
                let sends = mail.is_some() && stop_after.is_none();
                let short = stop_after.is_some_and(|stage| stage < Stage::Auth);
                let login = if road.is_port_25() || short { "" } else { " and XOAUTH2" };
                (format!("SMTP with STARTTLS{login}; {end}"), Some(smtp_host(setup, *road)), sends)
            }
            Step::DryRun { envelopes } => {
                let to: Vec<&str> = envelopes.iter().map(|envelope| envelope.to.as_str()).collect();
                let what = format!("SMTP with STARTTLS; MAIL FROM, RCPT TO and RSET for {}", to.join(", then for "));
                (what, Some(smtp_host(setup, Road::Relay)), false)
            }
            Step::Egress => {
                let what = "look up SPF and PTR for the address that port 25 shows in its answer to EHLO".to_owned();
                (what, Some(resolver(setup)), false)
            }
            Step::Imap { stop_after } => {
                let end = mailbox_end(*stop_after, "EXAMINE INBOX, then LOGOUT");
                (format!("IMAP with implicit TLS and XOAUTH2; {end}"), Some(setup.cloud.imap.to_string()), false)
            }
            Step::Pop { stop_after } => {
                let end = mailbox_end(*stop_after, "STAT, then QUIT");
                (format!("POP with implicit TLS and XOAUTH2; {end}"), Some(setup.cloud.pop.to_string()), false)
            }
            Step::Graph { mail, .. } => {
                let what = match mail {
                    Some(_) => format!("POST one mail to {}", setup.to.as_deref().unwrap_or_default()),
                    None => "HEAD, without a token; nothing is sent".to_owned(),
                };
                let url = &setup.cloud.graph;
                let host = url.host_str().unwrap_or_default();
                (what, Some(format!("{host}:{}", url.port_or_known_default().unwrap_or(443))), mail.is_some())
            }
            Step::Ews { mail, open, .. } => {
                let what = match (mail, open) {
                    (Some(_), _) => {
                        let to = setup.to.as_deref().unwrap_or_default();
                        format!("SOAP: GetFolder of the inbox, then CreateItem: one mail to {to}")
                    }
                    (None, true) => "SOAP: GetFolder of the inbox; nothing is sent".to_owned(),
                    (None, false) => "HEAD, without a token; nothing is sent".to_owned(),
                };
                let url = &setup.cloud.ews;
                let host = url.host_str().unwrap_or_default();
                (what, Some(format!("{host}:{}", url.port_or_known_default().unwrap_or(443))), mail.is_some())
            }
            Step::Dns => {
                let domain = setup.domain.as_deref().unwrap_or_default();
                let policy = if without.policies { "" } else { ", and GET its MTA-STS policy where it has one" };
                let servers = setup.cloud.name_server_port.is_some() && !without.name_servers;
                let own = if servers { ", there and at its own name servers" } else { "" };
                let what = format!("look up the mail records of {domain}{own}{policy}");
                (what, Some(resolver(setup)), false)
            }
            Step::DomainTenant => {
                let domain = setup.domain.as_deref().unwrap_or_default();
                let what = format!("GET the description of the tenant that has {domain}{}", elsewhere(setup));
                (what, login(), false)
            }
            Step::Confirm { mailbox, folders, .. } => confirm::row(setup, mailbox, folders),
        };
        PlannedStep { what, host, sends }
    }
}

fn resolver(setup: &Setup) -> String {
    setup.cloud.resolver.map_or("the system's resolver".to_owned(), |address| address.to_string())
}

/// The host of an SMTP road; on port 25 it may be known only once the MX record was asked.
fn smtp_host(setup: &Setup, road: Road) -> String {
    let cloud = &setup.cloud;
    match road {
        Road::Hve => cloud.hve.as_ref().map(ToString::to_string).unwrap_or_default(),
        Road::Relay | Road::Direct => {
            let named = setup.smart_host.as_ref().or(cloud.smart_host.as_ref()).map(ToString::to_string);
            let of_domain = || {
                format!(
                    "the mail exchanger of {}, port {}",
                    setup.domain.as_deref().unwrap_or("no domain"),
                    cloud.mx_port
                )
            };
            named.unwrap_or_else(of_domain)
        }
        _ => cloud.smtp.to_string(),
    }
}

fn mailbox_end(stop_after: Option<MailboxStage>, otherwise: &str) -> String {
    stop_after.map_or(otherwise.to_owned(), |stage| format!("stop after {}", stage.label()))
}

/// The login services that are asked only for a tenant that is not found.
fn elsewhere(setup: &Setup) -> String {
    let place =
        |sibling: &Sibling| sibling.login.as_str().trim_start_matches("https://").trim_end_matches('/').to_owned();
    let places: Vec<String> = setup.cloud.siblings.iter().map(place).collect();
    if places.is_empty() {
        return String::new();
    }
    format!("; only if it is not found, the same without a credential from {}", places.join(" and "))
}

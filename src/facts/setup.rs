//! The set-up as far as it may be shown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::road::Road;

/// What the user told us, without its secrets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SetupFacts {
    /// The profile's name in the configuration file.
    pub profile: Option<String>,
    /// Addresses and names of the cloud.
    pub cloud: CloudFacts,
    /// Directory id or domain.
    pub tenant: Option<String>,
    /// Application (client) id.
    pub client_id: Option<String>,
    /// `secret`, `certificate`, `federated`, `managed` or `token`.
    pub auth: Option<String>,
    /// Where the credential came from, never what it is.
    pub credential: Option<String>,
    /// The certificate, where the credential is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<super::CertificateFacts>,
    /// The mailbox that sends.
    pub mailbox: Option<String>,
    /// The address in MAIL FROM and From; the mailbox unless told otherwise.
    pub from: Option<String>,
    /// The account of High Volume Email, where it is not the mailbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hve_account: Option<String>,
    /// An address outside of the tenant, for a transaction that ends before DATA.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<String>,
    /// The addresses and ranges that the inbound connector knows, as its owner describes it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connector_ips: Vec<String>,
    /// The name in a certificate that the inbound connector knows, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector_certificate: Option<String>,
    /// The recipient of the probe.
    pub to: Option<String>,
    /// The domain whose records are looked at.
    pub domain: Option<String>,
    /// The enterprise application's object id, given by hand.
    pub object_id: Option<String>,
    /// The roads of this run.
    pub roads: Vec<Road>,
    /// Whether the roads were named by flag or profile.
    pub roads_named: bool,
    /// Whether the probe mail leaves.
    pub send: bool,
    /// What is noteworthy about the input itself.
    pub notes: Vec<Note>,
    /// Whether names and ids were replaced by stand-ins (`--share`).
    pub masked: bool,
    /// Flags and values that repeat this run, without its credential.
    pub options: Vec<(String, String)>,
}

/// Something noteworthy about the input, with the page that explains it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// Id of the cause.
    pub cause: String,
    /// What was seen.
    pub words: String,
}

/// The names by which judging tells one cloud from another.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CloudFacts {
    /// `worldwide`, `gcc-high`, `dod`, `china`, `sandbox` or a name of the configuration file.
    pub name: String,
    /// Address of the login service.
    pub login: String,
    /// SMTP submission host and port.
    pub smtp: String,
    /// What stands before the tenant in the issuer of a v1 token.
    pub issuer_v1: String,
    /// What an Outlook token may have as `aud`.
    pub outlook_audiences: Vec<String>,
    /// What a Graph token may have as `aud`.
    pub graph_audiences: Vec<String>,
    /// How a mail exchanger of this cloud ends.
    pub mx_suffixes: Vec<String>,
    /// The name that an SPF record includes.
    pub spf_include: String,
    /// `-ExchangeEnvironmentName` of the Exchange Online PowerShell.
    pub exchange_environment: String,
}

//! What Exchange holds of the application, as an administrator's verifying script read it
//! (`src/scripts/exchange-verify.ps1` says the fields; a field is null where there was nothing to read).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The state of Exchange for one application and one mailbox, at the time of the script.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ExchangeFacts {
    /// When the script ran, by the clock of the administrator's computer.
    #[schemars(with = "String")]
    pub time: Timestamp,
    /// The organization that the script was made for: a domain or an id.
    pub tenant: String,
    /// The road that it was made for, or `all`; none where the script did not tell, as its first version: `smtp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub road: Option<String>,
    /// The application that it was made for.
    pub client_id: String,
    /// The mailbox that it was made for.
    pub mailbox: String,
    /// The address whose Send As right it read.
    pub from: Option<String>,
    /// Whether there is such a mailbox.
    pub mailbox_found: Option<bool>,
    /// `UserMailbox`, `SharedMailbox`, …
    pub recipient_type_details: Option<String>,
    /// The mailbox's own address.
    pub primary_smtp_address: Option<String>,
    /// The name that its user signs in by.
    pub user_principal_name: Option<String>,
    /// Every address of the mailbox; none where the script did not tell, as its first version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<String>>,
    /// Whether Exchange has an entry for the application.
    pub registered: Option<bool>,
    /// The object id of each such entry.
    pub registered_object_ids: Vec<String>,
    /// The object id that the script was given to compare with.
    pub expected_object_id: Option<String>,
    /// Whether the application has Full Access on the mailbox.
    pub full_access: Option<bool>,
    /// The entries for the application among the mailbox's rights.
    pub mailbox_rights: Vec<MailboxRight>,
    /// Whether the application may send as `from`.
    pub send_as: Option<bool>,
    /// The switch of SMTP AUTH.
    pub smtp_client_authentication_disabled: SmtpAuthSwitch,
    /// The roles of RBAC for Applications.
    pub roles: Vec<ExchangeRole>,
    /// The switches of the mailbox's protocols.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocols: Option<ProtocolSwitches>,
    /// What `Test-ApplicationAccessPolicy` says of application and mailbox: `Granted`, also without any policy, or `Denied`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_policy: Option<String>,
    /// The settings of EWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ews: Option<EwsSettings>,
    /// Whether mail from the organization's own domains is refused that comes without a login and without a connector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reject_direct_send: Option<bool>,
    /// The organization's domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_domains: Option<Vec<String>>,
    /// The inbound connectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connectors: Option<Vec<InboundConnector>>,
    /// The account of High Volume Email.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<HveState>,
    /// What Exchange refused to tell.
    pub unread: Vec<Unread>,
}

/// One entry among the rights of a mailbox.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MailboxRight {
    /// Who holds it.
    pub user: String,
    /// `FullAccess`, …
    pub access_rights: Vec<String>,
    /// Whether it takes the right away.
    pub deny: bool,
    /// Whether it comes from above the mailbox.
    pub inherited: bool,
}

/// `SmtpClientAuthenticationDisabled`, which has three states on a mailbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SmtpAuthSwitch {
    /// The mailbox's own word; none: it follows the organization.
    pub mailbox: Option<bool>,
    /// The organization's.
    pub organization: Option<bool>,
}

/// A role of RBAC for Applications, as `Test-ServicePrincipalAuthorization` shows it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ExchangeRole {
    /// `Application SMTP.SendAsApp`, …
    pub role: String,
    /// What it allows.
    pub permissions: String,
    /// The scope's name.
    pub scope: String,
    /// What kind of scope it is.
    pub scope_type: String,
    /// Whether the mailbox lies in it: `True`, `False` or `Not Run`.
    pub in_scope: String,
}

/// Which protocols the mailbox itself has on (`Get-CASMailbox`); none: not set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProtocolSwitches {
    /// `ImapEnabled`.
    pub imap: Option<bool>,
    /// `PopEnabled`.
    pub pop: Option<bool>,
    /// `EwsEnabled`.
    pub ews: Option<bool>,
}

/// The organization's settings of EWS (`Get-OrganizationConfig`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EwsSettings {
    /// `EwsEnabled`; none: nobody set it.
    pub enabled: Option<bool>,
    /// `EwsApplicationAccessPolicy`: a list of user agents that is enforced.
    pub application_access_policy: Option<String>,
    /// `EwsAllowedAppIDs`.
    pub allowed_app_ids: Option<Vec<String>>,
}

/// An inbound connector (`Get-InboundConnector`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct InboundConnector {
    /// Its name.
    pub name: String,
    /// Whether it is on.
    pub enabled: bool,
    /// `OnPremises` or `Partner`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The IPv4 addresses and ranges that it knows its hosts by.
    pub sender_ips: Vec<String>,
    /// The name in the certificate that it knows its host by.
    pub certificate_name: Option<String>,
    /// Whether it refuses what is not encrypted.
    pub require_tls: bool,
}

/// An account of High Volume Email (`Get-HVEAccountSettings`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HveState {
    /// Its address.
    pub address: String,
    /// Object ids of the applications that may use it.
    pub allowed_apps: Option<Vec<String>>,
}

/// One reading that Exchange refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Unread {
    /// `mailbox`, `registration`, `mailbox_rights`, `send_as`, `roles`, `mailbox_switch`, `organization_switch`, `protocols`,
    /// `access_policy`, `organization`, `ews_allowed_app_ids`, `connectors`, `accepted_domains` or `account`.
    pub what: String,
    /// Exchange's own words.
    pub why: String,
}

impl ExchangeFacts {
    /// Whether the script looked for the application and its mailbox; those of some roads do not.
    pub fn reads_application(&self) -> bool {
        !matches!(self.road.as_deref(), Some("relay" | "hve"))
    }

    /// Exchange's words where it refused this reading.
    pub fn unread(&self, what: &str) -> Option<&str> {
        self.unread.iter().find(|part| part.what == what).map(|part| part.why.as_str())
    }

    /// The assignments of a role of RBAC.
    pub fn roles_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a ExchangeRole> {
        self.roles.iter().filter(move |role| role.role.eq_ignore_ascii_case(name))
    }

    /// Whether the application holds a role of RBAC for this mailbox.
    pub fn role_in_scope(&self, name: &str) -> bool {
        self.roles_named(name).any(|role| role.in_scope.eq_ignore_ascii_case("true"))
    }

    /// Whether an address is one of the mailbox's own; none where the state does not say.
    pub fn owns(&self, address: &str) -> Option<bool> {
        let is = |own: &String| own.eq_ignore_ascii_case(address);
        if self.primary_smtp_address.as_ref().is_some_and(is) {
            return Some(true);
        }
        self.addresses.as_ref().map(|all| all.iter().any(is))
    }
}

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

/// One reading that Exchange refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Unread {
    /// `mailbox`, `registration`, `mailbox_rights`, `send_as`, `roles`, `mailbox_switch` or `organization_switch`.
    pub what: String,
    /// Exchange's own words.
    pub why: String,
}

impl ExchangeFacts {
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

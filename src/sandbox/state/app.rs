//! The application and the tokens that it gets.

use serde::Deserialize;

use super::directory::Entry;

/// The application: its registration, its service principal, and what Exchange knows of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct App {
    pub(in crate::sandbox) registered: bool,
    /// The name in the portal.
    pub(in crate::sandbox) name: String,
    /// Its registration is another tenant's: only its service principal is here.
    pub(in crate::sandbox) foreign: bool,
    pub(in crate::sandbox) client_id: String,
    /// Object id of the registration: the one that is confused with the other.
    pub(in crate::sandbox) registration_id: String,
    /// Object id of the service principal.
    pub(in crate::sandbox) object_id: String,
    pub(in crate::sandbox) service_principal: bool,
    pub(in crate::sandbox) secret: String,
    pub(in crate::sandbox) secret_id: String,
    pub(in crate::sandbox) secret_expired: bool,
    /// What was asked for in the registration; without consent it is worth nothing.
    pub(in crate::sandbox) requested_roles: Vec<String>,
    /// Whether all of it was consented to before the story begins.
    pub(in crate::sandbox) consented: bool,
    pub(in crate::sandbox) graph_roles: Vec<String>,
    /// The object id that New-ServicePrincipal was given; none: never registered in Exchange.
    pub(in crate::sandbox) exchange_object_id: Option<String>,
    /// Whether the registration in Exchange is in force already.
    pub(in crate::sandbox) exchange_in_force: bool,
    /// An Application Access Policy keeps it from the mailboxes.
    pub(in crate::sandbox) access_policy_denies: bool,
    /// RBAC for Applications: roles assigned within Exchange.
    pub(in crate::sandbox) rbac_roles: Vec<String>,
    /// Addresses of the mailboxes that the roles within Exchange reach; none named: all.
    pub(in crate::sandbox) rbac_scope: Vec<String>,
    /// How often the token end point answers 429 before it answers.
    pub(in crate::sandbox) throttled: bool,
    /// The login service takes no PS256 for it, as was seen of one authority (microsoft-facts B.3).
    pub(in crate::sandbox) rs256_only: bool,
    /// Issuers that it trusts; `{login}` stands for the sandbox's own address.
    pub(in crate::sandbox) federated: Vec<FederatedCredential>,
    /// The certificates of its registration; made at the start.
    #[serde(skip)]
    pub(in crate::sandbox) keys: Vec<KeyCredential>,
    /// Where the answer to a sign-in may go.
    pub(in crate::sandbox) redirects: Vec<RedirectAddress>,
    /// "Allow public client flows" in the registration.
    pub(in crate::sandbox) public_flows: bool,
    pub(in crate::sandbox) audience: Audience,
    /// An old registration, which serves no account of an end point for all.
    pub(in crate::sandbox) not_over_common: bool,
    /// Delegated permissions of Exchange Online in the registration.
    pub(in crate::sandbox) scopes: Vec<String>,
    /// Those of Graph.
    pub(in crate::sandbox) graph_scopes: Vec<String>,
    pub(in crate::sandbox) scopes_consented: Consent,
    /// What the directory holds of it besides.
    #[serde(skip)]
    pub(in crate::sandbox) entry: Entry,
    /// Who is assigned, by user principal name, where assignment is required.
    pub(in crate::sandbox) assigned: Option<Vec<String>>,
}

/// A redirect address and the platform that it is registered under.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct RedirectAddress {
    pub(in crate::sandbox) uri: String,
    pub(in crate::sandbox) platform: Platform,
}

/// What kind of client a redirect address makes of the application.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::sandbox) enum Platform {
    /// "Mobile and desktop applications": a public client.
    #[default]
    Native,
    /// A confidential client.
    Web,
    /// A page in a browser: a public client that asks across origins.
    Spa,
}

/// `signInAudience` of the registration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(in crate::sandbox) enum Audience {
    #[default]
    #[serde(rename = "AzureADMyOrg")]
    Single,
    #[serde(rename = "AzureADMultipleOrgs")]
    Multiple,
    #[serde(rename = "AzureADandPersonalMicrosoftAccount")]
    MultipleAndPersonal,
    #[serde(rename = "PersonalMicrosoftAccount")]
    Personal,
}

/// Whether somebody consented to the delegated permissions of the registration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::sandbox) enum Consent {
    /// Nobody yet; each person is asked.
    #[default]
    Asked,
    /// An administrator, for all.
    Given,
    /// Nobody yet, and only an administrator may.
    Admin,
}

/// A certificate as a registration holds it: its public part.
#[derive(Debug, Clone, Default)]
pub(in crate::sandbox) struct KeyCredential {
    pub(in crate::sandbox) id: String,
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) der: Vec<u8>,
}

/// A federated credential of a registration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct FederatedCredential {
    pub(in crate::sandbox) issuer: String,
    pub(in crate::sandbox) subject: String,
    pub(in crate::sandbox) audience: String,
}

/// How the login service makes tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct Tokens {
    /// Seconds until a token expires; below zero it is born expired.
    pub(in crate::sandbox) lifetime: i64,
    /// Seconds until a token begins to be valid.
    pub(in crate::sandbox) starts_in: i64,
    pub(in crate::sandbox) nonce: bool,
    /// Sign with a key that is not published.
    pub(in crate::sandbox) unpublished_key: bool,
    /// Sign what does not verify, as a token that is meant for its API alone.
    pub(in crate::sandbox) sealed: bool,
    pub(in crate::sandbox) opaque: bool,
    /// The directory that the token says it is from.
    pub(in crate::sandbox) tid: Option<String>,
    /// The issuer that the token says it is from.
    pub(in crate::sandbox) iss: Option<String>,
    /// The audience that the token is for, whatever was asked.
    pub(in crate::sandbox) aud: Option<String>,
    /// The application that the token is for.
    pub(in crate::sandbox) appid: Option<String>,
}

impl Default for Tokens {
    fn default() -> Self {
        Tokens {
            // Microsoft issues 60 to 90 minutes; the middle of it (microsoft-facts D.2).
            lifetime: 4499,
            starts_in: 0,
            nonce: false,
            unpublished_key: false,
            sealed: false,
            opaque: false,
            tid: None,
            iss: None,
            aud: None,
            appid: None,
        }
    }
}

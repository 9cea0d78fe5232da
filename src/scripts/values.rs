//! What is filled into the scripts, looked at before it is used.

use uuid::Uuid;

use super::{Refused, quote};
use crate::connector::Range;

/// What is filled into the scripts. What a script does not need may stay empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// Name of the Exchange environment: `O365Default`, `O365USGovGCCHigh`, `O365USGovDoD` or
    /// `O365China`.
    pub environment: String,
    /// The organization: one of its domains, or its tenant id.
    pub tenant: String,
    /// The application (client) id.
    pub client_id: String,
    /// The object id of the enterprise application; never that of the app registration.
    pub object_id: Option<String>,
    /// Where `object_id` is from, as the end of a sentence: "the oid of an app-only token of this
    /// tenant".
    pub object_id_from: Option<String>,
    /// The mailbox that the application sends from.
    pub mailbox: String,
    /// The address in From, where it is not the mailbox's own.
    pub from: Option<String>,
    /// The account of High Volume Email.
    pub account: Option<String>,
    /// The name that a new thing gets: the application, its registration in Exchange, the connector.
    pub display_name: String,
    /// For a partner: the customer's organization, by its initial domain or its tenant id.
    pub delegated_organization: Option<String>,
    /// Public IPv4 addresses, or ranges of /24 to /32, that a connector knows its host by.
    pub connector_ips: Vec<String>,
    /// The name in the certificate that a connector knows its host by.
    pub connector_cert: Option<String>,
    /// For undo: the line that setup printed, or a copied piece of its output around it.
    pub prior: Option<String>,
}

/// What the tools call one cloud.
pub(super) struct Environment {
    /// Connect-ExchangeOnline.
    exchange: &'static str,
    /// Connect-MgGraph.
    pub(super) graph: &'static str,
    /// The Azure CLI.
    pub(super) az: &'static str,
    /// Where Graph is.
    pub(super) graph_host: &'static str,
    /// Where the login service is.
    pub(super) login_host: &'static str,
}

/// The environments for which Exchange Online exists (Microsoft Learn, App-only authentication in Exchange Online
/// PowerShell; Connect-MgGraph; az cloud; hosts of microsoft-facts A.1).
const ENVIRONMENTS: [Environment; 4] = [
    Environment {
        exchange: "O365Default",
        graph: "Global",
        az: "AzureCloud",
        graph_host: "https://graph.microsoft.com",
        login_host: "https://login.microsoftonline.com",
    },
    Environment {
        exchange: "O365USGovGCCHigh",
        graph: "USGov",
        az: "AzureUSGovernment",
        graph_host: "https://graph.microsoft.us",
        login_host: "https://login.microsoftonline.us",
    },
    Environment {
        exchange: "O365USGovDoD",
        graph: "USGovDoD",
        az: "AzureUSGovernment",
        graph_host: "https://dod-graph.microsoft.us",
        login_host: "https://login.microsoftonline.us",
    },
    Environment {
        exchange: "O365China",
        graph: "China",
        az: "AzureChinaCloud",
        graph_host: "https://microsoftgraph.chinacloudapi.cn",
        login_host: "https://login.partner.microsoftonline.cn",
    },
];

impl Values {
    pub(super) fn check(&self, prior: Option<&str>) -> Result<(), Refused> {
        let given = |text: &'_ str| if text.is_empty() { None } else { Some(text.to_owned()) };
        let ips = self.connector_ips.iter().map(|ip| ("the connector's address", Some(ip.clone())));
        for (name, value) in [
            ("the tenant", Some(self.tenant.clone())),
            ("the mailbox", given(&self.mailbox)),
            ("the display name", Some(self.display_name.clone())),
            ("the From address", self.from.clone()),
            ("the account", self.account.clone()),
            ("the origin of the object id", self.object_id_from.clone()),
            ("the delegated organization", self.delegated_organization.clone()),
            ("the connector's certificate name", self.connector_cert.clone()),
            ("the state before", prior.map(str::to_owned)),
            ("the client id", given(&self.client_id)),
            ("the object id", self.object_id.clone()),
        ]
        .into_iter()
        .chain(ips)
        {
            let Some(value) = value else { continue };
            if value.trim().is_empty() {
                return Err(Refused::Empty { name });
            }
            quote::plain(&value).map_err(|refused| refused.of(name))?;
        }
        self.check_forms()
    }

    fn check_forms(&self) -> Result<(), Refused> {
        let client_id = Some(self.client_id.as_str()).filter(|id| !id.is_empty());
        for (name, value) in [("the client id", client_id), ("the object id", self.object_id.as_deref())] {
            if value.is_some_and(|value| !is_guid(value)) {
                return Err(Refused::NotAGuid { name });
            }
        }
        if let Some(ip) = self.connector_ips.iter().find(|ip| Range::parse(ip).is_err()) {
            return Err(Refused::NoRange { value: ip.clone() });
        }
        if self.connector_cert.as_deref().is_some_and(|name| !is_certificate_name(name)) {
            return Err(Refused::NoCertificateName);
        }
        self.environment().map(|_| ())
    }

    /// What the tools call the cloud.
    pub(super) fn environment(&self) -> Result<&'static Environment, Refused> {
        ENVIRONMENTS.iter().find(|row| row.exchange == self.environment).ok_or(Refused::Environment)
    }
}

/// The only form that Exchange prints and takes; `Uuid` alone would also read braces and `urn:`.
fn is_guid(value: &str) -> bool {
    value.len() == 36 && Uuid::try_parse(value).is_ok()
}

/// A domain, or `*.` and a domain, as `TlsSenderCertificateName` takes it.
fn is_certificate_name(name: &str) -> bool {
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        inner && !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    let domain = name.strip_prefix("*.").unwrap_or(name);
    domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label)
}

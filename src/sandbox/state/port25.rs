//! Who may talk on port 25, and the accounts of High Volume Email.

use serde::Deserialize;

/// What the service as a whole has against hosts that call on port 25, by IPv4 address or range of /24 to /32.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct Hosts {
    /// On the list of blocked senders.
    pub(in crate::sandbox) banned: Vec<String>,
    /// Of too low a reputation for a tenant that has none yet.
    pub(in crate::sandbox) untrusted: Vec<String>,
}

/// An inbound connector: a host that the tenant knows (`New-InboundConnector`).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct Connector {
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) disabled: bool,
    /// IPv4 addresses, or ranges of /24 to /32.
    pub(in crate::sandbox) sender_ips: Vec<String>,
    /// The name in the certificate that the host shows; `*.` in front stands for every name below.
    pub(in crate::sandbox) certificate_name: Option<String>,
    pub(in crate::sandbox) require_tls: bool,
}

/// An account of High Volume Email: it has no mailbox.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct HveAccount {
    pub(in crate::sandbox) address: String,
    /// Object ids of the service principals that `Add-HVEAppAccess` named.
    pub(in crate::sandbox) apps: Vec<String>,
}

//! The records of the tenant's domain.

use serde::Deserialize;

/// The domain's records.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct Records {
    pub(in crate::sandbox) mx: Vec<String>,
    pub(in crate::sandbox) txt: Vec<String>,
    pub(in crate::sandbox) dmarc: Vec<String>,
    pub(in crate::sandbox) dkim: Vec<DkimSelector>,
    /// The texts of `_mta-sts`.
    pub(in crate::sandbox) mta_sts: Vec<String>,
    /// The policy that its host serves over HTTPS; none: the host is not there.
    pub(in crate::sandbox) mta_sts_policy: Option<String>,
    /// The texts of `_smtp._tls`.
    pub(in crate::sandbox) tls_reports: Vec<String>,
    /// What `autodiscover` is an alias of.
    pub(in crate::sandbox) autodiscover: Option<String>,
    /// Further records, in the form of a zone file, relative to the domain.
    pub(in crate::sandbox) more: String,
    /// Records of other domains, likewise, relative to the root.
    pub(in crate::sandbox) elsewhere: String,
    /// Whether the domain exists at all.
    pub(in crate::sandbox) gone: bool,
    /// Answer SERVFAIL for the domain.
    pub(in crate::sandbox) fails: bool,
    /// Answer REFUSED for the domain.
    pub(in crate::sandbox) refuses: bool,
    /// Answer SERVFAIL for the domain, unless the client does not want the answer validated, as for a zone whose signatures do
    /// not hold.
    pub(in crate::sandbox) bogus: bool,
    /// Answers for the domain do not fit into a datagram, and nothing comes over TCP.
    pub(in crate::sandbox) truncated: bool,
    /// Answer nothing for the domain.
    pub(in crate::sandbox) silent: bool,
}

/// A selector of the domain.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct DkimSelector {
    pub(in crate::sandbox) name: String,
    /// The name that it is an alias of; none: the key stands at the selector itself.
    pub(in crate::sandbox) target: Option<String>,
    /// The key record; none said: a sound one; empty: there is none.
    pub(in crate::sandbox) key: Option<String>,
}

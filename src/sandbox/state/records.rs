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
    /// Records of other domains, one a line, relative to the root.
    pub(in crate::sandbox) elsewhere: String,
    /// Whether the domain exists at all.
    pub(in crate::sandbox) gone: bool,
    /// Answer SERVFAIL for the domain.
    pub(in crate::sandbox) fails: bool,
    /// Answer REFUSED for the domain.
    pub(in crate::sandbox) refuses: bool,
    /// Answer nothing for the domain.
    pub(in crate::sandbox) silent: bool,
    /// A text of so many octets at the domain.
    pub(in crate::sandbox) filler: usize,
    /// Record sets that the resolver holds from before, in the form of a zone file; the TTL is what is left of it.
    pub(in crate::sandbox) cached: String,
    /// What the resolver holds for missing: `NAME SECONDS TYPE`; without a type the name does not exist.
    pub(in crate::sandbox) absent: Vec<String>,
    /// The resolver takes no connections over TCP.
    pub(in crate::sandbox) tcp_closed: bool,
    /// How the zone is signed; none: it is not.
    pub(in crate::sandbox) dnssec: Option<Dnssec>,
    /// The first server of the domain.
    pub(in crate::sandbox) ns1: NameServer,
    /// The second one.
    pub(in crate::sandbox) ns2: NameServer,
}

/// How a zone is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::sandbox) enum Dnssec {
    /// As it should be.
    Sound,
    /// By signatures whose time is over.
    Expired,
    /// By a key other than the one that the zone publishes.
    OtherKey,
}

/// One server of the domain, where it differs from the zone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct NameServer {
    /// Record sets of its own in the place of the zone's, in the form of a zone file.
    pub(in crate::sandbox) records: String,
    /// Record sets that it does not have: `NAME TYPE`.
    pub(in crate::sandbox) without: Vec<String>,
    /// The serial number of its zone.
    pub(in crate::sandbox) serial: Option<u32>,
    /// It answers nothing.
    pub(in crate::sandbox) silent: bool,
    /// It does not answer for the zone.
    pub(in crate::sandbox) lame: Option<Lame>,
    /// Milliseconds that it takes for an answer.
    pub(in crate::sandbox) delay: u64,
}

/// How a server answers that does not know the zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::sandbox) enum Lame {
    /// With REFUSED.
    Refused,
    /// With SERVFAIL, as of a zone that has expired.
    Failing,
    /// By sending the client up to the root.
    Upwards,
    /// With the records, and without the flag that makes them count.
    NotAuthoritative,
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

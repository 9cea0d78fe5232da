//! A cloud of a configuration file: hosts and trust of its own over a row of the table.

use std::net::SocketAddr;

use serde::Deserialize;
use url::{Host, Url};

use super::rows::{IMAPS, POPS, SUBMISSION, TRANSFER};
use super::{Cloud, HostPort, Trust};

/// A `[cloud.NAME]` table of a configuration file: hosts and trust of its own, the rest from a row.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CloudTable {
    /// The row that fills in what is not said here; `worldwide` by default.
    pub base: Option<String>,
    /// Address of the login service.
    pub login: Option<Url>,
    /// Address of Graph.
    pub graph: Option<Url>,
    /// Address of Exchange Web Services.
    pub ews: Option<Url>,
    /// SMTP submission, `HOST:PORT`.
    pub smtp: Option<String>,
    /// The mail exchanger of port 25, `HOST:PORT`; otherwise the domain's MX record names it.
    pub mx: Option<String>,
    /// The port of mail exchangers.
    pub mx_port: Option<u16>,
    /// Submission of High Volume Email, `HOST:PORT`.
    pub hve: Option<String>,
    /// IMAP with implicit TLS, `HOST:PORT`.
    pub imap: Option<String>,
    /// POP with implicit TLS, `HOST:PORT`.
    pub pop: Option<String>,
    /// The resolver, `IP:PORT`.
    pub dns: Option<SocketAddr>,
    /// The port of a domain's own name servers; 0: they are not asked.
    pub name_server_port: Option<u16>,
    /// A PEM file whose authorities alone vouch for these hosts.
    pub ca_file: Option<std::path::PathBuf>,
    /// How a mail exchanger of this cloud ends.
    pub mx_suffixes: Option<Vec<String>>,
    /// The name that an SPF record includes.
    pub spf_include: Option<String>,
    /// How a name ends under which a tenant's DKIM keys lie.
    pub dkim_suffixes: Option<Vec<String>>,
    /// What `autodiscover` of a domain is an alias of.
    pub autodiscover: Option<String>,
    /// The port of the hosts that serve MTA-STS policies.
    pub mta_sts_port: Option<u16>,
    /// What stands before the tenant in the issuer of a v1 token.
    pub issuer_v1: Option<String>,
    /// Submission of personal mailboxes, `HOST:PORT`.
    pub consumer_smtp: Option<String>,
    /// The audience that a federated assertion must name.
    pub federation_audience: Option<String>,
    /// The metadata service of a virtual machine: an address of this machine or of its link.
    pub imds: Option<Url>,
}

/// Whether an address can not leave this machine and its link: what is sent there is not encrypted.
pub(crate) fn stays_here(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_link_local(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unicast_link_local(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "http" && here
}

impl Cloud {
    /// The row that the table names, with the table's own words over it. `ca` is what its `ca_file` holds.
    ///
    /// # Errors
    /// A sentence naming the key that can not be used.
    pub fn from_table(name: &str, table: &CloudTable, ca: Option<String>) -> Result<Cloud, String> {
        let base = table.base.as_deref().unwrap_or("worldwide");
        let mut cloud = Cloud::named(base).ok_or_else(|| format!("base `{base}` is no cloud"))?;
        name.clone_into(&mut cloud.name);
        for (key, url) in [("login", &table.login), ("graph", &table.graph), ("ews", &table.ews)] {
            if url.as_ref().is_some_and(|url| url.scheme() != "https") {
                return Err(format!("{key} must begin with https://"));
            }
        }
        if let Some(login) = &table.login {
            cloud.login = login.clone();
            // A login service of one's own is of none of the clouds, and its tenants are nobody else's business.
            cloud.siblings.clear();
        }
        cloud.graph = table.graph.clone().unwrap_or(cloud.graph);
        cloud.ews = table.ews.clone().unwrap_or(cloud.ews);
        if let Some(smtp) = &table.smtp {
            cloud.smtp = HostPort::parse(smtp, SUBMISSION).ok_or("smtp must be HOST:PORT")?;
        }
        if let Some(imap) = &table.imap {
            cloud.imap = HostPort::parse(imap, IMAPS).ok_or("imap must be HOST:PORT")?;
        }
        if let Some(pop) = &table.pop {
            cloud.pop = HostPort::parse(pop, POPS).ok_or("pop must be HOST:PORT")?;
        }
        if let Some(hve) = &table.hve {
            cloud.hve = Some(HostPort::parse(hve, SUBMISSION).ok_or("hve must be HOST:PORT")?);
        }
        if let Some(mx) = &table.mx {
            cloud.smart_host = Some(HostPort::parse(mx, TRANSFER).ok_or("mx must be HOST:PORT")?);
        }
        if let Some(smtp) = &table.consumer_smtp {
            cloud.consumer_smtp = Some(HostPort::parse(smtp, SUBMISSION).ok_or("consumer_smtp must be HOST:PORT")?);
        }
        if let Some(imds) = &table.imds {
            if !stays_here(imds) {
                return Err("imds must begin with http:// and be an address of the loopback or of the link".to_owned());
            }
            cloud.imds = imds.clone();
        }
        cloud.federation_audience = table.federation_audience.clone().unwrap_or(cloud.federation_audience);
        cloud.mx_port = table.mx_port.unwrap_or(cloud.mx_port);
        cloud.resolver = table.dns.or(cloud.resolver);
        cloud.name_server_port = table.name_server_port.or(cloud.name_server_port).filter(|port| *port != 0);
        cloud.mx_suffixes = table.mx_suffixes.clone().unwrap_or(cloud.mx_suffixes);
        cloud.spf_include = table.spf_include.clone().unwrap_or(cloud.spf_include);
        cloud.dkim_suffixes = table.dkim_suffixes.clone().unwrap_or(cloud.dkim_suffixes);
        cloud.autodiscover = table.autodiscover.clone().unwrap_or(cloud.autodiscover);
        cloud.mta_sts_port = table.mta_sts_port.unwrap_or(cloud.mta_sts_port);
        cloud.issuer_v1 = table.issuer_v1.clone().unwrap_or(cloud.issuer_v1);
        if let Some(pem) = ca {
            cloud.trust = Trust { system: false, extra: vec![pem] };
        }
        Ok(cloud)
    }
}

/// Whether an address of the web leaves neither this machine nor its link. A name is refused: who answers to it is
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metadata_service_is_near_or_refused() {
        let with = |imds: &str| {
            let table = CloudTable { imds: Some(Url::parse(imds).unwrap()), ..CloudTable::default() };
            Cloud::from_table("own", &table, None)
        };
        for near in ["http://127.0.0.1:8080", "http://[::1]:80", "http://169.254.169.254", "http://[fe80::1]/"] {
            assert_eq!(with(near).unwrap().imds.as_str(), Url::parse(near).unwrap().as_str());
        }
        for far in ["http://10.0.0.1/", "http://imds.example/", "ftp://127.0.0.1/", "http://[2001:db8::1]/"] {
            assert!(with(far).is_err(), "{far}");
        }
    }

    #[test]
    fn hosts_of_different_clouds_make_no_table() {
        let login = |login: &str, base: Option<&str>| {
            let login = Some(Url::parse(login).unwrap());
            let table = CloudTable { base: base.map(str::to_owned), login, ..CloudTable::default() };
            Cloud::from_table("own", &table, None).unwrap().discord()
        };
        let mixed = login("https://login.microsoftonline.us", None).unwrap();
        assert!(mixed.contains("login is login.microsoftonline.us of gcc-high or dod"), "{mixed}");
        assert!(login("https://login.microsoftonline.us", Some("dod")).is_none());
        assert!(login("https://login.example", None).is_none());
    }

    #[test]
    fn the_rows_differ_in_what_federation_and_personal_mailboxes_need() {
        let audience = |name: &str| Cloud::named(name).unwrap().federation_audience;
        assert_eq!(audience("worldwide"), "api://AzureADTokenExchange");
        assert_eq!(audience("gcc-high"), "api://AzureADTokenExchangeUSGov");
        assert_eq!(audience("dod"), "api://AzureADTokenExchangeUSGov");
        assert_eq!(audience("china"), "api://AzureADTokenExchangeChina");
        let personal = |name: &str| Cloud::named(name).unwrap().consumer_smtp.map(|at| at.to_string());
        assert_eq!(personal("worldwide").as_deref(), Some("smtp-mail.outlook.com:587"));
        assert_eq!(personal("dod"), None);
    }
}

//! The clouds: rows of one table. A cloud is addresses, names and trust, no behaviour; the sandbox is
//! one more row, made at start.
//!
//! Source: microsoft-facts A.1, from Microsoft Learn "National clouds" and the Microsoft 365 endpoint
//! lists, checked 2026-11-20.

mod owner;
mod rows;
mod table;

pub use table::CloudTable;
pub(crate) use table::stays_here;

use std::net::SocketAddr;

use url::Url;

use crate::facts::CloudFacts;
use crate::road::Resource;

use rows::{ROWS, Row};

/// Where everything lives.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// The word for `--cloud`.
    pub name: String,
    /// The login service.
    pub login: Url,
    /// The login services of other clouds, which are asked for a tenant that is not found here.
    pub siblings: Vec<Sibling>,
    /// Microsoft Graph.
    pub graph: Url,
    /// Exchange Web Services.
    pub ews: Url,
    /// What stands before the tenant in the issuer of a v1 token.
    pub issuer_v1: String,
    /// The scope prefix of Exchange Online.
    pub outlook_resource: String,
    /// The scope prefix of Graph: an identifier, not an address.
    pub graph_resource: String,
    /// What an Outlook token may have as `aud`.
    pub outlook_audiences: Vec<String>,
    /// SMTP submission, host and port.
    pub smtp: HostPort,
    /// Submission of personal mailboxes, host and port; none where the cloud has no personal accounts.
    pub consumer_smtp: Option<HostPort>,
    /// Submission of High Volume Email, host and port; none where the cloud is not known to have it.
    pub hve: Option<HostPort>,
    /// The mail exchanger of port 25, where a configuration names one; otherwise the domain's MX record does.
    pub smart_host: Option<HostPort>,
    /// The port of mail exchangers.
    pub mx_port: u16,
    /// IMAP with implicit TLS, host and port.
    pub imap: HostPort,
    /// POP with implicit TLS, host and port.
    pub pop: HostPort,
    /// How a mail exchanger of this cloud ends.
    pub mx_suffixes: Vec<String>,
    /// The name that an SPF record includes.
    pub spf_include: String,
    /// How a name ends under which a tenant's DKIM keys lie.
    pub dkim_suffixes: Vec<String>,
    /// What `autodiscover` of a domain is an alias of.
    pub autodiscover: String,
    /// The port of the hosts that serve MTA-STS policies.
    pub mta_sts_port: u16,
    /// `-ExchangeEnvironmentName` of the Exchange Online PowerShell.
    pub exchange_environment: String,
    /// The audience that a federated assertion must name.
    pub federation_audience: String,
    /// The metadata service of a virtual machine, which hands out tokens of managed identities.
    pub imds: Url,
    /// Where to ask for names; none: the system's resolver.
    pub resolver: Option<SocketAddr>,
    /// The port of a domain's own name servers; none: they are not asked.
    pub name_server_port: Option<u16>,
    /// Who vouches for the servers.
    pub trust: Trust,
}

/// The login service of other clouds: GCC High and DoD share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sibling {
    /// The clouds that have it, by the words of `--cloud`.
    pub clouds: Vec<String>,
    /// Its address.
    pub login: Url,
}

impl Sibling {
    /// The address of a tenant's description there (OpenID Connect Discovery 1.0 section 4).
    pub fn description(&self, tenant: &str) -> Url {
        below(&self.login, tenant, DESCRIPTION)
    }
}

/// Where a login service describes a tenant, below the tenant (OpenID Connect Discovery 1.0 section 4).
pub(crate) const DESCRIPTION: &str = "v2.0/.well-known/openid-configuration";

/// An address of a login service for a tenant.
fn below(login: &Url, tenant: &str, path: &str) -> Url {
    let mut url = login.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push(tenant).extend(path.split('/'));
    }
    url
}

/// Whose certificates count. Verification can be pointed elsewhere, never switched off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// Whether the system's authorities count.
    pub system: bool,
    /// Further authorities, PEM.
    pub extra: Vec<String>,
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// The application id of Office 365 Exchange Online, which some tokens carry as `aud`.
pub const EXCHANGE_APP_ID: &str = "00000002-0000-0ff1-ce00-000000000000";
/// The application id of Microsoft Graph.
pub const GRAPH_APP_ID: &str = "00000003-0000-0000-c000-000000000000";

/// Where a host serves EWS (microsoft-facts A.1).
pub const EWS_PATH: &str = "/EWS/Exchange.asmx";

impl Cloud {
    /// The names of the rows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ROWS.iter().map(|row| row.name)
    }

    /// The row of this name.
    pub fn named(name: &str) -> Option<Cloud> {
        // The cloud of the US government's community (not High) has the worldwide hosts.
        let name = if matches!(name, "global" | "gcc") { "worldwide" } else { name };
        ROWS.iter().find(|row| row.name == name).map(Row::cloud)
    }

    /// The scope prefix of an API.
    pub fn resource_uri(&self, resource: Resource) -> &str {
        match resource {
            Resource::Outlook => &self.outlook_resource,
            Resource::Graph => &self.graph_resource,
        }
    }

    /// What stands before the named scopes of an API. Exchange Online's documented form has another host than the one of
    /// app-only tokens (Microsoft Learn, "Authenticate an IMAP, POP or SMTP connection using OAuth").
    pub fn delegated_uri(&self, resource: Resource) -> &str {
        match self.resource_uri(resource) {
            "https://outlook.office365.com" => "https://outlook.office.com",
            other => other,
        }
    }

    /// The API that a scope is for, by what stands before its name.
    pub fn resource_of(&self, scope: &str) -> Option<Resource> {
        let (uri, _) = scope.rsplit_once('/')?;
        let is = |known: &str| known.eq_ignore_ascii_case(uri);
        if self.outlook_audiences.iter().any(|known| is(known)) || is(self.resource_uri(Resource::Outlook)) {
            return Some(Resource::Outlook);
        }
        is(self.resource_uri(Resource::Graph)).then_some(Resource::Graph)
    }

    /// An address of the login service for a tenant.
    pub fn login_url(&self, tenant: &str, path: &str) -> Url {
        below(&self.login, tenant, path)
    }

    /// Whether an address is one of the login service's own: only there may a credential go.
    pub fn is_login(&self, url: &Url) -> bool {
        url.scheme() == "https"
            && url.host_str() == self.login.host_str()
            && url.port_or_known_default() == self.login.port_or_known_default()
    }

    /// Whether a mail exchanger's name is one of this cloud's.
    pub fn owns_mx(&self, host: &str) -> bool {
        ends_with_any(host, &self.mx_suffixes)
    }

    /// Whether a name is one under which this cloud keeps DKIM keys.
    pub fn keeps_dkim(&self, name: &str) -> bool {
        ends_with_any(name, &self.dkim_suffixes)
    }

    /// The other cloud that a mail exchanger's name belongs to.
    pub fn other_with_mx(&self, host: &str) -> Option<&'static str> {
        let own = self.owns_mx(host);
        ROWS.iter().find(|row| !own && ends_with_any(host, row.mx_suffixes)).map(|row| row.name)
    }

    /// The cloud whose `autodiscover` a name is, this one first.
    pub fn with_autodiscover(&self, name: &str) -> Option<String> {
        if name.eq_ignore_ascii_case(&self.autodiscover) {
            return Some(self.name.clone());
        }
        ROWS.iter().find(|row| name.eq_ignore_ascii_case(row.autodiscover)).map(|row| row.name.to_owned())
    }

    /// The names by which judging tells one cloud from another.
    pub fn facts(&self) -> CloudFacts {
        CloudFacts {
            name: self.name.clone(),
            login: self.login.as_str().trim_end_matches('/').to_owned(),
            smtp: self.smtp.to_string(),
            issuer_v1: self.issuer_v1.clone(),
            outlook_audiences: self.outlook_audiences.clone(),
            graph_audiences: vec![self.graph_resource.clone(), GRAPH_APP_ID.to_owned()],
            mx_suffixes: self.mx_suffixes.clone(),
            spf_include: self.spf_include.clone(),
            exchange_environment: self.exchange_environment.clone(),
        }
    }
}

fn ends_with_any(name: &str, suffixes: &[impl AsRef<str>]) -> bool {
    let name = name.to_lowercase();
    suffixes.iter().any(|suffix| name.ends_with(&suffix.as_ref().to_lowercase()))
}

impl HostPort {
    /// Reads `HOST:PORT`, `[IPV6]:PORT` or `HOST`.
    pub fn parse(text: &str, default_port: u16) -> Option<HostPort> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.starts_with('[') => (host, port.parse().ok()?),
            _ => (text, default_port),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        // What can not stand in a name is a part of an address of the web or of a person.
        let sound = !host.contains(|c: char| c.is_whitespace() || c.is_control() || "/@".contains(c));
        (!host.is_empty() && sound && port != 0).then(|| HostPort { host: host.to_owned(), port })
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_exchanger_is_recognised_by_its_ending_only() {
        let cloud = Cloud::named("worldwide").unwrap();
        assert!(cloud.owns_mx("contoso-com.mail.protection.outlook.com"));
        assert!(cloud.owns_mx("Contoso-com.o-v1.MX.microsoft"));
        assert!(!cloud.owns_mx("mail.protection.outlook.com.evil.example"));
        assert!(!cloud.owns_mx("mx.example.com"));
    }

    #[test]
    fn names_of_other_clouds_are_told_apart() {
        let cloud = Cloud::named("worldwide").unwrap();
        assert_eq!(cloud.other_with_mx("contoso-us.mail.protection.office365.us"), Some("gcc-high"));
        assert_eq!(cloud.other_with_mx("contoso-cn.mail.protection.partner.outlook.cn"), Some("china"));
        assert_eq!(cloud.other_with_mx("contoso-com.mail.protection.outlook.com"), None);
        assert_eq!(cloud.other_with_mx("mx.example.com"), None);
        // The government's two clouds share their names.
        let dod = Cloud::named("dod").unwrap();
        assert_eq!(dod.other_with_mx("contoso-us.mail.protection.office365.us"), None);
        assert_eq!(cloud.with_autodiscover("Autodiscover.outlook.com").as_deref(), Some("worldwide"));
        assert_eq!(cloud.with_autodiscover("autodiscover-dod.office365.us").as_deref(), Some("dod"));
        assert_eq!(cloud.with_autodiscover("mail.example.com"), None);
        assert!(cloud.keeps_dkim("selector1-contoso-com._domainkey.contoso.n-v1.dkim.mail.microsoft"));
        assert!(cloud.keeps_dkim("selector1-contoso-com._domainkey.contoso.onmicrosoft.com"));
        assert!(!cloud.keeps_dkim("key.onmicrosoft.com.evil.example"));
    }

    #[test]
    fn a_tenant_can_not_leave_its_place_in_the_path() {
        let cloud = Cloud::named("worldwide").unwrap();
        let url = cloud.login_url("a/../b?x", "oauth2/v2.0/token");
        assert_eq!(url.as_str(), "https://login.microsoftonline.com/a%2F..%2Fb%3Fx/oauth2/v2.0/token");
    }

    #[test]
    fn ews_is_at_its_fixed_path_unless_a_table_says_otherwise() {
        let host = |name: &str| Cloud::named(name).unwrap().ews.to_string();
        assert_eq!(host("worldwide"), "https://outlook.office365.com/EWS/Exchange.asmx");
        assert_eq!(host("gcc-high"), "https://outlook.office365.us/EWS/Exchange.asmx");
        assert_eq!(host("dod"), "https://outlook-dod.office365.us/EWS/Exchange.asmx");
        assert_eq!(host("china"), "https://partner.outlook.cn/EWS/Exchange.asmx");
        let table = |ews: &str| CloudTable { ews: Some(Url::parse(ews).unwrap()), ..CloudTable::default() };
        let own = Cloud::from_table("own", &table("https://mail.example/EWS/Exchange.asmx"), None).unwrap();
        assert_eq!(own.ews.as_str(), "https://mail.example/EWS/Exchange.asmx");
        assert!(Cloud::from_table("own", &table("http://mail.example/"), None).is_err());
    }

    #[test]
    fn hosts_and_ports_are_read() {
        let read = |text| HostPort::parse(text, 587).map(|h| h.to_string());
        assert_eq!(read("localhost:25").as_deref(), Some("localhost:25"));
        assert_eq!(read("localhost").as_deref(), Some("localhost:587"));
        assert_eq!(read("[::1]:25").as_deref(), Some("[::1]:25"));
        for text in ["host:x", "no host", "smtp://host", "app@host", "host\n", ":25", "host:0"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}

//! The clouds: rows of one table. A cloud is addresses, names and trust, no behaviour; the sandbox is
//! one more row, made at start.
//!
//! Source: microsoft-facts A.1, from Microsoft Learn "National clouds" and the Microsoft 365 endpoint
//! lists, checked 2026-11-20.

mod table;

pub use table::CloudTable;
pub(crate) use table::stays_here;

use std::net::SocketAddr;

use url::Url;

use crate::facts::CloudFacts;
use crate::road::Resource;

/// Where everything lives.
#[derive(Debug, Clone)]
pub struct Cloud {
    /// The word for `--cloud`.
    pub name: String,
    /// The login service.
    pub login: Url,
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
    /// The service of virtual machines that gives managed identities their tokens; plain HTTP, never beyond the link.
    pub imds: Url,
    /// The audience that an assertion of another issuer must have.
    pub federation_audience: String,
    /// Where to ask for names; none: the system's resolver.
    pub resolver: Option<SocketAddr>,
    /// Who vouches for the servers.
    pub trust: Trust,
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

struct Row {
    name: &'static str,
    login: &'static str,
    graph: &'static str,
    issuer_v1: &'static str,
    outlook: &'static str,
    smtp: &'static str,
    hve: Option<&'static str>,
    /// IMAP, POP and EWS.
    mailboxes: &'static str,
    mx_suffixes: &'static [&'static str],
    spf_include: &'static str,
    autodiscover: &'static str,
    exchange_environment: &'static str,
    /// `aud` of a token that another issuer gives for exchange (Microsoft Learn, "Workload identity federation").
    federation_audience: &'static str,
}

/// GCC is `worldwide`: it uses the same hosts everywhere.
const ROWS: [Row; 4] = [
    Row {
        name: "worldwide",
        login: "https://login.microsoftonline.com",
        graph: "https://graph.microsoft.com",
        issuer_v1: "https://sts.windows.net/",
        outlook: "https://outlook.office365.com",
        smtp: "smtp.office365.com",
        // The name that is recommended; the older smtp-hve.office365.com is to go (microsoft-facts A.2).
        hve: Some("smtp.hve.mx.microsoft"),
        mailboxes: "outlook.office365.com",
        mx_suffixes: &[".mail.protection.outlook.com", ".mx.microsoft"],
        spf_include: "spf.protection.outlook.com",
        autodiscover: "autodiscover.outlook.com",
        exchange_environment: "O365Default",
        federation_audience: "api://AzureADTokenExchange",
    },
    Row {
        name: "gcc-high",
        login: "https://login.microsoftonline.us",
        graph: "https://graph.microsoft.us",
        issuer_v1: "https://sts.windows.net/",
        outlook: "https://outlook.office365.us",
        smtp: "outlook.office365.us",
        hve: None,
        mailboxes: "outlook.office365.us",
        mx_suffixes: &[".mail.protection.office365.us"],
        spf_include: "spf.protection.office365.us",
        autodiscover: "autodiscover.office365.us",
        exchange_environment: "O365USGovGCCHigh",
        federation_audience: "api://AzureADTokenExchangeUSGov",
    },
    Row {
        name: "dod",
        login: "https://login.microsoftonline.us",
        graph: "https://dod-graph.microsoft.us",
        issuer_v1: "https://sts.windows.net/",
        outlook: "https://outlook-dod.office365.us",
        smtp: "outlook-dod.office365.us",
        hve: None,
        mailboxes: "outlook-dod.office365.us",
        mx_suffixes: &[".mail.protection.office365.us", ".protection.apps.mil"],
        spf_include: "spf.protection.office365.us",
        autodiscover: "autodiscover-dod.office365.us",
        exchange_environment: "O365USGovDoD",
        federation_audience: "api://AzureADTokenExchangeUSGov",
    },
    Row {
        name: "china",
        login: "https://login.partner.microsoftonline.cn",
        graph: "https://microsoftgraph.chinacloudapi.cn",
        issuer_v1: "https://sts.chinacloudapi.cn/",
        outlook: "https://partner.outlook.cn",
        smtp: "smtp.partner.outlook.cn",
        hve: None,
        mailboxes: "partner.outlook.cn",
        mx_suffixes: &[".mail.protection.partner.outlook.cn"],
        spf_include: "spf.protection.partner.outlook.cn",
        autodiscover: "autodiscover.partner.outlook.cn",
        exchange_environment: "O365China",
        federation_audience: "api://AzureADTokenExchangeChina",
    },
];

/// Where Microsoft 365 keeps the DKIM keys of its tenants: the form of domains added since May 2025, then that of the
/// initial domains (microsoft-facts A.3; the two last, of the government and of China, are seen in the field only).
const DKIM_SUFFIXES: [&str; 4] = [".dkim.mail.microsoft", ".onmicrosoft.com", ".onmicrosoft.us", ".onmschina.cn"];

/// Port of HTTPS, where MTA-STS policies are (RFC 8461 section 3.3).
const HTTPS: u16 = 443;
/// Port of message submission (RFC 6409 section 3.1).
const SUBMISSION: u16 = 587;
/// Port of message transfer between servers (RFC 5321 section 4.5.4.2).
const TRANSFER: u16 = 25;
/// Ports of IMAP and POP with implicit TLS (RFC 8314 section 3.2 and 3.1).
const IMAPS: u16 = 993;
const POPS: u16 = 995;

/// The instance metadata service, the same in every cloud (Microsoft Learn, "How to use managed identities for Azure
/// resources on an Azure VM to acquire an access token").
const IMDS: &str = "http://169.254.169.254";

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

    /// An address of the login service for a tenant.
    pub fn login_url(&self, tenant: &str, path: &str) -> Url {
        let mut url = self.login.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(tenant).extend(path.split('/'));
        }
        url
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

impl Row {
    fn cloud(&self) -> Cloud {
        let url = |text: &str| Url::parse(text).expect("the rows hold valid addresses");
        let mut outlook_audiences = vec![self.outlook.to_owned(), EXCHANGE_APP_ID.to_owned()];
        if self.name == "worldwide" {
            outlook_audiences.push("https://outlook.office.com".to_owned());
        }
        Cloud {
            name: self.name.to_owned(),
            login: url(self.login),
            graph: url(self.graph),
            ews: url(&format!("https://{}{EWS_PATH}", self.mailboxes)),
            issuer_v1: self.issuer_v1.to_owned(),
            outlook_resource: self.outlook.to_owned(),
            graph_resource: self.graph.to_owned(),
            outlook_audiences,
            smtp: HostPort { host: self.smtp.to_owned(), port: SUBMISSION },
            hve: self.hve.map(|host| HostPort { host: host.to_owned(), port: SUBMISSION }),
            smart_host: None,
            mx_port: TRANSFER,
            imap: HostPort { host: self.mailboxes.to_owned(), port: IMAPS },
            pop: HostPort { host: self.mailboxes.to_owned(), port: POPS },
            mx_suffixes: self.mx_suffixes.iter().map(|s| (*s).to_owned()).collect(),
            spf_include: self.spf_include.to_owned(),
            dkim_suffixes: DKIM_SUFFIXES.map(str::to_owned).to_vec(),
            autodiscover: self.autodiscover.to_owned(),
            mta_sts_port: HTTPS,
            exchange_environment: self.exchange_environment.to_owned(),
            imds: url(IMDS),
            federation_audience: self.federation_audience.to_owned(),
            resolver: None,
            trust: Trust { system: true, extra: Vec::new() },
        }
    }
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

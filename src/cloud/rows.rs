//! The rows of the table of clouds, and how a row becomes a cloud.

use url::Url;

use super::{Cloud, EWS_PATH, EXCHANGE_APP_ID, HostPort, Sibling, Trust};

pub(super) struct Row {
    pub(super) name: &'static str,
    login: &'static str,
    graph: &'static str,
    issuer_v1: &'static str,
    outlook: &'static str,
    smtp: &'static str,
    hve: Option<&'static str>,
    consumer_smtp: Option<&'static str>,
    /// IMAP, POP and EWS.
    mailboxes: &'static str,
    pub(super) mx_suffixes: &'static [&'static str],
    spf_include: &'static str,
    pub(super) autodiscover: &'static str,
    exchange_environment: &'static str,
    federation_audience: &'static str,
}

/// GCC is `worldwide`: it uses the same hosts everywhere.
pub(super) const ROWS: [Row; 4] = [
    Row {
        name: "worldwide",
        login: "https://login.microsoftonline.com",
        graph: "https://graph.microsoft.com",
        issuer_v1: "https://sts.windows.net/",
        outlook: "https://outlook.office365.com",
        smtp: "smtp.office365.com",
        // The name that is recommended; the older smtp-hve.office365.com is to go (microsoft-facts A.2).
        hve: Some("smtp.hve.mx.microsoft"),
        consumer_smtp: Some("smtp-mail.outlook.com"),
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
        consumer_smtp: None,
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
        consumer_smtp: None,
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
        consumer_smtp: None,
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
pub(super) const SUBMISSION: u16 = 587;
/// Port of message transfer between servers (RFC 5321 section 4.5.4.2).
pub(super) const TRANSFER: u16 = 25;
/// The port of DNS servers (RFC 1035 section 4.2).
const DOMAIN: u16 = 53;
/// Ports of IMAP and POP with implicit TLS (RFC 8314 section 3.2 and 3.1).
pub(super) const IMAPS: u16 = 993;
pub(super) const POPS: u16 = 995;
/// The instance metadata service of Azure, link-local in every cloud; plain HTTP, for it never leaves the host
/// (Microsoft Learn, "Azure Instance Metadata Service").
const IMDS: &str = "http://169.254.169.254";

impl Row {
    /// The login services of the other rows, each once.
    fn siblings(&self) -> Vec<Sibling> {
        let mut found: Vec<Sibling> = Vec::new();
        for row in ROWS.iter().filter(|row| row.login != self.login) {
            let login = Url::parse(row.login).expect("the rows hold valid addresses");
            match found.iter_mut().find(|sibling| sibling.login == login) {
                Some(sibling) => sibling.clouds.push(row.name.to_owned()),
                None => found.push(Sibling { clouds: vec![row.name.to_owned()], login }),
            }
        }
        found
    }

    /// The row as a cloud that can be spoken to.
    pub(super) fn cloud(&self) -> Cloud {
        let url = |text: &str| Url::parse(text).expect("the rows hold valid addresses");
        let mut outlook_audiences = vec![self.outlook.to_owned(), EXCHANGE_APP_ID.to_owned()];
        if self.name == "worldwide" {
            outlook_audiences.push("https://outlook.office.com".to_owned());
        }
        Cloud {
            name: self.name.to_owned(),
            login: url(self.login),
            siblings: self.siblings(),
            graph: url(self.graph),
            ews: url(&format!("https://{}{EWS_PATH}", self.mailboxes)),
            issuer_v1: self.issuer_v1.to_owned(),
            outlook_resource: self.outlook.to_owned(),
            graph_resource: self.graph.to_owned(),
            outlook_audiences,
            smtp: HostPort { host: self.smtp.to_owned(), port: SUBMISSION },
            hve: self.hve.map(|host| HostPort { host: host.to_owned(), port: SUBMISSION }),
            consumer_smtp: self.consumer_smtp.map(|host| HostPort { host: host.to_owned(), port: SUBMISSION }),
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
            federation_audience: self.federation_audience.to_owned(),
            imds: url(IMDS),
            resolver: None,
            name_server_port: Some(DOMAIN),
            trust: Trust { system: true, extra: Vec::new() },
        }
    }
}

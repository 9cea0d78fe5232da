//! Whose a name is: which rows have a host, so that names of different clouds are not used together.

use url::Url;

use super::Cloud;

/// The two clouds of the US government share the login service and the endings of their mail exchangers.
const GOVERNMENT: &[&str] = &["gcc-high", "dod"];

/// Hosts of one cloud or of two, exact names (microsoft-facts A.1 and A.2). A host that is not here is the user's own.
const HOSTS: [(&str, &[&str]); 20] = [
    ("login.microsoftonline.com", &["worldwide"]),
    // Among the authorities that Microsoft's own library trusts as aliases (MSAL for Java, `AadInstanceDiscovery`).
    ("login.windows.net", &["worldwide"]),
    ("graph.microsoft.com", &["worldwide"]),
    ("outlook.office365.com", &["worldwide"]),
    ("outlook.office.com", &["worldwide"]),
    ("smtp.office365.com", &["worldwide"]),
    ("smtp-mail.outlook.com", &["worldwide"]),
    ("smtp.hve.mx.microsoft", &["worldwide"]),
    ("smtp-hve.office365.com", &["worldwide"]),
    ("login.microsoftonline.us", GOVERNMENT),
    ("graph.microsoft.us", &["gcc-high"]),
    // Programs for the Department of Defense are seen with this scope too (microsoft-facts A.1).
    ("outlook.office365.us", GOVERNMENT),
    ("smtp.office365.us", &["gcc-high"]),
    ("dod-graph.microsoft.us", &["dod"]),
    ("outlook-dod.office365.us", &["dod"]),
    ("login.partner.microsoftonline.cn", &["china"]),
    ("login.chinacloudapi.cn", &["china"]),
    ("microsoftgraph.chinacloudapi.cn", &["china"]),
    ("partner.outlook.cn", &["china"]),
    ("smtp.partner.outlook.cn", &["china"]),
];

/// Endings of mail exchangers (microsoft-facts A.1) and of the domains that a tenant is born with: Microsoft Learn, "DNS
/// records for Office 365 GCC High" (`contoso.onmicrosoft.us`), and "Domains FAQ" for 21Vianet (`partner.onmschina.cn`).
/// `.onmicrosoft.com` is not here: tenants of every cloud but China's are seen with it.
const ENDINGS: [(&str, &[&str]); 7] = [
    (".mail.protection.outlook.com", &["worldwide"]),
    (".mx.microsoft", &["worldwide"]),
    (".mail.protection.office365.us", GOVERNMENT),
    (".protection.apps.mil", &["dod"]),
    (".mail.protection.partner.outlook.cn", &["china"]),
    (".onmicrosoft.us", GOVERNMENT),
    (".partner.onmschina.cn", &["china"]),
];

/// The rows that have a host or a domain; none for a name of the user's own.
fn rows_of(name: &str) -> Option<&'static [&'static str]> {
    let name = name.trim_end_matches('.').to_lowercase();
    let host = HOSTS.iter().find(|(host, _)| *host == name);
    host.or_else(|| ENDINGS.iter().find(|(ending, _)| name.ends_with(ending))).map(|(_, rows)| *rows)
}

/// The rows that have the host of an address, be it a scope or a service.
fn rows_of_url(address: &str) -> Option<&'static [&'static str]> {
    rows_of(Url::parse(address).ok()?.host_str()?)
}

impl Cloud {
    /// Two of its addresses that no cloud has together, each with its key and its rows, in words.
    pub(crate) fn discord(&self) -> Option<String> {
        let host = |url: &Url| url.host_str().unwrap_or_default().to_owned();
        let named = [
            ("login", host(&self.login)),
            ("graph", host(&self.graph)),
            ("ews", host(&self.ews)),
            ("smtp", self.smtp.host.clone()),
            ("imap", self.imap.host.clone()),
            ("pop", self.pop.host.clone()),
            ("mx", self.smart_host.as_ref().map(|mx| mx.host.clone()).unwrap_or_default()),
        ];
        let known: Vec<_> = named.iter().filter_map(|(key, name)| Some((key, name, rows_of(name)?))).collect();
        known.iter().enumerate().find_map(|(at, (key, name, rows))| {
            let clash = known[..at].iter().find(|(_, _, earlier)| !earlier.iter().any(|row| rows.contains(row)))?;
            let (other, host, theirs) = clash;
            Some(format!(
                "{other} is {host} of {}, and {key} is {name} of {}; give `base` or the rest of one cloud",
                theirs.join(" or "),
                rows.join(" or ")
            ))
        })
    }

    /// Why a host, a scope or a domain of another cloud can not be used with this one; none when it can, or when
    /// either is the user's own.
    pub fn stranger(&self, name: &str) -> Option<String> {
        let theirs = if name.contains("://") { rows_of_url(name)? } else { rows_of(name)? };
        let hosts = [self.login.host_str().unwrap_or_default(), &self.smtp.host, self.graph.host_str()?];
        let mut own = hosts.iter().filter_map(|host| rows_of(host)).peekable();
        own.peek()?;
        let shared = own.all(|rows| rows.iter().any(|row| theirs.contains(row)));
        (!shared).then(|| {
            let right = theirs.iter().map(|row| format!("--cloud {row}")).collect::<Vec<_>>().join(" or ");
            format!("belongs to {}, and the set-up is for {}; use {right}", theirs.join(" or "), self.name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_agrees_with_itself_and_with_no_other() {
        for name in Cloud::names() {
            let cloud = Cloud::named(name).unwrap();
            assert_eq!(cloud.discord(), None, "{name}");
            assert_eq!(cloud.stranger(&format!("{}/.default", cloud.outlook_resource)), None, "{name}");
            assert_eq!(cloud.stranger(&format!("{}/.default", cloud.graph_resource)), None, "{name}");
            for other in Cloud::names().filter(|other| *other != name) {
                let scope = format!("{}/.default", Cloud::named(other).unwrap().outlook_resource);
                // One scope of the government's serves both of its clouds.
                if (name, other) == ("dod", "gcc-high") {
                    assert_eq!(cloud.stranger(&scope), None);
                    continue;
                }
                assert!(cloud.stranger(&scope).is_some_and(|words| words.contains(other)), "{name} {scope}");
            }
        }
    }

    #[test]
    fn domains_and_mail_exchangers_tell_their_cloud_and_own_names_none() {
        let stranger = |cloud: &str, name: &str| Cloud::named(cloud).unwrap().stranger(name).is_some();
        assert!(stranger("worldwide", "contoso.onmicrosoft.us"));
        assert!(!stranger("gcc-high", "contoso.onmicrosoft.us") && !stranger("dod", "contoso.onmicrosoft.us"));
        assert!(stranger("worldwide", "contoso.partner.onmschina.cn"));
        assert!(!stranger("china", "contoso.partner.onmschina.cn"));
        assert!(stranger("china", "contoso-com.mail.protection.outlook.com"));
        assert!(!stranger("gcc-high", "contoso.onmicrosoft.com"));
        assert!(!stranger("worldwide", "mx.example.com") && !stranger("dod", "https://own.example/.default"));
    }
}

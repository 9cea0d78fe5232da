//! Who said it: the same codes come from many servers, and a page of Microsoft 365 explains only Microsoft's.

use crate::kb::{self, Cause, Match, Where};

/// The server behind a text, as far as the text tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A host of Microsoft or words that only its servers use.
    Microsoft,
    /// Another server: its name or its product.
    Other(String),
    /// The text does not tell.
    Unknown,
}

/// Domains of Microsoft's servers.
const HOSTS: [&str; 12] = [
    "outlook.com",
    "office365.com",
    "office365.us",
    "office.com",
    "hotmail.com",
    "microsoft.com",
    "mx.microsoft",
    "microsoftonline.com",
    "microsoftonline.us",
    "partner.outlook.cn",
    "chinacloudapi.cn",
    "windows.net",
];

/// Words of Exchange Online, Entra and Graph, in lower case. A relay in between passes them on.
const WORDS: [&str; 21] = [
    "storedrv",
    "mapiexception",
    "tenantattribution",
    "tenantinboundattribution",
    "resolver.adr.",
    "resolver.rst.",
    "resolver.fwd.",
    "aadsts",
    "aka.ms/",
    "exchangelabs.com",
    "smtpclientauthentication",
    "security defaults policy",
    "535 5.7.139",
    "535 5.7.3 authentication unsuccessful",
    "smtp; client ",
    "client not authenticated to send",
    "sendasdenied",
    "attr3",
    "as(201806281)",
    "x-ms-diagnostics",
    "high volume email",
];

/// Signs of others, in lower case, each with the name to show.
const OTHERS: [(&str, &str); 26] = [
    (" - gsmtp", "Gmail"),
    ("support.google.com/", "Gmail"),
    ("smtp.gmail.com", "Gmail"),
    (".google.com", "Gmail"),
    (".icloud.com", "iCloud"),
    ("support.apple.com", "iCloud"),
    ("zoho.", "Zoho"),
    (".yahoodns.net", "Yahoo"),
    ("postmaster.yahooinc.com", "Yahoo"),
    ("senders.yahooinc.com", "Yahoo"),
    ("yandex.", "Yandex"),
    (".mail.ru", "Mail.ru"),
    ("amazonses.com", "Amazon SES"),
    ("sendgrid.net", "SendGrid"),
    ("mailgun.org", "Mailgun"),
    (".gmx.net", "GMX"),
    (".pphosted.com", "Proofpoint"),
    ("mimecast.", "Mimecast"),
    ("messagingengine.com", "Fastmail"),
    ("protonmail.", "Proton Mail"),
    ("dovecot", "Dovecot"),
    ("lmtp", "an LMTP server"),
    ("in virtual mailbox table", "Postfix"),
    ("in local recipient table", "Postfix"),
    ("in relay recipient table", "Postfix"),
    ("sender address verification", "Postfix"),
];

/// What a server writes into its own log when it turns a client away, in lower case: who is named then is the client.
const TURNED_AWAY: [(&str, &str); 6] = [
    ("noqueue: ", "Postfix"),
    (": milter-reject: ", "Postfix"),
    (", reject=", "sendmail"),
    (" rejected rcpt ", "Exim"),
    (" rejected mail ", "Exim"),
    (" rejected after data", "Exim"),
];

/// Reads the signs. What a server says of its own clients is its own. Words of Microsoft decide next, because a gateway in between passes them on; then the host that is
/// said to have spoken; then the signs of others.
pub fn of(text: &str) -> Origin {
    let lower = without_addresses(&text.to_lowercase());
    if let Some((_, server)) = TURNED_AWAY.iter().find(|(sign, _)| lower.contains(sign)) {
        return Origin::Other((*server).to_owned());
    }
    if WORDS.iter().any(|word| lower.contains(word)) || server_name(&lower) {
        return Origin::Microsoft;
    }
    match speaker(&lower) {
        Some(host) if microsofts(&host) => return Origin::Microsoft,
        Some(host) => {
            let known = OTHERS.iter().find(|(sign, _)| format!(".{host}").contains(sign));
            return Origin::Other(known.map_or(host, |(_, name)| (*name).to_owned()));
        }
        None => {}
    }
    if HOSTS.iter().any(|host| lower.contains(host)) {
        return Origin::Microsoft;
    }
    let other = OTHERS.iter().find(|(sign, _)| lower.contains(sign));
    other.map_or(Origin::Unknown, |(_, name)| Origin::Other((*name).to_owned()))
}

/// Subject and highest detail of the codes that every mail server may use (IANA, SMTP Enhanced Status Codes Registry).
const REGISTERED: [u8; 8] = [0, 10, 4, 5, 7, 6, 10, 30];

/// The code of a text that other servers use as well, where nothing in the text says who spoke, and the page is one of
/// what a mail server answers. A page that was asked for by its id needs no server.
pub fn shared_code(first: &Match, text: &str) -> Option<String> {
    if !first.cause.seen_in.contains(&Where::Smtp) || first.cause.id.eq_ignore_ascii_case(&first.matched) {
        return None;
    }
    let codes = kb::codes_in(text);
    let registered = |code: &&str| {
        let mut numbers = code.split('.').skip(1).map(str::parse::<u8>);
        let (Some(Ok(subject)), Some(Ok(detail))) = (numbers.next(), numbers.next()) else { return false };
        REGISTERED.get(usize::from(subject)).is_some_and(|highest| detail <= *highest)
    };
    let shared = codes.iter().filter_map(|code| code.rsplit(' ').next()).find(registered)?;
    (of(text) == Origin::Unknown).then(|| shared.to_owned())
}

/// Whether a page speaks of what a mail server answered. What the network or our own input did, no server said.
pub fn concerns(page: &Cause) -> bool {
    page.seen_in.iter().any(|place| matches!(place, Where::Smtp | Where::Imap | Where::Pop))
}

fn microsofts(host: &str) -> bool {
    HOSTS.iter().any(|own| host.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// Exchange Online ends a reply with its server's name in brackets: `[AM0PR01CA0123.eurprd01.prod.outlook.com 2026-…]`.
fn server_name(lower: &str) -> bool {
    lower.contains(".prod.outlook.com") || lower.contains(".prod.protection.outlook.com")
}

/// The host that a log names as the one that answered: Postfix, Exim, sendmail, and the report of a bounce.
fn speaker(lower: &str) -> Option<String> {
    let said = lower.find("] said:").or_else(|| lower.find("] refused to talk to me"));
    if let Some(open) = said.and_then(|at| lower[..at].rfind('[')) {
        return host(lower[..open].rsplit([' ', '(']).next()?);
    }
    let marks = ["remote-mta: dns;", "reporting-mta: dns;", "remote server at ", " h=", "relay="];
    marks.iter().find_map(|mark| {
        let rest = lower[lower.find(mark)? + mark.len()..].trim_start();
        host(rest.split(|c: char| c.is_whitespace() || matches!(c, '[' | ',' | '(' | ':')).next()?)
    })
}

/// Deliveries that leave no host, as Postfix writes them.
const LOCAL: [&str; 4] = ["local", "virtual", "localhost", "dovecot"];

/// A name that a server can have; `none` is how Postfix says that it reached nobody.
fn host(word: &str) -> Option<String> {
    let word = word.trim_end_matches(['.', ';']);
    let shaped = word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/'));
    let named = word.contains(['.', '/']) || LOCAL.contains(&word);
    (shaped && named).then(|| word.to_owned())
}

/// An address of a sender or a recipient says nothing about the server that speaks.
fn without_addresses(lower: &str) -> String {
    if !lower.contains('@') {
        return lower.to_owned();
    }
    let parts =
        lower.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '"' | '(' | ')'));
    parts.filter(|part| !part.contains('@')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_that_spoke_decides() {
        let other = |name: &str| Origin::Other(name.to_owned());
        for (text, origin) in [
            ("550-5.1.1 The email account that you tried to reach does not exist. a1-20 - gsmtp", other("Gmail")),
            ("host gmail-smtp-in.l.google.com[192.0.2.1] said: 550-5.1.1 no such user", other("Gmail")),
            ("to=<bob@outlook.com>, relay=mx.fabrikam.com[192.0.2.1]:25, dsn=5.1.1", other("mx.fabrikam.com")),
            ("host 10.0.0.5[10.0.0.5] said: 550 5.7.64 TenantAttribution; Relay Access Denied", Origin::Microsoft),
            (
                "relay=contoso-com.mail.protection.outlook.com[192.0.2.1]:25, dsn=5.4.1, status=bounced",
                Origin::Microsoft,
            ),
            ("535 5.7.3 Authentication unsuccessful [SN2PR00CA0018.namprd00.prod.outlook.com]", Origin::Microsoft),
            ("550 5.1.1 <alice@outlook.com>: User unknown in virtual mailbox table", other("Postfix")),
            ("550 5.1.10 Recipient not found", Origin::Unknown),
            ("relay=none, dsn=4.4.1, status=deferred", Origin::Unknown),
        ] {
            assert_eq!(of(text), origin, "{text}");
        }
    }

    #[test]
    fn a_registered_code_without_a_server_may_be_another_servers() {
        let shared = |text: &str| shared_code(kb::classify(None, text).first().unwrap(), text);
        assert_eq!(shared("550 5.1.10 Recipient not found").as_deref(), Some("5.1.10"));
        assert_eq!(shared("5.7.60"), None, "no other server has it");
        assert_eq!(shared("550 5.7.708 Access denied, traffic not accepted from this IP"), None);
        assert_eq!(shared("550 5.1.10 Recipient not found [AM0PR01MB0001.eurprd01.prod.outlook.com]"), None);
        assert_eq!(shared("AADSTS7000215: x"), None);
    }

    #[test]
    fn a_name_that_only_ends_alike_is_not_microsofts() {
        assert!(microsofts("smtp.office365.com") && microsofts("outlook.com"));
        assert!(!microsofts("notoutlook.com") && !microsofts("outlook.com.example"));
    }
}

//! Masks free text: nobody says which names it holds, so everything that has the form of one is replaced.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{MICROSOFT, without_directory};

/// Hosts of Microsoft's whose first label is the customer's.
const OF_A_TENANT: [&str; 4] = [".protection.outlook.com", ".mx.microsoft", ".onmicrosoft.com", ".sharepoint.com"];

/// Words with dots that are no hosts.
const DIAGNOSTICS: [&str; 3] = ["resolver.", "storedrv.", "prod."];

/// The stand-ins given so far: the same name becomes the same one.
#[derive(Default)]
pub struct Words(BTreeMap<String, String>);

impl Words {
    /// The text with addresses, hosts, IP addresses and GUIDs replaced, and the name of the host that wrote a syslog line.
    pub fn masked(&mut self, text: &str) -> String {
        let text = without_own_host(&without_directory(text));
        let mut out = String::with_capacity(text.len());
        let mut word = String::new();
        for character in text.chars() {
            if character.is_alphanumeric() || matches!(character, '.' | '-' | '_' | '@' | '+' | ':' | '%' | '#') {
                word.push(character);
            } else {
                out.push_str(&self.word(&std::mem::take(&mut word)));
                out.push(character);
            }
        }
        out + &self.word(&word)
    }

    fn word(&mut self, word: &str) -> String {
        // A full stop or a colon may end the sentence, and not the name.
        let name = word.trim_end_matches(['.', ':', '-']);
        let port =
            name.rsplit_once(':').filter(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
        let whole = self.stand_in(name);
        let masked = whole.or_else(|| port.and_then(|(host, port)| Some(format!("{}:{port}", self.stand_in(host)?))));
        masked.map_or_else(|| word.to_owned(), |masked| masked + &word[name.len()..])
    }

    fn stand_in(&mut self, name: &str) -> Option<String> {
        let lower = name.to_lowercase();
        if let Some((_, domain)) = lower.rsplit_once('@').filter(|(_, domain)| !domain.is_empty()) {
            let domain = self.stand_in(domain).unwrap_or_else(|| domain.to_owned());
            return Some(self.numbered(&lower, |n| format!("person{n}@{domain}")));
        }
        if uuid::Uuid::try_parse(&lower).is_ok() {
            return Some(self.numbered(&lower, |n| format!("00000000-0000-4000-8000-{n:012}")));
        }
        if let Ok(ip) = lower.parse::<IpAddr>() {
            // Documentation addresses: RFC 5737, RFC 3849.
            return Some(self.numbered(&lower, |n| match ip {
                IpAddr::V4(_) => format!("192.0.2.{}", n % 256),
                IpAddr::V6(_) => format!("2001:db8::{n:x}"),
            }));
        }
        self.host(name, &lower)
    }

    fn host(&mut self, name: &str, lower: &str) -> Option<String> {
        if let Some(suffix) = OF_A_TENANT.iter().find(|suffix| lower.ends_with(**suffix)) {
            let tenant = lower.strip_suffix(suffix)?.split('.').next()?.to_owned();
            let rest = lower[tenant.len()..].to_owned();
            return Some(self.numbered(&tenant, |n| format!("domain{n}-example")) + &rest);
        }
        let of_microsoft = MICROSOFT
            .iter()
            .any(|own| lower.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
        if of_microsoft || lower == "aka.ms" || lower.rsplit('.').next() == Some("asmx") || !is_host(name, lower) {
            return None;
        }
        Some(self.numbered(lower, |n| format!("domain{n}.example")))
    }

    fn numbered(&mut self, name: &str, stand_in: impl FnOnce(usize) -> String) -> String {
        let n = self.0.len() + 1;
        self.0.entry(name.to_owned()).or_insert_with(|| stand_in(n)).clone()
    }
}

/// Labels between dots, and a last one of letters in one case: `MAIL.CONTOSO.COM`, not `Submission.Exception`.
fn is_host(name: &str, lower: &str) -> bool {
    let Some((_, last)) = name.rsplit_once('.') else { return false };
    let one_case = last.chars().all(char::is_lowercase) || name.chars().all(|c| !c.is_lowercase());
    let labels = lower
        .split('.')
        .all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_')));
    let letters = last.chars().count() >= 2 && last.chars().all(char::is_alphabetic);
    one_case && labels && letters && !DIAGNOSTICS.iter().any(|word| lower.starts_with(word))
}

/// A syslog line has the host behind the time and before the program (RFC 3164 section 4.1.2).
fn without_own_host(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).take(5).collect();
    let host = match words[..] {
        [month, _, time, host, tag] if month.len() == 3 && time.split(':').count() == 3 && tag.ends_with(':') => host,
        [time, host, tag, ..] if time.contains('T') && time.split(':').count() >= 3 && tag.ends_with(':') => host,
        _ => return text.to_owned(),
    };
    text.replacen(&format!(" {host} "), " this-host ", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_alike_and_words_stay() {
        let mut words = Words::default();
        let line = "Nov 26 20:44:09 mx01 postfix/smtp[1]: 4F1A2B3C4D: to=<Bob@Contoso.com>, \
                    relay=contoso-com.mail.protection.outlook.com[203.0.113.9]:25, dsn=5.7.60, status=bounced (host \
                    MAIL.CONTOSO.COM said: 554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException; bob@contoso.com \
                    11111111-2222-3333-4444-555555555555 smtp.office365.com)";
        let masked = words.masked(line);
        for name in ["mx01", "ontoso", "CONTOSO", "203.0.113.9", "11111111", "Bob", "bob"] {
            assert!(!masked.contains(name), "{name} in {masked}");
        }
        for kept in ["dsn=5.7.60", "STOREDRV.Submission.Exception:SendAsDeniedException", "smtp.office365.com", "]:25"]
        {
            assert!(masked.contains(kept), "{kept} in {masked}");
        }
        assert_eq!(words.masked("BOB@contoso.com"), words.masked("bob@contoso.com"));
        assert_ne!(words.masked("bob@contoso.com"), words.masked("eve@contoso.com"));
    }

    #[test]
    fn what_a_page_is_found_by_stays() {
        let mut faults = Vec::new();
        for page in crate::kb::all() {
            let first = |text: &str| crate::kb::classify(None, text).first().map(|found| found.cause.id);
            let masked = Words::default().masked(page.sample);
            if first(&masked) != first(page.sample) {
                faults.push(format!("{}: {masked}", page.id));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

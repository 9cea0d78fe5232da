//! One record: its tags, and what is wrong with them (RFC 9989 section 4.7, with the grammar of section 4.8).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What receivers are asked to do with mail that does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Nothing: only to report.
    None,
    /// To treat it as suspicious.
    Quarantine,
    /// To refuse it.
    Reject,
}

/// What `psd` says of the domain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PublicSuffix {
    /// It is one: below it, anybody may have a domain.
    Yes,
    /// It is none: here the organisation begins.
    No,
    /// Nothing is said.
    #[default]
    Unsaid,
}

/// A record as a receiver reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// `p`, where it has a value that counts.
    pub p: Option<Policy>,
    /// `sp`, likewise.
    pub sp: Option<Policy>,
    /// `np`, likewise.
    pub np: Option<Policy>,
    /// Whether one of the three is there with a value that does not count, or `p` is missing.
    pub policy_faulty: bool,
    /// `psd`.
    pub psd: PublicSuffix,
    /// `t=y`: receivers are asked not to apply the policy.
    pub test: bool,
    /// `adkim=s`: the signature's domain must be that of the sender to the letter.
    pub strict_dkim: bool,
    /// `aspf=s`: the same of the envelope's.
    pub strict_spf: bool,
    /// The addresses of `rua` that a report can be mailed to.
    pub rua: Vec<String>,
    /// Tags that do not count, and why; the first ones.
    pub faults: Vec<String>,
    /// Tags and forms of RFC 7489 that are no longer part of the standard, as they stand there.
    pub removed: Vec<String>,
}

/// Faults that a person reads; a record can have ten thousand.
const MOST_FAULTS: usize = 20;
/// Addresses for reports; a receiver need serve no more than two (RFC 7489 section 6.2), an honest record has up to five.
const MOST_ADDRESSES: usize = 10;
/// RFC 5321 section 4.5.3.1.3, without the angle brackets.
const LONGEST_ADDRESS: usize = 254;
/// As much of a faulty tag as shows which it is.
const EXCERPT: usize = 60;

/// Whether a text is a DMARC record: the version stands first and is spelt so (RFC 9989 section 4.7).
pub fn is_record(text: &str) -> bool {
    let first = text.split(';').next().unwrap_or_default();
    let Some((tag, value)) = first.split_once('=') else { return false };
    trim_end(tag).eq_ignore_ascii_case("v") && trim(value) == "DMARC1"
}

impl Record {
    /// Reads a record; none where the text is no DMARC record.
    pub fn read(text: &str) -> Option<Record> {
        if !is_record(text) {
            return None;
        }
        let mut record = Record::default();
        let mut seen: Vec<String> = Vec::new();
        for part in text.split(';').skip(1) {
            record.take(trim(part), &mut seen);
        }
        record.policy_faulty |= !seen.iter().any(|tag| tag == "p");
        Some(record)
    }

    fn take(&mut self, part: &str, seen: &mut Vec<String>) {
        if part.is_empty() {
            return;
        }
        let Some((tag, value)) = part.split_once('=') else { return self.fault(part, "is no tag: it has no =") };
        let (tag, value) = (trim_end(tag).to_ascii_lowercase(), trim(value));
        if seen.contains(&tag) {
            return self.fault(part, "comes a second time");
        }
        if seen.len() < KNOWN.len() && KNOWN.contains(&tag.as_str()) {
            seen.push(tag.clone());
        }
        if !value.bytes().all(|octet| (0x20..0x7f).contains(&octet)) {
            // No value that follows can hold such an octet, so what it means is nobody's guess.
            self.policy_faulty |= matches!(tag.as_str(), "p" | "sp" | "np");
            return self.fault(part, "holds a character outside of printable ASCII");
        }
        self.set(&tag, value, part);
    }

    fn set(&mut self, tag: &str, value: &str, part: &str) {
        match tag {
            "p" => self.p = self.policy(value, part),
            "sp" => self.sp = self.policy(value, part),
            "np" => self.np = self.policy(value, part),
            "t" => self.test = self.either(value, part, "y", "n"),
            "adkim" => self.strict_dkim = self.either(value, part, "s", "r"),
            "aspf" => self.strict_spf = self.either(value, part, "s", "r"),
            "psd" => match value.to_ascii_lowercase().as_str() {
                "y" => self.psd = PublicSuffix::Yes,
                "n" => self.psd = PublicSuffix::No,
                "u" => {}
                _ => self.fault(part, "is none of y, n, u"),
            },
            "fo" => {
                if !value.split(':').all(|option| matches!(trim(option), "0" | "1" | "d" | "s" | "D" | "S")) {
                    self.fault(part, "is none of 0, 1, d, s");
                }
            }
            "rua" => self.rua = self.addresses(value),
            "ruf" => drop(self.addresses(value)),
            "pct" | "rf" | "ri" => self.old(part),
            "v" => self.fault(part, "comes a second time"),
            _ => self.fault(part, "is no tag of DMARC"),
        }
    }

    fn policy(&mut self, value: &str, part: &str) -> Option<Policy> {
        let policy = Policy::read(value);
        if policy.is_none() {
            self.policy_faulty = true;
            self.fault(part, "is none of none, quarantine, reject");
        }
        policy
    }

    fn either(&mut self, value: &str, part: &str, yes: &str, no: &str) -> bool {
        if !value.eq_ignore_ascii_case(yes) && !value.eq_ignore_ascii_case(no) {
            self.fault(part, &format!("is none of {yes}, {no}"));
        }
        value.eq_ignore_ascii_case(yes)
    }

    /// The addresses of a list of URIs that mail can be sent to.
    fn addresses(&mut self, list: &str) -> Vec<String> {
        let mut addresses = Vec::new();
        for uri in list.split(',').map(trim) {
            let Some((scheme, rest)) = uri.split_once(':') else {
                self.fault(uri, "is no address of the form mailto:");
                continue;
            };
            if !scheme.eq_ignore_ascii_case("mailto") {
                self.fault(uri, "is no mailto:, the only form that receivers must know");
                continue;
            }
            let (address, limit) = rest.split_once('!').unwrap_or((rest, ""));
            if !limit.is_empty() {
                self.old(&format!("!{limit}"));
            }
            // What follows a question mark are header fields (RFC 6068).
            let address = address.split('?').next().unwrap_or_default();
            match address.rsplit_once('@') {
                Some((local, domain)) if !local.is_empty() && address.len() <= LONGEST_ADDRESS && is_domain(domain) => {
                    if addresses.len() < MOST_ADDRESSES {
                        addresses.push(address.to_owned());
                    }
                }
                _ => self.fault(uri, "holds no e-mail address"),
            }
        }
        addresses
    }

    fn fault(&mut self, part: &str, why: &str) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(format!("`{}` {why}", excerpt(part)));
        }
    }

    fn old(&mut self, part: &str) {
        if self.removed.len() < MOST_FAULTS {
            self.removed.push(excerpt(part));
        }
    }
}

/// The tags that are looked at (RFC 9989 section 4.7; `pct`, `rf` and `ri` of RFC 7489 section 6.3).
const KNOWN: [&str; 14] = ["v", "p", "sp", "np", "t", "psd", "adkim", "aspf", "rua", "ruf", "fo", "pct", "rf", "ri"];

impl Policy {
    fn read(value: &str) -> Option<Policy> {
        [Policy::None, Policy::Quarantine, Policy::Reject]
            .into_iter()
            .find(|policy| value.eq_ignore_ascii_case(&policy.to_string()))
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Policy::None => "none",
            Policy::Quarantine => "quarantine",
            Policy::Reject => "reject",
        })
    }
}

fn is_domain(name: &str) -> bool {
    let sound = |label: &str| {
        !label.is_empty() && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'))
    };
    name.len() < 254 && name.contains('.') && name.split('.').all(sound)
}

fn excerpt(part: &str) -> String {
    let kept = &part[..part.floor_char_boundary(EXCERPT)];
    if kept.len() == part.len() { kept.to_owned() } else { format!("{kept}…") }
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn trim_end(text: &str) -> &str {
    text.trim_end_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Record {
        Record::read(text).unwrap_or_else(|| panic!("{text} is no record"))
    }

    #[test]
    fn the_version_stands_first_and_is_spelt_so() {
        for text in ["v=DMARC1", "v=DMARC1;", "V = DMARC1 ; p=none"] {
            assert!(is_record(text), "{text}");
        }
        for text in ["v=dmarc1; p=none", "p=none; v=DMARC1", " v=DMARC1; p=none", "v=DMARC1 p=none", "v=DMARC12", ""] {
            assert!(!is_record(text), "{text}");
        }
    }

    #[test]
    fn each_tag_is_read() {
        let record = read(
            "v=DMARC1; p=Reject; sp = quarantine; np=none; t=y; psd=n; adkim=s; aspf=s; fo=1:d; \
             rua=mailto:a@example.org, mailto:b@example.net?subject=x;",
        );
        assert_eq!(record.p, Some(Policy::Reject));
        assert_eq!((record.sp, record.np), (Some(Policy::Quarantine), Some(Policy::None)));
        assert!(record.test && record.strict_dkim && record.strict_spf && !record.policy_faulty);
        assert_eq!(record.psd, PublicSuffix::No);
        assert_eq!(record.rua, ["a@example.org", "b@example.net"]);
        assert!(record.faults.is_empty() && record.removed.is_empty(), "{record:?}");
    }

    #[test]
    fn a_faulty_tag_is_named_and_counts_for_nothing() {
        let cases = [
            ("p=none p=reject", "is none of none, quarantine, reject"),
            ("p=none; sp", "is no tag: it has no ="),
            ("p=none; p=reject", "comes a second time"),
            ("p=none; adkim=strict", "is none of s, r"),
            ("p=none; aspf=x", "is none of s, r"),
            ("p=none; t=1", "is none of y, n"),
            ("p=none; psd=x", "is none of y, n, u"),
            ("p=none; fo=2", "is none of 0, 1, d, s"),
            ("p=none; policy=reject", "is no tag of DMARC"),
            ("p=none; rua=a@example.org", "is no address of the form mailto:"),
            ("p=none; rua=https://example.org/", "is no mailto:"),
            ("p=none; rua=mailto:nobody", "holds no e-mail address"),
            ("p=none; rua=mailto:a@b@..", "holds no e-mail address"),
            ("p=“none”", "holds a character outside of printable ASCII"),
        ];
        for (tags, why) in cases {
            let record = read(&format!("v=DMARC1; {tags}"));
            assert!(record.faults.iter().any(|fault| fault.contains(why)), "{tags}: {:?}", record.faults);
        }
    }

    #[test]
    fn a_policy_that_does_not_count_makes_the_record_faulty() {
        for tags in ["", "; sp=none", "; p=monitor", "; p=none; sp=no", "; p=none; np=", "; p=n\u{f6}ne"] {
            assert!(read(&format!("v=DMARC1{tags}")).policy_faulty, "{tags}");
        }
        assert!(!read("v=DMARC1; p=none; t=maybe").policy_faulty);
    }

    #[test]
    fn what_the_standard_dropped_is_told_apart() {
        let record = read("v=DMARC1; p=none; pct=50; rf=afrf; ri=3600; rua=mailto:a@example.org!10m");
        assert_eq!(record.removed, ["pct=50", "rf=afrf", "ri=3600", "!10m"]);
        assert_eq!(record.rua, ["a@example.org"]);
        assert!(record.faults.is_empty());
    }

    #[test]
    fn ten_thousand_tags_cost_no_more_than_twenty() {
        let record = read(&format!("v=DMARC1; p=none; {}", "x=1; ".repeat(10_000)));
        assert_eq!((record.faults.len(), record.p), (20, Some(Policy::None)));
        let many = read(&format!("v=DMARC1; p=none; rua={}", "mailto:a@example.org,".repeat(5_000)));
        assert_eq!(many.rua.len(), 10);
    }
}

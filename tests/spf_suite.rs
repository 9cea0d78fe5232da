//! The published test suite of RFC 7208, every case. `scripts/test.sh --full` fetches it, turns it into JSON and names
//! the file in `O365DOCTOR_SPF_SUITE`; where that is not set, nothing is tested, and a note says so.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use o365doctor::spf::{Answer, Lookup, LookupFailure, Query, evaluate};
use serde::Deserialize;

/// Aliases that a resolver follows before it gives up.
const MOST_ALIASES: u32 = 10;

#[derive(Deserialize)]
struct Scenario {
    description: String,
    zone: Zone,
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    helo: String,
    host: IpAddr,
    mailfrom: String,
    /// The preferred result first; any of them is right.
    result: Vec<String>,
    explanation: Option<String>,
}

/// Names in small letters without the final dot.
#[derive(Deserialize)]
struct Zone(HashMap<String, Vec<Row>>);

#[derive(Clone, Deserialize)]
enum Row {
    #[serde(rename = "TXT")]
    Txt(String),
    A(Ipv4Addr),
    #[serde(rename = "AAAA")]
    Aaaa(Ipv6Addr),
    #[serde(rename = "MX")]
    Mx(u16, String),
    #[serde(rename = "PTR")]
    Ptr(String),
    #[serde(rename = "CNAME")]
    Alias(String),
    /// Every question that the rows before it do not answer ends without an answer.
    #[serde(rename = "TIMEOUT")]
    Timeout,
}

impl Zone {
    fn find<T>(&self, name: &str, pick: fn(&Row) -> Option<T>) -> Answer<T> {
        let mut name = plain(name);
        for _ in 0..MOST_ALIASES {
            let rows = self.0.get(&name).ok_or(LookupFailure::NoSuchName)?;
            let found: Vec<T> = rows.iter().filter_map(pick).collect();
            let alias = rows.iter().find_map(|row| if let Row::Alias(name) = row { Some(name) } else { None });
            match alias {
                _ if !found.is_empty() => return Ok(found),
                _ if rows.iter().any(|row| matches!(row, Row::Timeout)) => return Err(temporary("no answer")),
                Some(alias) => name = plain(alias),
                None => return Ok(found),
            }
        }
        Err(temporary("the aliases go round in a circle"))
    }
}

fn temporary(words: &str) -> LookupFailure {
    LookupFailure::Temporary(words.to_owned())
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}

impl Lookup for Zone {
    async fn txt(&self, name: &str) -> Answer<Vec<u8>> {
        self.find(name, |row| if let Row::Txt(text) = row { Some(text.clone().into_bytes()) } else { None })
    }

    async fn a(&self, name: &str) -> Answer<Ipv4Addr> {
        self.find(name, |row| if let Row::A(ip) = row { Some(*ip) } else { None })
    }

    async fn aaaa(&self, name: &str) -> Answer<Ipv6Addr> {
        self.find(name, |row| if let Row::Aaaa(ip) = row { Some(*ip) } else { None })
    }

    async fn mx(&self, name: &str) -> Answer<(u16, String)> {
        self.find(name, |row| if let Row::Mx(rank, host) = row { Some((*rank, host.clone())) } else { None })
    }

    async fn ptr(&self, ip: IpAddr) -> Answer<String> {
        let name = reverse(ip);
        self.find(&name, |row| if let Row::Ptr(name) = row { Some(name.clone()) } else { None })
    }
}

/// The name below which an address has its PTR records (RFC 1035 section 3.5, RFC 3596 section 2.5).
fn reverse(ip: IpAddr) -> String {
    let (mut labels, end): (Vec<String>, _) = match ip {
        IpAddr::V4(ip) => (ip.octets().iter().map(u8::to_string).collect(), "in-addr.arpa"),
        IpAddr::V6(ip) => {
            let nibbles = ip.octets().into_iter().flat_map(|octet| [octet >> 4, octet & 15]);
            (nibbles.map(|nibble| format!("{nibble:x}")).collect(), "ip6.arpa")
        }
    };
    labels.reverse();
    format!("{}.{end}", labels.join("."))
}

/// What is wrong with our answer to one case.
async fn complaint(zone: &Zone, case: &Case) -> Option<String> {
    let query =
        Query { ip: case.host, mail_from: case.mailfrom.clone(), helo: case.helo.clone(), receiver: None, now: 0 };
    let ours = evaluate(&query, zone).await;
    let result = ours.result.to_string();
    if !case.result.contains(&result) {
        return Some(format!("{} is {result}, not {:?}; {:?}", case.id, case.result, ours.problem));
    }
    let wanted = case.explanation.as_deref()?;
    // DEFAULT: the receiver's own words, which are not ours to choose.
    let wanted = Some(wanted).filter(|words| *words != "DEFAULT");
    (ours.explanation.as_deref() != wanted)
        .then(|| format!("{} explains {:?}, not {wanted:?}", case.id, ours.explanation))
}

#[tokio::test]
async fn every_case_of_the_published_suite() {
    let Some(file) = std::env::var_os("O365DOCTOR_SPF_SUITE") else {
        let _ = writeln!(std::io::stderr(), "skipped: O365DOCTOR_SPF_SUITE names no file");
        return;
    };
    let text = std::fs::read_to_string(&file).expect("the file of O365DOCTOR_SPF_SUITE can be read");
    let scenarios: Vec<Scenario> = serde_json::from_str(&text).expect("the suite is as the script writes it");
    let (mut cases, mut complaints) = (0, Vec::new());
    for Scenario { description, zone, tests } in &scenarios {
        for case in tests {
            cases += 1;
            complaints.extend(complaint(zone, case).await.map(|words| format!("{description}: {words}")));
        }
    }
    let _ = writeln!(std::io::stderr(), "{cases} cases");
    assert!(complaints.is_empty(), "{} of {cases}:\n{}", complaints.len(), complaints.join("\n"));
    // The suite has 203; far fewer means that it was read wrongly.
    assert!(cases >= 200, "only {cases} cases were read");
}

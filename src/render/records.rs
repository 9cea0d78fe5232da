//! The records of the domain one by one, for whoever wants to see them (`-v`).

use std::fmt::Write as _;

use colored::Colorize as _;

use super::style::printable;
use crate::facts::{DkimSelector, DnsFacts, NameServerState, PropagationFacts};

/// As much of a record as a person reads.
const LONGEST: usize = 1000;

/// Writes what was found, a record a line; nothing where these records were not looked up.
pub(super) fn text(out: &mut String, dns: &DnsFacts) {
    let Some(selectors) = &dns.dkim else { return };
    let _ = writeln!(out, "{} {}", "Records of".bold(), printable(&dns.domain).bold());
    let mut line = |label: &str, words: &str| {
        let _ = writeln!(out, "  {label:<16}{}", printable(&crate::facts::shortened(words, LONGEST)));
    };
    for mx in &dns.mx {
        line("MX", &format!("{} {} ({})", mx.preference, mx.host, mx.addresses.join(", ")));
    }
    for selector in selectors {
        line(&printable(&selector.selector), &key(selector));
    }
    for step in &dns.dmarc_walk {
        let found = step.records.first().cloned().unwrap_or_else(|| step.lookup.to_string());
        line("DMARC above", &format!("{}: {found}", step.domain));
    }
    if let Some(force) = &dns.dmarc_policy {
        let policy = force.policy.map_or("no DMARC at all".to_owned(), |policy| policy.to_string());
        line("DMARC in force", &format!("{policy}, by the record of {}", force.domain));
    }
    for report in dns.dmarc_reports.iter().filter(|report| report.asked.is_some()) {
        let word = if report.authorized { "taken" } else { "not taken" };
        line("DMARC reports", &format!("{}: {word}", report.address));
    }
    for fact in dns.dane.iter().flatten().filter(|fact| !fact.records.is_empty()) {
        let word = if fact.authentic { "validated, says the resolver" } else { "not validated" };
        line("TLSA", &format!("{}: {} records, {word}", fact.host, fact.records.len()));
    }
    for record in &dns.verification {
        line("verification", record);
    }
    for (label, words) in dns.propagation.iter().flat_map(heard) {
        line(label, &words);
    }
}

/// The name servers that were asked, and what is not the same everywhere.
fn heard(propagation: &PropagationFacts) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    lines.extend(propagation.not_seen.iter().map(|why| ("name servers", why.clone())));
    for server in &propagation.servers {
        let serial = server.serial.map_or(String::new(), |serial| format!(", serial {serial}"));
        let how = match &server.state {
            NameServerState::Answers => format!("answers{serial}"),
            NameServerState::NotAsked => "not asked".to_owned(),
            NameServerState::Lame(why) | NameServerState::Silent(why) => why.clone(),
        };
        lines.push(("name server", format!("{} ({}): {how}", server.name, server.address)));
    }
    if propagation.servers_left_out > 0 {
        lines.push(("name servers", format!("{} more, not asked", propagation.servers_left_out)));
    }
    for one in &propagation.differing {
        let records = |records: &[String]| if records.is_empty() { "none".to_owned() } else { records.join(" | ") };
        let what = format!("{} {}", one.kind, one.name);
        lines.push(("differs", format!("{what}: {} ({} s left), says the resolver", records(&one.resolver), one.ttl)));
        for said in &one.servers {
            lines.push(("differs", format!("{what}: {}, say {}", records(&said.records), said.servers.join(", "))));
        }
    }
    lines
}

fn key(selector: &DkimSelector) -> String {
    let way: String = selector.aliases.iter().map(|alias| format!("-> {alias} ")).collect();
    let Some(key) = &selector.key else { return format!("{way}{}", selector.lookup) };
    let what = match (&key.fault, key.revoked, key.bits) {
        (Some(fault), _, _) => fault.clone(),
        (None, true, _) => "withdrawn".to_owned(),
        (None, false, Some(bits)) => format!("{}, {bits} bits", key.kind),
        (None, false, None) => key.kind.clone(),
    };
    format!("{way}{what}{}", if key.test { ", on trial (t=y)" } else { "" })
}

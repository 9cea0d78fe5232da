//! The records of the domain one by one, for whoever wants to see them (`-v`).

use std::fmt::Write as _;

use colored::Colorize as _;

use super::style::printable;
use crate::facts::{DkimSelector, DnsFacts};

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

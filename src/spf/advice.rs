//! What a domain could publish instead: records put together from what it publishes now.
//!
//! Nothing is invented: each term was there, but for the include that the caller names and an ending. A record with a
//! sign that has no place in one (RFC 7208 section 4.5 allows visible ASCII and blanks) is not put together again.

use std::net::IpAddr;

use super::{
    LOOKUP_LIMIT, Qualifier,
    audit::{Audit, AuditedTerm},
};

/// Characters of one string of a TXT record (RFC 1035 section 3.3).
const STRING: usize = 255;

/// Records, and characters of one, that a person still overlooks.
const RECORDS: usize = 10;
const LONGEST: usize = 2000;

/// One term of the domain's own record, with all that it brings in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost<'a> {
    /// The term as published.
    pub term: &'a str,
    /// Look-ups, out of the ten.
    pub lookups: u32,
}

/// What each term of the domain's own record costs, the dearest first; what costs nothing is left out.
pub fn costs(audit: &Audit) -> Vec<Cost<'_>> {
    let mut costs: Vec<Cost<'_>> = Vec::new();
    for term in &audit.terms {
        match costs.last_mut() {
            Some(last) if term.depth > 0 => last.lookups += term.cost,
            _ => costs.push(Cost { term: &term.term, lookups: term.cost }),
        }
    }
    costs.retain(|cost| cost.lookups > 0);
    costs.sort_by_key(|cost| std::cmp::Reverse(cost.lookups));
    costs
}

/// The one record that says what several say, with `include` in it and the strictest ending of all; none where they can
/// not be put together.
pub fn merged(records: &[String], include: &str) -> Option<String> {
    if records.len() > RECORDS {
        return None;
    }
    let mut terms = Vec::new();
    for record in records {
        terms.extend(terms_of(record)?);
    }
    // The record of another domain decides nothing any more beside an `all`, but whom it lets send is meant to send.
    let terms = terms.into_iter().map(|term| match value_of(term, "redirect=") {
        Some(target) => format!("include:{target}"),
        None => term.to_owned(),
    });
    Some(record(terms, include, None))
}

/// The record with `include` in it.
pub fn with_include(published: &str, include: &str) -> Option<String> {
    Some(record(terms_of(published)?.into_iter().map(str::to_owned), include, None))
}

/// The record with one more address, and `include`.
pub fn with_address(published: &str, include: &str, ip: IpAddr) -> Option<String> {
    let term = match ip {
        IpAddr::V4(ip) => format!("ip4:{ip}"),
        IpAddr::V6(ip) => format!("ip6:{ip}"),
    };
    let terms = terms_of(published)?.into_iter().map(str::to_owned);
    Some(record([term].into_iter().chain(terms), include, None))
}

/// The record with another ending.
pub fn with_ending(published: &str, include: &str, ending: Qualifier) -> Option<String> {
    Some(record(terms_of(published)?.into_iter().map(str::to_owned), include, Some(ending)))
}

/// A term that can go, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispensable<'a> {
    /// The term as published.
    pub term: &'a str,
    /// Why it is not missed.
    pub why: &'static str,
}

/// The terms of the domain's own record that authorise nobody, or nobody anew.
pub fn dispensable(audit: &Audit) -> Vec<Dispensable<'_>> {
    let mut seen: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for (place, term) in audit.terms.iter().enumerate().filter(|(_, term)| term.depth == 0) {
        let same = term.term.to_ascii_lowercase();
        let why = if seen.contains(&same) {
            Some("it stands there twice")
        } else if !term.reached {
            Some("it stands behind `all`")
        } else if term.void && term.void_ipv6 {
            Some("its name leads nowhere")
        } else if mechanism_of(&same) == "ptr" {
            Some("receivers need not look at it")
        } else if leads_nowhere(&audit.terms[place..]) {
            Some("its record names nobody")
        } else {
            None
        };
        seen.push(same);
        if let Some(why) = why {
            found.push(Dispensable { term: &term.term, why });
        }
    }
    found
}

/// Whether an include, the first of these terms, brings in a record that lets nobody send.
fn leads_nowhere(terms: &[AuditedTerm]) -> bool {
    let [include, below @ ..] = terms else { return false };
    let mut own = below.iter().take_while(|term| term.depth > include.depth).peekable();
    let include = include.term.trim_start_matches('+').to_ascii_lowercase().starts_with("include:");
    include
        && own.peek().is_some()
        && own.all(|term| mechanism_of(&term.term) == "all" && sign_of(&term.term) != Qualifier::Pass)
}

/// The record without what can go, and the look-ups that it then takes.
pub fn slimmed(audit: &Audit, include: &str) -> Option<(String, u32)> {
    let gone = dispensable(audit);
    let [published] = &audit.records[..] else { return None };
    let terms = terms_of(published)?;
    // A term that stands there twice is to stay once.
    let mut dropped: Vec<&str> = gone.iter().map(|one| one.term).collect();
    let mut kept: Vec<String> = Vec::new();
    for term in terms.into_iter().rev() {
        match dropped.iter().position(|gone| gone.eq_ignore_ascii_case(term)) {
            Some(at) => drop(dropped.swap_remove(at)),
            None => kept.insert(0, term.to_owned()),
        }
    }
    let had = kept.iter().any(|term| is_include(term, include));
    let saved: u32 = gone.iter().map(|one| cost_of(audit, one.term)).sum();
    let lookups = audit.lookups.saturating_sub(saved) + u32::from(!had);
    Some((record(kept.into_iter(), include, None), lookups))
}

/// What the last of the terms with this text costs, with all that it brings in.
fn cost_of(audit: &Audit, term: &str) -> u32 {
    let same = |one: &AuditedTerm| one.depth == 0 && one.term == term;
    let Some(place) = audit.terms.iter().rposition(same) else { return 0 };
    let below = audit.terms[place + 1..].iter().take_while(|one| one.depth > 0);
    audit.terms[place].cost + below.map(|one| one.cost).sum::<u32>()
}

/// Whether a record keeps to the ten look-ups.
pub fn fits(lookups: u32) -> bool {
    lookups <= LOOKUP_LIMIT
}

/// A record as a zone file has it: strings of at most 255 octets, each in quotation marks (RFC 7208 section 3.3).
pub fn quoted(record: &str) -> String {
    let escaped = |part: &[u8]| String::from_utf8_lossy(part).replace('\\', "\\\\").replace('"', "\\\"");
    let parts = record.as_bytes().chunks(STRING).map(|part| format!("\"{}\"", escaped(part)));
    parts.collect::<Vec<_>>().join(" ")
}

/// The terms behind the version; none where the record holds what no record may hold, or is longer than anybody reads.
fn terms_of(record: &str) -> Option<Vec<&str>> {
    let plain = record.len() <= LONGEST && record.bytes().all(|octet| (b' '..=b'~').contains(&octet));
    let mut terms = record.split(' ').filter(|term| !term.is_empty());
    let version = terms.next()?.eq_ignore_ascii_case("v=spf1");
    (plain && version).then(|| terms.collect())
}

/// Puts a record together: the include first, then every term once, then one ending.
fn record(terms: impl Iterator<Item = String>, include: &str, ending: Option<Qualifier>) -> String {
    let mut kept: Vec<String> = Vec::new();
    let mut endings: Vec<Qualifier> = Vec::new();
    let mut redirect: Option<String> = None;
    // An explanation may stand there once (RFC 7208 section 6).
    let exp = |term: &str| value_of(term, "exp=").is_some();
    let same = |known: &str, term: &str| known.eq_ignore_ascii_case(term) || exp(known) && exp(term);
    for term in terms {
        if mechanism_of(&term) == "all" {
            endings.push(sign_of(&term));
        } else if value_of(&term, "redirect=").is_some() {
            redirect = redirect.or(Some(term));
        } else if !kept.iter().any(|known| same(known, &term)) {
            kept.push(term);
        }
    }
    if !kept.iter().any(|term| is_include(term, include)) {
        kept.insert(0, format!("include:{include}"));
    }
    let strictest =
        [Qualifier::Fail, Qualifier::Softfail, Qualifier::Neutral].into_iter().find(|q| endings.contains(q));
    let last = match (ending.or(strictest), redirect) {
        (Some(ending), _) => all(ending),
        (None, Some(redirect)) if endings.is_empty() => redirect,
        // Nobody said anything that could be kept: `+all` is no ending.
        _ => all(Qualifier::Softfail),
    };
    format!("v=spf1 {} {last}", kept.join(" "))
}

fn all(qualifier: Qualifier) -> String {
    let sign = match qualifier {
        Qualifier::Fail => "-",
        Qualifier::Softfail => "~",
        Qualifier::Neutral => "?",
        Qualifier::Pass => "+",
    };
    format!("{sign}all")
}

fn is_include(term: &str, target: &str) -> bool {
    let term = term.strip_prefix('+').unwrap_or(term);
    value_of(term, "include:").is_some_and(|of| of.trim_end_matches('.').eq_ignore_ascii_case(target))
}

/// What stands behind a prefix, whose case does not count.
fn value_of<'t>(term: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, rest) = term.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The name of a mechanism, without its sign, in lower case.
fn mechanism_of(term: &str) -> String {
    let unsigned = term.trim_start_matches(['+', '-', '~', '?']);
    unsigned.split([':', '/', '=']).next().unwrap_or_default().to_ascii_lowercase()
}

fn sign_of(term: &str) -> Qualifier {
    match term.as_bytes().first() {
        Some(b'-') => Qualifier::Fail,
        Some(b'~') => Qualifier::Softfail,
        Some(b'?') => Qualifier::Neutral,
        _ => Qualifier::Pass,
    }
}

//! The DMARC policy.

use super::{facts, failed};
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::{LookupFacts, Visit};
use crate::kb::cause;

pub(super) static DMARC: Check =
    Check { id: "dns.dmarc", title: "The domain has a DMARC policy", needs: &[], judge: Judge::Once(dmarc) };

fn dmarc(visit: &Visit) -> Judgement {
    let dns = facts(visit)?;
    let name = format!("_dmarc.{}", dns.domain);
    if dns.mx_lookup == LookupFacts::NoSuchName && dns.dmarc.is_empty() {
        return Err("the domain does not exist".into());
    }
    if let Some(judgement) = failed(&name, &dns.dmarc_lookup) {
        return judgement;
    }
    match &dns.dmarc[..] {
        [] => Verdict::warn(&cause::DMARC_MISSING, format!("{name} has no record that begins with v=DMARC1")),
        [one] => match policy(one) {
            Some(_) => Verdict::pass(one),
            None => Verdict::warn(&cause::DMARC_INVALID, one),
        },
        several => Verdict::warn(&cause::DMARC_MULTIPLE, several.join("\n")),
    }
}

/// The value of `p=`, when it is one of the three (RFC 9989 section 4.7).
fn policy(record: &str) -> Option<&str> {
    let tags = record.split(';').filter_map(|tag| tag.split_once('='));
    let value = tags.map(|(tag, value)| (tag.trim(), value.trim())).find(|(tag, _)| tag.eq_ignore_ascii_case("p"))?.1;
    ["none", "quarantine", "reject"].iter().any(|known| value.eq_ignore_ascii_case(known)).then_some(value)
}

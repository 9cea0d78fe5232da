//! Where mail for the domain goes.

use super::{facts, failed};
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::{LookupFacts, Visit};
use crate::kb::cause;

pub(super) static MX: Check =
    Check { id: "dns.mx", title: "The domain names a mail exchanger", needs: &[], judge: Judge::Once(mx) };

fn mx(visit: &Visit) -> Judgement {
    let dns = facts(visit)?;
    if let Some(judgement) = failed(&format!("MX of {}", dns.domain), &dns.mx_lookup) {
        return judgement;
    }
    if dns.mx_lookup == LookupFacts::NoSuchName {
        return Verdict::fail(&cause::DNS_NAME_MISSING, format!("{}: {}", dns.domain, dns.mx_lookup));
    }
    let [first, ..] = &dns.mx[..] else {
        return Verdict::warn(&cause::MX_MISSING, format!("{} has no MX record", dns.domain));
    };
    if dns.mx.iter().any(|mx| mx.host.is_empty()) {
        return Verdict::warn(&cause::MX_NULL, format!("{} MX {} .", dns.domain, first.preference));
    }
    if let Some(literal) = dns.mx.iter().find(|mx| mx.host.parse::<std::net::IpAddr>().is_ok()) {
        return Verdict::warn(
            &cause::MX_LITERAL_ADDRESS,
            format!("{} MX {} {}", dns.domain, literal.preference, literal.host),
        );
    }
    if let Some(mx) = dns.mx.iter().find(|mx| mx.other_cloud.is_some()) {
        let cloud = mx.other_cloud.as_deref().unwrap_or_default();
        return Verdict::warn(&cause::MX_OTHER_CLOUD, format!("{} is of the cloud {cloud}", mx.host));
    }
    if let Some(dangling) = dns.mx.iter().find(|mx| mx.addresses.is_empty()) {
        return Verdict::warn(&cause::MX_DANGLING, format!("{} has no address", dangling.host));
    }
    if let Some(mx) = dns.mx.iter().find(|mx| mx.alias.is_some()) {
        let words = format!("{} is an alias of {}", mx.host, mx.alias.as_deref().unwrap_or_default());
        return Verdict::warn(&cause::MX_ALIAS, words);
    }
    let hosts: Vec<String> = dns.mx.iter().map(|mx| format!("{} {}", mx.preference, mx.host)).collect();
    let whose = match dns.mx.iter().filter(|mx| mx.microsoft).count() {
        0 => "; mail arrives through another service, which is no fault",
        all if all == dns.mx.len() => "; the smart host of a relay",
        _ => return Verdict::warn(&cause::MX_MIXED, hosts.join("\n")),
    };
    Verdict::pass(format!("{}{whose}", hosts.join(", ")))
}

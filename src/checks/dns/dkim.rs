//! The keys that the domain's mail is signed with.

use super::{existing, unseen};
use crate::check::{Check, Judge, Judgement, NotObserved, Verdict};
use crate::facts::{DkimSelector, DnsFacts, LookupFacts, Visit};
use crate::kb::{Cause, cause};
use crate::spf::SpfResult;

pub(super) static DKIM: Check =
    Check { id: "dns.dkim", title: "It has DKIM keys at Microsoft 365", needs: &[], judge: Judge::Once(dkim) };

pub(super) static DKIM_KEY: Check = Check {
    id: "dns.dkim-key",
    title: "Its DKIM keys can be verified with",
    needs: &[&DKIM],
    judge: Judge::Once(dkim_key),
};

/// Below it verifiers pass the signature over (RFC 8301 section 3.2).
const SHORTEST: u32 = 1024;
/// What signers should have at least (the same).
const LONG_ENOUGH: u32 = 2048;

fn selectors(visit: &Visit) -> Result<(&DnsFacts, &[DkimSelector]), NotObserved> {
    let dns = existing(visit)?;
    Ok((dns, dns.dkim.as_deref().ok_or("no selector was looked up")?))
}

/// Whether a signature can be verified with the key.
pub(super) fn sound(selector: &DkimSelector) -> bool {
    let long = |bits: Option<u32>| bits.is_none_or(|bits| bits >= SHORTEST);
    let key = selector.key.as_ref().filter(|key| !key.revoked && key.fault.is_none() && long(key.bits));
    selector.texts == 1 && key.is_some()
}

fn dkim(visit: &Visit) -> Judgement {
    let (dns, selectors) = selectors(visit)?;
    let (own, named): (Vec<_>, Vec<_>) =
        selectors.iter().partition(|selector| matches!(selector.selector.as_str(), "selector1" | "selector2"));
    let at_microsoft: Vec<&&DkimSelector> = own.iter().filter(|selector| selector.microsoft).collect();
    if let [first, ..] = &at_microsoft[..] {
        let absent: Vec<&&DkimSelector> = own.iter().filter(|selector| is_absent(selector)).collect();
        if let [absent, ..] = &absent[..] {
            return Verdict::warn(&cause::DKIM_SELECTOR_MISSING, place(dns, absent));
        }
        let all: Vec<&str> = at_microsoft.iter().map(|selector| selector.selector.as_str()).collect();
        return Verdict::pass(format!("{}: {}", all.join(", "), first.aliases.join(", ")));
    }
    let lost = own.iter().find_map(|selector| unseen(&name(dns, selector), &selector.lookup));
    if let Some(judgement) = lost {
        return judgement;
    }
    if let Some(other) = own.iter().find(|selector| !is_absent(selector)) {
        return Verdict::unproven(&cause::DKIM_ELSEWHERE, place(dns, other));
    }
    if let Some(good) = named.iter().find(|selector| sound(selector)) {
        return Verdict::pass(format!("none, but {} has a key of another service", good.selector));
    }
    let words: Vec<String> = selectors.iter().map(|selector| place(dns, selector)).collect();
    // Who signs is not seen in DNS. That Microsoft 365 may send for the domain makes it likely that it is to sign, too.
    let sends = dns.spf.of_microsoft().is_some_and(|evaluation| evaluation.result == SpfResult::Pass);
    if sends || dns.mx.iter().any(|mx| mx.microsoft) {
        return Verdict::warn(&cause::DKIM_MISSING, words.join("\n"));
    }
    Verdict::unproven(&cause::DKIM_MISSING, words.join("\n"))
}

fn is_absent(selector: &DkimSelector) -> bool {
    selector.aliases.is_empty() && matches!(selector.lookup, LookupFacts::NoSuchName | LookupFacts::NoSuchType)
}

fn name(dns: &DnsFacts, selector: &DkimSelector) -> String {
    format!("{}._domainkey.{}", selector.selector, dns.domain)
}

/// The selector's name, where it leads, and how that ended.
fn place(dns: &DnsFacts, selector: &DkimSelector) -> String {
    let aliases: String = selector.aliases.iter().map(|alias| format!(" -> {alias}")).collect();
    format!("{}{aliases}: {}", name(dns, selector), selector.lookup)
}

fn dkim_key(visit: &Visit) -> Judgement {
    let (dns, selectors) = selectors(visit)?;
    let there: Vec<&DkimSelector> = selectors.iter().filter(|selector| !is_absent(selector)).collect();
    if there.is_empty() {
        return Err("there is no selector".into());
    }
    let faults: Vec<(&'static Cause, String)> = there.iter().filter_map(|selector| fault(dns, selector)).collect();
    let good: Vec<&DkimSelector> = there.iter().copied().filter(|selector| sound(selector)).collect();
    if good.is_empty() {
        let Some((cause, _)) = faults.first() else { return Err("no key could be looked up".into()) };
        let words: Vec<&str> = faults.iter().map(|(_, words)| words.as_str()).collect();
        return Verdict::fail(cause, words.join("\n"));
    }
    // Of the two of Microsoft 365 one is in use; the other gets its key when they are rotated for the first time.
    if let Some((cause, words)) = faults.iter().find(|(cause, _)| cause.id != cause::DKIM_KEY_MISSING.id) {
        return Verdict::warn(cause, words);
    }
    let said = |selector: &&DkimSelector| {
        let bits = selector.key.as_ref().and_then(|key| key.bits);
        format!("{}: {}", selector.selector, bits.map_or("Ed25519".to_owned(), |bits| format!("RSA, {bits} bits")))
    };
    let mut words: Vec<String> = good.iter().map(said).collect();
    words.extend(faults.iter().map(|(_, words)| format!("not yet in use: {words}")));
    Verdict::pass(words.join("; "))
}

/// What is the matter with a selector's key.
fn fault(dns: &DnsFacts, selector: &DkimSelector) -> Option<(&'static Cause, String)> {
    let with = |cause, why: &str| Some((cause, format!("{}: {why}", name(dns, selector))));
    let Some(key) = &selector.key else {
        return match selector.lookup {
            LookupFacts::NoSuchName | LookupFacts::NoSuchType => Some((&cause::DKIM_KEY_MISSING, place(dns, selector))),
            _ => None,
        };
    };
    if selector.texts > 1 {
        return with(&cause::DKIM_KEY_BROKEN, &format!("{} records; which one counts is undefined", selector.texts));
    }
    if let Some(fault) = &key.fault {
        return with(&cause::DKIM_KEY_BROKEN, fault);
    }
    if key.revoked {
        return with(&cause::DKIM_KEY_REVOKED, "p= is empty: the key was withdrawn");
    }
    match key.bits {
        Some(bits) if bits < LONG_ENOUGH => with(&cause::DKIM_KEY_SHORT, &format!("an RSA key of {bits} bits")),
        _ => None,
    }
}

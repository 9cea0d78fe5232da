//! What the servers on the way wrote upon the mail: whether its sender is genuine, and how long each took.

use super::arrived;
use crate::check::{Judgement, Verdict};
use crate::facts::{ArrivedFacts, AuthenticationFacts, Hop, MethodResult, Visit};
use crate::kb::{Cause, cause};

/// A server that keeps a mail longer has put it into a queue, in seconds.
const SLOW: i64 = 300;
/// Clocks of servers differ by so much without anybody's fault, in seconds.
const CLOCKS_DIFFER: i64 = 5;

/// The last server's word counts: what others wrote before it can be anybody's.
fn verdict(arrived: &ArrivedFacts) -> Option<&AuthenticationFacts> {
    arrived.authentication.first()
}

pub(super) fn authentication(visit: &Visit) -> Judgement {
    let arrived = arrived(visit)?;
    if !arrived.header {
        return Err("the reader gives no header of this mail".into());
    }
    let results = verdict(arrived).ok_or("the receiving side wrote no Authentication-Results")?;
    let of = |method: &str| results.of(method).map_or("", |result| result.result.as_str());
    if of("spf").is_empty() && of("compauth").is_empty() && of("dmarc") == "none" {
        let note = "within the organisation: neither SPF nor DMARC is looked at";
        return Verdict::pass(format!("{note}\n{}", in_words(results)));
    }
    let words = in_words(results);
    match fault(results) {
        Some((cause, true)) => Verdict::fail(cause, with_reason(results, words)),
        Some((cause, false)) => Verdict::warn(cause, with_reason(results, words)),
        None => Verdict::pass(words.replace('\n', ", ")),
    }
}

/// What is the matter, and whether it is more than a warning: the policy of the domain first, then what Microsoft makes
/// of all signs together, then each sign.
fn fault(results: &AuthenticationFacts) -> Option<(&'static Cause, bool)> {
    let of = |method: &str| results.of(method).map_or("", |result| result.result.as_str());
    let action = results.of("dmarc").and_then(|dmarc| dmarc.property("action")).unwrap_or("none");
    let trusted = matches!(of("dmarc"), "pass" | "bestguesspass");
    if of("dmarc") == "fail" {
        // With `none` the domain wants nothing, and with `pct.` chance let it through.
        return Some((&cause::CONFIRM_DMARC_FAILED, action != "none" && !action.starts_with("pct.")));
    }
    if of("compauth") == "fail" {
        return Some((&cause::CONFIRM_COMPAUTH_FAILED, true));
    }
    match of("spf") {
        "fail" => return Some((&cause::CONFIRM_SPF_FAILED, !trusted)),
        "softfail" | "neutral" | "none" | "permerror" | "temperror" if !trusted => {
            return Some((&cause::CONFIRM_SPF_FAILED, false));
        }
        _ => {}
    }
    (of("dkim") == "fail").then_some((&cause::CONFIRM_DKIM_FAILED, false))
}

/// Microsoft's three digits in words (Microsoft Learn, "Anti-spam message headers", checked 2026-11-26).
fn reason_in_words(reason: &str) -> &'static str {
    match reason.as_bytes() {
        b"000" => "it failed the domain's own policy of reject or quarantine",
        b"001" => "the domain has no records, or weak ones",
        b"002" => "an administrator forbade this pair of sender and domain",
        b"010" => "it failed the policy of a domain that is the recipient's own organisation's",
        b"130" => "it passed, by the chain of ARC",
        [b'1' | b'7', ..] => "it passed",
        [b'2', ..] => "it passed softly, by signs other than the records",
        [b'3', ..] => "it was not checked",
        [b'4' | b'9', ..] => "it was let past the check",
        [b'6', ..] => "it failed, and the domain is the recipient's own organisation's",
        _ => "a reason that Microsoft does not explain",
    }
}

fn with_reason(results: &AuthenticationFacts, words: String) -> String {
    let reason = results.of("compauth").and_then(|auth| auth.property("reason"));
    match reason {
        Some(reason) => format!("{words}\nreason {reason}: {}", reason_in_words(reason)),
        None => words,
    }
}

fn in_words(results: &AuthenticationFacts) -> String {
    results.results.iter().map(one_in_words).collect::<Vec<_>>().join("\n")
}

fn one_in_words(result: &MethodResult) -> String {
    let comment = result.comment.as_ref().map(|comment| format!(" ({comment})")).unwrap_or_default();
    let properties: String = result.properties.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    format!("{}={}{comment}{properties}", result.method, result.result)
}

/// The results of the last server, each on a line of its own.
pub(super) fn results_in_words(arrived: &ArrivedFacts) -> String {
    verdict(arrived).map(|results| format!("\n{}", with_reason(results, in_words(results)))).unwrap_or_default()
}

pub(super) fn spam_in_words(arrived: &ArrivedFacts) -> String {
    let Some(spam) = &arrived.spam else { return String::new() };
    let scl = spam.scl.map(|scl| format!(", SCL {scl}")).unwrap_or_default();
    let word = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!(", {name} {value}"));
    let words = [word("SFV", &spam.sfv), word("CAT", &spam.cat)].into_iter().flatten().collect::<String>();
    format!("{scl}{words}")
}

pub(super) fn hop_in_words(hop: &Hop) -> String {
    let by = hop.by.as_deref().unwrap_or("a server without a name");
    let with = hop.with.as_ref().map(|with| format!(" with {with}")).unwrap_or_default();
    let at = hop.at.map(|at| format!(" at {at}")).unwrap_or_default();
    let after = hop.seconds.map(|seconds| format!(", {seconds} s later")).unwrap_or_default();
    format!("by {by}{with}{at}{after}")
}

pub(super) fn delay(visit: &Visit) -> Judgement {
    let arrived = arrived(visit)?;
    if arrived.hops.is_empty() {
        return Err("the header that was read has no Received lines".into());
    }
    let slow: Vec<String> =
        arrived.hops.iter().filter(|hop| hop.seconds.is_some_and(|seconds| seconds > SLOW)).map(hop_in_words).collect();
    if !slow.is_empty() {
        return Verdict::warn(&cause::CONFIRM_SLOW_HOP, slow.join("\n"));
    }
    let seconds: i64 = arrived.hops.iter().filter_map(|hop| hop.seconds).sum();
    let mut words = format!("{} hops in {seconds} s", arrived.hops.len());
    let backwards = arrived.hops.iter().find(|hop| hop.seconds.is_some_and(|seconds| seconds < -CLOCKS_DIFFER));
    if let Some(hop) = backwards {
        words.push_str(&format!("; the clocks disagree: {}", hop_in_words(hop)));
    }
    Verdict::pass(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Method, result and properties.
    type Told<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

    fn results(methods: &[Told<'_>]) -> AuthenticationFacts {
        let one = |(method, result, properties): &Told<'_>| MethodResult {
            method: (*method).to_owned(),
            result: (*result).to_owned(),
            comment: None,
            properties: properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        };
        AuthenticationFacts { server: None, results: methods.iter().map(one).collect() }
    }

    fn judged(methods: &[Told<'_>]) -> Option<(&'static str, bool)> {
        fault(&results(methods)).map(|(cause, fails)| (cause.id, fails))
    }

    #[test]
    fn the_policy_of_the_domain_weighs_most() {
        let rejected =
            [("spf", "fail", &[][..]), ("dmarc", "fail", &[("action", "oreject")]), ("compauth", "fail", &[])];
        assert_eq!(judged(&rejected), Some(("confirm-dmarc-failed", true)));
        assert_eq!(judged(&[("dmarc", "fail", &[("action", "none")])]), Some(("confirm-dmarc-failed", false)));
        assert_eq!(judged(&[("dmarc", "fail", &[("action", "pct.reject")])]), Some(("confirm-dmarc-failed", false)));
    }

    #[test]
    fn what_a_signature_makes_good_is_a_warning() {
        assert_eq!(judged(&[("spf", "fail", &[]), ("dmarc", "pass", &[])]), Some(("confirm-spf-failed", false)));
        assert_eq!(judged(&[("spf", "fail", &[]), ("dmarc", "none", &[])]), Some(("confirm-spf-failed", true)));
        assert_eq!(judged(&[("spf", "softfail", &[]), ("dmarc", "pass", &[])]), None);
        assert_eq!(judged(&[("spf", "pass", &[]), ("dkim", "fail", &[])]), Some(("confirm-dkim-failed", false)));
        let implicit = [("spf", "none", &[][..]), ("dmarc", "none", &[]), ("compauth", "fail", &[("reason", "001")])];
        assert_eq!(judged(&implicit), Some(("confirm-compauth-failed", true)));
        assert_eq!(judged(&[("spf", "pass", &[]), ("dkim", "none", &[]), ("dmarc", "pass", &[])]), None);
    }

    #[test]
    fn each_family_of_reasons_has_its_words() {
        let codes = ["000", "001", "002", "010", "100", "130", "201", "301", "401", "601", "701", "905"];
        for code in codes {
            assert!(!reason_in_words(code).contains("not explain"), "{code}");
        }
        assert!(reason_in_words("").contains("not explain") && reason_in_words("5").contains("not explain"));
    }
}

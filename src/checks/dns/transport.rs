//! How mail to the domain is to be encrypted. Who publishes nothing of it is not at fault.

use super::{existing, unseen};
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::{DaneFact, LookupFacts, MtaStsPolicy, MxFact, TlsaFact, Visit};
use crate::kb::cause;

pub(super) static MTA_STS: Check =
    Check { id: "dns.mta-sts", title: "Its MTA-STS, if any, holds", needs: &[], judge: Judge::Once(mta_sts) };

pub(super) static TLS_RPT: Check = Check {
    id: "dns.tls-rpt",
    title: "Its TLS reports, if any, can be sent",
    needs: &[],
    judge: Judge::Once(tls_reports),
};

pub(super) static DANE: Check =
    Check { id: "dns.dane", title: "Its DANE records, if any, count", needs: &[], judge: Judge::Once(dane) };

/// What is said where nothing is published.
const NONE: &str = "none is published, which is no fault";

fn mta_sts(visit: &Visit) -> Judgement {
    let dns = existing(visit)?;
    let sts = dns.mta_sts.as_ref().ok_or("MTA-STS was not looked up")?;
    let name = format!("_mta-sts.{}", dns.domain);
    if let Some(judgement) = unseen(&name, &sts.lookup) {
        return judgement;
    }
    let id = match (&sts.records[..], &sts.id) {
        ([], _) => return Verdict::pass(NONE),
        ([_], Some(id)) => id,
        ([one], None) => {
            let words = format!("{one}\nid= must hold up to 32 letters and digits");
            return Verdict::warn(&cause::MTA_STS_RECORD_INVALID, words);
        }
        (several, _) => return Verdict::warn(&cause::MTA_STS_RECORD_INVALID, several.join("\n")),
    };
    if sts.left_out {
        return Err("its policy was not to be fetched (--no-policies)".into());
    }
    let request = sts.request.as_ref().ok_or("its policy was not asked for")?;
    let not_ok = request.status.filter(|status| *status != 200);
    if let (Some(why), None) = (&sts.fault, not_ok) {
        let words = format!("{}\n{why}", request.request);
        return Verdict::warn(&cause::MTA_STS_POLICY_INVALID, words);
    }
    let Some(policy) = &sts.policy else {
        let fault = request.fault.as_ref().map(|fault| &fault.words).or(sts.fault.as_ref());
        let why = fault.map(String::as_str).unwrap_or_default();
        return Verdict::warn(&cause::MTA_STS_POLICY_UNREACHABLE, format!("{}\n{why}", request.request));
    };
    let uncovered: Vec<&str> =
        dns.mx.iter().filter(|mx| !mx.host.is_empty() && !covers(policy, mx)).map(|mx| mx.host.as_str()).collect();
    let said = format!("mode {}, id {id}, mx {}", policy.mode, policy.mx.join(", "));
    if policy.mode == "none" || uncovered.is_empty() {
        return Verdict::pass(said);
    }
    let words = format!("{}: not among the policy's mx\n{said}", uncovered.join(", "));
    match policy.mode.as_str() {
        // Senders that heed it deliver to none of them.
        "enforce" => Verdict::fail(&cause::MTA_STS_MX_MISMATCH, words),
        _ => Verdict::warn(&cause::MTA_STS_MX_MISMATCH, words),
    }
}

/// Whether a pattern of the policy matches: a `*` stands for one label (RFC 8461 section 4.1).
fn covers(policy: &MtaStsPolicy, mx: &MxFact) -> bool {
    let host = mx.host.to_lowercase();
    policy.mx.iter().any(|pattern| {
        let pattern = pattern.trim_end_matches('.').to_lowercase();
        match pattern.strip_prefix("*.") {
            Some(parent) => host.split_once('.').is_some_and(|(_, rest)| rest == parent),
            None => host == pattern,
        }
    })
}

fn tls_reports(visit: &Visit) -> Judgement {
    let dns = existing(visit)?;
    let reports = dns.tls_reports.as_ref().ok_or("the wish was not looked up")?;
    if let Some(judgement) = unseen(&format!("_smtp._tls.{}", dns.domain), &reports.lookup) {
        return judgement;
    }
    match (&reports.fault, reports.records.first()) {
        (Some(why), _) => Verdict::warn(&cause::TLS_RPT_INVALID, format!("{}\n{why}", reports.records.join("\n"))),
        (None, Some(record)) => Verdict::pass(record),
        (None, None) => Verdict::pass(NONE),
    }
}

fn dane(visit: &Visit) -> Judgement {
    let dns = existing(visit)?;
    let all = dns.dane.as_ref().ok_or("TLSA was not looked up")?;
    // Without the exchangers nobody knows where to look.
    if let Some(judgement) = unseen(&format!("MX of {}", dns.domain), &dns.mx_lookup) {
        return judgement;
    }
    let published: Vec<&DaneFact> = all.iter().filter(|fact| fact.lookup == LookupFacts::Found).collect();
    if published.is_empty() {
        let lost = all.iter().find_map(|fact| unseen(&format!("TLSA of {}", fact.host), &fact.lookup));
        if let Some(judgement) = lost {
            return judgement;
        }
        return Verdict::pass(NONE);
    }
    let line = |fact: &&DaneFact| {
        let records: Vec<String> =
            fact.records.iter().map(|r| format!("{} {} {}", r.usage, r.selector, r.matching)).collect();
        format!("{}: TLSA {}", fact.host, records.join(", "))
    };
    let words = published.iter().map(line).collect::<Vec<_>>().join("\n");
    if published.iter().any(|fact| !fact.records.iter().any(usable)) {
        return Verdict::warn(&cause::DANE_TLSA_UNUSABLE, words);
    }
    if published.iter().all(|fact| fact.authentic) {
        return Verdict::pass(format!("{words}; the resolver says that it has validated them"));
    }
    let why = match dns.validating {
        Some(true) => "the resolver validates, and did not vouch for them: their zone is not signed",
        _ => "the resolver does not validate, so nothing is known of the signatures",
    };
    Verdict::unproven(&cause::DANE_UNVALIDATED, format!("{words}\n{why}"))
}

/// Whether a sender can use the record (RFC 7672 section 3.1), with a digest of the right length (RFC 6698 section 2.1.3).
fn usable(record: &TlsaFact) -> bool {
    let length = match record.matching {
        0 => record.octets > 0,
        1 => record.octets == 32,
        2 => record.octets == 64,
        _ => false,
    };
    matches!(record.usage, 2 | 3) && record.selector <= 1 && length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_label() {
        let policy = MtaStsPolicy { mx: vec!["*.Example.org".into(), "mx.example.net.".into()], ..Default::default() };
        let host = |host: &str| covers(&policy, &MxFact { host: host.to_owned(), ..MxFact::default() });
        assert!(host("a.example.org") && host("MX.example.net"));
        assert!(!host("a.b.example.org") && !host("example.org") && !host("a.example.net"));
    }

    #[test]
    fn a_record_for_the_web_is_none_for_smtp() {
        let record = |usage, matching, octets| usable(&TlsaFact { usage, selector: 1, matching, octets });
        assert!(record(3, 1, 32) && record(2, 2, 64));
        assert!(!record(1, 1, 32) && !record(3, 1, 20) && !record(3, 7, 32));
    }
}

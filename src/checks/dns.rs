//! Checks of the domain's records.

use crate::check::{Check, Judge, Judgement, NotObserved, Verdict};
use crate::facts::{DnsFacts, LookupFacts, Visit};
use crate::kb::{Cause, cause};
use crate::spf::{Audit, ProblemKind, Qualifier, SpfResult};

static MX: Check =
    Check { id: "dns.mx", title: "The domain names a mail exchanger", needs: &[], judge: Judge::Once(mx) };

static SPF: Check =
    Check { id: "dns.spf", title: "It has one valid sender policy (SPF)", needs: &[], judge: Judge::Once(spf) };

static SPF_BUDGET: Check = Check {
    id: "dns.spf-budget",
    title: "The policy keeps to its ten look-ups",
    needs: &[&SPF],
    judge: Judge::Once(spf_budget),
};

static SPF_ALL: Check =
    Check { id: "dns.spf-all", title: "It says what to do with the rest", needs: &[&SPF], judge: Judge::Once(spf_all) };

static SPF_MICROSOFT: Check = Check {
    id: "dns.spf-microsoft",
    title: "It lets Microsoft 365 send",
    needs: &[&SPF, &SPF_BUDGET],
    judge: Judge::Once(spf_microsoft),
};

static DMARC: Check =
    Check { id: "dns.dmarc", title: "The domain has a DMARC policy", needs: &[], judge: Judge::Once(dmarc) };

fn facts(visit: &Visit) -> Result<&DnsFacts, NotObserved> {
    visit.facts.dns.as_ref().ok_or_else(|| "the domain was not looked up".into())
}

fn audit(visit: &Visit) -> Result<&Audit, NotObserved> {
    facts(visit)?.spf.audit.as_ref().ok_or_else(|| "the sender policy was not looked up".into())
}

/// The verdict on a look-up that brought nothing; none when it did, or when there simply is no record.
fn failed(name: &str, ended: &LookupFacts) -> Option<Judgement> {
    let words = format!("{name}: {ended}");
    match ended {
        LookupFacts::Found | LookupFacts::NoSuchType | LookupFacts::NoSuchName => None,
        LookupFacts::NotAsked => Some(Err("it was not looked up".into())),
        LookupFacts::ServerFailure(_) => Some(Verdict::fail(&cause::DNS_SERVER_FAILURE, words)),
        LookupFacts::Refused(_) => Some(Verdict::unproven(&cause::DNS_REFUSED, words)),
        LookupFacts::Timeout(_) => Some(Verdict::unproven(&cause::DNS_TIMEOUT, words)),
        LookupFacts::Failed(_) => Some(Verdict::unproven(&cause::RESOLVER_FAILURE, words)),
    }
}

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
    if let Some(dangling) = dns.mx.iter().find(|mx| mx.addresses.is_empty()) {
        return Verdict::warn(&cause::MX_DANGLING, format!("{} has no address", dangling.host));
    }
    let hosts: Vec<String> = dns.mx.iter().map(|mx| format!("{} {}", mx.preference, mx.host)).collect();
    let whose = match dns.mx.iter().filter(|mx| mx.microsoft).count() {
        0 => "; mail arrives through another service, which is no fault",
        all if all == dns.mx.len() => "; the smart host of a relay",
        _ => "; some of Microsoft 365, some not",
    };
    Verdict::pass(format!("{}{whose}", hosts.join(", ")))
}

fn spf(visit: &Visit) -> Judgement {
    let audit = audit(visit)?;
    if audit.several_records {
        return Verdict::fail(&cause::SPF_MULTIPLE, audit.records.join("\n"));
    }
    if facts(visit)?.mx_lookup == LookupFacts::NoSuchName && audit.records.is_empty() {
        return Verdict::fail(&cause::DNS_NAME_MISSING, format!("{}: {}", audit.domain, LookupFacts::NoSuchName));
    }
    let problem = audit.problems.iter().find_map(|problem| Some((problem, cause_of(problem.kind)?)));
    if let Some((problem, cause)) = problem {
        let term = problem.term.as_ref().map(|term| format!(" `{term}`")).unwrap_or_default();
        let mut words = format!("{}{term}: {}", problem.domain, problem.detail);
        if let Some(record) = audit.records.first() {
            words.push_str(&format!("\n{record}"));
        }
        return match problem.kind {
            ProblemKind::Temporary => Verdict::unproven(cause, words),
            _ => Verdict::fail(cause, words),
        };
    }
    match audit.records.first() {
        Some(record) => Verdict::pass(record),
        None => {
            Verdict::fail(&cause::SPF_MISSING, format!("{} has no TXT record that begins with v=spf1", audit.domain))
        }
    }
}

/// The page for a problem of the record itself; the limits are judged by a check of their own.
fn cause_of(kind: ProblemKind) -> Option<&'static Cause> {
    match kind {
        ProblemKind::LookupLimit | ProblemKind::VoidLimit => None,
        ProblemKind::NoRecord | ProblemKind::NoSuchDomain => Some(&cause::SPF_MISSING),
        ProblemKind::SeveralRecords => Some(&cause::SPF_MULTIPLE),
        ProblemKind::Temporary => Some(&cause::SPF_TEMPERROR),
        _ => Some(&cause::SPF_SYNTAX),
    }
}

/// The policy's record; where it could not be had, nothing is known of what it says.
fn record(audit: &Audit) -> Result<&str, NotObserved> {
    audit.records.first().map(String::as_str).ok_or_else(|| "no record could be read".into())
}

fn spf_budget(visit: &Visit) -> Judgement {
    let audit = audit(visit)?;
    record(audit)?;
    if let Some(place) = &audit.over_limit {
        let words =
            format!("{} look-ups, 10 are allowed\n`{}` of {} is one too many", audit.lookups, place.term, place.domain);
        return Verdict::fail(&cause::SPF_TOO_MANY_LOOKUPS, words);
    }
    if audit.void_lookups > crate::spf::VOID_LIMIT {
        let void: Vec<&str> = audit.terms.iter().filter(|term| term.void).map(|term| term.term.as_str()).collect();
        let words = format!("{} look-ups lead nowhere, 2 are allowed: {}", audit.void_lookups, void.join(", "));
        return Verdict::fail(&cause::SPF_VOID_LOOKUPS, words);
    }
    if let Some(place) = audit.ptr.first() {
        return Verdict::warn(&cause::SPF_PTR, format!("`{}` of {}", place.term, place.domain));
    }
    Verdict::pass(format!("{} of 10", audit.lookups))
}

fn spf_all(visit: &Visit) -> Judgement {
    let audit = audit(visit)?;
    let record = record(audit)?;
    match audit.final_all.as_ref().map(|all| all.qualifier) {
        Some(Qualifier::Fail) => Verdict::pass("-all: they fail"),
        Some(Qualifier::Softfail) => Verdict::pass("~all: they fail softly"),
        Some(Qualifier::Neutral) => Verdict::warn(&cause::SPF_NEUTRAL_ALL, record),
        Some(Qualifier::Pass) => Verdict::fail(&cause::SPF_PASS_ALL, record),
        None if !audit.complete => Err("a record that it brings in could not be read".into()),
        None if !audit.complete => Err("the policy could not be read to its end".into()),
        None => Verdict::warn(&cause::SPF_NO_ALL, record),
    }
}

fn spf_microsoft(visit: &Visit) -> Judgement {
    let spf = &facts(visit)?.spf;
    let Some(evaluation) = &spf.evaluation else {
        let why = spf.not_evaluated.as_deref().unwrap_or("it was not evaluated");
        return Verdict::unproven(&cause::SPF_TEMPERROR, why);
    };
    let address = spf.microsoft_address.as_deref().unwrap_or_default();
    let by = evaluation.decided_by.as_deref().map(|term| format!(" by `{term}`")).unwrap_or_default();
    let words = format!("{}{by} for {address}", evaluation.result);
    match evaluation.result {
        SpfResult::Pass => Verdict::pass(words),
        SpfResult::Temperror => Verdict::unproven(&cause::SPF_TEMPERROR, words),
        _ => {
            let record = evaluation.record.as_deref().unwrap_or("no record");
            Verdict::fail(&cause::SPF_WITHOUT_MICROSOFT, format!("{words}\n{record}"))
        }
    }
}

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

pub(super) static CHECKS: &[&Check] = &[&MX, &SPF, &SPF_BUDGET, &SPF_ALL, &SPF_MICROSOFT, &DMARC];

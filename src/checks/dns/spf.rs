//! The sender policy (SPF).

use super::facts;
use crate::check::{Check, Judge, Judgement, NotObserved, Verdict};
use crate::facts::{LookupFacts, SpfQuestion, Visit};
use crate::kb::{Cause, cause};
use crate::spf::{Audit, Evaluation, ProblemKind, Qualifier, SpfResult, advice};

pub(super) static SPF: Check =
    Check { id: "dns.spf", title: "It has one valid sender policy (SPF)", needs: &[], judge: Judge::Once(spf) };

pub(super) static SPF_BUDGET: Check = Check {
    id: "dns.spf-budget",
    title: "The policy keeps to its ten look-ups",
    needs: &[&SPF],
    judge: Judge::Once(spf_budget),
};

pub(super) static SPF_ALL: Check =
    Check { id: "dns.spf-all", title: "It says what to do with the rest", needs: &[&SPF], judge: Judge::Once(spf_all) };

pub(super) static SPF_MICROSOFT: Check = Check {
    id: "dns.spf-microsoft",
    title: "It lets Microsoft 365 send",
    needs: &[&SPF, &SPF_BUDGET],
    judge: Judge::Once(spf_microsoft),
};

pub(super) static SPF_ADDRESS: Check = Check {
    id: "dns.spf-address",
    title: "It lets this address send",
    needs: &[&SPF],
    judge: Judge::Once(spf_address),
};

fn audit(visit: &Visit) -> Result<&Audit, NotObserved> {
    facts(visit)?.spf.audit.as_ref().ok_or_else(|| "the sender policy was not looked up".into())
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
        let mut words =
            format!("{} look-ups, 10 are allowed\n`{}` of {} is one too many", audit.lookups, place.term, place.domain);
        words.push_str(&bill(audit, &visit.setup.cloud.spf_include));
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

/// The dearest terms of the domain's own record, and those that can go: as many as a person reads.
fn bill(audit: &Audit, include: &str) -> String {
    const SHOWN: usize = 6;
    let costs = advice::costs(audit);
    let mut words: String =
        costs.iter().take(SHOWN).map(|cost| format!("\n`{}` costs {}", cost.term, cost.lookups)).collect();
    if costs.len() > SHOWN {
        let rest: u32 = costs[SHOWN..].iter().map(|cost| cost.lookups).sum();
        words.push_str(&format!("\n{} more terms cost {rest}", costs.len() - SHOWN));
    }
    let mut gone = advice::dispensable(audit);
    gone.dedup();
    words.extend(gone.iter().take(SHOWN).map(|one| format!("\n`{}` can go: {}", one.term, one.why)));
    if let Some((_, left)) = advice::slimmed(audit, include).filter(|_| !gone.is_empty()) {
        words.push_str(&format!("\nwithout what can go, {left} are left"));
    }
    words
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
        None => Verdict::warn(&cause::SPF_NO_ALL, record),
    }
}

fn spf_microsoft(visit: &Visit) -> Judgement {
    let spf = &facts(visit)?.spf;
    let Some(evaluation) = spf.of_microsoft() else {
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

/// Of an address that the user named. A receiver that finds no word on it may take the mail or not.
fn spf_address(visit: &Visit) -> Judgement {
    let spf = &facts(visit)?.spf;
    let asked = spf.asked.as_ref().ok_or("no address was named (--ip)")?;
    let evaluation = spf.evaluation.as_ref().ok_or("the sender policy was not evaluated")?;
    let from = if asked.mail_from.is_empty() { "<>" } else { &asked.mail_from };
    let by = match (&evaluation.decided_by, &evaluation.decided_at) {
        (Some(term), Some(at)) if *at != evaluation_domain(asked) => format!(" by `{term}` of {at}"),
        (Some(term), _) => format!(" by `{term}`"),
        (None, _) => ", for no term names it".to_owned(),
    };
    let mut words = format!("{}{by}: {}, MAIL FROM {from}, HELO {}", evaluation.result, asked.ip, asked.helo);
    if let Some(problem) = &evaluation.problem {
        words.push_str(&format!("\n{}: {}", problem.domain, problem.detail));
    }
    if let Some(explanation) = &evaluation.explanation {
        words.push_str(&format!("\nthe domain explains: {explanation}"));
    }
    match evaluation.result {
        SpfResult::Pass => Verdict::pass(words),
        SpfResult::Temperror => Verdict::unproven(&cause::SPF_TEMPERROR, words),
        SpfResult::Neutral | SpfResult::None => Verdict::warn(&cause::SPF_ADDRESS_MISSING, words),
        // The record may be sound on its way to Microsoft's address, and not on that to this one.
        SpfResult::Permerror => Verdict::fail(broken(evaluation).unwrap_or(&cause::SPF_SYNTAX), words),
        SpfResult::Fail | SpfResult::Softfail => Verdict::fail(&cause::SPF_ADDRESS_MISSING, words),
    }
}

fn evaluation_domain(asked: &SpfQuestion) -> String {
    asked.mail_from.rsplit_once('@').map_or(asked.helo.clone(), |(_, domain)| domain.to_owned())
}

/// The page for an evaluation that ended in a fault of the domain's own; none where it came to a verdict.
pub(in crate::checks) fn broken(evaluation: &Evaluation) -> Option<&'static Cause> {
    Some(match evaluation.problem.as_ref()?.kind {
        ProblemKind::LookupLimit | ProblemKind::MxLimit => &cause::SPF_TOO_MANY_LOOKUPS,
        ProblemKind::VoidLimit => &cause::SPF_VOID_LOOKUPS,
        ProblemKind::MalformedDomain => &cause::SPF_MISSING,
        kind => cause_of(kind).unwrap_or(&cause::SPF_SYNTAX),
    })
}

//! Checks of the login service: is it there, does it know the tenant, does its clock agree with ours.

use super::network;
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::{HttpFacts, Refusal, Visit};
use crate::kb::{Cause, Where, cause, classify};

pub(super) static REACH: Check =
    Check { id: "entra.reach", title: "The login service answers", needs: &[], judge: Judge::Once(reach) };

pub(super) static TENANT: Check = Check {
    id: "entra.tenant",
    title: "The tenant exists in this cloud",
    needs: &[&REACH],
    judge: Judge::Once(tenant),
};

static CLOCK: Check =
    Check { id: "entra.clock", title: "This computer's clock is right", needs: &[&REACH], judge: Judge::Once(clock) };

/// Kerberos's and Entra's usual tolerance: five minutes, in seconds (microsoft-facts D.2).
const TOLERANCE: i64 = 300;

/// All requests that went to the login service.
fn requests(visit: &Visit) -> impl Iterator<Item = &HttpFacts> {
    let discovery = visit.facts.entra.iter().map(|entra| &entra.discovery);
    // The machine's own service is another one.
    let asked = visit.facts.tokens.iter().filter(|token| token.managed.is_none());
    discovery.chain(asked.filter_map(|token| token.request.as_ref()))
}

fn reach(visit: &Visit) -> Judgement {
    let answered = requests(visit).find(|request| request.status.is_some() && request.fault.is_none());
    if let Some(request) = answered {
        return Verdict::pass(format!("{} in {} ms", visit.setup.cloud.login, request.ms));
    }
    let failed = requests(visit).find_map(|request| Some((request, request.fault.as_ref()?)));
    let (request, fault) = failed.ok_or("the login service was not asked")?;
    network::failed(&request.request, fault)
}

fn tenant(visit: &Visit) -> Judgement {
    let entra = visit.facts.entra.as_ref().ok_or("the tenant's description was not asked for")?;
    if let Some(refusal) = &entra.refusal {
        return Verdict::fail(cause_of(refusal), words_of(refusal));
    }
    if let Some(fault) = &entra.discovery.fault {
        return network::failed(&entra.discovery.request, fault);
    }
    match (&entra.issuer, &entra.tenant_id) {
        // Of `common` and `organizations`: whose directory it is shows when somebody has signed in.
        (Some(issuer), None) if issuer.contains("{tenantid}") => Verdict::pass("people of any directory may be asked"),
        (Some(_), Some(id)) => {
            let region = entra.region.as_ref().map(|region| format!(", region {region}")).unwrap_or_default();
            Verdict::pass(format!("directory {id}{region}"))
        }
        _ => unexpected(&entra.discovery),
    }
}

fn clock(visit: &Visit) -> Judgement {
    let skew = requests(visit).find_map(|request| request.clock_skew).ok_or("no answer carried a date")?;
    if skew.abs() <= TOLERANCE {
        return Verdict::pass(if skew.abs() < 2 {
            "to the second".to_owned()
        } else {
            format!("within {} s", skew.abs())
        });
    }
    let side = if skew > 0 { "behind" } else { "ahead of" };
    Verdict::warn(&cause::CLOCK_SKEW, format!("this computer's clock is {} s {side} the login service's", skew.abs()))
}

/// The page for a refusal of the login service.
pub(super) fn cause_of(refusal: &Refusal) -> &'static Cause {
    let numbers: String = refusal.codes.iter().map(|code| format!(" AADSTS{code}")).collect();
    let found = classify(Some(Where::Entra), &format!("{}{numbers}", refusal.description));
    found.first().map_or(&cause::ENTRA_REFUSED, |found| found.cause)
}

/// A refusal in the service's own words, with what Microsoft's support asks for.
pub(super) fn words_of(refusal: &Refusal) -> String {
    let first = refusal.description.lines().next().unwrap_or_default();
    let first = first.split(" Trace ID:").next().unwrap_or_default();
    let mut words = format!("{}: {}", refusal.error, first.trim());
    for (label, id) in [("trace", &refusal.trace_id), ("correlation", &refusal.correlation_id)] {
        if let Some(id) = id {
            words.push_str(&format!("\n{label} id {id}"));
        }
    }
    words
}

/// An answer that is not what the login service says.
pub(super) fn unexpected(http: &HttpFacts) -> Judgement {
    let status = http.status.unwrap_or_default();
    let cause = match status {
        429 => &cause::ENTRA_THROTTLED,
        500..=599 => &cause::ENTRA_SERVER_ERROR,
        _ => &cause::HTTP_UNEXPECTED_ANSWER,
    };
    let kind = http.content_type.as_deref().unwrap_or("no content type");
    let mut words = format!("{}: status {status}, {kind}", http.request);
    if let Some(seconds) = http.retry_after {
        words.push_str(&format!("\nit asks to wait {seconds} s"));
    }
    if let Some(text) = &http.words {
        words.push_str(&format!("\nit begins: {}", text.chars().take(120).collect::<String>()));
    }
    Verdict::fail(cause, words)
}

pub(super) static CHECKS: &[&Check] = &[&REACH, &TENANT, &CLOCK];

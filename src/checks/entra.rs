//! Checks of the login service: is it there, does it know the tenant, does its clock agree with ours.

mod domain;

use super::network;
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::cloud::Cloud;
use crate::facts::{ElsewhereFacts, HttpFacts, Refusal, Visit};
use crate::kb::{Cause, Where, cause, classify};

pub(super) static REACH: Check =
    Check { id: "entra.reach", title: "The login service answers", needs: &[], judge: Judge::Once(reach) };

pub(super) static TENANT: Check = Check {
    id: "entra.tenant",
    title: "The tenant exists in this cloud",
    needs: &[&REACH],
    judge: Judge::Once(tenant),
};

static CLOUD: Check =
    Check { id: "entra.cloud", title: "The tenant lives in this cloud", needs: &[&TENANT], judge: Judge::Once(cloud) };

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
        if let Some(found) = entra.elsewhere.iter().find(|other| other.known) {
            let words = format!("{}\nfound: {}", words_of(refusal), found_in(found));
            return Verdict::fail(&cause::TENANT_OTHER_CLOUD, words);
        }
        // The domain of the sender knows better than who typed the id.
        let domain = visit.facts.domain_tenant.as_ref().and_then(|found| found.tenant_id.as_ref());
        let hint = domain.zip(visit.setup.domain.as_ref());
        let hint = hint.map(|(id, domain)| format!("\n{domain} belongs to the directory {id}")).unwrap_or_default();
        return Verdict::fail(cause_of(refusal), format!("{}{hint}", words_of(refusal)));
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

/// Where a tenant was found that is not here, and the words that choose that cloud.
fn found_in(other: &ElsewhereFacts) -> String {
    let named = other.sub_region.as_deref().and_then(cloud_of).filter(|cloud| other.clouds.iter().any(|c| c == cloud));
    let clouds = named.map_or_else(|| other.clouds.clone(), |cloud| vec![cloud.to_owned()]);
    let words = clouds.iter().map(|cloud| format!("--cloud {cloud}")).collect::<Vec<_>>();
    format!("{} knows it; use {}", other.discovery.request, words.join(" or "))
}

/// The cloud that a sub-scope names (microsoft-facts A.1, seen in the field).
fn cloud_of(sub_region: &str) -> Option<&'static str> {
    match sub_region {
        "GCC" => Some("worldwide"),
        "DODCON" => Some("gcc-high"),
        "DOD" => Some("dod"),
        _ => None,
    }
}

/// The row that a set-up's cloud is, also under a name of the user's own: each has an Exchange environment of its own.
fn row_of(visit: &Visit) -> Option<&'static str> {
    let cloud = Cloud::names().filter_map(Cloud::named);
    let found = cloud.into_iter().find(|row| row.exchange_environment == visit.setup.cloud.exchange_environment)?;
    Cloud::names().find(|name| *name == found.name)
}

/// A description without a sub-scope contradicts no cloud: only those of the US government are told by it.
fn cloud(visit: &Visit) -> Judgement {
    let entra = visit.facts.entra.as_ref().ok_or("the tenant's description was not asked for")?;
    let row = row_of(visit).ok_or("the set-up's cloud is none that Microsoft has")?;
    let Some(sub) = &entra.sub_region else { return Verdict::pass(format!("nothing speaks against {row}")) };
    match cloud_of(sub) {
        None => Verdict::pass(format!("tenant_region_sub_scope is {sub}, which no cloud is known by")),
        Some(theirs) if theirs == row && sub == "GCC" => Verdict::pass("GCC, which has the worldwide hosts"),
        Some(theirs) if theirs == row => Verdict::pass(format!("{row}, by its sub-scope {sub}")),
        Some(theirs) => {
            let words = format!("tenant_region_sub_scope is {sub}, which is {theirs}; the set-up is for {row}");
            Verdict::fail(&cause::TENANT_OTHER_CLOUD, format!("{words}\nuse --cloud {theirs}"))
        }
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

pub(super) static CHECKS: &[&Check] = &[&REACH, &TENANT, &CLOUD, &domain::DOMAIN, &CLOCK];

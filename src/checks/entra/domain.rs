//! Whose the domain is.

use super::{CLOUD, TENANT, cloud_of, found_in, row_of, words_of};
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::{EntraFacts, Visit};
use crate::kb::cause;

pub(super) static DOMAIN: Check = Check {
    id: "entra.domain",
    title: "The domain belongs to this tenant",
    needs: &[&TENANT, &CLOUD],
    judge: Judge::Once(domain),
};

/// Whose the domain is, by the description that everybody may read.
fn domain(visit: &Visit) -> Judgement {
    let found = visit.facts.domain_tenant.as_ref().ok_or("the login service was not asked whose the domain is")?;
    let domain = visit.setup.domain.as_deref().unwrap_or_default();
    if let Some(fault) = &found.discovery.fault {
        return Err(format!("the login service could not be asked whose the domain is: {}", fault.words).into());
    }
    let Some(theirs) = &found.tenant_id else { return unclaimed(domain, found) };
    let region = found.region.as_ref().map(|region| format!(", region {region}")).unwrap_or_default();
    match tenant_id(visit) {
        Some(ours) if ours.eq_ignore_ascii_case(theirs) => {
            Verdict::pass(format!("{domain}: directory {theirs}{region}"))
        }
        Some(ours) if compared(visit) => {
            let words = format!("{domain} belongs to the directory {theirs}{region}\nthe set-up names {ours}");
            Verdict::fail(&cause::DOMAIN_OTHER_TENANT, words)
        }
        Some(_) => Verdict::pass(format!("{domain}: directory {theirs}{region}, not that of the set-up")),
        None => within(visit, found, format!("{domain}: directory {theirs}{region}")),
    }
}

/// No tenant was named, so the description is all that can contradict the cloud.
fn within(visit: &Visit, found: &EntraFacts, words: String) -> Judgement {
    let theirs = found.sub_region.as_deref().and_then(cloud_of);
    match (theirs, row_of(visit)) {
        (Some(theirs), Some(row)) if theirs != row => {
            let words = format!("{words}, which is {theirs}; looked at was {row}\nuse --cloud {theirs}");
            Verdict::fail(&cause::TENANT_OTHER_CLOUD, words)
        }
        _ => Verdict::pass(words),
    }
}

/// Nobody here has it; perhaps somebody in another cloud.
fn unclaimed(domain: &str, found: &EntraFacts) -> Judgement {
    if let Some(other) = found.elsewhere.iter().find(|other| other.known) {
        return Verdict::fail(&cause::TENANT_OTHER_CLOUD, format!("{domain}: {}", found_in(other)));
    }
    match &found.refusal {
        Some(refusal) => Verdict::warn(&cause::DOMAIN_WITHOUT_TENANT, format!("{domain}: {}", words_of(refusal))),
        None => Err("the login service's answer says nothing of the domain".into()),
    }
}

/// The directory of the set-up, where its id is known.
fn tenant_id(visit: &Visit) -> Option<&str> {
    let said = visit.setup.tenant.as_deref()?;
    if uuid::Uuid::try_parse(said).is_ok() {
        return Some(said);
    }
    if visit.setup.domain.as_deref().is_some_and(|domain| domain.eq_ignore_ascii_case(said)) {
        return visit.facts.domain_tenant.as_ref()?.tenant_id.as_deref();
    }
    visit.facts.entra.as_ref()?.tenant_id.as_deref()
}

/// Whether domain and tenant are meant to belong together: the domain is the sender's, or both were named at once.
/// Whoever looks at another domain has the tenant of the profile along by chance.
fn compared(visit: &Visit) -> bool {
    let setup = &visit.setup;
    let domain = setup.domain.as_deref().unwrap_or_default();
    let of =
        |address: &Option<String>| address.as_deref().and_then(|a| a.rsplit_once('@')).map(|(_, of)| of.to_owned());
    let senders = [of(&setup.from), of(&setup.mailbox)];
    senders.iter().flatten().any(|of| of.eq_ignore_ascii_case(domain))
        || setup.options.iter().any(|(flag, _)| flag == "--tenant")
}

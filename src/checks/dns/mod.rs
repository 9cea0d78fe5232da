//! Checks of the domain's records.

mod dkim;
mod dmarc;
mod mx;
mod names;
mod propagation;
mod spf;
mod transport;

pub(super) use self::spf::broken as policy_broken;
use crate::check::{Check, Judgement, NotObserved, Verdict};
use crate::facts::{DnsFacts, LookupFacts, Visit};
use crate::kb::cause;

fn facts(visit: &Visit) -> Result<&DnsFacts, NotObserved> {
    visit.facts.dns.as_ref().ok_or_else(|| "the domain was not looked up".into())
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
        LookupFacts::Truncated(_) => Some(Verdict::unproven(&cause::DNS_TRUNCATED, words)),
        LookupFacts::Bogus(_) => Some(Verdict::fail(&cause::DNS_BOGUS, words)),
        LookupFacts::Failed(_) => Some(Verdict::unproven(&cause::RESOLVER_FAILURE, words)),
    }
}

/// The same where nothing hangs on the record: what could not be looked up is not known, and no more.
pub(super) fn unseen(name: &str, ended: &LookupFacts) -> Option<Judgement> {
    failed(name, ended).map(|judgement| {
        judgement.map(|verdict| match verdict {
            Verdict::Fail(reason) => Verdict::Unproven(reason),
            other => other,
        })
    })
}

/// The facts of a domain that exists.
fn existing(visit: &Visit) -> Result<&DnsFacts, NotObserved> {
    let dns = facts(visit)?;
    if dns.mx_lookup == LookupFacts::NoSuchName {
        return Err("the domain does not exist".into());
    }
    Ok(dns)
}

pub(super) static CHECKS: &[&Check] = &[
    &mx::MX,
    &spf::SPF,
    &spf::SPF_BUDGET,
    &spf::SPF_ALL,
    &spf::SPF_MICROSOFT,
    &spf::SPF_ADDRESS,
    &dkim::DKIM,
    &dkim::DKIM_KEY,
    &dmarc::DMARC,
    &dmarc::DMARC_TAGS,
    &dmarc::DMARC_REPORTS,
    &dmarc::DMARC_ALIGNMENT,
    &transport::MTA_STS,
    &transport::TLS_RPT,
    &transport::DANE,
    &names::AUTODISCOVER,
    &propagation::SERVERS,
    &propagation::AGREEMENT,
    &propagation::EVERYWHERE,
];

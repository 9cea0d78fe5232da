//! Names by which clients find the tenant.

use super::{existing, unseen};
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::Visit;
use crate::kb::cause;

pub(super) static AUTODISCOVER: Check = Check {
    id: "dns.autodiscover",
    title: "Its autodiscover leads to this cloud",
    needs: &[],
    judge: Judge::Once(autodiscover),
};

/// What an application needs is not among it; what is wrong here is felt by Outlook.
fn autodiscover(visit: &Visit) -> Judgement {
    let dns = existing(visit)?;
    let found = dns.autodiscover.as_ref().ok_or("autodiscover was not looked up")?;
    let name = format!("autodiscover.{}", dns.domain);
    if let Some(judgement) = unseen(&name, &found.lookup) {
        return judgement;
    }
    let at_microsoft = !dns.mx.is_empty() && dns.mx.iter().all(|mx| mx.microsoft);
    match (&found.target, &found.cloud) {
        (Some(target), Some(cloud)) if *cloud == visit.setup.cloud.name => Verdict::pass(target),
        (Some(target), Some(cloud)) => {
            let words = format!("{name} -> {target}, of the cloud {cloud}");
            Verdict::warn(&cause::AUTODISCOVER_OTHER_CLOUD, words)
        }
        // Mailboxes of a hybrid organisation may lie elsewhere, and their server answers for all.
        (Some(target), None) => Verdict::unproven(&cause::AUTODISCOVER_ELSEWHERE, format!("{name} -> {target}")),
        (None, _) if at_microsoft => Verdict::unproven(&cause::AUTODISCOVER_MISSING, format!("{name} is no alias")),
        (None, _) => Verdict::pass("none; mail for the domain does not go to Microsoft 365 alone"),
    }
}

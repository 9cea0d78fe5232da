//! Records that a domain could publish instead of what it has, for the repairs that name them.

use crate::facts::Visit;
use crate::spf::{Qualifier, advice};

/// The names that templates know them by, and each record as a zone file has it.
pub(super) fn values(visit: &Visit) -> Vec<(&'static str, Option<String>)> {
    let include = &visit.setup.cloud.spf_include;
    let audit = visit.facts.dns.as_ref().and_then(|dns| dns.spf.audit.as_ref());
    let Some(audit) = audit.filter(|_| !include.is_empty()) else { return of_egress(visit).into_iter().collect() };
    let one = match &audit.records[..] {
        [one] => Some(one.as_str()),
        _ => None,
    };
    let ending = |qualifier| advice::with_ending(one?, include, qualifier);
    let asked = visit.facts.dns.iter().find_map(|dns| dns.spf.asked.as_ref()?.ip.parse().ok());
    let seen = visit.facts.smtp_talks().find_map(|(_, talk)| talk.egress.as_ref()?.address.parse().ok());
    let asked = asked.or(seen);
    let records = [
        ("record_with_address", asked.zip(one).and_then(|(ip, one)| advice::with_address(one, include, ip))),
        ("merged_record", advice::merged(&audit.records, include)),
        ("record_with_microsoft", one.and_then(|one| advice::with_include(one, include))),
        ("record_with_fail", ending(Qualifier::Fail)),
        ("record_with_softfail", ending(Qualifier::Softfail)),
        ("slim_record", advice::slimmed(audit, include).map(|(record, _)| record)),
    ];
    records.into_iter().map(|(name, record)| (name, record.map(|record| advice::quoted(&record)))).collect()
}

/// Where the domain was not looked up as a whole: the record that the address was held against which we send from.
fn of_egress(visit: &Visit) -> Option<(&'static str, Option<String>)> {
    let egress = visit.facts.smtp_talks().find_map(|(_, talk)| talk.egress.as_ref())?;
    let record = egress.spf.as_ref()?.record.as_deref()?;
    let record = advice::with_address(record, &visit.setup.cloud.spf_include, egress.address.parse().ok()?)?;
    Some(("record_with_address", Some(advice::quoted(&record))))
}

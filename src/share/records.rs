//! What the domain's records name besides the domain.

use std::collections::BTreeMap;

use crate::facts::{DnsFacts, PropagationFacts, Visit};

/// Takes the tenant's own names out of aliases and verification records.
pub(super) fn without_tenant(dns: &mut DnsFacts) {
    for selector in dns.dkim.iter_mut().flatten() {
        for alias in &mut selector.aliases {
            *alias = alias_of_nobody(&selector.selector, alias);
        }
    }
    // A server that is not Microsoft's may bear the organisation's name in another domain.
    for found in dns.autodiscover.iter_mut().filter(|found| found.cloud.is_none() && found.target.is_some()) {
        found.target = Some("own-server.example".to_owned());
    }
    dns.verification.iter_mut().for_each(|record| "MS=ms00000000".clone_into(record));
    dns.propagation.iter_mut().for_each(without_hosts);
}

/// Name servers of one's own may bear the organisation's name in another domain. The family of an address stays.
fn without_hosts(heard: &mut PropagationFacts) {
    for (number, server) in (1..).zip(&mut heard.servers) {
        let family = if server.address.contains(':') { "2001:db8::" } else { "192.0.2." };
        let stand_in = format!("{family}{number}");
        let names = heard.differing.iter_mut().flat_map(|one| &mut one.servers).flat_map(|said| &mut said.servers);
        names.filter(|address| **address == server.address).for_each(|address| address.clone_from(&stand_in));
        server.name = format!("ns{number}.name-server.example");
        server.address = stand_in;
    }
    for one in &mut heard.differing {
        let said = one.servers.iter_mut().flat_map(|said| &mut said.records);
        said.chain(&mut one.resolver).for_each(|record| *record = of_nobody(&one.name, record));
    }
}

/// A record that is compared, likewise: equal ones stay equal.
fn of_nobody(name: &str, record: &str) -> String {
    if record.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("ms=")) {
        return "MS=ms00000000".to_owned();
    }
    let selector = name.split_once("._domainkey.").map(|(selector, _)| selector);
    match (selector, record.strip_prefix("alias of ")) {
        (Some(selector), Some(alias)) => format!("alias of {}", alias_of_nobody(selector, alias)),
        _ => record.to_owned(),
    }
}

/// A name under which Microsoft 365 keeps a key, without domain and tenant:
/// `selector1-contoso-com._domainkey.contoso.n-v1.dkim.mail.microsoft`. The domain may be cut short in it.
fn alias_of_nobody(selector: &str, name: &str) -> String {
    match name.split_once("._domainkey.").and_then(|(_, rest)| rest.split_once('.')) {
        Some((_, rest)) => format!("{selector}-domain1-example._domainkey.initial-domain.{rest}"),
        None => name.to_owned(),
    }
}

/// The names above the domain: those that were asked where it has no DMARC record, and the zone that holds it.
pub(super) fn domains(visit: &Visit) -> impl Iterator<Item = Option<String>> {
    let walk = visit.facts.dns.iter().flat_map(|dns| &dns.dmarc_walk).map(|step| step.domain.clone());
    let helo = visit.facts.dns.iter().filter_map(|dns| Some(dns.spf.asked.as_ref()?.helo.clone()));
    let zone = visit.facts.dns.iter().filter_map(|dns| dns.propagation.as_ref()?.zone.clone());
    walk.chain(helo).chain(zone).filter(|domain| domain.contains('.')).map(Some)
}

/// The addresses to which reports go.
pub(super) fn people(visit: &Visit) -> impl Iterator<Item = Option<String>> {
    let records = visit.facts.dns.iter().flat_map(|dns| {
        let walk = dns.dmarc_walk.iter().flat_map(|step| &step.records);
        let tls = dns.tls_reports.iter().flat_map(|reports| &reports.records);
        dns.dmarc.iter().chain(&dns.dmarc_misspelt).chain(walk).chain(tls)
    });
    let parts = records.flat_map(|record| record.split([',', ';', '='])).map(str::trim);
    let addresses = parts.filter_map(|part| part.strip_prefix("mailto:")?.split(['!', '?']).next());
    let addresses = addresses.filter(|address| address.contains('@')).map(|address| Some(address.to_owned()));
    let asked = visit.facts.dns.iter().filter_map(|dns| dns.spf.asked.as_ref());
    addresses.chain(asked.map(|asked| Some(asked.mail_from.clone()).filter(|address| !address.is_empty())))
}

/// The address that the sender policy was asked about.
pub(super) fn addresses(visit: &Visit, names: &mut BTreeMap<String, String>) {
    let asked = visit.facts.dns.iter().filter_map(|dns| dns.spf.asked.as_ref());
    for asked in asked {
        let stand_in = if asked.ip.contains(':') { "2001:db8::1" } else { "192.0.2.1" };
        names.entry(asked.ip.clone()).or_insert_with(|| stand_in.to_owned());
    }
}

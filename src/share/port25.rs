//! What a dialogue on port 25 names besides the set-up: the certificate that was shown, the mail exchangers that are
//! not Microsoft's, our own addresses with their names, and what a connector knows.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::connector::Range;
use crate::facts::Visit;

/// Who the certificate is for and from: words that only their owner uses. Its names are replaced by stand-ins.
pub(super) fn without_subjects(visit: &mut Visit) {
    let shown = visit.facts.smtp_talks_mut().filter_map(|talk| talk.client_certificate.as_mut());
    for certificate in shown {
        "masked".clone_into(&mut certificate.subject);
        "masked".clone_into(&mut certificate.issuer);
    }
}

/// Names that do not lie in a domain of the set-up; those that do are masked with it, so that they still lie there.
pub(super) fn domains(visit: &Visit) -> impl Iterator<Item = Option<String>> {
    let setup = &visit.setup;
    let of_address = |address: &Option<String>| Some(address.as_deref()?.rsplit_once('@')?.1.to_lowercase());
    let own = [
        setup.domain.as_ref().map(|domain| domain.to_lowercase()),
        of_address(&setup.from),
        of_address(&setup.mailbox),
    ];
    let own: Vec<String> = own.into_iter().flatten().collect();
    let within = move |name: &str| own.iter().any(|domain| name == domain || name.ends_with(&format!(".{domain}")));
    let names = visit.facts.smtp_talks().flat_map(|(_, talk)| {
        let of_certificate = talk.client_certificate.iter().flat_map(|certificate| &certificate.names);
        let of_address = talk.egress.iter().flat_map(|egress| &egress.reverse).map(|name| &name.name);
        of_certificate.chain(of_address).chain(talk.smart_host.iter().flat_map(|found| &found.others))
    });
    let names = names.chain(&setup.connector_certificate);
    let names = names.map(|name| name.trim_start_matches("*.").to_lowercase());
    names.filter(move |name| name.contains('.') && name.parse::<IpAddr>().is_err() && !within(name)).map(Some)
}

/// Our own addresses as a server saw them and as this computer has them, and the ranges of a connector: one that holds
/// our address still does, and any other still does not.
pub(super) fn addresses(visit: &Visit, names: &mut BTreeMap<String, String>) {
    let talks = || visit.facts.smtp_talks().map(|(_, smtp)| smtp);
    let egress = || talks().filter_map(|smtp| smtp.egress.as_ref());
    let shown = |line: &str| Some(line.split_once("Hello [")?.1.split_once(']')?.0.to_owned());
    let said = talks().flat_map(|smtp| &smtp.transcript).filter_map(|line| shown(&line.text));
    let ours = egress().map(|egress| egress.address.clone()).chain(said);
    let ours = ours.chain(egress().filter_map(|egress| egress.local.clone()));
    let mut count = 0;
    for address in ours.filter(|address| !is_loopback(address)) {
        names.entry(address).or_insert_with_key(|address| {
            count += 1;
            if address.contains(':') { format!("2001:db8::{count:x}") } else { format!("192.0.2.{count}") }
        });
    }
    let seen = egress().find_map(|egress| Some((egress.address.parse::<IpAddr>().ok()?, &egress.address)));
    let ranges = visit.setup.connector_ips.iter().enumerate().filter(|(_, range)| !is_loopback(range));
    for (n, range) in ranges {
        let length = range.split_once('/').map(|(_, length)| format!("/{length}")).unwrap_or_default();
        let holds = seen.filter(|(ip, _)| Range::parse(range).is_ok_and(|range| range.holds(*ip)));
        let stand_in = match holds.and_then(|(_, address)| names.get(address)) {
            Some(address) => format!("{address}{length}"),
            None => format!("10.0.{n}.1{length}"),
        };
        names.entry(range.clone()).or_insert(stand_in);
    }
}

fn is_loopback(address: &str) -> bool {
    address.starts_with("127.") || address == "::1"
}

//! What a dialogue on port 25 names besides the set-up: the certificate that was shown, and the mail exchangers that are
//! not Microsoft's.

use std::net::IpAddr;

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
        of_certificate.chain(talk.smart_host.iter().flat_map(|found| &found.others))
    });
    let names = names.map(|name| name.trim_start_matches("*.").to_lowercase());
    names.filter(move |name| name.contains('.') && name.parse::<IpAddr>().is_err() && !within(name)).map(Some)
}

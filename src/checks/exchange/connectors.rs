//! Port 25: whether a connector of the state knows this host, by its address or by its certificate.

use std::net::IpAddr;

use super::neighbours::opened;
use super::{fault_unless, gap, state};
use crate::check::{Judgement, Verdict};
use crate::connector::{Range, certificate_fits};
use crate::facts::{InboundConnector, Line, SmtpFacts, Visit};
use crate::kb::cause;
use crate::road::Road;

/// By what the service sees this host.
struct Host<'a> {
    address: Option<IpAddr>,
    names: &'a [String],
}

impl Host<'_> {
    fn is_known_by(&self, connector: &InboundConnector) -> bool {
        let within = |ips: &String, address| Range::parse(ips).is_ok_and(|range| range.holds(address));
        let by_address = |address| connector.sender_ips.iter().any(|ips| within(ips, address));
        let wanted = connector.certificate_name.as_deref();
        self.address.is_some_and(by_address)
            || wanted.is_some_and(|wanted| self.names.iter().any(|name| certificate_fits(wanted, name)))
    }

    fn shown(&self) -> String {
        let address = self.address.map(|address| address.to_string());
        let names = (!self.names.is_empty()).then(|| format!("a certificate for {}", self.names.join(", ")));
        address.into_iter().chain(names).collect::<Vec<_>>().join(" with ")
    }
}

/// The address that the server said it sees, and the certificate that it was shown.
fn host(talk: &SmtpFacts) -> Host<'_> {
    let hello = |line: &Line| line.text.split_once("Hello [")?.1.split_once(']')?.0.parse().ok();
    let mut lines = talk.transcript.iter().filter(|line| line.side == '<');
    let names = talk.client_certificate.as_ref().map_or(&[][..], |own| &own.names);
    Host { address: lines.find_map(hello), names }
}

pub(super) fn connector(visit: &Visit, road: Road) -> Judgement {
    let state = state(visit)?;
    let Some(connectors) = &state.connectors else { return gap(state, "connectors") };
    let talk = visit.facts.smtp_on(road).ok_or("nobody talked to the server, which says by what address it sees us")?;
    let host = host(talk);
    if host.address.is_none() && host.names.is_empty() {
        return Err("the server did not say by what address it sees this host".into());
    }
    let fitting: Vec<&InboundConnector> = connectors.iter().filter(|own| host.is_known_by(own)).collect();
    // Only this type may relay to outside (Microsoft Learn, New-InboundConnector).
    let good = |own: &&&InboundConnector| own.enabled && own.kind.eq_ignore_ascii_case("OnPremises");
    if let Some(own) = fitting.iter().find(good) {
        return Verdict::pass(format!("{} knows {}", own.name, host.shown()));
    }
    let mut words = format!("none of {} connectors that are on and may relay knows {}", connectors.len(), host.shown());
    for own in &fitting {
        let why = if own.enabled { "a connector for partners, which do not relay" } else { "switched off" };
        words.push_str(&format!("\n{} does, and is {why}", own.name));
    }
    for own in connectors.iter().filter(|own| !host.is_known_by(own)).take(SHOWN) {
        let by = own.certificate_name.iter().chain(&own.sender_ips).cloned().collect::<Vec<_>>();
        words.push_str(&format!("\n{} has {}", own.name, by.join(", ")));
    }
    fault_unless(visit, state, &cause::RELAY_ACCESS_DENIED, words, opened(visit, road))
}

/// Connectors that are listed in the words; more say nothing new.
const SHOWN: usize = 5;

/// Relaying wants the domain of MAIL FROM or of the certificate among the organization's (Microsoft Learn, "Important
/// notice for Office 365 email customers who have configured connectors").
pub(super) fn domain(visit: &Visit, road: Road) -> Judgement {
    let state = state(visit)?;
    let Some(domains) = &state.accepted_domains else { return gap(state, "accepted_domains") };
    let setup = &visit.setup;
    let sender = setup.from.as_ref().or(setup.mailbox.as_ref()).ok_or("the set-up names no sender")?;
    let own = sender.rsplit_once('@').map_or(sender.as_str(), |(_, domain)| domain);
    let names = visit.facts.smtp_on(road).and_then(|talk| talk.client_certificate.as_ref());
    let names = names.map_or(&[][..], |certificate| &certificate.names);
    let below = |name: &str, domain: &String| {
        let (name, domain) = (name.trim_start_matches("*.").to_lowercase(), domain.to_lowercase());
        name.strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if let Some(domain) = domains.iter().find(|domain| domain.eq_ignore_ascii_case(own)) {
        return Verdict::pass(format!("{domain}, of the sender"));
    }
    if let Some(name) = names.iter().find(|name| domains.iter().any(|domain| below(name, domain))) {
        return Verdict::pass(format!("{name}, of the certificate"));
    }
    let words = format!("{own} is not among the {} accepted domains", domains.len());
    if domains.iter().any(|domain| below(own, domain)) {
        // An accepted domain can stand for those below it, which the state does not say.
        return Verdict::unproven(&cause::RELAY_ATTR36, format!("{words}, though a domain above it is"));
    }
    fault_unless(visit, state, &cause::RELAY_ATTR36, words, opened(visit, road))
}

pub(super) fn direct(visit: &Visit, road: Road) -> Judgement {
    let state = state(visit)?;
    match state.reject_direct_send {
        None => gap(state, "organization"),
        Some(false) => Verdict::pass("RejectDirectSend is False"),
        Some(true) => {
            let host = visit.facts.smtp_on(road).map(host);
            let known =
                |own: &&InboundConnector| own.enabled && host.as_ref().is_some_and(|host| host.is_known_by(own));
            if let Some(own) = state.connectors.iter().flatten().find(known) {
                return Verdict::pass(format!("RejectDirectSend is True, and {} knows this host", own.name));
            }
            let words = "RejectDirectSend is True, and no connector of the state knows this host".to_owned();
            fault_unless(visit, state, &cause::DIRECT_SEND_REJECTED, words, opened(visit, road))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_says_by_what_address_it_sees_a_host() {
        let line = Line { ms: 1, side: '<', text: "250-mx Hello [203.0.113.9]".to_owned() };
        let talk = SmtpFacts { transcript: vec![line], ..SmtpFacts::default() };
        assert_eq!(host(&talk).address.map(|address| address.to_string()).as_deref(), Some("203.0.113.9"));
    }
}

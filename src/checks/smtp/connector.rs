//! The inbound connector as its owner describes it, against what the mail exchanger sees of this host.

use std::net::IpAddr;

use super::{GREETING, egress, facts};
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::connector::{Range, certificate_fits};
use crate::facts::{SetupFacts, SmtpFacts, Visit};
use crate::kb::cause;
use crate::road::Road;

pub(super) static CONNECTOR: Check = Check {
    id: "smtp.connector",
    title: "The connector, as described, knows this host",
    needs: &[&GREETING],
    judge: Judge::PerRoad(&[Road::Relay], connector),
};

/// A connector knows a host by its address or by its certificate. Where one of the two that are described does not fit,
/// that deserves a look; where none does, this host is a stranger.
fn connector(visit: &Visit, road: Road) -> Judgement {
    let setup = &visit.setup;
    let by_address = if setup.connector_ips.is_empty() { None } else { Some(by_address(visit, road)?) };
    let by_name = match &setup.connector_certificate {
        Some(wanted) => Some(by_name(facts(visit, road)?, wanted)),
        None => None,
    };
    match (by_address, by_name) {
        (None, None) => Err("no connector was described (--connector-ip, --connector-cert)".into()),
        (Some(Ok(words)), None) | (None, Some(Ok(words))) => Verdict::pass(words),
        (Some(Ok(address)), Some(Ok(name))) => Verdict::pass(format!("{address}\n{name}")),
        (Some(Ok(fits)), Some(Err(not))) => {
            Verdict::warn(&cause::CONNECTOR_CERTIFICATE_OTHER, format!("{not}\n{fits}"))
        }
        (Some(Err(not)), Some(Ok(fits))) => Verdict::warn(&cause::CONNECTOR_ADDRESS_OTHER, format!("{not}\n{fits}")),
        (Some(Err(address)), Some(Err(name))) => {
            Verdict::fail(&cause::CONNECTOR_ADDRESS_OTHER, format!("{address}\n{name}"))
        }
        (Some(Err(not)), None) => Verdict::fail(&cause::CONNECTOR_ADDRESS_OTHER, not),
        (None, Some(Err(not))) => Verdict::fail(&cause::CONNECTOR_CERTIFICATE_OTHER, not),
    }
}

/// Whether it fits, in words.
type Fit = Result<String, String>;

fn by_address(visit: &Visit, road: Road) -> Result<Fit, crate::check::NotObserved> {
    let SetupFacts { connector_ips, .. } = &visit.setup;
    let address = &egress::seen(visit, road)?.address;
    let ip: IpAddr = address.parse().map_err(|_| "the answer to EHLO shows no address")?;
    let holds = |range: &&String| Range::parse(range).is_ok_and(|range| range.holds(ip));
    Ok(match connector_ips.iter().find(holds) {
        Some(range) if range == address => Ok(format!("{address} is its address")),
        Some(range) => Ok(format!("{address} lies in {range}")),
        None if ip.is_ipv6() => Err(format!("{address} is IPv6, and connectors know IPv4 alone")),
        None => Err(format!("{address} does not lie in {}", connector_ips.join(", "))),
    })
}

fn by_name(talk: &SmtpFacts, wanted: &str) -> Fit {
    let Some(own) = &talk.client_certificate else {
        return Err(format!("it wants {wanted}, and no certificate was given (--relay-certificate)"));
    };
    match own.names.iter().find(|name| certificate_fits(wanted, name)) {
        Some(name) if own.asked => Ok(format!("the certificate for {name} fits {wanted}")),
        Some(name) => Err(format!("the certificate for {name} fits {wanted}, but was not shown")),
        None => Err(format!("it wants {wanted}; the certificate is for {}", own.names.join(", "))),
    }
}

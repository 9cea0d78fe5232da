//! Who somebody on port 25 is: attribution by connectors, and what follows from it (microsoft-facts H.5).

use std::net::IpAddr;

use toml::{Table, Value};

use super::mail::Envelope;
use super::receive::domain_of;
use super::state::{Connector, Hosts, State, Tenant};
use crate::connector::{Range, certificate_fits};

/// What the mail exchanger knows of a client.
pub(super) struct Peer<'a> {
    pub(super) ip: IpAddr,
    /// The names in its certificate, where an authority vouches for it.
    pub(super) names: &'a [String],
    /// Whether it talks under TLS.
    pub(super) secure: bool,
}

impl State {
    /// Why a recipient is refused at RCPT.
    pub(super) fn relay_refused(&self, peer: &Peer<'_>, from: &str, to: &str) -> Option<String> {
        if let Some(words) = self.hosts.refused(peer.ip) {
            return Some(words);
        }
        let own = self.tenants.iter().find(|tenant| tenant.accepts(domain_of(to)));
        let sender = self.tenants.iter().find(|tenant| tenant.accepts(domain_of(from)));
        let away = |tenant: &Tenant| self.wire.mx_region.as_ref().is_some_and(|region| *region != tenant.region);
        if own.or(sender).is_some_and(away) {
            return Some("451 4.4.62 Mail sent to the wrong Office 365 region. ATTR35".to_owned());
        }
        let direct = own.filter(|tenant| tenant.reject_direct_send_early).and(self.direct_refused_from(peer, from));
        if let Some(words) = direct {
            return Some(words);
        }
        if let Some(tenant) = own {
            let known = tenant.mailboxes.iter().any(|mailbox| mailbox.has(to));
            // Directory Based Edge Blocking: an authoritative domain has no other recipients than its own.
            let words = "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)";
            return (!known).then(|| words.to_owned());
        }
        let Some(tenant) = self.tenants.iter().find(|tenant| tenant.knows(peer)) else {
            return Some("550 5.7.64 TenantAttribution; Relay Access Denied SMTP".to_owned());
        };
        if tenant.accepts(domain_of(from)) || peer.names.iter().any(|name| tenant.owns(name)) {
            return None;
        }
        Some("550 5.7.64 Relay Access Denied ATTR36. For more information, see KB 3169958".to_owned())
    }

    /// Why a whole message is refused that says it is from the tenant itself, to the tenant itself.
    pub(super) fn direct_refused(&self, peer: &Peer<'_>, envelope: &Envelope) -> Option<String> {
        self.direct_refused_from(peer, &envelope.from)
    }

    fn direct_refused_from(&self, peer: &Peer<'_>, from: &str) -> Option<String> {
        let from = self.tenants.iter().find(|tenant| tenant.accepts(domain_of(from)))?;
        let words = "550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from \
                     unauthorized sources";
        (from.reject_direct_send && !from.knows(peer)).then(|| words.to_owned())
    }
}

impl Hosts {
    /// What the service has against an address, whoever it talks for (smtp-replies: 5.7.606, 5.7.708).
    fn refused(&self, ip: IpAddr) -> Option<String> {
        let among = |ranges: &[String]| ranges.iter().any(|range| within(range, ip));
        if among(&self.banned) {
            return Some(format!(
                "550 5.7.606 Access denied, banned sending IP [{ip}]. To request removal from this list please visit \
                 https://sender.office.com/ and follow the directions."
            ));
        }
        among(&self.untrusted).then(|| {
            "550 5.7.708 Access denied, traffic not accepted from this IP. For more information please go to \
             http://go.microsoft.com/fwlink/?LinkId=526653 AS(8561)"
                .to_owned()
        })
    }
}

impl Tenant {
    /// What its owner would say of its first connector that is in use, for a profile.
    pub(super) fn describe_connectors(&self, profile: &mut Table) {
        let Some(connector) = self.connectors.iter().find(|connector| !connector.disabled) else { return };
        if !connector.sender_ips.is_empty() {
            profile.insert("connector_ip".to_owned(), Value::String(connector.sender_ips.join(",")));
        }
        if let Some(name) = &connector.certificate_name {
            profile.insert("connector_cert".to_owned(), Value::String(name.clone()));
        }
    }

    /// Whether one of its connectors knows the client.
    fn knows(&self, peer: &Peer<'_>) -> bool {
        self.connectors.iter().any(|connector| connector.knows(peer))
    }

    /// Whether a name is that of an accepted domain, or lies below it.
    fn owns(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        let own = [&self.domain, &self.initial_domain].map(|domain| domain.to_lowercase());
        own.iter().any(|domain| name == *domain || name.ends_with(&format!(".{domain}")))
    }
}

impl Connector {
    fn knows(&self, peer: &Peer<'_>) -> bool {
        if self.disabled || (self.require_tls && !peer.secure) {
            return false;
        }
        let by_address = self.sender_ips.iter().any(|range| within(range, peer.ip));
        let by_name = self
            .certificate_name
            .as_ref()
            .is_some_and(|wanted| peer.names.iter().any(|name| certificate_fits(wanted, name)));
        by_address || by_name
    }
}

/// Whether an address lies in a range of the state.
fn within(range: &str, ip: IpAddr) -> bool {
    Range::parse(range).is_ok_and(|range| range.holds(ip))
}

//! What the state of Exchange names: people, groups, connectors and applications that nobody else knows of.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::without_quoted;
use crate::connector::Range;
use crate::facts::{ExchangeFacts, Visit};

/// Names that may be words like any other are masked where they stand.
pub(super) fn without_names(visit: &mut Visit) {
    if let Some(exchange) = &mut visit.facts.exchange {
        // The names of people, groups and scopes, which nobody else knows.
        let rights = exchange.mailbox_rights.iter_mut().map(|right| &mut right.user);
        for name in rights.chain(exchange.roles.iter_mut().map(|role| &mut role.scope)) {
            "masked".clone_into(name);
        }
        for connector in exchange.connectors.iter_mut().flatten() {
            "masked".clone_into(&mut connector.name);
        }
        for part in &mut exchange.unread {
            part.why = without_quoted(&part.why);
        }
    }
}

/// Domains of its addresses, its own, and those that its connectors look for in a certificate.
pub(super) fn domains(visit: &Visit) -> impl Iterator<Item = Option<String>> {
    let of_address = |address: Option<String>| address.and_then(|a| Some(a.rsplit_once('@')?.1.to_owned()));
    visit.facts.exchange.iter().flat_map(move |state| {
        let tenant = Some(state.tenant.clone()).filter(|tenant| tenant.contains('.'));
        let connectors = state.connectors.iter().flatten().filter_map(|own| own.certificate_name.as_deref());
        let bare = connectors.map(|name| Some(name.trim_start_matches("*.").to_owned()));
        let accepted = state.accepted_domains.iter().flatten().cloned().map(Some);
        named_by(state).map(of_address).chain([tenant]).chain(accepted).chain(bare)
    })
}

/// Every address that it names.
pub(super) fn people(visit: &Visit) -> impl Iterator<Item = Option<String>> {
    // A state of a connector alone names no mailbox.
    let named = visit.facts.exchange.iter().flat_map(named_by);
    named.filter(|name| name.as_deref().is_some_and(|name| !name.is_empty()))
}

fn named_by(state: &ExchangeFacts) -> impl Iterator<Item = Option<String>> {
    let names = [Some(&state.mailbox), state.from.as_ref(), state.primary_smtp_address.as_ref()];
    let more = state.user_principal_name.iter().chain(state.addresses.iter().flatten()).map(Some);
    let account = state.account.iter().map(|account| Some(&account.address));
    names.into_iter().chain(more).chain(account).map(Option::<&String>::cloned)
}

/// Ids of applications and of what stands for them.
pub(super) fn ids(visit: &Visit) -> impl Iterator<Item = Option<String>> {
    visit.facts.exchange.iter().flat_map(|state| {
        let one = [Some(state.tenant.clone()), Some(state.client_id.clone()), state.expected_object_id.clone()];
        let apps = state.ews.iter().flat_map(|ews| ews.allowed_app_ids.iter().flatten());
        let apps = apps.chain(state.account.iter().flat_map(|account| account.allowed_apps.iter().flatten()));
        one.into_iter().chain(state.registered_object_ids.iter().chain(apps).cloned().map(Some))
    })
}

/// Addresses of connectors. A range keeps whether it holds our own address, which has another stand-in than itself.
pub(super) fn addresses(visit: &Visit, names: &mut BTreeMap<String, String>) {
    let ours: Vec<IpAddr> =
        names.iter().filter(|(_, shown)| *shown == "192.0.2.1").filter_map(|(own, _)| own.parse().ok()).collect();
    let connectors = visit.facts.exchange.iter().flat_map(|state| state.connectors.iter().flatten());
    for ips in connectors.flat_map(|own| &own.sender_ips).filter(|ips| !ips.starts_with("127.")) {
        let holds = ours.iter().any(|ours| Range::parse(ips).is_ok_and(|range| range.holds(*ours)));
        let stand_in = if holds { "192.0.2.0/24" } else { "198.51.100.0/24" };
        names.entry(ips.clone()).or_insert_with(|| stand_in.to_owned());
    }
}

//! What the header of the mail that was found names: its sender, the domains of those who vouch for it, and the servers that
//! it passed. All of it was written by servers, so nothing of it is taken for a name that can not be one.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::facts::{ArrivedFacts, Visit};

/// What holds a domain in `Authentication-Results`.
const NAMES_A_DOMAIN: [&str; 5] = ["smtp.mailfrom", "smtp.helo", "header.from", "header.d", "header.i"];
/// Endings of the names of Microsoft's own servers, which tell nothing of whose mail it was.
const SERVERS: [&str; 4] = [".outlook.com", ".office365.com", ".exchangelabs.com", ".microsoft.com"];

fn arrived(visit: &Visit) -> Option<&ArrivedFacts> {
    visit.facts.confirm.as_ref()?.arrived.as_ref()
}

/// Hosts that have no dot by which they could be told from a word.
pub(super) fn without_bare_hosts(visit: &mut Visit) {
    let arrived = visit.facts.confirm.as_mut().and_then(|confirm| confirm.arrived.as_mut());
    for hop in arrived.into_iter().flat_map(|arrived| &mut arrived.hops) {
        for host in [&mut hop.from, &mut hop.by].into_iter().flatten().filter(|host| !host.contains('.')) {
            "host.example".clone_into(host);
        }
    }
}

/// The mailbox that was looked into, and the sender.
pub(super) fn people(visit: &Visit) -> Vec<Option<String>> {
    let looked_into = visit.facts.confirm.as_ref().map(|confirm| confirm.mailbox.clone());
    let sender = arrived(visit).map(|arrived| arrived.from.clone());
    [looked_into, sender].map(|address| address.filter(|address| address.contains('@'))).to_vec()
}

/// Their domains, and those that the receiving side names.
pub(super) fn domains(visit: &Visit) -> Vec<Option<String>> {
    let domain_of = |text: &str| text.rsplit_once('@').map_or(text, |(_, domain)| domain).to_owned();
    let results = arrived(visit).into_iter().flat_map(|arrived| &arrived.authentication).flat_map(|one| &one.results);
    let properties = results.flat_map(|result| &result.properties);
    let named =
        properties.filter(|(name, _)| NAMES_A_DOMAIN.contains(&name.as_str())).map(|(_, value)| domain_of(value));
    let of_people = people(visit).into_iter().flatten().map(|address| domain_of(&address));
    named.chain(of_people).filter(|name| is_name(name)).map(Some).collect()
}

/// The servers on the way, and the address that handed the mail in.
pub(super) fn hosts(visit: &Visit, names: &mut BTreeMap<String, String>) {
    let Some(arrived) = arrived(visit) else { return };
    let own = |host: &String| !SERVERS.iter().any(|server| host.to_lowercase().ends_with(server));
    let hops = arrived.hops.iter().flat_map(|hop| [&hop.from, &hop.by]).flatten();
    let hops = hops.map(|host| host.trim_matches(['[', ']']).to_owned()).filter(own);
    for (n, host) in hops.filter(|host| is_name(host) || is_address(host)).enumerate() {
        names.entry(host).or_insert_with(|| format!("host{}.example", n + 1));
    }
    // Mail from within is said to come from the address of nobody.
    let client = arrived.spam.as_ref().and_then(|spam| spam.client.clone()).filter(|ip| ip != "255.255.255.255");
    let comments = arrived.authentication.iter().flat_map(|one| &one.results).filter_map(|one| one.comment.as_deref());
    let senders = comments.filter_map(|comment| Some(comment.split_once("sender IP is ")?.1.trim().to_owned()));
    for address in senders.chain(client).filter(|text| is_address(text)) {
        names.entry(address).or_insert_with(|| "192.0.2.2".to_owned());
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// Whether a text can be a domain's name, and not a word or a time of our own facts.
fn is_name(text: &str) -> bool {
    let sound =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let last = text.rsplit('.').next().unwrap_or_default();
    text.contains('.') && text.split('.').all(sound) && last.starts_with(|c: char| c.is_ascii_alphabetic())
}

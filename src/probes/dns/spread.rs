//! What the name servers of a zone and the resolver say, side by side.

use std::net::SocketAddr;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, RecordType};

use super::resolver::{Found, exchanger, plain};
use crate::facts::{
    LookupFacts, NameServerFacts, NameServerState, PropagationFacts, RecordSpread, ServersSay, shortened,
};

/// Records of one set that are kept, and as much of each as a person reads.
const MOST_RECORDS: usize = 20;
const LONGEST_RECORD: usize = 500;

/// A record set to be compared.
pub(super) struct Question {
    pub(super) name: String,
    pub(super) kind: RecordType,
    /// Only the texts that begin so count, in small letters; none: all records do.
    pub(super) only: &'static [&'static str],
}

/// An address of one of the zone's servers.
pub(super) struct Server {
    pub(super) name: String,
    pub(super) address: SocketAddr,
}

/// What came of a server: its start of authority, and an answer to each question.
pub(super) struct Heard {
    pub(super) soa: Result<Message, LookupFacts>,
    pub(super) answers: Vec<Option<Vec<String>>>,
}

/// What a server with authority says stands at the name itself; none where it says nothing of it.
pub(super) fn said(question: &Question, message: &Message) -> Option<Vec<String>> {
    let answered = matches!(message.metadata.response_code, ResponseCode::NoError | ResponseCode::NXDomain);
    // Without authority it hands the name on, or repeats what it has heard.
    if !answered || !message.metadata.authoritative {
        return None;
    }
    let own = message.answers.iter().filter(|record| plain(&record.name).eq_ignore_ascii_case(&question.name));
    Some(question.set(own.map(|record| &record.data)))
}

impl Question {
    /// The records as texts, in an order that does not depend on the server.
    fn set<'a>(&self, records: impl Iterator<Item = &'a RData>) -> Vec<String> {
        let wanted = |data: &&RData| data.record_type() == self.kind || data.record_type() == RecordType::CNAME;
        let texts = records.filter(wanted).filter_map(written);
        let counts = |text: &String| self.only.is_empty() || self.only.iter().any(|word| begins(text, word));
        let mut set: Vec<String> = texts.filter(counts).map(|text| shortened(&text, LONGEST_RECORD)).collect();
        set.sort();
        set.dedup();
        set.truncate(MOST_RECORDS);
        set
    }

    /// The same for the resolver, which follows the aliases: the first of them is what stands at the name.
    fn set_of(&self, found: &Found) -> Vec<String> {
        match found.aliases.first() {
            Some(alias) => vec![alias_to(alias)],
            None => self.set(found.records.iter()),
        }
    }
}

fn begins(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// A record as it is compared: letters of names are all the same.
fn written(data: &RData) -> Option<String> {
    match data {
        RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
        RData::MX(_) => {
            exchanger(data.clone()).map(|(preference, host)| format!("{preference} {}", host.to_lowercase()))
        }
        RData::CNAME(target) => Some(alias_to(&plain(&target.0))),
        _ => None,
    }
}

fn alias_to(name: &str) -> String {
    format!("alias of {}", name.to_lowercase())
}

impl Heard {
    pub(super) fn facts(&self, server: &Server) -> NameServerFacts {
        let serial = self.soa.as_ref().ok().and_then(|message| {
            message
                .answers
                .iter()
                .find_map(|record| if let RData::SOA(soa) = &record.data { Some(soa.serial) } else { None })
        });
        let state = match &self.soa {
            Err(LookupFacts::Timeout(_)) => NameServerState::Silent("it does not answer".to_owned()),
            Err(other) => {
                let words = other.to_string();
                let own = format!("{}: ", server.address);
                NameServerState::Silent(words.strip_prefix(&own).unwrap_or(&words).to_owned())
            }
            Ok(message) => match lame(message, serial) {
                Some(why) => NameServerState::Lame(why),
                None => NameServerState::Answers,
            },
        };
        let address = server.address.ip().to_string();
        NameServerFacts { name: server.name.clone(), address, state, serial }
    }
}

/// How an answer shows that the server does not hold the zone.
fn lame(message: &Message, serial: Option<u32>) -> Option<String> {
    let code = message.metadata.response_code;
    let refers = message.authorities.iter().any(|record| record.record_type() == RecordType::NS);
    match code {
        ResponseCode::Refused => Some("it answers REFUSED".to_owned()),
        ResponseCode::ServFail => Some("it answers SERVFAIL".to_owned()),
        ResponseCode::NoError if serial.is_some() && message.metadata.authoritative => None,
        ResponseCode::NoError if serial.is_none() && refers => Some("it sends the client to other servers".to_owned()),
        ResponseCode::NoError if message.metadata.authoritative => {
            Some("it knows no SOA record of the zone".to_owned())
        }
        ResponseCode::NoError => Some("its answer has no authority (no AA flag)".to_owned()),
        other => Some(format!("it answers {other}")),
    }
}

/// Why what was heard says nothing of the servers.
pub(super) fn unseen(heard: &[Heard], from_above: bool) -> Option<String> {
    if heard.is_empty() {
        return Some("the zone's name servers have no address".to_owned());
    }
    let answers: Vec<&Message> = heard.iter().filter_map(|heard| heard.soa.as_ref().ok()).collect();
    // Where the zone above was heard, the way out is open.
    if answers.is_empty() && !from_above {
        return Some("none of the zone's name servers could be reached from here; port 53 may be closed".to_owned());
    }
    // Some networks turn every question on port 53 to a resolver of their own.
    let borrowed = |message: &&Message| message.metadata.recursion_available && !message.metadata.authoritative;
    let words = "a resolver answers here in the place of the zone's name servers";
    (!answers.is_empty() && answers.iter().all(borrowed)).then(|| words.to_owned())
}

pub(super) fn compare(
    mut facts: PropagationFacts,
    questions: &[Question],
    of_resolver: &[Found],
    heard: &[Heard],
) -> PropagationFacts {
    for (at, (question, found)) in questions.iter().zip(of_resolver).enumerate() {
        let mut groups: Vec<ServersSay> = Vec::new();
        for (server, heard) in facts.servers.iter().zip(heard) {
            let Some(records) = heard.answers.get(at).cloned().flatten() else { continue };
            match groups.iter_mut().find(|group| group.records == records) {
                Some(group) => group.servers.push(server.address.clone()),
                None => groups.push(ServersSay { servers: vec![server.address.clone()], records }),
            }
        }
        if groups.is_empty() {
            continue;
        }
        facts.compared += 1;
        let spread = RecordSpread {
            name: question.name.clone(),
            kind: question.kind.to_string(),
            lookup: found.ended.clone(),
            resolver: question.set_of(found),
            ttl: found.ttl,
            servers: groups,
        };
        if spread.servers_disagree() || spread.resolver_is_behind() {
            facts.differing.push(spread);
        }
    }
    facts
}

#[cfg(test)]
mod tests;

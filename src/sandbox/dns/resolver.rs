//! The recursive resolver: from the root down to who knows, with what it still holds from before.

use std::net::IpAddr;
use std::sync::Mutex;

use hickory_proto::dnssec::rdata::DNSKEY;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::opt::EdnsOption;
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::cache::{Cache, Delegation, Entry, Trust};
use super::domains;
use super::serve::answer_to;
use super::sign::Key;
use super::upstream::Upstream;
use crate::sandbox::state::State;

/// Steps that one question may take; an honest one through a signed zone takes some ten.
const MOST_STEPS: u32 = 60;
/// The option of extended errors, and codes of it (RFC 8914 sections 2 and 4).
const EXTENDED_ERROR: u16 = 15;
const BOGUS: u16 = 6;
const NO_REACHABLE_AUTHORITY: u16 = 22;

/// The resolver.
pub(super) struct Recursive {
    pub(super) cache: Mutex<Cache>,
    upstream: Upstream,
    root: IpAddr,
    /// The key that it trusts; none where nothing is signed.
    pub(super) anchor: Option<DNSKEY>,
    fails: Vec<Name>,
    refuses: Vec<Name>,
    silent: Vec<Name>,
}

/// Why there is no answer.
pub(super) enum Trouble {
    /// No server of a zone answered for it, or the way never ended.
    NoAuthority,
    /// The signatures are wrong.
    Bogus(String),
}

/// Steps left.
pub(super) struct Budget(u32);

impl Budget {
    fn spend(&mut self) -> Result<(), Trouble> {
        self.0 = self.0.checked_sub(1).ok_or(Trouble::NoAuthority)?;
        Ok(())
    }
}

/// The end of the aliases.
struct Found {
    code: ResponseCode,
    answers: Vec<Record>,
    authorities: Vec<Record>,
    secure: bool,
}

impl Recursive {
    pub(super) fn new(state: &State, cache: Cache, upstream: Upstream, root: IpAddr, anchor: Option<Key>) -> Self {
        Recursive {
            cache: Mutex::new(cache),
            upstream,
            root,
            anchor: anchor.map(|key| key.public),
            fails: domains(state, |tenant| tenant.dns.fails),
            refuses: domains(state, |tenant| tenant.dns.refuses),
            silent: domains(state, |tenant| tenant.dns.silent),
        }
    }

    /// The answer; none where it keeps silent.
    pub(super) async fn answer(&self, request: &Message) -> Option<Message> {
        let query = request.queries.first()?;
        let within = |zones: &[Name]| zones.iter().any(|zone| zone.zone_of(&query.name));
        let mut message = answer_to(request);
        message.metadata.recursion_available = true;
        if within(&self.silent) {
            return None;
        }
        // What it holds is nobody's business but its clients', who ask for more (RFC 5358).
        let not_ours = matches!(query.query_type, RecordType::AXFR | RecordType::IXFR | RecordType::ANY);
        if within(&self.refuses) || not_ours || !request.metadata.recursion_desired {
            message.metadata.response_code = ResponseCode::Refused;
            return Some(message);
        }
        if within(&self.fails) {
            message.metadata.response_code = ResponseCode::ServFail;
            return Some(message);
        }
        let checked = !request.metadata.checking_disabled;
        match self.look_up(&query.name, query.query_type, checked).await {
            Ok(found) => fill(&mut message, found, query.query_type),
            Err(Trouble::NoAuthority) => fail(&mut message, NO_REACHABLE_AUTHORITY, "no server answers for the zone"),
            Err(Trouble::Bogus(why)) => fail(&mut message, BOGUS, &why),
        }
        Some(message)
    }

    /// Follows the aliases to their end.
    async fn look_up(&self, name: &Name, kind: RecordType, checked: bool) -> Result<Found, Trouble> {
        let mut budget = Budget(MOST_STEPS);
        let mut answers = Vec::new();
        let mut secure = true;
        let mut seen = vec![name.clone()];
        loop {
            let entry = self.entry(&seen[seen.len() - 1], kind, &mut budget).await?;
            secure &= entry.trust == Trust::Secure;
            if let (Trust::Bogus(why), true) = (&entry.trust, checked) {
                return Err(Trouble::Bogus(why.clone()));
            }
            let alias = entry.alias().filter(|_| kind != RecordType::CNAME).cloned();
            answers.extend(entry.records);
            match alias {
                None => return Ok(Found { code: entry.code, answers, authorities: entry.authorities, secure }),
                Some(target) if seen.contains(&target) => return Err(Trouble::NoAuthority),
                Some(target) => seen.push(target),
            }
        }
    }

    /// What stands at a name, held or asked for.
    pub(super) async fn entry(&self, name: &Name, kind: RecordType, budget: &mut Budget) -> Result<Entry, Trouble> {
        if let Some(held) = self.held().get(name, kind) {
            return Ok(held);
        }
        let (zone, message) = Box::pin(self.walk(name, kind, budget)).await?;
        let mut entry = Entry::read(name, kind, message);
        entry.trust = Box::pin(self.judge(&zone, name, kind, &entry, budget)).await?;
        self.held().put(name.clone(), kind, entry.clone());
        Ok(entry)
    }

    /// Walks down to the zone that holds a name; gives the zone and what its server says.
    pub(super) async fn walk(
        &self,
        name: &Name,
        kind: RecordType,
        budget: &mut Budget,
    ) -> Result<(Name, Message), Trouble> {
        // Of DS the zone above knows.
        let from = if kind == RecordType::DS { name.base_name() } else { name.clone() };
        let root = Delegation { zone: Name::root(), servers: vec![(Name::root(), vec![self.root])] };
        let mut at = self.held().enclosing(&from).unwrap_or(root);
        loop {
            budget.spend()?;
            let message = self.ask(&at, name, kind, budget).await?;
            match referral(&at.zone, name, &message) {
                None => return Ok((at.zone, message)),
                Some(below) => {
                    self.held().delegate(below.clone());
                    at = below;
                }
            }
        }
    }

    /// Asks the servers of a zone one after the other, the first first, so that a run is like the one before.
    async fn ask(
        &self,
        at: &Delegation,
        name: &Name,
        kind: RecordType,
        budget: &mut Budget,
    ) -> Result<Message, Trouble> {
        for _ in 0..2 {
            let mut silent = false;
            for (server, glue) in &at.servers {
                let addresses = if glue.is_empty() { self.addresses(server, budget).await? } else { glue.clone() };
                for address in addresses {
                    budget.spend()?;
                    match self.upstream.exchange(address, name, kind, self.anchor.is_some()).await {
                        None => silent = true,
                        Some(message) if answers_for(&at.zone, name, &message) => return Ok(message),
                        // It does not know the zone.
                        Some(_) => {}
                    }
                }
            }
            if !silent {
                break;
            }
        }
        Err(Trouble::NoAuthority)
    }

    async fn addresses(&self, server: &Name, budget: &mut Budget) -> Result<Vec<IpAddr>, Trouble> {
        let entry = Box::pin(self.entry(server, RecordType::A, budget)).await?;
        let address = |record: &Record| if let RData::A(a) = &record.data { Some(IpAddr::V4(a.0)) } else { None };
        Ok(entry.records.iter().filter_map(address).collect())
    }

    pub(super) fn held(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn answers_for(zone: &Name, name: &Name, message: &Message) -> bool {
    let code = message.metadata.response_code;
    let answered = matches!(code, ResponseCode::NoError | ResponseCode::NXDomain);
    answered && (message.metadata.authoritative || referral(zone, name, message).is_some())
}

/// The zone below that an answer hands the question on to. It leads down, or it is none.
fn referral(zone: &Name, name: &Name, message: &Message) -> Option<Delegation> {
    if message.metadata.authoritative || !message.answers.is_empty() {
        return None;
    }
    let servers = message.authorities.iter().filter_map(|record| match &record.data {
        RData::NS(server) => Some((record.name.clone(), server.0.clone())),
        _ => None,
    });
    let servers: Vec<(Name, Name)> = servers.collect();
    let below = servers.first()?.0.clone();
    if below == *zone || !zone.zone_of(&below) || !below.zone_of(name) {
        return None;
    }
    let glue = |server: &Name| -> Vec<IpAddr> {
        let of = message.additionals.iter().filter(|record| record.name == *server && zone.zone_of(server));
        of.filter_map(|record| if let RData::A(a) = &record.data { Some(IpAddr::V4(a.0)) } else { None }).collect()
    };
    let servers = servers.into_iter().map(|(_, server)| (server.clone(), glue(&server))).collect();
    Some(Delegation { zone: below, servers })
}

/// Signatures go to who asks for them (DO), or for nothing else.
fn fill(message: &mut Message, found: Found, kind: RecordType) {
    let wants = message.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok);
    let shown = |record: &Record| {
        let of = record.record_type();
        wants || of == kind || !matches!(of, RecordType::RRSIG | RecordType::NSEC)
    };
    message.metadata.response_code = found.code;
    message.metadata.authentic_data = found.secure && !message.metadata.checking_disabled;
    message.answers = found.answers.into_iter().filter(shown).collect();
    message.authorities = found.authorities.into_iter().filter(shown).collect();
}

fn fail(message: &mut Message, code: u16, words: &str) {
    message.metadata.response_code = ResponseCode::ServFail;
    if let Some(edns) = &mut message.edns {
        let value = [&code.to_be_bytes()[..], words.as_bytes()].concat();
        edns.options_mut().insert(EdnsOption::Unknown(EXTENDED_ERROR, value));
    }
}

//! What the resolver holds, and for how long.

use std::collections::HashMap;
use std::net::IpAddr;
use std::str::FromStr as _;
use std::time::Duration;

use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::SOA;
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::time::Instant;

use super::zone::{Zone, relative};
use crate::sandbox::state::{State, Tenant};

/// Nothing is held for longer than a day, as resolvers do it.
const LONGEST: u32 = 24 * 60 * 60;

/// Answers, zones and keys.
#[derive(Default)]
pub(super) struct Cache {
    entries: HashMap<(Name, RecordType), Entry>,
    zones: HashMap<Name, Delegation>,
    /// The keys of zones; none for one that is not signed.
    pub(super) keys: HashMap<Name, Option<Vec<DNSKEY>>>,
}

/// What stands at a name, or that nothing does.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) code: ResponseCode,
    /// The records of the name, with their signatures.
    pub(super) records: Vec<Record>,
    /// What proves that there are none.
    pub(super) authorities: Vec<Record>,
    pub(super) trust: Trust,
    until: Instant,
}

/// What validation came to.
#[derive(Clone, PartialEq)]
pub(super) enum Trust {
    Insecure,
    Secure,
    Bogus(String),
}

/// A zone and its servers, with the addresses that came along.
#[derive(Clone)]
pub(super) struct Delegation {
    pub(super) zone: Name,
    pub(super) servers: Vec<(Name, Vec<IpAddr>)>,
}

impl Cache {
    /// What the resolver holds from before the tenants' records were changed.
    pub(super) fn holding(state: &State) -> Cache {
        let mut cache = Cache::default();
        for tenant in &state.tenants {
            cache.hold(tenant);
        }
        cache
    }

    fn hold(&mut self, tenant: &Tenant) {
        let zone = Zone::read(&format!("{}.", tenant.domain), &tenant.dns.cached);
        for (name, sets) in &zone.names {
            for (kind, records) in sets {
                let seconds = records.iter().map(|record| record.ttl).min().unwrap_or_default();
                self.put(name.clone(), *kind, Entry::new(ResponseCode::NoError, records.clone(), Vec::new(), seconds));
            }
        }
        for text in &tenant.dns.absent {
            let mut words = text.split_whitespace();
            let name = relative(words.next().unwrap_or("@"), &zone.origin);
            let seconds = words.next().and_then(|word| word.parse().ok());
            let seconds = seconds.unwrap_or_else(|| panic!("`{text}` is not NAME SECONDS TYPE"));
            let kind = words.next().and_then(|word| RecordType::from_str(word).ok());
            let code = if kind.is_some() { ResponseCode::NoError } else { ResponseCode::NXDomain };
            let entry = Entry::new(code, Vec::new(), vec![start(&zone.origin, seconds)], seconds);
            self.put(name, kind.unwrap_or(RecordType::ANY), entry);
        }
    }

    /// What is held of a name: the records wanted, an alias, or that there is no such name.
    pub(super) fn get(&self, name: &Name, kind: RecordType) -> Option<Entry> {
        let held =
            |kind: RecordType| self.entries.get(&(name.clone(), kind)).filter(|entry| entry.until > Instant::now());
        let alias = || held(RecordType::CNAME).filter(|entry| !entry.records.is_empty());
        held(kind).or_else(alias).or_else(|| held(RecordType::ANY)).map(Entry::aged)
    }

    pub(super) fn put(&mut self, name: Name, kind: RecordType, entry: Entry) {
        let kind = if entry.code == ResponseCode::NXDomain { RecordType::ANY } else { entry.kind().unwrap_or(kind) };
        self.entries.insert((name, kind), entry);
    }

    /// The deepest zone known that holds a name.
    pub(super) fn enclosing(&self, name: &Name) -> Option<Delegation> {
        let labels = (0..=usize::from(name.num_labels())).rev();
        labels.map(|labels| name.trim_to(labels)).find_map(|zone| self.zones.get(&zone).cloned())
    }

    pub(super) fn delegate(&mut self, delegation: Delegation) {
        self.zones.insert(delegation.zone.clone(), delegation);
    }
}

impl Entry {
    fn new(code: ResponseCode, records: Vec<Record>, authorities: Vec<Record>, seconds: u32) -> Entry {
        let until = Instant::now() + Duration::from_secs(u64::from(seconds.min(LONGEST)));
        Entry { code, records, authorities, trust: Trust::Insecure, until }
    }

    /// What an authoritative answer says of one name; what it says of others is asked there.
    pub(super) fn read(name: &Name, kind: RecordType, message: Message) -> Entry {
        let at = |wanted: RecordType| -> Vec<Record> {
            let of =
                |record: &&Record| record.name == *name && (record.record_type() == wanted || covers(record, wanted));
            message.answers.iter().filter(of).cloned().collect()
        };
        let mut records = at(kind);
        if records.is_empty() {
            records = at(RecordType::CNAME);
        }
        if !records.is_empty() {
            let seconds = records.iter().map(|record| record.ttl).min().unwrap_or_default();
            // The proof that a wildcard may stand for the name.
            let proof = message.authorities.into_iter().filter(|record| record.record_type() == RecordType::NSEC);
            let proof = proof.collect();
            return Entry::new(ResponseCode::NoError, records, proof, seconds);
        }
        // How long a missing record may be taken for missing (RFC 2308 section 5).
        let seconds = message.authorities.iter().filter_map(|record| match &record.data {
            RData::SOA(soa) => Some(record.ttl.min(soa.minimum)),
            _ => None,
        });
        let seconds = seconds.min().unwrap_or_default();
        Entry::new(message.metadata.response_code, Vec::new(), message.authorities, seconds)
    }

    /// Where the name leads, if it is an alias.
    pub(super) fn alias(&self) -> Option<&Name> {
        self.records.iter().find_map(|record| if let RData::CNAME(to) = &record.data { Some(&to.0) } else { None })
    }

    fn kind(&self) -> Option<RecordType> {
        self.records.iter().map(Record::record_type).find(|kind| *kind != RecordType::RRSIG)
    }

    /// The same with what is left of its time.
    fn aged(&self) -> Entry {
        let left = self.until.saturating_duration_since(Instant::now()).as_secs();
        let left = u32::try_from(left).unwrap_or(LONGEST);
        let mut entry = self.clone();
        for record in entry.records.iter_mut().chain(&mut entry.authorities) {
            record.ttl = record.ttl.min(left);
        }
        entry
    }
}

/// Whether a record is the signature over a set of this type.
pub(super) fn covers(record: &Record, kind: RecordType) -> bool {
    matches!(&record.data, RData::DNSSEC(DNSSECRData::RRSIG(signature)) if signature.input().type_covered == kind)
}

fn start(zone: &Name, seconds: u32) -> Record {
    let name = |label: &str| zone.prepend_label(label).unwrap_or_else(|_| zone.clone());
    let soa = SOA::new(name("ns1"), name("hostmaster"), 1, 3600, 600, 86400, seconds);
    Record::from_rdata(zone.clone(), seconds, RData::SOA(soa))
}

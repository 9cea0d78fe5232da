//! One zone, and what an authoritative server answers out of it (RFC 1034 section 4.3.2).

use std::collections::BTreeMap;
use std::str::FromStr as _;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, RData, Record, RecordType};
use hickory_proto::serialize::txt::Parser;

/// Aliases that are followed within the zone.
const MOST_ALIASES: usize = 8;

/// Record sets of one name, by type.
pub(super) type Sets = BTreeMap<RecordType, Vec<Record>>;

/// A zone. The names stand in the canonical order of RFC 4034 section 6.1.
#[derive(Clone)]
pub(super) struct Zone {
    pub(super) origin: Name,
    pub(super) names: BTreeMap<Name, Sets>,
    /// The signature over each set, where the zone is signed.
    pub(super) signatures: BTreeMap<(Name, RecordType), Record>,
}

/// The sections of an answer.
#[derive(Default)]
pub(super) struct Reply {
    pub(super) code: ResponseCode,
    /// Whether the answer is out of the zone itself (AA), and no reference to another.
    pub(super) authoritative: bool,
    pub(super) answers: Vec<Record>,
    pub(super) authorities: Vec<Record>,
    pub(super) additionals: Vec<Record>,
}

impl Zone {
    /// Reads the text of a zone file.
    pub(super) fn read(origin: &str, text: &str) -> Zone {
        let origin = Name::from_str(origin).expect("a domain of the tenant");
        let names = sets(&origin, text);
        Zone { origin, names, signatures: BTreeMap::new() }
    }

    /// Puts the record sets of another text in the place of its own.
    pub(super) fn lay_over(&mut self, text: &str) {
        for (name, sets) in sets(&self.origin, text) {
            self.names.entry(name).or_default().extend(sets);
        }
    }

    /// Takes a record set out, `NAME TYPE`.
    pub(super) fn take_out(&mut self, what: &str) {
        let wanted = what
            .split_once(' ')
            .and_then(|(name, kind)| Some((relative(name, &self.origin), RecordType::from_str(kind.trim()).ok()?)));
        let (name, kind) = wanted.unwrap_or_else(|| panic!("`{what}` is not NAME TYPE"));
        let emptied = self.names.get_mut(&name).is_some_and(|sets| {
            sets.remove(&kind).unwrap_or_else(|| panic!("the zone has no {what}"));
            sets.is_empty()
        });
        if emptied {
            self.names.remove(&name);
        }
    }

    /// What the zone says to a question; `signed` where signatures are wanted.
    pub(super) fn answer(&self, name: &Name, kind: RecordType, signed: bool) -> Reply {
        let mut reply = Reply { authoritative: true, ..Reply::default() };
        let mut name = name.clone();
        for _ in 0..MOST_ALIASES {
            if let Some(cut) = self.cut(&name, kind) {
                self.refer(&mut reply, &cut, signed);
                return reply;
            }
            let Some((owner, sets)) = self.at(&name) else {
                reply.code = ResponseCode::NXDomain;
                break;
            };
            let wanted = if sets.contains_key(&kind) { kind } else { RecordType::CNAME };
            let Some(records) = sets.get(&wanted) else { break };
            self.put(&mut reply.answers, owner, wanted, &name, signed);
            if signed && *owner != name {
                self.deny(&mut reply, &name, signed);
            }
            let target = records.first().and_then(|record| match &record.data {
                RData::CNAME(target) if kind != RecordType::CNAME => Some(target.0.clone()),
                _ => None,
            });
            match target {
                Some(target) if self.origin.zone_of(&target) => name = target,
                _ => return reply,
            }
        }
        self.put(&mut reply.authorities, &self.origin, RecordType::SOA, &self.origin, signed);
        self.deny(&mut reply, &name, signed);
        reply
    }

    /// The name below the apex at which the zone hands a name on. Of DS the zone above knows (RFC 4035 section 3.1.4.1).
    pub(super) fn cut(&self, name: &Name, kind: RecordType) -> Option<Name> {
        let below = usize::from(self.origin.num_labels()) + 1..=usize::from(name.num_labels());
        let hands_on = |cut: &Name| self.names.get(cut).is_some_and(|sets| sets.contains_key(&RecordType::NS));
        below.map(|labels| name.trim_to(labels)).find(hands_on).filter(|cut| !(kind == RecordType::DS && cut == name))
    }

    /// The sets that answer for a name: its own, none where only names below it have some, or those of a wildcard
    /// (RFC 4592).
    fn at(&self, name: &Name) -> Option<(&Name, &Sets)> {
        static NONE: Sets = Sets::new();
        if let Some(found) = self.names.get_key_value(name) {
            return Some(found);
        }
        let next = self.names.range(name.clone()..).next();
        if let Some((next, _)) = next.filter(|(next, _)| name.zone_of(next)) {
            return Some((next, &NONE));
        }
        self.names.get_key_value(&self.encloser(name).prepend_label("*").ok()?)
    }

    /// The longest name above `name` that exists.
    fn encloser(&self, name: &Name) -> Name {
        let mut above = name.base_name();
        while self.origin != above && self.origin.zone_of(&above) {
            let exists = self.names.range(above.clone()..).next().is_some_and(|(next, _)| above.zone_of(next));
            if exists {
                return above;
            }
            above = above.base_name();
        }
        self.origin.clone()
    }

    fn refer(&self, reply: &mut Reply, cut: &Name, signed: bool) {
        reply.authoritative = !reply.answers.is_empty();
        let servers = self.names.get(cut).and_then(|sets| sets.get(&RecordType::NS)).into_iter().flatten();
        for record in servers {
            reply.authorities.push(record.clone());
            let RData::NS(server) = &record.data else { continue };
            let addresses = self.names.get(&server.0).into_iter().flatten();
            let addresses = addresses.filter(|(kind, _)| matches!(kind, RecordType::A | RecordType::AAAA));
            reply.additionals.extend(addresses.flat_map(|(_, records)| records.clone()));
        }
        let kinds = if signed { &[RecordType::DS, RecordType::NSEC][..] } else { &[] };
        for kind in kinds {
            self.put(&mut reply.authorities, cut, *kind, cut, signed);
        }
    }

    /// Proves that a name is not there, or has no such record: its own NSEC or the one that spans it, and the one that
    /// spans the wildcard (RFC 4035 section 3.1.3).
    fn deny(&self, reply: &mut Reply, name: &Name, signed: bool) {
        if !signed || self.signatures.is_empty() {
            return;
        }
        let wildcard = self.encloser(name).prepend_label("*").unwrap_or_else(|_| name.clone());
        let spans = |name: &Name| {
            let mut before = self.names.range(..=name.clone()).rev();
            before.find(|(_, sets)| sets.contains_key(&RecordType::NSEC)).map(|(owner, _)| owner)
        };
        let mut owners: Vec<&Name> = [spans(name), spans(&wildcard)].into_iter().flatten().collect();
        owners.dedup();
        for owner in owners {
            self.put(&mut reply.authorities, owner, RecordType::NSEC, owner, signed);
        }
    }

    /// Puts a set with its signature into a section, under the name that was asked for.
    fn put(&self, section: &mut Vec<Record>, owner: &Name, kind: RecordType, name: &Name, signed: bool) {
        let set = self.names.get(owner).and_then(|sets| sets.get(&kind)).into_iter().flatten();
        let signature = self.signatures.get(&(owner.clone(), kind)).filter(|_| signed);
        section.extend(set.chain(signature).cloned().map(|mut record| {
            record.name = name.clone();
            record
        }));
    }
}

fn sets(origin: &Name, text: &str) -> BTreeMap<Name, Sets> {
    let parsed = Parser::new(text, None, Some(origin.clone())).parse();
    let (_, parsed) = parsed.unwrap_or_else(|e| panic!("the records of {origin} can not be read: {e}\n{text}"));
    let mut names: BTreeMap<Name, Sets> = BTreeMap::new();
    for (key, set) in parsed {
        let records = set.records_without_rrsigs().cloned().collect();
        names.entry(Name::from(&key.name)).or_default().insert(key.record_type, records);
    }
    names
}

/// A name as it stands in a zone file.
pub(super) fn relative(name: &str, origin: &Name) -> Name {
    if name == "@" {
        return origin.clone();
    }
    Name::parse(name, Some(origin)).unwrap_or_else(|e| panic!("`{name}` is no name: {e}"))
}

//! Whether the signatures of an answer lead up to the key of the root (RFC 4035 section 5).

use hickory_proto::dnssec::Verifier as _;
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, NSEC};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType, SerialNumber};

use super::cache::{Entry, Trust, covers};
use super::resolver::{Budget, Recursive, Trouble};
use super::sign::now;

impl Recursive {
    /// What an answer out of a zone is worth.
    pub(super) async fn judge(
        &self,
        zone: &Name,
        name: &Name,
        kind: RecordType,
        entry: &Entry,
        budget: &mut Budget,
    ) -> Result<Trust, Trouble> {
        let keys = match self.keys(zone, budget).await {
            Ok(Some(keys)) => keys,
            Ok(None) => return Ok(Trust::Insecure),
            Err(Trouble::Bogus(why)) => return Ok(Trust::Bogus(why)),
            Err(other) => return Err(other),
        };
        for section in [&entry.records, &entry.authorities] {
            if let Err(why) = verify(section, zone, &keys) {
                return Ok(Trust::Bogus(why));
            }
        }
        if entry.records.is_empty() && !is_denied(name, kind, &entry.authorities) {
            return Ok(Trust::Bogus(format!("nothing proves that {name} has no {kind}")));
        }
        Ok(Trust::Secure)
    }

    /// The keys of a zone, proven; none where the zone above says that it is not signed.
    async fn keys(&self, zone: &Name, budget: &mut Budget) -> Result<Option<Vec<DNSKEY>>, Trouble> {
        let Some(anchor) = &self.anchor else { return Ok(None) };
        if let Some(held) = self.held().keys.get(zone) {
            return Ok(held.clone());
        }
        let above = if zone.is_root() { None } else { Some(self.entry(zone, RecordType::DS, budget).await?) };
        let trusted = |key: &DNSKEY| match &above {
            None => key == anchor,
            Some(entry) => entry.records.iter().any(|record| match &record.data {
                RData::DNSSEC(DNSSECRData::DS(ds)) => ds.covers(zone, key).unwrap_or(false),
                _ => false,
            }),
        };
        match above.as_ref().map(|entry| &entry.trust) {
            Some(Trust::Bogus(why)) => return Err(Trouble::Bogus(why.clone())),
            Some(Trust::Insecure) => return Ok(None),
            _ if above.as_ref().is_some_and(|entry| entry.records.is_empty()) => {
                self.held().keys.insert(zone.clone(), None);
                return Ok(None);
            }
            _ => {}
        }
        let (_, message) = self.walk(zone, RecordType::DNSKEY, budget).await?;
        let keys = message.answers.iter().filter_map(|record| match &record.data {
            RData::DNSSEC(DNSSECRData::DNSKEY(key)) => Some(key.clone()),
            _ => None,
        });
        let keys: Vec<DNSKEY> = keys.collect();
        let entries: Vec<DNSKEY> = keys.iter().filter(|key| trusted(key)).cloned().collect();
        if entries.is_empty() {
            return Err(Trouble::Bogus(format!("no key of {zone} is the one that the zone above names")));
        }
        verify(&message.answers, zone, &entries).map_err(Trouble::Bogus)?;
        self.held().keys.insert(zone.clone(), Some(keys.clone()));
        Ok(Some(keys))
    }
}

/// Whether each set of a section carries a signature that holds.
fn verify(section: &[Record], zone: &Name, keys: &[DNSKEY]) -> Result<(), String> {
    let mut sets: Vec<(&Name, RecordType)> = Vec::new();
    for record in section.iter().filter(|record| record.record_type() != RecordType::RRSIG) {
        let set = (&record.name, record.record_type());
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    for (name, kind) in sets {
        let of = |record: &&Record| record.name == *name;
        let set: Vec<&Record> = section.iter().filter(of).filter(|record| record.record_type() == kind).collect();
        let mut why = format!("{name} {kind} is not signed");
        let holds = section.iter().filter(of).filter(|record| covers(record, kind)).any(|signature| {
            holds(signature, &set, zone, keys).map_err(|e| why = format!("{name} {kind}: {e}")).is_ok()
        });
        if !holds {
            return Err(why);
        }
    }
    Ok(())
}

fn holds(signature: &Record, set: &[&Record], zone: &Name, keys: &[DNSKEY]) -> Result<(), String> {
    let RData::DNSSEC(DNSSECRData::RRSIG(signature)) = &signature.data else { return Err("no signature".to_owned()) };
    let input = signature.input();
    let now = SerialNumber::new(now());
    if input.signer_name != *zone {
        return Err(format!("signed by {}", input.signer_name));
    }
    if input.sig_expiration < now || now < input.sig_inception {
        return Err("the time of the signature is over".to_owned());
    }
    let name = &set[0].name;
    let verified = keys.iter().any(|key| {
        key.calculate_key_tag().is_ok_and(|tag| tag == input.key_tag)
            && key.verify_rrsig(name, DNSClass::IN, signature, set.iter().copied()).is_ok()
    });
    if verified { Ok(()) } else { Err("no key of the zone made the signature".to_owned()) }
}

/// Whether the NSEC records of a section say that a name, or this type of it, is not there.
fn is_denied(name: &Name, kind: RecordType, section: &[Record]) -> bool {
    section.iter().any(|record| match &record.data {
        RData::DNSSEC(DNSSECRData::NSEC(nsec)) => {
            let own = record.name == *name && !nsec.type_bit_maps().any(|of| of == kind || of == RecordType::CNAME);
            own || spans(&record.name, nsec, name)
        }
        _ => false,
    })
}

fn spans(owner: &Name, nsec: &NSEC, name: &Name) -> bool {
    let next = nsec.next_domain_name();
    // The last one of a zone leads back to its apex.
    owner < name && (name < next || next <= owner)
}

//! Signs a zone: a key, the chain of names that exist, and a signature over each set (RFC 4033 to 4035).

use std::time::{SystemTime, UNIX_EPOCH};

use hickory_proto::dnssec::crypto::EcdsaSigningKey;
use hickory_proto::dnssec::rdata::sig::SigInput;
use hickory_proto::dnssec::rdata::{DNSKEY, DNSSECRData, DS, NSEC, RRSIG};
use hickory_proto::dnssec::{Algorithm, DigestType, SigningKey, TBS};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType, SerialNumber};

use super::zone::Zone;
use crate::sandbox::state::Dnssec;

/// What every validator knows (RFC 8624 section 3.1).
const ALGORITHM: Algorithm = Algorithm::ECDSAP256SHA256;
/// A zone key that is an entry point as well (RFC 4034 section 2.1.1): one key does for a zone of this size.
const FLAGS: u16 = 257;
const TTL: u32 = 3600;
const DAY: u32 = 24 * 60 * 60;

/// A zone's key.
pub(super) struct Key {
    secret: EcdsaSigningKey,
    pub(super) public: DNSKEY,
}

impl Key {
    /// A new one.
    pub(super) fn new() -> Key {
        let pkcs8 = EcdsaSigningKey::generate_pkcs8(ALGORITHM).expect("the system has randomness");
        let secret = EcdsaSigningKey::from_pkcs8(&pkcs8, ALGORITHM).expect("a key that was just made");
        let public = DNSKEY::with_flags(FLAGS, secret.to_public_key().expect("its public half"));
        Key { secret, public }
    }

    /// Puts what the zone above says of the key into that zone.
    pub(super) fn announce(&self, zone: &Name, above: &mut Zone) {
        let digest = self.public.to_digest(zone, DigestType::SHA256).expect("SHA-256 is known");
        let tag = self.public.calculate_key_tag().expect("a key has a tag");
        let ds = DS::new(tag, ALGORITHM, DigestType::SHA256, digest.as_ref().to_vec());
        let record = Record::from_rdata(zone.clone(), TTL, RData::DNSSEC(DNSSECRData::DS(ds)));
        above.names.entry(zone.clone()).or_default().insert(RecordType::DS, vec![record]);
    }

    /// Signs a zone whole.
    pub(super) fn sign(&self, zone: &mut Zone, how: Dnssec) {
        let data = RData::DNSSEC(DNSSECRData::DNSKEY(self.public.clone()));
        let record = Record::from_rdata(zone.origin.clone(), TTL, data);
        let origin = zone.origin.clone();
        zone.names.entry(origin).or_default().insert(RecordType::DNSKEY, vec![record]);
        chain(zone);
        let now = now();
        let (from, until) =
            if how == Dnssec::Expired { (now - 30 * DAY, now - DAY) } else { (now - DAY, now + 30 * DAY) };
        let other = Key::new();
        let secret = if how == Dnssec::OtherKey { &other.secret } else { &self.secret };
        let mut signatures = Vec::new();
        for (name, sets) in &zone.names {
            let cut = zone.cut(name, RecordType::NS);
            for (kind, records) in sets {
                let signed = match &cut {
                    None => true,
                    Some(cut) => cut == name && matches!(*kind, RecordType::DS | RecordType::NSEC),
                };
                if signed {
                    signatures
                        .push(((name.clone(), *kind), self.signature(secret, &zone.origin, records, from, until)));
                }
            }
        }
        zone.signatures = signatures.into_iter().collect();
    }

    fn signature(&self, secret: &EcdsaSigningKey, zone: &Name, set: &[Record], from: u32, until: u32) -> Record {
        let first = &set[0];
        let input = SigInput {
            type_covered: first.record_type(),
            algorithm: ALGORITHM,
            num_labels: first.name.num_labels(),
            original_ttl: first.ttl,
            sig_expiration: SerialNumber::new(until),
            sig_inception: SerialNumber::new(from),
            key_tag: self.public.calculate_key_tag().expect("a key has a tag"),
            signer_name: zone.clone(),
        };
        let octets = TBS::from_input(&first.name, DNSClass::IN, &input, set.iter()).expect("a set that can be written");
        let signature = RRSIG::from_sig(input, secret.sign(&octets).expect("the key signs"));
        Record::from_rdata(first.name.clone(), first.ttl, RData::DNSSEC(DNSSECRData::RRSIG(signature)))
    }
}

/// Puts the chain of NSEC records into a zone; the addresses of servers below a cut are not its own.
fn chain(zone: &mut Zone) {
    let own = |name: &&Name| zone.cut(name, RecordType::NS).is_none_or(|cut| cut == **name);
    let names: Vec<Name> = zone.names.keys().filter(own).cloned().collect();
    for (at, name) in names.iter().enumerate() {
        let next = names.get(at + 1).unwrap_or(&names[0]).clone();
        let Some(sets) = zone.names.get_mut(name) else { continue };
        let nsec = NSEC::new_cover_self(next, sets.keys().copied().collect::<Vec<_>>());
        let record = Record::from_rdata(name.clone(), TTL, RData::DNSSEC(DNSSECRData::NSEC(nsec)));
        sets.insert(RecordType::NSEC, vec![record]);
    }
}

/// Seconds since 1970, in the arithmetic of signatures (RFC 4034 section 3.1.5).
pub(super) fn now() -> u32 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    u32::try_from(elapsed % (1 << 32)).unwrap_or_default()
}

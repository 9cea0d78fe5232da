//! An authoritative server: its zones, and how it behaves for each.

use std::collections::HashMap;
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType, rdata::NS};

use super::zone::{Reply, Zone};
use crate::sandbox::state::{Lame, NameServer};

/// A server.
#[derive(Default)]
pub(super) struct Authority {
    zones: HashMap<Name, Served>,
}

/// A zone of its, and its manner there.
struct Served {
    zone: Zone,
    silent: bool,
    lame: Option<Lame>,
    delay: Duration,
}

impl Authority {
    /// Serves a zone as this server is wont to.
    pub(super) fn add(&mut self, zone: Zone, manner: &NameServer) {
        let delay = Duration::from_millis(manner.delay);
        let served = Served { silent: manner.silent, lame: manner.lame, delay, zone };
        self.zones.insert(served.zone.origin.clone(), served);
    }

    /// The answer; none where it keeps silent.
    pub(super) async fn answer(&self, request: &Message) -> Option<Message> {
        let query = request.queries.first()?;
        let mut message = super::serve::answer_to(request);
        let Some(served) = self.zone_of(&query.name) else {
            message.metadata.response_code = ResponseCode::Refused;
            return Some(message);
        };
        if served.silent {
            return None;
        }
        tokio::time::sleep(served.delay).await;
        let wants = request.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok);
        let reply = match served.lame {
            Some(Lame::Refused) => Reply { code: ResponseCode::Refused, ..Reply::default() },
            Some(Lame::Failing) => Reply { code: ResponseCode::ServFail, ..Reply::default() },
            Some(Lame::Upwards) => Reply { authorities: vec![root_server()], ..Reply::default() },
            Some(Lame::NotAuthoritative) => {
                Reply { authoritative: false, ..served.zone.answer(&query.name, query.query_type, wants) }
            }
            None if matches!(query.query_type, RecordType::AXFR | RecordType::IXFR) => {
                Reply { code: ResponseCode::Refused, ..Reply::default() }
            }
            None => served.zone.answer(&query.name, query.query_type, wants),
        };
        message.metadata.response_code = reply.code;
        message.metadata.authoritative = reply.authoritative;
        message.answers = reply.answers;
        message.authorities = reply.authorities;
        message.additionals = reply.additionals;
        Some(message)
    }

    fn zone_of(&self, name: &Name) -> Option<&Served> {
        let labels = (0..=usize::from(name.num_labels())).rev();
        labels.map(|labels| name.trim_to(labels)).find_map(|zone| self.zones.get(&zone))
    }
}

fn root_server() -> Record {
    let name = Name::from_ascii("ns.root.").expect("a name");
    Record::from_rdata(Name::root(), 3600, RData::NS(NS(name)))
}

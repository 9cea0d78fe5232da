//! Whom to ask, how much at once, and what to make of an answer.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::cache::{Cache, Reply};
use super::wire::{exchange, exchange_unvalidated, failure};
use crate::cloud::Cloud;
use crate::facts::LookupFacts;

/// Questions that one server has before it at once, from all domains of a list: BIND lets a client wait with some
/// hundreds, and small routers forward 150 (dnsmasq's `--dns-forward-max`).
const MOST_IN_FLIGHT: usize = 128;

/// Questions that a name server of a domain has before it at once, from all domains of a list: it is a stranger's, and
/// many limit how often one client is answered (BIND's `rate-limit`).
const MOST_AT_STRANGERS: usize = 32;

/// Whom to ask, and what was answered: what the domains of one run share.
pub struct Questions {
    servers: Vec<Server>,
    /// Who that is, for a person.
    pub(super) label: String,
    pub(super) cache: Cache,
    /// For the domains' own name servers.
    pub(super) rooms: Rooms,
}

/// How many questions are before each server; a server is forgotten when none is.
#[derive(Default)]
pub(super) struct Rooms(Mutex<HashMap<SocketAddr, Weak<Semaphore>>>);

impl Rooms {
    /// Waits for room for one more.
    pub(super) async fn at(&self, server: SocketAddr) -> OwnedSemaphorePermit {
        let room = {
            let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let known = rooms.get(&server).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                rooms.retain(|_, room| room.strong_count() > 0);
                let room = Arc::new(Semaphore::new(MOST_AT_STRANGERS));
                rooms.insert(server, Arc::downgrade(&room));
                room
            })
        };
        room.acquire_owned().await.expect("nobody closes it")
    }
}

struct Server {
    address: SocketAddr,
    room: Semaphore,
}

impl Questions {
    /// For the resolver of a cloud, or of the system.
    pub fn of(cloud: &Cloud) -> Questions {
        let (servers, label) = servers(cloud);
        Questions::to(servers, label)
    }

    pub(super) fn to(servers: Vec<SocketAddr>, label: String) -> Questions {
        let server = |address| Server { address, room: Semaphore::new(MOST_IN_FLIGHT) };
        Questions {
            servers: servers.into_iter().map(server).collect(),
            label,
            cache: Cache::default(),
            rooms: Rooms::default(),
        }
    }

    /// Asks one server after the other, each twice over UDP.
    pub(super) async fn ask(&self, name: &Name, kind: RecordType) -> Reply {
        let mut last = LookupFacts::Failed("no DNS server is configured".to_owned());
        for round in 0..2 {
            for server in &self.servers {
                match server.ask(name, kind).await {
                    Ok(reply) => return reply,
                    Err(ended) => last = ended,
                }
            }
            if round == 0 && !matches!(last, LookupFacts::Timeout(_)) {
                break;
            }
        }
        Reply::failed(last)
    }
}

impl Server {
    /// Asks, and where the server fails for no reason that it gives, finds out whether its validation is to blame.
    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Reply, LookupFacts> {
        // It is closed by nobody.
        let _room = self.room.acquire().await;
        let message = exchange(self.address, name, kind, true).await?;
        let Some(LookupFacts::ServerFailure(words)) = failure(&message) else { return Ok(reply(message, kind)) };
        let unvalidated = exchange_unvalidated(self.address, name, kind).await;
        if !unvalidated.is_ok_and(|message| matches!(failure(&message), None | Some(LookupFacts::NoSuchName))) {
            return Ok(reply(message, kind));
        }
        // A server that only stumbled answers now.
        let again = exchange(self.address, name, kind, true).await?;
        if !matches!(failure(&again), Some(LookupFacts::ServerFailure(_))) {
            return Ok(reply(again, kind));
        }
        let words = format!("{words}; without validation (CD) the same server answers");
        Ok(Reply::failed(LookupFacts::Bogus(words)))
    }
}

/// What an answer holds that is looked at.
fn reply(message: Message, kind: RecordType) -> Reply {
    let (failure, authentic) = (failure(&message), message.metadata.authentic_data);
    let of_answers = message.answers.iter().map(|record| record.ttl).min();
    // How long it is known that there is nothing (RFC 2308 section 5).
    let of_nothing = message.authorities.iter().find_map(|record| match &record.data {
        RData::SOA(soa) => Some(soa.minimum.min(record.ttl)),
        _ => None,
    });
    let (records, others): (Vec<_>, Vec<_>) =
        message.answers.into_iter().map(|record| record.data).partition(|data| data.record_type() == kind);
    let ttl = [of_answers, of_nothing].into_iter().flatten().min().unwrap_or(0);
    let targets = others.into_iter().filter_map(super::resolver::alias).collect();
    Reply { failure, records, targets, authentic, ttl, at: std::time::Instant::now() }
}

fn servers(cloud: &Cloud) -> (Vec<SocketAddr>, String) {
    if let Some(address) = cloud.resolver {
        return (vec![address], address.to_string());
    }
    let configured = hickory_resolver::system_conf::read_system_conf().map(|(config, _)| config);
    let mut servers: Vec<SocketAddr> = Vec::new();
    for server in configured.iter().flat_map(hickory_resolver::config::ResolverConfig::name_servers) {
        let address = SocketAddr::new(server.ip, 53);
        if !servers.contains(&address) {
            servers.push(address);
        }
    }
    (servers, "the system's resolver".to_owned())
}

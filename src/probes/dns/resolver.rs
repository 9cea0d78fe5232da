//! An answer, followed through its aliases. Each look-up says how it ended.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hickory_proto::rr::{Name, RData, RecordType};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::cache::Reply;
use super::questions::Questions;
use crate::cloud::Cloud;
use crate::facts::LookupFacts;
use crate::spf::{Answer, Lookup, LookupFailure};

/// Aliases followed by hand where the server does not follow them itself.
const MOST_ALIASES: usize = 8;
/// Looks names up, until its time has run out.
pub(crate) struct Resolver {
    questions: Arc<Questions>,
    deadline: Instant,
}

impl Resolver {
    /// The resolver of a run; after `limit` nothing is waited for.
    pub(super) fn of(cloud: &Cloud, limit: Duration) -> Resolver {
        Resolver::sharing(Arc::new(Questions::of(cloud)), limit)
    }

    /// The same, which shares its answers with others.
    pub(super) fn sharing(questions: Arc<Questions>, limit: Duration) -> Resolver {
        Resolver { questions, deadline: Instant::now() + limit }
    }

    /// One server alone, for so long.
    pub(crate) fn at(server: SocketAddr, limit: Duration) -> Resolver {
        Resolver::sharing(Arc::new(Questions::to(vec![server], server.to_string())), limit)
    }

    /// Waits until one more question may be put to a server that is none of the resolver's.
    pub(super) async fn room_at(&self, server: SocketAddr) -> OwnedSemaphorePermit {
        self.questions.rooms.at(server).await
    }

    /// Who is asked, for a person.
    pub(super) fn label(&self) -> &str {
        &self.questions.label
    }

    pub(super) async fn texts(&self, name: &str) -> (LookupFacts, Vec<String>) {
        let answer = self.ask(name, RecordType::TXT).await;
        let texts = answer.records.into_iter().filter_map(text);
        (answer.ended, texts.map(|octets| String::from_utf8_lossy(&octets).into_owned()).collect())
    }

    /// The one name that `name` is an alias of.
    pub(super) async fn alias(&self, name: &str) -> (LookupFacts, Option<String>) {
        let answer = self.ask(name, RecordType::CNAME).await;
        (answer.ended, answer.records.into_iter().find_map(alias).map(|target| plain(&target)))
    }

    pub(super) async fn ask(&self, name: &str, kind: RecordType) -> Found {
        // By labels: macros of SPF can put blanks and backslashes into a name, which a parser of text would read otherwise.
        let Ok(mut wanted) = Name::from_labels(name.trim_end_matches('.').split('.').map(str::as_bytes)) else {
            return Found::nothing(LookupFacts::NoSuchName);
        };
        wanted.set_fqdn(true);
        self.follow(wanted, kind).await
    }

    /// The start of authority of the root.
    pub(super) async fn ask_root(&self) -> Found {
        self.follow(Name::root(), RecordType::SOA).await
    }

    async fn follow(&self, mut wanted: Name, kind: RecordType) -> Found {
        let mut found = Found::nothing(LookupFacts::Failed(format!("more than {MOST_ALIASES} aliases")));
        for step in 0..MOST_ALIASES {
            let reply = self.query(&wanted, kind).await;
            found.authentic = reply.authentic;
            found.ttl = if step == 0 { reply.ttl_left() } else { found.ttl.min(reply.ttl_left()) };
            let room = MOST_ALIASES.saturating_sub(found.aliases.len());
            found.aliases.extend(reply.targets.iter().take(room).map(plain));
            if let Some(failed) = &reply.failure {
                return Found { ended: failed.clone(), ..found };
            }
            if !reply.records.is_empty() {
                return Found { ended: LookupFacts::Found, records: reply.records.clone(), ..found };
            }
            match reply.targets.last() {
                Some(target) => wanted = target.clone(),
                None => return Found { ended: LookupFacts::NoSuchType, ..found },
            }
        }
        Found { authentic: false, ..found }
    }

    async fn query(&self, name: &Name, kind: RecordType) -> Arc<Reply> {
        let asked = self.questions.cache.get(name, kind, self.questions.ask(name, kind));
        let late =
            |_| Arc::new(Reply::failed(LookupFacts::Timeout(format!("{} did not answer in time", self.label()))));
        timeout_at(self.deadline, asked).await.unwrap_or_else(late)
    }

    async fn values<T>(&self, name: &str, kind: RecordType, pick: fn(RData) -> Option<T>) -> Answer<T> {
        let answer = self.ask(name, kind).await;
        match answer.ended {
            LookupFacts::Found => Ok(answer.records.into_iter().filter_map(pick).collect()),
            LookupFacts::NoSuchType => Ok(Vec::new()),
            LookupFacts::NoSuchName => Err(LookupFailure::NoSuchName),
            other => Err(LookupFailure::Temporary(other.to_string())),
        }
    }
}

/// All of them at once; the results stand in the order of the work.
pub(super) async fn together<T>(work: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut work: Vec<_> = work.into_iter().map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (one, result) in &mut work {
            if result.is_none() {
                match one.as_mut().poll(context) {
                    Poll::Ready(value) => *result = Some(value),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    work.into_iter().filter_map(|(_, result)| result).collect()
}

pub(super) struct Found {
    pub(super) ended: LookupFacts,
    pub(super) records: Vec<RData>,
    /// The names that the one asked for leads to, in the order in which they were read.
    pub(super) aliases: Vec<String>,
    /// Whether the server says that it has validated the last answer (the AD flag, RFC 4035 section 3.2.3).
    pub(super) authentic: bool,
    /// Seconds for which all of it still holds, the answer and the aliases that lead to it; of a look-up that found
    /// nothing, for which that holds.
    pub(super) ttl: u32,
}

impl Found {
    fn nothing(ended: LookupFacts) -> Found {
        Found { ended, records: Vec::new(), aliases: Vec::new(), authentic: false, ttl: 0 }
    }
}

impl Lookup for Resolver {
    async fn txt(&self, name: &str) -> Answer<Vec<u8>> {
        self.values(name, RecordType::TXT, text).await
    }

    async fn a(&self, name: &str) -> Answer<Ipv4Addr> {
        self.values(name, RecordType::A, |data| if let RData::A(a) = data { Some(a.0) } else { None }).await
    }

    async fn aaaa(&self, name: &str) -> Answer<Ipv6Addr> {
        self.values(name, RecordType::AAAA, |data| if let RData::AAAA(a) = data { Some(a.0) } else { None }).await
    }

    async fn mx(&self, name: &str) -> Answer<(u16, String)> {
        self.values(name, RecordType::MX, exchanger).await
    }

    async fn ptr(&self, ip: IpAddr) -> Answer<String> {
        let name = Name::from(ip).to_ascii();
        self.values(&name, RecordType::PTR, |data| if let RData::PTR(p) = data { Some(plain(&p.0)) } else { None })
            .await
    }
}

pub(super) fn alias(data: RData) -> Option<Name> {
    if let RData::CNAME(target) = data { Some(target.0) } else { None }
}

fn text(data: RData) -> Option<Vec<u8>> {
    if let RData::TXT(text) = data { Some(text.txt_data.concat()) } else { None }
}

pub(super) fn exchanger(data: RData) -> Option<(u16, String)> {
    if let RData::MX(mx) = data { Some((mx.preference, plain(&mx.exchange))) } else { None }
}

/// A name without its final dot.
pub(super) fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
}

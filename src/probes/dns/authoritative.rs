//! The domain's own name servers, asked one by one, and compared with the resolver.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::time::{Instant, timeout, timeout_at};

use super::DomainJob;
use super::resolver::{Resolver, plain, together};
use super::spread::{Heard, Question, Server, compare, said, unseen};
use super::wire::exchange;
use crate::facts::{LookupFacts, PropagationFacts};
use crate::spf::Lookup as _;

/// Addresses that are asked; a zone has two to four servers, and thirteen at most are usual.
const MOST_SERVERS: usize = 8;
/// Names that are looked at to find the zone; an honest domain has up to five labels.
const MOST_LABELS: usize = 8;
/// Servers of the zone above that are asked one after the other.
const MOST_ABOVE: usize = 2;
/// Selectors that are compared; more are looked up without.
const MOST_SELECTORS: usize = 6;
/// How long a server is waited for before it is asked once more: a name server answers out of its memory, from the other
/// side of the world within half a second.
const PATIENCE: Duration = Duration::from_millis(1500);

/// A zone and its servers.
#[derive(Default)]
struct Zone {
    name: String,
    hosts: Vec<String>,
    /// Addresses that came along.
    glue: Vec<(String, IpAddr)>,
    /// Whether a server of the zone above said so, because nobody else did.
    from_above: bool,
}

impl Resolver {
    /// Asks the servers of the zone for each record that is looked at; none where the cloud says not to.
    pub(super) async fn propagation(&self, job: &DomainJob<'_>) -> Option<PropagationFacts> {
        let port = job.cloud.name_server_port.filter(|_| !job.without.name_servers)?;
        let until = Instant::now() + job.limit;
        let questions = questions(job);
        let heard = AtomicBool::new(false);
        let of_resolver = together(questions.iter().map(|question| self.ask(&question.name, question.kind)));
        let of_servers = async {
            let zone = self.zone_of(job.domain, port, until, &heard).await?;
            let (servers, left_out) = self.servers_of(&zone, port).await;
            let ask = |server| self.hear(server, &zone.name, &questions, until, &heard);
            let all = together(servers.iter().map(ask)).await;
            Ok::<_, String>((zone, servers, left_out, all))
        };
        let (of_resolver, of_servers) = tokio::join!(of_resolver, of_servers);
        let (zone, servers, left_out, heard) = match of_servers {
            Ok(found) => found,
            Err(why) => return Some(PropagationFacts { not_seen: Some(why), ..PropagationFacts::default() }),
        };
        let facts = PropagationFacts {
            not_seen: unseen(&heard, zone.from_above),
            from_above: zone.from_above,
            servers: servers.iter().zip(&heard).map(|(server, heard)| heard.facts(server)).collect(),
            servers_left_out: left_out,
            zone: Some(zone.name),
            ..PropagationFacts::default()
        };
        if facts.not_seen.is_some() {
            return Some(facts);
        }
        Some(compare(facts, &questions, &of_resolver, &heard))
    }

    /// The zone that holds a name: the nearest name, going up, that has NS records. Where they can not be had, because
    /// nobody answers for the zone, the servers of the zone above say to whom they hand it on.
    async fn zone_of(&self, domain: &str, port: u16, until: Instant, heard: &AtomicBool) -> Result<Zone, String> {
        let starts = std::iter::once(0).chain(domain.match_indices('.').map(|(at, _)| at + 1));
        let names: Vec<&str> = starts.map(|at| &domain[at..]).take(MOST_LABELS).collect();
        let mut broken: Option<(&str, LookupFacts)> = None;
        for (name, found) in names.iter().zip(together(names.iter().map(|name| self.ask(name, RecordType::NS))).await) {
            // The servers behind an alias are those of another domain.
            if !found.aliases.is_empty() {
                continue;
            }
            match (found.ended, &broken) {
                (LookupFacts::Found, None) if name.contains('.') => {
                    let hosts = sorted(found.records.iter().filter_map(host));
                    return Ok(Zone { name: (*name).to_owned(), hosts, ..Zone::default() });
                }
                (LookupFacts::Found, Some((below, _))) => {
                    let hosts = sorted(found.records.iter().filter_map(host));
                    if let Some(zone) = self.handed_on(below, &hosts, port, until, heard).await {
                        return Ok(zone);
                    }
                    break;
                }
                (LookupFacts::Found | LookupFacts::NoSuchName | LookupFacts::NoSuchType, _) => {}
                (other, None) => broken = Some((name, other)),
                (_, Some(_)) => {}
            }
        }
        Err(match broken {
            Some((name, ended)) => format!("the name servers of {name} could not be learnt: {ended}"),
            // A zone of one label is a registry's.
            None => format!("neither {domain} nor a domain above it is a zone of its own"),
        })
    }

    /// To whom the servers of a zone hand on what lies below it.
    async fn handed_on(
        &self,
        below: &str,
        above: &[String],
        port: u16,
        until: Instant,
        heard: &AtomicBool,
    ) -> Option<Zone> {
        let of_above = Zone { hosts: above.to_vec(), ..Zone::default() };
        let (servers, _) = self.servers_of(&of_above, port).await;
        for server in servers.iter().take(MOST_ABOVE) {
            let asked = self.ask_server(server.address, below, RecordType::NS, until, heard);
            let Ok(message) = asked.await else { continue };
            let rows = message.authorities.iter().chain(&message.answers);
            let rows = rows.filter_map(|record| Some((plain(&record.name).to_lowercase(), host(&record.data)?)));
            let rows: Vec<(String, String)> = rows.filter(|(zone, _)| is_at_or_above(zone, below)).collect();
            let Some((name, _)) = rows.first().cloned() else { continue };
            let hosts = sorted(rows.into_iter().map(|(_, host)| host));
            let glue = message.additionals.iter().filter_map(|record| match &record.data {
                RData::A(a) => Some((plain(&record.name).to_lowercase(), IpAddr::V4(a.0))),
                RData::AAAA(a) => Some((plain(&record.name).to_lowercase(), IpAddr::V6(a.0))),
                _ => None,
            });
            return Some(Zone { name, hosts, glue: glue.collect(), from_above: true });
        }
        None
    }

    /// Addresses of servers, the first of each before further ones, and how many more there are.
    async fn servers_of(&self, zone: &Zone, port: u16) -> (Vec<Server>, u32) {
        let one = async |host: &String| -> Vec<IpAddr> {
            let known = zone.glue.iter().filter(|(name, _)| name == host).map(|(_, address)| *address);
            let known: Vec<IpAddr> = known.collect();
            if !known.is_empty() {
                return known;
            }
            let (a, aaaa) = tokio::join!(self.a(host), self.aaaa(host));
            a.into_iter().flatten().map(IpAddr::V4).chain(aaaa.into_iter().flatten().map(IpAddr::V6)).collect()
        };
        // More names than addresses that are asked need not be looked up.
        let asked = &zone.hosts[..zone.hosts.len().min(MOST_SERVERS)];
        let found = together(asked.iter().map(one)).await;
        let most = found.iter().map(Vec::len).max().unwrap_or_default();
        let mut servers: Vec<Server> = Vec::new();
        for turn in 0..most {
            for (host, address) in asked.iter().zip(&found).filter_map(|(host, ips)| Some((host, *ips.get(turn)?))) {
                let address = SocketAddr::new(address, port);
                if servers.iter().all(|known| known.address != address) {
                    servers.push(Server { name: host.clone(), address });
                }
            }
        }
        let more = servers.len().saturating_sub(MOST_SERVERS) + (zone.hosts.len() - asked.len());
        servers.truncate(MOST_SERVERS);
        (servers, u32::try_from(more).unwrap_or(u32::MAX))
    }

    /// Asks one server for its start of authority and for everything else at once.
    async fn hear(
        &self,
        server: &Server,
        zone: &str,
        questions: &[Question],
        until: Instant,
        heard: &AtomicBool,
    ) -> Heard {
        let answers = together(questions.iter().map(async |question| {
            let message = self.ask_server(server.address, &question.name, question.kind, until, heard).await.ok()?;
            said(question, &message)
        }));
        let soa = self.ask_server(server.address, zone, RecordType::SOA, until, heard);
        let (soa, answers) = tokio::join!(soa, answers);
        Heard { soa, answers }
    }

    /// One question without recursion, put twice where the first is lost and anybody was heard: where nobody is, a network
    /// that lets no questions out is more likely, and is not waited for twice.
    async fn ask_server(
        &self,
        server: SocketAddr,
        name: &str,
        kind: RecordType,
        until: Instant,
        heard: &AtomicBool,
    ) -> Result<Message, LookupFacts> {
        let labels = name.split('.').map(str::as_bytes);
        let mut name = Name::from_labels(labels).map_err(|e| LookupFacts::Failed(e.to_string()))?;
        name.set_fqdn(true);
        let silent = || LookupFacts::Timeout("no answer".to_owned());
        // Whoever waits for others to have had their answers has not been kept waiting by the server.
        let room = timeout_at(until, self.room_at(server)).await.map_err(|_| silent())?;
        for _ in 0..2 {
            let left = until.saturating_duration_since(Instant::now()).min(PATIENCE);
            if let Ok(ended) = timeout(left, exchange(server, &name, kind, false)).await {
                heard.fetch_or(ended.is_ok(), Ordering::Relaxed);
                return ended;
            }
            if !heard.load(Ordering::Relaxed) {
                break;
            }
        }
        drop(room);
        Err(silent())
    }
}

fn questions(job: &DomainJob<'_>) -> Vec<Question> {
    let domain = job.domain;
    let all = |name: String, kind: RecordType| Question { name, kind, only: &[] };
    let texts = Question { name: domain.to_owned(), kind: RecordType::TXT, only: &["v=spf1", "ms="] };
    let mut questions = vec![all(domain.to_owned(), RecordType::MX), texts];
    for label in ["_dmarc", "_mta-sts", "_smtp._tls"] {
        questions.push(all(format!("{label}.{domain}"), RecordType::TXT));
    }
    let selectors = super::dkim::OF_MICROSOFT.into_iter().chain(job.selectors.iter().map(String::as_str));
    let mut selectors: Vec<&str> = selectors.take(MOST_SELECTORS).collect();
    selectors.dedup();
    questions.extend(selectors.iter().map(|one| all(format!("{one}._domainkey.{domain}"), RecordType::TXT)));
    questions.push(all(format!("autodiscover.{domain}"), RecordType::CNAME));
    questions
}

fn host(data: &RData) -> Option<String> {
    if let RData::NS(server) = data { Some(plain(&server.0).to_lowercase()) } else { None }
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.dedup();
    names
}

/// Whether a zone is that of a name or lies above it; the root and the registries' do not count.
fn is_at_or_above(zone: &str, name: &str) -> bool {
    let name = name.to_lowercase();
    zone.contains('.') && name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

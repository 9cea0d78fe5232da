//! The wire: own questions over UDP, TCP after truncation, each with how it ended.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::Poll;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use hickory_proto::serialize::binary::{BinDecodable as _, BinEncodable as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout, timeout_at};

use crate::cloud::Cloud;
use crate::facts::LookupFacts;
use crate::spf::{Answer, Lookup, LookupFailure};

/// How long one datagram is waited for before it is sent again; the system's resolver waits 5 s.
const PATIENCE: Duration = Duration::from_secs(3);
/// The UDP payload we take: DNS Flag Day 2020's 1232 octets, which no path breaks up.
const UDP_PAYLOAD: u16 = 1232;
/// Aliases followed by hand where the server does not follow them itself.
const MOST_ALIASES: usize = 8;

/// Whom to ask.
pub(crate) struct Resolver {
    servers: Vec<SocketAddr>,
    /// Who that is, for a person.
    pub(super) label: String,
    deadline: Instant,
}

impl Resolver {
    /// The resolver of a run; after `limit` nothing is waited for.
    pub(super) fn of(cloud: &Cloud, limit: Duration) -> Resolver {
        let (servers, label) = servers(cloud);
        Resolver { servers, label, deadline: Instant::now() + limit }
    }

    /// One server alone, for so long.
    pub(crate) fn at(server: SocketAddr, limit: Duration) -> Resolver {
        Resolver { servers: vec![server], label: server.to_string(), deadline: Instant::now() + limit }
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
        let mut aliases: Vec<String> = Vec::new();
        let mut ttl = u32::MAX;
        for _ in 0..MOST_ALIASES {
            let message = match self.query(&wanted, kind).await {
                Ok(message) => message,
                Err(ended) => return Found { aliases, ..Found::nothing(ended) },
            };
            let (ended, authentic) = (failure(&message), message.metadata.authentic_data);
            ttl = ttl.min(time_left(&message));
            let (records, others): (Vec<_>, Vec<_>) =
                message.answers.into_iter().map(|record| record.data).partition(|data| data.record_type() == kind);
            let targets: Vec<Name> = others.into_iter().filter_map(alias).collect();
            let room = MOST_ALIASES.saturating_sub(aliases.len());
            aliases.extend(targets.iter().take(room).map(plain));
            if let Some(ended) = ended {
                return Found { aliases, authentic, ttl, ..Found::nothing(ended) };
            }
            if !records.is_empty() {
                return Found { ended: LookupFacts::Found, records, aliases, authentic, ttl };
            }
            match targets.into_iter().next_back() {
                Some(target) => wanted = target,
                None => return Found { aliases, authentic, ttl, ..Found::nothing(LookupFacts::NoSuchType) },
            }
        }
        Found { aliases, ..Found::nothing(LookupFacts::Failed(format!("more than {MOST_ALIASES} aliases"))) }
    }

    /// Asks one server after the other, each twice over UDP.
    async fn query(&self, name: &Name, kind: RecordType) -> Result<Message, LookupFacts> {
        let mut last = LookupFacts::Failed("no DNS server is configured".to_owned());
        for round in 0..2 {
            for server in &self.servers {
                match timeout_at(self.deadline, exchange(*server, name, kind, true)).await {
                    Ok(Ok(message)) => return Ok(message),
                    Ok(Err(ended)) => last = ended,
                    Err(_) => return Err(LookupFacts::Timeout(format!("{server} did not answer in time"))),
                }
            }
            if round == 0 && !matches!(last, LookupFacts::Timeout(_)) {
                break;
            }
        }
        Err(last)
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

pub(super) struct Found {
    pub(super) ended: LookupFacts,
    pub(super) records: Vec<RData>,
    /// The names that the one asked for leads to, in the order in which they were read.
    pub(super) aliases: Vec<String>,
    /// Whether the server says that it has validated the last answer (the AD flag, RFC 4035 section 3.2.3).
    pub(super) authentic: bool,
    /// Seconds for which the server goes on to say so: the least of the records on the way, or how long it takes the
    /// records for missing (RFC 2308 section 5).
    pub(super) ttl: u32,
}

impl Found {
    fn nothing(ended: LookupFacts) -> Found {
        Found { ended, records: Vec::new(), aliases: Vec::new(), authentic: false, ttl: 0 }
    }
}

fn time_left(message: &Message) -> u32 {
    let records = message.answers.iter().map(|record| record.ttl);
    let missing = message.authorities.iter().filter_map(|record| match &record.data {
        RData::SOA(soa) => Some(record.ttl.min(soa.minimum)),
        _ => None,
    });
    records.chain(missing).min().unwrap_or_default()
}

fn failure(message: &Message) -> Option<LookupFacts> {
    match message.metadata.response_code {
        ResponseCode::NoError => None,
        ResponseCode::NXDomain => Some(LookupFacts::NoSuchName),
        ResponseCode::ServFail => Some(LookupFacts::ServerFailure("SERVFAIL".to_owned())),
        ResponseCode::Refused => Some(LookupFacts::Refused("REFUSED".to_owned())),
        other => Some(LookupFacts::Failed(other.to_string())),
    }
}

/// One question to one server, with or without the wish that it asks others.
pub(super) async fn exchange(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
    recursion: bool,
) -> Result<Message, LookupFacts> {
    // From the system's random source: an answer is only believed that carries it.
    let id = u16::from_be_bytes(uuid::Uuid::new_v4().as_bytes()[..2].try_into().unwrap_or_default());
    let mut question = Message::new(id, MessageType::Query, OpCode::Query);
    question.metadata.recursion_desired = recursion;
    // Asks for the flag in the answer (RFC 6840 section 5.7).
    question.metadata.authentic_data = true;
    let query = Query::query(name.clone(), kind);
    question.add_query(query.clone());
    let mut edns = Edns::new();
    edns.set_max_payload(UDP_PAYLOAD);
    question.set_edns(edns);
    let octets = question.to_bytes().map_err(|e| LookupFacts::Failed(e.to_string()))?;
    let failed = |e: std::io::Error| LookupFacts::Failed(format!("{server}: {e}"));
    let silent = || LookupFacts::Timeout(format!("{server} did not answer"));
    let answer =
        timeout(PATIENCE, over_udp(server, id, &query, &octets)).await.map_err(|_| silent())?.map_err(failed)?;
    if !answer.metadata.truncation {
        return Ok(answer);
    }
    timeout(PATIENCE, over_tcp(server, id, &query, &octets)).await.map_err(|_| silent())?.map_err(failed)
}

/// Whether a message answers our question: an echo of the question has its number too.
fn answers(message: &Message, id: u16, query: &Query) -> bool {
    let asked = message.queries.first().is_none_or(|of| of == query);
    message.metadata.id == id && message.metadata.message_type == MessageType::Response && asked
}

async fn over_udp(server: SocketAddr, id: u16, query: &Query, question: &[u8]) -> std::io::Result<Message> {
    let local: SocketAddr =
        if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(local).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        let length = socket.recv(&mut buffer).await?;
        // Anything else on this port was not asked for.
        if let Ok(answer) = Message::from_bytes(&buffer[..length])
            && answers(&answer, id, query)
        {
            return Ok(answer);
        }
    }
}

async fn over_tcp(server: SocketAddr, id: u16, query: &Query, question: &[u8]) -> std::io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let mut framed = u16::try_from(question.len()).unwrap_or(0).to_be_bytes().to_vec();
    framed.extend_from_slice(question);
    stream.write_all(&framed).await?;
    let length = stream.read_u16().await?;
    let mut buffer = vec![0; usize::from(length)];
    stream.read_exact(&mut buffer).await?;
    let answer = Message::from_bytes(&buffer).map_err(std::io::Error::other)?;
    if answers(&answer, id, query) {
        return Ok(answer);
    }
    Err(std::io::Error::other("what came is no answer to the question"))
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

fn alias(data: RData) -> Option<Name> {
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

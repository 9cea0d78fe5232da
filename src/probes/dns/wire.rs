//! The wire: one question to one server over UDP, over TCP after truncation, with a socket of its own each time.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::{Name, RecordType};
use hickory_proto::serialize::binary::{BinDecodable as _, BinEncodable as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::facts::{LookupFacts, shortened};

/// How long one datagram is waited for before it is sent again; the system's resolver waits 5 s.
const PATIENCE: Duration = Duration::from_secs(3);
/// The UDP payload we take: DNS Flag Day 2020's 1232 octets, which no path breaks up.
const UDP_PAYLOAD: u16 = 1232;
/// The longest datagram there is; some send more than was asked for.
const LONGEST_DATAGRAM: usize = 65_535;
/// The option in which a server says more than its code does (RFC 8914 section 2).
const EXTENDED_ERROR: u16 = 15;
/// Extended errors of one answer that are kept, and as much of a server's text as a person reads.
const MOST_ERRORS: usize = 3;
const LONGEST_ERROR: usize = 200;

/// Asks one server: over UDP, and over TCP where the answer is cut short. With `recursion`, the server is to find the
/// answer out; without, it is to say what it has itself.
pub(super) async fn exchange(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
    recursion: bool,
) -> Result<Message, LookupFacts> {
    send(server, &Question::new(name, kind, recursion, false)?).await
}

/// The same question to a resolver that is not to validate the answer (CD, RFC 4035 section 3.2.2).
pub(super) async fn exchange_unvalidated(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
) -> Result<Message, LookupFacts> {
    send(server, &Question::new(name, kind, true, true)?).await
}

/// What an answer says failed; none when it is an answer.
pub(super) fn failure(message: &Message) -> Option<LookupFacts> {
    let code = message.metadata.response_code;
    let words = |code: &str| match extended(message) {
        said if said.is_empty() => code.to_owned(),
        said => format!("{code}; {}", said.iter().map(Extended::words).collect::<Vec<_>>().join("; ")),
    };
    match code {
        ResponseCode::NoError => None,
        ResponseCode::NXDomain => Some(LookupFacts::NoSuchName),
        ResponseCode::ServFail if extended(message).iter().any(Extended::is_bogus) => {
            Some(LookupFacts::Bogus(words("SERVFAIL")))
        }
        ResponseCode::ServFail => Some(LookupFacts::ServerFailure(words("SERVFAIL"))),
        ResponseCode::Refused => Some(LookupFacts::Refused(words("REFUSED"))),
        other => Some(LookupFacts::Failed(words(&other.to_string()))),
    }
}

struct Question {
    id: u16,
    query: Query,
    octets: Vec<u8>,
}

impl Question {
    fn new(name: &Name, kind: RecordType, recursion: bool, unvalidated: bool) -> Result<Question, LookupFacts> {
        // From the system's random source: an answer is only believed that carries it.
        let id = u16::from_be_bytes(uuid::Uuid::new_v4().as_bytes()[..2].try_into().unwrap_or_default());
        let mut message = Message::new(id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = recursion;
        message.metadata.checking_disabled = unvalidated;
        // Asks for the flag in the answer (RFC 6840 section 5.7).
        message.metadata.authentic_data = true;
        let query = Query::query(name.clone(), kind);
        message.add_query(query.clone());
        let mut edns = Edns::new();
        edns.set_max_payload(UDP_PAYLOAD);
        message.set_edns(edns);
        let octets = message.to_bytes().map_err(|e| LookupFacts::Failed(e.to_string()))?;
        Ok(Question { id, query, octets })
    }

    /// Whether a message answers it: an echo of the question has its number too.
    fn is_answered_by(&self, message: &Message) -> bool {
        let asked = message.queries.first().is_none_or(|of| *of == self.query);
        message.metadata.id == self.id && message.metadata.message_type == MessageType::Response && asked
    }
}

async fn send(server: SocketAddr, question: &Question) -> Result<Message, LookupFacts> {
    let failed = |e: std::io::Error| LookupFacts::Failed(format!("{server}: {e}"));
    let silent = |_| LookupFacts::Timeout(format!("{server} did not answer"));
    let answer = timeout(PATIENCE, over_udp(server, question)).await.map_err(silent)?.map_err(failed)?;
    if !answer.metadata.truncation {
        return Ok(answer);
    }
    let cut = |why: &str| LookupFacts::Truncated(format!("{server}: cut short over UDP, and over TCP {why}"));
    match timeout(PATIENCE, over_tcp(server, question)).await {
        Ok(Ok(answer)) if answer.metadata.truncation => Err(cut("it is too")),
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(e)) => Err(cut(&format!("it does not come: {e}"))),
        Err(_) => Err(cut("nothing came in time")),
    }
}

async fn over_udp(server: SocketAddr, question: &Question) -> std::io::Result<Message> {
    let local: SocketAddr =
        if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    // A port of its own for each question: beside the number, that is what an answer must guess (RFC 5452 section 4.5).
    let socket = UdpSocket::bind(local).await?;
    socket.connect(server).await?;
    socket.send(&question.octets).await?;
    loop {
        socket.readable().await?;
        // No buffer is held while the question waits.
        let mut buffer = vec![0; LONGEST_DATAGRAM];
        let length = match socket.try_recv(&mut buffer) {
            Ok(length) => length,
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(e) => return Err(e),
        };
        // Anything else on this port was not asked for.
        if let Ok(answer) = Message::from_bytes(&buffer[..length])
            && question.is_answered_by(&answer)
        {
            return Ok(answer);
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &Question) -> std::io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let mut framed = u16::try_from(question.octets.len()).unwrap_or(0).to_be_bytes().to_vec();
    framed.extend_from_slice(&question.octets);
    stream.write_all(&framed).await?;
    let length = stream.read_u16().await?;
    let mut buffer = vec![0; usize::from(length)];
    stream.read_exact(&mut buffer).await?;
    let answer = Message::from_bytes(&buffer).map_err(std::io::Error::other)?;
    if question.is_answered_by(&answer) {
        return Ok(answer);
    }
    Err(std::io::Error::other("what came is no answer to the question"))
}

/// An error that a server explains (RFC 8914).
struct Extended {
    code: u16,
    text: String,
}

impl Extended {
    /// Whether it says that the answer is not what its signatures vouch for.
    fn is_bogus(&self) -> bool {
        (6..=12).contains(&self.code)
    }

    fn words(&self) -> String {
        let name = NAMES.get(usize::from(self.code)).copied().unwrap_or("unknown to this program");
        let text = if self.text.is_empty() { String::new() } else { format!(": {}", self.text) };
        format!("Extended DNS Error {} ({name}){text}", self.code)
    }
}

fn extended(message: &Message) -> Vec<Extended> {
    let options = message.edns.iter().flat_map(|edns| &edns.options().options);
    let own = options.filter(|(code, _)| *code == EdnsCode::Unknown(EXTENDED_ERROR));
    let read = own.filter_map(|(_, option)| {
        let EdnsOption::Unknown(_, octets) = option else { return None };
        let (code, text) = octets.split_first_chunk::<2>()?;
        // One that ends in a zero octet is allowed (RFC 8914 section 2).
        let text = String::from_utf8_lossy(text);
        let text = shortened(text.trim_end_matches('\0'), LONGEST_ERROR);
        Some(Extended { code: u16::from_be_bytes(*code), text })
    });
    read.take(MOST_ERRORS).collect()
}

/// By number (RFC 8914 section 4).
const NAMES: [&str; 25] = [
    "Other",
    "Unsupported DNSKEY Algorithm",
    "Unsupported DS Digest Type",
    "Stale Answer",
    "Forged Answer",
    "DNSSEC Indeterminate",
    "DNSSEC Bogus",
    "Signature Expired",
    "Signature Not Yet Valid",
    "DNSKEY Missing",
    "RRSIGs Missing",
    "No Zone Key Bit Set",
    "NSEC Missing",
    "Cached Error",
    "Not Ready",
    "Blocked",
    "Censored",
    "Filtered",
    "Prohibited",
    "Stale NXDOMAIN Answer",
    "Not Authoritative",
    "Not Supported",
    "No Reachable Authority",
    "Network Error",
    "Invalid Data",
];

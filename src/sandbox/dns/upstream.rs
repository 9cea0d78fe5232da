//! How the resolver asks other servers.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, UdpSocket};
use tokio::time::timeout;

use super::authority::Authority;

/// The servers are on the same machine, so whoever is silent for so long keeps silent; and a client that waits for 3 s is
/// still there when the second server was asked.
const PATIENCE: Duration = Duration::from_secs(1);
/// As of DNS Flag Day 2020.
const DATAGRAM: u16 = 1232;

/// The way to the servers.
pub(super) enum Upstream {
    /// By sockets, from an address of the resolver's own.
    Sockets { near: IpAddr, port: u16 },
    /// Within the process.
    Inside(HashMap<IpAddr, Arc<Authority>>),
}

impl Upstream {
    /// One question to one server; none where nothing came.
    pub(super) async fn exchange(
        &self,
        server: IpAddr,
        name: &Name,
        kind: RecordType,
        signed: bool,
    ) -> Option<Message> {
        let question = question(name, kind, signed);
        match self {
            Upstream::Inside(authorities) => authorities.get(&server)?.answer(&question).await,
            Upstream::Sockets { near, port } => {
                let server = SocketAddr::new(server, *port);
                let octets = question.to_vec().ok()?;
                let ours = |answer: &Message| {
                    answer.metadata.id == question.metadata.id
                        && answer.metadata.message_type == MessageType::Response
                        && answer.queries == question.queries
                };
                let answer = timeout(PATIENCE, over_udp(*near, server, &octets, ours)).await.ok()?.ok()?;
                if !answer.metadata.truncation {
                    return Some(answer);
                }
                timeout(PATIENCE, over_tcp(*near, server, &octets)).await.ok()?.ok().filter(ours)
            }
        }
    }
}

fn question(name: &Name, kind: RecordType, signed: bool) -> Message {
    let id = u16::from_be_bytes(uuid::Uuid::new_v4().as_bytes()[..2].try_into().unwrap_or_default());
    let mut question = Message::new(id, MessageType::Query, OpCode::Query);
    question.add_query(Query::query(name.clone(), kind));
    let mut edns = Edns::new();
    edns.set_max_payload(DATAGRAM);
    edns.set_dnssec_ok(signed);
    question.set_edns(edns);
    question
}

async fn over_udp(
    near: IpAddr,
    server: SocketAddr,
    question: &[u8],
    ours: impl Fn(&Message) -> bool,
) -> std::io::Result<Message> {
    let socket = UdpSocket::bind((near, 0)).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut buffer = vec![0; usize::from(DATAGRAM)];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if let Ok(answer) = Message::from_vec(&buffer[..length])
            && ours(&answer)
        {
            return Ok(answer);
        }
    }
}

async fn over_tcp(near: IpAddr, server: SocketAddr, question: &[u8]) -> std::io::Result<Message> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((near, 0).into())?;
    let mut stream = socket.connect(server).await?;
    stream.set_nodelay(true)?;
    let mut framed = u16::try_from(question.len()).unwrap_or_default().to_be_bytes().to_vec();
    framed.extend_from_slice(question);
    stream.write_all(&framed).await?;
    let mut buffer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut buffer).await?;
    Message::from_vec(&buffer).map_err(std::io::Error::other)
}

//! The sockets of a server: datagrams and connections in, answers out.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, ResponseCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::Service;

/// What fits into a datagram: 512 octets without EDNS (RFC 1035 section 4.2.1); and with it as much as both sides take,
/// the server no more than DNS Flag Day 2020 says.
const PLAIN_DATAGRAM: u16 = 512;
const OWN_DATAGRAM: u16 = 1232;
/// Nobody keeps a TCP connection to a resolver open for long.
const IDLE: Duration = Duration::from_secs(5);
/// Questions and connections that are worked at, each; more wait.
const MOST: usize = 512;

/// Who asks from here sits beside the server, with no network in between.
#[derive(Clone, Copy)]
pub(super) struct Network {
    pub(super) rtt: Duration,
    pub(super) near: Option<IpAddr>,
}

impl Network {
    async fn cross(self, peer: IpAddr) {
        if self.near != Some(peer) && !self.rtt.is_zero() {
            sleep(self.rtt).await;
        }
    }
}

/// Answers datagrams until it is dropped.
pub(super) async fn datagrams(socket: UdpSocket, service: Arc<Service>, network: Network) {
    let socket = Arc::new(socket);
    let places = Arc::new(Semaphore::new(MOST));
    let mut tasks = JoinSet::new();
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        while tasks.try_join_next().is_some() {}
        // An answer to a client that went away comes back as an error of the next read.
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else { continue };
        let question = buffer[..length].to_vec();
        let place = places.clone().acquire_owned().await.expect("the semaphore is never closed");
        let (socket, service) = (socket.clone(), service.clone());
        tasks.spawn(async move {
            let _place = place;
            network.cross(peer.ip()).await;
            let Some((request, answer)) = answered(&service, &question).await else { return };
            let room = request.edns.as_ref().map_or(PLAIN_DATAGRAM, |edns| edns.max_payload().clamp(512, OWN_DATAGRAM));
            if let Some(octets) = written(&answer, usize::from(room)) {
                let _ = socket.send_to(&octets, peer).await;
            }
        });
    }
}

/// Answers over TCP until it is dropped.
pub(super) async fn connections(listener: TcpListener, service: Arc<Service>, network: Network) {
    let places = Arc::new(Semaphore::new(MOST));
    let mut tasks = JoinSet::new();
    loop {
        while tasks.try_join_next().is_some() {}
        let place = places.clone().acquire_owned().await.expect("the semaphore is never closed");
        let Ok((stream, peer)) = listener.accept().await else {
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        let service = service.clone();
        tasks.spawn(async move {
            let _place = place;
            // The handshake of TCP takes a round trip of its own.
            network.cross(peer.ip()).await;
            let _ = connection(stream, peer.ip(), &service, network).await;
        });
    }
}

async fn connection(mut stream: TcpStream, peer: IpAddr, service: &Service, network: Network) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let length = timeout(IDLE, stream.read_u16()).await??;
        let mut question = vec![0; usize::from(length)];
        timeout(IDLE, stream.read_exact(&mut question)).await??;
        network.cross(peer).await;
        let Some((_, answer)) = answered(service, &question).await else { continue };
        let Some(octets) = written(&answer, usize::from(u16::MAX)) else { continue };
        let mut framed = u16::try_from(octets.len()).unwrap_or_default().to_be_bytes().to_vec();
        framed.extend(octets);
        stream.write_all(&framed).await?;
    }
}

async fn answered(service: &Service, question: &[u8]) -> Option<(Message, Message)> {
    let request = Message::from_vec(question).ok()?;
    // An answer to an answer would go round for ever.
    if request.metadata.message_type != MessageType::Query {
        return None;
    }
    let answer = if request.queries.len() == 1 {
        service.answer(&request).await?
    } else {
        let mut malformed = answer_to(&request);
        malformed.metadata.response_code = ResponseCode::FormErr;
        malformed
    };
    Some((request, answer))
}

/// The frame of an answer; EDNS where the question had it (RFC 6891 section 6.1.1).
pub(super) fn answer_to(request: &Message) -> Message {
    let mut message = Message::response(request.metadata.id, request.metadata.op_code);
    message.metadata.recursion_desired = request.metadata.recursion_desired;
    message.metadata.checking_disabled = request.metadata.checking_disabled;
    message.add_queries(request.queries.clone());
    if let Some(asked) = &request.edns {
        let mut edns = Edns::new();
        edns.set_max_payload(OWN_DATAGRAM);
        edns.set_dnssec_ok(asked.flags().dnssec_ok);
        message.set_edns(edns);
    }
    message
}

/// The octets; what does not fit is left out and said so (TC).
fn written(answer: &Message, room: usize) -> Option<Vec<u8>> {
    let octets = answer.to_vec().ok()?;
    if octets.len() <= room {
        return Some(octets);
    }
    let mut short = answer.truncate();
    short.metadata.truncation = true;
    short.to_vec().ok()
}

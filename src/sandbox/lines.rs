//! What IMAP and POP share: implicit TLS, lines in and out, the login string, and the faults of the wire.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rustls::ServerConfig;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::grants::Opening;
use super::serve::{Door, Wire as Stream};
use super::state::{Delivered, Place};
use super::wire::MailboxWire;
use super::{Shared, imap, pop};
use crate::facts::MailboxStage;
use crate::road::Road;

/// The service ends an idle session after half an hour or so; nobody here waits that long.
const IDLE: Duration = Duration::from_mins(5);
/// A token in base64 has some kilobytes.
const LONGEST_LINE: u64 = 16 * 1024;
/// A challenge as other servers send it (RFC 7628 section 3.2.2).
const CHALLENGE: &str = r#"{"status":"401","schemes":"bearer","scope":"mail"}"#;

/// The session is over.
pub(super) struct Over;

/// One connection under TLS.
pub(super) struct Lines {
    stream: BufReader<Box<dyn Stream>>,
    state: Shared,
    wire: MailboxWire,
    road: Road,
}

/// Serves sessions of this road until it is dropped.
pub(super) async fn serve(listener: TcpListener, tls: Arc<ServerConfig>, state: Shared, rtt: Duration, road: Road) {
    let door = Door::new(listener, rtt);
    let acceptor = TlsAcceptor::from(tls);
    loop {
        let (stream, _, place) = door.next().await;
        let (acceptor, state) = (acceptor.clone(), state.clone());
        tokio::spawn(async move {
            let _place = place;
            let Ok(Ok(secured)) = timeout(IDLE, acceptor.accept(stream)).await else { return };
            let wire = {
                let state = state.lock().unwrap_or_else(PoisonError::into_inner);
                if road == Road::Pop { state.wire.pop.clone() } else { state.wire.imap.clone() }
            };
            let mut lines = Lines { stream: BufReader::new(Box::new(secured)), state, wire, road };
            let _ = if road == Road::Pop { pop::session(&mut lines).await } else { imap::session(&mut lines).await };
            let _ = lines.stream.get_mut().shutdown().await;
        });
    }
}

impl Lines {
    /// What is offered, where the scenario says so.
    pub(super) fn offers(&self) -> Option<&str> {
        self.wire.offers.as_deref()
    }

    /// Reads one line, without its end.
    pub(super) async fn line(&mut self) -> Result<String, Over> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.stream).take(LONGEST_LINE);
        match timeout(IDLE, bounded.read_until(b'\n', &mut line)).await {
            Ok(Ok(length)) if length > 0 && line.ends_with(b"\n") => {
                Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
            }
            _ => Err(Over),
        }
    }

    /// Reads so many octets.
    pub(super) async fn octets(&mut self, count: usize) -> Result<Vec<u8>, Over> {
        let mut octets = vec![0; count];
        match timeout(IDLE, self.stream.read_exact(&mut octets)).await {
            Ok(Ok(_)) => Ok(octets),
            _ => Err(Over),
        }
    }

    /// Says a line, or several with CRLF between them.
    pub(super) async fn say(&mut self, reply: &str) -> Result<(), Over> {
        self.say_octets(format!("{reply}\r\n").as_bytes()).await
    }

    pub(super) async fn say_octets(&mut self, octets: &[u8]) -> Result<(), Over> {
        let stream = self.stream.get_mut();
        let written = async {
            stream.write_all(octets).await?;
            stream.flush().await
        };
        match timeout(IDLE, written).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Over),
        }
    }

    /// The fault that the wire has for a stage: true when it has answered in the place of the service.
    pub(super) async fn misbehaves(&mut self, stage: MailboxStage, tag: &str) -> Result<bool, Over> {
        if self.wire.silent_at == Some(stage) {
            tokio::time::sleep(IDLE).await;
            return Err(Over);
        }
        if self.wire.closes_at == Some(stage) {
            return Err(Over);
        }
        if self.wire.says_at != Some(stage) {
            return Ok(false);
        }
        let says = self.wire.says.replace("TAG", tag);
        self.say(&says).await?;
        Ok(true)
    }

    /// Judges a login string, with the challenge before a refusal where the scenario has one.
    pub(super) async fn judge(&mut self, blob: &str) -> Result<Opening, Over> {
        let plain =
            STANDARD.decode(blob.trim()).ok().and_then(|octets| String::from_utf8(octets).ok()).unwrap_or_default();
        let mut fields = plain.split('\u{1}');
        let user = fields.find_map(|field| field.strip_prefix("user=")).unwrap_or_default();
        let token = fields.find_map(|field| field.strip_prefix("auth=Bearer ")).unwrap_or_default();
        let opening = {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.open_mailbox(self.road, user, token, Timestamp::now().as_second() + state.clock_ahead)
        };
        if opening == Opening::Refused && self.wire.challenges {
            self.say(&format!("+ {}", STANDARD.encode(CHALLENGE))).await?;
            self.line().await?;
        }
        Ok(opening)
    }

    /// The mails of a folder as they are now.
    pub(super) fn mails(&self, address: &str, place: Place) -> Vec<Delivered> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.find_mailbox(address).map(|mailbox| mailbox.looked_into(place)).unwrap_or_default()
    }
}

/// What stands in brackets behind the greeting: which server it is, in base64.
pub(super) fn server_note() -> String {
    STANDARD.encode("AM0PR01CA0042.EURPRD01.PROD.EXCHANGELABS.TEST")
}

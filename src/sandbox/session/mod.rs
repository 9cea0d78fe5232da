//! One SMTP session (RFC 5321, RFC 3207, RFC 4954), with Exchange Online's words (microsoft-facts J.2).

mod exchanger;
mod limits;
mod login;
mod transaction;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::server::danger::ClientCertVerifier;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::Shared;
use super::ca;
use super::mail::Envelope;
use super::serve::Wire as Stream;
use super::wire::Wire;
use crate::facts::Stage;

/// Exchange Online ends an idle session after ten minutes or so; nobody here waits that long.
const IDLE: Duration = Duration::from_mins(5);
/// AUTH lines carry tokens; RFC 4954 section 4 allows 12,288 octets.
const LONGEST_LINE: u64 = 16 * 1024;
const SERVER: &str = "AM0PR01CA0042.outlook.office365.test";

/// The session is over.
struct Over;

/// What kind of server one talks to.
#[derive(Clone)]
pub(super) enum Manner {
    /// Submission, with a login to a mailbox.
    Submission,
    /// High Volume Email, with a login to an account that has no mailbox.
    HighVolume,
    /// The mail exchanger: nobody logs in; the peer's address and certificate say who it is.
    Exchanger {
        /// Who is asked for the sender policies.
        resolver: SocketAddr,
        /// Who vouches for the certificates of clients.
        clients: Arc<dyn ClientCertVerifier>,
    },
}

pub(super) struct Session {
    manner: Manner,
    helo: String,
    /// Whether the application stands on the list of the account of High Volume Email.
    listed: bool,
    /// The names in the certificate of the client, where one was shown that an authority vouches for.
    certificate: Vec<String>,
    stream: BufReader<Box<dyn Stream>>,
    peer: SocketAddr,
    acceptor: TlsAcceptor,
    state: Shared,
    wire: Wire,
    secure: bool,
    greeted: bool,
    /// The address of the mailbox that is logged in to.
    user: Option<String>,
    /// Tells this session from the others of its mailbox.
    number: u64,
    envelope: Option<Envelope>,
    /// What came in chunks so far (RFC 3030).
    chunks: Vec<u8>,
}

impl Session {
    pub(super) fn new(
        stream: Box<dyn Stream>,
        peer: SocketAddr,
        acceptor: TlsAcceptor,
        state: Shared,
        manner: Manner,
    ) -> Session {
        let wire = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).wire.clone();
        Session {
            manner,
            helo: String::new(),
            listed: false,
            certificate: Vec::new(),
            stream: BufReader::new(stream),
            peer,
            acceptor,
            state,
            wire,
            secure: false,
            greeted: false,
            user: None,
            number: limits::number(),
            envelope: None,
            chunks: Vec::new(),
        }
    }

    pub(super) async fn run(mut self) {
        let _ = self.talk().await;
        self.leave();
        let _ = self.stream.get_mut().shutdown().await;
    }

    async fn talk(&mut self) -> Result<(), Over> {
        let now = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S +0000");
        let id = &uuid::Uuid::new_v4().simple().to_string().to_uppercase()[..16];
        let banner = format!("220 {SERVER} Microsoft ESMTP MAIL Service ready at {now} [{id}]");
        self.answer(Stage::Banner, &banner).await?;
        loop {
            let line = self.line().await?;
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => self.ehlo(rest).await?,
                "HELO" => {
                    self.greeted = true;
                    rest.trim().clone_into(&mut self.helo);
                    let hello = format!("250 {SERVER} Hello [{}]", self.seen());
                    self.say(&hello).await?;
                }
                "STARTTLS" => self.start_tls().await?,
                "AUTH" => self.auth(rest, line.len()).await?,
                "MAIL" => self.mail(rest).await?,
                "RCPT" => self.rcpt(rest).await?,
                "DATA" => self.data().await?,
                "BDAT" => self.chunk(rest).await?,
                "RSET" => {
                    self.forget();
                    self.say("250 2.0.0 Resetting").await?;
                }
                "NOOP" => self.say("250 2.0.0 OK").await?,
                "QUIT" => {
                    self.say("221 2.0.0 Service closing transmission channel").await?;
                    return Err(Over);
                }
                _ => self.say("500 5.3.3 Unrecognized command").await?,
            }
        }
    }

    /// The address that the client comes from, as this server sees it.
    fn seen(&self) -> IpAddr {
        let of_exchanger = self.wire.mx_sees.filter(|_| matches!(self.manner, Manner::Exchanger { .. }));
        of_exchanger.or(self.wire.smtp_sees).unwrap_or(self.peer.ip())
    }

    async fn ehlo(&mut self, name: &str) -> Result<(), Over> {
        self.greeted = true;
        name.trim().clone_into(&mut self.helo);
        self.forget();
        let silent = self.wire.mx_shows_no_address && matches!(self.manner, Manner::Exchanger { .. });
        let hello = if silent { format!("{SERVER} Hello") } else { format!("{SERVER} Hello [{}]", self.seen()) };
        let mut lines = vec![hello, format!("SIZE {}", self.limits().announced)];
        lines.extend(["PIPELINING", "DSN", "ENHANCEDSTATUSCODES"].map(str::to_owned));
        if self.secure {
            let mechanisms = match self.manner {
                Manner::Exchanger { .. } => None,
                _ if self.wire.smtp_without_xoauth2 => Some("AUTH LOGIN"),
                _ => Some("AUTH LOGIN XOAUTH2"),
            };
            lines.extend(mechanisms.map(str::to_owned));
        } else if !self.wire.smtp_without_starttls {
            lines.push("STARTTLS".to_owned());
        }
        lines.extend(["8BITMIME", "BINARYMIME", "CHUNKING", "SMTPUTF8"].map(str::to_owned));
        let last = lines.len() - 1;
        let reply: Vec<String> = lines
            .iter()
            .enumerate()
            .map(|(n, line)| format!("250{}{line}", if n == last { ' ' } else { '-' }))
            .collect();
        let stage = if self.secure { Stage::EhloTls } else { Stage::Ehlo };
        self.answer(stage, &reply.join("\r\n")).await
    }

    async fn start_tls(&mut self) -> Result<(), Over> {
        if self.secure || self.wire.smtp_without_starttls {
            return self.say("500 5.3.3 Unrecognized command").await;
        }
        if self.speaks_otherwise(Stage::Starttls) {
            return self.answer(Stage::Starttls, "").await;
        }
        let injected = if self.wire.smtp_injects { "\r\n250 OK injected" } else { "" };
        self.say(&format!("220 2.0.0 SMTP server ready{injected}")).await?;
        // What a client sent before TLS must not count under it (CVE-2011-0411).
        if !self.stream.buffer().is_empty() {
            return Err(Over);
        }
        if self.wire.smtp_breaks_tls {
            // Only once the client has begun, so that it is no injection.
            let _ = timeout(IDLE, self.stream.fill_buf()).await;
            let _ = self.say("454 4.7.0 TLS not available").await;
            return Err(Over);
        }
        let nothing: Box<dyn Stream> = Box::new(tokio::io::empty());
        let plain = std::mem::replace(&mut self.stream, BufReader::new(nothing)).into_inner();
        let secured = timeout(IDLE, self.acceptor.accept(plain)).await;
        let Ok(Ok(secured)) = secured else { return Err(Over) };
        if let Manner::Exchanger { clients, .. } = &self.manner {
            self.certificate = ca::vouched_names(clients.as_ref(), secured.get_ref().1.peer_certificates());
        }
        self.stream = BufReader::new(Box::new(secured));
        self.secure = true;
        self.greeted = false;
        Ok(())
    }

    async fn line(&mut self) -> Result<String, Over> {
        let octets = self.octets().await?;
        Ok(String::from_utf8_lossy(&octets).trim_end_matches(['\r', '\n']).to_owned())
    }

    async fn octets(&mut self) -> Result<Vec<u8>, Over> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.stream).take(LONGEST_LINE);
        let read = timeout(IDLE, bounded.read_until(b'\n', &mut line)).await;
        match read {
            Ok(Ok(length)) if length > 0 && line.ends_with(b"\n") => Ok(line),
            _ => Err(Over),
        }
    }

    fn forget(&mut self) {
        self.envelope = None;
        self.chunks.clear();
    }

    fn speaks_otherwise(&self, stage: Stage) -> bool {
        let wire = &self.wire;
        [wire.smtp_silent_at, wire.smtp_closes_at, wire.smtp_says_at].contains(&Some(stage))
    }

    /// The answer of a stage, or the fault that the wire has for it.
    async fn answer(&mut self, stage: Stage, reply: &str) -> Result<(), Over> {
        if self.wire.smtp_silent_at == Some(stage) {
            tokio::time::sleep(IDLE).await;
            return Err(Over);
        }
        if self.wire.smtp_closes_at == Some(stage) {
            return Err(Over);
        }
        if self.wire.smtp_says_at == Some(stage) {
            let says = self.wire.smtp_says.clone();
            return self.say(&says).await;
        }
        self.say(reply).await
    }

    async fn say(&mut self, reply: &str) -> Result<(), Over> {
        let octets = format!("{reply}\r\n");
        let stream = self.stream.get_mut();
        let written = async {
            stream.write_all(octets.as_bytes()).await?;
            stream.flush().await
        };
        match timeout(IDLE, written).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Over),
        }
    }
}

/// Which server, when, and the id of the session, as Exchange Online ends its refusals.
fn server_note() -> String {
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
    let id = &uuid::Uuid::new_v4().simple().to_string().to_uppercase()[..16];
    format!("[{SERVER} {now} {id}]")
}

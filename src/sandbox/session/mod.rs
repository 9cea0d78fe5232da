//! One SMTP session (RFC 5321, RFC 3207, RFC 4954), with Exchange Online's words (microsoft-facts J.2).

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::Shared;
use super::grants::Login;
use super::mail::{Envelope, deliver};
use super::serve::Wire as Stream;
use super::wire::Wire;
use crate::facts::Stage;

/// Exchange Online ends an idle session after ten minutes or so; nobody here waits that long.
const IDLE: Duration = Duration::from_mins(5);
/// AUTH lines carry tokens; RFC 4954 section 4 allows 12,288 octets.
const LONGEST_LINE: u64 = 16 * 1024;
/// The default limit of a mailbox, 35 MB (microsoft-facts I).
const LONGEST_MESSAGE: usize = 35 * 1024 * 1024;
/// Recipients of one message (microsoft-facts I).
const MOST_RECIPIENTS: usize = 500;
/// What servers other than Exchange say when a line is too long (Dovecot: 2048 octets).
const OTHERS_LINE: usize = 2048;
const SERVER: &str = "AM0PR01CA0042.outlook.office365.test";
/// A challenge as Gmail and Dovecot send it (RFC 7628 section 3.2.2).
const CHALLENGE: &str = r#"{"status":"401","schemes":"bearer","scope":"mail"}"#;

/// The session is over.
struct Over;

pub(super) struct Session {
    stream: BufReader<Box<dyn Stream>>,
    peer: SocketAddr,
    acceptor: TlsAcceptor,
    state: Shared,
    wire: Wire,
    secure: bool,
    greeted: bool,
    user: Option<String>,
    envelope: Option<Envelope>,
}

impl Session {
    pub(super) fn new(stream: Box<dyn Stream>, peer: SocketAddr, acceptor: TlsAcceptor, state: Shared) -> Session {
        let wire = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner).wire.clone();
        Session {
            stream: BufReader::new(stream),
            peer,
            acceptor,
            state,
            wire,
            secure: false,
            greeted: false,
            user: None,
            envelope: None,
        }
    }

    pub(super) async fn run(mut self) {
        let _ = self.talk().await;
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
                "EHLO" | "HELO" => self.ehlo(rest).await?,
                "STARTTLS" => self.start_tls().await?,
                "AUTH" => self.auth(rest, line.len()).await?,
                "MAIL" => self.mail(rest).await?,
                "RCPT" => self.rcpt(rest).await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    self.envelope = None;
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

    async fn ehlo(&mut self, _name: &str) -> Result<(), Over> {
        self.greeted = true;
        self.envelope = None;
        let mut lines = vec![format!("{SERVER} Hello [{}]", self.peer.ip()), "SIZE 157286400".to_owned()];
        lines.extend(["PIPELINING", "DSN", "ENHANCEDSTATUSCODES"].map(str::to_owned));
        if self.secure {
            let mechanisms = if self.wire.smtp_without_xoauth2 { "AUTH LOGIN" } else { "AUTH LOGIN XOAUTH2" };
            lines.push(mechanisms.to_owned());
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
        self.stream = BufReader::new(Box::new(secured));
        self.secure = true;
        self.greeted = false;
        Ok(())
    }

    async fn auth(&mut self, rest: &str, length: usize) -> Result<(), Over> {
        if self.wire.smtp_refuses_long_lines && length > OTHERS_LINE {
            return self.say("500 5.5.2 Line too long").await;
        }
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let offered = self.secure && !self.wire.smtp_without_xoauth2;
        if !self.greeted || self.user.is_some() {
            return self.say("503 5.5.2 Send hello first").await;
        }
        if !offered || !mechanism.eq_ignore_ascii_case("XOAUTH2") {
            return self.say("504 5.7.4 Unrecognized authentication type").await;
        }
        let mut blob = initial.to_owned();
        if blob.is_empty() {
            self.say("334 ").await?;
            blob = self.line().await?;
        }
        if self.speaks_otherwise(Stage::Auth) {
            return self.answer(Stage::Auth, "").await;
        }
        let (user, login) = self.judge(&blob);
        match login {
            Login::Open => {
                self.user = Some(user);
                self.say("235 2.7.0 Authentication successful").await
            }
            Login::Policy(reason) => {
                let place = server_note();
                self.say(&format!("535 5.7.139 Authentication unsuccessful, {reason} {place}")).await
            }
            Login::Refused => {
                if self.wire.smtp_challenges {
                    self.say(&format!("334 {}", STANDARD.encode(CHALLENGE))).await?;
                    self.line().await?;
                }
                let place = server_note();
                self.say(&format!("535 5.7.3 Authentication unsuccessful {place}")).await
            }
        }
    }

    fn judge(&self, blob: &str) -> (String, Login) {
        let plain =
            STANDARD.decode(blob.trim()).ok().and_then(|octets| String::from_utf8(octets).ok()).unwrap_or_default();
        let mut fields = plain.split('\u{1}');
        let user = fields.find_map(|field| field.strip_prefix("user=")).unwrap_or_default().to_owned();
        let token = fields.find_map(|field| field.strip_prefix("auth=Bearer ")).unwrap_or_default();
        let state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let login = state.smtp_login(&user, token, Timestamp::now().as_second() + state.clock_ahead);
        (user, login)
    }

    async fn mail(&mut self, rest: &str) -> Result<(), Over> {
        if self.user.is_none() {
            let place = server_note();
            return self.say(&format!("530 5.7.57 Client not authenticated to send mail. {place}")).await;
        }
        let Some(from) = path(rest, "FROM:") else { return self.say("501 5.5.4 Invalid arguments").await };
        self.envelope = Some(Envelope { from, to: Vec::new() });
        self.answer(Stage::Mail, "250 2.1.0 Sender OK").await
    }

    async fn rcpt(&mut self, rest: &str) -> Result<(), Over> {
        let Some(to) = path(rest, "TO:") else { return self.say("501 5.5.4 Invalid arguments").await };
        let Some(envelope) = &mut self.envelope else { return self.say("503 5.5.2 Need mail command").await };
        if envelope.to.len() >= MOST_RECIPIENTS {
            return self.say("452 4.5.3 Too many recipients").await;
        }
        envelope.to.push(to);
        self.answer(Stage::Rcpt, "250 2.1.5 Recipient OK").await
    }

    async fn data(&mut self) -> Result<(), Over> {
        let Some(envelope) = self.envelope.take().filter(|envelope| !envelope.to.is_empty()) else {
            return self.say("503 5.5.2 Need rcpt command").await;
        };
        if self.speaks_otherwise(Stage::Data) {
            return self.answer(Stage::Data, "").await;
        }
        self.say("354 Start mail input; end with <CRLF>.<CRLF>").await?;
        let message = self.message().await?;
        if message.len() > LONGEST_MESSAGE {
            return self.say("552 5.3.4 Message size exceeds fixed maximum message size").await;
        }
        let user = self.user.clone().unwrap_or_default();
        let reply = if self.wire.smtp_says_at == Some(Stage::Message) {
            String::new()
        } else {
            let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            deliver(&mut state, &user, &envelope, &message)
        };
        self.answer(Stage::Message, &reply).await
    }

    /// The message up to the final dot, its dots undone (RFC 5321 section 4.5.2).
    async fn message(&mut self) -> Result<Vec<u8>, Over> {
        let mut message = Vec::new();
        loop {
            let line = self.octets().await?;
            if line == b".\r\n" {
                return Ok(message);
            }
            // Beyond the limit it is read and not kept, so that the refusal can still be said.
            if message.len() <= LONGEST_MESSAGE {
                message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            }
        }
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

/// The address of a path (RFC 5321 section 4.1.2), without its parameters.
fn path(rest: &str, keyword: &str) -> Option<String> {
    let rest = rest.trim_start();
    let head = rest.get(..keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let (_, after) = rest[keyword.len()..].split_once('<')?;
    let (address, _) = after.rsplit_once('>')?;
    Some(address.to_owned())
}

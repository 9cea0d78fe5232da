//! MAIL, RCPT, and the message: by DATA or in chunks.

use std::sync::MutexGuard;

use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use super::exchanger::{Arrival, exchange};
use super::limits::LARGEST_MESSAGE;
use super::{IDLE, Manner, Over, Session, server_note};
use crate::facts::Stage;
use crate::sandbox::connectors::Peer;
use crate::sandbox::mail::{Envelope, deliver, deliver_high_volume};
use crate::sandbox::state::State;

/// How much one mail may be.
pub(super) struct Limits {
    /// What EHLO says of it.
    pub(super) announced: usize,
    /// Octets.
    pub(super) octets: usize,
    recipients: usize,
}

/// The default limit of a mailbox is 35 MB, and 500 recipients (microsoft-facts I).
const ORDINARY: Limits = Limits { announced: 157_286_400, octets: LARGEST_MESSAGE, recipients: 500 };
/// High Volume Email takes 10 MB, and 50 recipients (microsoft-facts H.7).
const HIGH_VOLUME: Limits = Limits { announced: 10 * 1024 * 1024, octets: 10 * 1024 * 1024, recipients: 50 };

impl Session {
    pub(super) fn limits(&self) -> &'static Limits {
        if matches!(self.manner, Manner::HighVolume) { &HIGH_VOLUME } else { &ORDINARY }
    }

    pub(super) async fn mail(&mut self, rest: &str) -> Result<(), Over> {
        if matches!(self.manner, Manner::Exchanger { .. }) {
            if !self.greeted {
                return self.say("503 5.5.2 Send hello first").await;
            }
        } else if self.user.is_none() {
            let place = server_note();
            return self.say(&format!("530 5.7.57 Client not authenticated to send mail. {place}")).await;
        }
        let Some(from) = path(rest, "FROM:") else { return self.say("501 5.5.4 Invalid arguments").await };
        if announced_size(rest) > self.largest_message() {
            return self.say("552 5.3.4 Message size exceeds fixed maximum message size").await;
        }
        if matches!(self.manner, Manner::HighVolume) && !self.listed {
            let words = "550 5.7.240 The application is not allowed for use with this High Volume Email account";
            return self.say(&format!("{words} {}", server_note())).await;
        }
        self.forget();
        self.envelope = Some(Envelope { from, to: Vec::new() });
        self.answer(Stage::Mail, "250 2.1.0 Sender OK").await
    }

    pub(super) async fn rcpt(&mut self, rest: &str) -> Result<(), Over> {
        let Some(to) = path(rest, "TO:") else { return self.say("501 5.5.4 Invalid arguments").await };
        let (most, otherwise) = (self.limits().recipients, self.speaks_otherwise(Stage::Rcpt));
        let Some(envelope) = &self.envelope else { return self.say("503 5.5.2 Need mail command").await };
        if envelope.to.len() >= most {
            return self.say("452 4.5.3 Too many recipients").await;
        }
        let from = envelope.from.clone();
        if let Some(refusal) = self.recipient_refused(&from, &to).filter(|_| !otherwise) {
            return self.say(&format!("{refusal} {}", server_note())).await;
        }
        if let Some(envelope) = &mut self.envelope {
            envelope.to.push(to);
        }
        self.answer(Stage::Rcpt, "250 2.1.5 Recipient OK").await
    }

    pub(super) async fn data(&mut self) -> Result<(), Over> {
        let Some(envelope) = self.envelope.take().filter(|envelope| !envelope.to.is_empty()) else {
            return self.say("503 5.5.2 Need rcpt command").await;
        };
        if self.speaks_otherwise(Stage::Data) {
            return self.answer(Stage::Data, "").await;
        }
        self.say("354 Start mail input; end with <CRLF>.<CRLF>").await?;
        let message = self.message().await?;
        self.take(&envelope, &message).await
    }

    /// A part of the message with its length said before (RFC 3030 section 2); the last one ends it.
    pub(super) async fn chunk(&mut self, rest: &str) -> Result<(), Over> {
        let mut words = rest.split_whitespace();
        let length = words.next().and_then(|length| length.parse::<usize>().ok());
        let Some(length) = length.filter(|length| *length <= self.limits().octets) else {
            return self.say("501 5.5.4 Invalid arguments").await;
        };
        let last = words.next().is_some_and(|word| word.eq_ignore_ascii_case("LAST"));
        if self.envelope.as_ref().is_none_or(|envelope| envelope.to.is_empty()) {
            // What was announced comes all the same; it is read away.
            let mut part = (&mut self.stream).take(length as u64);
            let _ = timeout(IDLE, tokio::io::copy(&mut part, &mut tokio::io::sink())).await;
            return self.say("503 5.5.2 Need rcpt command").await;
        }
        let part = self.exactly(length).await?;
        // Beyond the limit it is read and not kept, so that the refusal can still be said.
        if self.chunks.len() <= self.limits().octets {
            self.chunks.extend_from_slice(&part);
        }
        if !last {
            return self.say(&format!("250 2.6.0 CHUNK received OK, {length} bytes received")).await;
        }
        let message = std::mem::take(&mut self.chunks);
        match self.envelope.take() {
            Some(envelope) => self.take(&envelope, &message).await,
            None => Err(Over),
        }
    }

    /// The answer to a whole message, which may be that it was delivered.
    async fn take(&mut self, envelope: &Envelope, message: &[u8]) -> Result<(), Over> {
        if message.len() > self.largest_message() {
            return self.say("552 5.3.4 Message size exceeds fixed maximum message size").await;
        }
        if self.is_one_too_many() {
            return self.say("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded").await;
        }
        let user = self.user.clone().unwrap_or_default();
        let reply = if self.wire.smtp_says_at == Some(Stage::Message) {
            String::new()
        } else {
            match self.manner {
                Manner::Exchanger { resolver, .. } => {
                    let mail = Arrival {
                        ip: self.seen(),
                        secure: self.secure,
                        names: self.certificate.clone(),
                        helo: self.helo.clone(),
                        envelope,
                        message,
                    };
                    exchange(self.state.clone(), resolver, mail).await
                }
                Manner::Submission => deliver(&mut self.lock(), &user, envelope, message),
                Manner::HighVolume => deliver_high_volume(&mut self.lock(), &user, envelope, message),
            }
        };
        self.answer(Stage::Message, &reply).await
    }

    /// Why a recipient is refused, where the service says so at RCPT already.
    fn recipient_refused(&self, from: &str, to: &str) -> Option<String> {
        match self.manner {
            Manner::Submission => None,
            Manner::HighVolume => self.lock().hve_recipient_refused(to),
            Manner::Exchanger { .. } => self.lock().relay_refused(&self.peer(), from, to),
        }
    }

    fn peer(&self) -> Peer<'_> {
        Peer { ip: self.seen(), names: &self.certificate, secure: self.secure }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn exactly(&mut self, length: usize) -> Result<Vec<u8>, Over> {
        let mut octets = vec![0; length];
        match timeout(IDLE, self.stream.read_exact(&mut octets)).await {
            Ok(Ok(_)) => Ok(octets),
            _ => Err(Over),
        }
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
            if message.len() <= self.limits().octets {
                message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            }
        }
    }
}

/// What the SIZE parameter of MAIL says (RFC 1870 section 6); 0 where it says nothing.
fn announced_size(rest: &str) -> usize {
    let size = rest.split_whitespace().find_map(|word| word.to_ascii_uppercase().strip_prefix("SIZE=")?.parse().ok());
    size.unwrap_or(0)
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

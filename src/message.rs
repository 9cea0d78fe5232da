//! The probe mail: one marked message, easy to find again.

use jiff::Timestamp;
use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::{HeaderName, HeaderValue};

/// A message that is ready for the wire.
#[derive(Clone)]
pub struct ProbeMail {
    /// Message-ID with its angle brackets.
    pub message_id: String,
    /// The subject, with the unique token.
    pub subject: String,
    /// The message, lines ended by CRLF, not yet dot-stuffed.
    pub octets: Vec<u8>,
}

impl ProbeMail {
    /// Composes the message.
    ///
    /// # Errors
    /// A sentence that says which address the message format does not take.
    pub fn compose(from: &str, to: &str, now: Timestamp) -> Result<ProbeMail, String> {
        let mailbox = |address: &str| {
            let parsed = address.parse().map_err(|e| format!("{address} can not stand in a message: {e}"))?;
            Ok::<_, String>(Mailbox::new(None, parsed))
        };
        let token = uuid::Uuid::new_v4().simple().to_string();
        let domain = from.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        let message_id = format!("<{token}@{domain}>");
        let subject = format!("o365doctor probe {}", &token[..12]);
        let message = Message::builder()
            .from(mailbox(from)?)
            .to(mailbox(to)?)
            .subject(&subject)
            .message_id(Some(message_id.clone()))
            .date(now.into())
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("X-O365doctor-Probe"), token.clone()))
            .body(text_of(&token))
            .map_err(|e| format!("the message can not be composed: {e}"))?;
        Ok(ProbeMail { message_id, subject, octets: message.formatted() })
    }

    /// The unique token that marks it.
    pub fn token(&self) -> &str {
        self.message_id.trim_start_matches('<').split('@').next().unwrap_or_default()
    }

    /// The part of the token that stands in the subject, which no server rewrites.
    pub fn mark(&self) -> &str {
        self.subject.rsplit(' ').next().unwrap_or_default()
    }

    /// What a person reads in it.
    pub fn text(&self) -> String {
        text_of(self.token())
    }

    /// The message as DATA takes it: dots doubled, the final dot behind it (RFC 5321 section 4.5.2).
    pub fn on_the_wire(&self) -> Vec<u8> {
        let mut wire = Vec::with_capacity(self.octets.len() + 8);
        let mut at_line_start = true;
        for &octet in &self.octets {
            if at_line_start && octet == b'.' {
                wire.push(b'.');
            }
            wire.push(octet);
            at_line_start = octet == b'\n';
        }
        if !at_line_start {
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b".\r\n");
        wire
    }
}

fn text_of(token: &str) -> String {
    format!(
        "This mail was sent by o365doctor to see whether mail flows.\r\n\
         Nobody needs to answer it. Its token is {token}.\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_doubled_and_one_ends() {
        let mail =
            |octets: &[u8]| ProbeMail { message_id: String::new(), subject: String::new(), octets: octets.to_vec() };
        assert_eq!(mail(b".a\r\n..b\r\nc.").on_the_wire(), b"..a\r\n...b\r\nc.\r\n.\r\n");
        assert_eq!(mail(b"a\r\n").on_the_wire(), b"a\r\n.\r\n");
    }

    #[test]
    fn each_mail_is_its_own() {
        let compose = || ProbeMail::compose("o'brien@contoso.test", "b@contoso.test", Timestamp::UNIX_EPOCH).unwrap();
        let (one, two) = (compose(), compose());
        assert_ne!(one.message_id, two.message_id);
        let text = String::from_utf8(one.octets).unwrap();
        assert!(text.contains(&format!("Message-ID: {}", one.message_id)), "{text}");
        assert!(ProbeMail::compose("a b@contoso.test", "b@contoso.test", Timestamp::UNIX_EPOCH).is_err());
    }
}

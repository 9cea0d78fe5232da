//! A message on its way through Graph: from MIME or from JSON to sender, recipients and octets.

use lettre::Message;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use serde_json::Value;

use super::mail;

/// A message and what Graph does with it.
#[derive(Debug)]
pub(super) struct Note {
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) octets: Vec<u8>,
    /// Whether a copy is kept in Sent Items.
    pub(super) keep: bool,
}

impl Note {
    /// A whole message; none where it names nobody to send it to.
    pub(super) fn of_mime(octets: Vec<u8>) -> Option<Note> {
        let from = mail::header_from(&octets)?;
        let to: Vec<String> = ["To", "Cc", "Bcc"].into_iter().flat_map(|name| mail::addresses(&octets, name)).collect();
        (!to.is_empty()).then_some(Note { from, to, octets, keep: true })
    }

    /// Graph's own form; `own` is the address of the mailbox that sends. Refused with the words on a header field that
    /// is not allowed, or without words where nobody is named to send it to.
    pub(super) fn of_json(message: &Value, own: &str, keep: bool) -> Result<Note, Option<String>> {
        let from = address_in(message.get("from")).unwrap_or_else(|| own.to_owned());
        let mut builder = Message::builder().from(mailbox(&from)?);
        let mut to = Vec::new();
        for list in ["toRecipients", "ccRecipients", "bccRecipients"] {
            for one in message.get(list).and_then(Value::as_array).into_iter().flatten() {
                let address = address_in(Some(one)).ok_or(None)?;
                let parsed = mailbox(&address)?;
                builder = match list {
                    "toRecipients" => builder.to(parsed),
                    "ccRecipients" => builder.cc(parsed),
                    _ => builder,
                };
                to.push(address);
            }
        }
        if to.is_empty() {
            return Err(None);
        }
        for field in message.get("internetMessageHeaders").and_then(Value::as_array).into_iter().flatten() {
            let text = |key: &str| field.get(key).and_then(Value::as_str).unwrap_or_default();
            let name = text("name");
            let named = HeaderName::new_from_ascii(name.to_owned()).ok();
            let named = named.filter(|_| name.to_ascii_lowercase().starts_with("x-"));
            let refusal = || format!("The internet message header name '{name}' should start with 'x-' or 'X-'.");
            builder =
                builder.raw_header(HeaderValue::new(named.ok_or_else(|| Some(refusal()))?, text("value").to_owned()));
        }
        let body = message.get("body");
        let text = |key: &str| body.and_then(|body| body.get(key)?.as_str()).unwrap_or_default();
        let kind = if text("contentType").eq_ignore_ascii_case("html") {
            ContentType::TEXT_HTML
        } else {
            ContentType::TEXT_PLAIN
        };
        let message = builder
            .subject(message.get("subject").and_then(Value::as_str).unwrap_or_default())
            .message_id(None)
            .header(kind)
            .body(text("content").to_owned())
            .map_err(|_| None)?;
        Ok(Note { from, to, octets: message.formatted(), keep })
    }
}

fn mailbox(address: &str) -> Result<Mailbox, Option<String>> {
    address.parse().map(|address| Mailbox::new(None, address)).map_err(|_| None)
}

fn address_in(value: Option<&Value>) -> Option<String> {
    let address = value?.get("emailAddress")?.get("address")?.as_str()?;
    (!address.is_empty()).then(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn note(more: &Value) -> Result<Note, Option<String>> {
        let mut message = json!({ "subject": "s\r\nX-Injected: 1", "body": { "content": "b" } });
        for (key, value) in more.as_object().into_iter().flatten() {
            message[key] = value.clone();
        }
        Note::of_json(&message, "app@contoso.test", true)
    }

    #[test]
    fn a_message_in_json_becomes_one_on_the_wire() {
        let person = |address: &str| json!([{ "emailAddress": { "address": address } }]);
        let (bob, ann) = (person("bob@contoso.test"), person("ann@contoso.test"));
        let sound = note(&json!({ "toRecipients": bob, "bccRecipients": ann })).expect("a sound message");
        let text = String::from_utf8_lossy(&sound.octets).into_owned();
        assert_eq!(sound.to, ["bob@contoso.test", "ann@contoso.test"]);
        assert!(text.contains("From: app@contoso.test") && !text.contains("ann@"), "{text}");
        assert!(!text.contains("\r\nX-Injected"), "{text}");
        assert!(note(&json!({})).is_err_and(|words| words.is_none()));
        let named = json!({ "toRecipients": bob, "internetMessageHeaders": [{ "name": "Sender", "value": "x" }] });
        assert!(note(&named).is_err_and(|words| words.is_some_and(|words| words.contains("Sender"))));
    }
}

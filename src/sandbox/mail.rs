//! What becomes of a message: who may send it, where it is put, and Exchange Online's answer.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::state::{Delivered, Mailbox, State};

/// Sender and recipients of one message.
pub(super) struct Envelope {
    pub(super) from: String,
    pub(super) to: Vec<String>,
}

const SERVER: &str = "AM0PR01MB5678.eurprd01.prod.exchangelabs.test";
/// Recipients of one mailbox in 24 hours (microsoft-facts I). No sandbox lives so long that the window would move on.
const MOST_RECIPIENTS_A_DAY: usize = 10_000;

/// Delivers a message into the mailboxes of the sandbox, keeps a copy in Sent Items, and says what the service says.
pub(super) fn deliver(state: &mut State, user: &str, envelope: &Envelope, message: &[u8]) -> String {
    submit(state, user, envelope, message, true)
}

/// The same, where a copy may not be wanted.
pub(super) fn submit(state: &mut State, user: &str, envelope: &Envelope, message: &[u8], keep: bool) -> String {
    let header_from = header_from(message).unwrap_or_else(|| envelope.from.clone());
    let Some(sender) = state.find_mailbox(user) else {
        return "554 5.2.0 STOREDRV.Submission.Exception:MailboxUnavailable".to_owned();
    };
    if let Some(refusal) = refusal(sender, user, envelope, &header_from) {
        return refusal;
    }
    sender.recipients_today += envelope.to.len();
    let delivered = |to: &str| {
        let now = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S +0000");
        let mut octets =
            format!("Received: from client by {SERVER} with Microsoft SMTP Server; {now}\r\n").into_bytes();
        octets.extend_from_slice(message);
        Delivered { from: envelope.from.clone(), to: to.to_owned(), octets }
    };
    if keep {
        sender.sent.push(delivered(&envelope.from));
    }
    for to in &envelope.to {
        // An unknown recipient is taken here too: the service bounces later.
        if let Some(mailbox) = state.find_mailbox(to) {
            mailbox.inbox.push(delivered(to));
        }
    }
    state.taken += 1;
    let id = message_id(message).unwrap_or_else(|| format!("<{}@{SERVER}>", uuid::Uuid::new_v4()));
    format!("250 2.0.0 OK {id} [Hostname={SERVER}]")
}

fn refusal(sender: &Mailbox, user: &str, envelope: &Envelope, header_from: &str) -> Option<String> {
    let denied = [&*envelope.from, header_from].into_iter().find(|from| !sender.may_send_as(from) && !sender.has(from));
    if let Some(from) = denied {
        return Some(format!(
            "554 5.2.252 SendAsDenied; {user} not allowed to send as {from}; \
             STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message \
             due to a permanent exception with message [BeginDiagnosticData]Cannot submit message. [EndDiagnosticData] \
             [Hostname={SERVER}]"
        ));
    }
    let rows = [
        (
            sender.logon_fails,
            "430 4.2.0 STOREDRV; mailbox logon failure; [BeginDiagnosticData]Cannot open mailbox. \
             MapiExceptionLogonFailed: Unable to make connection to the server.[EndDiagnosticData]",
        ),
        (
            sender.full,
            "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException.\
             MapiExceptionShutoffQuotaExceeded; Failed to process message due to a permanent exception",
        ),
        (
            sender.recipients_today + envelope.to.len() > MOST_RECIPIENTS_A_DAY,
            "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message due \
             to a permanent exception",
        ),
        (
            sender.blocked_as_spammer,
            "550 5.1.8 Access denied, bad outbound sender. For more information please go to \
             https://go.microsoft.com/fwlink/?LinkId=875724.",
        ),
    ];
    rows.iter().find(|(applies, _)| *applies).map(|(_, words)| format!("{words} [Hostname={SERVER}]"))
}

/// The value of a header field, unfolded (RFC 5322 section 2.2.3).
pub(super) fn field(message: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(message);
    let head = text.split("\r\n\r\n").next()?.replace("\r\n ", " ").replace("\r\n\t", " ");
    let line = head.lines().find(|line| line.split(':').next().is_some_and(|key| key.eq_ignore_ascii_case(name)))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Every header field, unfolded, in the order of the message.
pub(super) fn fields(message: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(message);
    let head = text.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ").replace("\r\n\t", " ");
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

pub(super) fn header_from(message: &[u8]) -> Option<String> {
    Some(bare(&field(message, "From")?))
}

/// The addresses of a header field, as far as no display name holds a comma.
pub(super) fn addresses(message: &[u8], name: &str) -> Vec<String> {
    let text = field(message, name).unwrap_or_default();
    text.split(',').map(bare).filter(|address| address.contains('@')).collect()
}

fn bare(text: &str) -> String {
    let address = text.rsplit_once('<').map_or(text, |(_, address)| address.trim_end().trim_end_matches('>'));
    address.trim().to_owned()
}

/// A message as Graph lists it.
pub(super) fn described(message: &[u8]) -> Value {
    let text = |name: &str| field(message, name).unwrap_or_default();
    let person = |address: String| json!({ "emailAddress": { "address": address } });
    let to: Vec<Value> = addresses(message, "To").into_iter().map(person).collect();
    json!({
        "subject": text("Subject"),
        "internetMessageId": text("Message-ID"),
        "from": person(header_from(message).unwrap_or_default()),
        "toRecipients": to,
        "isRead": false,
    })
}

fn message_id(message: &[u8]) -> Option<String> {
    field(message, "Message-ID").filter(|id| id.len() < 300)
}

//! What becomes of a message: who may send it, where it is put, and Exchange Online's answer.

use std::net::{IpAddr, Ipv4Addr};

use jiff::Timestamp;
use mailparse::{MailAddr, MailHeaderMap as _};

use super::receive::{self, Incoming};
use super::state::{Delivered, Mailbox, State};

/// Sender and recipients of one message.
pub(super) struct Envelope {
    pub(super) from: String,
    pub(super) to: Vec<String>,
}

pub(super) const SERVER: &str = "AM0PR01MB5678.eurprd01.prod.exchangelabs.test";
const TLS: &str = "Microsoft SMTP Server (version=TLS1_3,\r\n cipher=TLS_AES_256_GCM_SHA384) id 15.20.9320.12";
/// What a gateway calls itself.
const GATEWAY: &str = "gateway.fabrikam.test";
/// A server of the service that sends to the Internet; the policy that all domains include names it.
const OUTBOUND: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10));
/// Recipients of one mailbox in 24 hours (microsoft-facts I). No sandbox lives so long that the window would move on.
const MOST_RECIPIENTS_A_DAY: usize = 10_000;

/// Takes a message that was submitted over SMTP: keeps a copy in Sent Items, hands it on, and says what the service says.
pub(super) fn deliver(state: &mut State, user: &str, envelope: &Envelope, message: &[u8]) -> String {
    let trace = format!("Received: from client by\r\n {SERVER} with {TLS}; {}\r\n", receive::date(Timestamp::now()));
    submit(state, user, envelope, &[trace.as_bytes(), message].concat(), true)
}

/// Takes a message of an account of High Volume Email, which has no mailbox and so keeps no copy.
pub(super) fn deliver_high_volume(state: &mut State, account: &str, envelope: &Envelope, message: &[u8]) -> String {
    let author = header_from(message).unwrap_or_else(|| envelope.from.clone());
    if let Some(from) = [&envelope.from, &author].into_iter().find(|from| !from.eq_ignore_ascii_case(account)) {
        return format!("554 5.2.252 SendAsDenied; {account} not allowed to send as {from} [Hostname={SERVER}]");
    }
    for to in &envelope.to {
        receive::internal(state, &envelope.from, to, message);
    }
    state.taken += 1;
    let id = message_id(message).unwrap_or_else(|| format!("<{}@{SERVER}>", uuid::Uuid::new_v4()));
    format!("250 2.0.0 OK {id} [Hostname={SERVER}]")
}

/// The same, where a copy may not be wanted.
pub(super) fn submit(state: &mut State, user: &str, envelope: &Envelope, message: &[u8], keep: bool) -> String {
    let header_from = header_from(message).unwrap_or_else(|| envelope.from.clone());
    let through = state.tenant_of(user).and_then(|tenant| tenant.gateway);
    let from_alias = state.tenant_of(user).is_some_and(|tenant| tenant.send_from_alias);
    let Some(sender) = state.find_mailbox(user) else {
        return "554 5.2.0 STOREDRV.Submission.Exception:MailboxUnavailable".to_owned();
    };
    if let Some(refusal) = refusal(sender, user, envelope, &header_from) {
        return refusal;
    }
    sender.recipients_today += envelope.to.len();
    // An alias of the mailbox gives way to its primary address, unless the organisation lets it stand.
    let alias = sender.has(&header_from) && !sender.address.eq_ignore_ascii_case(&header_from) && !from_alias;
    let message = if alias { &with_from(message, &sender.address) } else { message };
    let now = Timestamp::now();
    let from = if alias { sender.address.clone() } else { envelope.from.clone() };
    if keep {
        let octets = without_trace(message).to_vec();
        sender.sent.push(Delivered { from: from.clone(), to: from.clone(), octets, at: now, unseen_for: 0 });
    }
    let trace = format!(
        "Received: from {SERVER}\r\n ([fe80::5c1d:8e3a:77b0:4c21]) by {SERVER}\r\n ([fe80::5c1d:8e3a:77b0:4c21%6]) with \
         mapi id 15.20.9320.012; {}\r\n",
        receive::date(now)
    );
    let octets = [trace.as_bytes(), message].concat();
    for to in &envelope.to {
        hand_on(state, user, &from, to, &octets, through);
    }
    state.taken += 1;
    let id = message_id(message).unwrap_or_else(|| format!("<{}@{SERVER}>", uuid::Uuid::new_v4()));
    format!("250 2.0.0 OK {id} [Hostname={SERVER}]")
}

/// Delivers within the organisation at once. What leaves it comes back on port 25: from the gateway where there is one,
/// else from a server of the service.
fn hand_on(state: &mut State, user: &str, from: &str, to: &str, octets: &[u8], through: Option<IpAddr>) {
    let tenant = |address: &str| state.tenant_of(address).map(|tenant| tenant.id.clone());
    let (ours, theirs) = (tenant(user), tenant(to));
    if ours == theirs && through.is_none() {
        return receive::internal(state, from, to, octets);
    }
    let (peer, helo) = match through {
        Some(gateway) => (gateway, GATEWAY),
        None => (OUTBOUND, "mail-am0pr01cu00100.outbound.protection.outlook.test"),
    };
    let passed = format!("Received: from {SERVER} by {GATEWAY} with ESMTPS; {}\r\n", receive::date(Timestamp::now()));
    let passed = through.map_or(String::new(), |_| passed);
    // An unknown recipient is taken here too: the service bounces later.
    let incoming = Incoming {
        peer,
        helo: helo.to_owned(),
        mail_from: from.to_owned(),
        to: to.to_owned(),
        message: [passed.as_bytes(), octets].concat(),
    };
    if let (Some(_), Some(arriving)) = (theirs, &state.arriving) {
        let _ = arriving.send(incoming);
    }
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

/// The value of a header field, unfolded and decoded.
pub(super) fn field(message: &[u8], name: &str) -> Option<String> {
    let (fields, _) = mailparse::parse_headers(message).ok()?;
    Some(fields.get_first_value(name)?.trim().to_owned())
}

/// Every header field, unfolded and decoded, in the order of the message.
pub(super) fn fields(message: &[u8]) -> Vec<(String, String)> {
    let (fields, _) = mailparse::parse_headers(message).unwrap_or_default();
    fields.iter().map(|field| (field.get_key(), field.get_value().trim().to_owned())).collect()
}

pub(super) fn header_from(message: &[u8]) -> Option<String> {
    addresses(message, "From").into_iter().next()
}

/// The addresses of a header field.
pub(super) fn addresses(message: &[u8], name: &str) -> Vec<String> {
    let Ok((fields, _)) = mailparse::parse_headers(message) else { return Vec::new() };
    let Some(Ok(list)) = fields.get_first_header(name).map(mailparse::addrparse_header) else { return Vec::new() };
    let all = list.iter().flat_map(|entry| match entry {
        MailAddr::Single(one) => vec![one.addr.clone()],
        MailAddr::Group(group) => group.addrs.iter().map(|one| one.addr.clone()).collect(),
    });
    all.filter(|address| address.contains('@')).collect()
}

/// The message with another address in From, its display name as it was.
fn with_from(message: &[u8], address: &str) -> Vec<u8> {
    let (mut changed, mut inside, mut done) = (Vec::with_capacity(message.len()), false, false);
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        let goes_on = line.starts_with(b" ") || line.starts_with(b"\t");
        inside = !done
            && if goes_on { inside } else { line.get(..5).is_some_and(|name| name.eq_ignore_ascii_case(b"From:")) };
        if inside && !goes_on {
            let text = String::from_utf8_lossy(line).into_owned();
            let name = text[5..].rsplit_once('<').map(|(name, _)| name.trim().to_owned()).unwrap_or_default();
            let value = if name.is_empty() { address.to_owned() } else { format!("{name} <{address}>") };
            changed.extend_from_slice(format!("From: {value}\r\n").as_bytes());
        }
        if !inside {
            changed.extend_from_slice(line);
        }
        done |= line == b"\r\n";
    }
    changed
}

/// The message as its sender wrote it: a copy in Sent Items has been nowhere.
fn without_trace(message: &[u8]) -> &[u8] {
    let mut rest = message;
    while rest.get(..9).is_some_and(|name| name.eq_ignore_ascii_case(b"Received:")) {
        let mut lines = rest.split_inclusive(|octet| *octet == b'\n');
        let first = lines.next().unwrap_or_default().len();
        let folded = lines.take_while(|line| line.starts_with(b" ") || line.starts_with(b"\t")).map(<[u8]>::len);
        rest = &rest[first + folded.sum::<usize>()..];
    }
    rest
}

pub(super) fn message_id(message: &[u8]) -> Option<String> {
    field(message, "Message-ID").filter(|id| id.len() < 300)
}

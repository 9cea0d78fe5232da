//! POP as Exchange Online speaks it (RFC 1939, RFC 2449, RFC 5034; microsoft-facts J.3).

use super::grants::Opening;
use super::lines::{Lines, Over, server_note};
use super::state::Place;
use crate::facts::MailboxStage;

/// The one refusal of a login, whatever is behind it.
const REFUSED: &str = "-ERR Authentication failure: unknown user name or bad password.";
const WRONG_STATE: &str = "-ERR Command is not valid in this state.";
const PROTOCOL: &str = "-ERR Protocol error. 14";

/// One message of the session.
struct Mail {
    octets: Vec<u8>,
    deleted: bool,
}

/// Holds one session.
pub(super) async fn session(lines: &mut Lines) -> Result<(), Over> {
    if !lines.misbehaves(MailboxStage::Banner, "").await? {
        lines.say(&format!("+OK The Microsoft Exchange POP3 service is ready. [{}]", server_note())).await?;
    }
    let mut mails: Option<Vec<Mail>> = None;
    loop {
        let line = lines.line().await?;
        let mut words = line.split_whitespace();
        let verb = words.next().unwrap_or_default().to_ascii_uppercase();
        let words: Vec<&str> = words.collect();
        match (verb.as_str(), &mut mails) {
            ("CAPA", _) => capabilities(lines).await?,
            ("QUIT", _) => {
                lines.say("+OK Microsoft Exchange Server POP3 server signing off.").await?;
                return Ok(());
            }
            ("AUTH", None) => mails = authenticate(lines, &words).await?,
            ("USER", None) => lines.say("+OK").await?,
            ("PASS", None) => lines.say("-ERR Logon failure: unknown user name or bad password.").await?,
            ("STAT", Some(mails)) => {
                if !lines.misbehaves(MailboxStage::Mailbox, "").await? {
                    let (count, octets) = stat(mails);
                    lines.say(&format!("+OK {count} {octets}")).await?;
                }
            }
            (_, Some(mails)) => {
                let reply = transaction(&verb, &words, mails);
                lines.say_octets(&reply).await?;
            }
            (_, None) => lines.say(WRONG_STATE).await?,
        }
    }
}

async fn capabilities(lines: &mut Lines) -> Result<(), Over> {
    if lines.misbehaves(MailboxStage::Capability, "").await? {
        return Ok(());
    }
    let sasl = lines.offers().unwrap_or("SASL PLAIN XOAUTH2").to_owned();
    lines.say(&format!("+OK\r\nTOP\r\nUIDL\r\n{sasl}\r\nUSER\r\n.")).await
}

/// In two steps only: the service takes no token in the first line.
async fn authenticate(lines: &mut Lines, words: &[&str]) -> Result<Option<Vec<Mail>>, Over> {
    let [mechanism] = words else {
        lines.say(WRONG_STATE).await?;
        return Ok(None);
    };
    if !mechanism.eq_ignore_ascii_case("XOAUTH2") {
        lines.say(PROTOCOL).await?;
        return Ok(None);
    }
    lines.say("+ ").await?;
    let blob = lines.line().await?;
    if lines.misbehaves(MailboxStage::Auth, "").await? {
        return Ok(None);
    }
    let Opening::Open(address) = lines.judge(&blob).await? else {
        lines.say(REFUSED).await?;
        return Ok(None);
    };
    lines.say("+OK User successfully authenticated.").await?;
    let mails = lines.mails(&address, Place::Inbox);
    Ok(Some(mails.into_iter().map(|mail| Mail { octets: mail.octets, deleted: false }).collect()))
}

fn stat(mails: &[Mail]) -> (usize, usize) {
    let kept = mails.iter().filter(|mail| !mail.deleted);
    kept.fold((0, 0), |(count, octets), mail| (count + 1, octets + mail.octets.len()))
}

fn transaction(verb: &str, words: &[&str], mails: &mut [Mail]) -> Vec<u8> {
    let number: Option<usize> = words.first().and_then(|word| word.parse().ok());
    let missing = || b"-ERR The specified message is out of range.\r\n".to_vec();
    let index = number.and_then(|n| n.checked_sub(1)).filter(|at| mails.get(*at).is_some_and(|mail| !mail.deleted));
    match verb {
        "NOOP" => b"+OK\r\n".to_vec(),
        "RSET" => {
            for mail in mails {
                mail.deleted = false;
            }
            b"+OK\r\n".to_vec()
        }
        "LIST" | "UIDL" => {
            let row = |at: usize, mail: &Mail| match verb {
                "LIST" => format!("{} {}", at + 1, mail.octets.len()),
                _ => format!("{} {:08}", at + 1, at + 1),
            };
            if words.is_empty() {
                let (count, octets) = stat(mails);
                let rows = mails.iter().enumerate().filter(|(_, mail)| !mail.deleted);
                let rows: String = rows.map(|(at, mail)| row(at, mail) + "\r\n").collect();
                return format!("+OK {count} {octets}\r\n{rows}.\r\n").into_bytes();
            }
            index.map_or_else(missing, |at| format!("+OK {}\r\n", row(at, &mails[at])).into_bytes())
        }
        "RETR" => index.map_or_else(missing, |at| multi_line(&mails[at].octets)),
        "TOP" => {
            let count = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(0);
            index.map_or_else(missing, |at| multi_line(&top(&mails[at].octets, count)))
        }
        "DELE" => {
            let Some(at) = index else { return missing() };
            mails[at].deleted = true;
            b"+OK\r\n".to_vec()
        }
        _ => format!("{PROTOCOL}\r\n").into_bytes(),
    }
}

/// Head and so many lines of the body.
fn top(octets: &[u8], count: usize) -> Vec<u8> {
    let head = octets.windows(4).position(|four| four == b"\r\n\r\n").map_or(octets.len(), |at| at + 4);
    let body: Vec<u8> =
        octets[head..].split_inclusive(|octet| *octet == b'\n').take(count).flatten().copied().collect();
    [&octets[..head], &body].concat()
}

/// A message as a multi-line answer: dots doubled, the final dot behind it (RFC 1939 section 3).
fn multi_line(octets: &[u8]) -> Vec<u8> {
    let mut reply = b"+OK\r\n".to_vec();
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            reply.push(b'.');
        }
        reply.extend_from_slice(line);
    }
    if !reply.ends_with(b"\r\n") {
        reply.extend_from_slice(b"\r\n");
    }
    reply.extend_from_slice(b".\r\n");
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_dot_stuffed_and_ended() {
        assert_eq!(multi_line(b"a\r\n.b\r\n"), b"+OK\r\na\r\n..b\r\n.\r\n");
        assert_eq!(multi_line(b"a"), b"+OK\r\na\r\n.\r\n");
        assert_eq!(top(b"S: x\r\n\r\none\r\ntwo\r\n", 1), b"S: x\r\n\r\none\r\n");
    }

    #[test]
    fn a_deleted_message_is_gone_until_it_is_reset() {
        let mut mails = vec![Mail { octets: b"x\r\n".to_vec(), deleted: false }];
        assert_eq!(transaction("DELE", &["1"], &mut mails), b"+OK\r\n");
        assert!(transaction("RETR", &["1"], &mut mails).starts_with(b"-ERR"));
        transaction("RSET", &[], &mut mails);
        assert!(transaction("RETR", &["1"], &mut mails).starts_with(b"+OK"));
        assert!(transaction("LIST", &["0"], &mut mails).starts_with(b"-ERR"));
    }
}

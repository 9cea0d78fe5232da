//! IMAP as Exchange Online speaks it, as much of RFC 3501 as a client needs to find and read a mail (microsoft-facts
//! J.3). A token may be taken and its mailbox not be opened: then every command on a mailbox says so.

mod fetch;
mod words;

use super::grants::Opening;
use super::lines::{Lines, Over, server_note};
use super::state::Place;
use crate::facts::MailboxStage;
use fetch::Mail;
use words::Word;

const CAPABILITIES: &str =
    "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+";
const AFTER_LOGIN: &str = " CLIENTACCESSRULES CLIENTNETWORKPRESENCELOCATION BACKENDAUTHENTICATE";
const NOT_CONNECTED: &str = "BAD User is authenticated but not connected.";
const COMMAND_ERROR: &str = "BAD Command Error. 12";
/// Arguments of one command with their literals; what a client says of itself or searches for is short.
const LONGEST_COMMAND: usize = 64 * 1024;
/// The folders, with the use by which a client tells them (RFC 6154).
const FOLDERS: [(Place, &str, &str); 3] =
    [(Place::Inbox, "INBOX", ""), (Place::Junk, "Junk Email", " \\Junk"), (Place::Sent, "Sent Items", " \\Sent")];

/// Where the session is.
enum At {
    Greeted,
    /// Logged in; the address of the mailbox, where it is connected.
    LoggedIn(Option<String>),
    Selected(String, Folder),
}

/// A folder that is open, with the mails that it held when it was.
struct Folder {
    place: Place,
    mails: Vec<Mail>,
}

/// Holds one session.
pub(super) async fn session(lines: &mut Lines) -> Result<(), Over> {
    if !lines.misbehaves(MailboxStage::Banner, "*").await? {
        lines.say(&format!("* OK The Microsoft Exchange IMAP4 service is ready. [{}]", server_note())).await?;
    }
    let mut at = At::Greeted;
    loop {
        let Some((tag, verb, words)) = command(lines).await? else { continue };
        if verb == "LOGOUT" {
            lines.say("* BYE Microsoft Exchange Server IMAP4 server signing off.").await?;
            return lines.say(&format!("{tag} OK LOGOUT completed.")).await;
        }
        match (verb.as_str(), at) {
            ("CAPABILITY", was) => {
                capability(lines, &tag, matches!(was, At::Greeted)).await?;
                at = was;
            }
            ("ID", was) => {
                let id = r#"* ID ("name" "Microsoft.Exchange.Imap4.Imap4Server" "version" "15.20")"#;
                lines.say(&format!("{id}\r\n{tag} OK ID completed")).await?;
                at = was;
            }
            ("AUTHENTICATE", At::Greeted) => at = authenticate(lines, &tag, &words).await?,
            ("LOGIN", At::Greeted) => {
                lines.say(&format!("{tag} NO LOGIN failed.")).await?;
                at = At::Greeted;
            }
            ("NOOP", was @ (At::Greeted | At::LoggedIn(_))) => {
                lines.say(&format!("{tag} OK NOOP completed.")).await?;
                at = was;
            }
            (_, At::Greeted) => {
                lines.say(&format!("{tag} BAD Command received in Invalid state.")).await?;
                at = At::Greeted;
            }
            (_, At::LoggedIn(None)) => {
                if verb != "EXAMINE" && verb != "SELECT" || !lines.misbehaves(MailboxStage::Mailbox, &tag).await? {
                    lines.say(&format!("{tag} {NOT_CONNECTED}")).await?;
                }
                at = At::LoggedIn(None);
            }
            ("SELECT" | "EXAMINE", At::LoggedIn(Some(address)) | At::Selected(address, _)) => {
                at = select(lines, &tag, &verb, &words, address).await?;
            }
            (_, At::LoggedIn(Some(address))) => {
                let reply = of_mailbox(lines, &tag, &verb, &words, &address);
                lines.say_octets(&reply).await?;
                at = At::LoggedIn(Some(address));
            }
            ("CLOSE" | "UNSELECT", At::Selected(address, _)) => {
                lines.say(&format!("{tag} OK {verb} completed.")).await?;
                at = At::LoggedIn(Some(address));
            }
            (_, At::Selected(address, mut folder)) => {
                let reply = of_folder(lines, &tag, &verb, &words, &address, &mut folder);
                lines.say_octets(&reply).await?;
                at = At::Selected(address, folder);
            }
        }
    }
}

/// Tag, verb and arguments of the next command; none when it was refused already.
async fn command(lines: &mut Lines) -> Result<Option<(String, String, Vec<Word>)>, Over> {
    let mut text = lines.line().await?.into_bytes();
    while let Some((octets, waits)) = words::literal(&text) {
        if text.len().saturating_add(octets) > LONGEST_COMMAND {
            lines.say("* BYE Connection is closed. 14").await?;
            return Err(Over);
        }
        if waits {
            lines.say("+ Ready for additional command text.").await?;
        }
        let literal = lines.octets(octets).await?;
        words::put_literal(&mut text, &literal);
        text.extend_from_slice(lines.line().await?.as_bytes());
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let (tag, rest) = text.split_once(' ').unwrap_or((&text, ""));
    let (verb, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let sound = !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_graphic() && !b"(){%*\"\\+".contains(&b));
    let words = words::read(rest).filter(|_| sound && !verb.is_empty());
    let Some(words) = words else {
        let tag = if sound { tag } else { "*" };
        lines.say(&format!("{tag} {COMMAND_ERROR}")).await?;
        return Ok(None);
    };
    Ok(Some((tag.to_owned(), verb.to_ascii_uppercase(), words)))
}

async fn capability(lines: &mut Lines, tag: &str, before_login: bool) -> Result<(), Over> {
    if lines.misbehaves(MailboxStage::Capability, tag).await? {
        return Ok(());
    }
    let offers = lines.offers().unwrap_or(CAPABILITIES).to_owned();
    let more = if before_login { "" } else { AFTER_LOGIN };
    lines.say(&format!("* CAPABILITY {offers}{more}\r\n{tag} OK CAPABILITY completed.")).await
}

async fn authenticate(lines: &mut Lines, tag: &str, words: &[Word]) -> Result<At, Over> {
    let mechanism = words.first().map(Word::text).unwrap_or_default();
    if !mechanism.eq_ignore_ascii_case("XOAUTH2") {
        lines.say(&format!("{tag} NO AUTHENTICATE failed.")).await?;
        return Ok(At::Greeted);
    }
    let blob = if let Some(blob) = words.get(1) {
        blob.text().to_owned()
    } else {
        lines.say("+ ").await?;
        lines.line().await?
    };
    if lines.misbehaves(MailboxStage::Auth, tag).await? {
        return Ok(At::Greeted);
    }
    let address = match lines.judge(&blob).await? {
        Opening::Refused => {
            lines.say(&format!("{tag} NO AUTHENTICATE failed.")).await?;
            return Ok(At::Greeted);
        }
        Opening::NotConnected => None,
        Opening::Open(address) => Some(address),
    };
    lines.say(&format!("{tag} OK AUTHENTICATE completed.")).await?;
    Ok(At::LoggedIn(address))
}

async fn select(lines: &mut Lines, tag: &str, verb: &str, words: &[Word], address: String) -> Result<At, Over> {
    if lines.misbehaves(MailboxStage::Mailbox, tag).await? {
        return Ok(At::LoggedIn(Some(address)));
    }
    let Some(place) = words.first().and_then(|name| folder(name.text())) else {
        lines.say(&format!("{tag} NO {} doesn't exist.", words.first().map(Word::text).unwrap_or_default())).await?;
        return Ok(At::LoggedIn(Some(address)));
    };
    let folder = Folder { place, mails: mails(lines, &address, place) };
    let count = folder.mails.len();
    let unseen = if count > 0 { "* OK [UNSEEN 1] Is the first unseen message\r\n" } else { "" };
    let access = if verb == "EXAMINE" { "READ-ONLY" } else { "READ-WRITE" };
    lines
        .say(&format!(
            "* {count} EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $MDNSent)\r\n\
             * OK [PERMANENTFLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $MDNSent)] Permanent flags\r\n\
             {unseen}* OK [UIDVALIDITY 14] UIDVALIDITY value\r\n\
             * OK [UIDNEXT {}] The next unique identifier value\r\n{tag} OK [{access}] {verb} completed.",
            count + 1
        ))
        .await?;
    Ok(At::Selected(address, folder))
}

/// The folder of a name.
fn folder(name: &str) -> Option<Place> {
    let inbox = name.eq_ignore_ascii_case("INBOX").then_some(Place::Inbox);
    inbox.or_else(|| FOLDERS.iter().find(|(_, known, _)| *known == name).map(|(place, ..)| *place))
}

fn mails(lines: &Lines, address: &str, place: Place) -> Vec<Mail> {
    lines.mails(address, place).into_iter().map(|mail| Mail { octets: mail.octets, at: mail.at, seen: false }).collect()
}

/// The commands that need a mailbox and no folder.
fn of_mailbox(lines: &Lines, tag: &str, verb: &str, words: &[Word], address: &str) -> Vec<u8> {
    let word = |n: usize| words.get(n).map(Word::text).unwrap_or_default();
    let untagged = match verb {
        "NAMESPACE" => "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n".to_owned(),
        "LIST" | "LSUB" => list(verb, word(1)),
        "STATUS" => {
            let Some(place) = folder(word(0)) else {
                return format!("{tag} NO {} doesn't exist.\r\n", word(0)).into_bytes();
            };
            let count = lines.mails(address, place).len();
            let item = |name: &Word| {
                let value = match name.text().to_ascii_uppercase().as_str() {
                    "MESSAGES" | "UNSEEN" => count,
                    "UIDNEXT" => count + 1,
                    "UIDVALIDITY" => 14,
                    "RECENT" => 0,
                    _ => return None,
                };
                Some(format!("{} {value}", name.text().to_ascii_uppercase()))
            };
            let items: Vec<String> = words[1..].iter().filter_map(item).collect();
            format!("* STATUS \"{}\" ({}) \r\n", word(0).replace('"', ""), items.join(" "))
        }
        "SUBSCRIBE" | "UNSUBSCRIBE" | "CHECK" | "NOOP" => String::new(),
        _ => return format!("{tag} {COMMAND_ERROR}\r\n").into_bytes(),
    };
    format!("{untagged}{tag} OK {verb} completed.\r\n").into_bytes()
}

/// The folders that match a pattern with `*` and `%`.
fn list(verb: &str, pattern: &str) -> String {
    if pattern.is_empty() {
        return format!("* {verb} (\\Noselect \\HasChildren) \"/\" \"\"\r\n");
    }
    let matches = |name: &str| match pattern.find(['*', '%']) {
        Some(at) => name.get(..at).is_some_and(|head| head.eq_ignore_ascii_case(&pattern[..at])),
        None => name.eq_ignore_ascii_case(pattern),
    };
    let row = |(_, name, of_use): &(Place, &str, &str)| {
        let quoted = if name.contains(' ') { format!("\"{name}\"") } else { (*name).to_owned() };
        let marked = if *name == "INBOX" { "\\Marked " } else { "" };
        format!("* {verb} ({marked}\\HasNoChildren{of_use}) \"/\" {quoted}\r\n")
    };
    FOLDERS.iter().filter(|(_, name, _)| matches(name)).map(row).collect()
}

/// The commands that need an open folder; the others need a mailbox only.
fn of_folder(lines: &Lines, tag: &str, verb: &str, words: &[Word], address: &str, folder: &mut Folder) -> Vec<u8> {
    let by_uid = verb == "UID";
    let (verb, words) = match words.split_first() {
        Some((verb, rest)) if by_uid => (verb.text().to_ascii_uppercase(), rest),
        _ => (verb.to_owned(), words),
    };
    let name = if by_uid { format!("UID {verb}") } else { verb.clone() };
    let done = format!("{tag} OK {name} completed.\r\n").into_bytes();
    let bad = || format!("{tag} {COMMAND_ERROR}\r\n").into_bytes();
    match verb.as_str() {
        "FETCH" => match fetch::fetch(&mut folder.mails, words, by_uid) {
            Some(octets) => [octets, done].concat(),
            None => bad(),
        },
        "SEARCH" => match fetch::search(&folder.mails, words) {
            Some(found) => {
                let numbers: String = found.iter().map(|number| format!(" {number}")).collect();
                [format!("* SEARCH{numbers}\r\n").into_bytes(), done].concat()
            }
            None => bad(),
        },
        // New mail is announced here and only here, as a client that polls expects.
        "NOOP" | "CHECK" => {
            let known = folder.mails.len();
            folder.mails.extend(mails(lines, address, folder.place).into_iter().skip(known));
            let news =
                if folder.mails.len() > known { format!("* {} EXISTS\r\n", folder.mails.len()) } else { String::new() };
            [news.into_bytes(), done].concat()
        }
        _ => of_mailbox(lines, tag, &verb, words, address),
    }
}

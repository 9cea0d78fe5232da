//! The IMAP dialogue: RFC 3501 over implicit TLS, AUTHENTICATE XOAUTH2 (with SASL-IR of RFC 4959 where it is offered),
//! and then the mailbox itself, because the service lets a token in whose mailbox it does not open.

use std::future::Future;
use std::time::Instant as Clock;

use super::dialogue::{LONGEST_REPLY, MOST_LINES};
use super::mailbox::{Ended, MailboxJob, Run, garbage, open};
use crate::facts::{Fault, FaultKind, MailboxFacts, MailboxReply, MailboxStage};
use crate::setup::secret::Secret;

/// Holds the dialogue. The token may come late: all that does not need it is done before.
pub async fn probe(job: &MailboxJob, token: impl Future<Output = Option<Secret>>) -> MailboxFacts {
    let mut run = match open(job).await {
        Ok(run) => run,
        Err(facts) => return *facts,
    };
    let _ = talk_through(&mut run, token).await;
    if run.leaves() {
        let _ = ask(&mut run, "z1", "LOGOUT").await;
    }
    run.into_facts()
}

async fn talk_through(run: &mut Run<'_>, token: impl Future<Output = Option<Secret>>) -> Result<(), Ended> {
    log_in(run, token).await?;
    // EXAMINE is SELECT that changes nothing (RFC 3501 section 6.3.2).
    let began = Clock::now();
    let answer = ask(run, "a4", "EXAMINE INBOX").await;
    run.record(MailboxStage::Mailbox, began, answer).map(|_| ())
}

/// From the greeting to the login.
pub(super) async fn log_in(run: &mut Run<'_>, token: impl Future<Output = Option<Secret>>) -> Result<(), Ended> {
    let began = Clock::now();
    let greeting = greeting(run).await;
    run.record(MailboxStage::Banner, began, greeting)?;
    let began = Clock::now();
    let reply = ask(run, "a1", "CAPABILITY").await;
    if let Ok(reply) = &reply {
        run.facts.offered = capabilities(&reply.lines);
    }
    run.record(MailboxStage::Capability, began, reply)?;
    if !offers(run, "AUTH=XOAUTH2") {
        return run.stop("XOAUTH2 is not offered");
    }
    let blob = run.blob(token).await?;
    let began = Clock::now();
    let answer = authenticate(run, &blob).await;
    run.record(MailboxStage::Auth, began, answer).map(|_| ())
}

/// With the first line where SASL-IR is offered; where a server does not take the long line, once more in two steps.
async fn authenticate(run: &mut Run<'_>, blob: &Secret) -> Result<MailboxReply, Fault> {
    if offers(run, "SASL-IR") {
        let line = format!("a2 AUTHENTICATE XOAUTH2 {}\r\n", blob.expose());
        let shown = format!("a2 AUTHENTICATE XOAUTH2 [masked {} octets]", blob.expose().len());
        run.talk.say_hidden(line.as_bytes(), &shown).await?;
        let reply = read(run, "a2").await?;
        let reply = verdict(run, "a2", reply).await?;
        if reply.status != "BAD" {
            return Ok(reply);
        }
        run.talk.note("the server does not take the token in the first line: once more, in two steps");
    }
    run.talk.say("a3 AUTHENTICATE XOAUTH2").await?;
    let reply = read(run, "a3").await?;
    if reply.status != "+" {
        return Ok(reply);
    }
    run.say_blob(blob).await?;
    let reply = read(run, "a3").await?;
    verdict(run, "a3", reply).await
}

/// What stands behind an error challenge, where one came.
async fn verdict(run: &mut Run<'_>, tag: &str, reply: MailboxReply) -> Result<MailboxReply, Fault> {
    if reply.status != "+" {
        return Ok(reply);
    }
    run.answer_challenge(&reply.text).await?;
    read(run, tag).await
}

pub(super) async fn ask(run: &mut Run<'_>, tag: &str, command: &str) -> Result<MailboxReply, Fault> {
    run.talk.say(&format!("{tag} {command}")).await?;
    read(run, tag).await
}

/// Asks for something that comes as a literal of at most so many octets, and gives it back beside the answer.
pub(super) async fn fetch(
    run: &mut Run<'_>,
    tag: &str,
    command: &str,
    most: usize,
) -> Result<(MailboxReply, Option<Vec<u8>>), Fault> {
    run.talk.say(&format!("{tag} {command}")).await?;
    let mut kept = None;
    let reply = read_with(run, tag, most, async |run, octets| {
        kept = Some(run.talk.take(octets).await?);
        Ok(())
    });
    let reply = reply.await?;
    Ok((reply, kept))
}

async fn greeting(run: &mut Run<'_>) -> Result<MailboxReply, Fault> {
    let line = run.talk.line().await?;
    let words = line.strip_prefix("* ").and_then(|rest| status(rest, &["OK", "PREAUTH", "BYE", "NO", "BAD"]));
    words.ok_or_else(|| garbage("IMAP", &line))
}

/// Reads up to the answer with this tag, a request to go on, or the end that the server announces.
async fn read(run: &mut Run<'_>, tag: &str) -> Result<MailboxReply, Fault> {
    read_with(run, tag, LONGEST_REPLY, async |run, octets| run.talk.skip(octets).await).await
}

/// The same, where a literal is given to somebody and all of them may have so many octets.
async fn read_with(
    run: &mut Run<'_>,
    tag: &str,
    most: usize,
    mut literal_of: impl AsyncFnMut(&mut Run<'_>, usize) -> Result<(), Fault>,
) -> Result<MailboxReply, Fault> {
    let (mut lines, mut length, mut literals) = (Vec::new(), 0, 0_usize);
    loop {
        let line = run.talk.line().await?;
        length += line.len();
        if length > LONGEST_REPLY || lines.len() >= MOST_LINES {
            let words = format!("an answer of more than {LONGEST_REPLY} octets or {MOST_LINES} lines");
            return Err(Fault::new(FaultKind::TooLong, words));
        }
        if let Some(octets) = literal(&line) {
            literals = literals.saturating_add(octets);
            if literals > most {
                return Err(Fault::new(FaultKind::TooLong, format!("a literal of {octets} octets")));
            }
            literal_of(run, octets).await?;
        }
        if let Some(rest) = line.strip_prefix("* ") {
            match status(rest, &["BYE"]).filter(|_| !tag.starts_with('z')) {
                Some(bye) => return Ok(MailboxReply { lines, ..bye }),
                None => lines.push(rest.to_owned()),
            }
        } else if line == "+" || line.starts_with("+ ") {
            let text = line[1..].trim().to_owned();
            return Ok(MailboxReply { status: "+".to_owned(), text, lines });
        } else if let Some(rest) = line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) {
            let reply = status(rest, &["OK", "NO", "BAD"]).ok_or_else(|| garbage("IMAP", &line))?;
            return Ok(MailboxReply { lines, ..reply });
        } else if lines.is_empty() {
            return Err(garbage("IMAP", &line));
        } else {
            // What goes on behind a literal belongs to the untagged answer before it.
            lines.push(line);
        }
    }
}

/// The status word and its text.
fn status(rest: &str, known: &[&str]) -> Option<MailboxReply> {
    let (word, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let word = known.iter().find(|known| known.eq_ignore_ascii_case(word))?;
    Some(MailboxReply { status: (*word).to_owned(), text: text.trim().to_owned(), lines: Vec::new() })
}

/// How many octets follow a line as a literal (RFC 3501 section 4.3).
fn literal(line: &str) -> Option<usize> {
    line.strip_suffix('}')?.rsplit_once('{')?.1.parse().ok()
}

/// The words of the CAPABILITY answers.
fn capabilities(lines: &[String]) -> Vec<String> {
    let words = lines.iter().filter_map(|line| {
        let (name, words) = line.split_once(' ')?;
        name.eq_ignore_ascii_case("CAPABILITY").then(|| words.split_whitespace().map(str::to_owned))
    });
    words.flatten().collect()
}

fn offers(run: &Run<'_>, capability: &str) -> bool {
    run.facts.offered.iter().any(|offered| offered.eq_ignore_ascii_case(capability))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_strictly() {
        let known = &["OK", "NO", "BAD"];
        let read = |rest: &str| status(rest, known).map(|reply| reply.to_string());
        assert_eq!(read("no AUTHENTICATE failed.").as_deref(), Some("NO AUTHENTICATE failed."));
        assert_eq!(read("OK").as_deref(), Some("OK"));
        assert_eq!(read("OKAY then"), None);
        assert_eq!(literal("* 1 FETCH (BODY[] {12}"), Some(12));
        assert_eq!(literal("* OK {a}"), None);
        let lines = ["capability IMAP4rev1 AUTH=XOAUTH2".to_owned(), "OK hello".to_owned()];
        assert_eq!(capabilities(&lines), ["IMAP4rev1", "AUTH=XOAUTH2"]);
    }
}

//! The POP dialogue: RFC 1939 over implicit TLS, CAPA of RFC 2449, AUTH XOAUTH2 of RFC 5034 in two steps, because
//! Exchange Online takes no other form, and STAT.

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
        let _ = ask(&mut run, "QUIT").await;
    }
    run.into_facts()
}

async fn talk_through(run: &mut Run<'_>, token: impl Future<Output = Option<Secret>>) -> Result<(), Ended> {
    let began = Clock::now();
    let greeting = read(run).await;
    run.record(MailboxStage::Banner, began, greeting)?;
    let began = Clock::now();
    let reply = capabilities(run).await;
    if let Ok(reply) = &reply {
        run.facts.offered.clone_from(&reply.lines);
    }
    run.record(MailboxStage::Capability, began, reply)?;
    if !offers_xoauth2(&run.facts.offered) {
        return run.stop("XOAUTH2 is not offered");
    }
    let blob = run.blob(token).await?;
    let began = Clock::now();
    let answer = authenticate(run, &blob).await;
    run.record(MailboxStage::Auth, began, answer)?;
    let began = Clock::now();
    let answer = ask(run, "STAT").await;
    run.record(MailboxStage::Mailbox, began, answer).map(|_| ())
}

async fn authenticate(run: &mut Run<'_>, blob: &Secret) -> Result<MailboxReply, Fault> {
    let reply = ask(run, "AUTH XOAUTH2").await?;
    if reply.status != "+" {
        return Ok(reply);
    }
    run.say_blob(blob).await?;
    let reply = read(run).await?;
    if reply.status != "+" {
        return Ok(reply);
    }
    run.answer_challenge(&reply.text).await?;
    read(run).await
}

async fn ask(run: &mut Run<'_>, command: &str) -> Result<MailboxReply, Fault> {
    run.talk.say(command).await?;
    read(run).await
}

/// CAPA, whose answer has a line for each capability, up to a dot.
async fn capabilities(run: &mut Run<'_>) -> Result<MailboxReply, Fault> {
    let mut reply = ask(run, "CAPA").await?;
    let mut length = 0;
    while reply.positive() {
        let line = run.talk.line().await?;
        if line == "." {
            break;
        }
        length += line.len();
        if length > LONGEST_REPLY || reply.lines.len() >= MOST_LINES {
            let words = format!("an answer of more than {LONGEST_REPLY} octets or {MOST_LINES} lines");
            return Err(Fault::new(FaultKind::TooLong, words));
        }
        reply.lines.push(line);
    }
    Ok(reply)
}

async fn read(run: &mut Run<'_>) -> Result<MailboxReply, Fault> {
    let line = run.talk.line().await?;
    parse(&line).ok_or_else(|| garbage("POP", &line))
}

fn parse(line: &str) -> Option<MailboxReply> {
    let (word, text) = line.split_once(' ').unwrap_or((line, ""));
    let word = ["+OK", "-ERR", "+"].into_iter().find(|known| known.eq_ignore_ascii_case(word))?;
    Some(MailboxReply { status: word.to_owned(), text: text.trim().to_owned(), lines: Vec::new() })
}

/// `SASL` lists the mechanisms (RFC 5034 section 3).
fn offers_xoauth2(offered: &[String]) -> bool {
    offered.iter().any(|line| {
        let mut words = line.split_whitespace();
        words.next().is_some_and(|word| word.eq_ignore_ascii_case("SASL"))
            && words.any(|word| word.eq_ignore_ascii_case("XOAUTH2"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_strictly() {
        assert_eq!(parse("+OK 2 320").map(|reply| reply.to_string()).as_deref(), Some("+OK 2 320"));
        assert_eq!(parse("-err no").map(|reply| reply.status).as_deref(), Some("-ERR"));
        assert_eq!(parse("+ eyJ9").map(|reply| reply.text).as_deref(), Some("eyJ9"));
        assert_eq!(parse("+OKAY"), None);
        assert!(offers_xoauth2(&["TOP".to_owned(), "sasl PLAIN xoauth2".to_owned()]));
        assert!(!offers_xoauth2(&["XOAUTH2".to_owned(), "SASL PLAIN".to_owned()]));
    }
}

//! What the checks of IMAP and POP share: from one stage of a dialogue to a verdict.

use super::exchange::witness::{self, At};
use super::{network, smtp, token};
use crate::check::{Judgement, NotObserved, Verdict};
use crate::facts::{FaultKind, MailboxFacts, MailboxReply, MailboxStage, MailboxStep, Visit};
use crate::kb::{Cause, Where, cause, classify};
use crate::road::Road;

/// The dialogue of a road.
pub(super) fn facts(visit: &Visit, road: Road) -> Result<&MailboxFacts, NotObserved> {
    let facts = if road == Road::Pop { &visit.facts.pop } else { &visit.facts.imap };
    facts.as_ref().ok_or_else(|| format!("nobody talked {}", road.label()).into())
}

/// The step, or why the dialogue never came so far.
fn step(talk: &MailboxFacts, stage: MailboxStage) -> Result<&MailboxStep, NotObserved> {
    let ended = || talk.stopped.as_deref().unwrap_or("the dialogue ended before").into();
    talk.step(stage).ok_or_else(ended)
}

pub(super) fn reach(visit: &Visit, road: Road) -> Judgement {
    let talk = facts(visit, road)?;
    let step = step(talk, MailboxStage::Connect)?;
    match &step.fault {
        Some(fault) => network::failed(&talk.server, fault),
        None => Verdict::pass(format!("{} in {} ms", talk.server, step.ms)),
    }
}

pub(super) fn certificate(visit: &Visit, road: Road) -> Judgement {
    let talk = facts(visit, road)?;
    if let Some(fault) = &step(talk, MailboxStage::Tls)?.fault {
        let of_certificate = matches!(
            fault.kind,
            FaultKind::CertificateName | FaultKind::CertificateExpired | FaultKind::CertificateUntrusted
        );
        let what = if of_certificate { talk.server.clone() } else { format!("{} at TLS", talk.server) };
        return network::failed(&what, fault);
    }
    let tls = talk.tls.as_ref().ok_or("TLS did not begin")?;
    Verdict::pass(format!("{}, for {}, from {}", tls.version, tls.names.join(", "), tls.issuer))
}

pub(super) fn greeting(visit: &Visit, road: Road) -> Judgement {
    answered(visit, road, MailboxStage::Banner)
}

/// What is offered, where the server says so; the mechanisms are for the caller to look for.
pub(super) fn offered(visit: &Visit, road: Road) -> Result<Result<&[String], Judgement>, NotObserved> {
    let talk = facts(visit, road)?;
    if let Answer::Bad(judgement) = answer(talk, road, MailboxStage::Capability)? {
        return Ok(Err(judgement));
    }
    Ok(Ok(&talk.offered))
}

pub(super) fn login(visit: &Visit, road: Road) -> Judgement {
    let talk = facts(visit, road)?;
    let judgement = answered(visit, road, MailboxStage::Auth);
    let reply = match &step(talk, MailboxStage::Auth)?.reply {
        Some(reply) if !reply.positive() => reply,
        _ => return judgement,
    };
    let mut words = reply.to_string();
    if let Some(challenge) = &talk.challenge {
        words.push_str(&format!("\nbefore that it sent the challenge {challenge}"));
    }
    let at = if road == Road::Pop { At::Both } else { At::Login };
    let cause = narrowed(visit, road, at, cause_of(road, reply), &mut words);
    words.push_str(&smtp::sign_in_log(token::of(visit, road)?));
    Verdict::fail(cause, words)
}

pub(super) fn mailbox(visit: &Visit, road: Road) -> Judgement {
    let judgement = answered(visit, road, MailboxStage::Mailbox);
    match &step(facts(visit, road)?, MailboxStage::Mailbox)?.reply {
        Some(reply) if !reply.positive() => {
            let mut words = reply.to_string();
            let cause = narrowed(visit, road, At::Mailbox, cause_of(road, reply), &mut words);
            Verdict::fail(cause, words)
        }
        _ => judgement,
    }
}

/// Refusals that stand for several faults.
const BARE: [&Cause; 3] = [&cause::IMAP_LOGIN_REFUSED, &cause::IMAP_MAILBOX_NOT_CONNECTED, &cause::POP_LOGIN_REFUSED];

/// The cause that other witnesses leave of those that a bare refusal may have; their words go to the evidence.
fn narrowed(visit: &Visit, road: Road, at: At, cause: &'static Cause, words: &mut String) -> &'static Cause {
    let challenged = facts(visit, road).is_ok_and(|talk| talk.challenge.is_some());
    if challenged || !BARE.contains(&cause) {
        return cause;
    }
    let said = witness::of(visit, road, at);
    words.extend(said.words.iter().map(|line| format!("\n{line}")));
    said.cause.unwrap_or(cause)
}

enum Answer<'a> {
    Good(&'a MailboxReply),
    Bad(Judgement),
}

fn answer(talk: &MailboxFacts, road: Road, stage: MailboxStage) -> Result<Answer<'_>, NotObserved> {
    let step = step(talk, stage)?;
    if let Some(fault) = &step.fault {
        return Ok(Answer::Bad(network::failed(&format!("{} at {}", talk.server, stage.label()), fault)));
    }
    let reply = step.reply.as_ref().ok_or("there was no answer")?;
    if reply.positive() {
        return Ok(Answer::Good(reply));
    }
    Ok(Answer::Bad(Verdict::fail(cause_of(road, reply), reply.to_string())))
}

fn answered(visit: &Visit, road: Road, stage: MailboxStage) -> Judgement {
    match answer(facts(visit, road)?, road, stage)? {
        Answer::Good(reply) => Verdict::pass(reply.to_string()),
        Answer::Bad(judgement) => judgement,
    }
}

/// The page for a refusal.
pub(super) fn cause_of(road: Road, reply: &MailboxReply) -> &'static Cause {
    let place = if road == Road::Pop { Where::Pop } else { Where::Imap };
    match classify(Some(place), &reply.to_string()).first() {
        Some(found) => found.cause,
        None if reply.status == "BYE" => &cause::IMAP_SESSION_ENDED,
        None if road == Road::Pop => &cause::POP_REFUSED,
        None => &cause::IMAP_REFUSED,
    }
}

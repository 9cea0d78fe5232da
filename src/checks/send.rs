//! What became of the probe mail.

use super::{network, smtp};
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::{Accepted, MessageFacts, SmtpFacts, Stage, Visit};
use crate::kb::{Where, cause, classify};
use crate::road::Road;
use crate::scripts;

static ACCEPTED: Check = Check {
    id: "send.accepted",
    title: "The server took the probe mail",
    needs: &[&smtp::RECIPIENT],
    judge: Judge::PerRoad(&Road::OVER_SMTP, accepted),
};

fn accepted(visit: &Visit, road: Road) -> Judgement {
    let talk = smtp::facts(visit, road)?;
    let Some(message) = &talk.message else {
        if let Some(other) = sent_over(visit) {
            return Err(format!("the probe mail leaves over {other}").into());
        }
        return Err(talk.stopped.as_deref().unwrap_or("no mail was to leave").into());
    };
    let step = smtp::step(talk, Stage::Message).or_else(|_| smtp::step(talk, Stage::Data))?;
    let mark = format!("Message-ID {}\nsubject {}", message.message_id, message.subject);
    match (message.accepted, &step.reply, &step.fault) {
        (Accepted::Yes, Some(reply), _) => {
            Verdict::pass(format!("{reply}\n{mark}\n{}", afterwards(visit, road, talk, message)))
        }
        (Accepted::Unknown, _, Some(fault)) => {
            let words = format!(
                "after the final dot: {}\nthe mail may have been sent; it is not sent again\n{mark}",
                fault.words
            );
            Verdict::fail(&cause::SMTP_ANSWER_LOST, words)
        }
        (_, Some(reply), _) => {
            let known = classify(Some(Where::Smtp), &reply.to_string());
            let refused =
                || if step.stage == Stage::Data { &cause::PROBE_NOT_ACCEPTED_DATA } else { smtp::cause_of(reply) };
            Verdict::fail(known.first().map_or_else(refused, |found| found.cause), reply.to_string())
        }
        (_, None, Some(fault)) => network::failed(&format!("{} at {}", talk.server, step.stage.label()), fault),
        (_, None, None) => Err("there was no answer".into()),
    }
}

/// The road that has the probe mail.
fn sent_over(visit: &Visit) -> Option<Road> {
    if visit.facts.graph.as_ref().is_some_and(|graph| graph.message.is_some()) {
        return Some(Road::Graph);
    }
    if visit.facts.ews.as_ref().is_some_and(|ews| ews.message.is_some()) {
        return Some(Road::Ews);
    }
    visit.facts.smtp_talks().find(|(_, talk)| talk.message.is_some()).map(|(road, _)| road)
}

/// Where the mail can be found again: accepted is not yet delivered.
fn afterwards(visit: &Visit, road: Road, talk: &SmtpFacts, message: &MessageFacts) -> String {
    let reply = talk.step(Stage::Message).and_then(|step| step.reply.as_ref());
    let server = reply.and_then(|reply| {
        reply.lines.iter().find_map(|line| Some(line.split_once("[Hostname=")?.1.split(']').next()?.to_owned()))
    });
    let taken = server.map(|server| format!("taken by {server} at {}\n", visit.facts.observed_at)).unwrap_or_default();
    let id = scripts::ps(&message.message_id).unwrap_or_default();
    // Only a submission leaves a copy; on the other roads no mailbox is behind the sender.
    let copy = match (road, visit.setup.mailbox.as_deref()) {
        (Road::Smtp, mailbox) => format!("\na copy lies in Sent Items of {}", mailbox.unwrap_or("the mailbox")),
        _ => String::new(),
    };
    format!(
        "{taken}follow it: Get-MessageTraceV2 -MessageId {id} -StartDate (Get-Date).AddHours(-1) -EndDate (Get-Date){copy}"
    )
}

pub(super) static CHECKS: &[&Check] = &[&ACCEPTED];

//! What became of the probe mail.

use super::{exchange, network, smtp, token};
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::{Accepted, GraphFacts, MessageFacts, SmtpFacts, Stage, Visit};
use crate::identity::{self, Fit, Names};
use crate::kb::{Where, cause, classify};
use crate::road::Road;
use crate::scripts;

static ACCEPTED: Check = Check {
    id: "send.accepted",
    title: "The server took the probe mail",
    needs: &[&smtp::RECIPIENT],
    judge: Judge::PerRoad(&Road::OVER_SMTP, accepted),
};

static FROM: Check = Check {
    id: "send.from",
    title: "The login may send as the address in From",
    needs: &[&smtp::SENDER, &exchange::SEND_AS],
    judge: Judge::PerRoad(&[Road::Smtp, Road::Graph, Road::Ews], from),
};

/// That MAIL and RCPT are taken proves nothing: the service looks at From once it has the mail.
fn from(visit: &Visit, road: Road) -> Judgement {
    let token = token::of(visit, road)?;
    let fit = identity::sender(road, token, &Names::of(road, &visit.setup, token));
    let sent = match road {
        Road::Graph => visit.facts.graph.as_ref().and_then(GraphFacts::accepted),
        Road::Ews => visit.facts.ews.as_ref().and_then(|ews| ews.message.as_ref()).map(|message| message.accepted),
        _ => visit.facts.smtp_on(road).and_then(|talk| talk.message.as_ref()).map(|message| message.accepted),
    };
    match (fit.ok_or("From is not asked to be another address")?, sent) {
        (Fit::Yes(words), _) => Verdict::pass(words),
        (Fit::No(_, words), _) => Verdict::fail(&cause::TOKEN_SCOPE_MISSING, words),
        (Fit::Open(_, words), Some(Accepted::Yes)) => {
            Verdict::pass(format!("{words}\nthe service took a mail from it"))
        }
        (Fit::Open(..), Some(_)) => Err("the answer to the mail says it".into()),
        (Fit::Open(_, words), None) if road == Road::Smtp && exchange::shows_send_as(visit, road) => {
            Verdict::pass(format!("{words}\nthe state of Exchange shows which"))
        }
        (Fit::Open(_, words), None) => Verdict::unproven(&cause::SEND_AS_UNPROVEN, words),
    }
}

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

pub(super) static CHECKS: &[&Check] = &[&FROM, &ACCEPTED];

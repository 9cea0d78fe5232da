//! What became of the probe mail.

use super::{network, smtp};
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::{Accepted, MessageFacts, Stage, Visit};
use crate::kb::{Where, cause, classify};
use crate::road::Road;
use crate::scripts;

static ACCEPTED: Check = Check {
    id: "send.accepted",
    title: "The server took the probe mail",
    needs: &[&smtp::RECIPIENT],
    judge: Judge::PerRoad(&[Road::Smtp], accepted),
};

fn accepted(visit: &Visit, _: Road) -> Judgement {
    let talk = smtp::facts(visit)?;
    let Some(message) = &talk.message else {
        if visit.facts.graph.as_ref().is_some_and(|graph| graph.message.is_some()) {
            return Err("the probe mail leaves over graph".into());
        }
        return Err(talk.stopped.as_deref().unwrap_or("no mail was to leave").into());
    };
    let step = smtp::step(talk, Stage::Message).or_else(|_| smtp::step(talk, Stage::Data))?;
    let mark = format!("Message-ID {}\nsubject {}", message.message_id, message.subject);
    match (message.accepted, &step.reply, &step.fault) {
        (Accepted::Yes, Some(reply), _) => Verdict::pass(format!("{reply}\n{mark}\n{}", afterwards(visit, message))),
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

/// Where the mail can be found again: accepted is not yet delivered.
fn afterwards(visit: &Visit, message: &MessageFacts) -> String {
    let server = visit.facts.smtp.as_ref().and_then(|smtp| {
        let reply = smtp.step(Stage::Message)?.reply.as_ref()?;
        reply.lines.iter().find_map(|line| Some(line.split_once("[Hostname=")?.1.split(']').next()?.to_owned()))
    });
    let taken = server.map(|server| format!("taken by {server} at {}\n", visit.facts.observed_at)).unwrap_or_default();
    let id = scripts::ps(&message.message_id).unwrap_or_default();
    format!(
        "{taken}follow it: Get-MessageTraceV2 -MessageId {id} -StartDate (Get-Date).AddHours(-1) -EndDate (Get-Date)\n\
         a copy lies in Sent Items of {}",
        visit.setup.mailbox.as_deref().unwrap_or("the mailbox")
    )
}

pub(super) static CHECKS: &[&Check] = &[&ACCEPTED];

//! Checks of the visit to Microsoft Graph.
//!
//! With Mail.Send alone nothing can be asked that has no effect: no mailbox is read to test it, for a refusal there would
//! say nothing about sending.

use super::{network, token};
use crate::access::{self, Access};
use crate::check::{Check, Judge, Judgement, NotObserved, Verdict};
use crate::facts::{Accepted, GraphFacts, GraphRefusal, HttpFacts, MessageFacts, Visit};
use crate::kb::{Cause, Where, cause, classify};
use crate::road::Road;

const ON_GRAPH: &[Road] = &[Road::Graph];

static REACH: Check = Check {
    id: "graph.reach",
    title: "Microsoft Graph takes connections",
    needs: &[],
    judge: Judge::PerRoad(ON_GRAPH, |visit, _| {
        let graph = facts(visit)?;
        match (graph.reach.status, &graph.reach.fault) {
            (Some(_), _) => Verdict::pass(format!("{} in {} ms", graph.server, graph.reach.ms)),
            (None, Some(fault)) => network::failed(&graph.server, fault),
            (None, None) => Err("nobody asked it".into()),
        }
    }),
};

static TOKEN_ACCEPTED: Check = Check {
    id: "graph.token-accepted",
    title: "It takes the token",
    needs: &[&REACH, &token::APP_ISSUED, &token::LIFETIME, &token::TENANT, &token::AUDIENCE, &token::USER],
    judge: Judge::PerRoad(ON_GRAPH, |visit, _| {
        let graph = facts(visit)?;
        let request = request(graph)?;
        match request.status {
            Some(401) => Verdict::fail(cause_of(graph, request), words_of(graph, request)),
            // It looks at the token before it looks at anything else that these answers speak of.
            Some(status @ (202 | 400 | 403 | 404)) => Verdict::pass(format!("it answered {status}, not 401")),
            _ => Err("its answer says nothing of the token".into()),
        }
    }),
};

static MAILBOX: Check = Check {
    id: "graph.mailbox",
    title: "It finds the mailbox",
    needs: &[&TOKEN_ACCEPTED],
    judge: Judge::PerRoad(ON_GRAPH, |visit, _| {
        let graph = facts(visit)?;
        let Some(request) = &graph.request else {
            let why = graph.stopped.as_deref().unwrap_or("nothing was sent");
            return Verdict::unproven(&cause::GRAPH_MAILBOX_UNPROVEN, why);
        };
        match request.status {
            Some(404) => Verdict::fail(cause_of(graph, request), words_of(graph, request)),
            Some(202) => Verdict::pass("it took a mail from it"),
            _ => Err("its answer says nothing of the mailbox itself".into()),
        }
    }),
};

static SEND: Check = Check {
    id: "graph.send",
    title: "It takes the probe mail",
    needs: &[&TOKEN_ACCEPTED, &MAILBOX],
    judge: Judge::PerRoad(ON_GRAPH, send),
};

fn facts(visit: &Visit) -> Result<&GraphFacts, NotObserved> {
    visit.facts.graph.as_ref().ok_or_else(|| "nobody asked Graph".into())
}

fn request(graph: &GraphFacts) -> Result<&HttpFacts, NotObserved> {
    graph.request.as_ref().ok_or_else(|| graph.stopped.as_deref().unwrap_or("nothing was sent").into())
}

fn send(visit: &Visit, road: Road) -> Judgement {
    let graph = facts(visit)?;
    let request = request(graph)?;
    let message = graph.message.as_ref().ok_or("no mail was to leave")?;
    match (message.accepted, &request.fault) {
        (Accepted::Yes, _) => Verdict::pass(afterwards(visit, graph, message)),
        (Accepted::Unknown, _) => {
            let words = format!(
                "after the request: {}\nthe mail may have been sent; it is not sent again\n{}",
                words_of(graph, request),
                mark(message)
            );
            // What Graph itself says of the failure is worth more than that it is one.
            let known = graph.refusal.as_ref().map(|_| cause_of(graph, request));
            Verdict::fail(known.unwrap_or(&cause::GRAPH_ANSWER_LOST), words)
        }
        (Accepted::No, Some(fault)) if request.status.is_none_or(|status| (300..400).contains(&status)) => {
            network::failed(&graph.server, fault)
        }
        (Accepted::No, _) => {
            let mut words = words_of(graph, request);
            let cause = cause_of(graph, request);
            if *cause == cause::GRAPH_ACCESS_DENIED
                && let Access::Unproven(missing) | Access::No(missing) =
                    access::of(token::of(visit, road)?, &visit.setup.cloud, road)
            {
                words.push_str(&format!("\n{missing}"));
            }
            Verdict::fail(cause, words)
        }
    }
}

/// The page for an answer that is no 202: by its words, else by its status.
fn cause_of(graph: &GraphFacts, request: &HttpFacts) -> &'static Cause {
    let known = classify(Some(Where::Graph), &answer_of(graph.refusal.as_ref(), request));
    known.first().map_or_else(|| by_status(request.status), |found| found.cause)
}

pub(super) fn by_status(status: Option<u16>) -> &'static Cause {
    match status {
        Some(401) => &cause::GRAPH_TOKEN_REFUSED,
        Some(403) => &cause::GRAPH_ACCESS_DENIED,
        Some(404) => &cause::GRAPH_USER_NOT_FOUND,
        Some(429) => &cause::GRAPH_THROTTLED,
        Some(500..=599) => &cause::GRAPH_SERVER_ERROR,
        _ => &cause::GRAPH_REFUSED,
    }
}

/// What it answered, in one line: status, codes, its own words.
pub(super) fn answer_of(refusal: Option<&GraphRefusal>, request: &HttpFacts) -> String {
    let mut words = request.status.map(|status| status.to_string()).unwrap_or_default();
    if let Some(refusal) = refusal {
        words.push_str(&format!(" {}", refusal.code));
        words.extend(refusal.inner_code.iter().map(|code| format!(" ({code})")));
        words.push_str(&format!(": {}", refusal.message));
    }
    words.extend(request.words.iter().filter(|words| !words.trim().is_empty()).map(|words| format!(" {words}")));
    words.extend(request.fault.iter().map(|fault| format!(" {}", fault.words)));
    words.trim().to_owned()
}

fn words_of(graph: &GraphFacts, request: &HttpFacts) -> String {
    let mut words = answer_of(graph.refusal.as_ref(), request);
    words.extend(
        request.retry_after.iter().map(|seconds| format!("\nit asks to wait {seconds} s; nothing is repeated")),
    );
    let inner = graph.refusal.as_ref().and_then(|refusal| refusal.request_id.as_deref());
    if let Some(id) = graph.request_id.as_deref().or(inner) {
        let date = graph.refusal.as_ref().and_then(|refusal| refusal.date.as_deref());
        let date = date.map(|date| format!(" at {date}")).unwrap_or_default();
        words.push_str(&format!("\nfor Microsoft's support: request-id {id}{date}"));
    }
    words.extend(request.correlation_id.iter().map(|id| format!("\nclient-request-id {id}")));
    words
}

fn mark(message: &MessageFacts) -> String {
    if message.message_id.is_empty() {
        return format!("subject {}", message.subject);
    }
    format!("Message-ID {}\nsubject {}", message.message_id, message.subject)
}

/// Queued is not yet delivered: where the mail can be found again.
fn afterwards(visit: &Visit, graph: &GraphFacts, message: &MessageFacts) -> String {
    let id = graph.request_id.as_ref().map(|id| format!("request-id {id}\n")).unwrap_or_default();
    format!(
        "202 Accepted: queued, which is not yet delivered\n{}\n{id}taken at {}\n\
         a copy with this subject lies in Sent Items of {}; a bounce would come to its inbox",
        mark(message),
        visit.facts.observed_at,
        visit.setup.mailbox.as_deref().unwrap_or("the mailbox")
    )
}

pub(super) static CHECKS: &[&Check] = &[&REACH, &TOKEN_ACCEPTED, &MAILBOX, &SEND];

//! Whether the mailbox could be looked into, and if not, by whose word.

use super::{facts, via};
use crate::access::Access;
use crate::check::{Judgement, Verdict};
use crate::checks::{entra, ews, graph, mailbox, network};
use crate::facts::{ConfirmFacts, EwsExchange, HttpFacts, MailboxFacts, MailboxReply, MailboxStage, Visit};
use crate::kb::{Where, cause, classify};
use crate::reader::Reader;
use crate::road::{Resource, Road};

pub(super) fn right(visit: &Visit) -> Judgement {
    let facts = facts(visit)?;
    let Some(reader) = facts.via else {
        if facts.rights.is_empty() {
            return no_token(visit, None);
        }
        return Verdict::fail(&cause::CONFIRM_RIGHT_MISSING, in_words(facts));
    };
    if facts.looks == 0 {
        return no_token(visit, Some(reader.wants().resource));
    }
    if opened(facts) {
        return if reader == Reader::Ews { retiring(visit, facts) } else { Verdict::pass(by_what(facts, reader)) };
    }
    match reader {
        Reader::Graph => of_graph(facts),
        Reader::Imap => of_imap(facts),
        Reader::Ews => of_ews(facts),
    }
}

/// Whether the mailbox was seen at least once, mail or no mail.
pub(super) fn opened(facts: &ConfirmFacts) -> bool {
    let over_imap = facts.imap.as_ref().and_then(|imap| imap.step(MailboxStage::Mailbox)?.reply.as_ref());
    facts.arrived.is_some()
        || facts.ews.as_ref().is_some_and(EwsExchange::succeeded)
        || facts.requests.iter().any(|request| request.status == Some(200) && request.fault.is_none())
        || over_imap.is_some_and(MailboxReply::positive)
}

fn by_what(facts: &ConfirmFacts, reader: Reader) -> String {
    match facts.rights.iter().find(|right| right.via == reader).map(|right| &right.access) {
        Some(Access::Yes(by)) => format!("{}, {by}", reader.label()),
        _ => format!("{} opened it, so Exchange itself holds the grant", reader.label()),
    }
}

/// What the tokens say of each reader, a line each.
fn in_words(facts: &ConfirmFacts) -> String {
    let line = |right: &crate::facts::ReaderRight| {
        let (Access::Yes(why) | Access::No(why) | Access::Unproven(why)) = &right.access;
        format!("{}: {why}", right.via.label())
    };
    facts.rights.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Why there is no token for an API, or for any.
fn no_token(visit: &Visit, resource: Option<Resource>) -> Judgement {
    let tokens = visit.facts.tokens.iter().filter(|token| token.form.is_none());
    let mut tokens = tokens.filter(|token| resource.is_none() || token.resource == resource);
    let token = tokens.next().ok_or("there is no token to look with")?;
    if let Some(refusal) = &token.refusal {
        return Verdict::fail(entra::cause_of(refusal), entra::words_of(refusal));
    }
    let request = token.request.as_ref().ok_or("no token was asked for")?;
    match &request.fault {
        Some(fault) => network::failed(&request.request, fault),
        None => entra::unexpected(request),
    }
}

fn of_graph(facts: &ConfirmFacts) -> Judgement {
    let worst = facts.requests.iter().max_by_key(|request| (request.fault.is_some(), request.status));
    let request = worst.ok_or("nobody looked")?;
    if let Some(fault) = &request.fault {
        return network::failed(via(facts), fault);
    }
    let words = graph::answer_of(facts.refusal.as_ref(), request);
    let known = classify(Some(Where::Graph), &words).first().map(|found| found.cause);
    let cause = known.unwrap_or_else(|| graph::by_status(request.status));
    if *cause == cause::GRAPH_ACCESS_DENIED {
        return Verdict::fail(&cause::CONFIRM_RIGHT_MISSING, format!("{words}\n{}", in_words(facts)));
    }
    if *cause == cause::GRAPH_USER_NOT_FOUND {
        return Verdict::fail(&cause::CONFIRM_MAILBOX_ELSEWHERE, words);
    }
    // A service that is overloaded has said nothing of the right.
    if overloaded(request) { Verdict::unproven(cause, words) } else { Verdict::fail(cause, words) }
}

fn overloaded(request: &HttpFacts) -> bool {
    matches!(request.status, Some(429 | 500..=599))
}

fn of_imap(facts: &ConfirmFacts) -> Judgement {
    let imap = facts.imap.as_ref().ok_or("nobody looked")?;
    let step = imap.steps.last().ok_or("the dialogue never began")?;
    if let Some(fault) = &step.fault {
        return network::failed(&format!("{} at {}", imap.server, step.stage.label()), fault);
    }
    let Some(reply) = step.reply.as_ref().filter(|reply| !reply.positive()) else {
        return stopped(imap);
    };
    let cause = mailbox::cause_of(Road::Imap, reply);
    // The login is refused without the role, and the mailbox does not open without the right on it.
    if *cause == cause::IMAP_MAILBOX_NOT_CONNECTED || *cause == cause::IMAP_LOGIN_REFUSED {
        return Verdict::fail(&cause::CONFIRM_RIGHT_MISSING, format!("{reply}\n{}", in_words(facts)));
    }
    Verdict::fail(cause, reply.to_string())
}

fn of_ews(facts: &ConfirmFacts) -> Judgement {
    let exchange = facts.ews.as_ref().ok_or("nobody looked")?;
    if let Some(fault) = &exchange.http.fault {
        return network::failed(via(facts), fault);
    }
    let (cause, words) = (ews::words::cause_of(exchange), ews::words::words_of(exchange));
    match exchange.answer.as_ref().and_then(|answer| answer.code.as_deref()) {
        Some("ErrorImpersonateUserDenied" | "ErrorImpersonationDenied" | "ErrorAccessDenied") => {
            Verdict::fail(&cause::CONFIRM_RIGHT_MISSING, format!("{words}\n{}", in_words(facts)))
        }
        Some("ErrorNonExistentMailbox") => Verdict::fail(&cause::CONFIRM_MAILBOX_ELSEWHERE, words),
        _ if overloaded(&exchange.http) => Verdict::unproven(cause, words),
        _ => Verdict::fail(cause, words),
    }
}

/// It opened, over a road that has no future.
fn retiring(visit: &Visit, facts: &ConfirmFacts) -> Judgement {
    let mut verdict = ews::retirement(visit, Road::Ews)?;
    if let Verdict::Warn(reason) | Verdict::Fail(reason) = &mut verdict {
        reason.evidence.insert(0, by_what(facts, Reader::Ews));
    }
    Ok(verdict)
}

fn stopped(imap: &MailboxFacts) -> Judgement {
    let why = imap.stopped.as_deref().ok_or("the dialogue ended before")?;
    Verdict::fail(&cause::IMAP_XOAUTH2_MISSING, why)
}

//! Checks of the visit to Exchange Web Services.
//!
//! Asking for the inbox has no effect, so token, switches and mailbox are proven without a mail.

pub(super) mod words;

use jiff::Timestamp;

use super::{network, token};
use crate::access::{self, Access};
use crate::check::{Check, Judge, Judgement, NotObserved, Verdict};
use crate::facts::{Accepted, EwsActing, EwsExchange, EwsFacts, MessageFacts, Visit};
use crate::kb::cause;
use crate::road::Road;
use words::{cause_of, words_of};

const ON_EWS: &[Road] = &[Road::Ews];

/// From this moment on no tenant is served: 1 April 2027 (Exchange team blog, techcommunity 4492361).
const END: i64 = 1_806_537_600;

static RETIREMENT: Check = Check {
    id: "ews.retirement",
    title: "The road has a future",
    needs: &[],
    judge: Judge::PerRoad(ON_EWS, retirement),
};

static REACH: Check = Check {
    id: "ews.reach",
    title: "Exchange Web Services takes connections",
    needs: &[],
    judge: Judge::PerRoad(ON_EWS, |visit, _| {
        let ews = facts(visit)?;
        match (ews.reach.status, &ews.reach.fault) {
            (Some(_), _) => Verdict::pass(format!("{} in {} ms", ews.server, ews.reach.ms)),
            (None, Some(fault)) => network::failed(&ews.server, fault),
            (None, None) => Err("nobody asked it".into()),
        }
    }),
};

static TOKEN_ACCEPTED: Check = Check {
    id: "ews.token-accepted",
    title: "It takes the token",
    needs: &[&REACH, &token::APP_ISSUED, &token::LIFETIME, &token::TENANT, &token::AUDIENCE],
    judge: Judge::PerRoad(ON_EWS, |visit, _| {
        let ews = facts(visit)?;
        let folder = folder(ews)?;
        match (folder.http.status, &folder.answer) {
            (Some(401), _) => Verdict::fail(cause_of(folder), words_of(folder)),
            (Some(403), _) if folder.diagnostics.is_some() => Verdict::fail(cause_of(folder), words_of(folder)),
            (Some(_), Some(_)) => Verdict::pass("it went on to the operation"),
            (Some(status @ 403), None) => Verdict::pass(format!("it answered {status}, not 401")),
            _ => Err("its answer says nothing of the token".into()),
        }
    }),
};

static MAILBOX: Check = Check {
    id: "ews.mailbox",
    title: "It opens the mailbox",
    needs: &[&TOKEN_ACCEPTED],
    judge: Judge::PerRoad(ON_EWS, |visit, road| {
        let ews = facts(visit)?;
        let folder = folder(ews)?;
        if folder.succeeded() {
            let how = match ews.acting {
                Some(EwsActing::Impersonation) => "impersonating it",
                _ => "as the user of the token",
            };
            return Verdict::pass(format!("GetFolder of the inbox, {how}"));
        }
        failed(visit, road, ews, folder)
    }),
};

static SEND: Check =
    Check { id: "ews.send", title: "It takes the probe mail", needs: &[&MAILBOX], judge: Judge::PerRoad(ON_EWS, send) };

/// That the service is being switched off, said at each use.
pub(super) fn retirement(visit: &Visit, _: Road) -> Judgement {
    let now = visit.facts.observed_at;
    if now.as_second() >= END {
        let words = "EWS in Exchange Online ended on 1 April 2027, for every tenant";
        return Verdict::fail(&cause::EWS_RETIREMENT, words);
    }
    let days = (END - now.as_second()).div_euclid(24 * 60 * 60) + 1;
    let unit = if days == 1 { "day" } else { "days" };
    let words = format!(
        "EWS in Exchange Online is blocked tenant by tenant since 1 October 2026, but for the applications of an \
         allow list, and ends on 1 April 2027: in {days} {unit}\nthe way out is Microsoft Graph: --via graph"
    );
    Verdict::warn(&cause::EWS_RETIREMENT, words)
}

fn facts(visit: &Visit) -> Result<&EwsFacts, NotObserved> {
    visit.facts.ews.as_ref().ok_or_else(|| "nobody asked EWS".into())
}

fn folder(ews: &EwsFacts) -> Result<&EwsExchange, NotObserved> {
    ews.folder.as_ref().ok_or_else(|| ews.stopped.as_deref().unwrap_or("nothing was asked").into())
}

/// Whether EWS finds the mailbox, where its answer says so.
pub(super) fn finds_mailbox(visit: &Visit) -> Option<bool> {
    let folder = visit.facts.ews.as_ref()?.folder.as_ref()?;
    if folder.succeeded() {
        return Some(true);
    }
    (*cause_of(folder) == cause::EWS_MAILBOX_NOT_FOUND).then_some(false)
}

fn send(visit: &Visit, road: Road) -> Judgement {
    let ews = facts(visit)?;
    let (Some(create), Some(message)) = (&ews.create, &ews.message) else {
        return Err(ews.stopped.as_deref().unwrap_or("nothing was sent").into());
    };
    match message.accepted {
        Accepted::Yes => Verdict::pass(afterwards(visit, create, message)),
        Accepted::Unknown => {
            let words = format!(
                "after the request: {}\nthe mail may have been sent; it is not sent again\n{}",
                words_of(create),
                mark(message)
            );
            // What the service itself says of the failure is worth more than that it is one.
            let known = create.answer.as_ref().filter(|answer| !answer.succeeded()).map(|_| cause_of(create));
            Verdict::fail(known.unwrap_or(&cause::EWS_ANSWER_LOST), words)
        }
        Accepted::No => failed(visit, road, ews, create),
    }
}

/// The failure of one request, with what the token says where the service says nothing.
fn failed(visit: &Visit, road: Road, ews: &EwsFacts, exchange: &EwsExchange) -> Judgement {
    if let Some(fault) = &exchange.http.fault {
        return network::failed(&ews.server, fault);
    }
    let mut words = words_of(exchange);
    if matches!(exchange.http.status, Some(403 | 500))
        && exchange.policy.is_none()
        && let Ok(token) = token::of(visit, road)
        && let Access::Unproven(missing) | Access::No(missing) = access::of(token, &visit.setup.cloud, road)
    {
        words.push_str(&format!("\n{missing}"));
    }
    Verdict::fail(cause_of(exchange), words)
}

fn mark(message: &MessageFacts) -> String {
    format!("Message-ID {}\nsubject {}", message.message_id, message.subject)
}

/// Taken is not yet delivered: where the mail can be found again.
fn afterwards(visit: &Visit, create: &EwsExchange, message: &MessageFacts) -> String {
    let id = create.request_id.as_ref().map(|id| format!("request-id {id}\n")).unwrap_or_default();
    let at: Timestamp = visit.facts.observed_at;
    format!(
        "NoError: handed on for sending, which is not yet delivered\n{}\n{id}taken at {at}\n\
         a copy lies in Sent Items of {}; a bounce would come to its inbox",
        mark(message),
        visit.setup.mailbox.as_deref().unwrap_or("the mailbox")
    )
}

pub(super) static CHECKS: &[&Check] = &[&RETIREMENT, &REACH, &TOKEN_ACCEPTED, &MAILBOX, &SEND];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warning_becomes_a_failure_on_the_last_day() {
        let at = |time: &str| {
            let mut visit = Visit::default();
            visit.facts.observed_at = time.parse().expect("a time");
            let Judge::PerRoad(_, judge) = RETIREMENT.judge else { panic!("it is asked per road") };
            judge(&visit, Road::Ews)
        };
        for (time, days) in [("2026-11-26T12:00:00Z", "126 days"), ("2027-03-31T23:59:59Z", "1 day")] {
            let Ok(Verdict::Warn(reason)) = at(time) else { panic!("{time}") };
            assert!(reason.cause == &cause::EWS_RETIREMENT && reason.evidence[0].ends_with(days), "{reason:?}");
        }
        assert!(matches!(at("2027-04-01T00:00:00Z"), Ok(Verdict::Fail(_))));
    }
}

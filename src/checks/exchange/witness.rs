//! What the other witnesses of a run say of a refusal that gives no reason: the administrator's state first, then the
//! other roads that were asked with the same token. Where they do not decide, the verdict stays as it was.

use super::{how_old, no_mailbox, not_registered, of_application, recent, rights, wanted_object_id, wrong_object_id};
use crate::checks::exchange::neighbours::{Seen, by_roads, refuted, seen};
use crate::checks::exchange::rights::Says;
use crate::facts::{ExchangeFacts, Visit};
use crate::kb::{Cause, cause};
use crate::road::Road;

/// What became of a refusal in the light of the witnesses.
pub(in crate::checks) struct Testimony {
    /// The one cause that is left, if one is.
    pub(in crate::checks) cause: Option<&'static Cause>,
    /// Which witness said what, a line each.
    pub(in crate::checks) words: Vec<String>,
}

/// How far the refusal lies from the token: before any mailbox was looked for, at one, or the road does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::checks) enum At {
    /// IMAP's login, which knows of no mailbox yet.
    Login,
    /// IMAP's mailbox, behind a login that succeeded.
    Mailbox,
    /// SMTP's and POP's login, which does both in one step.
    Both,
}

/// What the witnesses say of a refusal of this road.
pub(in crate::checks) fn of(visit: &Visit, road: Road, at: At) -> Testimony {
    let mut said = Testimony { cause: None, words: Vec::new() };
    if by_state(visit, road, at, &mut said) {
        return said;
    }
    by_roads(visit, road, at, &mut said);
    said
}

/// Whether the state decides.
fn by_state(visit: &Visit, road: Road, at: At, said: &mut Testimony) -> bool {
    let Some(state) = visit.facts.exchange.as_ref().filter(|_| of_application(visit).is_ok()) else { return false };
    let age = how_old(visit, state);
    if !recent(visit, state) {
        said.words.push(format!("the state of Exchange is from {age}; it decides nothing here"));
        return false;
    }
    let readings = readings(visit, state, road, at);
    if let Some((cause, words)) = readings.iter().find_map(|says| match says {
        Says::Bad(cause, words) => Some((*cause, words)),
        _ => None,
    }) {
        if let Some(newer) = refuted(visit, cause) {
            said.words.push(format!("the state of Exchange, {age}, is out of date: {words}; but {newer}"));
            return false;
        }
        said.words.push(format!("the state of Exchange, {age}, decides: {words}"));
        let refused = *cause == cause::TOKEN_ROLE_MISSING_SMTP;
        said.cause = Some(if refused { &cause::SMTP_ROLE_MISSING_REFUSED } else { cause });
        return true;
    }
    let gaps: Vec<&str> =
        readings.iter().filter_map(|says| if let Says::Gap(what) = says { Some(*what) } else { None }).collect();
    if !gaps.is_empty() {
        said.words.push(format!("the state of Exchange has a gap at {}, so it does not decide", gaps.join(", ")));
        return false;
    }
    let well: Vec<String> =
        readings.into_iter().filter_map(|says| if let Says::Good(words) = says { Some(words) } else { None }).collect();
    said.words.push(format!("the state of Exchange, {age}, has all in order: {}", well.join("; ")));
    said.cause = Some(all_is_well(visit, state, road, at));
    true
}

/// What the state says of all that this refusal can be about, in the order in which the service asks.
fn readings(visit: &Visit, state: &ExchangeFacts, road: Road, at: At) -> Vec<Says> {
    let mut readings = Vec::new();
    if at != At::Mailbox {
        readings.extend([registration(state), object_id(visit, state)]);
    }
    if at != At::Login {
        readings.push(found(state));
        readings.extend(Some(rights::beside(visit, state, road)).filter(|says| matches!(says, Says::Bad(..))));
        readings.push(opens(visit, state, road));
        readings.extend(switched(state, road));
    }
    readings
}

/// The switch of the protocol, where the state read it.
fn switched(state: &ExchangeFacts, road: Road) -> Option<Says> {
    let switches = state.protocols?;
    let (name, switch) = match road {
        Road::Imap => ("ImapEnabled", switches.imap?),
        Road::Pop => ("PopEnabled", switches.pop?),
        _ => return None,
    };
    if switch {
        return Some(Says::Good(format!("{name} is True")));
    }
    Some(Says::Bad(&cause::MAILBOX_PROTOCOL_OFF, format!("{name} of the mailbox is False")))
}

/// What is left where the state has all in order: the switch of the protocol, if it did not read that, or time.
fn all_is_well(visit: &Visit, state: &ExchangeFacts, road: Road, at: At) -> &'static Cause {
    let others = |wanted: Seen| {
        [Road::Smtp, Road::Imap, Road::Pop].into_iter().any(|other| other != road && seen(visit, other) == Some(wanted))
    };
    let unread = switched(state, road).is_none();
    let has_switch = matches!(road, Road::Imap | Road::Pop) && at != At::Login && unread;
    if has_switch && (others(Seen::Open) || !others(Seen::Refused)) {
        return &cause::MAILBOX_PROTOCOL_OFF;
    }
    &cause::EXCHANGE_CHANGE_NOT_IN_FORCE
}

fn registration(state: &ExchangeFacts) -> Says {
    match state.registered {
        Some(true) => Says::Good("the application is registered".to_owned()),
        Some(false) => Says::Bad(&cause::EXCHANGE_NOT_REGISTERED, not_registered(state)),
        None => Says::Gap("registration"),
    }
}

fn object_id(visit: &Visit, state: &ExchangeFacts) -> Says {
    let Some((wanted, whose)) = wanted_object_id(visit, state) else { return Says::Gap("object id") };
    match wrong_object_id(state, wanted, whose) {
        Some(words) => Says::Bad(&cause::EXCHANGE_WRONG_OBJECT_ID, words),
        None => Says::Good(format!("under {whose} ({wanted})")),
    }
}

fn found(state: &ExchangeFacts) -> Says {
    match (no_mailbox(state), state.mailbox_found) {
        (Some(words), _) => Says::Bad(&cause::EXCHANGE_MAILBOX_MISSING, words),
        (None, Some(true)) => Says::Good("the mailbox is there".to_owned()),
        (None, _) => Says::Gap("mailbox"),
    }
}

fn opens(visit: &Visit, state: &ExchangeFacts, road: Road) -> Says {
    if super::token_of(visit).is_none() {
        return Says::Gap("the roles of the token");
    }
    rights::opens(visit, state, road)
}

//! Checks of what an administrator's script read in Exchange, where its answer was given.

mod age;
mod connectors;
mod neighbours;
mod rights;
mod settings;
#[cfg(test)]
mod tests;
pub(super) mod witness;

use self::age::{age, fault, fault_unless, how_old, recent};
use super::token;
use crate::check::{Check, Judge, Judgement, NotObserved, Verdict};
use crate::facts::{ExchangeFacts, TokenFacts, Visit};
use crate::kb::cause;
use crate::road::{Resource, Road};

/// Roads that ask Exchange's own list of applications; Graph and High Volume Email do without.
pub(super) const OF_EXCHANGE: [Road; 4] = [Road::Smtp, Road::Ews, Road::Imap, Road::Pop];

static AGE: Check =
    Check { id: "exchange.age", title: "The state of Exchange is recent", needs: &[], judge: Judge::Once(age) };

static REGISTERED: Check = Check {
    id: "exchange.registered",
    title: "Exchange has an entry for the application",
    needs: &[],
    judge: Judge::Once(registered),
};

static OBJECT_ID: Check = Check {
    id: "exchange.object-id",
    title: "The entry has the token's object id",
    needs: &[&REGISTERED],
    judge: Judge::Once(object_id),
};

static MAILBOX: Check =
    Check { id: "exchange.mailbox", title: "Exchange has the mailbox", needs: &[], judge: Judge::Once(mailbox) };

static RBAC: Check = Check {
    id: "exchange.rbac",
    title: "Roles of Exchange and of Entra agree",
    needs: &[&REGISTERED, &MAILBOX, &token::ROLE],
    judge: Judge::PerRoad(&[Road::Smtp], rights::rbac),
};

static RIGHT: Check = Check {
    id: "exchange.right",
    title: "The application may open the mailbox",
    needs: &[&REGISTERED, &MAILBOX, &token::ROLE, &RBAC],
    judge: Judge::PerRoad(&OF_EXCHANGE, rights::right),
};

pub(super) static SEND_AS: Check = Check {
    id: "exchange.send-as",
    title: "It may send as the address in From",
    needs: &[&REGISTERED],
    judge: Judge::PerRoad(&[Road::Smtp], rights::send_as),
};

static SWITCH: Check = Check {
    id: "exchange.switch",
    title: "SMTP AUTH is on for the mailbox",
    needs: &[&MAILBOX],
    judge: Judge::PerRoad(&[Road::Smtp], rights::switch),
};

/// The state, if one was given.
fn state(visit: &Visit) -> Result<&ExchangeFacts, NotObserved> {
    visit.facts.exchange.as_ref().ok_or_else(|| "no state was given (--exchange-state)".into())
}

/// Whether a check of this topic applies: only beside a state that read its part, and on roads that ask for it.
pub(super) fn applies(check: &Check, visit: &Visit) -> bool {
    let Some(state) = &visit.facts.exchange else { return false };
    let roads = &visit.setup.roads;
    let asks =
        |check: &Check| matches!(check.judge, Judge::PerRoad(of, _) if roads.iter().any(|road| of.contains(road)));
    if let Some(read) = settings::applies(check, state) {
        return read && asks(check);
    }
    let asked = state.reads_application() && roads.iter().any(|road| OF_EXCHANGE.contains(road));
    if check.id == AGE.id || check.id == MAILBOX.id {
        let of_settings = |check: &&Check| settings::applies(check, state) == Some(true) && asks(check);
        let graph = state.reads_application() && roads.contains(&Road::Graph);
        return asked || if check.id == AGE.id { CHECKS.iter().any(of_settings) } else { graph };
    }
    asked && (check.id != SEND_AS.id || other_sender(visit).is_some())
}

/// Whether the state shows that the address in From may be used.
pub(super) fn shows_send_as(visit: &Visit, road: Road) -> bool {
    visit.facts.exchange.is_some() && matches!(rights::send_as(visit, road), Ok(Verdict::Pass(_)))
}

/// The address in From, where it is another than the mailbox's.
fn other_sender(visit: &Visit) -> Option<&str> {
    let (from, mailbox) = (visit.setup.from.as_deref()?, visit.setup.mailbox.as_deref()?);
    (!from.eq_ignore_ascii_case(mailbox)).then_some(from)
}

/// The token for Exchange, where it can be read.
fn token_of(visit: &Visit) -> Option<&TokenFacts> {
    visit.facts.token_for(Resource::Outlook).filter(|token| token.readable())
}

/// A signed-in person logs in as itself; what Exchange holds of the application plays no part then.
fn of_application(visit: &Visit) -> Result<(), NotObserved> {
    match token_of(visit) {
        Some(token) if token.scopes().is_some() => {
            Err("the token is a person's; the application's own rights play no part".into())
        }
        _ => Ok(()),
    }
}

/// A gap in the state: Exchange's words, or that there are none.
fn gap(state: &ExchangeFacts, what: &str) -> Judgement {
    let why = state.unread(what).unwrap_or("the script printed nothing for it");
    Verdict::unproven(&cause::EXCHANGE_STATE_UNREAD, format!("{what}: {why}"))
}

fn registered(visit: &Visit) -> Judgement {
    let state = state(visit)?;
    of_application(visit)?;
    if !needs_entry(visit) {
        return Err("EWS by its role asks for no such entry".into());
    }
    match state.registered {
        Some(true) => Verdict::pass(state.registered_object_ids.join(", ")),
        Some(false) => fault(visit, state, &cause::EXCHANGE_NOT_REGISTERED, not_registered(state)),
        None => gap(state, "registration"),
    }
}

/// Whether any road of the run asks Exchange's list of applications: EWS does only where its right lives there too.
fn needs_entry(visit: &Visit) -> bool {
    let by_role = rights::role_in_token(visit, Road::Ews).is_some();
    visit.setup.roads.iter().any(|road| OF_EXCHANGE.contains(road) && (*road != Road::Ews || !by_role))
}

fn not_registered(state: &ExchangeFacts) -> String {
    format!("the state lists no entry for the client id {}", state.client_id)
}

/// The object id that Exchange should have, and who says so.
fn wanted_object_id<'a>(visit: &'a Visit, state: &'a ExchangeFacts) -> Option<(&'a str, &'static str)> {
    let of_token = token_of(visit).and_then(|token| token.text("oid")).map(|oid| (oid, "the token's oid"));
    let given = visit.setup.object_id.as_deref().map(|id| (id, "the object id of this set-up"));
    let expected = state.expected_object_id.as_deref().map(|id| (id, "the object id that the script was given"));
    of_token.or(given).or(expected)
}

/// The rest of the state hangs on the entry: where there is none, nothing else of the application was read.
fn entry(visit: &Visit) -> Result<&ExchangeFacts, NotObserved> {
    let state = state(visit)?;
    of_application(visit)?;
    if state.registered == Some(false) {
        return Err("the state shows no entry that it could be read from".into());
    }
    Ok(state)
}

fn object_id(visit: &Visit) -> Judgement {
    let state = entry(visit)?;
    let (wanted, whose) =
        wanted_object_id(visit, state).ok_or("neither a token nor --object-id says what it should be")?;
    match wrong_object_id(state, wanted, whose) {
        Some(words) => fault(visit, state, &cause::EXCHANGE_WRONG_OBJECT_ID, words),
        None if state.registered_object_ids.is_empty() => gap(state, "registration"),
        None => Verdict::pass(format!("{wanted}, {whose}")),
    }
}

fn wrong_object_id(state: &ExchangeFacts, wanted: &str, whose: &str) -> Option<String> {
    let known = &state.registered_object_ids;
    let wrong = !known.is_empty() && !known.iter().any(|id| id.eq_ignore_ascii_case(wanted));
    wrong.then(|| format!("Exchange has the ObjectId {}, {whose} is {wanted}", known.join(", ")))
}

fn mailbox(visit: &Visit) -> Judgement {
    let state = state(visit)?;
    if let Some(words) = no_mailbox(state) {
        return fault(visit, state, &cause::EXCHANGE_MAILBOX_MISSING, words);
    }
    if state.mailbox_found.is_none() {
        return gap(state, "mailbox");
    }
    let of_kind = state.recipient_type_details.as_deref().unwrap_or("mailbox");
    let primary = state.primary_smtp_address.as_deref().unwrap_or(&state.mailbox);
    Verdict::pass(format!("{of_kind} {primary}"))
}

/// How Exchange says that there is no such object, whatever language its sentence is in.
const NOT_FOUND: [&str; 2] = ["ManagementObjectNotFoundException", "couldn't be found"];

fn no_mailbox(state: &ExchangeFacts) -> Option<String> {
    let why = state.unread("mailbox").filter(|why| NOT_FOUND.iter().any(|words| why.contains(words)));
    match (state.mailbox_found, why) {
        (_, Some(why)) => Some(format!("Exchange told the script: {why}")),
        (Some(false), None) => Some(format!("the state says that there is no mailbox {}", state.mailbox)),
        _ => None,
    }
}

pub(super) static CHECKS: &[&Check] = &[
    &AGE,
    &REGISTERED,
    &OBJECT_ID,
    &MAILBOX,
    &RBAC,
    &RIGHT,
    &SEND_AS,
    &SWITCH,
    &settings::PROTOCOL,
    &settings::POLICY,
    &settings::ROLE,
    &settings::EWS,
    &settings::CONNECTOR,
    &settings::DOMAIN,
    &settings::DIRECT,
    &settings::ACCOUNT,
];

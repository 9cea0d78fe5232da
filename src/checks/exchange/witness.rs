//! What the other witnesses of a run say of a refusal that gives no reason: the administrator's state first, then the
//! other roads that were asked with the same token. Where they do not decide, the verdict stays as it was.

use super::{how_old, no_mailbox, not_registered, of_application, recent, rights, wanted_object_id, wrong_object_id};
use crate::access::{self, Access};
use crate::checks::exchange::rights::Says;
use crate::checks::{mailbox, smtp, token};
use crate::facts::{ExchangeFacts, MailboxStage, Stage, Visit};
use crate::kb::{Cause, cause};
use crate::road::Road;

/// What became of a refusal in the light of the witnesses.
pub(in crate::checks) struct Testimony {
    /// The one cause that is left, if one is.
    pub(in crate::checks) cause: Option<&'static Cause>,
    /// Which witness said what, a line each.
    pub(in crate::checks) words: Vec<String>,
}

/// How a road received the token: only of roads whose role the token carries, for else there is nothing to explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// It opened the mailbox, or logged in where that is one step.
    Open,
    /// It refused the login without a reason.
    Refused,
    /// It took the token, and opened no mailbox.
    Shut,
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
    said.cause = Some(all_is_well(visit, road, at));
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
    }
    readings
}

/// What is left where the state has all in order: the switch of the protocol, which it does not read, or time.
fn all_is_well(visit: &Visit, road: Road, at: At) -> &'static Cause {
    let others = |wanted: Seen| {
        [Road::Smtp, Road::Imap, Road::Pop].into_iter().any(|other| other != road && seen(visit, other) == Some(wanted))
    };
    let has_switch = matches!(road, Road::Imap | Road::Pop) && at != At::Login;
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

/// How a road received the token.
fn seen(visit: &Visit, road: Road) -> Option<Seen> {
    let token = token::of(visit, road).ok().filter(|token| token.app_only())?;
    if !matches!(access::of(token, &visit.setup.cloud, road), Access::Yes(_)) {
        return None;
    }
    if road == Road::Smtp {
        let talk = smtp::facts(visit, Road::Smtp).ok().filter(|talk| talk.challenge.is_none())?;
        let reply = talk.step(Stage::Auth)?.reply.as_ref()?;
        let bare = (*smtp::cause_of(reply) == cause::SMTP_LOGIN_REFUSED).then_some(Seen::Refused);
        return if reply.positive() { Some(Seen::Open) } else { bare };
    }
    // A server that says more than Exchange is not Exchange.
    let talk = mailbox::facts(visit, road).ok().filter(|talk| talk.challenge.is_none())?;
    let login = talk.step(MailboxStage::Auth)?.reply.as_ref()?;
    if !login.positive() {
        let bare = [&cause::IMAP_LOGIN_REFUSED, &cause::POP_LOGIN_REFUSED].contains(&mailbox::cause_of(road, login));
        return bare.then_some(Seen::Refused);
    }
    let opened = talk.step(MailboxStage::Mailbox)?.reply.as_ref()?;
    let shut = (*mailbox::cause_of(road, opened) == cause::IMAP_MAILBOX_NOT_CONNECTED).then_some(Seen::Shut);
    if opened.positive() { Some(Seen::Open) } else { shut }
}

/// What this run has seen that can not be where the state's fault is: then the fault was repaired since.
pub(super) fn refuted(visit: &Visit, cause: &Cause) -> Option<String> {
    let of_all = [
        &cause::EXCHANGE_NOT_REGISTERED,
        &cause::EXCHANGE_WRONG_OBJECT_ID,
        &cause::EXCHANGE_MAILBOX_MISSING,
        &cause::MAILBOX_RIGHT_MISSING,
        &cause::RBAC_BESIDE_API_PERMISSION,
    ];
    let of_smtp = [
        &cause::SMTP_AUTH_OFF_MAILBOX,
        &cause::SMTP_AUTH_OFF_TENANT,
        &cause::RBAC_OUT_OF_SCOPE,
        &cause::TOKEN_ROLE_MISSING_SMTP,
    ];
    let among = |causes: &[&Cause]| causes.iter().any(|known| **known == *cause);
    let auth = || smtp::facts(visit, Road::Smtp).ok()?.step(Stage::Auth)?.reply.as_ref();
    let road = match () {
        () if among(&of_all) => {
            [Road::Smtp, Road::Imap, Road::Pop].into_iter().find(|road| seen(visit, *road) == Some(Seen::Open))
        }
        () if among(&of_smtp) => auth().filter(|reply| reply.positive()).map(|_| Road::Smtp),
        () => None,
    };
    road.map(took)
}

fn took(road: Road) -> String {
    format!("{} took the token for the mailbox", road.label())
}

/// What a road's neighbours say: the cause that is left, if one is, and the words of the witness.
type Said = Option<(Option<&'static Cause>, String)>;

/// What the roads say of each other. IMAP is the one that parts registration and mailbox (microsoft-facts F.10).
fn by_roads(visit: &Visit, road: Road, at: At, said: &mut Testimony) {
    let (smtp, imap) = (seen(visit, Road::Smtp), seen(visit, Road::Imap));
    let open = [Road::Smtp, Road::Imap, Road::Pop].into_iter().filter(|other| *other != road);
    let open = open.filter(|other| seen(visit, *other) == Some(Seen::Open)).map(took).next();
    let found = match (road, at) {
        (Road::Smtp, _) => smtp_beside(imap, open),
        (Road::Imap, At::Login) => imap_login_beside(smtp, open),
        (Road::Imap, _) => imap_mailbox_beside(smtp, open),
        (Road::Pop, _) => pop_beside(smtp, imap, open),
        _ => None,
    };
    let Some((cause, words)) = found else { return };
    // Without its role the road has a reason of its own.
    said.cause = cause.filter(|_| seen(visit, road).is_some());
    said.words.push(words);
}

fn smtp_beside(imap: Option<Seen>, open: Option<String>) -> Said {
    match (imap, open) {
        (Some(Seen::Open), Some(words)) => Some((Some(&cause::SMTP_REFUSED_IMAP_OPEN), words)),
        (_, Some(words)) => Some((None, words)),
        (Some(Seen::Refused), None) => Some((Some(&cause::EXCHANGE_REGISTRATION_REFUSED), imap_refused())),
        (Some(Seen::Shut), None) => Some((Some(&cause::MAILBOX_STAYS_SHUT), imap_shut())),
        _ => None,
    }
}

fn imap_login_beside(smtp: Option<Seen>, open: Option<String>) -> Said {
    match (smtp, open) {
        (_, Some(words)) => Some((None, words)),
        (Some(Seen::Refused), None) => {
            let words = "SMTP refused the same token too, so it is not IMAP alone".to_owned();
            Some((Some(&cause::EXCHANGE_REGISTRATION_REFUSED), words))
        }
        _ => None,
    }
}

fn imap_mailbox_beside(smtp: Option<Seen>, open: Option<String>) -> Said {
    match (smtp, open) {
        (_, Some(words)) => Some((Some(&cause::MAILBOX_PROTOCOL_OFF), words)),
        (Some(Seen::Refused), None) => {
            let words = "SMTP refused the same token too, and it asks for the same mailbox".to_owned();
            Some((Some(&cause::MAILBOX_STAYS_SHUT), words))
        }
        _ => None,
    }
}

fn pop_beside(smtp: Option<Seen>, imap: Option<Seen>, open: Option<String>) -> Said {
    match (smtp, imap, open) {
        (_, _, Some(words)) => Some((Some(&cause::MAILBOX_PROTOCOL_OFF), words)),
        (_, Some(Seen::Refused), None) => Some((Some(&cause::EXCHANGE_REGISTRATION_REFUSED), imap_refused())),
        (Some(Seen::Refused), Some(Seen::Shut), None) => Some((Some(&cause::MAILBOX_STAYS_SHUT), imap_shut())),
        _ => None,
    }
}

fn imap_refused() -> String {
    "IMAP refused the same token before it looked for a mailbox".to_owned()
}

fn imap_shut() -> String {
    "IMAP took the same token and opened no mailbox, so token and registration are good".to_owned()
}

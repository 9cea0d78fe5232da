//! How the roads of a run received one token, and what that says of a neighbour's refusal.

use super::witness::{At, Testimony};
use crate::access::{self, Access};
use crate::checks::{ews, mailbox, smtp, token};
use crate::facts::{MailboxStage, Stage, Visit};
use crate::kb::{Cause, cause};
use crate::road::Road;

/// How a road received the token: only of roads whose role the token carries, for else there is nothing to explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// It opened the mailbox, or logged in where that is one step.
    Open,
    /// It refused the login without a reason.
    Refused,
    /// It took the token, and opened no mailbox.
    Shut,
}

/// How a road received the token.
pub(super) fn seen(visit: &Visit, road: Road) -> Option<Seen> {
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

/// What this run has seen of a road that can not be where the state's own fault of that road is.
pub(super) fn opened(visit: &Visit, road: Road) -> Option<String> {
    let positive = |stage| visit.facts.smtp_on(road)?.step(stage)?.reply.as_ref().map(crate::facts::Reply::positive);
    let open = match road {
        Road::Imap | Road::Pop => seen(visit, road) == Some(Seen::Open),
        Road::Ews => ews::finds_mailbox(visit) == Some(true),
        Road::Relay => positive(Stage::Rcpt) == Some(true),
        Road::Direct => positive(Stage::Message) == Some(true),
        Road::Hve => positive(Stage::Mail) == Some(true),
        Road::Smtp | Road::Graph => false,
    };
    open.then(|| format!("{} was open to this run", road.label()))
}

fn took(road: Road) -> String {
    format!("{} took the token for the mailbox", road.label())
}

/// What a road's neighbours say: the cause that is left, if one is, and the words of the witness.
type Said = Option<(Option<&'static Cause>, String)>;

/// What the roads say of each other. IMAP is the one that parts registration and mailbox (microsoft-facts F.10).
pub(super) fn by_roads(visit: &Visit, road: Road, at: At, said: &mut Testimony) {
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
    if said.cause == Some(&cause::MAILBOX_STAYS_SHUT)
        && let Some((cause, words)) = by_ews(visit)
    {
        said.cause = Some(cause);
        said.words.push(words);
    }
}

/// EWS, which needs no right on a mailbox, tells one that is not there from one that is shut.
fn by_ews(visit: &Visit) -> Option<(&'static Cause, String)> {
    if ews::finds_mailbox(visit)? {
        let words = "EWS, which needs no right on a mailbox, opened it, so it is there";
        return Some((&cause::MAILBOX_RIGHT_MISSING, words.to_owned()));
    }
    Some((&cause::EXCHANGE_MAILBOX_MISSING, "EWS answered that the address has no mailbox".to_owned()))
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

//! Checks of the IMAP dialogue, each of one stage.

use super::{mailbox, token};
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::Visit;
use crate::kb::cause;
use crate::road::Road;

const ON_IMAP: &[Road] = &[Road::Imap];

static REACH: Check = Check {
    id: "imap.reach",
    title: "The IMAP server takes connections",
    needs: &[],
    judge: Judge::PerRoad(ON_IMAP, mailbox::reach),
};

static CERTIFICATE: Check = Check {
    id: "imap.certificate",
    title: "TLS begins, with a certificate valid for its name",
    needs: &[&REACH],
    judge: Judge::PerRoad(ON_IMAP, mailbox::certificate),
};

static GREETING: Check = Check {
    id: "imap.greeting",
    title: "It greets as an IMAP server",
    needs: &[&CERTIFICATE],
    judge: Judge::PerRoad(ON_IMAP, mailbox::greeting),
};

static XOAUTH2: Check = Check {
    id: "imap.xoauth2",
    title: "It offers XOAUTH2",
    needs: &[&GREETING],
    judge: Judge::PerRoad(ON_IMAP, xoauth2),
};

// That the token's user is the one who logs in is not needed here: over IMAP a user may name a shared mailbox.
static LOGIN: Check = Check {
    id: "imap.login",
    title: "It takes the token",
    needs: &[&XOAUTH2, &token::APP_ISSUED, &token::LIFETIME, &token::TENANT, &token::AUDIENCE, &token::ROLE],
    judge: Judge::PerRoad(ON_IMAP, mailbox::login),
};

static MAILBOX: Check = Check {
    id: "imap.mailbox",
    title: "It opens the mailbox",
    needs: &[&LOGIN],
    judge: Judge::PerRoad(ON_IMAP, mailbox::mailbox),
};

/// `LOGINDISABLED` says that passwords are off, which is as it should be.
fn xoauth2(visit: &Visit, road: Road) -> Judgement {
    let offered = match mailbox::offered(visit, road)? {
        Ok(offered) => offered,
        Err(judgement) => return judgement,
    };
    let ways: Vec<&str> =
        offered.iter().map(String::as_str).filter(|word| word.to_ascii_uppercase().starts_with("AUTH=")).collect();
    if ways.iter().any(|way| way.eq_ignore_ascii_case("AUTH=XOAUTH2")) {
        return Verdict::pass(ways.join(" "));
    }
    let words = if ways.is_empty() { "no AUTH= at all".to_owned() } else { format!("only: {}", ways.join(" ")) };
    Verdict::fail(&cause::IMAP_XOAUTH2_MISSING, format!("it offers {words}"))
}

pub(super) static CHECKS: &[&Check] = &[&REACH, &CERTIFICATE, &GREETING, &XOAUTH2, &LOGIN, &MAILBOX];

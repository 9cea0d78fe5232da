//! Checks of the POP dialogue, each of one stage.

use super::{mailbox, token};
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::Visit;
use crate::kb::cause;
use crate::road::Road;

const ON_POP: &[Road] = &[Road::Pop];

static REACH: Check = Check {
    id: "pop.reach",
    title: "The POP server takes connections",
    needs: &[],
    judge: Judge::PerRoad(ON_POP, mailbox::reach),
};

static CERTIFICATE: Check = Check {
    id: "pop.certificate",
    title: "TLS begins, with a certificate valid for its name",
    needs: &[&REACH],
    judge: Judge::PerRoad(ON_POP, mailbox::certificate),
};

static GREETING: Check = Check {
    id: "pop.greeting",
    title: "It greets as a POP server",
    needs: &[&CERTIFICATE],
    judge: Judge::PerRoad(ON_POP, mailbox::greeting),
};

static XOAUTH2: Check = Check {
    id: "pop.xoauth2",
    title: "It offers XOAUTH2",
    needs: &[&GREETING],
    judge: Judge::PerRoad(ON_POP, xoauth2),
};

static LOGIN: Check = Check {
    id: "pop.login",
    title: "It takes the token for the mailbox",
    needs: &[
        &XOAUTH2,
        &token::APP_ISSUED,
        &token::LIFETIME,
        &token::TENANT,
        &token::AUDIENCE,
        &token::ROLE,
        &token::USER,
    ],
    judge: Judge::PerRoad(ON_POP, mailbox::login),
};

static MAILBOX: Check = Check {
    id: "pop.mailbox",
    title: "It opens the mailbox",
    needs: &[&LOGIN],
    judge: Judge::PerRoad(ON_POP, mailbox::mailbox),
};

fn xoauth2(visit: &Visit, road: Road) -> Judgement {
    let offered = match mailbox::offered(visit, road)? {
        Ok(offered) => offered,
        Err(judgement) => return judgement,
    };
    let sasl = offered.iter().map(|line| line.to_ascii_uppercase()).find(|line| line.starts_with("SASL"));
    match sasl {
        Some(line) if line.split_whitespace().any(|word| word == "XOAUTH2") => Verdict::pass(line),
        Some(line) => Verdict::fail(&cause::POP_XOAUTH2_MISSING, format!("it offers only: {line}")),
        None => Verdict::fail(&cause::POP_XOAUTH2_MISSING, "it offers no SASL at all"),
    }
}

pub(super) static CHECKS: &[&Check] = &[&REACH, &CERTIFICATE, &GREETING, &XOAUTH2, &LOGIN, &MAILBOX];

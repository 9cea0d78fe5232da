//! Checks of the SMTP dialogues, each of one stage: submission, High Volume Email, and the two roads of port 25.

mod connector;
mod egress;
mod port25;

use super::exchange::witness;
use super::{network, token};
use crate::access::{self, Access};
use crate::check::{Check, Judge, Judgement, NotObserved, Verdict};
use crate::facts::{FaultKind, Reply, SmtpFacts, Stage, Step, Visit};
use crate::kb::{Cause, Where, cause, classify};
use crate::road::Road;

pub(super) use egress::looked_up;

const ON_SMTP: &[Road] = &Road::OVER_SMTP;
const WITH_LOGIN: &[Road] = &[Road::Smtp, Road::Hve];

static REACH: Check = Check {
    id: "smtp.reach",
    title: "The mail server answers",
    needs: &[&port25::SMART_HOST],
    judge: Judge::PerRoad(ON_SMTP, |visit, road| {
        let smtp = facts(visit, road)?;
        let step = step(smtp, Stage::Connect)?;
        match &step.fault {
            Some(fault) if road.is_port_25() && fault.kind == FaultKind::ConnectTimeout => {
                port25::filtered(visit, smtp, fault)
            }
            Some(fault) => network::failed(&smtp.server, fault),
            None => Verdict::pass(format!("{} in {} ms", smtp.server, step.ms)),
        }
    }),
};

static GREETING: Check = Check {
    id: "smtp.greeting",
    title: "It greets as a mail server",
    needs: &[&REACH],
    judge: Judge::PerRoad(ON_SMTP, |visit, road| {
        let smtp = facts(visit, road)?;
        for stage in [Stage::Banner, Stage::Ehlo] {
            match refusal(smtp, road, stage)? {
                Answer::Good(_) => {}
                Answer::Bad(judgement) => return judgement,
            }
        }
        let banner = step(smtp, Stage::Banner)?.reply.as_ref().and_then(|reply| reply.lines.first().cloned());
        Verdict::pass(banner.unwrap_or_default())
    }),
};

static STARTTLS: Check = Check {
    id: "smtp.starttls",
    title: "It offers STARTTLS, and TLS begins",
    needs: &[&GREETING],
    judge: Judge::PerRoad(ON_SMTP, starttls),
};

static CERTIFICATE: Check = Check {
    id: "smtp.certificate",
    title: "Its certificate is valid",
    needs: &[&GREETING],
    judge: Judge::PerRoad(ON_SMTP, |visit, road| {
        let smtp = facts(visit, road)?;
        let fault = step(smtp, Stage::Tls)?.fault.as_ref().filter(|fault| of_certificate(fault.kind));
        if let Some(fault) = fault {
            return network::failed(&smtp.server, fault);
        }
        let tls = smtp.tls.as_ref().ok_or("TLS did not begin")?;
        Verdict::pass(format!("for {}, from {}", tls.names.join(", "), tls.issuer))
    }),
};

static XOAUTH2: Check = Check {
    id: "smtp.xoauth2",
    title: "It offers XOAUTH2 under TLS",
    needs: &[&STARTTLS, &CERTIFICATE],
    judge: Judge::PerRoad(WITH_LOGIN, |visit, road| {
        let smtp = facts(visit, road)?;
        if let Answer::Bad(judgement) = refusal(smtp, road, Stage::EhloTls)? {
            return judgement;
        }
        let auth = smtp.offered.iter().find(|line| line.to_ascii_uppercase().starts_with("AUTH"));
        match auth {
            Some(line) if line.to_ascii_uppercase().contains("XOAUTH2") => Verdict::pass(line),
            Some(line) => Verdict::fail(&cause::SMTP_XOAUTH2_MISSING, format!("it offers only: {line}")),
            None => Verdict::fail(&cause::SMTP_XOAUTH2_MISSING, "it offers no AUTH at all"),
        }
    }),
};

static LOGIN: Check = Check {
    id: "smtp.login",
    title: "It takes the token for the mailbox",
    needs: &[&XOAUTH2, &token::APP_ISSUED, &token::LIFETIME, &token::TENANT, &token::AUDIENCE, &token::USER],
    judge: Judge::PerRoad(WITH_LOGIN, login),
};

pub(super) static SENDER: Check = Check {
    id: "smtp.sender",
    title: "It takes the sender",
    needs: &[&STARTTLS, &CERTIFICATE, &LOGIN],
    judge: Judge::PerRoad(ON_SMTP, |visit, road| answered(visit, road, Stage::Mail)),
};

pub(super) static RECIPIENT: Check = Check {
    id: "smtp.recipient",
    title: "It takes the recipient",
    needs: &[&SENDER],
    judge: Judge::PerRoad(ON_SMTP, port25::recipient),
};

pub(super) fn facts(visit: &Visit, road: Road) -> Result<&SmtpFacts, NotObserved> {
    visit.facts.smtp_on(road).ok_or_else(|| "nobody talked SMTP".into())
}

/// The step, or why the dialogue never came so far.
pub(super) fn step(smtp: &SmtpFacts, stage: Stage) -> Result<&Step, NotObserved> {
    smtp.step(stage).ok_or_else(|| ended(smtp))
}

/// The same where the dialogue speaks for several roads: each has its own transaction.
fn step_on(smtp: &SmtpFacts, road: Road, stage: Stage) -> Result<&Step, NotObserved> {
    let asked = smtp.transactions.is_empty() || smtp.transactions.iter().any(|own| own.road == road);
    if !asked {
        return Err("no address outside of the tenant was named (--external)".into());
    }
    smtp.step_on(road, stage).ok_or_else(|| ended(smtp))
}

fn ended(smtp: &SmtpFacts) -> NotObserved {
    smtp.stopped.as_deref().unwrap_or("the dialogue ended before").into()
}

/// The answer of one stage: good, or the verdict that its refusal or fault means.
enum Answer<'a> {
    Good(&'a Reply),
    Bad(Judgement),
}

fn refusal(smtp: &SmtpFacts, road: Road, stage: Stage) -> Result<Answer<'_>, NotObserved> {
    let step = step_on(smtp, road, stage)?;
    if let Some(fault) = &step.fault {
        return Ok(Answer::Bad(network::failed(&format!("{} at {}", smtp.server, stage.label()), fault)));
    }
    let reply = step.reply.as_ref().ok_or("there was no answer")?;
    if reply.positive() {
        return Ok(Answer::Good(reply));
    }
    let cause = match cause_of(reply) {
        // `501 5.5.4` complains of the arguments of any command; only AUTH's are the login string.
        cause if stage != Stage::Auth && *cause == cause::SMTP_AUTH_MALFORMED => &cause::SMTP_REFUSED,
        cause => cause,
    };
    Ok(Answer::Bad(Verdict::fail(cause, reply.to_string())))
}

/// The page for a refusal.
pub(super) fn cause_of(reply: &Reply) -> &'static Cause {
    let text = format!("{} {}", reply.code, reply.lines.join(" "));
    match classify(Some(Where::Smtp), &text).first() {
        Some(found) => found.cause,
        None if reply.permanent() => &cause::SMTP_REFUSED,
        None => &cause::SMTP_TEMPORARY,
    }
}

fn of_certificate(kind: FaultKind) -> bool {
    matches!(kind, FaultKind::CertificateName | FaultKind::CertificateExpired | FaultKind::CertificateUntrusted)
}

fn starttls(visit: &Visit, road: Road) -> Judgement {
    let smtp = facts(visit, road)?;
    let Some(step) = smtp.step(Stage::Starttls) else {
        if smtp.offered_before_tls.is_empty() && smtp.step(Stage::Ehlo).is_none() {
            return Err(ended(smtp));
        }
        let offered = smtp.offered_before_tls.iter().any(|line| line.trim().eq_ignore_ascii_case("STARTTLS"));
        if offered {
            return Err(ended(smtp));
        }
        let words = format!("it offers: {}", smtp.offered_before_tls.join(", "));
        return Verdict::fail(&cause::SMTP_STARTTLS_MISSING, words);
    };
    if let (None, Some(reply)) = (&step.fault, &step.reply)
        && !reply.positive()
    {
        let known = classify(Some(Where::Smtp), &reply.to_string());
        let cause = known.first().map_or(&cause::SMTP_STARTTLS_REFUSED, |found| found.cause);
        return Verdict::fail(cause, reply.to_string());
    }
    let after = [Stage::Starttls, Stage::Tls, Stage::EhloTls].into_iter().filter_map(|stage| smtp.step(stage));
    let mut after = after;
    match after.find_map(|step| Some((step.stage, step.fault.as_ref()?))) {
        Some((_, fault)) if of_certificate(fault.kind) => Verdict::pass("offered"),
        Some((stage, fault)) => network::failed(&format!("{} at {}", smtp.server, stage.label()), fault),
        None => {
            let tls = smtp.tls.as_ref().ok_or_else(|| ended(smtp))?;
            // Where nobody logs in, no other check looks at what is said first under TLS.
            if road.is_port_25()
                && let Answer::Bad(judgement) = refusal(smtp, road, Stage::EhloTls)?
            {
                return judgement;
            }
            Verdict::pass(format!("{}, {}", tls.version, tls.cipher))
        }
    }
}

fn login(visit: &Visit, road: Road) -> Judgement {
    let smtp = facts(visit, road)?;
    let judgement = answered(visit, road, Stage::Auth);
    let reply = match &step(smtp, Stage::Auth)?.reply {
        Some(reply) if !reply.positive() => reply,
        _ => return judgement,
    };
    let mut words = reply.to_string();
    let mut cause = cause_of(reply);
    let token = token::of(visit, road)?;
    // The service refuses all its reasons with the same bytes; other witnesses can narrow them, and after them the token.
    if *cause == cause::SMTP_LOGIN_REFUSED && road == Road::Smtp && smtp.challenge.is_none() {
        let said = witness::of(visit, road, witness::At::Both);
        words.extend(said.words.iter().map(|line| format!("\n{line}")));
        cause = said.cause.unwrap_or(cause);
    }
    if *cause == cause::SMTP_LOGIN_REFUSED && road == Road::Hve {
        cause = &cause::HVE_LOGIN_REFUSED;
    }
    if *cause == cause::SMTP_LOGIN_REFUSED
        && let Access::Unproven(missing) | Access::No(missing) = access::of(token, &visit.setup.cloud, road)
        && token.readable()
    {
        let person = token.scopes().is_some();
        cause = if person { &cause::TOKEN_SCOPE_MISSING } else { &cause::SMTP_ROLE_MISSING_REFUSED };
        words.push_str(&format!("\n{missing}"));
    }
    if let Some(challenge) = &smtp.challenge {
        words.push_str(&format!("\nbefore that it sent the challenge {challenge}"));
        if *cause == cause::SMTP_LOGIN_REFUSED || *cause == cause::SMTP_REFUSED {
            cause = &cause::SMTP_CHALLENGE_REFUSED;
        }
    }
    words.push_str(&sign_in_log(token));
    Verdict::fail(cause, words)
}

/// Where the directory's own log tells of the token that was refused.
pub(super) fn sign_in_log(token: &crate::facts::TokenFacts) -> String {
    let correlation = token.request.as_ref().and_then(|request| request.correlation_id.as_deref());
    match (correlation, token.text("uti")) {
        (None, None) => String::new(),
        (correlation, uti) => {
            let ids = [correlation.map(|id| format!("correlation id {id}")), uti.map(|id| format!("token id {id}"))];
            let ids: Vec<String> = ids.into_iter().flatten().collect();
            format!("\nthe token stands in Entra's sign-in logs, service principal sign-ins: {}", ids.join(", "))
        }
    }
}

fn answered(visit: &Visit, road: Road, stage: Stage) -> Judgement {
    match refusal(facts(visit, road)?, road, stage)? {
        Answer::Good(reply) => Verdict::pass(reply.to_string()),
        Answer::Bad(judgement) => judgement,
    }
}

pub(super) static CHECKS: &[&Check] = &[
    &port25::SMART_HOST,
    &REACH,
    &GREETING,
    &STARTTLS,
    &CERTIFICATE,
    &egress::EGRESS,
    &egress::SPF,
    &egress::REVERSE,
    &port25::CLIENT_CERTIFICATE,
    &connector::CONNECTOR,
    &XOAUTH2,
    &LOGIN,
    &SENDER,
    &RECIPIENT,
];

//! The submission port, where roads without a login are looked at: whether it is open to this host at all.

use super::{network, smtp};
use crate::check::{Check, Judge, Judgement, Verdict};
use crate::facts::{Stage, Visit};

static OPEN: Check =
    Check { id: "submission.open", title: "It answers from here, with TLS", needs: &[], judge: Judge::Once(open) };

/// One claim in place of one a stage: no token is tried, so the port is all there is to say.
fn open(visit: &Visit) -> Judgement {
    let talk = visit.facts.smtp.as_ref().ok_or("nobody called it")?;
    for step in &talk.steps {
        if let Some(fault) = &step.fault {
            return network::failed(&format!("{} at {}", talk.server, step.stage.label()), fault);
        }
        if let Some(reply) = step.reply.as_ref().filter(|reply| !reply.positive()) {
            return Verdict::fail(smtp::cause_of(reply), reply.to_string());
        }
    }
    if talk.step(Stage::Starttls).is_none() {
        let words = format!("it offers: {}", talk.offered_before_tls.join(", "));
        return Verdict::fail(&crate::kb::cause::SMTP_STARTTLS_MISSING, words);
    }
    let tls = talk.tls.as_ref().ok_or("TLS did not begin")?;
    Verdict::pass(format!("{}, {}", talk.server, tls.version))
}

pub(super) static CHECKS: &[&Check] = &[&OPEN];

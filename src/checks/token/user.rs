//! Whether the one who logs in is the one whose token it is, by the rules of the road.

use super::{of, rights};
use crate::access::{self, Access};
use crate::check::{Judgement, Verdict};
use crate::checks::smtp;
use crate::facts::{MailboxFacts, MailboxReply, MailboxStage, Stage, Visit};
use crate::identity::{self, Fit, Names, Objection};
use crate::kb::cause;
use crate::road::Road;

pub(super) fn user(visit: &Visit, road: Road) -> Judgement {
    let token = of(visit, road)?;
    if !token.readable() {
        return Err("the token can not be read".into());
    }
    if let Access::No(_) = access::of(token, &visit.setup.cloud, road) {
        return Err("the token does not open this road for anybody".into());
    }
    let names = Names::of(road, &visit.setup, token);
    let fit = identity::login(road, token, &names).ok_or("there are no two names to compare")?;
    match fit {
        Fit::Yes(words) => Verdict::pass(words),
        Fit::No(Objection::SaslUser, words) => Verdict::fail(&cause::SASL_USER_MISMATCH, words),
        Fit::No(Objection::SharedScope, words) => Verdict::fail(&cause::TOKEN_SCOPE_MISSING, words),
        // The service's own word counts for more than the rule.
        Fit::No(_, words) | Fit::Open(_, words) if opened(visit, road) => {
            Verdict::pass(format!("{words}\nand the service took it"))
        }
        Fit::Open(_, words) => Verdict::unproven(&cause::SHARED_MAILBOX_UNPROVEN, words),
        Fit::No(Objection::OtherUser, words) => other_user(visit, road, words),
    }
}

/// The bare refusal is what follows from another user's token. Of any other the server says the reason itself, and that
/// is worth more.
fn other_user(visit: &Visit, road: Road, words: String) -> Judgement {
    let auth = visit.facts.smtp_on(road).and_then(|smtp| smtp.step(Stage::Auth)?.reply.as_ref());
    let Some(reply) = auth else { return Verdict::fail(&cause::TOKEN_USER_MISMATCH, words) };
    let words = format!("{words}\nit answered: {reply}");
    if *smtp::cause_of(reply) == cause::SMTP_LOGIN_REFUSED {
        return Verdict::fail(&cause::TOKEN_USER_MISMATCH, words);
    }
    Verdict::unproven(&cause::TOKEN_USER_MISMATCH, words)
}

/// Whether the road's own server let the token in to the mailbox.
fn opened(visit: &Visit, road: Road) -> bool {
    let mailbox = |talk: &Option<MailboxFacts>| {
        let step = talk.as_ref().and_then(|talk| talk.step(MailboxStage::Mailbox));
        step.and_then(|step| step.reply.as_ref()).is_some_and(MailboxReply::positive)
    };
    match road {
        Road::Imap => mailbox(&visit.facts.imap),
        Road::Pop => mailbox(&visit.facts.pop),
        _ => rights::logged_in(visit, road),
    }
}

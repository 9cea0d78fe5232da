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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::facts::{Form, Reply, SmtpFacts, Step, TokenFacts};

    /// Alice's token, another mailbox, and what the submission server answered to the login, if it was asked.
    fn judged(answer: Option<(u16, &str)>) -> Verdict {
        let claims = json!({ "aud": "https://outlook.office365.com", "upn": "alice@contoso.test", "scp": "SMTP.Send" });
        let claims = claims.as_object().expect("an object was written").clone();
        let mut visit = Visit::default();
        visit.setup.mailbox = Some("shared@contoso.test".to_owned());
        visit.setup.cloud.outlook_audiences = vec!["https://outlook.office365.com".to_owned()];
        visit.facts.tokens = vec![TokenFacts { form: Some(Form::Jwt), claims, ..TokenFacts::default() }];
        visit.facts.smtp = answer.map(|(code, line)| {
            let reply = Some(Reply { code, lines: vec![line.to_owned()] });
            let steps = vec![Step { stage: Stage::Auth, ms: 0, reply, fault: None }];
            SmtpFacts { steps, ..SmtpFacts::default() }
        });
        user(&visit, Road::Smtp).expect("a verdict")
    }

    #[test]
    fn the_word_of_the_server_counts_for_more_than_the_rule() {
        let of_user = |verdict: &Verdict| match verdict {
            Verdict::Fail(reason) | Verdict::Unproven(reason) => *reason.cause == cause::TOKEN_USER_MISMATCH,
            Verdict::Pass(_) | Verdict::Warn(_) => false,
        };
        for answer in [None, Some((535, "5.7.3 Authentication unsuccessful [x]"))] {
            let verdict = judged(answer);
            assert!(matches!(verdict, Verdict::Fail(_)) && of_user(&verdict), "{answer:?}: {verdict:?}");
        }
        let switch = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.";
        let verdict = judged(Some((535, switch)));
        assert!(matches!(verdict, Verdict::Unproven(_)) && of_user(&verdict), "{verdict:?}");
        assert!(matches!(judged(Some((235, "2.7.0 Authentication successful"))), Verdict::Pass(_)));
    }
}

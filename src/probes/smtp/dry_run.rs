//! Transactions that end before DATA, one after the other on one connection: MAIL, RCPT, RSET. Nothing can leave.

use std::time::Instant as Clock;

use super::{Ended, Run, mail_command};
use crate::facts::{Fault, Reply, Stage, Step, Transaction};
use crate::road::Road;

/// Who is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The road that the answer speaks for.
    pub road: Road,
    /// MAIL FROM.
    pub from: String,
    /// RCPT TO.
    pub to: String,
}

/// The server closes the channel (RFC 5321 section 3.8).
const CLOSING: u16 = 421;

impl Run<'_> {
    /// Every transaction of the job: a refusal in one hides no other; a lost connection ends all.
    pub(super) async fn dry_run(&mut self) -> Result<(), Ended> {
        let job = self.job;
        let mut over = false;
        for envelope in &job.dry_run {
            let mut seen = Transaction {
                road: envelope.road,
                from: envelope.from.clone(),
                to: envelope.to.clone(),
                mail: None,
                rcpt: None,
            };
            if !over {
                self.transaction(&mut seen).await;
                over = seen.mail.iter().chain(&seen.rcpt).any(is_the_last);
            }
            self.facts.transactions.push(seen);
        }
        if over { Err(Ended) } else { self.stop("nothing is sent: every transaction was ended by RSET") }
    }

    async fn transaction(&mut self, seen: &mut Transaction) {
        let (mail, rcpt) = (mail_command(&seen.from), format!("RCPT TO:<{}>", seen.to));
        // RFC 2920 section 3.1 lets all three go in one piece.
        let together = self.offers("PIPELINING");
        let began = Clock::now();
        let said = if together { self.talk.say_together(&[&mail, &rcpt, "RSET"]).await } else { Ok(()) };
        let answer = match said {
            Ok(()) => self.ask((!together).then_some(mail.as_str())).await,
            Err(fault) => Err(fault),
        };
        let step = seen.mail.insert(self.step_of(Stage::Mail, began, answer));
        if is_the_last(step) {
            return;
        }
        let taken = step.reply.as_ref().is_some_and(Reply::positive);
        if taken || together {
            let began = Clock::now();
            let answer = self.ask((!together).then_some(rcpt.as_str())).await;
            let step = self.step_of(Stage::Rcpt, began, answer);
            let over = is_the_last(&step);
            // Without a sender the answer to RCPT only repeats that there is none.
            seen.rcpt = Some(step).filter(|_| taken);
            if over {
                return;
            }
        }
        // A lost answer to RSET shows at what comes next.
        let _: Result<Reply, Fault> = self.ask((!together).then_some("RSET")).await;
    }
}

/// Whether nothing can be asked behind this.
fn is_the_last(step: &Step) -> bool {
    step.fault.is_some() || step.reply.as_ref().is_some_and(|reply| reply.code == CLOSING)
}

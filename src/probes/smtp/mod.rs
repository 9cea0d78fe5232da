//! The SMTP dialogue: RFC 5321, STARTTLS of RFC 3207, AUTH of RFC 4954 with XOAUTH2 on a submission port, and on port 25
//! no login, but a certificate of our own where one was given.
//!
//! At most one message leaves, and nothing is ever sent again.

mod dry_run;
mod egress;
mod login;

use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant as Clock};

use tokio::time::Instant;
use url::Url;

use super::dialogue::Dialogue;
use super::net::Way;
use super::{ms_since, net, tls};
use crate::cloud::{HostPort, Trust};
use crate::facts::{Accepted, Fault, FaultKind, MessageFacts, Reply, SmtpFacts, Stage, Step};
use crate::message::ProbeMail;
use crate::setup::ClientCertificate;
use crate::setup::secret::{Mask, Secret};

pub use dry_run::Envelope;

/// What one dialogue is to do.
pub struct SmtpJob {
    /// Where.
    pub server: HostPort,
    /// Who vouches for the server.
    pub trust: Trust,
    /// Through what.
    pub proxy: Option<Url>,
    /// The name we say in EHLO.
    pub helo: String,
    /// How the server is connected to.
    pub way: Way,
    /// The certificate to show, where the server asks for one.
    pub certificate: Option<ClientCertificate>,
    /// `user=` of XOAUTH2; none: nobody logs in.
    pub user: Option<String>,
    /// MAIL FROM.
    pub from: String,
    /// RCPT TO; none: stop before.
    pub to: Option<String>,
    /// The mail, when it is to leave.
    pub mail: Option<ProbeMail>,
    /// Transactions to end before DATA, in the place of that mail.
    pub dry_run: Vec<Envelope>,
    /// Go no further than this.
    pub stop_after: Option<Stage>,
    /// The longest that the dialogue may take, not counting the wait for the token.
    pub timeout: Duration,
    /// Keeps secrets out of the facts.
    pub mask: Mask,
}

/// A polite end is not worth a long wait.
const GOODBYE: Duration = Duration::from_secs(2);

/// Why the dialogue ended before its time; the facts say the rest.
struct Ended;

struct Run<'a> {
    job: &'a SmtpJob,
    facts: SmtpFacts,
    talk: Dialogue,
    /// Our end of the connection.
    local: Option<SocketAddr>,
}

/// Holds the dialogue. The token may come late: all that does not need it is done before.
pub async fn probe(job: &SmtpJob, token: impl Future<Output = Option<Secret>>) -> SmtpFacts {
    let began = Clock::now();
    let deadline = Instant::now() + job.timeout;
    let mut facts = SmtpFacts { server: job.server.to_string(), ..SmtpFacts::default() };
    facts.client_certificate = job.certificate.as_ref().map(|own| tls::describe_own(&own.chain));
    let connected = net::connect_by(&job.server, &job.way, job.proxy.as_ref(), deadline).await;
    let (stream, local) = match connected {
        Ok((stream, ends)) => {
            facts.address = ends.peer.map(|address| address.to_string());
            facts.steps.push(Step { stage: Stage::Connect, ms: ms_since(began), reply: None, fault: None });
            (stream, ends.local)
        }
        Err(fault) => {
            let fault = Some(Fault { words: job.mask.apply(&fault.words), ..fault });
            facts.steps.push(Step { stage: Stage::Connect, ms: ms_since(began), reply: None, fault });
            return facts;
        }
    };
    let talk = Dialogue::new(stream, began, deadline, job.mask.clone());
    let mut run = Run { job, facts, talk, local };
    let _ = run.talk_through(token).await;
    run.goodbye().await;
    run.facts.transcript = run.talk.take_transcript();
    run.facts
}

impl Run<'_> {
    async fn talk_through(&mut self, token: impl Future<Output = Option<Secret>>) -> Result<(), Ended> {
        self.stop_at(Stage::Connect)?;
        self.step(Stage::Banner, None).await?;
        self.stop_at(Stage::Banner)?;
        self.facts.offered_before_tls = self.ehlo(Stage::Ehlo).await?;
        self.stop_at(Stage::Ehlo)?;
        self.start_tls().await?;
        self.stop_at(Stage::Starttls)?;
        if let Some(user) = &self.job.user {
            self.log_in(user, token).await?;
        }
        self.stop_at(Stage::Auth)?;
        if !self.job.dry_run.is_empty() {
            return self.dry_run().await;
        }
        self.name_sender_and_recipient().await?;
        self.stop_at(Stage::Rcpt)?;
        match &self.job.mail {
            Some(mail) => self.deliver(mail).await,
            None => self.stop("nothing is sent without --send"),
        }
    }

    /// MAIL FROM and RCPT TO: together where the server takes that, which saves a round trip.
    async fn name_sender_and_recipient(&mut self) -> Result<(), Ended> {
        let mail = mail_command(&self.job.from);
        let rcpt = self.job.to.as_ref().map(|to| format!("RCPT TO:<{to}>"));
        let together = self.offers("PIPELINING") && self.job.stop_after != Some(Stage::Mail);
        let Some(rcpt) = rcpt else {
            self.step(Stage::Mail, Some(&mail)).await?;
            self.stop_at(Stage::Mail)?;
            return self.stop("no recipient was named (--to)");
        };
        if !together {
            self.step(Stage::Mail, Some(&mail)).await?;
            self.stop_at(Stage::Mail)?;
            return self.step(Stage::Rcpt, Some(&rcpt)).await.map(|_| ());
        }
        let began = Clock::now();
        if let Err(fault) = self.talk.say_together(&[&mail, &rcpt]).await {
            return self.record(Stage::Mail, began, Err(fault), |_| false).map(|_| ());
        }
        if self.step(Stage::Mail, None).await.is_err() {
            // The answer to RCPT only repeats that there is no sender; it is read so that RSET finds its own.
            if self.facts.steps.last().is_some_and(|step| step.reply.is_some()) {
                let _ = self.talk.reply().await;
            }
            return Err(Ended);
        }
        self.step(Stage::Rcpt, None).await.map(|_| ())
    }

    fn offers(&self, extension: &str) -> bool {
        self.facts.offered.iter().any(|line| line.trim().eq_ignore_ascii_case(extension))
    }

    /// One command, or none for the greeting, and its reply, which must be positive to go on.
    async fn step(&mut self, stage: Stage, command: Option<&str>) -> Result<Reply, Ended> {
        let began = Clock::now();
        let answer = self.ask(command).await;
        self.record(stage, began, answer, |reply| reply.code / 100 == if stage == Stage::Data { 3 } else { 2 })
    }

    async fn ask(&mut self, command: Option<&str>) -> Result<Reply, Fault> {
        if let Some(command) = command {
            self.talk.say(command).await?;
        }
        self.talk.reply().await
    }

    fn record(
        &mut self,
        stage: Stage,
        began: Clock,
        answer: Result<Reply, Fault>,
        good: impl Fn(&Reply) -> bool,
    ) -> Result<Reply, Ended> {
        let step = self.step_of(stage, began, answer);
        let reply = step.reply.clone();
        self.facts.steps.push(step);
        reply.filter(good).ok_or(Ended)
    }

    fn step_of(&self, stage: Stage, began: Clock, answer: Result<Reply, Fault>) -> Step {
        let (reply, fault) = match answer {
            Ok(reply) => (Some(reply), None),
            Err(fault) => (None, Some(Fault { words: self.talk.masked(&fault.words), ..fault })),
        };
        Step { stage, ms: ms_since(began), reply, fault }
    }

    async fn ehlo(&mut self, stage: Stage) -> Result<Vec<String>, Ended> {
        let hello = format!("EHLO {}", self.job.helo);
        let reply = self.step(stage, Some(&hello)).await?;
        // Where somebody logs in, it is the login that counts, not the address.
        if self.job.user.is_none() {
            self.facts.egress = egress::read(&reply, self.local);
        }
        Ok(reply.lines.into_iter().skip(1).collect())
    }

    async fn start_tls(&mut self) -> Result<(), Ended> {
        let offered = self.facts.offered_before_tls.iter().any(|line| line.trim().eq_ignore_ascii_case("STARTTLS"));
        if !offered {
            return self.stop("STARTTLS is not offered, and no token goes over an open connection");
        }
        self.step(Stage::Starttls, Some("STARTTLS")).await?;
        let began = Clock::now();
        let secured = self.secure().await;
        self.talk.note(match &secured {
            Ok(()) => "TLS begins",
            Err(fault) => &fault.words,
        });
        if let Err(fault) = secured {
            return self.record(Stage::Tls, began, Err(fault), |_| false).map(|_| ());
        }
        self.facts.steps.push(Step { stage: Stage::Tls, ms: ms_since(began), reply: None, fault: None });
        self.facts.offered = self.ehlo(Stage::EhloTls).await?;
        Ok(())
    }

    async fn secure(&mut self) -> Result<(), Fault> {
        // What stands in the buffer was sent before TLS and would be taken for an answer under TLS (CVE-2011-0411).
        if self.talk.pending() {
            let words = "the server sent more than the answer to STARTTLS before TLS began";
            return Err(Fault { kind: FaultKind::InjectedAfterStarttls, words: words.to_owned() });
        }
        let (host, trust) = (&self.job.server.host, &self.job.trust);
        let own = self.job.certificate.as_ref().map(tls::Own::of).transpose()?;
        let secured = self.talk.upgrade(async |stream| tls::handshake(stream, host, trust, own.as_ref()).await).await;
        if let (Some(own), Some(facts)) = (&own, &mut self.facts.client_certificate) {
            facts.asked = own.asked();
        }
        self.facts.tls = Some(secured?);
        Ok(())
    }

    async fn deliver(&mut self, mail: &ProbeMail) -> Result<(), Ended> {
        let to = self.job.to.clone().unwrap_or_default();
        self.facts.message = Some(MessageFacts {
            message_id: mail.message_id.clone(),
            subject: mail.subject.clone(),
            from: self.job.from.clone(),
            to,
            accepted: Accepted::No,
        });
        self.step(Stage::Data, Some("DATA")).await?;
        let began = Clock::now();
        let shown = format!("[the message, {} octets, and the final dot]", mail.octets.len());
        let answer = match self.talk.say_hidden(&mail.on_the_wire(), &shown).await {
            Ok(()) => self.talk.reply().await,
            Err(fault) => Err(fault),
        };
        let accepted = match &answer {
            Ok(reply) if reply.positive() => Accepted::Yes,
            Ok(_) => Accepted::No,
            Err(_) => Accepted::Unknown,
        };
        if let Some(message) = &mut self.facts.message {
            message.accepted = accepted;
        }
        self.record(Stage::Message, began, answer, Reply::positive).map(|_| ())
    }

    fn stop_at(&mut self, stage: Stage) -> Result<(), Ended> {
        if self.job.stop_after != Some(stage) {
            return Ok(());
        }
        self.stop(&format!("as told, after {}", stage.label()))
    }

    fn stop(&mut self, why: &str) -> Result<(), Ended> {
        self.facts.stopped = Some(why.to_owned());
        self.talk.note(why);
        Err(Ended)
    }

    /// RSET where a transaction is open, then QUIT; nobody waits long for the answers.
    async fn goodbye(&mut self) {
        let dry = self.facts.transactions.iter().flat_map(|dry| dry.mail.iter().chain(&dry.rcpt));
        if self.facts.steps.iter().chain(dry).any(|step| step.fault.is_some()) {
            return;
        }
        let open = self.facts.step(Stage::Mail).is_some() && self.facts.step(Stage::Data).is_none();
        self.talk.deadline = self.talk.deadline.min(Instant::now() + GOODBYE);
        let farewell = async {
            if open && self.offers("PIPELINING") {
                self.talk.say_together(&["RSET", "QUIT"]).await?;
                self.talk.reply().await?;
                return self.talk.reply().await;
            }
            if open {
                self.ask(Some("RSET")).await?;
            }
            self.ask(Some("QUIT")).await
        };
        let _ = farewell.await;
    }
}

fn mail_command(from: &str) -> String {
    // RFC 6531 section 3.4: an address beyond ASCII is announced.
    let beyond = if from.is_ascii() { "" } else { " SMTPUTF8" };
    format!("MAIL FROM:<{from}>{beyond}")
}

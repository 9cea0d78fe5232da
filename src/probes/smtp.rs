//! The SMTP submission dialogue: RFC 5321, STARTTLS of RFC 3207, AUTH of RFC 4954 with XOAUTH2.
//!
//! At most one message leaves, and nothing is ever sent again.

use std::future::Future;
use std::time::{Duration, Instant as Clock};

use tokio::time::{Instant, timeout_at};
use url::Url;

use super::dialogue::{Dialogue, xoauth2};
use super::{ms_since, net, tls};
use crate::cloud::{HostPort, Trust};
use crate::facts::{Accepted, Fault, FaultKind, MessageFacts, Reply, SmtpFacts, Stage, Step};
use crate::message::ProbeMail;
use crate::setup::secret::{Mask, Secret};

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
    /// `user=` of XOAUTH2.
    pub user: String,
    /// MAIL FROM.
    pub from: String,
    /// RCPT TO; none: stop before.
    pub to: Option<String>,
    /// The mail, when it is to leave.
    pub mail: Option<ProbeMail>,
    /// Go no further than this.
    pub stop_after: Option<Stage>,
    /// The longest that the dialogue may take, not counting the wait for the token.
    pub timeout: Duration,
    /// Keeps secrets out of the facts.
    pub mask: Mask,
}

/// AUTH with an initial response may have 12,288 octets with its line end (RFC 4954 section 4).
const LONGEST_AUTH: usize = 12_288;
/// A polite end is not worth a long wait.
const GOODBYE: Duration = Duration::from_secs(2);

/// Why the dialogue ended before its time; the facts say the rest.
struct Ended;

struct Run<'a> {
    job: &'a SmtpJob,
    facts: SmtpFacts,
    talk: Dialogue,
}

/// Holds the dialogue. The token may come late: all that does not need it is done before.
pub async fn probe(job: &SmtpJob, token: impl Future<Output = Option<Secret>>) -> SmtpFacts {
    let began = Clock::now();
    let deadline = Instant::now() + job.timeout;
    let mut facts = SmtpFacts { server: job.server.to_string(), ..SmtpFacts::default() };
    let connected = net::connect(&job.server, job.proxy.as_ref(), deadline).await;
    let stream = match connected {
        Ok((stream, address)) => {
            facts.address = address.map(|address| address.to_string());
            facts.steps.push(Step { stage: Stage::Connect, ms: ms_since(began), reply: None, fault: None });
            stream
        }
        Err(fault) => {
            let fault = Some(Fault { words: job.mask.apply(&fault.words), ..fault });
            facts.steps.push(Step { stage: Stage::Connect, ms: ms_since(began), reply: None, fault });
            return facts;
        }
    };
    let talk = Dialogue::new(stream, began, deadline, job.mask.clone());
    let mut run = Run { job, facts, talk };
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
        self.log_in(token).await?;
        self.stop_at(Stage::Auth)?;
        let mail = format!("MAIL FROM:<{}>", self.job.from);
        self.step(Stage::Mail, Some(&mail)).await?;
        self.stop_at(Stage::Mail)?;
        let Some(to) = &self.job.to else { return self.stop("no recipient was named (--to)") };
        let rcpt = format!("RCPT TO:<{to}>");
        self.step(Stage::Rcpt, Some(&rcpt)).await?;
        self.stop_at(Stage::Rcpt)?;
        match &self.job.mail {
            Some(mail) => self.deliver(mail).await,
            None => self.stop("nothing is sent without --send"),
        }
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
        let (reply, fault) = match answer {
            Ok(reply) => (Some(reply), None),
            Err(fault) => (None, Some(Fault { words: self.talk.masked(&fault.words), ..fault })),
        };
        self.facts.steps.push(Step { stage, ms: ms_since(began), reply: reply.clone(), fault });
        reply.filter(good).ok_or(Ended)
    }

    async fn ehlo(&mut self, stage: Stage) -> Result<Vec<String>, Ended> {
        let hello = format!("EHLO {}", self.job.helo);
        let reply = self.step(stage, Some(&hello)).await?;
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
            return self.record(Stage::Starttls, began, Err(fault), |_| false).map(|_| ());
        }
        self.facts.offered = self.ehlo(Stage::Starttls).await?;
        Ok(())
    }

    async fn secure(&mut self) -> Result<(), Fault> {
        // What stands in the buffer was sent before TLS and would be taken for an answer under TLS (CVE-2011-0411).
        if self.talk.pending() {
            let words = "the server sent more than the answer to STARTTLS before TLS began";
            return Err(Fault { kind: FaultKind::InjectedAfterStarttls, words: words.to_owned() });
        }
        let (host, trust) = (&self.job.server.host, &self.job.trust);
        let facts = self.talk.upgrade(async |stream| tls::handshake(stream, host, trust).await).await?;
        self.facts.tls = Some(facts);
        Ok(())
    }

    async fn log_in(&mut self, token: impl Future<Output = Option<Secret>>) -> Result<(), Ended> {
        let mechanisms = self
            .facts
            .offered
            .iter()
            .filter_map(|line| line.to_ascii_uppercase().strip_prefix("AUTH").map(str::to_owned));
        if !mechanisms.flat_map(|m| m.split([' ', '=']).map(str::to_owned).collect::<Vec<_>>()).any(|m| m == "XOAUTH2")
        {
            return self.stop("XOAUTH2 is not offered");
        }
        let waited = Instant::now();
        let Some(token) = token.await else { return self.stop("there is no token to log in with") };
        self.talk.deadline += waited.elapsed();
        let blob = Secret::new(xoauth2(&self.job.user, token.expose()));
        self.talk.learn(&token);
        self.talk.learn(&blob);
        let began = Clock::now();
        let answer = self.authenticate(&blob).await;
        self.record(Stage::Auth, began, answer, Reply::positive).map(|_| ())
    }

    /// Inline first; where a server does not take the long line, the blob alone after its 334.
    async fn authenticate(&mut self, blob: &Secret) -> Result<Reply, Fault> {
        let inline = format!("AUTH XOAUTH2 {}\r\n", blob.expose());
        if inline.len() <= LONGEST_AUTH {
            let shown = format!("AUTH XOAUTH2 [masked {} octets]", blob.expose().len());
            self.talk.say_hidden(inline.as_bytes(), &shown).await?;
            let reply = self.talk.reply().await?;
            let too_long = matches!(reply.code, 500 | 501) && !reply.lines.iter().any(|line| line.contains("5.7."));
            if !too_long {
                return self.after_blob(reply, blob, true).await;
            }
            self.talk.note("the server does not take the long line: once more, with the token after 334");
        }
        self.talk.say("AUTH XOAUTH2").await?;
        let reply = self.talk.reply().await?;
        if reply.code != 334 {
            return Ok(reply);
        }
        self.say_blob(blob).await?;
        let reply = self.talk.reply().await?;
        self.after_blob(reply, blob, false).await
    }

    async fn say_blob(&mut self, blob: &Secret) -> Result<(), Fault> {
        let line = format!("{}\r\n", blob.expose());
        self.talk.say_hidden(line.as_bytes(), &format!("[masked {} octets]", blob.expose().len())).await
    }

    /// A 334 after the blob is either a server that overlooked it, or an error challenge: base64 of JSON, which the
    /// client answers with an empty line to hear the final reply.
    async fn after_blob(&mut self, reply: Reply, blob: &Secret, inline: bool) -> Result<Reply, Fault> {
        if reply.code != 334 {
            return Ok(reply);
        }
        let payload = reply.lines.first().map(|line| line.trim()).unwrap_or_default();
        if payload.is_empty() && inline {
            self.say_blob(blob).await?;
            let reply = self.talk.reply().await?;
            return Box::pin(self.after_blob(reply, blob, false)).await;
        }
        self.facts.challenge = Some(self.talk.take_challenge().unwrap_or_else(|| payload.to_owned()));
        self.talk.say("").await?;
        self.talk.reply().await
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
        if self.facts.steps.iter().any(|step| step.fault.is_some()) {
            return;
        }
        let open = self.facts.step(Stage::Mail).is_some() && self.facts.step(Stage::Data).is_none();
        self.talk.deadline = self.talk.deadline.min(Instant::now() + GOODBYE);
        let deadline = self.talk.deadline;
        let farewell = async {
            if open {
                self.ask(Some("RSET")).await?;
            }
            self.ask(Some("QUIT")).await
        };
        let _ = timeout_at(deadline, farewell).await;
    }
}

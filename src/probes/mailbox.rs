//! What the dialogues of IMAP and POP share: implicit TLS, steps, and the login with XOAUTH2.

use std::future::Future;
use std::time::{Duration, Instant as Clock};

use tokio::time::Instant;
use url::Url;

use super::dialogue::{Dialogue, EXCERPT, xoauth2};
use super::{ms_since, net, tls};
use crate::cloud::{HostPort, Trust};
use crate::facts::{Fault, FaultKind, MailboxFacts, MailboxReply, MailboxStage, MailboxStep, shortened};
use crate::setup::secret::{Mask, Secret};

/// What one dialogue is to do.
pub struct MailboxJob {
    /// Where.
    pub server: HostPort,
    /// Who vouches for the server.
    pub trust: Trust,
    /// Through what.
    pub proxy: Option<Url>,
    /// `user=` of XOAUTH2: the mailbox to open.
    pub user: String,
    /// Go no further than this.
    pub stop_after: Option<MailboxStage>,
    /// The longest that the dialogue may take, not counting the wait for the token.
    pub timeout: Duration,
    /// Keeps secrets out of the facts.
    pub mask: Mask,
}

/// A polite end is not worth a long wait.
const GOODBYE: Duration = Duration::from_secs(2);

/// Why the dialogue ended before its time; the facts say the rest.
pub(super) struct Ended;

/// One dialogue under way.
pub(super) struct Run<'a> {
    pub(super) job: &'a MailboxJob,
    pub(super) facts: MailboxFacts,
    pub(super) talk: Dialogue,
}

/// Connects and starts TLS. The facts alone, when it comes to no dialogue.
pub(super) async fn open(job: &MailboxJob) -> Result<Run<'_>, Box<MailboxFacts>> {
    let began = Clock::now();
    let deadline = Instant::now() + job.timeout;
    let mut facts = MailboxFacts { server: job.server.to_string(), ..MailboxFacts::default() };
    let step = |fault: Option<&Fault>| MailboxStep {
        stage: MailboxStage::Connect,
        ms: ms_since(began),
        reply: None,
        fault: fault.map(|fault| Fault { words: job.mask.apply(&fault.words), ..fault.clone() }),
    };
    let stream = match net::connect(&job.server, job.proxy.as_ref(), deadline).await {
        Ok((stream, ends)) => {
            facts.address = ends.peer.map(|address| address.to_string());
            facts.steps.push(step(None));
            stream
        }
        Err(fault) => {
            facts.steps.push(step(Some(&fault)));
            return Err(Box::new(facts));
        }
    };
    let mut run = Run { job, facts, talk: Dialogue::new(stream, began, deadline, job.mask.clone()) };
    match run.secure().await {
        Ok(()) => Ok(run),
        Err(Ended) => Err(Box::new(run.into_facts())),
    }
}

impl Run<'_> {
    async fn secure(&mut self) -> Result<(), Ended> {
        self.stop_at(MailboxStage::Connect)?;
        let began = Clock::now();
        let (host, trust) = (&self.job.server.host, &self.job.trust);
        let secured = self.talk.upgrade(async |stream| tls::handshake(stream, host, trust, None).await).await;
        match secured {
            Ok(tls) => {
                self.talk.note("TLS begins");
                self.facts.tls = Some(tls);
                let step = MailboxStep { stage: MailboxStage::Tls, ms: ms_since(began), reply: None, fault: None };
                self.facts.steps.push(step);
                self.stop_at(MailboxStage::Tls)
            }
            Err(fault) => {
                self.talk.note(&fault.words);
                self.record(MailboxStage::Tls, began, Err(fault)).map(|_| ())
            }
        }
    }

    pub(super) fn into_facts(mut self) -> MailboxFacts {
        self.facts.transcript = self.talk.take_transcript();
        self.facts
    }

    /// Notes the answer of a stage, which must be positive to go on.
    pub(super) fn record(
        &mut self,
        stage: MailboxStage,
        began: Clock,
        answer: Result<MailboxReply, Fault>,
    ) -> Result<MailboxReply, Ended> {
        let (reply, fault) = match answer {
            Ok(reply) => (Some(reply), None),
            Err(fault) => (None, Some(Fault { words: self.talk.masked(&fault.words), ..fault })),
        };
        self.facts.steps.push(MailboxStep { stage, ms: ms_since(began), reply: reply.clone(), fault });
        let reply = reply.filter(MailboxReply::positive).ok_or(Ended)?;
        self.stop_at(stage)?;
        Ok(reply)
    }

    /// Waits for the token, which costs the dialogue nothing of its time, and wraps it for XOAUTH2.
    pub(super) async fn blob(&mut self, token: impl Future<Output = Option<Secret>>) -> Result<Secret, Ended> {
        let waited = Instant::now();
        let Some(token) = token.await else {
            self.stop("there is no token to log in with")?;
            return Err(Ended);
        };
        self.talk.deadline += waited.elapsed();
        let blob = Secret::new(xoauth2(&self.job.user, token.expose()));
        self.talk.learn(&token);
        self.talk.learn(&blob);
        Ok(blob)
    }

    /// Sends the token by itself, after the server asked for it.
    pub(super) async fn say_blob(&mut self, blob: &Secret) -> Result<(), Fault> {
        let line = format!("{}\r\n", blob.expose());
        self.talk.say_hidden(line.as_bytes(), &format!("[masked {} octets]", blob.expose().len())).await
    }

    /// An error challenge: what it holds is kept, and an empty line asks for the verdict.
    pub(super) async fn answer_challenge(&mut self, text: &str) -> Result<(), Fault> {
        self.facts.challenge = Some(self.talk.challenge_behind(2).unwrap_or_else(|| text.to_owned()));
        self.talk.say("").await
    }

    fn stop_at(&mut self, stage: MailboxStage) -> Result<(), Ended> {
        if self.job.stop_after != Some(stage) {
            return Ok(());
        }
        self.stop(&format!("as told, after {}", stage.label()))
    }

    pub(super) fn stop(&mut self, why: &str) -> Result<(), Ended> {
        self.facts.stopped = Some(why.to_owned());
        self.talk.note(why);
        Err(Ended)
    }

    /// Whether there is still somebody to take leave of; from here on nobody waits long.
    pub(super) fn leaves(&mut self) -> bool {
        let bye = |step: &MailboxStep| step.reply.as_ref().is_some_and(|reply| reply.status == "BYE");
        self.talk.deadline = self.talk.deadline.min(Instant::now() + GOODBYE);
        !self.facts.steps.iter().any(|step| step.fault.is_some() || bye(step))
    }
}

/// The fault of a line that is none of the protocol's.
pub(super) fn garbage(protocol: &str, line: &str) -> Fault {
    Fault::new(FaultKind::Garbage, format!("no {protocol} answer: {}", shortened(line, EXCERPT)))
}

//! Looking for the probe over IMAP: one login, and then EXAMINE and UID SEARCH of each folder at every look. Nothing is
//! changed by it, and of the mail only the header is asked for.

use std::time::Instant as Clock;

use tokio::time::Instant;

use super::{ConfirmJob, Look, header};
use crate::facts::{ArrivedFacts, Fault, Folder, MailboxFacts, MailboxReply, MailboxStage};
use crate::probes::imap::{ask, fetch, log_in};
use crate::probes::mailbox::{Ended, MailboxJob, Run, open};
use crate::setup::secret::{Mask, Secret};

/// One session that stays open between the looks.
pub(super) struct Looking<'a> {
    job: &'a ConfirmJob,
    mailbox: &'a MailboxJob,
    token: Secret,
    mask: Mask,
    session: Session<'a>,
    /// The names of the folders beside the Inbox, as the server calls them; none: there is no such folder.
    names: Vec<(Folder, Option<String>)>,
}

enum Session<'a> {
    Closed(Box<MailboxFacts>),
    /// With where the transcript stood after the login: of the looks only the last one is kept.
    Open(Box<Run<'a>>, usize),
}

/// What the login of this search is to be.
pub(super) fn job(job: &ConfirmJob) -> MailboxJob {
    MailboxJob {
        server: job.cloud.imap.clone(),
        trust: job.cloud.trust.clone(),
        proxy: job.proxy.clone(),
        user: job.mailbox.clone(),
        stop_after: None,
        timeout: job.timeout,
        mask: job.mask.clone(),
    }
}

impl<'a> Looking<'a> {
    pub(super) fn new(job: &'a ConfirmJob, mailbox: &'a MailboxJob, token: &Secret) -> Looking<'a> {
        let mut mask = job.mask.clone();
        mask.add(token);
        let session = Session::Closed(Box::default());
        Looking { job, mailbox, token: token.clone(), mask, session, names: Vec::new() }
    }

    pub(super) async fn look(&mut self) -> Look {
        let (mut run, logged_in) = match std::mem::replace(&mut self.session, Session::Closed(Box::default())) {
            Session::Open(run, logged_in) => (run, logged_in),
            Session::Closed(_) => match self.open().await {
                Ok(opened) => opened,
                Err(look) => return look,
            },
        };
        run.talk.forget_after(logged_in);
        run.talk.deadline = Instant::now() + self.job.timeout;
        match self.look_with(&mut run).await {
            Ok(look) => {
                self.session = Session::Open(run, logged_in);
                look
            }
            Err(Ended) => self.ended(*run),
        }
    }

    async fn open(&mut self) -> Result<(Box<Run<'a>>, usize), Look> {
        let mut run = match open(self.mailbox).await {
            Ok(run) => run,
            Err(facts) => {
                self.session = Session::Closed(facts);
                return Err(Look::Failed);
            }
        };
        let token = self.token.clone();
        match log_in(&mut run, async { Some(token) }).await {
            Ok(()) => {
                let logged_in = run.talk.lines();
                Ok((Box::new(run), logged_in))
            }
            Err(Ended) => Err(self.ended(run)),
        }
    }

    /// A fault may pass; a refusal does not.
    fn ended(&mut self, run: Run<'a>) -> Look {
        let facts = run.into_facts();
        let faulty = facts.steps.last().is_some_and(|step| step.fault.is_some());
        self.session = Session::Closed(Box::new(facts));
        if faulty { Look::Failed } else { Look::Refused }
    }

    async fn look_with(&mut self, run: &mut Run<'a>) -> Result<Look, Ended> {
        for folder in self.job.folders.clone() {
            let began = Clock::now();
            run.facts.steps.retain(|step| step.stage != MailboxStage::Mailbox);
            let Some(answer) = self.examine(run, folder).await.transpose() else { continue };
            run.record(MailboxStage::Mailbox, began, answer)?;
            let found = search(run, &self.job.token).await;
            let uid = match found {
                Ok(uid) => uid,
                Err(fault) => return run.record(MailboxStage::Mailbox, began, Err(fault)).map(|_| Look::Failed),
            };
            let Some(uid) = uid else { continue };
            match self.read(run, uid).await {
                Ok(Some(arrived)) => {
                    return Ok(Look::Found(Box::new(ArrivedFacts { folder: Some(folder), ..arrived })));
                }
                Ok(None) => {}
                Err(fault) => return run.record(MailboxStage::Mailbox, began, Err(fault)).map(|_| Look::Failed),
            }
        }
        Ok(Look::NotYet(None))
    }

    /// Opens a folder for reading only; none where there is no such folder.
    async fn examine(&mut self, run: &mut Run<'_>, folder: Folder) -> Result<Option<MailboxReply>, Fault> {
        let name = match self.names.iter().find(|(known, _)| *known == folder) {
            Some((_, None)) => return Ok(None),
            Some((_, Some(name))) => name.clone(),
            None if folder == Folder::Inbox => "INBOX".to_owned(),
            None => format!("\"{}\"", folder.label()),
        };
        let reply = ask(run, "b1", &format!("EXAMINE {name}")).await?;
        let known = self.names.iter().any(|(known, _)| *known == folder);
        if reply.status != "NO" || folder == Folder::Inbox || known {
            return Ok(Some(reply));
        }
        // In a mailbox of another language it has another name, and its use tells which it is.
        let name = listed(run, folder).await?;
        self.names.push((folder, name.clone()));
        match name {
            Some(name) => ask(run, "b3", &format!("EXAMINE {name}")).await.map(Some),
            None => Ok(None),
        }
    }

    async fn read(&self, run: &mut Run<'_>, uid: u32) -> Result<Option<ArrivedFacts>, Fault> {
        let most = header::LONGEST_HEADER;
        let command = format!("UID FETCH {uid} (INTERNALDATE BODY.PEEK[HEADER]<0.{most}>)");
        let (reply, octets) = fetch(run, "b5", &command, most).await?;
        let Some(octets) = octets else { return Ok(None) };
        let arrived = header::read(&octets, &self.mask);
        let received = reply.lines.iter().find_map(|line| line.split_once("INTERNALDATE \"")?.1.split('"').next());
        let received = received.map(|time| header::kept(time, &self.mask));
        // It was the server that searched; the mail must really be ours.
        Ok(arrived.subject.contains(&self.job.token).then_some(ArrivedFacts { received, ..arrived }))
    }

    /// Takes leave, and gives the facts of the dialogue.
    pub(super) async fn end(self) -> MailboxFacts {
        match self.session {
            Session::Closed(facts) => *facts,
            Session::Open(mut run, _) => {
                if run.leaves() {
                    let _ = ask(&mut run, "z1", "LOGOUT").await;
                }
                run.into_facts()
            }
        }
    }
}

/// The newest mail whose subject holds the token.
async fn search(run: &mut Run<'_>, token: &str) -> Result<Option<u32>, Fault> {
    let reply = ask(run, "b4", &format!("UID SEARCH SUBJECT \"{token}\"")).await?;
    let numbers = reply.lines.iter().filter_map(|line| {
        let (word, numbers) = line.split_once(' ')?;
        word.eq_ignore_ascii_case("SEARCH").then_some(numbers)
    });
    Ok(numbers.flat_map(str::split_whitespace).filter_map(|number| number.parse().ok()).max())
}

/// The name of the folder with this use (RFC 6154), as the server writes it. The names of the other folders are nobody's
/// business and are not kept.
async fn listed(run: &mut Run<'_>, folder: Folder) -> Result<Option<String>, Fault> {
    let attribute = if folder == Folder::Sent { "\\sent" } else { "\\junk" };
    let before = run.talk.lines();
    let reply = ask(run, "b2", "LIST \"\" \"%\"").await;
    run.talk.forget_after(before);
    run.talk.note("the folders were listed");
    Ok(reply?.lines.iter().find_map(|line| {
        let (attributes, rest) = line.split_once('(')?.1.split_once(')')?;
        let used = attributes.split_whitespace().any(|word| word.eq_ignore_ascii_case(attribute));
        // Behind the attributes stand the separator and the name.
        let (_, name) = rest.trim().split_once(' ')?;
        used.then(|| name.trim().to_owned())
    }))
}

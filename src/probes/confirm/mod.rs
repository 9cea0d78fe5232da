//! Finding the probe again: looks into a mailbox with growing pauses, until the mail is there or the time is over, and
//! reads its header. It sends nothing and changes nothing.

mod ews;
mod graph;
mod header;
mod imap;
mod results;

use std::time::{Duration, Instant};

use tokio::time::sleep;
use url::Url;

use super::ms_since;
use crate::cloud::Cloud;
use crate::facts::{ArrivedFacts, ConfirmFacts, Folder};
use crate::reader::Reader;
use crate::setup::secret::{Mask, Secret};

/// What one search is to do.
pub struct ConfirmJob {
    /// Where everything lives.
    pub cloud: Cloud,
    /// Through what.
    pub proxy: Option<Url>,
    /// The mailbox to look into.
    pub mailbox: String,
    /// Its folders, at most two.
    pub folders: Vec<Folder>,
    /// What the subject holds.
    pub token: String,
    /// The longest to wait, from the first look.
    pub within: Duration,
    /// The longest that one look may take.
    pub timeout: Duration,
    /// Keeps secrets out of the facts.
    pub mask: Mask,
}

/// Mail within Microsoft 365 takes a second or some, so the first pauses are short.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// A look is a request; nobody is helped by more than four a minute.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A network may hiccup once.
const MOST_FAILURES: u32 = 2;

/// What one look showed.
enum Look {
    /// The mail.
    Found(Box<ArrivedFacts>),
    /// No mail yet; the server may ask to wait so many seconds.
    NotYet(Option<u64>),
    /// No usable answer.
    Failed,
    /// The server refuses, and would again.
    Refused,
}

impl Look {
    /// Whether what another folder showed counts for more.
    fn gives_way_to(&self, other: &Look) -> bool {
        let weight = |look: &Look| match look {
            Look::Found(_) => 3,
            Look::Refused => 2,
            Look::Failed => 1,
            Look::NotYet(_) => 0,
        };
        weight(other) > weight(self) || matches!((self, other), (Look::NotYet(None), Look::NotYet(Some(_))))
    }
}

/// One of the readers, ready to look.
enum Looking<'a> {
    Graph(Box<graph::Looking<'a>>),
    Imap(Box<imap::Looking<'a>>),
    Ews(Box<ews::Looking<'a>>),
}

/// Looks for the mail with this reader until it is found, the time is over, or there is no sense in it.
pub async fn probe(job: &ConfirmJob, via: Reader, token: &Secret, facts: &mut ConfirmFacts) {
    let mailbox = imap::job(job);
    let mut looking = match via {
        Reader::Graph => Looking::Graph(Box::new(graph::Looking::new(job, token))),
        Reader::Imap => Looking::Imap(Box::new(imap::Looking::new(job, &mailbox, token))),
        Reader::Ews => Looking::Ews(Box::new(ews::Looking::new(job, token))),
    };
    let began = Instant::now();
    let (mut pause, mut failures) = (FIRST_PAUSE, 0);
    loop {
        facts.looks += 1;
        let look = match &mut looking {
            Looking::Graph(graph) => graph.look(facts).await,
            Looking::Imap(imap) => imap.look().await,
            Looking::Ews(ews) => ews.look(facts).await,
        };
        facts.ms = ms_since(began);
        failures = if matches!(look, Look::Failed) { failures + 1 } else { 0 };
        let asked = match look {
            Look::Found(arrived) => {
                facts.arrived = Some(*arrived);
                break;
            }
            Look::Refused => break,
            Look::Failed if failures >= MOST_FAILURES => break,
            Look::Failed => None,
            Look::NotYet(asked) => asked,
        };
        let wait = pause.max(Duration::from_secs(asked.unwrap_or(0)));
        let left = job.within.saturating_sub(began.elapsed());
        if left.is_zero() || asked.is_some_and(|_| wait > left) {
            break;
        }
        // The last look is at the end of the time, and not long before it.
        sleep(wait.min(left)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    if let Looking::Imap(imap) = looking {
        facts.imap = Some(imap.end().await);
    }
}

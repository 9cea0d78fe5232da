//! `check-dns` for a list of domains: one result for each as it finishes, in memory that does not grow with the list but
//! for sixteen octets a domain, by which each has its turn once.

mod done;
mod line;
mod list;

pub use done::{Done, Kept, Resumed, Unfit};
pub use line::{DomainLine, LineFacts, LineFinding};

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{Id, JoinError, JoinSet};

use crate::probes::{Questions, Without};
use crate::setup::Setup;
use list::Entry;

/// What is to be done with each domain.
pub struct Job {
    /// Cloud, resolver, selectors and the longest that one domain may take.
    pub setup: Setup,
    /// What is not asked.
    pub without: Without,
    /// Whether a warning or an unproven check counts as a failure.
    pub strict: bool,
    /// Domains that are looked at at once.
    pub at_once: usize,
}

/// What became of a list.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Results that were written.
    pub written: u64,
    /// Those among them in which something failed.
    pub failed: u64,
    /// Lines among the failed that are no domain.
    pub unread: u64,
    /// Lines whose domain had its result already.
    pub again: u64,
}

/// How long a domain may take beyond its look-ups, for the policy that may follow upon them.
const REST: Duration = Duration::from_secs(5);

/// Looks at each domain of a list and hands its result over, in the words that `render` finds for it. Where they can not be
/// written any more, nothing further is begun.
///
/// # Errors
/// The list can not be read further, or the results can not be written.
pub async fn run(
    job: Job,
    list: impl Read + Send + 'static,
    done: &mut Done,
    render: impl Fn(&DomainLine) -> String + Send + Sync + 'static,
    mut write: impl AsyncFnMut(String, Tally) -> io::Result<()>,
) -> Result<Tally, Failure> {
    let (at_once, mut entries) = (job.at_once, listed(list));
    let work = Arc::new(Work::of(job, render));
    let mut running = Running { work, tasks: JoinSet::new(), names: Vec::new(), tally: Tally::default() };
    let mut open = true;
    loop {
        let line = tokio::select! {
            Some(ended) = running.tasks.join_next_with_id(), if !running.tasks.is_empty() => Some(running.ended(ended)),
            entry = entries.recv(), if open && running.tasks.len() < at_once => {
                open = entry.is_some();
                match entry {
                    Some(entry) => running.begin(entry.map_err(Failure::List)?, done),
                    None => None,
                }
            }
            else => return Ok(running.tally),
        };
        let Some(line) = line else { continue };
        running.tally.written += 1;
        running.tally.failed += u64::from(line.failed);
        write(line.text, running.tally).await.map_err(Failure::Write)?;
    }
}

/// Why a list was not brought to its end.
#[derive(Debug)]
pub enum Failure {
    /// It can not be read.
    List(io::Error),
    /// A result can not be written.
    Write(io::Error),
}

/// Reads the list on a thread of its own, no further ahead than is needed.
fn listed(list: impl Read + Send + 'static) -> mpsc::Receiver<io::Result<Entry>> {
    let (send, receive) = mpsc::channel(16);
    std::thread::spawn(move || {
        let ended = list::read(list, |entry| send.blocking_send(Ok(entry)).is_ok());
        if let Err(e) = ended {
            // Nobody listens any more, and that is fine.
            let _ = send.blocking_send(Err(e));
        }
    });
    receive
}

/// A result in words, and whether something failed.
struct Rendered {
    text: String,
    failed: bool,
}

struct Work<R> {
    job: Job,
    questions: Arc<Questions>,
    render: R,
}

impl<R: Fn(&DomainLine) -> String> Work<R> {
    fn of(job: Job, render: R) -> Work<R> {
        let questions = Arc::new(Questions::of(&job.setup.cloud));
        Work { job, questions, render }
    }

    async fn domain(&self, domain: &str) -> Rendered {
        let Job { setup, without, strict, .. } = &self.job;
        let visit = crate::observe::domain::visit(setup, domain, &self.questions, *without);
        // The look-ups end by themselves, and so does the request for the policy; together they may take twice as long.
        let line =
            match tokio::time::timeout(setup.timeout.saturating_mul(2).saturating_add(REST), Box::pin(visit)).await {
                Ok(visit) => DomainLine::of(visit, *strict),
                Err(_) => DomainLine::unread(domain.to_owned(), "it took too long".to_owned()),
            };
        self.rendered(&line)
    }

    fn rendered(&self, line: &DomainLine) -> Rendered {
        Rendered { text: (self.render)(line), failed: line.summary.exit_code != 0 }
    }
}

/// The domains under way.
struct Running<R> {
    work: Arc<Work<R>>,
    tasks: JoinSet<Rendered>,
    /// By task, for one that ends without a result.
    names: Vec<(Id, String)>,
    tally: Tally,
}

impl<R: Fn(&DomainLine) -> String + Send + Sync + 'static> Running<R> {
    /// Begins with a domain; the result is there at once where the line is none.
    fn begin(&mut self, entry: Entry, done: &mut Done) -> Option<Rendered> {
        if !done.add(&entry.shown) {
            self.tally.again += 1;
            return None;
        }
        match entry.domain {
            Ok(domain) => {
                let (work, name) = (self.work.clone(), domain.clone());
                let task = self.tasks.spawn(async move { work.domain(&name).await });
                self.names.push((task.id(), domain));
                None
            }
            Err(why) => {
                self.tally.unread += 1;
                Some(self.work.rendered(&DomainLine::unread(entry.shown, why)))
            }
        }
    }

    /// What a task ended with. A fault of the program itself costs one domain, not the list.
    fn ended(&mut self, ended: Result<(Id, Rendered), JoinError>) -> Rendered {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(e) => e.id(),
        };
        let at = self.names.iter().position(|(task, _)| *task == id);
        let domain = at.map(|at| self.names.swap_remove(at).1).unwrap_or_default();
        match ended {
            Ok((_, rendered)) => rendered,
            Err(_) => self.work.rendered(&DomainLine::unread(domain, "a fault of o365doctor itself".to_owned())),
        }
    }
}

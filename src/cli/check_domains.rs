//! `check-dns` for a list of domains: a line of results for each, to standard output or to a file that can be gone on with.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write as _};
use std::path::Path;

use toml::Table;

use super::check_dns::ListArguments;
use super::output::{self, Counter};
use super::run::{self, Loaded};
use super::{Global, SaidFormat};
use crate::bulk::{self, Done, Failure, Job, Resumed, Tally, Unfit};
use crate::probes::Without;
use crate::render::{Format, Lines};
use crate::setup::{InputError, Wants, shown_path};

/// A resolver finds most answers out in some tens of milliseconds, a domain in three or four rounds of them.
const AT_ONCE: usize = 32;
/// More would only wait: a server has at most 128 questions before it at once.
const MOST_AT_ONCE: usize = 256;

/// Looks at the domains of a list. 1 when something failed in one of them, or in one that the file held before.
pub(super) async fn run(
    global: &Global,
    flags: Table,
    list: ListArguments,
    without: Without,
) -> Result<u8, InputError> {
    let lines = format(global)?;
    let at_once = checked(global, &list, lines)?;
    let Loaded { setup, sandbox: _sandbox } = run::load(global, flags, Wants::default()).await?;
    let input = input(list.file.as_deref())?;
    let mut done = Done::default();
    let (mut out, resumed) = match &list.out {
        Some(path) => Out::file(path, list.resume, lines, &mut done)?,
        None => (Out::Stdout, Resumed::default()),
    };
    if !resumed.head {
        out.write(lines.head()).await.map_err(|e| unwritable(&list, &e))?;
    }
    let counter = Counter::new(list.out.is_some());
    let style = output::style();
    let job = Job { setup, without, strict: global.strict, at_once };
    let write = async |text: String, tally: Tally| {
        out.write(text).await?;
        counter.show(tally.written, tally.failed);
        Ok(())
    };
    let ended = bulk::run(job, input, &mut done, move |line| lines.line(line, style), write).await;
    counter.end();
    match ended {
        Ok(tally) => {
            output::note(&summary(tally, resumed));
            Ok(u8::from(tally.failed > 0 || resumed.failed))
        }
        // Whoever read the results has seen enough.
        Err(Failure::Write(e)) if e.kind() == ErrorKind::BrokenPipe => Ok(u8::from(resumed.failed)),
        Err(Failure::Write(e)) => Err(unwritable(&list, &e)),
        Err(Failure::List(e)) => {
            Err(InputError::new(place(list.file.as_deref()), format!("can not be read to its end: {e}")).late())
        }
    }
}

fn format(global: &Global) -> Result<Lines, InputError> {
    match global.said_format {
        None => Ok(Lines::Json),
        Some(SaidFormat::Lines(lines)) => Ok(lines),
        Some(SaidFormat::Report(Format::Json)) => Ok(Lines::Json),
        Some(SaidFormat::Report(Format::Text)) => Ok(Lines::Text),
        Some(SaidFormat::Report(Format::Markdown)) => {
            Err(InputError::new("--format", "is markdown; a list of domains has jsonl, csv and text"))
        }
    }
}

/// Refuses what a list can not have; how many domains are looked at at once.
fn checked(global: &Global, list: &ListArguments, lines: Lines) -> Result<usize, InputError> {
    let of_one = "is for one domain; a list has a line of results for each, with all that was seen in it";
    let rows = [
        (global.record.is_some(), "--record", of_one),
        (global.replay.is_some(), "--replay", of_one),
        (global.plan, "--plan", "shows the look-ups of one domain; they are the same for each domain of a list"),
        (global.share, "--share", "masks the names of one report; a list of domains without their names says nothing"),
        (global.verbose, "--verbose", of_one),
        (list.resume && list.out.is_none(), "--resume", "goes on with the file that --out names; there is none"),
        (list.resume && lines == Lines::Text, "--resume", "reads jsonl or csv; text can not be gone on with"),
    ];
    if let Some((_, flag, words)) = rows.into_iter().find(|(refused, ..)| *refused) {
        return Err(InputError::new(flag, words));
    }
    match list.concurrency.unwrap_or(AT_ONCE) {
        at_once @ 1..=MOST_AT_ONCE => Ok(at_once),
        other => {
            Err(InputError::new("--concurrency", format!("is {other}; it takes a number from 1 to {MOST_AT_ONCE}")))
        }
    }
}

fn input(file: Option<&Path>) -> Result<Box<dyn Read + Send>, InputError> {
    let Some(path) = file.filter(|path| path.as_os_str() != "-") else { return Ok(Box::new(io::stdin())) };
    let opened = File::open(path)
        .and_then(|file| if file.metadata()?.is_dir() { Err(io::Error::other("it is a folder")) } else { Ok(file) });
    let bad = |e| InputError::new("--file", format!("names {}, which can not be read: {e}", shown_path(path)));
    opened.map(|file| Box::new(file) as Box<dyn Read + Send>).map_err(bad)
}

fn place(file: Option<&Path>) -> String {
    file.map_or("standard input".to_owned(), |path| format!("--file {}", shown_path(path)))
}

fn unwritable(list: &ListArguments, e: &io::Error) -> InputError {
    let to = list.out.as_deref().map_or("standard output".to_owned(), |path| format!("--out {}", shown_path(path)));
    InputError::new(to, format!("can not be written: {e}")).late()
}

fn summary(tally: Tally, resumed: Resumed) -> String {
    let Tally { written, failed, unread, again } = tally;
    let mut words = format!("domains: {written}, with a failure: {failed}");
    for (count, what) in [
        (unread, "lines that are no domain"),
        (resumed.results, "in the file before"),
        (again, "named again, or in the file before"),
    ] {
        if count > 0 {
            words.push_str(&format!(", {what}: {count}"));
        }
    }
    words
}

/// Where the results go.
enum Out {
    Stdout,
    File(File),
}

impl Out {
    /// A new file, or one that is gone on with. Nobody else may write to it meanwhile.
    fn file(path: &Path, resume: bool, lines: Lines, done: &mut Done) -> Result<(Out, Resumed), InputError> {
        let bad = |words: String| InputError::new("--out", format!("names {}, {words}", shown_path(path)));
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let options = if resume { options.create(true).truncate(false) } else { options.create_new(true) };
        let mut file = options.open(path).map_err(|e| match e.kind() {
            ErrorKind::AlreadyExists => {
                bad("which exists; --resume goes on with it, and another name begins anew".to_owned())
            }
            _ => bad(format!("which can not be written: {e}")),
        })?;
        if matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock)) {
            return Err(bad("to which another run is writing".to_owned()));
        }
        let resumed = done.go_on(&mut file, |number, line| lines.read(number, line)).map_err(|e| match e {
            Unfit::Io(e) => bad(format!("which can not be gone on with: {e}")),
            Unfit::Line(number) => {
                bad(format!("whose line {number} is no result in this format; it was left as it is"))
            }
        })?;
        Ok((Out::File(file), resumed))
    }

    /// Writes one line whole.
    async fn write(&mut self, text: String) -> io::Result<()> {
        match self {
            Out::File(file) => file.write_all(text.as_bytes()),
            // On a thread of its own: where nobody reads on, an interrupt is still heard.
            Out::Stdout => tokio::task::spawn_blocking(move || output::write(&text))
                .await
                .unwrap_or_else(|e| Err(io::Error::other(e))),
        }
    }
}

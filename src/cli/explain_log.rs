//! `explain --log`: a whole log to a table of causes.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::Duration;

use super::Global;
use super::output::{self, note};
use crate::logs::{self, Line, Lines, Tally};
use crate::render::{self, LogReport};
use crate::setup::InputError;

/// How often a growing log is looked at.
const POLL: Duration = Duration::from_millis(500);

/// How much of a log is read before an interrupt is looked for, in octets.
const AT_ONCE: u64 = 16 * 1024 * 1024;

struct Reading {
    lines: Lines,
    tally: Tally,
    damage: Option<String>,
}

/// Reads the log, once or until it is interrupted, and prints the table. 1 when nothing was recognised.
pub(super) async fn run(global: &Global, path: &Path, follow: bool) -> Result<u8, InputError> {
    let reading = if follow { followed(path).await? } else { whole(path).await? };
    let groups = reading.tally.groups();
    let unrecognised = groups.is_empty();
    let (octets, damage, share) = (reading.lines.octets, reading.damage.clone(), global.share);
    output::print(&render::log(&LogReport { groups, octets, damage, share }, global.format(), output::style()));
    Ok(u8::from(unrecognised))
}

impl Reading {
    fn new() -> Result<Reading, InputError> {
        // The texts are compiled in, and the tests make this automaton of them.
        let own = |e| InputError::new("the pages", format!("can not be made ready: {e}"));
        let lines = Tally::lines().map_err(own)?;
        Ok(Reading { lines, tally: Tally::new().map_err(own)?, damage: None })
    }
}

/// On a thread of its own, so that an interrupt is heard while a long log is read.
async fn whole(path: &Path) -> Result<Reading, InputError> {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let mut stream =
            if path.as_os_str() == "-" { logs::open(std::io::stdin()) } else { file(&path).and_then(logs::open) }
                .map_err(|e| unreadable(&path, &e))?;
        let mut reading = Reading::new()?;
        let Reading { lines, tally, damage } = &mut reading;
        if let Err(e) = lines.read(&mut stream, |line| _ = tally.take(line)) {
            *damage = Some(e.to_string());
        }
        lines.finish(|line| _ = tally.take(line));
        Ok(reading)
    });
    read.await.map_err(|e| InputError::new("the log", format!("can not be read: {e}")))?
}

fn file(path: &Path) -> std::io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(std::io::Error::other("is a folder"));
    }
    Ok(file)
}

fn unreadable(path: &Path, e: &std::io::Error) -> InputError {
    InputError::new(path.display().to_string(), format!("can not be read: {e}"))
}

/// Until Ctrl-C or a request to end; says when a cause is met for the first time.
async fn followed(path: &Path) -> Result<Reading, InputError> {
    if path.as_os_str() == "-" {
        return Err(InputError::new("--follow", "standard input ends by itself; name a file"));
    }
    let mut file = file(path).map_err(|e| unreadable(path, &e))?;
    let mut reading = Reading::new()?;
    note("Ctrl-C ends it and prints the table.");
    // One listener for the whole time: an interrupt that comes while lines are read is heard after them.
    let mut ended = std::pin::pin!(async {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = crate::setup::terminated() => {}
        }
    });
    let mut wait = Duration::ZERO;
    loop {
        tokio::select! {
            biased;
            () = &mut ended => break,
            () = tokio::time::sleep(wait) => {}
        }
        match reading.read_on(&mut file, path) {
            Ok(caught_up) => wait = if caught_up { POLL } else { Duration::ZERO },
            Err(e) => {
                reading.damage = Some(e.to_string());
                break;
            }
        }
    }
    reading.end_line();
    Ok(reading)
}

impl Reading {
    /// Reads a part of what is there, so that an interrupt is heard while a long log is caught up with. Whether that was
    /// all for now.
    fn read_on(&mut self, file: &mut File, path: &Path) -> std::io::Result<bool> {
        // A log that became shorter was begun anew in its place.
        if file.metadata()?.len() < file.stream_position()? {
            self.end_line();
            file.seek(SeekFrom::Start(0))?;
        }
        let Reading { lines, tally, .. } = self;
        lines.read(&mut file.by_ref().take(AT_ONCE), |line| meet(tally, line))?;
        if file.stream_position()? < file.metadata()?.len() {
            return Ok(false);
        }
        // What was moved away is read to its end, then what took its place.
        if let Some(next) = successor(file, path) {
            self.end_line();
            *file = next;
            return Ok(false);
        }
        Ok(true)
    }

    /// The last line, which has no end.
    fn end_line(&mut self) {
        let Reading { lines, tally, .. } = self;
        lines.finish(|line| meet(tally, line));
    }
}

fn meet(tally: &mut Tally, line: Line<'_>) {
    if let Some(cause) = tally.take(line) {
        note(&format!("{} [{}]", cause.title, cause.id));
    }
}

/// The file that took the place of this one under the same name, as logs are rotated.
#[cfg(unix)]
fn successor(file: &File, path: &Path) -> Option<File> {
    use std::os::unix::fs::MetadataExt as _;
    let next = File::open(path).ok()?;
    let (own, other) = (file.metadata().ok()?, next.metadata().ok()?);
    (own.ino() != other.ino() || own.dev() != other.dev()).then_some(next)
}

/// Elsewhere the standard library can not tell two files of the same name apart; one that became shorter is seen.
#[cfg(not(unix))]
fn successor(_: &File, _: &Path) -> Option<File> {
    None
}

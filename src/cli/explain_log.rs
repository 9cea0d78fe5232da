//! `explain --log`: a whole log to a table of causes.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::Duration;

use super::Global;
use super::output::{self, note};
use crate::logs::{self, Lines, Tally};
use crate::render::{self, LogReport};
use crate::setup::InputError;

/// How often a growing log is looked at.
const POLL: Duration = Duration::from_millis(500);

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
    output::print(&render::log(&LogReport { groups, octets, damage, share }, global.format, output::style()));
    Ok(u8::from(unrecognised))
}

impl Reading {
    fn new() -> Result<Reading, InputError> {
        // The texts are compiled in, and the tests make this automaton of them.
        let own = |e| InputError::new("the pages", format!("can not be made ready: {e}"));
        let lines = Lines::new(&Tally::wanted()).map_err(own)?;
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
    loop {
        let at = file.stream_position().unwrap_or_default();
        // A log that became shorter was begun anew.
        if file.metadata().is_ok_and(|now| now.len() < at) {
            reading.lines.finish(|_| {});
            let _ = file.seek(SeekFrom::Start(0));
        }
        let Reading { lines, tally, damage } = &mut reading;
        // A part at a time, so that an interrupt is heard while a long log is caught up with.
        let read = lines.read(&mut (&mut file).take(64 * 1024 * 1024), |line| {
            if let Some(cause) = tally.take(line) {
                note(&format!("{} [{}]", cause.title, cause.id));
            }
        });
        if let Err(e) = read {
            *damage = Some(e.to_string());
            break;
        }
        let caught_up = file.metadata().map_or(true, |now| file.stream_position().is_ok_and(|at| at >= now.len()));
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => break,
            () = crate::setup::terminated() => break,
            () = tokio::time::sleep(if caught_up { POLL } else { Duration::ZERO }) => {}
        }
    }
    let Reading { lines, tally, .. } = &mut reading;
    lines.finish(|line| _ = tally.take(line));
    Ok(reading)
}

//! Standard output and standard error: the report goes to the one, all else to the other.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::Duration;

use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::observe::Progress;
use crate::render::style::{Style, in_short, printable, wrap};
use crate::setup::InputError;

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// Colours are always composed; whether they reach a stream is decided per stream.
    pub(super) fn apply(self) {
        colored::control::set_override(true);
        match self {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
    }
}

/// What the terminal on standard output can show.
pub(super) fn style() -> Style {
    let width = if std::io::stdout().is_terminal() {
        // A very wide terminal does not make for good reading.
        usize::from(console_width()).clamp(60, 110)
    } else {
        100
    };
    Style { unicode: unicode(), width }
}

fn console_width() -> u16 {
    dialoguer::console::Term::stdout().size_checked().map_or(80, |(_, columns)| columns)
}

/// Whether the locale has other letters than ASCII: the first of the three that is set decides (POSIX, section 8.2).
fn unicode() -> bool {
    if cfg!(windows) {
        return true;
    }
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    match set {
        Some(locale) => {
            let locale = locale.to_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        }
        // Nothing is set in most containers and services, and what reads their output takes UTF-8.
        None => !std::io::stdout().is_terminal(),
    }
}

/// Writes the report. A closed pipe is the reader's choice.
#[allow(clippy::disallowed_macros, reason = "the one place that writes to standard output")]
pub(super) fn print(text: &str) {
    let mut stdout = anstream::stdout().lock();
    let _ = stdout.write_all(text.as_bytes());
    let _ = stdout.flush();
}

/// Writes a part of the results; says when nobody reads them any more.
#[allow(clippy::disallowed_macros, reason = "the one place that writes to standard output")]
pub(super) fn write(text: &str) -> std::io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Says something beside the report.
#[allow(clippy::disallowed_macros, reason = "the one place that writes to standard error")]
pub(super) fn note(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = writeln!(stderr, "{}", printable(text));
}

/// Says several lines beside what goes to standard output, composed for a terminal.
#[allow(clippy::disallowed_macros, reason = "the one place that writes to standard error")]
pub(super) fn note_lines(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
}

/// Says why the program could not run.
pub(super) fn complain(error: &InputError) {
    note(&format!("error: {error}"));
    if let Some(cause) = error.cause {
        note(&format!("  cause: {} [{}]", cause.title, cause.id));
        let repair = crate::scripts::fill(cause.repair, &BTreeMap::new()).unwrap_or_default();
        let (first, block) = in_short(&repair);
        for (n, line) in wrap(&first, 88).iter().enumerate() {
            note(&format!("  {} {line}", if n == 0 { "do:   " } else { "      " }));
        }
        for line in block.lines() {
            note(&format!("           {line}"));
        }
        note(&format!("  more:  o365doctor explain {}", cause.id));
    }
    if !error.late {
        note("Nothing was sent.");
    }
}

/// Says that the program itself is at fault: where, and not with what, since that could be a secret.
pub(super) fn own_fault(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
    note(&format!("error: a fault of o365doctor itself{place}. Please report this line, with what you did."));
}

/// Brings the cursor back that a prompt or a spinner may have hidden.
pub(super) fn restore_terminal() {
    if std::io::stderr().is_terminal() {
        let _ = dialoguer::console::Term::stderr().show_cursor();
    }
    crate::setup::files::restore_terminal();
}

/// Counts the results of a list, on a terminal that does not show the results themselves.
pub(super) struct Counter(Option<ProgressBar>);

impl Counter {
    /// `elsewhere`: the results go to a file.
    pub(super) fn new(elsewhere: bool) -> Counter {
        let shown = shows_progress() && (elsewhere || !std::io::stdout().is_terminal());
        let style = ProgressStyle::with_template("{spinner} {pos} domains, {per_sec}, {msg}").ok();
        Counter(style.filter(|_| shown).map(|style| ProgressBar::new_spinner().with_style(style)))
    }

    /// Shows how many there are.
    pub(super) fn show(&self, results: u64, failed: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(results);
            bar.set_message(format!("{failed} with a failure"));
        }
    }

    /// Takes it off the terminal.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Whether standard error is a terminal on which something can be overwritten.
fn shows_progress() -> bool {
    std::io::stderr().is_terminal() && !std::env::var("TERM").is_ok_and(|term| term == "dumb")
}

/// A spinner per running step, on a terminal.
pub(super) struct Spinners {
    bars: MultiProgress,
    running: Mutex<Vec<(String, ProgressBar)>>,
    shown: bool,
}

impl Spinners {
    pub(super) fn new() -> Spinners {
        Spinners { bars: MultiProgress::new(), running: Mutex::default(), shown: shows_progress() }
    }

    /// Shows that a step began or ended.
    pub(super) fn show(&self, progress: &Progress<'_>) {
        let Ok(mut running) = self.running.lock() else { return };
        match progress {
            Progress::Began(step) if self.shown => {
                let bar = self.bars.add(ProgressBar::new_spinner());
                if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                    bar.set_style(style);
                }
                bar.set_message(step.title());
                bar.enable_steady_tick(Duration::from_millis(100));
                running.push((step.title().to_owned(), bar));
            }
            Progress::Began(_) => {}
            Progress::Ended(step) => {
                if let Some(at) = running.iter().position(|(title, _)| title == step.title()) {
                    running.remove(at).1.finish_and_clear();
                }
            }
        }
    }
}

//! `explain`: an id, a number, a code, or any pasted text, to the page that explains it. Offline.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use toml::Table;

use super::Global;
use super::explain_log;
use super::output::{self, note};
use crate::explain;
use crate::facts::Visit;
use crate::kb::{self, Who};
use crate::render::{self, Format};
use crate::report;
use crate::setup::{InputError, Layers, Wants};
use crate::share;

/// Explains an AADSTS number, an SMTP reply, a cause's id, or any text that holds one; offline
#[derive(Args)]
pub(super) struct Arguments {
    /// The text; without it, standard input is read
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
    /// Read the text from a file, such as a bounce saved as .eml or a sign-in log; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["text", "list", "search", "who", "log"])]
    file: Option<PathBuf>,
    /// Count the failures of a whole log by cause; - for standard input; gzip and zstd are unpacked
    #[arg(long, value_name = "FILE", conflicts_with_all = ["text", "list", "search", "who"])]
    log: Option<PathBuf>,
    /// Keep reading as the log grows
    #[arg(long, requires = "log")]
    follow: bool,
    /// List the pages
    #[arg(long)]
    list: bool,
    /// List the pages that hold all of these words
    #[arg(long, value_name = "WORDS", conflicts_with = "text")]
    search: Option<String>,
    /// List the pages on which this one must act
    #[arg(long, value_name = "WHO", conflicts_with = "text")]
    who: Option<Who>,
}

impl Arguments {
    /// Whether an interrupt is the way to end it, after which it still has something to say.
    pub(super) fn ends_by_interrupt(&self) -> bool {
        self.follow
    }
}

/// What is pasted is a screenful; a log has a command of its own.
const LONGEST: u64 = 4 * 1024 * 1024;

pub(super) async fn run(global: &Global, arguments: &Arguments) -> Result<u8, InputError> {
    if let Some(path) = &arguments.log {
        return explain_log::run(global, path, arguments.follow).await;
    }
    if arguments.list || arguments.search.is_some() || arguments.who.is_some() {
        return Ok(list(global, arguments));
    }
    let text = match &arguments.file {
        Some(path) if path.as_os_str() != "-" => from_file(path)?,
        None if !arguments.text.is_empty() => arguments.text.join(" "),
        _ => from_stdin()?,
    };
    let mut explanation = explain::explain(&text);
    explanation.values = of_profile(global)?;
    let explanation = if global.share { explanation.masked() } else { explanation };
    let recognised = explanation.recognised();
    let shown = match global.format() {
        Format::Json => render::matches_json(&explanation),
        Format::Text | Format::Markdown => render::explanation(&explanation, global.format(), output::style()),
    };
    output::print(&shown);
    Ok(u8::from(!recognised))
}

/// What a profile fills into the repairs. A configuration that nobody named is no reason to explain nothing.
fn of_profile(global: &Global) -> Result<BTreeMap<String, String>, InputError> {
    let named = global.profile.is_some() || global.config.is_some();
    let load = || {
        let layers = Layers::gather(Table::new(), global.profile.as_deref(), global.config.as_deref())?;
        if layers.sandbox().is_some() {
            return Ok(BTreeMap::new());
        }
        let wants = Wants { any_identity: true, any_tenant: true, ..Wants::default() };
        let setup = layers.load(wants, None)?.facts();
        let visit = Visit { setup, ..Visit::default() };
        let known = setup_named(&visit);
        let visit = if global.share { share::masked(&visit) } else { visit };
        Ok(if known { report::values(&visit) } else { BTreeMap::new() })
    };
    match load() {
        Err(error) if named => Err(error),
        loaded => Ok(loaded.unwrap_or_default()),
    }
}

/// Whether anything of the set-up is known; the words of a cloud alone say nothing of anybody's own.
fn setup_named(visit: &Visit) -> bool {
    let setup = &visit.setup;
    setup.profile.is_some() || setup.tenant.is_some() || setup.mailbox.is_some() || setup.client_id.is_some()
}

/// The pages, as far as they are asked for. Finding none is no success.
fn list(global: &Global, arguments: &Arguments) -> u8 {
    let pages = kb::find(arguments.search.as_deref().unwrap_or_default(), arguments.who);
    let shown = match global.format() {
        Format::Json => render::page_list_json(&pages),
        Format::Text | Format::Markdown => render::page_list(&pages),
    };
    output::print(&shown);
    if pages.is_empty() {
        note("no page holds all of these words");
    }
    u8::from(pages.is_empty())
}

fn from_stdin() -> Result<String, InputError> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        note("Paste the text, then end it with Ctrl-D (Ctrl-Z and Enter on Windows).");
    }
    read(stdin.lock(), "standard input")
}

fn from_file(path: &Path) -> Result<String, InputError> {
    let place = path.display().to_string();
    let file = File::open(path).map_err(|e| InputError::new(&place, format!("can not be read: {e}")))?;
    read(file, &place)
}

fn read(stream: impl Read, place: &str) -> Result<String, InputError> {
    let mut octets = Vec::new();
    let read = stream.take(LONGEST).read_to_end(&mut octets);
    read.map_err(|e| InputError::new(place, format!("can not be read: {e}")))?;
    if octets.len() as u64 == LONGEST {
        note("only the first 4 MiB are looked at; --log reads a text of any size");
    }
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

//! `onboard`: the walk from nothing to a delivered mail. Each step is shown, done by whoever may do it, and seen to be done
//! before the next: with the same looks and checks as every other command.
//!
//! ```text
//! flags, state, questions -> words -> Setup -> steps::of -> for each step: look, standing, action, look again
//!   -> one probe mail -> a profile, appended
//! ```
//!
//! What is pure lies in `needs` (which road), `steps` (which steps, and how they stand), `actions` and `document` (texts).

pub mod actions;
mod answer;
mod ask;
mod blame;
mod choice;
pub mod document;
mod finish;
mod ground;
mod menu;
pub mod needs;
mod pack;
mod profile;
mod questions;
mod register;
mod script;
mod show;
mod sign_in;
mod state;
pub mod steps;
mod undo;
mod walk;

pub use actions::Style;
pub use ask::Asker;
pub use ground::{Ground, Repeat};
pub use profile::is_name;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::observe::Progress;
use crate::render::style::Style as Look;
use crate::setup::InputError;
use ask::End;
use walk::Walk;

/// What was said on the command line beside the set-up: each answers a question.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// It sends to outside.
    pub outside: Option<bool>,
    /// It also reads.
    pub reads: Option<bool>,
    /// It can not do OAuth.
    pub device: Option<bool>,
    /// It has a fixed address.
    pub fixed_address: Option<bool>,
    /// Recipients a day.
    pub volume: Option<u32>,
    /// How the directory's part is shown.
    pub style: Option<Style>,
    /// Whether the probe mail leaves.
    pub send: Option<Send>,
    /// The name of the new profile.
    pub save_as: Option<String>,
    /// How long to wait for a step, looking again; none: ask, or let go.
    pub wait: Option<Duration>,
    /// Let go of a step that is not done, and ask nothing about it.
    pub no_wait: bool,
    /// Where the hand-over pack goes.
    pub hand_over: Option<PathBuf>,
    /// What an administrator sent back.
    pub answers: Vec<PathBuf>,
    /// This program does the directory's part: an administrator signs in.
    pub register: Option<bool>,
    /// The client that an administrator signs in to, where it is not the usual one.
    pub admin_client_id: Option<String>,
    /// Where a new secret or key goes.
    pub credential_file: Option<PathBuf>,
    /// Do what is asked of `undo` without another question.
    pub yes: bool,
    /// Forget what an earlier walk kept.
    pub fresh: bool,
    /// Where the walk is kept.
    pub state: PathBuf,
    /// The configuration file that gets the profile.
    pub config: PathBuf,
}

/// Whether the probe mail leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Send {
    /// It does, once
    Yes,
    /// It does not
    No,
    /// Another one does, although nothing is known of an earlier one
    Again,
}

/// Where the walk is shown.
pub struct Screen {
    /// Writes to standard output.
    pub print: fn(&str),
    /// What it can show.
    pub style: Look,
    /// Show the whole report of each look.
    pub verbose: bool,
    /// Shows that a step of a look began or ended.
    pub progress: Box<dyn Fn(Progress<'_>) + Sync + std::marker::Send>,
}

/// The exit code of an interrupted walk, as a shell counts signal 2.
const INTERRUPTED: u8 = 130;

/// The sandbox's scenario, if the cloud of the words is the sandbox, or that of the walk that is gone on with.
///
/// # Errors
/// A kept walk or an environment that can not be read.
pub fn sandbox_of(
    words: &toml::Table,
    wishes: &Wishes,
    profile: Option<&str>,
    config: Option<&Path>,
) -> Result<Option<String>, InputError> {
    let mut words = words.clone();
    if !words.contains_key("cloud")
        && !wishes.fresh
        && let Some(cloud) = state::State::read(&wishes.state)?.and_then(|state| state.words.get("cloud").cloned())
    {
        words.insert("cloud".to_owned(), toml::Value::String(cloud));
    }
    Ok(crate::setup::Layers::gather_for_new(words, profile, config)?.sandbox())
}

/// What was made in the directory, as the kept walk says: the cloud of what is taken back first.
///
/// # Errors
/// A file that can not be read.
pub fn cloud_to_undo(wishes: &Wishes) -> Result<Option<String>, InputError> {
    Ok(state::State::read(&wishes.state)?.and_then(|state| Some(state.made.last()?.cloud.clone())))
}

/// Takes back what was made in the directory. The exit code: 0 when all of it went, 1 when something is left.
///
/// # Errors
/// As [`walk`]; also where there is nothing to take back.
pub async fn undo(ground: Ground, wishes: Wishes, screen: Screen, asker: Asker) -> Result<u8, InputError> {
    match Box::pin(undo::undo(ground, wishes, screen, asker)).await {
        Ok(true) => Ok(0),
        Ok(false) | Err(End::LetGo) => Ok(1),
        Err(End::Interrupted) => Ok(INTERRUPTED),
        Err(End::Failed(error)) => Err(error),
    }
}

/// Walks. The exit code: 0 when the end was reached, 1 when it was let go before, 130 when it was interrupted.
///
/// # Errors
/// A word that can not be used, or files that can not be read or written.
pub async fn walk(ground: Ground, wishes: Wishes, screen: Screen, asker: Asker) -> Result<u8, InputError> {
    let mut walk = Walk::begin(ground, wishes, screen, asker)?;
    match Box::pin(walk.go()).await {
        Ok(()) => Ok(0),
        Err(End::LetGo) => Ok(1),
        Err(End::Interrupted) => Ok(INTERRUPTED),
        Err(End::Failed(error)) => Err(error),
    }
}

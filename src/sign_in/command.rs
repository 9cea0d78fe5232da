//! Sign-ins in the care of a command of the user's, such as a script around a password store.
//!
//! `COMMAND get NAME` prints what was kept, or nothing where there is nothing; `COMMAND set NAME` keeps what it reads from
//! standard input; `COMMAND erase NAME` takes it away. Each ends with 0 when it did so.

use super::store::{Key, StoreError};
use crate::setup::secret::Secret;
use crate::setup::shell;

pub(super) fn get(command: &str, key: &Key) -> Result<Option<Secret>, StoreError> {
    let text = run(command, "get", key, None)?;
    Ok(Some(Secret::new(text)).filter(|text| !text.expose().trim().is_empty()))
}

pub(super) fn set(command: &str, key: &Key, text: &Secret) -> Result<(), StoreError> {
    run(command, "set", key, Some(text)).map(|_| ())
}

pub(super) fn erase(command: &str, key: &Key) -> Result<(), StoreError> {
    run(command, "erase", key, None).map(|_| ())
}

/// The name holds no sign that a shell would take for its own.
fn run(command: &str, verb: &str, key: &Key, input: Option<&Secret>) -> Result<String, StoreError> {
    let line = format!("{command} {verb} {}", key.name());
    shell::output(&line, input).map_err(|words| StoreError::new(format!("the command of --store, {verb}: it {words}")))
}

//! A client secret.

use super::sources::{from_command, from_file, from_stdin, note, note_readers, without_newline};
use super::{Credential, lint};
use crate::facts::Note;
use crate::kb::cause;
use crate::setup::secret::Secret;
use crate::setup::words::{Origins, Words};
use crate::setup::{InputError, shell};

pub(super) fn read(words: &Words, origins: &Origins, notes: &mut Vec<Note>) -> Result<Credential, InputError> {
    let (origin, text) = if let Some(value) = &words.client_secret {
        let origin = origins.of("client_secret");
        if origin.starts_with("--") {
            note(
                notes,
                cause::INPUT_SECRET_ON_COMMAND_LINE.id,
                format!("{origin} stands in the process list and the shell's history"),
            );
        }
        (origin, value.clone())
    } else if let Some(file) = &words.client_secret_file {
        let origin = origins.of("client_secret_file");
        note_readers(notes, file);
        let text = without_newline(from_file(&origin, file)?);
        (origin, text)
    } else if let Some(command) = &words.client_secret_command {
        let origin = origins.of("client_secret_command");
        let text = without_newline(from_command(&origin, command)?);
        (origin, text)
    } else {
        let origin = origins.of("client_secret_stdin");
        let text = without_newline(from_stdin(&origin)?);
        (origin, text)
    };
    let value = Secret::new(text);
    lint::client_secret(&origin, &value, words.allow_guid_secret)?;
    if value.expose().contains(char::is_whitespace) {
        note(
            notes,
            cause::INPUT_SECRET_WHITE_SPACE.id,
            format!("the secret of {origin} holds white space, which was kept"),
        );
    }
    Ok(Credential::Secret { value, origin })
}

/// Asks for it on the terminal, unseen. None where there is no terminal.
pub(super) fn prompt(words: &Words) -> Result<Option<Credential>, InputError> {
    let Some(value) = shell::unseen("Client secret")? else { return Ok(None) };
    lint::client_secret("the prompt", &value, words.allow_guid_secret)?;
    Ok(Some(Credential::Secret { value, origin: "the prompt".to_owned() }))
}

//! Texts of a credential: out of a file, a command, or standard input.

use std::path::Path;

use crate::facts::Note;
use crate::kb::cause;
use crate::setup::shell::{self, bounded};
use crate::setup::{InputError, config};

/// Adds what is noteworthy.
pub(super) fn note(notes: &mut Vec<Note>, cause: &str, words: String) {
    notes.push(Note { cause: cause.to_owned(), words });
}

/// A file that others can read keeps no secret.
pub(super) fn note_readers(notes: &mut Vec<Note>, file: &str) {
    if file != "-" && config::open_to_readers(Path::new(file)) {
        note(notes, cause::INPUT_FILE_OPEN_TO_OTHERS.id, format!("others can read {file}"));
    }
}

/// Editors and `echo` end a file with a newline that is no part of the secret; one is taken away.
pub(super) fn without_newline(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

pub(super) fn from_file(place: &str, file: &str) -> Result<String, InputError> {
    if file == "-" {
        return from_stdin(place);
    }
    config::read_text(place, Path::new(file), false)
}

pub(super) fn from_stdin(place: &str) -> Result<String, InputError> {
    bounded(std::io::stdin().lock()).map_err(|words| InputError::new(place, words))
}

pub(super) fn from_command(place: &str, command: &str) -> Result<String, InputError> {
    // The command is not shown: it may hold a secret of its own.
    shell::output(command, None).map_err(|words| InputError::new(place, format!("runs a command that {words}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_newline_is_taken_away() {
        assert_eq!(without_newline("a \r\n".to_owned()), "a ");
        assert_eq!(without_newline("a\n\n".to_owned()), "a\n");
    }
}

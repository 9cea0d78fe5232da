//! Texts of a credential: out of a file, a command, or standard input.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::facts::Note;
use crate::kb::cause;
use crate::setup::{InputError, config, platform};

/// A secret or a token is some kilobytes at most; a token of an account with many groups has about 20.
const LONGEST: u64 = 256 * 1024;
/// A password store may ask a person for a passphrase.
const COMMAND_TIME: Duration = Duration::from_mins(2);

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
    let failed = |words: String| InputError::new(place, format!("runs a command that {words}"));
    let mut child = platform::shell(command)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| failed(format!("can not be started: {e}")))?;
    let output = child.stdout.take().expect("stdout is piped");
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(bounded(output)));
    let Ok(text) = receiver.recv_timeout(COMMAND_TIME) else {
        // The reader's thread ends when the killed child's pipe closes.
        let _ = child.kill();
        return Err(failed(format!("did not end within {} seconds", COMMAND_TIME.as_secs())));
    };
    // It may have closed its output and go on.
    let deadline = Instant::now() + COMMAND_TIME;
    let status = loop {
        match child.try_wait().map_err(|e| failed(e.to_string()))? {
            Some(status) => break status,
            None if Instant::now() > deadline => {
                let _ = child.kill();
                return Err(failed(format!("did not end within {} seconds", COMMAND_TIME.as_secs())));
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    if !status.success() {
        return Err(failed(format!("ended with {status}")));
    }
    text.map_err(failed)
}

fn bounded(source: impl Read) -> Result<String, String> {
    let mut text = String::new();
    source.take(LONGEST + 1).read_to_string(&mut text).map_err(|e| format!("can not be read: {e}"))?;
    if text.len() as u64 > LONGEST {
        return Err("gives more than 256 KiB".to_owned());
    }
    Ok(text)
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

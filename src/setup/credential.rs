//! How the program proves who it is, and where that comes from.

use std::io::{IsTerminal as _, Read};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::secret::Secret;
use super::words::{CREDENTIAL_SOURCES, Origins, Words};
use super::{InputError, config, lint, platform};
use crate::facts::Note;
use crate::kb::cause;

/// How the program proves who it is.
#[derive(Clone)]
pub enum Credential {
    /// A client secret.
    Secret {
        /// The value.
        value: Secret,
        /// Where it came from.
        origin: String,
    },
    /// An access token that somebody else got.
    Token {
        /// The value.
        value: Secret,
        /// Where it came from.
        origin: String,
        /// `user=` of the XOAUTH2 string it was wrapped in.
        sasl_user: Option<String>,
    },
}

/// A secret or a token is some kilobytes at most; a token of an account with many groups has about 20.
const LONGEST: u64 = 256 * 1024;
/// A password store may ask a person for a passphrase.
const COMMAND_TIME: Duration = Duration::from_mins(2);

impl Credential {
    /// The word for `--auth`.
    pub fn kind(&self) -> &'static str {
        match self {
            Credential::Secret { .. } => "secret",
            Credential::Token { .. } => "token",
        }
    }

    /// Where it came from.
    pub fn origin(&self) -> &str {
        match self {
            Credential::Secret { origin, .. } | Credential::Token { origin, .. } => origin,
        }
    }

    /// The value itself.
    pub fn value(&self) -> &Secret {
        match self {
            Credential::Secret { value, .. } | Credential::Token { value, .. } => value,
        }
    }
}

/// Reads the credential that the words name. None where they name none.
pub(super) fn read(words: &Words, origins: &Origins, notes: &mut Vec<Note>) -> Result<Option<Credential>, InputError> {
    let credential = match words.auth.as_deref() {
        _ if has_token(words) => Some(read_token(words, origins, notes)?),
        _ if has_secret(words) => Some(read_secret(words, origins, notes)?),
        _ => None,
    };
    if let (Some(wanted), Some(found)) = (words.auth.as_deref(), &credential)
        && wanted != found.kind()
    {
        let words = format!("is {wanted}, but {} gives a {}", found.origin(), found.kind());
        return Err(InputError::new(origins.of("auth"), words).because(&cause::INPUT_TWO_CREDENTIALS));
    }
    Ok(credential)
}

/// The credential that the words name, by its kind and origin alone.
pub(super) fn unread(words: &Words, origins: &Origins) -> Option<Credential> {
    let origin = CREDENTIAL_SOURCES.into_iter().find(|word| origins.knows(word)).map(|word| origins.of(word))?;
    let value = Secret::new("");
    if has_token(words) {
        return Some(Credential::Token { value, origin, sasl_user: None });
    }
    Some(Credential::Secret { value, origin })
}

/// Asks for the client secret on the terminal, unseen. None where there is no terminal.
pub(super) fn prompt(words: &Words) -> Result<Option<Credential>, InputError> {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) || words.auth.as_deref() == Some("token") {
        return Ok(None);
    }
    let typed = dialoguer::Password::new()
        .with_prompt("Client secret (not shown)")
        .interact()
        .map_err(|e| InputError::new("the prompt", format!("could not be read: {e}")))?;
    let value = Secret::new(typed);
    lint::client_secret("the prompt", &value, words.allow_guid_secret)?;
    Ok(Some(Credential::Secret { value, origin: "the prompt".to_owned() }))
}

fn has_token(words: &Words) -> bool {
    words.token.is_some() || words.token_file.is_some() || words.token_command.is_some()
}

fn has_secret(words: &Words) -> bool {
    words.client_secret.is_some()
        || words.client_secret_file.is_some()
        || words.client_secret_command.is_some()
        || words.client_secret_stdin
}

fn read_secret(words: &Words, origins: &Origins, notes: &mut Vec<Note>) -> Result<Credential, InputError> {
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

fn read_token(words: &Words, origins: &Origins, notes: &mut Vec<Note>) -> Result<Credential, InputError> {
    let (origin, text) = if let Some(token) = &words.token {
        (origins.of("token"), token.clone())
    } else if let Some(file) = &words.token_file {
        let origin = origins.of("token_file");
        note_readers(notes, file);
        let text = from_file(&origin, file)?;
        (origin, text)
    } else {
        let origin = origins.of("token_command");
        let text = from_command(&origin, words.token_command.as_deref().unwrap_or_default())?;
        (origin, text)
    };
    let text = Secret::new(text.trim());
    lint::token(&origin, &text)?;
    let (sasl_user, value) = match unwrap_sasl(text.expose()) {
        Some((user, token)) => (Some(user), token),
        None => (None, text),
    };
    Ok(Credential::Token { value, origin, sasl_user })
}

/// `user=` and token of an XOAUTH2 string, with or without `AUTH XOAUTH2` in front: base64 of
/// `user=…^Aauth=Bearer …^A^A` (Microsoft Learn, "SASL XOAUTH2").
fn unwrap_sasl(text: &str) -> Option<(String, Secret)> {
    let blob = text.split_whitespace().last()?;
    let bytes = STANDARD.decode(blob).or_else(|_| STANDARD_NO_PAD.decode(blob)).ok()?;
    let plain = String::from_utf8(bytes).ok()?;
    let mut fields = plain.split('\u{1}');
    let user = fields.find_map(|field| field.strip_prefix("user="))?;
    let token = fields.find_map(|field| field.strip_prefix("auth=Bearer "))?;
    Some((user.to_owned(), Secret::new(token.trim())))
}

fn note(notes: &mut Vec<Note>, cause: &str, words: String) {
    notes.push(Note { cause: cause.to_owned(), words });
}

/// A file that others can read keeps no secret.
fn note_readers(notes: &mut Vec<Note>, file: &str) {
    if file != "-" && config::open_to_readers(Path::new(file)) {
        note(notes, cause::INPUT_FILE_OPEN_TO_OTHERS.id, format!("others can read {file}"));
    }
}

/// Editors and `echo` end a file with a newline that is no part of the secret; one is taken away.
fn without_newline(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

fn from_file(place: &str, file: &str) -> Result<String, InputError> {
    if file == "-" {
        return from_stdin(place);
    }
    config::read_text(place, Path::new(file), false)
}

fn from_stdin(place: &str) -> Result<String, InputError> {
    bounded(std::io::stdin().lock()).map_err(|words| InputError::new(place, words))
}

fn from_command(place: &str, command: &str) -> Result<String, InputError> {
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
    fn an_xoauth2_string_is_unwrapped() {
        let blob = STANDARD.encode("user=bob@contoso.com\u{1}auth=Bearer a.b.c\u{1}\u{1}");
        for text in [blob.clone(), format!("AUTH XOAUTH2 {blob}")] {
            let (user, token) = unwrap_sasl(&text).unwrap();
            assert_eq!((user.as_str(), token.expose()), ("bob@contoso.com", "a.b.c"));
        }
        assert!(unwrap_sasl("eyJh.eyJi.c2ln").is_none());
    }

    #[test]
    fn one_newline_is_taken_away() {
        assert_eq!(without_newline("a \r\n".to_owned()), "a ");
        assert_eq!(without_newline("a\n\n".to_owned()), "a\n");
    }
}

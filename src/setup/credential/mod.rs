//! How the program proves who it is, and where that comes from.

mod secret;
mod sources;
mod token;

pub(crate) use token::unwrap_sasl;

use super::secret::Secret;
use super::words::{CREDENTIAL_SOURCES, Origins, Words};
use super::{InputError, lint};
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

    /// What must not be seen of it.
    pub(super) fn secrets(&self) -> Vec<&Secret> {
        match self {
            Credential::Secret { value, .. } | Credential::Token { value, .. } => vec![value],
        }
    }

    /// Whether the login service is asked for a token with it, so that a directory and an application must be known.
    pub(super) fn asks_entra(&self) -> bool {
        match self {
            Credential::Secret { .. } => true,
            Credential::Token { .. } => false,
        }
    }
}

/// Reads the credential that the words name. None where they name none.
pub(super) fn read(words: &Words, origins: &Origins, notes: &mut Vec<Note>) -> Result<Option<Credential>, InputError> {
    let credential = match words.auth.as_deref() {
        _ if has_token(words) => Some(token::read(words, origins, notes)?),
        _ if has_secret(words) => Some(secret::read(words, origins, notes)?),
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

/// Asks for the client secret on the terminal, unseen. None where there is no terminal, or where something else is wanted.
pub(super) fn prompt(words: &Words) -> Result<Option<Credential>, InputError> {
    match words.auth.as_deref() {
        None | Some("secret") => secret::prompt(words),
        _ => Ok(None),
    }
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

//! An access token that somebody else got.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::sources::{from_command, from_file, note_readers};
use super::{Credential, lint};
use crate::facts::Note;
use crate::setup::InputError;
use crate::setup::secret::Secret;
use crate::setup::words::{Origins, Words};

pub(super) fn read(words: &Words, origins: &Origins, notes: &mut Vec<Note>) -> Result<Credential, InputError> {
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
pub(crate) fn unwrap_sasl(text: &str) -> Option<(String, Secret)> {
    let blob = text.split_whitespace().last()?;
    let bytes = STANDARD.decode(blob).or_else(|_| STANDARD_NO_PAD.decode(blob)).ok()?;
    let plain = String::from_utf8(bytes).ok()?;
    let mut fields = plain.split('\u{1}');
    let user = fields.find_map(|field| field.strip_prefix("user="))?;
    let token = fields.find_map(|field| field.strip_prefix("auth=Bearer "))?;
    Some((user.to_owned(), Secret::new(token.trim())))
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
}

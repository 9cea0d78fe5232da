//! Turns a value into one word of PowerShell or of a POSIX shell, or refuses it.
//!
//! Nothing here knows a template. Whatever comes out of [`ps`] or [`sh`] is read back by that
//! shell as exactly the value that went in; a value for which that can not be promised, or that
//! would show a person something else than it is, is refused.

use super::Refused;

/// The characters that PowerShell takes for a single quote, in any position and in any pairing.
const SINGLE_QUOTES: [char; 5] = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];

/// A PowerShell literal: the value between single quotes, each quote in it doubled.
///
/// Single quotes because nothing is expanded between them: no variable, no sub-expression, no
/// backtick. A doubled quote stands for its first character, so each kind is doubled with itself.
///
/// # Errors
///
/// [`Refused::Character`] for control characters, line separators and bidirectional controls.
pub fn ps(value: &str) -> Result<String, Refused> {
    plain(value)?;
    let mut word = String::with_capacity(value.len() + 2);
    word.push('\'');
    for character in value.chars() {
        if SINGLE_QUOTES.contains(&character) {
            word.push(character);
        }
        word.push(character);
    }
    word.push('\'');
    Ok(word)
}

/// One word of a POSIX shell: as it is where no shell gives any of its characters a meaning,
/// otherwise between single quotes.
///
/// An address or a domain stays bare, so that the line also works where single quotes quote
/// nothing (`cmd.exe`).
///
/// # Errors
///
/// [`Refused::Character`] for control characters, line separators and bidirectional controls.
pub fn sh(value: &str) -> Result<String, Refused> {
    plain(value)?;
    if is_bare_word(value) {
        return Ok(value.to_owned());
    }
    Ok(format!("'{}'", value.replace('\'', r"'\''")))
}

/// Refuses what must not pass from a value into any text that a person reads or pastes.
pub(super) fn plain(value: &str) -> Result<(), Refused> {
    match value.char_indices().find(|(_, character)| deceives(*character)) {
        None => Ok(()),
        Some((at, character)) => Err(Refused::Character { name: None, at, character }),
    }
}

/// Control characters end a line or steer a terminal; U+2028 and U+2029 end a line for some
/// readers; the bidirectional controls of Unicode TR 9 show a text in another order than it has.
fn deceives(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_bare_word(value: &str) -> bool {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"@._-+:/".contains(&byte);
    value.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric) && value.bytes().all(bare)
}

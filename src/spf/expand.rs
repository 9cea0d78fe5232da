//! Macro expansion (RFC 7208 section 7.3).

use std::{borrow::Cow, fmt::Write as _};

use super::{
    domain,
    macros::{Macro, MacroString, Piece},
    message::Message,
};

/// Characters to which an explanation may grow. Far more than an SMTP reply holds; the limit keeps
/// a text that repeats its macros thousands of times from filling the memory.
const EXPLANATION_MAX: usize = 4096;

/// Octets of a name that are put together before it is cut to 253: expansion goes from the right
/// and stops here, since the cut takes away the left (RFC 7208 section 7.3).
const NAME_WORK: usize = 1024;

/// What the macro letters stand for (RFC 7208 section 7.2).
pub(super) struct Values<'a> {
    pub(super) message: &'a Message<'a>,
    /// The domain whose record is under evaluation.
    pub(super) domain: &'a str,
    /// The validated names of the address; empty as long as nothing asks for `%{p}`.
    pub(super) validated: &'a [String],
}

impl Values<'_> {
    /// The name that a `domain-spec` stands for, fit to be looked up.
    pub(super) fn name(&self, spec: &MacroString) -> String {
        let mut parts = Vec::new();
        let mut length = 0;
        for piece in spec.pieces.iter().rev() {
            let part = self.piece(piece);
            length += part.len();
            parts.push(part);
            if length > NAME_WORK {
                break;
            }
        }
        parts.reverse();
        domain::fit(&parts.concat()).to_owned()
    }

    /// The text of an explanation; none when it grows beyond reason.
    pub(super) fn explanation(&self, text: &MacroString) -> Option<String> {
        let mut expanded = String::new();
        for piece in &text.pieces {
            expanded.push_str(&self.piece(piece));
            if expanded.len() > EXPLANATION_MAX {
                return None;
            }
        }
        Some(expanded)
    }

    fn piece<'p>(&self, piece: &'p Piece) -> Cow<'p, str> {
        match piece {
            Piece::Literal(text) => Cow::Borrowed(text),
            Piece::Macro(one) => Cow::Owned(transform(&self.value(one.letter), one)),
        }
    }

    fn value(&self, letter: char) -> Cow<'_, str> {
        let message = self.message;
        match letter {
            's' => Cow::Owned(format!("{}@{}", message.local_part, message.domain)),
            'l' => message.local_part.into(),
            'o' => message.domain.into(),
            'd' => self.domain.into(),
            'i' => message.dotted_ip().into(),
            'p' => Message::best_name(self.validated, self.domain).into(),
            'v' => message.reverse_zone().into(),
            'h' => message.helo.into(),
            'c' => message.ip.to_string().into(),
            'r' => message.receiver.into(),
            't' => message.now.to_string().into(),
            // The parser lets no other letter through.
            _ => "".into(),
        }
    }
}

/// Splits, reverses, keeps the right-hand parts, joins with dots, escapes (RFC 7208 section 7.3).
fn transform(value: &str, one: &Macro) -> String {
    let delimiters = if one.delimiters.is_empty() { "." } else { &one.delimiters };
    let mut parts: Vec<&str> = value.split(|c| delimiters.contains(c)).collect();
    if one.reverse {
        parts.reverse();
    }
    let skipped = one.keep.map_or(0, |keep| parts.len().saturating_sub(keep));
    let joined = parts[skipped..].join(".");
    if one.escape { url_escape(&joined) } else { joined }
}

/// Percent-encodes all but the unreserved characters (RFC 3986 section 2.3).
fn url_escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            escaped.push(char::from(octet));
        } else {
            // Writing to a String never fails.
            let _ = write!(escaped, "%{octet:02X}");
        }
    }
    escaped
}

//! Macro strings as published (RFC 7208 section 7.1): read once, expanded by `expand`.

/// The letters that a name may use (RFC 7208 section 7.2).
const NAME_LETTERS: &str = "slodiphv";

/// The letters that only an explanation may use (RFC 7208 section 7.2).
const EXPLANATION_LETTERS: &str = "crt";

/// The characters that can part a macro's value (RFC 7208 section 7.1, `delimiter`).
const DELIMITERS: &str = ".-+,/_=";

/// Where a macro string stands; that decides what it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    /// In a record: no blanks, no `c`, `r`, `t`.
    Record,
    /// The text behind `exp`: blanks and all letters (section 6.2).
    Explanation,
}

/// A text with macros in it (RFC 7208 section 7.1, `macro-string`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MacroString {
    pub(super) pieces: Vec<Piece>,
}

/// A part of a macro string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(String),
    Macro(Macro),
}

/// `%{…}`: a letter and what becomes of its value (RFC 7208 section 7.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Macro {
    /// In lower case.
    pub(super) letter: char,
    /// An upper-case letter asks for URL escaping.
    pub(super) escape: bool,
    /// How many parts to keep, counted from the right.
    pub(super) keep: Option<usize>,
    pub(super) reverse: bool,
    /// Empty: the dot.
    pub(super) delimiters: String,
}

impl MacroString {
    /// Reads a macro string.
    pub(super) fn parse(text: &str, context: Context) -> Result<Self, String> {
        Self::parse_with_tail(text, context).map(|(parsed, _)| parsed)
    }

    /// Reads a `domain-spec`: a macro string that ends in a macro or in a top-level label behind
    /// a dot (RFC 7208 section 7.1).
    pub(super) fn parse_domain(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("the domain is missing".to_owned());
        }
        let (parsed, tail) = Self::parse_with_tail(text, Context::Record)?;
        if tail.is_empty() {
            return Ok(parsed);
        }
        let labels = tail.strip_suffix('.').unwrap_or(tail);
        match labels.rsplit_once('.') {
            Some((_, label)) if super::domain::is_toplabel(label) => Ok(parsed),
            Some((_, label)) if !label.is_empty() && label.bytes().all(|b| b.is_ascii_digit()) => {
                Err("a domain name is expected here; addresses stand behind ip4: or ip6:".to_owned())
            }
            Some((_, label)) => Err(format!("`{label}` can not end a domain name")),
            None => Err("the domain must end in a dot and a top-level label, or in a macro".to_owned()),
        }
    }

    /// Whether the macro letter, given in lower case, occurs.
    pub(super) fn uses(&self, letter: char) -> bool {
        self.letters().any(|used| used == letter)
    }

    /// All macro letters, in lower case.
    pub(super) fn letters(&self) -> impl Iterator<Item = char> + '_ {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Macro(one) => Some(one.letter),
            Piece::Literal(_) => None,
        })
    }

    /// Also returns the literal text behind the last `%` expression.
    fn parse_with_tail(text: &str, context: Context) -> Result<(Self, &str), String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((literal, behind)) = rest.split_once('%') {
            push_literal(&mut pieces, literal, context)?;
            let (piece, behind) = parse_percent(behind, context)?;
            pieces.push(piece);
            rest = behind;
        }
        push_literal(&mut pieces, rest, context)?;
        Ok((Self { pieces }, rest))
    }
}

fn push_literal(pieces: &mut Vec<Piece>, text: &str, context: Context) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_graphic() || (c == ' ' && context == Context::Explanation);
    if let Some(bad) = text.chars().find(|&c| !allowed(c)) {
        return Err(format!("the character {} is not allowed here", bad.escape_default()));
    }
    if !text.is_empty() {
        pieces.push(Piece::Literal(text.to_owned()));
    }
    Ok(())
}

/// What stands behind a `%`: a macro, or one of the three escapes (RFC 7208 section 7.1).
fn parse_percent(text: &str, context: Context) -> Result<(Piece, &str), String> {
    let escapes = [('%', "%"), ('_', " "), ('-', "%20")];
    for (sign, meaning) in escapes {
        if let Some(rest) = text.strip_prefix(sign) {
            return Ok((Piece::Literal(meaning.to_owned()), rest));
        }
    }
    let Some(body) = text.strip_prefix('{') else {
        return Err("a % must be followed by {, %, _ or -".to_owned());
    };
    let Some((body, rest)) = body.split_once('}') else {
        return Err("a macro lacks its closing }".to_owned());
    };
    Ok((Piece::Macro(parse_macro(body, context)?), rest))
}

/// The inside of `%{…}`: letter, digits, `r`, delimiters (RFC 7208 section 7.1).
fn parse_macro(body: &str, context: Context) -> Result<Macro, String> {
    let mut characters = body.chars();
    let Some(first) = characters.next() else {
        return Err("a macro lacks its letter".to_owned());
    };
    let letter = first.to_ascii_lowercase();
    if EXPLANATION_LETTERS.contains(letter) && context == Context::Record {
        return Err(format!("the macro {letter} is for explanations only"));
    }
    if !NAME_LETTERS.contains(letter) && !EXPLANATION_LETTERS.contains(letter) {
        return Err(format!("there is no macro {}", first.escape_default()));
    }
    let rest = characters.as_str();
    let behind_digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let keep = parse_keep(&rest[..rest.len() - behind_digits.len()])?;
    let delimiters = behind_digits.strip_prefix(['r', 'R']);
    let reverse = delimiters.is_some();
    let delimiters = delimiters.unwrap_or(behind_digits);
    if let Some(bad) = delimiters.chars().find(|&c| !DELIMITERS.contains(c)) {
        return Err(format!("a macro can not hold {} there", bad.escape_default()));
    }
    let delimiters = delimiters.to_owned();
    Ok(Macro { letter, escape: first.is_ascii_uppercase(), keep, reverse, delimiters })
}

/// The number of parts to keep: not zero, and however large (RFC 7208 section 7.1).
fn parse_keep(digits: &str) -> Result<Option<usize>, String> {
    if digits.is_empty() {
        return Ok(None);
    }
    if digits.bytes().all(|digit| digit == b'0') {
        return Err("a macro can not keep zero parts".to_owned());
    }
    // Only a number too large for the type fails here, and then every part is kept.
    Ok(Some(digits.parse().unwrap_or(usize::MAX)))
}

//! What a terminal can show, and the escaping that keeps a server's text from steering it.

use colored::{Color, Colorize as _};

use crate::report::Word;

/// What the output can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether other letters than ASCII can be shown.
    pub unicode: bool,
    /// Columns.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Style { unicode: true, width: 80 }
    }
}

impl Style {
    /// The mark of an outcome, in its colour.
    pub fn mark(self, outcome: Word) -> String {
        let (sign, ascii, color) = match outcome {
            Word::Pass => ("✓", "+", Color::Green),
            Word::Warn => ("!", "!", Color::Yellow),
            Word::Fail => ("✗", "x", Color::Red),
            Word::Unproven => ("?", "?", Color::Cyan),
            Word::Skipped | Word::NotObserved => ("–", "-", Color::BrightBlack),
        };
        let sign = if self.unicode { sign } else { ascii };
        sign.color(color).bold().to_string()
    }
}

/// Escapes what could steer a terminal or change the order of reading: control characters, and those that set the
/// direction. A tab becomes a blank.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => shown.push(' '),
            c if steers(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// The same for a text of several lines, whose line ends stay.
pub fn printable_lines(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| match line.strip_suffix('\n') {
            Some(line) => printable(line) + "\n",
            None => printable(line),
        })
        .collect()
}

/// Whether a character could steer a terminal or change the order of reading.
pub(super) fn steers(c: char) -> bool {
    c.is_control() || is_bidi(c)
}

/// Characters that change the direction of reading, and the separators that break a line (Unicode TR 9, section 2).
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// A paragraph of Markdown without its marks for emphasis and code.
pub fn plain(text: &str) -> String {
    let text = text.replace("**", "").replace('`', "");
    let characters: Vec<char> = text.chars().collect();
    let word = |at: Option<usize>| at.and_then(|at| characters.get(at)).is_some_and(|c| c.is_alphanumeric());
    let mark = |at: usize| characters[at] == '*' && word(at.checked_sub(1)) != word(Some(at + 1));
    (0..characters.len()).filter(|at| !mark(*at)).map(|at| characters[at]).collect()
}

/// The first paragraph of a repair without Markdown's marks, and its first fenced block.
pub fn in_short(repair: &str) -> (String, String) {
    let mut lines = repair.lines();
    let prose: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
    let block: String = lines.take_while(|line| !line.starts_with("```")).flat_map(|line| [line, "\n"]).collect();
    let first: Vec<&str> = prose.into_iter().map(str::trim).skip_while(|line| line.is_empty()).collect();
    (plain(&first.join(" ")), block)
}

/// Breaks a text at blanks so that no line is longer than `width` columns; a word that is longer stands alone.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("never empty");
        let length = line.chars().count();
        if length == 0 {
            line.push_str(word);
        } else if length + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(printable("a\u{1b}[31mb\u{7}\u{202e}c\td é"), "a\\u{1b}[31mb\\u{7}\\u{202e}c d é");
        assert_eq!(printable("\u{9b}2J"), "\\u{9b}2J");
    }

    #[test]
    fn marks_are_taken_away_and_arithmetic_stays() {
        assert_eq!(plain("open *Certificates & secrets*, **then** `x`"), "open Certificates & secrets, then x");
        assert_eq!(plain("2 * 3"), "2 * 3");
        assert_eq!(in_short("Do *it*:\n\n```sh\ncmd\n```\nmore"), ("Do it: ".to_owned(), "cmd\n".to_owned()));
    }

    #[test]
    fn lines_are_no_wider_than_told() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("aaaaaaa b", 5), ["aaaaaaa", "b"]);
    }
}

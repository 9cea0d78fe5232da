//! From the words of a server to the page that explains them.

use super::{Cause, Where, all};

/// A page and what in the text led to it.
#[derive(Debug, Clone)]
pub struct Match {
    /// The page.
    pub cause: &'static Cause,
    /// The words or the code that matched.
    pub matched: String,
    rank: (u8, usize),
}

/// How far into a text we look, in octets: a reply is short, and an endless one must cost little.
pub(super) const LONGEST: usize = 256 * 1024;

/// Pages that explain `text`, most specific first; `place` limits the search to pages seen there.
///
/// An AADSTS number wins, then the longest literal text, then a reply code with its enhanced code, then an enhanced code
/// by itself. Success and capability lists match nothing, because no page lists them.
pub fn classify(place: Option<Where>, text: &str) -> Vec<Match> {
    let text = &text[..text.floor_char_boundary(LONGEST)];
    let folded = fold(text);
    let codes = codes_in(text);
    let pages = all().iter().filter(|page| place.is_none_or(|place| page.seen_in.contains(&place)));
    ranked(pages.filter_map(|page| best(page, &folded, &codes)).collect())
}

/// Most specific first.
pub(super) fn ranked(mut found: Vec<Match>) -> Vec<Match> {
    found.sort_by(|a, b| b.rank.cmp(&a.rank).then(a.cause.id.cmp(b.cause.id)));
    found
}

pub(super) fn best(page: &'static Cause, folded: &str, codes: &[String]) -> Option<Match> {
    let texts = page.matches.iter().filter_map(|pattern| {
        let matched = find_pattern(folded, &fold(pattern))?;
        let literal = pattern.chars().filter(|c| *c != '*').count();
        Some(Match { cause: page, matched, rank: (2, literal) })
    });
    // An enhanced code that is the whole question also asks for the pages that list it behind a reply code.
    let asked = |code: &str| codes.len() == 1 && code.split_once(' ').is_some_and(|(_, enhanced)| enhanced == codes[0]);
    let numbers = page.codes.iter().filter_map(|code| {
        let at = codes.iter().rposition(|seen| seen == code);
        // The login service's number is the identity of an error, its words are shared; of several, the inner one, which
        // stands last, is the cause.
        let rank = match at {
            Some(at) if code.starts_with("AADSTS") => (3, at),
            Some(_) => (u8::from(code.contains(' ')), code.len()),
            None if asked(code) => (0, code.len()),
            None => return None,
        };
        Some(Match { cause: page, matched: (*code).to_owned(), rank })
    });
    texts.chain(numbers).max_by_key(|found| found.rank)
}

/// Lower case, any run of white space as one blank, so that wrapping and case do not matter.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    folded
}

/// Where the parts of `pattern` (split at `*`) stand in this order; the text from the first to the last.
fn find_pattern(text: &str, pattern: &str) -> Option<String> {
    let mut parts = pattern.split('*').filter(|part| !part.is_empty());
    let first = parts.next()?;
    let start = text.find(first)?;
    let mut end = start + first.len();
    for part in parts {
        end += text[end..].find(part)? + part.len();
    }
    Some(text[start..end].to_owned())
}

/// The codes that count in a text: `AADSTS7000215`, `535`-style replies with an enhanced code (both as
/// `535 5.7.139` and as `5.7.139`), and an enhanced code after `dsn=` or `Status:` or standing alone.
///
/// A version (`mysqld 5.7.25`) or an address (`10.5.1.10:25`) is no code (RFC 3463 section 2 gives the form).
pub fn codes_in(text: &str) -> Vec<String> {
    let mut found = aadsts_in(text);
    let whole = text.trim();
    if let Some(code) = enhanced(whole).filter(|code| code.len() == whole.len()) {
        found.push(code.to_owned());
    }
    for (at, _) in text.char_indices().filter(|(_, c)| matches!(c, '2' | '4' | '5')) {
        let Some(code) = enhanced(&text[at..]) else { continue };
        let before = &text[..at];
        if let Some(reply) = reply_code_before(before) {
            found.push(format!("{reply} {code}"));
            found.push(code.to_owned());
        } else if status_before(before) {
            found.push(code.to_owned());
        }
    }
    found.dedup();
    found
}

fn aadsts_in(text: &str) -> Vec<String> {
    let digits_of = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
    let upper = text.to_ascii_uppercase();
    let numbers = upper.match_indices("AADSTS").map(|(at, word)| digits_of(&upper[at + word.len()..]));
    let whole = text.trim();
    // Entra's numbers have five to eight digits; alone on the line they are asked for without the prefix.
    let bare = (5..=8).contains(&whole.len()) && whole.bytes().all(|b| b.is_ascii_digit());
    numbers
        .chain(bare.then(|| whole.to_owned()))
        .filter(|digits| !digits.is_empty())
        .map(|digits| format!("AADSTS{digits}"))
        .collect()
}

/// `5.123.123` and a full stop, in octets. A longer run of digits is no code, and would be read again from each of them.
const LONGEST_CODE: usize = 10;

/// An enhanced status code at the start, with no digit or dot behind it: class 4 or 5, then two numbers of
/// one to three digits (RFC 3463 section 2).
fn enhanced(text: &str) -> Option<&str> {
    let end = text.bytes().take(LONGEST_CODE + 1).take_while(|b| b.is_ascii_digit() || *b == b'.').count();
    // A full stop may end the sentence, not the code.
    let code = text[..end].strip_suffix('.').unwrap_or(&text[..end]);
    let parts: Vec<&str> = code.split('.').collect();
    let [class, subject, detail] = parts[..] else { return None };
    let short = |part: &str| (1..=3).contains(&part.len());
    (matches!(class, "4" | "5") && short(subject) && short(detail)).then_some(code)
}

/// `535 ` or `535-` right before, itself not part of a longer number.
fn reply_code_before(before: &str) -> Option<&str> {
    // Some programs part the two by more than one blank.
    let trimmed = before.trim_end_matches(' ');
    let bytes = trimmed.strip_suffix('-').unwrap_or(trimmed).as_bytes();
    let separated = bytes.len() < before.len();
    let head = bytes.len().checked_sub(3)?;
    let digits = bytes[head..head + 3].iter().all(u8::is_ascii_digit) && matches!(bytes[head], b'4' | b'5');
    let free = head == 0 || !(bytes[head - 1].is_ascii_alphanumeric() || matches!(bytes[head - 1], b'.' | b'-'));
    (separated && digits && free).then(|| &before[head..head + 3])
}

fn status_before(before: &str) -> bool {
    let before = before.trim_end_matches(' ').as_bytes();
    ["dsn=", "status:"].iter().any(|mark| {
        let at = before.len().checked_sub(mark.len());
        at.is_some_and(|at| before[at..].eq_ignore_ascii_case(mark.as_bytes()))
    })
}

/// The highest rank of a match that rests on a reply's code alone.
const BY_CODE: u8 = 1;

impl Match {
    /// The code, where nothing but a reply's code led to the page.
    pub fn by_code(&self) -> Option<&str> {
        (self.rank.0 <= BY_CODE).then_some(self.matched.as_str())
    }

    /// The same match, its words as `shown` gives them.
    #[must_use]
    pub fn shown_as(self, shown: impl FnOnce(&str) -> String) -> Match {
        Match { matched: shown(&self.matched), ..self }
    }

    /// The page that was named by its own id.
    pub fn whole(cause: &'static Cause, matched: &str) -> Match {
        Match { cause, matched: matched.to_owned(), rank: (u8::MAX, matched.len()) }
    }
}

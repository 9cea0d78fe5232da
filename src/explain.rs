//! Any pasted text to the pages that explain it, offline.
//!
//! ```text
//! text -> token or challenge | bounce | sign-in log | words, unwrapped -> classify -> whose server? -> Explanation
//! ```

mod ids;
mod masked;
mod message;
pub mod origin;
mod question;
mod sasl;
mod sign_ins;
mod wrapping;

pub use question::Question;
pub use sasl::{Pasted, without_secrets};
pub use wrapping::unwrapped;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::kb::{self, Cause, Classifier, Match, cause};
use message::Bounce;
use origin::Origin;

/// What a text means.
pub struct Explanation {
    /// The pages of the first failure in the text, most specific first; empty when no page knows it.
    pub matches: Vec<Match>,
    /// The pages of the other failures in the same text.
    pub also: Vec<Match>,
    /// What separates the pages that remain, where several do.
    pub question: Option<Question>,
    /// A code that other servers use as well, where nothing in the text says which one spoke.
    pub shared_code: Option<String>,
    /// Ids of pages that a mistyped id may have meant.
    pub similar: Vec<&'static str>,
    /// What Microsoft's support asks for: a label and the id.
    pub ids: Vec<(&'static str, String)>,
    /// A token that the text holds.
    pub token: Option<Pasted>,
    /// The text, as far as it is worth repeating, without secrets.
    pub text: String,
    /// What the pages' templates are filled with, of a profile; what is not known shows as `<name>`.
    pub values: BTreeMap<String, String>,
}

impl Explanation {
    /// Whether there is anything to say.
    pub fn recognised(&self) -> bool {
        !self.matches.is_empty() || self.token.is_some()
    }
}

/// As much of a text is repeated when no page knows it, in characters.
const REPEATED: usize = 400;
/// As many words are taken for questions of their own.
const QUESTIONS: usize = 50;
/// As many lines of a text are taken for failures of their own; a log has a command of its own.
const FAILURES: usize = 200;
/// Longer is no mistyped id, in octets.
const LONGEST_ID: usize = 80;

/// Explains a text: the id of a page, a number, a code, several of these, or words of a server in any wrapping.
pub fn explain(text: &str) -> Explanation {
    let trimmed = text.trim();
    let bounce = message::read(text);
    let (matches, also) = several(trimmed).unwrap_or_else(|| failures(text, bounce.as_ref()));
    let one_word = !trimmed.is_empty() && trimmed.len() <= LONGEST_ID && !trimmed.contains(char::is_whitespace);
    // Between the parts of a page's text may stand anything, so it is shown as the text itself is.
    let shown = |found: Vec<Match>| -> Vec<Match> { found.into_iter().map(|found| found.shown_as(repeated)).collect() };
    let (matches, also) = (shown(matches), shown(also));
    let token = sasl::pasted(text);
    let unknown = matches.is_empty() && token.is_none();
    Explanation {
        question: question::of(trimmed, matches.first()),
        shared_code: matches.first().and_then(|first| origin::shared_code(first, text)),
        similar: if unknown && one_word { kb::similar(trimmed) } else { Vec::new() },
        ids: bounce.map_or_else(|| ids::of(text), |bounce| ids::of_bounce(&bounce)),
        text: repeated(trimmed),
        values: BTreeMap::new(),
        matches,
        also,
        token,
    }
}

/// The beginning of a text without secrets.
fn repeated(text: &str) -> String {
    without_secrets(text).chars().take(REPEATED).collect()
}

/// The page for a text that no page knows.
pub fn unrecognised() -> &'static Cause {
    &cause::UNRECOGNISED
}

/// Words around a number that say no more than that it is one, in lower case.
const FILLERS: [&str; 8] = ["aadsts", "error", "code", "dsn", "ndr", "smtp", "number", "status"];

/// Words that each ask for a page: ids, numbers, codes. None when one of them does not.
fn several(text: &str) -> Option<(Vec<Match>, Vec<Match>)> {
    let words = text.split([' ', ',', ';', '\n', '\r', '\t']);
    let bare = words.map(|word| {
        word.trim_matches(|c: char| matches!(c, '#' | '<' | '>' | '[' | ']' | '(' | ')' | '.' | ':' | '\'' | '"'))
    });
    let filler = |word: &str| FILLERS.iter().any(|filler| word.eq_ignore_ascii_case(filler));
    let words: Vec<&str> = bare.filter(|word| !word.is_empty() && !filler(word)).take(QUESTIONS + 1).collect();
    if words.is_empty() || words.len() > QUESTIONS {
        return None;
    }
    let answers: Option<Vec<Vec<Match>>> = words.iter().map(|word| question(word)).collect();
    let mut answers = answers?.into_iter();
    let first = answers.next()?;
    Some((first, answers.flatten().collect()))
}

fn question(word: &str) -> Option<Vec<Match>> {
    if let Some(page) = by_name(word) {
        return Some(vec![Match::whole(page, word)]);
    }
    let code = kb::codes_in(word).len() == 1 && word.bytes().any(|b| b.is_ascii_digit()) && word.len() < 20;
    Some(kb::classify(None, word)).filter(|found| code && !found.is_empty())
}

fn by_name(text: &str) -> Option<&'static Cause> {
    kb::by_id(text).filter(|page| *page != unrecognised())
}

/// The failures in a text: the first, and the others.
fn failures(text: &str, bounce: Option<&Bounce>) -> (Vec<Match>, Vec<Match>) {
    let mut answers = parts(text, bounce).into_iter().map(|part| judged(&part)).filter(|found| !found.is_empty());
    let mut first = answers.next().unwrap_or_default();
    let mut known: BTreeSet<&str> = first.iter().take(1).map(|found| found.cause.id).collect();
    let others = answers.filter_map(|found| found.into_iter().next());
    let others: Vec<Match> = others.filter(|found| known.insert(found.cause.id)).collect();
    first.retain(|found| !others.iter().any(|other| other.cause == found.cause));
    (first, others)
}

/// What is judged by itself: a group of a bounce, a number of a sign-in log, the whole of any other text and then its lines.
fn parts(text: &str, bounce: Option<&Bounce>) -> Vec<String> {
    if let Some(bounce) = bounce {
        let recipients = bounce.recipients();
        let known = recipients.iter().any(|group| !judged(group).is_empty());
        return if known { recipients } else { vec![unwrapped(&bounce.words)] };
    }
    let sign_ins = sign_ins::read(text);
    if !sign_ins.is_empty() {
        return sign_ins;
    }
    let mut whole = unwrapped(text);
    if let Some(challenge) = sasl::challenge(text) {
        whole = format!("{whole}\n{challenge}");
    }
    let lines: Vec<String> = whole.lines().filter(|line| speaks(line)).take(FAILURES).map(str::to_owned).collect();
    [whole].into_iter().chain(lines).collect()
}

/// Whether a line is a failure of its own, and not the rest of one: it begins with a number of the login service or a reply.
fn speaks(line: &str) -> bool {
    kb::codes_in(line).iter().any(|code| code.contains(' ') || code.starts_with("AADSTS"))
}

/// Made ready when a text is more than a question; none could only be if the pages were too many.
static READY: LazyLock<Option<Classifier>> = LazyLock::new(|| Classifier::new().ok());

fn judged(text: &str) -> Vec<Match> {
    let found = READY.as_ref().map_or_else(|| kb::classify(None, text), |ready| ready.classify(text));
    of_its_server(found, text)
}

/// The page that says so, where the first page speaks of a mail server and another server than Microsoft's spoke.
pub fn of_its_server(matches: Vec<Match>, text: &str) -> Vec<Match> {
    if !matches.first().is_some_and(|found| origin::concerns(found.cause)) {
        return matches;
    }
    match origin::of(text) {
        Origin::Other(server) => vec![Match::whole(&cause::ANOTHER_SERVER, &server)],
        Origin::Microsoft | Origin::Unknown => matches,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Option<&'static str> {
        explain(text).matches.first().map(|found| found.cause.id)
    }

    #[test]
    fn ids_numbers_and_codes_are_found() {
        assert_eq!(first("smtp-auth-off-tenant"), Some("smtp-auth-off-tenant"));
        assert_eq!(first("AADSTS7000215"), Some("aadsts7000215"));
        assert_eq!(first("7000215"), Some("aadsts7000215"));
        assert_eq!(first("5.7.60"), Some("send-as-denied-envelope"));
        assert_eq!(first("5.7.3"), Some("smtp-login-refused"));
    }

    #[test]
    fn wrapping_does_not_matter() {
        let reply = "535-5.7.139 Authentication unsuccessful, SmtpClientAuthentication is\r\n535 5.7.139 disabled for the Tenant. Visit";
        assert_eq!(first(reply), Some("smtp-auth-off-tenant"));
        let json = r#"{\"error_description\":\"AADSTS7000222: The provided client secret keys for app \u0027x\u0027 are expired.\"}"#;
        assert_eq!(first(json), Some("aadsts7000222"));
    }

    #[test]
    fn of_two_numbers_the_inner_one_is_the_cause() {
        let text = "AADSTS70002: Error validating credentials. AADSTS7000215: Invalid client secret provided.";
        assert_eq!(first(text), Some("aadsts7000215"));
    }

    #[test]
    fn what_is_no_error_is_not_explained() {
        for text in
            ["mysqld 5.7.25 started", "10.5.1.10:25", "250 2.0.0 OK", "Linux 5.1.10", "hello", "250-AUTH LOGIN XOAUTH2"]
        {
            assert_eq!(first(text), None, "{text}");
        }
    }
}

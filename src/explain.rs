//! Any pasted text to the pages that explain it, offline.

pub mod origin;

use crate::kb::{self, Cause, Match, cause};
use origin::Origin;

/// What a text means.
pub struct Explanation {
    /// The pages, most specific first; empty when no page knows the text.
    pub matches: Vec<Match>,
    /// Ids of pages that a mistyped id may have meant.
    pub similar: Vec<&'static str>,
    /// What Microsoft's support asks for: a label and the id.
    pub ids: Vec<(&'static str, String)>,
    /// The text, as far as it is worth repeating.
    pub text: String,
}

/// As much of a text as is repeated when no page knows it, in characters.
const REPEATED: usize = 400;

/// Explains a text: the id of a page, a number, a code, or words of a server in any wrapping.
pub fn explain(text: &str) -> Explanation {
    let trimmed = text.trim();
    let matches = match by_name(trimmed) {
        Some(page) => vec![Match::whole(page, trimmed)],
        None => of_its_server(kb::classify(None, &unwrapped(text)), text),
    };
    let one_word = !trimmed.is_empty() && !trimmed.contains(char::is_whitespace);
    let similar = if matches.is_empty() && one_word { kb::similar(trimmed) } else { Vec::new() };
    Explanation { matches, similar, ids: support_ids(text), text: trimmed.chars().take(REPEATED).collect() }
}

/// The page for a text that no page knows.
pub fn unrecognised() -> &'static Cause {
    &cause::UNRECOGNISED
}

fn by_name(text: &str) -> Option<&'static Cause> {
    kb::by_id(text).filter(|page| *page != unrecognised())
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

/// Undoes what logs and languages do to a reply: escapes of JSON and source code, quotation marks of a mail, and the
/// code that a multi-line reply repeats on each line.
pub fn unwrapped(text: &str) -> String {
    let mut plain = text.to_owned();
    for (escaped, character) in [
        ("\\r\\n", "\n"),
        ("\\n", "\n"),
        ("\\t", " "),
        ("\\\"", "\""),
        ("\\u0027", "'"),
        ("\\u0026", "&"),
        ("&#39;", "'"),
        ("&quot;", "\""),
    ] {
        plain = plain.replace(escaped, character);
    }
    let mut joined = String::with_capacity(plain.len());
    let mut last_code = "";
    for line in plain.lines() {
        let line = line.trim_start_matches(['>', '<', '|', ' ', '\t']);
        let code = line.get(..3).filter(|code| code.bytes().all(|b| b.is_ascii_digit()));
        match code {
            Some(code) if code == last_code && matches!(line.as_bytes().get(3), Some(b'-' | b' ')) => {
                joined.push_str(without_enhanced(&line[4..]));
            }
            _ => joined.push_str(line),
        }
        last_code = code.unwrap_or_default();
        joined.push('\n');
    }
    joined
}

/// The second line of a reply repeats the enhanced code; between the words it would only be in the way.
fn without_enhanced(line: &str) -> &str {
    let first = line.split(' ').next().unwrap_or_default();
    let enhanced = first.split('.').count() == 3 && first.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if enhanced { line[first.len()..].trim_start() } else { line }
}

/// Trace id, correlation id and time, as Entra ends its messages and as its JSON has them.
fn support_ids(text: &str) -> Vec<(&'static str, String)> {
    let lower = text.to_lowercase();
    let labels = [
        ("trace id", &["trace id:", "trace_id\":", "trace_id:", "x-ms-request-id:"][..]),
        ("correlation id", &["correlation id:", "correlation_id\":", "correlation_id:"][..]),
        ("timestamp", &["timestamp:", "timestamp\":"][..]),
    ];
    let mut found = Vec::new();
    for (label, marks) in labels {
        let value = marks.iter().find_map(|mark| {
            let at = lower.find(mark)? + mark.len();
            let rest = text.get(at..)?.trim_start_matches([' ', '"', '\'']);
            let until: &[char] =
                if label == "timestamp" { &['"', '\n', ',', '\\', '}'] } else { &['"', ' ', '\n', ',', '\\', '}'] };
            let end = rest.find(until).unwrap_or(rest.len()).min(60);
            rest.get(..end).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        });
        if let Some(value) = value {
            found.push((label, value));
        }
    }
    found
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

    #[test]
    fn support_ids_are_read_from_words_and_from_json() {
        let words = "AADSTS7000215: x. Trace ID: aa-1 Correlation ID: bb-2 Timestamp: 2026-11-20 08:05:17Z";
        let expected = [("trace id", "aa-1"), ("correlation id", "bb-2"), ("timestamp", "2026-11-20 08:05:17Z")];
        for text in [words, r#"{"trace_id": "aa-1", "correlation_id":"bb-2","timestamp":"2026-11-20 08:05:17Z"}"#] {
            let found: Vec<(&str, String)> = explain(text).ids;
            assert_eq!(found, expected.map(|(label, id)| (label, id.to_owned())));
        }
    }
}

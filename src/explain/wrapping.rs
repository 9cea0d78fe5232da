//! What logs, languages and mails do to a reply, undone.

/// Escapes of JSON, of source code, of HTML and of quoted-printable (RFC 2045 section 6.7), in this order: a backslash that
/// was escaped itself comes first.
const ESCAPES: [(&str, &str); 21] = [
    ("\\\\", "\\"),
    ("\\r\\n", "\n"),
    ("\\n", "\n"),
    ("\\t", " "),
    ("\\\"", "\""),
    ("\\'", "'"),
    ("\\/", "/"),
    ("\\u0027", "'"),
    ("\\u0026", "&"),
    ("\\u003c", "<"),
    ("\\u003e", ">"),
    ("&#39;", "'"),
    ("&#x27;", "'"),
    ("&quot;", "\""),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&nbsp;", " "),
    ("&amp;", "&"),
    // An apostrophe that was set, not typed, and the same read as Windows-1252.
    ("\u{2019}", "'"),
    ("\u{e2}\u{20ac}\u{2122}", "'"),
    ("\u{a0}", " "),
];

/// Quoted-printable, only where a text has its marks: `=3D` and the soft line break.
const QUOTED_PRINTABLE: [(&str, &str); 6] =
    [("=\r\n", ""), ("=\n", ""), ("=20", " "), ("=27", "'"), ("=E2=80=99", "'"), ("=3D", "=")];

/// The words of the server: without escapes, quotation marks of a mail, and the code that a reply of several lines repeats
/// on each.
pub fn unwrapped(text: &str) -> String {
    let mut plain = text.to_owned();
    if plain.contains("=3D") || plain.contains("=\n") || plain.contains("=\r\n") {
        for (escaped, character) in QUOTED_PRINTABLE {
            plain = plain.replace(escaped, character);
        }
    }
    // Twice, because a log of a log escapes again.
    for (escaped, character) in ESCAPES.iter().chain(&ESCAPES) {
        if plain.contains(escaped) {
            plain = plain.replace(escaped, character);
        }
    }
    joined(&plain)
}

/// Lines as they were before somebody folded or numbered them.
fn joined(plain: &str) -> String {
    let mut joined = String::with_capacity(plain.len());
    // The code of a reply that goes on: `535-` on every line of it but the last (RFC 5321 section 4.2.1).
    let mut open = None;
    for line in plain.lines() {
        let bare = line.trim_start_matches(['>', '<', '|', ' ', '\t']);
        let code = bare.get(..3).filter(|code| code.bytes().all(|b| b.is_ascii_digit()));
        let goes_on = code.is_some() && open == code && matches!(bare.as_bytes().get(3), Some(b'-' | b' '));
        // A line that begins with a blank goes on (RFC 5322 section 2.2.3).
        let folded = line.starts_with([' ', '\t']);
        if !joined.is_empty() {
            joined.push(if goes_on || folded { ' ' } else { '\n' });
        }
        if goes_on {
            joined.push_str(without_enhanced(&bare[4..]));
        } else {
            joined.push_str(&without_literal_marks(bare));
        }
        open = code.filter(|_| bare.as_bytes().get(3) == Some(&b'-'));
    }
    joined
}

/// Python shows a reply as `(535, b'5.7.3 Authentication …')`: code and text are one line on the wire.
fn without_literal_marks(line: &str) -> String {
    [", b'", ", b\"", ", '", ", \""].iter().fold(line.to_owned(), |line, mark| {
        let Some(at) = line.find(mark) else { return line };
        let code = line[..at].bytes().rev().take_while(u8::is_ascii_digit).count();
        if code == 3 { format!("{} {}", &line[..at], &line[at + mark.len()..]) } else { line }
    })
}

/// The second line of a reply repeats the enhanced code; between the words it would only be in the way.
fn without_enhanced(line: &str) -> &str {
    let first = line.split(' ').next().unwrap_or_default();
    let enhanced = first.split('.').count() == 3 && first.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if enhanced { line[first.len()..].trim_start() } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_of_several_lines_is_one_and_two_replies_stay_two() {
        assert_eq!(
            unwrapped("535-5.7.139 Not this\r\n535-5.7.139 login\r\n535 5.7.139 today."),
            "535-5.7.139 Not this login today."
        );
        let two = "535 5.7.3 no\n535 5.7.139 never";
        assert_eq!(unwrapped(two), two);
        assert_eq!(unwrapped("> 550 5.1.1 a\n>  long one"), "550 5.1.1 a\nlong one");
        assert_eq!(unwrapped("550 5.1.1 a\n\tfolded one"), "550 5.1.1 a folded one");
    }

    #[test]
    fn literals_of_languages_and_wrong_characters_are_undone() {
        assert_eq!(unwrapped("(535, b'5.7.3 no')"), "(535 5.7.3 no')");
        assert_eq!(unwrapped(r#"{\"m\":\"doesn\u0027t\"}"#), r#"{"m":"doesn't"}"#);
        assert_eq!(unwrapped("doesn\u{e2}\u{20ac}\u{2122}t, doesn\u{2019}t"), "doesn't, doesn't");
    }
}

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

/// The words of the server: without escapes, quotation marks of a mail, and the code that a multi-line reply repeats on
/// each line.
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
    let mut joined = String::with_capacity(plain.len());
    let mut last_code = "";
    for line in plain.lines() {
        let bare = line.trim_start_matches(['>', '<', '|', ' ', '\t']);
        let code = bare.get(..3).filter(|code| code.bytes().all(|b| b.is_ascii_digit()));
        // A line that begins with a blank goes on (RFC 5322 section 2.2.3).
        let folded = line.starts_with([' ', '\t']) && !joined.is_empty();
        joined.push_str(match (folded, joined.is_empty()) {
            (true, _) => " ",
            (false, false) => "\n",
            (false, true) => "",
        });
        match code {
            Some(code) if code == last_code && matches!(bare.as_bytes().get(3), Some(b'-' | b' ')) => {
                joined.push_str(without_enhanced(&bare[4..]));
            }
            _ => joined.push_str(&without_literal_marks(bare)),
        }
        last_code = code.unwrap_or_default();
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

//! The arguments of an IMAP command (RFC 3501 section 4), parentheses flattened.

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// An atom, such as `BODY.PEEK[HEADER.FIELDS (SUBJECT)]`.
    Atom(String),
    /// A quoted string or a literal.
    Text(String),
}

impl Word {
    pub(super) fn text(&self) -> &str {
        match self {
            Word::Atom(text) | Word::Text(text) => text,
        }
    }
}

/// The octets that a command announces at its end as a literal, and whether the client waits to be asked for them.
pub(super) fn literal(command: &[u8]) -> Option<(usize, bool)> {
    let open = command.strip_suffix(b"}")?.iter().rposition(|octet| *octet == b'{')?;
    let number = std::str::from_utf8(&command[open + 1..command.len() - 1]).ok()?;
    let (number, waits) = number.strip_suffix('+').map_or((number, true), |number| (number, false));
    Some((number.parse().ok()?, waits))
}

/// Puts a literal in the place of its announcement, as a quoted string.
pub(super) fn put_literal(command: &mut Vec<u8>, literal: &[u8]) {
    let open = command.iter().rposition(|octet| *octet == b'{').unwrap_or(command.len());
    command.truncate(open);
    command.push(b'"');
    for octet in literal {
        if matches!(octet, b'"' | b'\\') {
            command.push(b'\\');
        }
        command.push(*octet);
    }
    command.push(b'"');
}

/// The words; none where a quotation or a bracket does not end.
pub(super) fn read(text: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '(' | ')' => {}
            '"' => {
                let mut quoted = String::new();
                loop {
                    match letters.next()? {
                        '"' => break,
                        '\\' => quoted.push(letters.next()?),
                        other => quoted.push(other),
                    }
                }
                words.push(Word::Text(quoted));
            }
            first => {
                let (mut atom, mut inside) = (String::from(first), false);
                while let Some(next) = letters.peek() {
                    match next {
                        '[' => inside = true,
                        ']' => inside = false,
                        ' ' | '(' | ')' if !inside => break,
                        _ => {}
                    }
                    atom.extend(letters.next());
                }
                if inside {
                    return None;
                }
                words.push(Word::Atom(atom));
            }
        }
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_apart() {
        let read = |text| {
            let words = read(text)?;
            Some(words.iter().map(|word| word.text().to_owned()).collect::<Vec<_>>())
        };
        let words = read(r#"1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]) "a \"b\" (c)""#).unwrap();
        assert_eq!(words, ["1:*", "FLAGS", "BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]", r#"a "b" (c)"#]);
        assert_eq!(read(r#""open"#), None);
        assert_eq!(read("BODY[x"), None);
    }

    #[test]
    fn literals_become_texts() {
        let mut command = b"a SEARCH SUBJECT {3}".to_vec();
        assert_eq!(literal(&command), Some((3, true)));
        assert_eq!(literal(b"a {12+}"), Some((12, false)));
        assert_eq!(literal(b"a {x}"), None);
        put_literal(&mut command, b"a\"b");
        assert_eq!(command, br#"a SEARCH SUBJECT "a\"b""#);
    }
}

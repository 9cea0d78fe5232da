//! `Authentication-Results` (RFC 8601), as strict as its writers: Microsoft leaves the name of the server out, and has
//! properties without a type (`action=none`) and a method of its own (`compauth`).

use crate::facts::{AuthenticationFacts, MethodResult, shortened};

/// More methods than any server knows.
const MOST_RESULTS: usize = 20;
/// More properties than any method has.
const MOST_PROPERTIES: usize = 20;
/// Domains, addresses and reasons are shorter.
const LONGEST: usize = 320;

/// Reads the value of one field.
pub(super) fn read(value: &str) -> AuthenticationFacts {
    let mut facts = AuthenticationFacts::default();
    for (n, part) in parts(value).into_iter().enumerate() {
        let mut words = part.words.into_iter();
        let Some(first) = words.next() else { continue };
        let Some((method, result)) = first.split_once('=') else {
            // Relays repeat the server's name between the results; only the first place is the one of RFC 8601.
            if n == 0 {
                facts.server = Some(shortened(&first, LONGEST));
            }
            continue;
        };
        if facts.results.len() >= MOST_RESULTS || result.is_empty() {
            continue;
        }
        // `dkim/1=pass` names the version of the method.
        let method = method.split('/').next().unwrap_or(method).to_ascii_lowercase();
        let properties = words.filter_map(|word| {
            let (name, value) = word.split_once('=')?;
            Some((shortened(&name.to_ascii_lowercase(), LONGEST), shortened(value, LONGEST)))
        });
        facts.results.push(MethodResult {
            method: shortened(&method, LONGEST),
            result: shortened(&result.to_ascii_lowercase(), LONGEST),
            comment: part.comment.map(|comment| shortened(&comment, LONGEST)),
            properties: properties.take(MOST_PROPERTIES).collect(),
        });
    }
    facts
}

/// What stands between two semicolons: words, and the first comment.
#[derive(Default)]
struct Part {
    words: Vec<String>,
    comment: Option<String>,
}

/// Takes the value apart at its semicolons and blanks, outside of quotations and comments (RFC 5322 section 3.2).
fn parts(value: &str) -> Vec<Part> {
    let mut parts = vec![Part::default()];
    let mut word = String::new();
    let mut letters = value.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '(' => {
                let comment = comment(&mut letters);
                if let Some(part) = parts.last_mut() {
                    part.comment.get_or_insert(comment);
                }
            }
            '"' => quotation(&mut letters, &mut word),
            ';' => {
                end_word(&mut parts, &mut word);
                parts.push(Part::default());
            }
            // Blanks around the equals sign belong to neither side.
            '=' => {
                if word.is_empty() {
                    word = parts.last_mut().and_then(|part| part.words.pop()).unwrap_or_default();
                }
                word.push('=');
                while letters.next_if(|next| next.is_whitespace()).is_some() {}
            }
            blank if blank.is_whitespace() => end_word(&mut parts, &mut word),
            other => word.push(other),
        }
    }
    end_word(&mut parts, &mut word);
    parts
}

fn end_word(parts: &mut [Part], word: &mut String) {
    if let Some(part) = parts.last_mut().filter(|_| !word.is_empty()) {
        part.words.push(std::mem::take(word));
    }
}

/// A comment up to its end; comments within it belong to it.
fn comment(letters: &mut impl Iterator<Item = char>) -> String {
    let (mut text, mut depth) = (String::new(), 1);
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.extend(letters.next()),
            '(' => {
                depth += 1;
                text.push('(');
            }
            ')' if depth == 1 => break,
            ')' => {
                depth -= 1;
                text.push(')');
            }
            other => text.push(other),
        }
    }
    text
}

fn quotation(letters: &mut impl Iterator<Item = char>, word: &mut String) {
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return,
            '\\' => word.extend(letters.next()),
            other => word.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> Vec<String> {
        let facts = read(value);
        let one = |result: &MethodResult| {
            let properties: String = result.properties.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            let comment = result.comment.as_ref().map(|comment| format!(" ({comment})")).unwrap_or_default();
            format!("{}={}{comment}{properties}", result.method, result.result)
        };
        facts.server.iter().cloned().chain(facts.results.iter().map(one)).collect()
    }

    /// As Exchange Online writes it upon mail from outside (Microsoft Learn, "Anti-spam message headers"; lists' archives).
    #[test]
    fn mail_from_outside_is_read() {
        let value = "spf=pass (sender IP is 40.107.236.73) smtp.mailfrom=fabrikam.com; dkim=pass (signature was \
                     verified) header.d=fabrikam.com;dmarc=pass action=none header.from=fabrikam.com;compauth=pass reason=100";
        assert_eq!(
            shown(value),
            [
                "spf=pass (sender IP is 40.107.236.73) smtp.mailfrom=fabrikam.com",
                "dkim=pass (signature was verified) header.d=fabrikam.com",
                "dmarc=pass action=none header.from=fabrikam.com",
                "compauth=pass reason=100",
            ]
        );
        let failed = "spf=fail (sender IP is 203.0.113.7) smtp.mailfrom=contoso.com; dkim=none (message not signed) \
                      header.d=none;dmarc=fail action=oreject header.from=contoso.com;compauth=fail reason=000";
        assert_eq!(read(failed).of("dmarc").and_then(|dmarc| dmarc.property("action")), Some("oreject"));
        assert_eq!(read(failed).of("compauth").and_then(|auth| auth.property("reason")), Some("000"));
    }

    /// As it writes it upon what a mailbox of its own submits, also with the recipient's host between the results.
    #[test]
    fn mail_of_the_same_organisation_is_read() {
        let own = "dkim=none (message not signed)\n header.d=none;dmarc=none action=none header.from=contoso.com;";
        assert_eq!(
            shown(own),
            ["dkim=none (message not signed) header.d=none", "dmarc=none action=none header.from=contoso.com"]
        );
        let relayed = "vger.example; dkim=none (message not signed)\n header.d=none;vger.example; dmarc=none action=none \
                       header.from=contoso.com;";
        assert_eq!(read(relayed).server.as_deref(), Some("vger.example"));
        assert_eq!(read(relayed).results.len(), 2);
    }

    #[test]
    fn other_servers_are_read() {
        let google = "mx.example.com; dkim=pass header.i=@example.net header.s=sel1 header.b=Ab1/Cd2; spf=pass (mx.example.com: \
                      domain of x@example.net designates 198.51.100.25 (as told)) smtp.mailfrom=x@example.net; \
                      dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.net";
        let facts = read(google);
        assert_eq!(facts.server.as_deref(), Some("mx.example.com"));
        assert_eq!(facts.of("dkim").and_then(|dkim| dkim.property("header.b")), Some("Ab1/Cd2"));
        assert_eq!(shown("example.org 1; none"), ["example.org"]);
        assert_eq!(shown("a; dkim/1 = PASS reason = \"good; (very)\""), ["a", "dkim=pass reason=good; (very)"]);
    }

    #[test]
    fn nonsense_is_bounded() {
        assert_eq!(shown("((((((").len(), 0);
        assert_eq!(shown("=;=;;=x;\"").len(), 1);
        assert!(read(&"a=b;".repeat(10_000)).results.len() <= MOST_RESULTS);
        assert!(read(&format!("spf={}", "x".repeat(100_000))).results[0].result.len() < 400);
    }
}

//! Who wrote and who was written to, as mail servers log it.

use std::collections::{BTreeSet, HashMap};

/// How many names are kept for a cause.
const KEPT: usize = 20;
/// How many mails' senders are remembered at once, twice.
const REMEMBERED: usize = 32 * 1024;
/// RFC 5321 section 4.5.3.1.3: a path has at most 256 octets.
const LONGEST_ADDRESS: usize = 256;

/// The first names that were met, and whether there are more.
#[derive(Debug, Default, Clone)]
pub struct Names {
    /// At most twenty.
    pub names: BTreeSet<String>,
    /// More were met.
    pub more: bool,
}

impl Names {
    pub(super) fn add(&mut self, name: &str) {
        if self.names.contains(name) {
            return;
        }
        if self.names.len() < KEPT {
            self.names.insert(name.to_owned());
        } else {
            self.more = true;
        }
    }
}

/// What stands before the line's sender, after which a queue's line is worth to be remembered.
pub(super) const SENDER_MARKS: [&str; 2] = [": from=<", " <= "];

/// The senders of the mails that are under way. A mail server logs the sender once, when the mail comes in, and the failure
/// later; the two lines share the queue's id. The older half is forgotten when the newer is full.
#[derive(Default)]
pub(super) struct Senders {
    newer: HashMap<String, String>,
    older: HashMap<String, String>,
}

impl Senders {
    /// Remembers the sender of a line that names one.
    pub(super) fn learn(&mut self, line: &str) {
        let Some((id, sender)) = SENDER_MARKS.iter().find_map(|mark| {
            let (before, after) = line.split_once(mark)?;
            Some((queue_id(before)?, address(after)?))
        }) else {
            return;
        };
        if self.newer.len() >= REMEMBERED {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(id.to_owned(), sender.to_owned());
    }

    /// Who sent the mail of a line: named in it, or remembered.
    pub(super) fn of<'a>(&'a self, line: &'a str) -> Option<&'a str> {
        let named = [" from=", " F=<", "\"from\":\"", "\"sender\":\""].iter().find_map(|mark| after(line, mark));
        named.or_else(|| {
            let before = RECIPIENT_MARKS.iter().find_map(|mark| Some(line.split_once(mark)?.0))?;
            let id = queue_id(before.trim_end_matches(':'))?;
            self.newer.get(id).or_else(|| self.older.get(id)).map(String::as_str)
        })
    }
}

/// Postfix and sendmail; Exim's failure and its deferral.
const RECIPIENT_MARKS: [&str; 3] = [" to=<", " ** ", " == "];

/// Who the mail of a line was for.
pub(super) fn recipient(line: &str) -> Option<&str> {
    let marks = RECIPIENT_MARKS.iter().chain(&[" to=", " recipients=", "\"to\":\"", "\"recipient\":\""]);
    marks.into_iter().find_map(|mark| after(line, mark))
}

fn after<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    address(&line[line.find(mark)? + mark.len()..])
}

/// An address at the start, with or without angle brackets.
fn address(text: &str) -> Option<&str> {
    let text = text.trim_start_matches(['<', '"', ' ']);
    let end =
        text.find(|c: char| c.is_whitespace() || matches!(c, '>' | '"' | ',' | ';' | ')' | ':')).unwrap_or(text.len());
    let found = &text[..end];
    let (local, domain) = found.rsplit_once('@')?;
    let whole = !local.is_empty() && !domain.is_empty() && found.len() <= LONGEST_ADDRESS;
    whole.then_some(found)
}

/// The queue's id that ends a text: letters, digits and, of Exim, dashes.
fn queue_id(before: &str) -> Option<&str> {
    let word = before.trim_end().rsplit(' ').next()?;
    let shaped = word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (shaped && (5..=32).contains(&word.len())).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sender_comes_from_an_earlier_line_of_the_same_mail() {
        let mut senders = Senders::default();
        for line in [
            "Nov 26 20:44:08 mail postfix/qmgr[2]: 4F1A2B3C4D: from=<app@contoso.com>, size=1234, nrcpt=1 (queue active)",
            "2026-11-26 20:44:09 1uXyZa-000000001Ab-0c <= exim@contoso.com U=root P=local S=500",
        ] {
            senders.learn(line);
        }
        let failure = "Nov 26 20:44:09 mail postfix/smtp[1]: 4F1A2B3C4D: to=<bob@fabrikam.com>, relay=none, dsn=5.7.1";
        assert_eq!((senders.of(failure), recipient(failure)), (Some("app@contoso.com"), Some("bob@fabrikam.com")));
        let failure = "2026-11-26 20:44:10 1uXyZa-000000001Ab-0c ** bob@fabrikam.com R=dnslookup: 550 5.1.1 no";
        assert_eq!((senders.of(failure), recipient(failure)), (Some("exim@contoso.com"), Some("bob@fabrikam.com")));
        let msmtp = "Nov 26 20:44:09 host=smtp.office365.com from=a@contoso.com recipients=b@x.example,c@x.example errormsg='x'";
        assert_eq!((senders.of(msmtp), recipient(msmtp)), (Some("a@contoso.com"), Some("b@x.example")));
        assert_eq!(recipient("Jan 1 x: to=<>, y"), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut senders = Senders::default();
        for n in 0..5 * REMEMBERED {
            senders.learn(&format!("x: Q{n:09}: from=<u{n}@contoso.com>"));
        }
        assert!(senders.newer.len() + senders.older.len() <= 2 * REMEMBERED);
        let last = format!("x: Q{:09}: to=<b@x.example>", 5 * REMEMBERED - 1);
        assert!(senders.of(&last).is_some());
    }
}

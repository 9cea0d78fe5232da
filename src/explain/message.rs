//! A bounce: the report for programs (RFC 3464), and what stands beside it for people, in text or in HTML.

use mailparse::{MailHeaderMap as _, ParsedMail};

/// How many parts within parts are opened.
const DEEPEST: usize = 8;
/// How many parts are read.
const PARTS: usize = 50;
/// How many recipients of one report are looked at.
const RECIPIENTS: usize = 200;

/// What a mail says of a failure.
#[derive(Default)]
pub(super) struct Bounce {
    /// The fields of the report, a group for the mail and one for each recipient.
    pub report: Vec<String>,
    /// The words for people.
    pub words: String,
    /// `Message-ID` of the mail that came back.
    pub returned: Option<String>,
}

impl Bounce {
    /// Each recipient's group by itself. Who answered stands in it, or else in the group of the mail.
    pub(super) fn recipients(&self) -> Vec<String> {
        let has = |group: &str, field: &str| group.lines().any(|line| begins(line, field));
        let (recipients, mail): (Vec<&String>, Vec<&String>) =
            self.report.iter().partition(|group| has(group, "Action:") || has(group, "Final-Recipient:"));
        let mail = mail.first().map_or("", |group| group.as_str());
        let whole = |group: &&String| {
            if has(group, "Remote-MTA:") { (*group).clone() } else { format!("{group}\n{mail}") }
        };
        recipients.iter().take(RECIPIENTS).map(whole).collect()
    }
}

fn begins(line: &str, word: &str) -> bool {
    line.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word))
}

/// Reads a mail. None where the text is none: a mail begins with its header, and says who wrote it or what it is about.
/// So does no answer over HTTP, which has a content type as well.
pub(super) fn read(text: &str) -> Option<Bounce> {
    let mut begin = text.trim_start();
    // The line with which a mailbox file parts its mails (RFC 4155).
    if begin.starts_with("From ") {
        begin = begin.split_once('\n')?.1;
    }
    let (header, _) = mailparse::parse_headers(begin.as_bytes()).ok()?;
    let named = |name: &str| header.get_first_header(name).is_some();
    if !named("Content-Type") || !["From", "Subject", "Received", "Return-Path"].into_iter().any(named) {
        return None;
    }
    let parsed = mailparse::parse_mail(begin.as_bytes()).ok()?;
    let mut bounce = Bounce::default();
    let mut left = PARTS;
    gather(&parsed, DEEPEST, &mut left, &mut bounce);
    Some(bounce)
}

fn gather(part: &ParsedMail<'_>, depth: usize, left: &mut usize, bounce: &mut Bounce) {
    if depth == 0 || *left == 0 {
        return;
    }
    *left -= 1;
    let body = || part.get_body().unwrap_or_default();
    match part.ctype.mimetype.as_str() {
        "message/delivery-status" | "message/global-delivery-status" => bounce.report.extend(groups(&body())),
        "text/plain" => bounce.words.push_str(&body()),
        "text/html" => bounce.words.push_str(&visible(&body())),
        // The mail that came back is the user's own: its words say nothing of the failure.
        "message/rfc822" | "text/rfc822-headers" | "message/global" | "message/global-headers" => {
            bounce.returned = message_id(&body());
        }
        _ => part.subparts.iter().for_each(|part| gather(part, depth - 1, left, bounce)),
    }
    bounce.words.push('\n');
}

fn message_id(mail: &str) -> Option<String> {
    let (header, _) = mailparse::parse_headers(mail.as_bytes()).ok()?;
    header.get_first_value("Message-ID")
}

/// The groups of fields, which blank lines part, with folded lines joined.
fn groups(body: &str) -> Vec<String> {
    let plain = body.replace("\r\n", "\n");
    let joined = plain.replace("\n ", " ").replace("\n\t", " ");
    joined.split("\n\n").map(str::trim).filter(|group| !group.is_empty()).map(str::to_owned).collect()
}

/// The words of a page: without style sheets, scripts and tags. A tag parts words.
fn visible(html: &str) -> String {
    // One octet stays one, so that a place in the one is the same place in the other.
    let lower = html.to_ascii_lowercase();
    let mut words = String::with_capacity(html.len() / 2);
    let mut at = 0;
    while let Some(open) = html[at..].find('<').map(|open| at + open) {
        words.push_str(&html[at..open]);
        words.push(' ');
        let hidden = ["style", "script"].into_iter().find(|name| lower[open + 1..].starts_with(name));
        let end = match hidden {
            Some(name) => lower[open..].find(&format!("</{name}")).map(|end| open + end),
            None => html[open..].find('>').map(|end| open + end + 1),
        };
        at = end.unwrap_or(html.len());
    }
    words + &html[at..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_over_http_and_a_log_are_no_mail() {
        for text in [
            "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nDate: x\r\nrequest-id: y\r\n\r\n{}",
            "content-type: application/json\r\ndate: x\r\nrequest-id: y\r\n\r\n{}",
            "Nov 26 20:44:09 mx01 app: from=x\n",
            "From nobody",
            "",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn words_of_a_page_are_read_without_what_is_not_shown() {
        let html = "<STYLE>p{x}</STYLE>a<b>c</b> <script>1</script>d<i";
        assert_eq!(visible(html).split_whitespace().collect::<Vec<_>>(), ["a", "c", "d"]);
        let many = "<style>".repeat(10_000) + &"<style></style>".repeat(100_000);
        assert!(visible(&many).trim().is_empty());
    }
}

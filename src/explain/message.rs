//! A bounce: the report for programs (RFC 3464), and what stands beside it for people, in text or in HTML.

use mailparse::{MailHeaderMap as _, ParsedMail};

/// How many parts within parts are opened.
const DEEPEST: usize = 8;
/// How many parts are read.
const PARTS: usize = 50;

/// What a mail says of a failure.
#[derive(Default)]
pub(super) struct Bounce {
    /// The fields of the report, a group for the mail and one for each recipient.
    pub report: Vec<String>,
    /// The words for people.
    pub words: String,
}

/// Reads a mail. None where the text is none: a mail begins with its header.
pub(super) fn read(text: &str) -> Option<Bounce> {
    let begin = text.trim_start();
    let (header, _) = mailparse::parse_headers(begin.as_bytes()).ok()?;
    let mail = header.get_first_value("Content-Type").is_some() && header.len() > 2;
    if !mail {
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
        // The mail that came back is the user's own.
        _ => part.subparts.iter().for_each(|part| gather(part, depth - 1, left, bounce)),
    }
    bounce.words.push('\n');
}

/// The groups of fields, which blank lines part, with folded lines joined.
fn groups(body: &str) -> Vec<String> {
    let plain = body.replace("\r\n", "\n");
    let joined = plain.replace("\n ", " ").replace("\n\t", " ");
    joined.split("\n\n").map(str::trim).filter(|group| !group.is_empty()).map(str::to_owned).collect()
}

/// The words of a page: without style sheets and tags. A tag parts words.
fn visible(html: &str) -> String {
    let mut words = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        words.push_str(&rest[..open]);
        words.push(' ');
        let tag = &rest[open..];
        let hidden = ["style", "script"]
            .into_iter()
            .find(|name| tag.get(1..=name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name)));
        let end = match hidden.filter(|_| !tag.starts_with("</")) {
            Some(name) => {
                let closing = format!("</{name}");
                tag.to_ascii_lowercase().find(&closing).unwrap_or(tag.len())
            }
            None => tag.find('>').map_or(tag.len(), |end| end + 1),
        };
        rest = &tag[end.max(1)..];
    }
    words + rest
}

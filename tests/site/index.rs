//! All causes in one document, by where they are seen. A plain list without a script; with it, one that can be searched.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use o365doctor::kb::{Cause, Where};
use sha2::{Digest as _, Sha256};

use crate::html;

const SCRIPT: &str = include_str!("search.js");

/// Where a cause shows itself: anchor and heading, in the order of the index.
#[rustfmt::skip]
const PLACES: [(Where, &str, &str); 14] = [
    (Where::Smtp, "smtp", "SMTP: sending, relays and bounces"),
    (Where::Entra, "entra", "Entra ID: the login service"),
    (Where::Token, "token", "The access token"),
    (Where::Consent, "consent", "Consent"),
    (Where::Setup, "setup", "The set-up of the tenant"),
    (Where::Graph, "graph", "Microsoft Graph"),
    (Where::Ews, "ews", "Exchange Web Services"),
    (Where::Imap, "imap", "IMAP"),
    (Where::Pop, "pop", "POP"),
    (Where::Mail, "mail", "The mail as it arrived"),
    (Where::Dns, "dns", "DNS"),
    (Where::Network, "network", "The way to a server"),
    (Where::Input, "input", "What was typed"),
    (Where::Sandbox, "sandbox", "The sandbox"),
];

/// The anchor and the heading of the group in which a page stands: where it is seen first.
pub(crate) fn place(page: &Cause) -> (&'static str, &'static str) {
    let first = page.seen_in.first().expect("the build refuses a page that is seen nowhere");
    let (_, anchor, heading) = PLACES.iter().find(|(place, _, _)| place == first).expect("each place has a heading");
    (anchor, heading)
}

/// The document `index.html`.
pub(crate) fn document(pages: &[&Cause]) -> String {
    let mut body = format!(
        "<main>\n<h1>What keeps mail from flowing</h1>\n<p>{} reasons why the mail of a program does not flow through \
         Microsoft 365: what each means, who must act, and the repair. A terminal shows the same \
         with <code>o365doctor explain</code>.</p>\n\
         <search hidden>\n<label for=\"q\">A code, an error message, or some words</label>\n\
         <input id=\"q\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" placeholder=\"535 5.7.139, AADSTS7000215, \
         send as, dns-admin\">\n<p id=\"count\" role=\"status\"></p>\n<ol id=\"found\" class=\"list\"></ol>\n</search>\n\
         <div id=\"all\">\n<nav><ul>\n",
        pages.len()
    );
    let groups = PLACES.iter().filter(|(place, _, _)| pages.iter().any(|page| page.seen_in.first() == Some(place)));
    for (_, anchor, heading) in groups.clone() {
        let _ = writeln!(body, "<li><a href=\"#{anchor}\">{heading}</a>");
    }
    body.push_str("</ul></nav>\n");
    for (place, anchor, heading) in groups {
        let _ = writeln!(
            body,
            "<section id=\"{anchor}\">\n<h2><a href=\"#{anchor}\">{heading}</a></h2>\n<ul class=\"list\">"
        );
        for page in pages.iter().filter(|page| page.seen_in.first() == Some(place)) {
            item(&mut body, page);
        }
        body.push_str("</ul>\n</section>\n");
    }
    let _ = write!(body, "</div>\n</main>\n<script>{SCRIPT}</script>\n");
    let policy = format!("script-src 'sha256-{}'; ", STANDARD.encode(Sha256::digest(SCRIPT.as_bytes())));
    html::document("Why mail does not flow through Microsoft 365 · o365doctor", &policy, &body)
}

/// So many codes of a page are shown; a range of fifty would fill a screen.
const SHOWN: usize = 8;

/// A line. What the search looks at besides is in attributes: who acts, the codes, a server's texts one a line.
fn item(body: &mut String, page: &Cause) {
    let shown = page.codes.iter().take(SHOWN).map(|code| format!(" <code>{}</code>", html::text(code)));
    let more = match page.codes.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let who = serde_json::to_value(page.who).expect("a word");
    let _ = writeln!(
        body,
        "<li data-w=\"{}\" data-c=\"{}\" data-m=\"{}\"><a href=\"{}.html\">{}</a><small>{}{}{more} · {}</small>",
        who.as_str().expect("a word"),
        html::text(&page.codes.join("\n")),
        html::text(&page.matches.join("\n")),
        page.id,
        html::text(page.title),
        page.id,
        shown.collect::<String>(),
        html::text(page.who.label()),
    );
}

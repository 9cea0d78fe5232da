//! One cause as a document.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use o365doctor::kb::{Cause, Depth};
use o365doctor::scripts;

use crate::{html, index};

/// What stands in a repair for the reader's own values: of Contoso, as in the vendor's own examples.
const VALUES: [(&str, &str); 15] = [
    ("tenant", "contoso.onmicrosoft.com"),
    ("client_id", "11111111-2222-3333-4444-555555555555"),
    ("object_id", "66666666-7777-8888-9999-000000000000"),
    ("mailbox", "app@contoso.com"),
    ("looked_into", "app@contoso.com"),
    ("from", "app@contoso.com"),
    ("user", "megan@contoso.com"),
    ("to", "bob@fabrikam.com"),
    ("domain", "contoso.com"),
    ("login", "login.microsoftonline.com"),
    ("smtp", "smtp.office365.com"),
    ("smtp_port", "587"),
    ("spf_include", "spf.protection.outlook.com"),
    ("environment", "O365Default"),
    ("message_id", "<0a1b2c3d@contoso.com>"),
];

/// The page of `docs/causes/ID.html`.
pub(crate) fn document(page: &Cause) -> String {
    let (place, heading) = index::place(page);
    let mut body = format!(
        "<nav><a href=\"index.html\">All causes</a> › <a href=\"index.html#{place}\">{}</a></nav>\n\
         <main>\n<h1>{}</h1>\n",
        html::text(heading),
        html::text(page.title)
    );
    facts(&mut body, page);
    for (anchor, title, text) in sections(page) {
        let _ = write!(
            body,
            "<section id=\"{anchor}\">\n<h2><a href=\"#{anchor}\">{title}</a></h2>\n{}</section>\n",
            html::markdown(&filled(page, text))
        );
    }
    recognised(&mut body, page);
    sources(&mut body, page);
    body.push_str("</main>\n");
    html::document(&format!("{} · o365doctor", page.title), "", &body)
}

/// Each section that the page has: anchor, title, text.
fn sections(page: &Cause) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    [
        ("official-text", "Official text", page.official),
        ("meaning", "Meaning", page.meaning),
        ("causes", "Causes", page.causes),
        ("repair", "Repair", page.repair),
        ("check-again", "Check again", page.recheck),
        ("sample", "Sample", page.sample),
    ]
    .into_iter()
    .filter(|(_, _, text)| !text.is_empty())
}

fn filled(page: &Cause, template: &str) -> String {
    let values: BTreeMap<String, String> = VALUES.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    // A sample and a vendor's text are words of a server, with braces of their own.
    if [page.sample, page.official].contains(&template) {
        return template.to_owned();
    }
    scripts::fill(template, &values).unwrap_or_else(|e| panic!("{}: {e}", page.id))
}

/// Who acts, with what role, for how long, and what a scanner will say.
fn facts(body: &mut String, page: &Cause) {
    let _ = write!(body, "<dl>\n<dt>Cause<dd><code>{}</code>", page.id);
    if page.depth == Depth::Brief {
        body.push_str(" (a brief page: the official text and what it means)");
    }
    let _ = write!(body, "\n<dt>Who acts<dd>{}", html::text(page.who.label()));
    let posture = page.posture.join(", ");
    for (term, value) in [("Least role", page.role), ("Takes", page.wait), ("Scanner rules", &posture)] {
        if !value.is_empty() {
            let _ = write!(body, "\n<dt>{term}<dd>{}", html::text(value));
        }
    }
    let _ = write!(body, "\n<dt>In a terminal<dd><code>o365doctor explain {}</code>\n</dl>\n", page.id);
}

/// The codes, each with its anchor, and the words of a server that lead here.
fn recognised(body: &mut String, page: &Cause) {
    if page.codes.is_empty() && page.matches.is_empty() {
        return;
    }
    body.push_str("<section id=\"recognised\">\n<h2><a href=\"#recognised\">Recognised by</a></h2>\n<ul>\n");
    for code in page.codes {
        let _ = writeln!(body, "<li id=\"{}\"><code>{}</code>", anchor(code), html::text(code));
    }
    for words in page.matches {
        let _ = writeln!(body, "<li><q>{}</q>", html::text(&words.replace('*', " … ")));
    }
    body.push_str("</ul>\n</section>\n");
}

/// `535 5.7.139` as `code-535-5.7.139`.
fn anchor(code: &str) -> String {
    let sign = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '-' };
    format!("code-{}", code.chars().map(sign).collect::<String>())
}

fn sources(body: &mut String, page: &Cause) {
    body.push_str("<footer>\n<ul>\n");
    for link in page.links {
        let shown = link.trim_start_matches("https://");
        let _ = writeln!(body, "<li><a href=\"{}\">{}</a>", html::text(link), html::text(shown));
    }
    let _ = write!(body, "</ul>\n<p>Source: {}. Checked {}.", html::text(page.source), html::text(page.checked));
    if [page.meaning, page.causes, page.repair, page.recheck].iter().any(|text| text.contains("{{")) {
        body.push_str(
            " The names of Contoso and the numbers in the commands are examples: put your own in their place. \
             <code>o365doctor checkup</code> shows the repair with those of your profile.",
        );
    }
    body.push_str("</p>\n</footer>\n");
}

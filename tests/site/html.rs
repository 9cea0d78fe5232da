//! What all documents of the site share: escaping, the frame around a body, Markdown.

use pulldown_cmark::{CowStr, Event, Parser, Tag, TagEnd};

use o365doctor::kb;

/// A text as it may stand in an element or in an attribute.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A whole document. `script` is what a policy says of scripts, ending in `;`, or nothing.
///
/// `file:` stands beside `'self'` because a browser may count a file on the disk as of no origin.
pub(crate) fn document(title: &str, script: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'self' file:; {script}\
         base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{}</title>\n<link rel=\"stylesheet\" href=\"style.css\">\n{body}</html>\n",
        text(title)
    )
}

/// Markdown as HTML. Tags in it are shown as text, a link leads to `https` or nowhere, and a cause that is named in code is
/// a link to its page.
pub(crate) fn markdown(source: &str) -> String {
    let mut inert = false;
    let events = Parser::new(source).filter_map(move |event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Some(Event::Text(raw)),
        Event::Start(Tag::Link { ref dest_url, .. }) if !dest_url.starts_with("https://") => {
            inert = true;
            None
        }
        Event::End(TagEnd::Link) if inert => {
            inert = false;
            None
        }
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Code(code) => Some(named(&code).map_or(Event::Code(code), |link| Event::InlineHtml(CowStr::from(link)))),
        other => Some(other),
    });
    let mut out = String::new();
    pulldown_cmark::html::push_html(&mut out, events);
    out
}

/// A link to the page that `code` names, if it names one.
fn named(code: &str) -> Option<String> {
    let id = code.strip_prefix("o365doctor explain ").unwrap_or(code);
    let page = kb::all().iter().find(|page| page.id == id)?;
    Some(format!("<a href=\"{}.html\"><code>{}</code></a>", page.id, text(code)))
}

//! The pages of the knowledge base as a site under `docs/causes`: one file a cause, and an index that can be searched
//! without a network. Here it is made, and held fresh; the program itself carries none of it.
//!
//! With `UPDATE_DOCS=1` in the environment the site is written anew instead of compared (`scripts/docs.sh`).

mod html;
mod index;
mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use o365doctor::kb;

/// More than a reader on a slow line should wait for: the index holds a line for each page.
const LARGEST_INDEX: usize = 400 * 1024;
const LARGEST_PAGE: usize = 24 * 1024;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/causes")
}

/// Every file of the site, by name.
fn site() -> BTreeMap<String, String> {
    let pages = kb::all().iter().map(|page| (format!("{}.html", page.id), page::document(page)));
    let shared = [
        ("index.html".to_owned(), index::document(kb::all())),
        ("style.css".to_owned(), include_str!("style.css").to_owned()),
    ];
    pages.chain(shared).collect()
}

/// What stands between `before` and the next `"`.
fn values<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(|rest| rest.split('"').next())
}

#[test]
fn site_is_fresh() {
    let (folder, site) = (folder(), site());
    if std::env::var("UPDATE_DOCS").is_ok_and(|value| value == "1") {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in &site {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let there: BTreeSet<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let wanted: BTreeSet<String> = site.keys().cloned().collect();
    assert_eq!(there, wanted, "files of docs/causes; run scripts/docs.sh");
    for (name, text) in &site {
        let found = fs::read_to_string(folder.join(name)).unwrap();
        assert!(found == *text, "docs/causes/{name} is not fresh; run scripts/docs.sh");
    }
}

#[test]
fn every_page_stands_in_the_index_once_with_its_codes() {
    let index = index::document(kb::all());
    for page in kb::all() {
        assert_eq!(index.matches(&format!("href=\"{}.html\"", page.id)).count(), 1, "{}", page.id);
        assert!(page.codes.iter().all(|code| index.contains(&html::text(code))), "{}", page.id);
    }
}

#[test]
fn links_and_anchors_lead_somewhere() {
    let site = site();
    for (name, text) in &site {
        let ids: Vec<&str> = values(text, " id=\"").collect();
        let distinct: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), distinct.len(), "{name}: an id stands twice");
        for link in values(text, " href=\"").filter(|link| !link.starts_with("https://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { Some(text) } else { site.get(file) };
            let target = target.unwrap_or_else(|| panic!("{name}: {link} leads nowhere"));
            assert!(anchor.is_empty() || target.contains(&format!(" id=\"{anchor}\"")), "{name}: {link}");
        }
    }
}

#[test]
fn nothing_is_asked_of_a_network_and_each_file_is_small() {
    for (name, text) in site().iter().filter(|(name, _)| *name != "style.css") {
        assert!(text.contains("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"), "{name}");
        let bodies =
            ["<script src", "<img", "<iframe", "<form", "@import", "url(", "javascript:", " style=\"", " onclick"];
        // A page may speak of any of these; only in text they are escaped or stand without a tag around them.
        let tags: String =
            text.split('<').skip(1).filter_map(|rest| rest.split('>').next()).map(|t| format!("<{t}")).collect();
        assert!(bodies.iter().all(|word| !tags.contains(word)), "{name}");
        assert_eq!(tags.contains("<script"), name == "index.html", "{name}");
        let bound = if name == "index.html" { LARGEST_INDEX } else { LARGEST_PAGE };
        assert!(text.len() <= bound, "{name}: {} octets", text.len());
        assert!(!text.contains("{{"), "{name}: a placeholder is left");
    }
}

#[test]
fn markdown_becomes_text_that_can_do_nothing() {
    let out = html::markdown(
        "A <script>alert(1)</script> of **`<b>`**.\n\n[x](javascript:alert(1)) <https://a.example/>\n\n```sh\na < b\n```",
    );
    assert!(out.contains("&lt;script&gt;") && !out.contains("<script"), "{out}");
    assert!(out.contains("<strong><code>&lt;b&gt;</code></strong>") && out.contains("a &lt; b"), "{out}");
    assert!(!out.contains("javascript:") && out.contains("href=\"https://a.example/\""), "{out}");
    assert_eq!(html::text("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
}

#[test]
fn a_cause_that_is_named_in_code_is_a_link() {
    let out =
        html::markdown("See `smtp-auth-off-tenant`, or `o365doctor explain relay-access-denied`, not `no-such-page`.");
    assert!(out.contains("<a href=\"smtp-auth-off-tenant.html\"><code>smtp-auth-off-tenant</code></a>"), "{out}");
    assert!(
        out.contains("<a href=\"relay-access-denied.html\"><code>o365doctor explain relay-access-denied</code></a>"),
        "{out}"
    );
    assert_eq!(out.matches("<a ").count(), 2, "{out}");
}

//! Build script: turns the pages under `src/kb` and the stories under `fixtures/scenarios` into Rust
//! statics, so that start-up reads nothing and a cause that has no page does not compile.
//! Refuses a page that is incomplete.

#![allow(clippy::disallowed_macros, reason = "a build script speaks to cargo on standard output")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

const WHERE: [&str; 14] = [
    "input", "network", "entra", "consent", "token", "smtp", "imap", "pop", "graph", "ews", "mail", "dns", "setup",
    "sandbox",
];
const WHO: [&str; 7] =
    ["developer", "tenant-admin", "exchange-admin", "dns-admin", "network-admin", "user", "microsoft"];
/// The sections of a full page, in order; `depth = "brief"` has the first two only.
const FULL: [&str; 5] = ["Meaning", "Causes", "Repair", "Check again", "Sample"];
const BRIEF: [&str; 2] = ["Official text", "Meaning"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    id: String,
    title: String,
    seen_in: Vec<String>,
    codes: Vec<String>,
    matches: Vec<String>,
    depth: String,
    who: String,
    role: String,
    wait: String,
    posture: Vec<String>,
    links: Vec<String>,
    checked: String,
    source: String,
}

fn main() {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let out = PathBuf::from(std::env::var("OUT_DIR").expect("set by cargo"));
    println!("cargo::rerun-if-changed=src/kb");
    println!("cargo::rerun-if-changed=fixtures/scenarios");
    println!("cargo::rerun-if-changed=scripts/embed.rs");

    fs::write(out.join("kb.rs"), pages(&root.join("src/kb"))).expect("OUT_DIR is writable");
    let scenarios = scenarios(&root.join("fixtures/scenarios"));
    fs::write(out.join("scenarios.rs"), scenarios).expect("OUT_DIR is writable");
}

fn pages(folder: &Path) -> String {
    let mut pages = BTreeMap::new();
    for file in files(folder, "md") {
        let (header, sections) = read_page(&file);
        let literal = literal(&header, &sections);
        let id = header.id.clone();
        assert!(pages.insert(id.clone(), (header.title, literal)).is_none(), "two pages have the id {id}");
    }
    let mut code = String::new();
    for (id, (title, literal)) in &pages {
        let name = constant(id);
        writeln!(code, "/// {}.\npub static {name}: Cause = {literal};", doc(title)).expect("a String");
    }
    code.push_str("/// Every page, by id.\npub static ALL: &[&Cause] = &[\n");
    for id in pages.keys() {
        writeln!(code, "    &{},", constant(id)).expect("a String");
    }
    code.push_str("];\n");
    code
}

fn read_page(file: &Path) -> (Header, BTreeMap<String, String>) {
    let name = file.display();
    let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{name}: {e}"));
    let rest = text.strip_prefix("+++\n").unwrap_or_else(|| panic!("{name}: no +++ on line 1"));
    let (head, body) = rest.split_once("\n+++\n").unwrap_or_else(|| panic!("{name}: header not closed"));
    let header: Header = toml::from_str(head).unwrap_or_else(|e| panic!("{name}: {e}"));
    let sections = sections(body);
    complete(&header, &sections, file);
    (header, sections)
}

/// Splits at `## Title` lines outside of fences.
fn sections(body: &str) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let (mut title, mut fenced) = (String::new(), false);
    for line in body.lines() {
        fenced ^= line.starts_with("```");
        match line.strip_prefix("## ") {
            Some(next) if !fenced => next.trim().clone_into(&mut title),
            _ => {
                let text = found.entry(title.clone()).or_default();
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    found.into_iter().map(|(title, text)| (title, text.trim().to_owned())).collect()
}

fn complete(header: &Header, sections: &BTreeMap<String, String>, file: &Path) {
    let name = file.display();
    let stem = file.file_stem().map(|s| s.to_string_lossy().into_owned());
    assert_eq!(stem.as_deref(), Some(header.id.as_str()), "{name}: id and file name differ");
    assert!(!header.title.is_empty() && header.title.len() <= 90, "{name}: title of 1 to 90 octets");
    assert!(!header.seen_in.is_empty(), "{name}: seen_in is empty");
    for place in &header.seen_in {
        assert!(WHERE.contains(&place.as_str()), "{name}: seen_in {place} is not one of {WHERE:?}");
    }
    assert!(WHO.contains(&header.who.as_str()), "{name}: who is not one of {WHO:?}");
    assert!(!header.links.is_empty() && !header.source.is_empty(), "{name}: no link or no source");
    assert_eq!(header.checked.len(), 10, "{name}: checked is a date, YYYY-MM-DD");
    let wanted: &[&str] = match header.depth.as_str() {
        "full" => &FULL,
        "brief" => &BRIEF,
        other => panic!("{name}: depth {other} is neither full nor brief"),
    };
    for title in wanted {
        let text = sections.get(*title).map_or("", String::as_str);
        assert!(!text.is_empty(), "{name}: section `{title}` is missing or empty");
    }
    let strange = sections.iter().find(|(t, text)| !text.is_empty() && !wanted.contains(&t.as_str()));
    assert!(strange.is_none(), "{name}: unknown section {:?}", strange.map(|(title, _)| title));
}

fn literal(header: &Header, sections: &BTreeMap<String, String>) -> String {
    let section = |title: &str| sections.get(title).cloned().unwrap_or_default();
    let depth = if header.depth == "full" { "Full" } else { "Brief" };
    format!(
        "Cause {{ id: {:?}, title: {:?}, seen_in: &[{}], codes: &{:?}, matches: &{:?}, depth: Depth::{depth}, \
         who: Who::{}, role: {:?}, wait: {:?}, posture: &{:?}, links: &{:?}, checked: {:?}, source: {:?}, \
         official: {:?}, meaning: {:?}, causes: {:?}, repair: {:?}, recheck: {:?}, sample: {:?} }}",
        header.id,
        header.title,
        header.seen_in.iter().map(|w| format!("Where::{}", pascal(w))).collect::<Vec<_>>().join(", "),
        header.codes,
        header.matches,
        pascal(&header.who),
        header.role,
        header.wait,
        header.posture,
        header.links,
        header.checked,
        header.source,
        section("Official text"),
        section("Meaning"),
        section("Causes"),
        section("Repair"),
        section("Check again"),
        section("Sample"),
    )
}

fn scenarios(folder: &Path) -> String {
    let mut code = String::from("&[\n");
    for file in files(folder, "toml") {
        let stem = file.file_stem().expect("it has an ending").to_string_lossy().into_owned();
        writeln!(code, "    ({stem:?}, include_str!({:?})),", file.display().to_string()).expect("a String");
    }
    code.push_str("]\n");
    code
}

/// Files with this ending, at any depth, sorted.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn constant(id: &str) -> String {
    id.replace('-', "_").to_uppercase()
}

fn pascal(word: &str) -> String {
    let capital = |part: &str| part[..1].to_uppercase() + &part[1..];
    word.split('-').map(capital).collect()
}

/// A title as a doc comment: rustdoc takes `<x>` for HTML and `[x]` for a link.
fn doc(title: &str) -> String {
    title.replace('<', "\\<").replace('[', "\\[")
}

//! Recorded visits, judged and rendered, letter by letter: a change of what people and programs read is seen in a
//! review. `scripts/golden.sh` writes the files anew.

use std::fs;
use std::path::{Path, PathBuf};

use o365doctor::facts::Visit;
use o365doctor::render::style::Style;
use o365doctor::render::{self, Format};
use o365doctor::report::Report;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn visits() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("fixtures/visits")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn read(file: &Path) -> Visit {
    let text = fs::read_to_string(file).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// Every format of a visit, by the ending of its file. The version is that of the program, not of the format.
fn rendered(visit: &Visit) -> Vec<(&'static str, String)> {
    let report = Report::of(visit.clone(), false);
    let style = |unicode| Style { unicode, width: 80 };
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    let shown = |format, unicode, verbose| render::report(&report, format, style(unicode), verbose);
    let json = shown(Format::Json, true, false);
    assert!(json.contains(&version), "{json}");
    vec![
        ("txt", shown(Format::Text, true, false)),
        ("ascii.txt", shown(Format::Text, false, false)),
        ("verbose.txt", shown(Format::Text, true, true)),
        ("json", json.replace(&version, "\"version\": \"VERSION\"")),
        ("md", shown(Format::Markdown, true, false)),
    ]
}

/// The first line that differs, with its number.
fn difference(wanted: &str, found: &str) -> String {
    let (mut wanted_lines, mut found_lines) = (wanted.lines(), found.lines());
    for number in 1.. {
        match (wanted_lines.next(), found_lines.next()) {
            (None, None) => break,
            (wanted, found) if wanted == found => {}
            (wanted, found) => return format!("line {number}\n  was: {wanted:?}\n  is:  {found:?}"),
        }
    }
    "the line ends".to_owned()
}

#[test]
fn visits_are_rendered_as_before() {
    // What is compared is the text; whether colours reach a stream is decided per stream.
    colored::control::set_override(false);
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut faults = Vec::new();
    let mut written = Vec::new();
    for file in visits() {
        let name = file.file_stem().unwrap().to_str().unwrap();
        for (ending, text) in rendered(&read(&file)) {
            let golden = root().join("tests/golden").join(format!("{name}.{ending}"));
            if update {
                fs::write(&golden, &text).unwrap();
            }
            let wanted = fs::read_to_string(&golden).unwrap_or_default().replace("\r\n", "\n");
            if wanted != text {
                faults.push(format!("{name}.{ending}: {}", difference(&wanted, &text)));
            }
            written.push(golden);
        }
    }
    for entry in fs::read_dir(root().join("tests/golden")).unwrap() {
        let path = entry.unwrap().path();
        if !written.contains(&path) {
            faults.push(format!("{} belongs to no visit", path.display()));
        }
    }
    assert!(faults.is_empty(), "{}\nIf this is meant: scripts/golden.sh", faults.join("\n"));
    assert!(written.len() >= 15, "the visits were not found");
}

#[test]
fn text_keeps_to_its_width_and_ascii_to_ascii() {
    colored::control::set_override(false);
    for file in visits() {
        for (ending, text) in rendered(&read(&file)) {
            if ending == "ascii.txt" {
                let other: Vec<char> = text.chars().filter(|c| !c.is_ascii()).collect();
                assert!(other.is_empty(), "{}: {other:?}", file.display());
            }
            let marks = ["  ✓ ", "  + "];
            for line in text.lines().filter(|line| ending != "json" && marks.iter().any(|m| line.starts_with(m))) {
                assert!(line.chars().count() <= 80, "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn a_visit_is_judged_the_same_after_masking() {
    for file in visits() {
        let visit = read(&file);
        let words = |visit: &Visit| -> Vec<String> {
            let report = Report::of(visit.clone(), false);
            let line = |f: &o365doctor::report::FindingReport| format!("{} {:?} {:?}", f.check, f.outcome, f.cause);
            report.findings.iter().map(line).collect()
        };
        assert_eq!(words(&o365doctor::share::masked(&visit)), words(&visit), "{}", file.display());
    }
}

#[test]
fn a_recorded_visit_reads_back_as_it_was_written() {
    for file in visits() {
        let value: serde_json::Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(serde_json::to_value(read(&file)).unwrap(), value, "{}", file.display());
    }
}

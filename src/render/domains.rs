//! The results of a list of domains, a line for each: JSON lines, comma-separated values, or words for a person.

use serde::Deserialize;

use super::json::escaped;
use super::style::{Style, printable};
use crate::bulk::{DomainLine, Kept};
use crate::facts::FORMAT;
use crate::report::{Summary, Word};

/// The formats of a list's results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// For a person at a terminal.
    Text,
    /// For a program: a value of JSON a line; `o365doctor schema --lines` describes it.
    Json,
    /// For a spreadsheet (RFC 4180).
    Csv,
}

/// Columns of the table before those of the checks.
const COLUMNS: [&str; 10] =
    ["domain", "exit_code", "pass", "warn", "fail", "unproven", "skipped", "not_observed", "first_cause", "error"];

impl Lines {
    /// What stands before the first line, with its end; mostly nothing.
    pub fn head(self) -> String {
        match self {
            Lines::Text | Lines::Json => String::new(),
            Lines::Csv => {
                let cells: Vec<&str> = COLUMNS.into_iter().chain(checks()).collect();
                cells.join(",") + "\n"
            }
        }
    }

    /// One result, with its end of line. There is no other end of line in it.
    pub fn line(self, line: &DomainLine, style: Style) -> String {
        match self {
            Lines::Text => text(line, style),
            // Plain data with string keys; writing it can not fail.
            Lines::Json => escaped(&serde_json::to_string(line).unwrap_or_default()) + "\n",
            Lines::Csv => csv(line),
        }
    }

    /// Reads what [`Lines::line`] or [`Lines::head`] wrote, without its end: none where it is neither.
    pub fn read(self, number: u64, line: &str) -> Option<Kept> {
        match self {
            Lines::Text => None,
            Lines::Json => {
                let own: Own = serde_json::from_str(line).ok().filter(|own: &Own| own.format == FORMAT)?;
                Some(Kept::Result { domain: own.domain, failed: own.summary.exit_code != 0 })
            }
            Lines::Csv if number == 1 => (format!("{line}\n") == self.head()).then_some(Kept::Head),
            Lines::Csv => {
                let (domain, rest) = first_cell(line)?;
                let code = rest.split(',').next().filter(|code| ["0", "1"].contains(code))?;
                Some(Kept::Result { domain, failed: code == "1" })
            }
        }
    }
}

/// What is looked at in a line that was written before.
#[derive(Deserialize)]
struct Own {
    format: u32,
    domain: String,
    summary: OwnSummary,
}

#[derive(Deserialize)]
struct OwnSummary {
    exit_code: u8,
}

/// The checks of a domain, in the order of the report.
fn checks() -> impl Iterator<Item = &'static str> {
    crate::checks::all().into_iter().filter(|check| check.topic() == "dns").map(|check| check.id)
}

fn csv(line: &DomainLine) -> String {
    let Summary { exit_code, pass, warn, fail, unproven, skipped, not_observed, first_cause } = &line.summary;
    let counts = [pass, warn, fail, unproven, skipped, not_observed].map(ToString::to_string);
    let ends = [first_cause.unwrap_or_default(), line.error.as_deref().unwrap_or_default()].map(cell);
    let of_check = |check| {
        let finding = line.findings.iter().find(|finding| finding.check == check);
        finding.map_or(String::new(), |finding| {
            let cause = finding.cause.map(|cause| format!(" {cause}")).unwrap_or_default();
            format!("{}{cause}", finding.outcome.as_str())
        })
    };
    let cells: Vec<String> = [cell(&line.domain), exit_code.to_string()]
        .into_iter()
        .chain(counts)
        .chain(ends)
        .chain(checks().map(of_check))
        .collect();
    cells.join(",") + "\n"
}

/// A text in a cell: in quotes where it has a sign of the format, and never a formula, for a spreadsheet would carry it out.
fn cell(text: &str) -> String {
    let text = printable(text);
    let text = if text.starts_with(FORMULA) { format!("'{text}") } else { text };
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// What a spreadsheet takes for the beginning of a formula, and the sign that keeps it from that.
const FORMULA: [char; 5] = ['=', '+', '-', '@', '\''];

/// The text of the first cell as it was before [`cell`], and what follows behind the comma.
fn first_cell(line: &str) -> Option<(String, &str)> {
    let (text, rest) = match line.strip_prefix('"') {
        None => line.split_once(',').map(|(text, rest)| (text.to_owned(), rest))?,
        Some(quoted) => {
            let end = quoted.replace("\"\"", "xx").find('"')?;
            (quoted[..end].replace("\"\"", "\""), quoted[end + 1..].strip_prefix(',')?)
        }
    };
    Some((text.strip_prefix('\'').unwrap_or(&text).to_owned(), rest))
}

fn text(line: &DomainLine, style: Style) -> String {
    let summary = &line.summary;
    let rows = [(summary.fail, "fail"), (summary.warn, "warn"), (summary.unproven, "unproven"), (summary.pass, "pass")];
    let counts: Vec<String> =
        rows.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let outcome = match summary {
        _ if line.error.is_some() => Word::Fail,
        Summary { fail: 1.., .. } => Word::Fail,
        Summary { warn: 1.., .. } => Word::Warn,
        Summary { unproven: 1.., .. } => Word::Unproven,
        _ => Word::Pass,
    };
    let causes = line.findings.iter().filter(|finding| matches!(finding.outcome, Word::Fail | Word::Warn));
    let mut causes: Vec<&str> = causes.filter_map(|finding| finding.cause).collect();
    causes.dedup();
    let words = line.error.clone().unwrap_or_else(|| counts.join(", "));
    let causes = if causes.is_empty() { String::new() } else { format!(": {}", causes.join(", ")) };
    format!("{} {}  {}{causes}\n", style.mark(outcome), printable(&line.domain), printable(&words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unread(domain: &str, why: &str) -> DomainLine {
        DomainLine::unread(domain.to_owned(), why.to_owned())
    }

    #[test]
    fn a_cell_is_never_a_formula_and_stays_one_cell() {
        let cases = [
            ("contoso.com", "contoso.com"),
            ("=1+1", "'=1+1"),
            ("@x", "'@x"),
            ("'=1", "''=1"),
            ("-a,b", "\"'-a,b\""),
            ("say \"a\"", "\"say \"\"a\"\"\""),
            ("a\nb\u{9b}", "a\\u{a}b\\u{9b}"),
            ("\t=1", " =1"),
        ];
        for (text, wanted) in cases {
            assert_eq!(cell(text), wanted, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_can_be_read_again() {
        let names = ["contoso.com", "=1+1", "'", "'=", "a,b", "\"a\",\"\"", "-", "\u{202e}a\u{1b}[2J"];
        for name in names {
            for lines in [Lines::Json, Lines::Csv] {
                let text = lines.line(&unread(name, "line 1 is no domain name, \"really\""), Style::default());
                let line = text.strip_suffix('\n').unwrap();
                assert!(!line.contains(char::is_control), "{line:?}");
                let kept = lines.read(2, line).unwrap();
                let wanted = if lines == Lines::Json { name.to_owned() } else { printable(name) };
                assert_eq!(kept, Kept::Result { domain: wanted, failed: true }, "{line}");
            }
        }
    }

    #[test]
    fn lines_of_others_are_none_of_ours() {
        let head = Lines::Csv.head();
        assert_eq!(Lines::Csv.read(1, head.trim_end()), Some(Kept::Head));
        assert_eq!(Lines::Csv.read(1, "domain,exit_code"), None);
        assert_eq!(Lines::Csv.read(2, "contoso.com,9,1"), None);
        assert_eq!(Lines::Json.read(1, head.trim_end()), None);
        assert_eq!(Lines::Json.read(1, r#"{"format":2,"domain":"a.b","summary":{"exit_code":0}}"#), None);
        assert_eq!(Lines::Text.read(1, "contoso.com"), None);
    }
}

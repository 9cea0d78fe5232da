//! The table of a log.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use colored::Colorize as _;
use serde_json::{Value, json};

use super::Format;
use super::explain::fill;
use super::style::{Style, in_short, printable, wrap};
use crate::facts::FORMAT;
use crate::logs::{Group, Names};
use crate::share::Words;

/// As many names stand in a line of text.
const SHOWN: usize = 5;

/// What was read, and what came of it.
pub struct LogReport<'a> {
    /// Most frequent first.
    pub groups: Vec<&'a Group>,
    /// Octets read, unpacked.
    pub octets: u64,
    /// Why the log could not be read to its end.
    pub damage: Option<String>,
    /// Whether names are masked.
    pub share: bool,
}

/// The table in this format.
pub fn log(report: &LogReport<'_>, format: Format, style: Style) -> String {
    let mut mask = Mask(report.share.then(Words::default));
    match format {
        Format::Json => json(report, &mut mask),
        Format::Markdown => markdown(report, &mut mask),
        Format::Text => text(report, &mut mask, style),
    }
}

struct Mask(Option<Words>);

impl Mask {
    fn text(&mut self, text: &str) -> String {
        self.0.as_mut().map_or_else(|| text.to_owned(), |words| words.masked(text))
    }

    fn names(&mut self, names: &Names) -> Vec<String> {
        names.names.iter().map(|name| self.text(name)).collect()
    }

    /// For a person: the first few.
    fn list(&mut self, names: &Names) -> String {
        let all = self.names(names);
        let shown = all.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
        match all.len().saturating_sub(SHOWN) {
            _ if names.more => shown + ", and many more",
            0 => shown,
            left => format!("{shown}, and {left} more"),
        }
    }
}

fn json(report: &LogReport<'_>, mask: &mut Mask) -> String {
    let causes: Vec<Value> = report
        .groups
        .iter()
        .map(|group| {
            let page = group.cause;
            let servers: Vec<Value> =
                group.servers.iter().map(|(name, count)| json!({"server": mask.text(name), "count": count})).collect();
            json!({
                "id": page.id, "title": page.title, "who": page.who, "count": group.count,
                "first_seen": group.first.as_ref().map(|stamp| &stamp.text),
                "last_seen": group.last.as_ref().map(|stamp| &stamp.text),
                "senders": mask.names(&group.senders), "more_senders": group.senders.more,
                "recipients": mask.names(&group.recipients), "more_recipients": group.recipients.more,
                "servers": servers, "server_unnamed": group.unnamed, "sample": mask.text(&group.sample), "repair": fill(page.repair, &BTreeMap::new()),
                "recheck": fill(page.recheck, &BTreeMap::new()), "links": page.links,
            })
        })
        .collect();
    let value = json!({
        "format": FORMAT, "causes": causes, "octets": report.octets, "damage": report.damage,
        "unrecognised": report.groups.is_empty(),
    });
    format!("{value:#}\n")
}

fn text(report: &LogReport<'_>, mask: &mut Mask, style: Style) -> String {
    let mut out = String::new();
    for group in &report.groups {
        let page = group.cause;
        let _ = writeln!(out, "{:>8}  {} [{}]", group.count, page.title.bold(), page.id);
        for (label, words) in rows(group, mask) {
            row(&mut out, label, &words, style);
        }
        let (first, block) = in_short(&fill(page.repair, &BTreeMap::new()));
        row(&mut out, "who", page.who.label(), style);
        row(&mut out, "do", &first, style);
        for line in block.lines() {
            let _ = writeln!(out, "{:21}{}", "", printable(line).bold());
        }
        let _ = writeln!(out, "{:10}{:<10} o365doctor explain {}\n", "", "more".dimmed(), page.id);
    }
    closing(&mut out, report);
    out
}

fn row(out: &mut String, label: &str, words: &str, style: Style) {
    for (n, line) in wrap(&printable(words), style.width.saturating_sub(21)).iter().enumerate() {
        let label = if n == 0 { label } else { "" };
        let _ = writeln!(out, "{:10}{:<10} {line}", "", label.dimmed());
    }
}

fn rows(group: &Group, mask: &mut Mask) -> Vec<(&'static str, String)> {
    let when = match (&group.first, &group.last) {
        (Some(first), Some(last)) if first != last => format!("{} to {}", first.text, last.text),
        (Some(first), _) => first.text.clone(),
        _ => String::new(),
    };
    let servers: Vec<String> =
        group.servers.iter().map(|(name, count)| format!("{} ({count})", mask.text(name))).collect();
    let unnamed = match group.unnamed {
        0 => String::new(),
        lines => format!("{lines} of the lines name no server, and the code is one that others use as well"),
    };
    let rows = [
        ("seen", when),
        ("servers", servers.join(", ")),
        ("from", mask.list(&group.senders)),
        ("to", mask.list(&group.recipients)),
        ("note", unnamed),
        ("sample", mask.text(&group.sample)),
    ];
    rows.into_iter().filter(|(_, words)| !words.is_empty()).collect()
}

fn closing(out: &mut String, report: &LogReport<'_>) {
    if let Some(damage) = &report.damage {
        let _ = writeln!(out, "The log could not be read to its end: {}", printable(damage));
    }
    if report.groups.is_empty() {
        let _ = writeln!(out, "No line of the log has a known error ({} octets read).", report.octets);
    }
}

fn markdown(report: &LogReport<'_>, mask: &mut Mask) -> String {
    let mut out = String::new();
    if !report.groups.is_empty() {
        let _ =
            writeln!(out, "| lines | cause | first seen | last seen | who acts |\n| ---: | --- | --- | --- | --- |");
    }
    for group in &report.groups {
        let at = |stamp: &Option<crate::logs::Stamp>| stamp.as_ref().map_or(String::new(), |stamp| stamp.text.clone());
        let page = group.cause;
        let (first, last) = (at(&group.first), at(&group.last));
        let _ = writeln!(
            out,
            "| {} | {} `{}` | {first} | {last} | {} |",
            group.count,
            page.title,
            page.id,
            page.who.label()
        );
    }
    for group in &report.groups {
        let _ = writeln!(out, "\n## {}\n", group.cause.title);
        for (label, words) in rows(group, mask) {
            let _ = writeln!(out, "- {label}: `{}`", printable(&words).replace('`', "'"));
        }
        let _ = writeln!(out, "\n{}", fill(group.cause.repair, &BTreeMap::new()));
    }
    closing(&mut out, report);
    out
}

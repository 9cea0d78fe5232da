//! For a ticket or a wiki.

use std::fmt::Write as _;

use super::style::printable;
use crate::access::Access;
use crate::report::{FindingReport, Report, Word};

pub(super) fn report(report: &Report) -> String {
    let mut out = format!("# o365doctor {}\n\n", report.command);
    setup(&mut out, report);
    if let Some(links) = report.facts.consent.as_ref().and_then(|consent| consent.links.as_ref()) {
        let _ = writeln!(out, "- Link for an administrator (v2.0): <{}>", links.v2);
        let _ = writeln!(
            out,
            "- Classic link: <{}>\n- state: `{}`\n- redirect URI: `{}`\n",
            links.classic, links.state, links.redirect_uri
        );
    }
    side_by_side(&mut out, report);
    ways(&mut out, report);
    if !report.findings.is_empty() {
        out.push_str("| | Check | Road | What was seen |\n| --- | --- | --- | --- |\n");
        for finding in &report.findings {
            row(&mut out, finding);
        }
        out.push('\n');
    }
    roads(&mut out, report);
    for finding in report.findings.iter().filter(|finding| finding.repair.is_some()) {
        section(&mut out, finding);
    }
    out
}

fn setup(out: &mut String, report: &Report) {
    let setup = &report.setup;
    let rows = [
        ("Cloud", Some(&setup.cloud.name)),
        ("Tenant", setup.tenant.as_ref()),
        ("Client id", setup.client_id.as_ref()),
        ("Mailbox", setup.mailbox.as_ref()),
        ("Domain", setup.domain.as_ref()),
    ];
    for (label, value) in rows {
        if let Some(value) = value {
            let _ = writeln!(out, "- {label}: {}", code(value));
        }
    }
    let _ = writeln!(out, "- Observed at: {}\n", report.facts.observed_at);
}

fn side_by_side(out: &mut String, report: &Report) {
    let Some(mailbox) = &report.mailbox else { return };
    out.push_str("| Road | connect | TLS | audience | role | login | mailbox |\n");
    out.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
    for row in &mailbox.table {
        let cells = [row.connect, row.tls, row.audience, row.role, row.login, row.mailbox].map(mark);
        let _ = writeln!(out, "| {} | {} |", row.road, cells.join(" | "));
    }
    let cause = mailbox.conclusion.cause.map(|cause| format!(" (`{cause}`)")).unwrap_or_default();
    let _ = writeln!(out, "\n**{}**{cause}\n", mailbox.conclusion.text);
}

fn ways(out: &mut String, report: &Report) {
    let Some(ways) = &report.ways else { return };
    out.push_str("| | Road | Why |\n| --- | --- | --- |\n");
    for way in &ways.table {
        let cause = way.cause.map(|cause| format!(" (`{cause}`)")).unwrap_or_default();
        let _ = writeln!(out, "| {} | {} | {}{cause} |", mark(way.outcome), way.road.label(), cell(&way.reason));
    }
    let _ = writeln!(out, "\n**{}**\n", ways.conclusion.text);
}

fn mark(outcome: Word) -> &'static str {
    match outcome {
        Word::Pass => "✓",
        Word::Warn => "!",
        Word::Fail => "✗",
        Word::Unproven => "?",
        Word::Skipped | Word::NotObserved => "–",
    }
}

fn row(out: &mut String, finding: &FindingReport) {
    let mark = mark(finding.outcome);
    let words = match (finding.outcome, &finding.because) {
        (Word::Skipped, Some(check)) => format!("skipped, hangs on `{check}`"),
        (Word::NotObserved, Some(why)) => cell(why),
        _ => finding.evidence.first().map(|words| code(words)).unwrap_or_default(),
    };
    let road = finding.road.map(|road| road.to_string()).unwrap_or_default();
    let _ = writeln!(out, "| {mark} | {} (`{}`) | {road} | {words} |", finding.title, finding.check);
}

fn roads(out: &mut String, report: &Report) {
    let Some(roads) = &report.roads else { return };
    out.push_str("## Roads that this token opens\n\n| Road | Open | Why |\n| --- | --- | --- |\n");
    for row in roads {
        let (open, why) = match &row.access {
            Access::Yes(why) => ("yes", why),
            Access::No(why) => ("no", why),
            Access::Unproven(why) => ("unproven", why),
        };
        let _ = writeln!(out, "| {} | {open} | {} |", row.road, cell(why));
    }
    out.push('\n');
}

fn section(out: &mut String, finding: &FindingReport) {
    let _ = writeln!(out, "## {}\n", finding.cause_title.unwrap_or_default());
    let _ = writeln!(out, "Check `{}`, cause `{}`.\n", finding.check, finding.cause.unwrap_or_default());
    if !finding.evidence.is_empty() {
        let longest =
            finding.evidence.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let _ = writeln!(out, "{fence}text");
        for line in &finding.evidence {
            let _ = writeln!(out, "{}", printable(line));
        }
        let _ = writeln!(out, "{fence}\n");
    }
    if let Some(who) = finding.who {
        let role = finding.role.map(|role| format!(" (least role: {role})")).unwrap_or_default();
        let _ = writeln!(out, "**Who acts:** {}{role}\n", who.label());
    }
    let _ = writeln!(out, "**Repair.** {}\n", finding.repair.as_deref().unwrap_or_default());
    let _ = writeln!(out, "**Check again.** {}\n", finding.recheck.as_deref().unwrap_or_default());
    if let Some(link) = finding.link {
        let _ = writeln!(out, "<{link}>\n");
    }
}

/// Text in a table cell: nothing in it is Markdown or HTML.
fn cell(text: &str) -> String {
    let mut safe = String::new();
    for character in printable(text).chars() {
        match character {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' | '!' | '~' => {
                safe.push('\\');
                safe.push(character);
            }
            c => safe.push(c),
        }
    }
    safe
}

/// Text as code. Where a bar would end the cell or a backtick the code, it is no code but text without Markdown:
/// renderers do not agree on what a backslash before a bar means within code.
fn code(text: &str) -> String {
    if text.contains(['`', '|', '\\']) || text.trim().is_empty() {
        return cell(text);
    }
    format!("`{}`", printable(text))
}

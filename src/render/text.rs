//! For a person at a terminal: a line a check, and under what needs a look the words it rests on, the cause, who
//! acts, the repair and how to check again.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use colored::Colorize as _;

use super::style::{Style, in_short, printable, wrap};
use crate::access::Access;
use crate::claims::meaning;
use crate::conclusion::{SideBySide, Ways};
use crate::facts::{ConsentLinks, Line, SmtpFacts, TokenFacts};
use crate::report::{FindingReport, Report, Summary, Word};

/// Where the words beside a claim begin.
const WORDS_AT: usize = 38;

pub(super) fn report(report: &Report, style: Style, verbose: bool) -> String {
    let mut out = String::new();
    heading(&mut out, report);
    if let Some(links) = report.facts.consent.as_ref().and_then(|consent| consent.links.as_ref()) {
        consent_links(&mut out, links, style);
    }
    if matches!(report.command.as_str(), "check-token" | "login") {
        claims(&mut out, report, style);
    }
    if let Some(mailbox) = &report.mailbox {
        side_by_side(&mut out, mailbox, style);
    }
    if let Some(found) = &report.ways {
        ways(&mut out, found, style);
    }
    let mut topic = "";
    let mut told = BTreeSet::new();
    for finding in shown(&report.findings) {
        if finding.topic != topic {
            topic = finding.topic;
            let _ = writeln!(out, "{}", topic_title(topic).bold());
        }
        line(&mut out, finding, &report.findings, style);
        if finding.repair.is_some() && explained_by(finding, &report.findings).is_none() {
            let first = told.insert(finding.cause);
            details(&mut out, finding, first, style);
        }
    }
    skipped(&mut out, &report.findings, style);
    roads(&mut out, report, style);
    for (_, smtp) in report.facts.smtp_talks().filter(|_| report.command == "probe-send") {
        steps(&mut out, smtp, style);
    }
    if verbose {
        if let Some(dns) = &report.facts.dns {
            super::records::text(&mut out, dns);
            super::policy::text(&mut out, &dns.spf);
        }
        for (_, smtp) in report.facts.smtp_talks() {
            transcript(&mut out, &smtp.server, &smtp.transcript);
        }
        let looking = report.facts.confirm.as_deref().and_then(|confirm| confirm.imap.as_ref());
        for talk in report.facts.imap.iter().chain(&report.facts.pop).chain(looking) {
            transcript(&mut out, &talk.server, &talk.transcript);
        }
    }
    if !report.findings.is_empty() {
        summary(&mut out, &report.summary);
    }
    out
}

fn heading(out: &mut String, report: &Report) {
    let setup = &report.setup;
    let of = if report.command == "check-dns" { &setup.domain } else { &setup.mailbox };
    let subject = of.as_ref().map(|name| format!(" {}", printable(name))).unwrap_or_default();
    let _ = writeln!(out, "{}{subject} ({})\n", report.command.bold(), printable(&setup.cloud.name));
    if setup.masked {
        let _ = writeln!(out, "Names and ids are masked; the commands hold stand-ins.\n");
    }
}

/// A check that passes on several roads is one line; skipped ones are folded at the end.
fn shown(findings: &[FindingReport]) -> impl Iterator<Item = &FindingReport> {
    findings.iter().enumerate().filter_map(|(n, finding)| {
        let before = &findings[..n];
        let folded = before.iter().any(|other| other.check == finding.check && told_together(other, finding));
        (finding.outcome != Word::Skipped && !folded).then_some(finding)
    })
}

/// Whether two findings of one check take one line: where both pass, and where the roads of port 25 share a dialogue,
/// and so its faults.
fn told_together(one: &FindingReport, other: &FindingReport) -> bool {
    let of_port_25 = |finding: &FindingReport| finding.road.is_some_and(crate::road::Road::is_port_25);
    let same = || one.cause == other.cause && one.evidence == other.evidence && one.because == other.because;
    one.outcome == other.outcome && (one.outcome == Word::Pass || of_port_25(one) && of_port_25(other) && same())
}

fn line(out: &mut String, finding: &FindingReport, all: &[FindingReport], style: Style) {
    let mut claim = finding.title.to_owned();
    let roads: Vec<String> = all
        .iter()
        .filter(|other| other.check == finding.check && told_together(other, finding))
        .filter_map(|other| other.road.map(|road| road.to_string()))
        .collect();
    let several = all.iter().filter(|other| other.check == finding.check).count() > 1;
    if several && (roads.len() > 1 || finding.outcome == Word::Pass) {
        let _ = write!(claim, " ({})", roads.join(", "));
    } else if let (true, Some(road)) = (several, finding.road) {
        let _ = write!(claim, " ({road})");
    }
    let words = match finding.outcome {
        Word::Pass => finding.evidence.first().map(String::as_str).unwrap_or_default(),
        Word::NotObserved => finding.because.as_deref().unwrap_or_default(),
        _ => "",
    };
    let words = match explained_by(finding, all) {
        Some(check) => format!("see {check}"),
        None => printable(words),
    };
    let _ = write!(out, "  {} {claim}", style.mark(finding.outcome));
    if !words.is_empty() {
        let gap = WORDS_AT.saturating_sub(claim.chars().count()).max(2);
        let room = style.width.saturating_sub(4 + claim.chars().count() + gap);
        let _ = write!(out, "{:gap$}{}", "", shorten(&words, room).dimmed());
    }
    out.push('\n');
    // What a mail leaves behind is worth its lines.
    if finding.outcome == Word::Pass
        && matches!(finding.check, "send.accepted" | "graph.send" | "ews.send" | "confirm.found")
    {
        for words in finding.evidence.iter().skip(1) {
            let _ = writeln!(out, "      {}", printable(words));
        }
    }
}

/// The failure further on that shows what an unproven check of the same road could not decide.
fn explained_by<'a>(finding: &FindingReport, all: &'a [FindingReport]) -> Option<&'a str> {
    let behind = all.iter().skip_while(|other| !std::ptr::eq(*other, finding)).skip(1);
    let mut logins = behind.filter(|other| {
        let login = other.check.split_once('.').is_some_and(|(_, claim)| claim == "login");
        other.road == finding.road && (login || other.check == "ews.mailbox")
    });
    let doubt = finding.outcome == Word::Unproven && finding.check == "token.role";
    logins.find(|login| doubt && login.outcome == Word::Fail).map(|login| login.check)
}

fn shorten(words: &str, room: usize) -> String {
    if words.chars().count() <= room {
        return words.to_owned();
    }
    let kept: String = words.chars().take(room.saturating_sub(2)).collect();
    format!("{kept}..")
}

/// What was seen, and what to do; a cause that was told before is only named.
fn details(out: &mut String, finding: &FindingReport, first: bool, style: Style) {
    let width = style.width.saturating_sub(14);
    let mut row = |label: &str, text: &str| {
        for (n, line) in wrap(text, width).into_iter().enumerate() {
            let label = if n == 0 { label } else { "" };
            let _ = writeln!(out, "      {:<7} {line}", label.dimmed());
        }
    };
    for (n, words) in finding.evidence.iter().enumerate() {
        row(if n == 0 { "seen" } else { "" }, &printable(words));
    }
    let again = if first { "" } else { ", as above" };
    row(
        "cause",
        &format!("{} [{}]{again}", finding.cause_title.unwrap_or_default(), finding.cause.unwrap_or_default()),
    );
    if !first {
        return;
    }
    if let Some(who) = finding.who {
        let role = finding.role.map(|role| format!(" ({role})")).unwrap_or_default();
        row("who", &format!("{}{role}", who.label()));
    }
    let (sentence, block) = in_short(finding.repair.as_deref().unwrap_or_default());
    row("repair", &printable(&sentence));
    for line in block.lines() {
        let _ = writeln!(out, "                {}", printable(line).bold());
    }
    if let Some(wait) = finding.wait {
        let _ = writeln!(out, "      {:<7} {wait}", "wait".dimmed());
    }
    let again = first_command(finding.recheck.as_deref().unwrap_or_default());
    if !again.is_empty() {
        let _ = writeln!(out, "      {:<7} {}", "again".dimmed(), printable(&again));
    }
    let more = finding.cause.unwrap_or_default();
    let _ = writeln!(out, "      {:<7} o365doctor explain {more}", "more".dimmed());
    if let Some(link) = finding.link {
        let _ = writeln!(out, "      {:<7} {link}", "link".dimmed());
    }
}

/// The first of our own commands in a text.
fn first_command(text: &str) -> String {
    let quoted = text.split('`').skip(1).step_by(2).find(|part| part.starts_with("o365doctor"));
    let line = text.lines().map(str::trim).find(|line| line.starts_with("o365doctor"));
    quoted.or(line).unwrap_or_default().to_owned()
}

fn skipped(out: &mut String, findings: &[FindingReport], style: Style) {
    let mut roots: Vec<&str> = Vec::new();
    for root in findings.iter().filter(|f| f.outcome == Word::Skipped).filter_map(|f| f.because.as_deref()) {
        if !roots.contains(&root) {
            roots.push(root);
        }
    }
    for root in roots {
        let hang: Vec<&str> = findings
            .iter()
            .filter(|f| f.outcome == Word::Skipped && f.because.as_deref() == Some(root))
            .map(|f| f.check)
            .collect();
        let count = hang.len();
        // What is asked on several roads is named once.
        let mut names: Vec<&str> = Vec::new();
        for name in hang {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let text = format!("{count} skipped, for they hang on {root}: {}", names.join(", "));
        for (n, line) in wrap(&text, style.width.saturating_sub(4)).into_iter().enumerate() {
            let mark = if n == 0 { style.mark(Word::Skipped) } else { " ".to_owned() };
            let _ = writeln!(out, "  {mark} {}", line.dimmed());
        }
    }
}

fn claims(out: &mut String, report: &Report, style: Style) {
    for token in &report.facts.tokens {
        let fields =
            token.header.iter().map(|field| ("header", field)).chain(token.claims.iter().map(|field| ("claim", field)));
        let mut last = "";
        if let (true, Some(resource)) = (report.facts.tokens.len() > 1, token.resource) {
            let _ = writeln!(out, "{}", format!("Token for {}", resource.label()).bold());
        }
        for (part, (name, value)) in fields {
            if part != last {
                let _ = writeln!(out, "{}", if part == "header" { "Header" } else { "Claims" }.bold());
                last = part;
            }
            let value = printable(&crate::claims::shown(name, value));
            // Whoever made the token chose the names too.
            let shown = shorten(&printable(name), style.width.max(60) - 15);
            let _ = writeln!(out, "  {shown:<12} {}", shorten(&value, style.width.max(60) - 15));
            if let Some(meaning) = meaning(name) {
                let _ = writeln!(out, "  {:<12} {}", "", meaning.dimmed());
            }
        }
        if !last.is_empty() {
            out.push('\n');
        }
        raw(out, token);
    }
}

fn raw(out: &mut String, token: &TokenFacts) {
    if let Some(user) = &token.sasl_user {
        let _ = writeln!(out, "It was wrapped in an XOAUTH2 string for user={}\n", printable(user));
    }
}

fn roads(out: &mut String, report: &Report, style: Style) {
    let Some(roads) = &report.roads else { return };
    let _ = writeln!(out, "{}", "Roads that this token opens".bold());
    for row in roads {
        let (outcome, why) = match &row.access {
            Access::Yes(why) => (Word::Pass, why),
            Access::No(why) => (Word::Fail, why),
            Access::Unproven(why) => (Word::Unproven, why),
        };
        for (n, line) in wrap(&printable(why), style.width.saturating_sub(13)).into_iter().enumerate() {
            let (mark, road) =
                if n == 0 { (style.mark(outcome), row.road.to_string()) } else { (" ".to_owned(), String::new()) };
            let _ = writeln!(out, "  {mark} {road:<7}  {line}");
        }
    }
}

/// The roads side by side, a column a stage, and what they mean together.
fn side_by_side(out: &mut String, mailbox: &SideBySide, style: Style) {
    let _ = writeln!(out, "{}", "Road      connect  TLS  audience  role  login  mailbox".bold());
    for row in &mailbox.table {
        let cells = [(row.connect, 9), (row.tls, 5), (row.audience, 10), (row.role, 6), (row.login, 7)];
        let _ = write!(out, "  {:<8}", row.road);
        // A coloured mark is longer than it is wide, so the gap stands by itself.
        for (word, width) in cells {
            let _ = write!(out, "{}{:gap$}", style.mark(word), "", gap = width - 1);
        }
        let _ = writeln!(out, "{}", style.mark(row.mailbox));
    }
    out.push('\n');
    let cause = mailbox.conclusion.cause.map(|cause| format!(" [{cause}]")).unwrap_or_default();
    for line in wrap(&format!("{}{cause}", mailbox.conclusion.text), style.width) {
        let _ = writeln!(out, "{}", line.bold());
    }
    out.push('\n');
}

/// Where the reason of a road begins.
const REASON_AT: usize = 31;

/// The roads of a host, a line a road with its reason, and which of them are open.
fn ways(out: &mut String, found: &Ways, style: Style) {
    let _ = writeln!(out, "{}", "Roads of this host".bold());
    for way in &found.table {
        let cause = way.cause.map(|cause| format!(" [{cause}]")).unwrap_or_default();
        let reason = format!("{}{cause}", printable(&way.reason));
        for (n, line) in wrap(&reason, style.width.saturating_sub(REASON_AT)).into_iter().enumerate() {
            let (mark, road) = if n == 0 { (style.mark(way.outcome), way.road.label()) } else { (" ".to_owned(), "") };
            let _ = writeln!(out, "  {mark} {road:<25}  {line}");
        }
    }
    out.push('\n');
    for line in wrap(&found.conclusion.text, style.width) {
        let _ = writeln!(out, "{}", line.bold());
    }
    out.push('\n');
}

fn consent_links(out: &mut String, links: &ConsentLinks, style: Style) {
    let _ = writeln!(out, "{}\n{}\n", "The link for an administrator (v2.0)".bold(), links.v2);
    let _ =
        writeln!(out, "{}\n{}\n", "The classic link, for all permissions of the registration".bold(), links.classic);
    let _ = writeln!(out, "state        {}", links.state);
    let _ = writeln!(out, "scope        {}", links.scope);
    let _ = writeln!(out, "redirect URI {}", links.redirect_uri);
    let hint = "The redirect URI must be registered: entra.microsoft.com, App registrations, the application, \
                Authentication, Add a platform, Web. Afterwards give the address that the browser ends at to: \
                o365doctor consent-url --read ADDRESS --state STATE";
    for line in wrap(hint, style.width) {
        let _ = writeln!(out, "{line}");
    }
}

/// How long each step took.
fn steps(out: &mut String, smtp: &SmtpFacts, style: Style) {
    let steps: Vec<String> = smtp.steps.iter().map(|step| format!("{} {} ms", step.stage.label(), step.ms)).collect();
    let _ = writeln!(out, "{}", "Time of each step".bold());
    for line in wrap(&steps.join(", "), style.width.saturating_sub(2)) {
        let _ = writeln!(out, "  {line}");
    }
}

fn transcript(out: &mut String, server: &str, lines: &[Line]) {
    let _ = writeln!(out, "{} {}", "Transcript of".bold(), server.bold());
    for line in lines {
        let _ = writeln!(out, "  {:>6} ms {} {}", line.ms, line.side, printable(&line.text));
    }
}

fn summary(out: &mut String, summary: &Summary) {
    let counts = [
        (summary.pass, "passed"),
        (summary.warn, "warned"),
        (summary.fail, "failed"),
        (summary.unproven, "unproven"),
        (summary.skipped, "skipped"),
        (summary.not_observed, "not observed"),
    ];
    let words: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let _ = writeln!(out, "\n{}", words.join(", ").bold());
}

fn topic_title(topic: &str) -> &str {
    match topic {
        "setup" => "Input",
        "dns" => "Domain",
        "credential" => "Credential",
        "entra" => "Login service",
        "token" => "Token",
        "exchange" => "Exchange, as the administrator's script read it",
        "smtp" => "SMTP",
        "imap" => "IMAP",
        "pop" => "POP",
        "submission" => "SMTP submission",
        "send" => "Probe mail",
        "graph" => "Microsoft Graph",
        "ews" => "Exchange Web Services",
        "confirm" => "The mail as it arrived",
        "consent" => "Consent",
        other => other,
    }
}

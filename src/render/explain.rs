//! Explanations: a page as it is read, for a person or a program.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use colored::Colorize as _;
use serde_json::{Value, json};

use super::Format;
use super::style::{Style, plain, printable, wrap};
use crate::access::Access;
use crate::claims;
use crate::explain::{Explanation, Pasted, Question, unrecognised};
use crate::facts::FORMAT;
use crate::kb::{self, Cause, Match};
use crate::scripts;

/// The matches for a program: most specific first.
pub fn matches_json(explanation: &Explanation) -> String {
    let matches: Vec<Value> = explanation.matches.iter().map(|found| match_json(found, &explanation.values)).collect();
    let also: Vec<Value> = explanation.also.iter().map(|found| match_json(found, &explanation.values)).collect();
    let ids: BTreeMap<&str, &str> = explanation.ids.iter().map(|(label, id)| (*label, id.as_str())).collect();
    let value = json!({
        "format": FORMAT, "matches": matches, "also": also, "unrecognised": !explanation.recognised(),
        "question": explanation.question.as_ref().map(question_json), "shared_code": explanation.shared_code,
        "similar": explanation.similar, "ids": ids, "token": explanation.token.as_ref().map(token_json),
    });
    format!("{value:#}\n")
}

fn match_json(found: &Match, values: &Values) -> Value {
    let fill = |text| fill(text, values);
    let page = found.cause;
    json!({
        "id": page.id, "title": page.title, "who": page.who, "matched": found.matched,
        "meaning": fill(page.meaning), "causes": fill(page.causes), "repair": fill(page.repair),
        "recheck": fill(page.recheck), "links": page.links, "source": page.source, "checked": page.checked,
    })
}

fn question_json(question: &Question) -> Value {
    let choice = |(when, page): &(String, &Cause)| json!({"when": when, "id": page.id, "title": page.title});
    json!({"text": question.text, "choices": question.choices.iter().map(choice).collect::<Vec<_>>()})
}

fn token_json(seen: &Pasted) -> Value {
    json!({"user": seen.token.sasl_user, "header": seen.token.header, "claims": seen.token.claims, "roads": seen.roads})
}

/// What the claims of a pasted token say, and which roads it opens.
fn token(out: &mut String, seen: &Pasted) {
    let _ = writeln!(out, "{}", "The text holds an access token; it is not repeated here.".bold());
    if let Some(user) = &seen.token.sasl_user {
        let _ = writeln!(out, "  {:<20} {}", "user=", printable(user));
    }
    for (name, value) in &seen.token.claims {
        let _ = writeln!(out, "  {:<20} {}", printable(name), printable(&claims::shown(name, value)));
    }
    for row in &seen.roads {
        let (opens, why) = match &row.access {
            Access::Yes(why) => ("opens", why),
            Access::No(why) => ("does not open", why),
            Access::Unproven(why) => ("may open", why),
        };
        let _ = writeln!(out, "  {opens:<13} {:<6} {}", row.road.to_string(), printable(why));
    }
    let _ = writeln!(out, "More: o365doctor check-token --token-file FILE\n");
}

/// The page of the most specific match, and the names of the others.
pub fn explanation(explanation: &Explanation, format: Format, style: Style) -> String {
    let mut out = String::new();
    if let Some(seen) = &explanation.token {
        token(&mut out, seen);
    }
    let Some(found) = explanation.matches.first() else {
        if explanation.token.is_some() {
            return out;
        }
        unknown(&mut out, explanation, style);
        return out;
    };
    let matched = printable(&found.matched);
    if format == Format::Markdown {
        markdown(&mut out, found.cause, &matched, &explanation.values);
    } else {
        text(&mut out, found.cause, &matched, style, &explanation.values);
    }
    ids(&mut out, explanation, format);
    question(&mut out, explanation);
    others(&mut out, explanation);
    out
}

/// What support asks for, and who may have spoken.
fn ids(out: &mut String, explanation: &Explanation, format: Format) {
    let item = if format == Format::Markdown { "- " } else { "" };
    for (label, id) in &explanation.ids {
        let _ = writeln!(out, "{item}{label}: {}", printable(id));
    }
    if let Some(code) = &explanation.shared_code {
        let _ = writeln!(
            out,
            "\nNothing in the text says which server answered, and {code} is a code that every mail server may use: look \
             for the name of the host before you act on this page. See o365doctor explain another-server."
        );
    }
}

/// The one question that separates the pages which remain.
fn question(out: &mut String, explanation: &Explanation) {
    let Some(question) = &explanation.question else { return };
    let _ = writeln!(out, "\n{}", question.text.bold());
    for (when, page) in &question.choices {
        let _ = writeln!(out, "- {when}: {} [{}]", page.title, page.id);
    }
}

fn others(out: &mut String, explanation: &Explanation) {
    let others: Vec<&str> = explanation.matches.iter().skip(1).take(5).map(|found| found.cause.id).collect();
    if !others.is_empty() {
        let _ = writeln!(out, "Less specific: {}", others.join(", "));
    }
    for found in &explanation.also {
        let page = found.cause;
        let _ = writeln!(out, "Also in the text: {} [{}], matched: {}", page.title, page.id, printable(&found.matched));
    }
}

fn unknown(out: &mut String, explanation: &Explanation, style: Style) {
    let page = unrecognised();
    let _ = writeln!(out, "{} [{}]\n", page.title.bold(), page.id);
    for line in explanation.text.lines().take(5) {
        let _ = writeln!(out, "  {}", printable(line));
    }
    if !explanation.similar.is_empty() {
        let _ = writeln!(out, "\nDid you mean: {}?", explanation.similar.join(", "));
    }
    if explanation.question.is_some() {
        return question(out, explanation);
    }
    out.push('\n');
    body(out, &fill(page.meaning, &explanation.values), style);
    section(out, "Repair", &fill(page.repair, &explanation.values), style);
}

fn text(out: &mut String, page: &Cause, matched: &str, style: Style, values: &Values) {
    let fill = |text| fill(text, values);
    let _ = writeln!(out, "{} [{}]", page.title.bold(), page.id);
    let _ = writeln!(out, "{}\n", format!("matched: {matched}").dimmed());
    let role = if page.role.is_empty() { String::new() } else { format!(" ({})", page.role) };
    let _ = writeln!(out, "Who acts: {}{role}", page.who.label());
    if !page.wait.is_empty() {
        let _ = writeln!(out, "Takes: {}", page.wait);
    }
    for rule in page.posture {
        let _ = writeln!(out, "A posture scanner will name the rule {rule}");
    }
    out.push('\n');
    if page.depth == kb::Depth::Brief {
        section(out, "Official text", page.official, style);
    }
    section(out, "Meaning", &fill(page.meaning), style);
    section(out, "Causes", &fill(page.causes), style);
    section(out, "Repair", &fill(page.repair), style);
    section(out, "Check again", &fill(page.recheck), style);
    for link in page.links {
        let _ = writeln!(out, "{link}");
    }
    let _ = writeln!(out, "{}", format!("Source: {}. Checked {}.", page.source, page.checked).dimmed());
}

fn section(out: &mut String, title: &str, text: &str, style: Style) {
    if text.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", title.bold());
    body(out, text, style);
}

/// Markdown as it reads on a terminal: paragraphs wrapped, code as it stands.
fn body(out: &mut String, text: &str, style: Style) {
    let width = style.width.min(90) - 2;
    let mut paragraph = String::new();
    let mut fenced = false;
    let flush = |paragraph: &mut String, out: &mut String| {
        let indent =
            if paragraph.starts_with(|c: char| c.is_ascii_digit()) && paragraph.contains(". ") { 3 } else { 0 };
        for (n, line) in wrap(&plain(paragraph), width - indent).iter().enumerate() {
            if !line.is_empty() {
                let gap = if n == 0 { 0 } else { indent };
                let _ = writeln!(out, "  {:gap$}{}", "", printable(line));
            }
        }
        paragraph.clear();
    };
    for line in text.lines() {
        if line.starts_with("```") {
            flush(&mut paragraph, out);
            fenced = !fenced;
        } else if fenced {
            let _ = writeln!(out, "    {}", printable(line).bold());
        } else {
            let item = line.starts_with("- ") || line.split_once(". ").is_some_and(|(n, _)| n.parse::<u8>().is_ok());
            if line.trim().is_empty() || item {
                flush(&mut paragraph, out);
            }
            paragraph.push_str(line.trim());
            paragraph.push(' ');
        }
    }
    flush(&mut paragraph, out);
    out.push('\n');
}

fn markdown(out: &mut String, page: &Cause, matched: &str, values: &Values) {
    let fill = |text| fill(text, values);
    let _ = writeln!(out, "# {}\n\n`{}`, matched: `{}`\n", page.title, page.id, matched.replace('`', "'"));
    let role = if page.role.is_empty() { String::new() } else { format!(" ({})", page.role) };
    let _ = writeln!(out, "**Who acts:** {}{role}\n", page.who.label());
    let (meaning, causes) = (fill(page.meaning), fill(page.causes));
    let (repair, recheck) = (fill(page.repair), fill(page.recheck));
    let sections = [
        ("Official text", page.official),
        ("Meaning", &meaning),
        ("Causes", &causes),
        ("Repair", &repair),
        ("Check again", &recheck),
        ("Sample", page.sample),
    ];
    for (title, text) in sections.iter().filter(|(_, text)| !text.is_empty()) {
        let _ = writeln!(out, "## {title}\n\n{text}\n");
    }
    for link in page.links {
        let _ = writeln!(out, "- <{link}>");
    }
    let _ = writeln!(out, "\nSource: {}. Checked {}.\n", page.source, page.checked);
}

/// What templates are filled with.
type Values = BTreeMap<String, String>;

/// A template with the values that are known; the names of the others show as `<name>`.
pub(super) fn fill(template: &str, values: &Values) -> String {
    scripts::fill(template, values).unwrap_or_else(|_| template.to_owned())
}

/// Every page, one a line.
pub fn page_list(pages: &[&Cause]) -> String {
    pages.iter().map(|page| format!("{:<36} {}\n", page.id, page.title)).collect()
}

/// The same for a program.
pub fn page_list_json(pages: &[&Cause]) -> String {
    let rows: Vec<Value> =
        pages.iter().map(|page| json!({ "id": page.id, "title": page.title, "who": page.who })).collect();
    format!("{:#}\n", json!({ "format": FORMAT, "pages": rows }))
}

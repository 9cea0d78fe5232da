//! Which road a host can take that has no token at hand: relay through a connector, direct send, or submission, each
//! with the reason. Pure, over the findings of a run.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Conclusion, speaks};
use crate::check::{Finding, Outcome, Verdict};
use crate::kb::cause;
use crate::report::Word;
use crate::road::Road;

/// The roads of a host, and what they mean together.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Ways {
    /// A row a road.
    pub table: Vec<Way>,
    /// Which of them are open.
    pub conclusion: Conclusion,
}

/// Whether a host can take one road.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Way {
    /// The road.
    pub road: Road,
    /// `pass`: open; `unproven`: nothing speaks against it; `fail`: shut; `not-observed`: it was not asked.
    pub outcome: Word,
    /// Why.
    pub reason: String,
    /// The cause of a road that is shut or not known.
    pub cause: Option<&'static str>,
}

/// The checks that speak for the roads of port 25, in the order in which one says what is wrong. What the connector
/// knows comes before the refusal that follows from it.
const PORT_25: [&str; 11] = [
    "smtp.smart-host",
    "smtp.reach",
    "smtp.greeting",
    "smtp.starttls",
    "smtp.certificate",
    "smtp.client-certificate",
    "smtp.connector",
    "smtp.egress-spf",
    "smtp.reverse-dns",
    "smtp.sender",
    "smtp.recipient",
];
const SUBMISSION: [&str; 1] = ["submission.open"];

/// Exchange Team blog 4489835, "Updated Exchange Online SMTP AUTH Basic Authentication Deprecation Timeline" (January
/// 2026), checked 2026-11-27: off by default for existing tenants from the end of December 2026, on again where an
/// administrator wants it; the date of the end is to be announced in the second half of 2027.
const SUBMISSION_OPEN: &str = "The port answers, with TLS. It wants a mailbox and OAuth, which check-mailbox tries; a \
                               password (Basic AUTH) is off by default from the end of December 2026.";

/// The table of a run, and what it means.
pub fn of(findings: &[Finding]) -> Ways {
    let table = vec![
        port_25(Road::Relay, findings),
        port_25(Road::Direct, findings),
        way(Road::Smtp, &SUBMISSION, findings, SUBMISSION_OPEN),
    ];
    let conclusion = conclusion(&table);
    Ways { table, conclusion }
}

fn port_25(road: Road, findings: &[Finding]) -> Way {
    way(road, &PORT_25, findings, "The recipient was taken.")
}

/// The first failure shuts a road; else the first doubt leaves it open; else what was not asked says so.
fn way(road: Road, checks: &[&str], findings: &[Finding], open: &str) -> Way {
    let of_check = |id: &&str| findings.iter().find(|finding| finding.check.id == *id && speaks(finding, road));
    let own: Vec<&Finding> = checks.iter().filter_map(of_check).collect();
    let found = |wanted: fn(&Verdict) -> bool| {
        let judged = |finding: &&&Finding| matches!(&finding.outcome, Outcome::Judged(verdict) if wanted(verdict));
        own.iter().find(judged).and_then(|finding| finding.reason())
    };
    if let Some(reason) = found(|verdict| matches!(verdict, Verdict::Fail(_))) {
        return Way { road, outcome: Word::Fail, reason: sentence(reason.cause.title), cause: Some(reason.cause.id) };
    }
    if let Some(reason) = found(|verdict| matches!(verdict, Verdict::Unproven(_))) {
        let reason_words = match reason.cause {
            so_far if *so_far == cause::RELAY_ACCEPTED_SO_FAR => {
                format!("Taken as far as RCPT TO; probe-send --via {road} proves it.")
            }
            other => sentence(other.title),
        };
        return Way { road, outcome: Word::Unproven, reason: reason_words, cause: Some(reason.cause.id) };
    }
    match own.last().map(|finding| &finding.outcome) {
        Some(Outcome::Judged(_)) => Way { road, outcome: Word::Pass, reason: open.to_owned(), cause: None },
        Some(Outcome::NotObserved(why)) => Way { road, outcome: Word::NotObserved, reason: sentence(why), cause: None },
        _ => Way { road, outcome: Word::NotObserved, reason: "It was not looked at.".to_owned(), cause: None },
    }
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

fn conclusion(table: &[Way]) -> Conclusion {
    let with = |word: Word| table.iter().filter(move |way| way.outcome == word);
    let roads = |ways: &mut dyn Iterator<Item = &Way>| ways.map(|way| way.road).collect::<Vec<Road>>();
    let open = roads(&mut with(Word::Pass));
    let so_far = roads(&mut with(Word::Unproven).filter(|way| way.cause == Some(cause::RELAY_ACCEPTED_SO_FAR.id)));
    let shut = roads(&mut with(Word::Fail));
    let mut text = Vec::new();
    if !open.is_empty() {
        text.push(format!("This host can use {}.", labels(&open)));
    }
    if !so_far.is_empty() {
        text.push(format!("Nothing speaks against {} so far.", labels(&so_far)));
    }
    if text.is_empty() {
        text.push("No road is known to be open to this host.".to_owned());
    }
    let cause = with(Word::Fail).find_map(|way| way.cause);
    let open = [open, roads(&mut with(Word::Unproven))].concat();
    Conclusion { text: text.join(" "), cause, open, shut }
}

fn labels(roads: &[Road]) -> String {
    let labels: Vec<&str> = roads.iter().map(|road| road.label()).collect();
    labels.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(road: Road, outcome: Word, cause: Option<&'static str>) -> Way {
        Way { road, outcome, reason: String::new(), cause }
    }

    #[test]
    fn the_conclusion_names_what_is_open_and_what_only_seems_so() {
        let so_far = Some(cause::RELAY_ACCEPTED_SO_FAR.id);
        let all = conclusion(&[
            row(Road::Relay, Word::Unproven, so_far),
            row(Road::Direct, Word::Fail, Some("direct-send-rejected")),
            row(Road::Smtp, Word::Pass, None),
        ]);
        assert_eq!(
            all.text,
            "This host can use SMTP submission. Nothing speaks against relay through a connector so far."
        );
        assert_eq!((all.open, all.shut), (vec![Road::Smtp, Road::Relay], vec![Road::Direct]));
        assert_eq!(all.cause, Some("direct-send-rejected"));
    }

    #[test]
    fn a_doubt_of_another_kind_opens_no_road() {
        let unknown = row(Road::Relay, Word::Unproven, Some(cause::SMART_HOST_UNKNOWN.id));
        assert_eq!(conclusion(&[unknown]).text, "No road is known to be open to this host.");
        assert_eq!(sentence("no address"), "No address.");
    }
}

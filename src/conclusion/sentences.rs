//! From the rows to words: the roads that end for the same reason share a sentence.

use super::{Conclusion, RoadRow};
use crate::check::Finding;
use crate::kb::{Cause, cause};
use crate::report::Word;
use crate::road::Road;

/// Where a road ends, in the order in which one says it: what lies nearest to the start comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// No token, or none that is good for anything.
    Token,
    /// The server can not be reached, or TLS does not begin.
    Network,
    /// The token is for another API, or has no right there.
    Grant,
    /// Exchange does not know the application.
    Registration,
    /// The mailbox does not let it in.
    Right,
    /// All is set, and not yet in force.
    Time,
    /// The protocol is switched off.
    Switch,
    /// A policy forbids it, and says so.
    Policy,
    /// A refusal that stands for several faults.
    Bare,
    /// Anything else.
    Other,
}

const REGISTRATION: [&Cause; 3] =
    [&cause::EXCHANGE_NOT_REGISTERED, &cause::EXCHANGE_WRONG_OBJECT_ID, &cause::EXCHANGE_REGISTRATION_REFUSED];
const RIGHT: [&Cause; 6] = [
    &cause::MAILBOX_RIGHT_MISSING,
    &cause::MAILBOX_STAYS_SHUT,
    &cause::RBAC_BESIDE_API_PERMISSION,
    &cause::RBAC_OUT_OF_SCOPE,
    &cause::EXCHANGE_MAILBOX_MISSING,
    &cause::IMAP_MAILBOX_NOT_CONNECTED,
];
const SWITCH: [&Cause; 3] = [&cause::MAILBOX_PROTOCOL_OFF, &cause::SMTP_AUTH_OFF_MAILBOX, &cause::SMTP_AUTH_OFF_TENANT];
const BARE: [&Cause; 4] =
    [&cause::SMTP_LOGIN_REFUSED, &cause::IMAP_LOGIN_REFUSED, &cause::POP_LOGIN_REFUSED, &cause::SMTP_REFUSED_IMAP_OPEN];

/// The roads that end alike.
struct Group<'a> {
    end: End,
    cause: &'static Cause,
    /// The first finding of them.
    finding: &'a Finding,
    roads: Vec<Road>,
}

pub(super) fn conclusion(rows: &[(RoadRow, Option<&Finding>)]) -> Conclusion {
    let groups = groups(rows);
    let open: Vec<Road> = rows.iter().filter(|(_, failure)| failure.is_none()).map(|(row, _)| row.road).collect();
    let shut = rows.iter().filter(|(_, failure)| failure.is_some()).map(|(row, _)| row.road).collect();
    let mut text: Vec<String> = Vec::new();
    let good = groups.iter().all(|group| group.end > End::Grant);
    // One title says so itself.
    let said = groups.first().is_some_and(|group| *group.cause == cause::MAILBOX_STAYS_SHUT);
    if good && !said && !groups.is_empty() {
        text.push("Token and Entra are fine.".to_owned());
    }
    text.extend(groups.iter().map(|group| sentence(group, &open, rows.len())));
    text.extend(of_open(rows, groups.is_empty()));
    Conclusion { text: text.join(" "), cause: groups.first().map(|group| group.cause.id), open, shut }
}

fn groups<'a>(rows: &[(RoadRow, Option<&'a Finding>)]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (row, failure) in rows {
        let Some((finding, reason)) = failure.and_then(|finding| Some((finding, finding.reason()?))) else { continue };
        let end = end(finding, reason.cause);
        // What differs between the roles of two roads is their name alone.
        let alike = |group: &&mut Group<'_>| {
            let same = group.cause == reason.cause
                || (end == End::Grant && of_audience(group.finding) == of_audience(finding));
            group.end == end && same
        };
        match groups.iter_mut().find(alike) {
            Some(group) => group.roads.push(row.road),
            None => groups.push(Group { end, cause: reason.cause, finding, roads: vec![row.road] }),
        }
    }
    groups.sort_by_key(|group| group.end);
    groups
}

fn of_audience(finding: &Finding) -> bool {
    finding.check.id == "token.audience"
}

fn end(finding: &Finding, cause: &Cause) -> End {
    let among = |causes: &[&Cause]| causes.iter().any(|known| **known == *cause);
    let (topic, claim) = finding.check.id.split_once('.').unwrap_or_default();
    match (topic, claim) {
        ("token", "audience" | "role") => return End::Grant,
        ("token" | "entra" | "credential", _) => return End::Token,
        (_, "reach" | "greeting" | "starttls" | "certificate") => return End::Network,
        _ => {}
    }
    let said = finding.reason().map(|reason| reason.evidence.join(" ")).unwrap_or_default();
    match () {
        () if *cause == cause::SMTP_ROLE_MISSING_REFUSED => End::Grant,
        () if among(&REGISTRATION) => End::Registration,
        () if among(&RIGHT) => End::Right,
        () if *cause == cause::EXCHANGE_CHANGE_NOT_IN_FORCE => End::Time,
        () if among(&SWITCH) => End::Switch,
        // The service gives this code to all that a policy forbids (smtp-replies.json).
        () if said.starts_with("535 5.7.139") => End::Policy,
        () if among(&BARE) => End::Bare,
        () => End::Other,
    }
}

fn sentence(group: &Group<'_>, open: &[Road], all: usize) -> String {
    let roads = listed(&group.roads);
    let title = lower(group.cause.title);
    let only = if group.roads.len() == 1 && open.len() + 1 == all && all > 1 { "Only " } else { "" };
    let verb = |one: &'static str, many: &'static str| if group.roads.len() == 1 { one } else { many };
    match group.end {
        End::Token if group.roads.len() == all => {
            format!("No road was tried to its end, for the token itself: {title}.")
        }
        End::Token => format!("{roads} {} no good token: {title}.", verb("has", "have")),
        End::Network => {
            format!(
                "{only}{roads} {} not begin from this computer: {title}; the token played no part.",
                verb("does", "do")
            )
        }
        End::Grant if of_audience(group.finding) => {
            format!("The token is not for the API of {roads}: {title}.")
        }
        End::Grant => format!("The token has no right for {roads}; it was not granted in Entra."),
        End::Registration => {
            let others: Vec<Road> =
                open.iter().copied().filter(|road| matches!(road, Road::Graph | Road::Ews)).collect();
            let others = match others.len() {
                0 => String::new(),
                1 => format!("; {} does not ask for that entry", listed(&others)),
                _ => format!("; {} do not ask for that entry", listed(&others)),
            };
            format!("{}: {roads} {} the application itself{others}.", group.cause.title, verb("refuses", "refuse"))
        }
        End::Right => format!("{}: {roads} {} shut.", group.cause.title, verb("stays", "stay")),
        End::Time => format!("{}: {roads} {} still shut.", group.cause.title, verb("is", "are")),
        End::Switch if *group.cause == cause::MAILBOX_PROTOCOL_OFF => {
            format!("{only}{roads} {} most likely switched off for this mailbox.", verb("is", "are"))
        }
        End::Switch => format!("{only}{roads} {} by a switch: {title}.", verb("refuses", "refuse")),
        End::Policy => format!("{only}{roads} {} by policy: {title}.", verb("refuses", "refuse")),
        End::Bare => {
            let end =
                "without a reason; what powershell --part verify prints, given as --exchange-state, parts the causes";
            format!("{only}{roads} {} {end}.", verb("refuses", "refuse"))
        }
        End::Other if group.cause.title.starts_with(&roads) => format!("{}.", group.cause.title),
        End::Other => format!("{only}{roads} {}: {title}.", verb("fails", "fail")),
    }
}

/// What is said of the roads that nothing shuts.
fn of_open(rows: &[(RoadRow, Option<&Finding>)], all: bool) -> Vec<String> {
    let open = || rows.iter().filter(|(_, failure)| failure.is_none()).map(|(row, _)| row);
    let proven: Vec<Road> = open().filter(|row| good(row.login) && good(row.mailbox)).map(|row| row.road).collect();
    let untried: Vec<Road> = open().filter(|row| row.connect == Word::NotObserved).map(|row| row.road).collect();
    let unproven: Vec<Road> =
        open().map(|row| row.road).filter(|road| !proven.contains(road) && !untried.contains(road)).collect();
    let mut text = Vec::new();
    match (all, proven.len(), unproven.is_empty() && untried.is_empty()) {
        (_, 0, _) => {}
        (true, 1, true) => text.push(format!("{} is open.", listed(&proven))),
        (true, _, true) => text.push(format!("All roads are open: {}.", listed(&proven))),
        (_, 1, _) => text.push(format!("{} opens the mailbox.", listed(&proven))),
        _ => text.push(format!("{} open the mailbox.", listed(&proven))),
    }
    if !unproven.is_empty() {
        let roads = listed(&unproven);
        text.push(format!("On {roads} nothing speaks against the token, and nothing harmless can prove the mailbox."));
    }
    if !untried.is_empty() {
        let was = if untried.len() == 1 { "was" } else { "were" };
        text.push(format!("{} {was} not talked on.", listed(&untried)));
    }
    text
}

fn good(word: Word) -> bool {
    matches!(word, Word::Pass | Word::Warn)
}

/// `SMTP`, `IMAP and POP`, `SMTP, IMAP and POP`.
fn listed(roads: &[Road]) -> String {
    let names: Vec<&str> = roads.iter().map(|road| short(*road)).collect();
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
    }
}

fn short(road: Road) -> &'static str {
    match road {
        Road::Smtp => "SMTP",
        Road::Graph => "Graph",
        Road::Ews => "EWS",
        other => other.label(),
    }
}

/// A title within a sentence. Names keep their capital: only articles and pronouns are known to have none.
fn lower(title: &str) -> String {
    for word in ["The ", "A ", "An ", "It ", "All ", "No ", "This "] {
        if let Some(rest) = title.strip_prefix(word) {
            return format!("{}{rest}", word.to_lowercase());
        }
    }
    title.to_owned()
}

//! The conclusion for each kind of difference between the roads.

use super::*;
use crate::check::{Check, Reason};
use crate::checks;
use crate::kb::{Cause, cause};

const SMTP_TO_POP: [Road; 3] = [Road::Smtp, Road::Imap, Road::Pop];

fn check(id: &str) -> &'static Check {
    checks::all().into_iter().find(|check| check.id == id).unwrap_or_else(|| panic!("there is no check {id}"))
}

fn pass() -> Outcome {
    Outcome::Judged(Verdict::Pass(String::new()))
}

fn fail(cause: &'static Cause, words: &str) -> Outcome {
    Outcome::Judged(Verdict::Fail(Reason { cause, evidence: vec![words.to_owned()] }))
}

/// A run in which every check of these roads passes, but for `faults`; behind a failure each later stage is skipped.
fn run(roads: &[Road], faults: &[(Road, &str, Outcome)]) -> SideBySide {
    let mut findings = Vec::new();
    for road in roads {
        let stages = STAGES.iter().find(|stages| stages.road == *road).expect("a road with a row");
        let token = ["token.issued", "token.lifetime", "token.audience", "token.role"];
        let own = [&token[..], stages.connect, stages.tls, stages.login, stages.mailbox].concat();
        let mut broken = None;
        for id in own.into_iter().filter(|id| checks::all().iter().any(|check| check.id == *id)) {
            let check = check(id);
            let told = faults.iter().find(|(of, fault, _)| of == road && *fault == id).map(|(_, _, o)| o.clone());
            let outcome = match (broken, told) {
                (Some(root), _) => Outcome::Skipped(root),
                (None, told) => told.unwrap_or_else(pass),
            };
            let finding = Finding { check, road: Some(*road), outcome };
            if finding.failed() {
                broken = Some(check.id);
            }
            findings.push(finding);
        }
    }
    of(roads, &findings)
}

#[track_caller]
fn says(seen: &SideBySide, words: &[&str], cause: Option<&str>) {
    for words in words {
        assert!(seen.conclusion.text.contains(words), "`{words}` is not in: {}", seen.conclusion.text);
    }
    assert_eq!(seen.conclusion.cause, cause);
}

#[test]
fn every_check_of_the_table_exists() {
    let known: Vec<&str> = checks::all().into_iter().map(|check| check.id).collect();
    for stages in STAGES {
        for id in [stages.connect, stages.tls, stages.login, stages.mailbox, &OF_TOKEN].concat() {
            assert!(known.contains(&id), "{}: {id}", stages.road);
        }
    }
    for road in Road::TO_MAILBOX {
        assert!(STAGES.iter().any(|stages| stages.road == road), "{road} has no row");
    }
}

#[test]
fn all_roads_open() {
    let seen = run(&SMTP_TO_POP, &[]);
    says(&seen, &["All roads are open: SMTP, IMAP and POP."], None);
    assert_eq!(seen.conclusion.open, SMTP_TO_POP);
    assert!(seen.table.iter().all(|row| row.mailbox == Word::Pass));
}

#[test]
fn a_switch_of_two_protocols() {
    let off = || fail(&cause::MAILBOX_PROTOCOL_OFF, "BAD User is authenticated but not connected.");
    let seen = run(&SMTP_TO_POP, &[(Road::Imap, "imap.mailbox", off()), (Road::Pop, "pop.login", off())]);
    let words =
        ["Token and Entra are fine.", "IMAP and POP are most likely switched off for this mailbox.", "SMTP opens"];
    says(&seen, &words, Some("mailbox-protocol-off"));
    assert_eq!(seen.conclusion.shut, [Road::Imap, Road::Pop]);
    let pop = seen.table[2];
    assert_eq!((pop.role, pop.login, pop.mailbox), (Word::Pass, Word::Fail, Word::Skipped));
}

#[test]
fn an_application_that_exchange_does_not_know() {
    let unknown = || fail(&cause::EXCHANGE_NOT_REGISTERED, "535 5.7.3 Authentication unsuccessful");
    let roads = [Road::Smtp, Road::Graph, Road::Imap];
    let seen = run(&roads, &[(Road::Smtp, "smtp.login", unknown()), (Road::Imap, "imap.login", unknown())]);
    let words = [
        "The application is not registered in Exchange Online: SMTP and IMAP refuse the application itself",
        "Graph does not ask for that entry",
    ];
    says(&seen, &words, Some("exchange-not-registered"));
}

#[test]
fn one_road_that_a_policy_shuts() {
    let words =
        "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy";
    let policy = fail(&cause::SMTP_SECURITY_DEFAULTS, words);
    let seen = run(&SMTP_TO_POP, &[(Road::Smtp, "smtp.login", policy)]);
    says(&seen, &["Only SMTP refuses by policy", "IMAP and POP open the mailbox."], Some("smtp-security-defaults"));
}

#[test]
fn a_mailbox_that_stays_shut_and_a_change_that_takes_time() {
    let shut = || fail(&cause::MAILBOX_STAYS_SHUT, "BAD User is authenticated but not connected.");
    let seen = run(&SMTP_TO_POP, &[(Road::Smtp, "smtp.login", shut()), (Road::Imap, "imap.mailbox", shut())]);
    says(&seen, &["the mailbox does not open: SMTP and IMAP stay shut.", "POP opens"], Some("mailbox-stays-shut"));
    let time = || fail(&cause::EXCHANGE_CHANGE_NOT_IN_FORCE, "NO AUTHENTICATE failed.");
    let seen = run(&[Road::Imap], &[(Road::Imap, "imap.login", time())]);
    says(&seen, &["does not act on it yet: IMAP is still shut."], Some("exchange-change-not-in-force"));
}

#[test]
fn rights_that_were_not_granted_and_a_token_for_another_api() {
    let faults = [
        (Road::Imap, "token.role", fail(&cause::TOKEN_ROLE_MISSING_IMAP, "")),
        (Road::Pop, "token.role", fail(&cause::TOKEN_ROLE_MISSING_POP, "")),
    ];
    let seen = run(&SMTP_TO_POP, &faults);
    says(&seen, &["The token has no right for IMAP and POP"], Some("token-role-missing-imap"));
    assert!(!seen.conclusion.text.contains("are fine"), "{}", seen.conclusion.text);
    let other = fail(&cause::TOKEN_AUDIENCE_GRAPH, "");
    let seen = run(&[Road::Smtp], &[(Road::Smtp, "token.audience", other)]);
    says(&seen, &["not for the API of SMTP: the token is meant for"], Some("token-audience-graph"));
}

#[test]
fn a_port_that_is_closed_and_no_token_at_all() {
    let closed = fail(&cause::CONNECTION_REFUSED, "");
    let seen = run(&SMTP_TO_POP, &[(Road::Smtp, "smtp.reach", closed)]);
    says(
        &seen,
        &["Only SMTP does not begin from this computer", "the token played no part"],
        Some("connection-refused"),
    );
    let none = || fail(&cause::AADSTS500011, "");
    let faults = SMTP_TO_POP.map(|road| (road, "token.issued", none()));
    let seen = run(&SMTP_TO_POP, &faults);
    says(&seen, &["No road was tried to its end, for the token itself"], Some("aadsts500011"));
    assert!(seen.conclusion.open.is_empty() && !seen.conclusion.text.contains("open"), "{}", seen.conclusion.text);
}

#[test]
fn a_bare_refusal_stays_what_it_is() {
    let bare = fail(&cause::SMTP_LOGIN_REFUSED, "535 5.7.3 Authentication unsuccessful");
    let seen = run(&[Road::Smtp], &[(Road::Smtp, "smtp.login", bare)]);
    says(&seen, &["SMTP refuses without a reason; what powershell --part verify prints"], Some("smtp-login-refused"));
}

#[test]
fn what_can_not_be_proven_is_not_called_open() {
    let doubt = Reason { cause: &cause::GRAPH_MAILBOX_UNPROVEN, evidence: Vec::new() };
    let faults = [
        (Road::Graph, "graph.token-accepted", Outcome::NotObserved("nothing was sent".to_owned())),
        (Road::Graph, "graph.mailbox", Outcome::Judged(Verdict::Unproven(doubt))),
    ];
    let seen = run(&[Road::Smtp, Road::Graph], &faults);
    says(&seen, &["SMTP opens the mailbox.", "On Graph nothing speaks against the token"], None);
    assert_eq!((seen.table[1].login, seen.table[1].mailbox), (Word::NotObserved, Word::Unproven));
}

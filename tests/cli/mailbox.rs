//! `check-mailbox`: the roads side by side, one conclusion, and nothing sent.

use serde_json::Value;

use crate::support::{Ended, Home, Lab, MAILBOX, SECRET};

fn run(cloud: &str, words: &[&str]) -> Ended {
    Home::new().run(&[&["check-mailbox", "--cloud", cloud], words].concat())
}

fn conclusion(ended: &Ended) -> Value {
    ended.json()["mailbox"]["conclusion"].clone()
}

fn row(ended: &Ended, road: &str) -> Value {
    let table = ended.json()["mailbox"]["table"].clone();
    let found = table.as_array().unwrap().iter().find(|row| row["road"] == road);
    found.unwrap_or_else(|| panic!("no {road} in {table}")).clone()
}

#[test]
fn every_road_is_asked_where_none_is_named() {
    let ended = run("sandbox", &["--format", "json"]).ends(0);
    let table = ended.json()["mailbox"]["table"].clone();
    let roads: Vec<&str> = table.as_array().unwrap().iter().filter_map(|row| row["road"].as_str()).collect();
    assert_eq!(roads, ["smtp", "graph", "ews", "imap", "pop"]);
    for road in ["smtp", "ews", "imap", "pop"] {
        for stage in ["connect", "tls", "audience", "role", "login", "mailbox"] {
            assert_eq!(row(&ended, road)[stage], "pass", "{road} {stage}");
        }
    }
    assert_eq!(row(&ended, "graph")["mailbox"], "unproven");
    assert_eq!(conclusion(&ended)["cause"], Value::Null);
    assert_eq!(conclusion(&ended)["shut"].as_array().map(Vec::len), Some(0));
}

#[test]
fn only_smtp_was_granted() {
    let ended = run("sandbox=roads-all-with-smtp-role", &["--format", "json"]).ends(1);
    let said = conclusion(&ended);
    let text = said["text"].as_str().unwrap();
    assert!(text.contains("The token has no right for IMAP, POP") && text.contains("SMTP opens"), "{text}");
    assert!(said["cause"].as_str().is_some_and(|cause| cause.starts_with("token-role-missing-")), "{said}");
    assert_eq!(
        (row(&ended, "imap")["role"].clone(), row(&ended, "imap")["login"].clone()),
        ("fail".into(), "skipped".into())
    );
}

#[test]
fn the_differences_between_roads_are_named() {
    for (scenario, words, cause) in [
        (
            "exchange-not-registered",
            "SMTP, IMAP and POP refuse the application itself",
            "exchange-registration-refused",
        ),
        // EWS, which needs no such right, shows that the mailbox is there; without EWS that stays open.
        (
            "mailbox-right-missing",
            "no Full Access on the mailbox: SMTP, IMAP and POP stay shut",
            "mailbox-right-missing",
        ),
        ("imap-no-mailbox-right", "the mailbox does not open: SMTP, IMAP and POP stay shut", "mailbox-stays-shut"),
        ("mailbox-unknown", "Exchange finds no mailbox of this address", "exchange-mailbox-missing"),
        ("smtp-auth-off-mailbox", "Only SMTP refuses by a switch", "smtp-auth-off-mailbox"),
        ("policy-security-defaults", "Only SMTP refuses by policy", "smtp-security-defaults"),
        ("imap-off", "Only IMAP is most likely switched off for this mailbox", "mailbox-protocol-off"),
        ("smtp-refused-imap-open", "Only SMTP refuses without a reason", "smtp-refused-imap-open"),
        ("submission-port-closed", "Only SMTP does not begin from this computer", "connection-refused"),
        ("secret-wrong", "No road was tried to its end", "aadsts7000215"),
        // With the state of Exchange the same refusals have one cause.
        ("state-not-registered", "The application is not registered in Exchange Online", "exchange-not-registered"),
        ("state-right-missing", "no Full Access on the mailbox", "mailbox-right-missing"),
        ("state-not-yet-in-force", "does not act on it yet", "exchange-change-not-in-force"),
    ] {
        let ended = run(&format!("sandbox={scenario}"), &["--format", "json"]).ends(1);
        let said = conclusion(&ended);
        assert!(said["text"].as_str().unwrap().contains(words), "{scenario}: {said}");
        assert_eq!(said["cause"], cause, "{scenario}: {said}");
    }
}

#[test]
fn nothing_is_sent_whatever_the_profile_allows() {
    let lab = Lab::healthy();
    lab.configure(&format!(
        "client_secret = '{SECRET}'\nroads = 'smtp'\nprobe = {{ to = 'bob@contoso.test', send = true }}"
    ));
    let ended = lab.run(&["check-mailbox", "--format", "json"]).ends(0);
    assert_eq!(ended.json()["mailbox"]["table"].as_array().map(Vec::len), Some(1), "the profile's road alone");
    assert_eq!(lab.sandbox.deliveries(), 0);
    let transcript = ended.json()["facts"]["smtp"]["transcript"].to_string();
    assert!(transcript.contains("RSET") && !transcript.contains("\"DATA\""), "{transcript}");
    lab.run(&["check-mailbox", "--roads", "relay,direct"]).refused("--roads", None);
    let refused = lab.run(&["check-mailbox", "--send"]).ends(2);
    assert!(refused.err.contains("--send"), "{refused:?}");
}

#[test]
fn the_table_stands_before_the_details_and_fits_a_terminal() {
    let home = Home::new();
    let mut command = home.command(&["check-mailbox", "--cloud", "sandbox=imap-off"]);
    let out = Ended::of(command.env("COLUMNS", "80").env("LC_ALL", "C.UTF-8")).ends(1).out;
    let (head, _) = out.split_once("Login service").expect("the details follow");
    assert!(head.contains(MAILBOX) && head.contains("Road      connect  TLS"), "{head}");
    assert!(head.contains("most likely switched off") && head.contains("[mailbox-protocol-off]"), "{head}");
    let table: Vec<&str> = head.lines().filter(|line| line.starts_with("  imap ")).collect();
    assert_eq!(table, ["  imap    ✓        ✓    ✓         ✓     ✓      ✗"]);
    let mut ascii = home.command(&["check-mailbox", "--cloud", "sandbox=imap-off"]);
    let out = Ended::of(ascii.env("LC_ALL", "C")).ends(1).out;
    assert!(out.contains("  imap    +        +    +         +     +      x") && out.is_ascii(), "{out}");
    let markdown = run("sandbox=imap-off", &["--format", "markdown"]).ends(1).out;
    assert!(markdown.contains("| imap | ✓ | ✓ | ✓ | ✓ | ✓ | ✗ |"), "{markdown}");
}

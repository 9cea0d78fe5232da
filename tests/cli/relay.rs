//! `check-relay`: which road this host can take, without a login and without a mail.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Ended, Home, Lab, MAILBOX, Silent, profile};

fn run(cloud: &str, words: &[&str]) -> Ended {
    Home::new().run(&[&["check-relay", "--cloud", cloud], words].concat())
}

/// Outcome and cause of a finding on one road.
fn on_road(ended: &Ended, check: &str, road: &str) -> (String, String) {
    let report = ended.json();
    let found = report["findings"].as_array().unwrap().iter().find(|f| f["check"] == check && f["road"] == road);
    let found = found.unwrap_or_else(|| panic!("no {check}@{road} in {report:#}"));
    let word = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    (word("outcome"), word("cause"))
}

/// The roads with their outcomes.
fn ways(ended: &Ended) -> Vec<(String, String)> {
    let report = ended.json();
    let word = |way: &Value, name: &str| way[name].as_str().unwrap_or_default().to_owned();
    let table = report["ways"]["table"].as_array().unwrap();
    table.iter().map(|way| (word(way, "road"), word(way, "outcome"))).collect()
}

fn said(ways: &[(String, String)]) -> Vec<(&str, &str)> {
    ways.iter().map(|(road, outcome)| (road.as_str(), outcome.as_str())).collect()
}

/// A tenant whose login service must hear nothing, with these words in a profile that even lets mail leave.
fn lab(words: &str) -> (Lab, Silent) {
    let (lab, silent) = (Lab::healthy(), Silent::new());
    let at = lab.sandbox.addresses();
    let cloud = silent.cloud();
    let kept = cloud.lines().filter(|line| !line.starts_with("dns") && !line.starts_with("smtp"));
    let hosts: String = kept.map(|line| format!("{line}\n")).collect();
    let found = format!(
        "dns = '{}'\nsmtp = 'localhost:{}'\nca_file = 'ca.pem'\nmx_port = {}\n\
         mx_suffixes = ['.mail.protection.outlook.test']\nspf_include = 'spf.protection.outlook.test'\n",
        at.dns,
        at.smtp.port(),
        at.mx.port()
    );
    let words = format!("probe = {{ to = 'bob@contoso.test', send = true }}\n{words}");
    lab.home.write("lab.toml", &format!("default = 'main'\n{hosts}{found}{}", profile("main", &words)));
    (lab, silent)
}

#[test]
fn it_works_out_of_the_box() {
    let ended = run("sandbox", &["--format", "json"]).ends(0);
    assert_eq!(said(&ways(&ended)), [("relay", "unproven"), ("direct", "unproven"), ("smtp", "pass")]);
    let report = ended.json();
    let relay = &report["facts"]["relay"];
    assert_eq!(relay["egress"]["address"], "203.0.113.7");
    assert_eq!(relay["egress"]["spf"]["result"], "pass");
    let asked: Vec<&str> =
        relay["transactions"].as_array().unwrap().iter().filter_map(|one| one["to"].as_str()).collect();
    assert_eq!(asked, [MAILBOX, "partner@fabrikam.example"]);
    assert_eq!(report["ways"]["conclusion"]["open"], serde_json::json!(["smtp", "relay", "direct"]));
    let text = run("sandbox", &[]).ends(0);
    let lines: Vec<&str> = text.out.lines().skip_while(|line| *line != "Roads of this host").collect();
    assert!(lines[1].contains("relay through a connector  Taken as far as RCPT TO"), "{text:?}");
    assert!(text.out.contains("This host can use SMTP submission. Nothing speaks against"), "{text:?}");
    assert!(text.out.contains("SMTP submission            The port answers, with TLS."), "{text:?}");
}

#[test]
fn nobody_logs_in_and_nothing_leaves() {
    let (lab, silent) = lab("external = 'partner@fabrikam.example'\nclient_secret_command = 'exit 1'");
    let ended = lab.run(&["check-relay", "--format", "json", "-v"]).ends(0);
    assert_eq!(lab.sandbox.deliveries(), 0);
    assert!(!silent.heard(), "the login service was asked");
    let report = ended.json();
    let said: Vec<String> = report["facts"]["relay"]["transcript"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["side"] == ">")
        .filter_map(|line| Some(line["text"].as_str()?.split([' ', ':']).next()?.to_owned()))
        .collect();
    assert_eq!(
        said,
        ["EHLO", "STARTTLS", "EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "RSET", "QUIT"].map(str::to_owned)
    );
    let verbs: BTreeSet<&str> = report["facts"]["smtp"]["transcript"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["side"] == ">")
        .filter_map(|line| line["text"].as_str()?.split(' ').next())
        .collect();
    assert_eq!(verbs, BTreeSet::from(["EHLO", "QUIT", "STARTTLS"]), "the submission port hears no login");
}

#[test]
fn without_an_address_outside_one_transaction_is_left_out_and_said() {
    let (lab, _silent) = lab("connector_ip = ['198.51.100.7', '203.0.113.0/28']");
    let plan = lab.run(&["check-relay", "--plan"]).ends(0);
    let left = "not    the transaction to outside: no address outside of the tenant was named (--external)";
    assert!(plan.out.contains(left), "{plan:?}");
    assert!(plan.out.contains("MAIL FROM, RCPT TO and RSET for app@contoso.test\n"), "{plan:?}");
    assert!(!plan.out.contains("sends"), "{plan:?}");
    let ended = lab.run(&["check-relay", "--format", "json"]).ends(0);
    assert_eq!(said(&ways(&ended)), [("relay", "not-observed"), ("direct", "unproven"), ("smtp", "pass")]);
    assert_eq!(on_road(&ended, "smtp.recipient", "relay").0, "not-observed");
    assert_eq!(on_road(&ended, "smtp.connector", "relay").0, "pass");
}

#[test]
fn the_connector_is_described_by_flag_by_variable_and_several_times() {
    let said =
        |words: &[&str]| on_road(&run("sandbox", &[&["--format", "json"], words].concat()), "smtp.connector", "relay");
    assert_eq!(said(&["--connector-ip", "198.51.100.7", "--connector-ip", "203.0.113.0/29"]).0, "pass");
    let other = ("fail".to_owned(), "connector-address-other".to_owned());
    assert_eq!(said(&["--connector-ip", "203.0.113.8/29"]), other);
    let warned = ("warn".to_owned(), "connector-certificate-other".to_owned());
    assert_eq!(said(&["--connector-cert", "*.contoso.test"]), warned);
    let home = Home::new();
    let mut command = home.command(&["check-relay", "--cloud", "sandbox", "--format", "json"]);
    let ended = Ended::of(command.env("O365DOCTOR_CONNECTOR_IP", "198.51.100.0/24"));
    assert_eq!(on_road(&ended, "smtp.connector", "relay"), other);
}

#[test]
fn the_commands_of_a_repair_repeat_this_run() {
    let ended = run("sandbox", &["--connector-ip", "198.51.100.7", "--format", "json"]).ends(1);
    let finding = ended.finding("smtp.connector");
    let again = finding["recheck"].as_str().unwrap();
    assert!(again.contains("o365doctor check-relay --cloud sandbox --connector-ip 198.51.100.7"), "{again}");
    let repair = finding["repair"].as_str().unwrap();
    assert!(repair.contains("@{Add = '203.0.113.7'}"), "{repair}");
}

#[test]
fn each_fault_of_its_words_is_named_before_anything_is_sent() {
    let (home, silent) = (Home::new(), Silent::new());
    let config = home.write("lab.toml", &(silent.cloud() + &profile("good", ""))).display().to_string();
    let (form, place_holder) = (Some("input-mailbox-form"), Some("input-placeholder"));
    let cases: &[(&[&str], &str, Option<&str>)] = &[
        (&["--connector-ip", "x"], "--connector-ip", None),
        (&["--connector-ip", "2001:db8::1"], "--connector-ip", None),
        (&["--connector-ip", "192.0.2.0/23"], "--connector-ip", None),
        (&["--connector-ip", "192.0.2.1,"], "--connector-ip", None),
        (&["--connector-ip", "192.0.2.1", "--connector-ip", "192.0.2.0/33"], "--connector-ip", None),
        (&["--connector-cert", "no name"], "--connector-cert", None),
        (&["--connector-cert", "*.*"], "--connector-cert", None),
        (&["--connector-cert", "192.0.2.1"], "--connector-cert", None),
        (&["--external", "fabrikam.example"], "--external", form),
        (&["--mailbox", "bob"], "--mailbox", form),
        (&["--from", "<your-address>"], "--from", place_holder),
        (&["--domain", "x"], "--domain", None),
        (&["--tenant", "no tenant"], "--tenant", Some("input-tenant-form")),
        (&["--smart-host", "192.0.2.1"], "--smart-host", None),
        (&["--helo", "a b"], "--helo", None),
    ];
    for (words, place, cause) in cases {
        home.run(&[&["check-relay", "--config", &config], *words].concat()).refused(place, *cause);
    }
    assert!(!silent.heard(), "something was sent");
    Home::new().run(&["check-relay", "--cloud", "worldwide"]).refused("--mailbox", None);
}

#[test]
fn what_does_not_apply_is_refused() {
    for flag in
        ["--send", "--roads", "--via", "--to", "--client-secret", "--client-id", "--hve-account", "--stop-after"]
    {
        let ended = run("sandbox", &[flag, "x"]).ends(2);
        assert!(ended.err.contains(flag) && ended.out.is_empty(), "{flag}: {ended:?}");
    }
}

#[test]
fn a_recording_is_judged_as_the_run_was() {
    for (cloud, code) in [("sandbox", 0), ("sandbox=check-relay-direct-send-rejected", 1)] {
        let home = Home::new();
        let file = home.path("visit.json").display().to_string();
        let ran = home.run(&["check-relay", "--cloud", cloud, "--record", &file, "--format", "json"]).ends(code);
        let judged = home.run(&["check-relay", "--replay", &file, "--format", "json"]).ends(code);
        assert_eq!(judged.json(), ran.json(), "{cloud}");
    }
}

#[test]
fn a_shared_report_names_no_address_of_ours() {
    let cloud = "sandbox=check-relay-connector-by-range";
    let plain = run(cloud, &["--format", "json"]).ends(0);
    assert!(plain.out.contains("203.0.113.7") && plain.out.contains("203.0.113.0/28"), "{plain:?}");
    let shared = run(cloud, &["--format", "json", "--share", "-v"]).ends(0);
    for own in ["203.0.113.", "contoso", "fabrikam"] {
        assert!(!shared.out.contains(own), "{own} stands in {shared:?}");
    }
    assert_eq!(ways(&shared), ways(&plain));
    assert_eq!(on_road(&shared, "smtp.connector", "relay").0, "pass");
}

#[test]
fn a_fault_of_the_shared_dialogue_is_told_once() {
    let text = run("sandbox=check-relay-port-closed", &[]).ends(1);
    assert_eq!(text.out.matches("The mail server answers (relay, direct)").count(), 1, "{text:?}");
    assert_eq!(text.out.matches("[connection-refused]").count(), 3, "two roads and one cause: {text:?}");
}

//! Exit codes, what goes to which stream, and what a program finds in the JSON.

use serde_json::Value;

use crate::support::{CLIENT, Ended, Home, Lab, MAILBOX, SECRET, TENANT};

#[test]
fn the_exit_code_is_0_1_or_2() {
    let lab = Lab::healthy();
    lab.run(&["checkup"]).ends(0);
    lab.run(&["checkup", "--client-secret", "not-the-secret"]).ends(1);
    lab.run(&["checkup", "--timeout", "never"]).ends(2);
}

#[test]
fn strict_counts_warnings_and_what_is_unproven() {
    let lab = Lab::healthy();
    let warned = ["check-token", "--client-secret", SECRET, "--format", "json"];
    let ended = lab.run(&warned).ends(0);
    assert_eq!(ended.json()["summary"]["exit_code"], 0);
    assert_eq!(ended.json()["summary"]["warn"], 1);
    let ended = lab.run(&[&warned[..], &["--strict"]].concat()).ends(1);
    assert_eq!(ended.json()["summary"]["first_cause"], "input-secret-on-command-line");
    Ended::of(lab.command(&warned).env("O365DOCTOR_STRICT", "true")).ends(1);
    Ended::of(lab.command(&warned).env("O365DOCTOR_STRICT", "false")).ends(0);
    let unproven = Lab::with("[tenant.tokens]\nunpublished_key = true");
    unproven.run(&["check-token"]).ends(0);
    unproven.run(&["check-token", "--strict"]).ends(1);
}

#[test]
fn a_checkup_stops_before_the_mail_unless_it_is_told_to_send() {
    let lab = Lab::healthy();
    let to = ["--to", "bob@contoso.test"];
    for words in [&[][..], &to] {
        let ended = lab.run(&[&["checkup", "--format", "json"], words].concat()).ends(0);
        let finding = ended.finding("send.accepted");
        assert_eq!(finding["outcome"], "not-observed");
        assert!(finding["because"].as_str().is_some_and(|why| why.contains("--send")), "{finding}");
        assert_eq!(ended.outcome("smtp.recipient").0, "pass");
        let transcript = ended.json()["facts"]["smtp"]["transcript"].to_string();
        assert!(transcript.contains("RSET") && !transcript.contains("\"DATA\""), "{transcript}");
        let text = lab.run(&[&["checkup"], words].concat()).ends(0).out;
        assert!(text.contains("--send"), "the report says how a mail would leave: {text}");
    }
    assert_eq!(lab.sandbox.deliveries(), 0);
    lab.run(&[&["checkup", "--send"], &to[..]].concat()).ends(0);
    assert_eq!(lab.sandbox.deliveries(), 1);
    lab.run(&[&["probe-send", "--dry-run"], &to[..]].concat()).ends(0);
    assert_eq!(lab.sandbox.deliveries(), 1);
    lab.run(&[&["probe-send"], &to[..]].concat()).ends(0);
    assert_eq!(lab.sandbox.deliveries(), 2);
    lab.configure(&format!("client_secret = '{SECRET}'\nprobe = {{ to = 'bob@contoso.test', send = true }}"));
    lab.run(&["checkup"]).ends(0);
    assert_eq!(lab.sandbox.deliveries(), 3);
}

#[test]
fn stop_after_ends_the_dialogue_there() {
    let lab = Lab::healthy();
    for stage in ["connect", "banner", "ehlo", "starttls", "auth", "mail", "rcpt"] {
        let words = ["checkup", "--send", "--to", "bob@contoso.test", "--stop-after", stage, "--format", "json"];
        let ended = lab.run(&words).ends(0);
        assert_eq!(ended.outcome("send.accepted").0, "not-observed", "{stage}");
    }
    assert_eq!(lab.sandbox.deliveries(), 0);
}

#[test]
fn standard_output_is_the_report_and_nothing_else() {
    let lab = Lab::healthy();
    let ended = lab.run(&["checkup", "--send", "--to", "bob@contoso.test", "--format", "json"]).ends(0);
    ended.json();
    assert!(ended.err.contains("lab"), "hosts of a configuration file are said before the run: {ended:?}");
    let home = Home::new();
    let ended = home.run(&["checkup", "--cloud", "sandbox", "--format", "json"]).ends(0);
    ended.json();
    assert!(ended.err.contains("1 mail lies in the mailbox of bob@contoso.test"), "{ended:?}");
}

#[test]
fn no_escape_code_reaches_what_is_no_terminal() {
    let home = Home::new();
    let words = ["checkup", "--cloud", "sandbox", "--client-secret", "not-the-secret", "--verbose"];
    let environments: [&[(&str, &str)]; 4] =
        [&[], &[("NO_COLOR", "1")], &[("TERM", "dumb")], &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]];
    for environment in environments {
        for format in ["text", "json", "markdown"] {
            let mut command = home.command(&words);
            command.args(["--format", format]).envs(environment.iter().copied());
            let ended = Ended::of(&mut command).ends(1);
            assert!(!ended.out.contains('\u{1b}') && !ended.err.contains('\u{1b}'), "{environment:?}: {ended:?}");
        }
        let refused = Ended::of(home.command(&["checkup", "--tenant", "x"]).envs(environment.iter().copied())).ends(2);
        assert!(!refused.err.contains('\u{1b}'), "{refused:?}");
    }
    assert!(home.run(&[&words[..], &["--color", "always"]].concat()).out.contains('\u{1b}'));
    assert!(!home.run(&[&words[..], &["--color", "never"]].concat()).out.contains('\u{1b}'));
}

#[test]
fn an_ascii_locale_gets_ascii() {
    let home = Home::new();
    let mut command = home.command(&["check-dns", "--cloud", "sandbox"]);
    let ended = Ended::of(command.env("LC_ALL", "C")).ends(0);
    assert!(ended.out.is_ascii(), "{ended:?}");
    let ended = Ended::of(home.command(&["check-dns", "--cloud", "sandbox"]).env("LC_ALL", "C.UTF-8")).ends(0);
    assert!(ended.out.contains('✓'), "{ended:?}");
}

/// Every sub-command that reports, on a sound tenant and on a broken one.
fn reports() -> Vec<Value> {
    let lab = Lab::healthy();
    let to = ["--to", "bob@contoso.test", "--format", "json"];
    let plain = ["--format", "json"];
    let mut reports = Vec::new();
    for secret in [SECRET, "not-the-secret"] {
        let secret = ["--client-secret", secret];
        reports.push(lab.run(&[&["checkup"], &secret[..], &to].concat()));
        reports.push(lab.run(&[&["checkup", "--share", "--roads", "all"], &secret[..], &to].concat()));
        reports.push(lab.run(&[&["check-token"], &secret[..], &plain].concat()));
        reports.push(lab.run(&[&["probe-send"], &secret[..], &to].concat()));
    }
    for (story, more) in
        [("confirm-dmarc-failed", "--share"), ("confirm-over-imap", "--strict"), ("confirm-over-ews", "-v")]
    {
        let cloud = format!("sandbox={story}");
        reports.push(Home::new().run(&["probe-send", "--cloud", &cloud, more, "--format", "json"]));
    }
    let told = ["check-mailbox", "--cloud", "sandbox=state-unread", "--format", "json"];
    reports.push(Home::new().run(&told));
    reports.push(lab.run(&["check-dns", "--format", "json"]));
    reports.push(lab.run(&["check-dns", "gone.test", "--format", "json"]));
    reports.push(lab.run(&["consent-url", "--format", "json"]));
    let address = "https://localhost/?error=access_denied&state=x";
    reports.push(lab.run(&["consent-url", "--read", address, "--format", "json"]));
    reports.iter().map(Ended::json).collect()
}

#[test]
fn every_report_keeps_to_the_schema() {
    let schema = Home::new().run(&["schema"]).ends(0).json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for report in reports() {
        let faults: Vec<String> =
            validator.iter_errors(&report).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(faults.is_empty(), "{faults:?} in {report:#}");
        for field in ["format", "tool", "setup", "summary", "findings", "facts"] {
            assert!(!report[field].is_null(), "{field}");
        }
        assert_eq!(report["format"], 1);
        for finding in report["findings"].as_array().unwrap() {
            for field in [
                "check", "topic", "road", "title", "outcome", "cause", "evidence", "who", "repair", "recheck",
                "because", "link",
            ] {
                assert!(finding.get(field).is_some(), "{field} of {finding}");
            }
        }
        let count = |word: &str| report["findings"].as_array().unwrap().iter().filter(|f| f["outcome"] == word).count();
        for (field, word) in [("pass", "pass"), ("fail", "fail"), ("skipped", "skipped"), ("unproven", "unproven")] {
            assert_eq!(report["summary"][field], count(word), "{word}");
        }
    }
    let mut broken = reports().remove(0);
    broken["findings"][0]["outcome"] = "splendid".into();
    assert!(!validator.is_valid(&broken), "the schema would take anything");
}

#[test]
fn no_secret_reaches_any_output() {
    let lab = Lab::healthy();
    for words in [
        &["checkup", "--verbose"][..],
        &["checkup", "--format", "json"],
        &["checkup", "--format", "markdown"],
        &["check-token", "--format", "json", "--verbose"],
        &["powershell"],
    ] {
        let ended = lab.run(words).ends(0);
        assert!(!ended.out.contains(SECRET) && !ended.err.contains(SECRET), "{words:?}");
        assert!(!ended.out.contains("eyJ"), "a token in the output of {words:?}");
    }
}

#[test]
fn names_are_masked_for_a_ticket() {
    let lab = Lab::healthy();
    let to = ["--to", "bob@contoso.test"];
    for format in ["text", "json", "markdown"] {
        let ended = lab.run(&[&["checkup", "--share", "--send", "--format", format], &to[..]].concat()).ends(0);
        for name in [TENANT, CLIENT, MAILBOX, "contoso", "bob@"] {
            assert!(!ended.out.to_lowercase().contains(name), "{name} in {format}: {}", ended.out);
        }
    }
}

#[test]
fn the_version_the_manual_and_the_completions_are_printed() {
    let home = Home::new();
    let version = home.run(&["--version"]).ends(0).out;
    assert_eq!(version, format!("o365doctor {}\n", env!("CARGO_PKG_VERSION")));
    for words in [&["man"][..], &["completions", "bash"], &["completions", "powershell"], &["--help"]] {
        let ended = home.run(words).ends(0);
        assert!(ended.out.replace('\\', "").contains("check-token") && ended.err.is_empty(), "{words:?}");
    }
    for sub in o365doctor::cli::command().get_subcommands() {
        assert!(!home.run(&[sub.get_name(), "--help"]).ends(0).out.is_empty());
    }
}

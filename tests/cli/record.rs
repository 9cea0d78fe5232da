//! What was seen once can be judged again, by anyone, without a network; and a plan contacts nobody.

use crate::support::{Home, Lab, SECRET, Silent, profile};

#[test]
fn a_recording_gives_the_same_report_without_a_network() {
    let lab = Lab::healthy();
    let stories: [&[&str]; 6] = [
        &["checkup", "--send", "--to", "bob@contoso.test"],
        &["checkup", "--client-secret", "not-the-secret"],
        &["check-token", "--roads", "smtp,graph"],
        &["check-dns"],
        &["probe-send", "--to", "bob@contoso.test"],
        &["check-mailbox", "--roads", "smtp,graph"],
    ];
    for (n, story) in stories.into_iter().enumerate() {
        let file = lab.home.path(&format!("visit{n}.json")).display().to_string();
        let words = ["--format", "json", "--record", &file];
        let first = lab.run(&[story, &words].concat());
        let home = Home::new();
        let again = home.run(&[story[0], "--replay", &file, "--format", "json"]);
        assert_eq!((again.code, &again.out), (first.code, &first.out), "{story:?}");
        assert_eq!(again.err, "");
        let report = home.write("report.json", &first.out).display().to_string();
        let third = home.run(&[story[0], "--replay", &report, "--format", "json"]);
        assert_eq!((third.code, &third.out), (first.code, &first.out), "{story:?}");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains(SECRET) && !text.contains("eyJ"), "a credential in a recording");
    }
}

#[test]
fn a_replay_can_be_stricter_and_masked() {
    let lab = Lab::healthy();
    let file = lab.home.path("visit.json").display().to_string();
    lab.run(&["check-token", "--client-secret", SECRET, "--record", &file]).ends(0);
    lab.run(&["check-token", "--replay", &file]).ends(0);
    lab.run(&["check-token", "--replay", &file, "--strict"]).ends(1);
    let shared = lab.run(&["check-token", "--replay", &file, "--share"]).ends(0).out;
    assert!(!shared.contains("contoso"), "{shared}");
}

#[cfg(unix)]
#[test]
fn a_recording_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let lab = Lab::healthy();
    let file = lab.home.path("visit.json");
    lab.run(&["check-token", "--record", &file.display().to_string()]).ends(0);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_is_no_recording_is_refused() {
    let home = Home::new();
    let newer = "{\"format\": 2, \"command\": \"checkup\", \"setup\": {}, \"facts\": {}}";
    for (name, text) in [("empty", ""), ("text", "hello"), ("array", "[]"), ("object", "{}"), ("newer", newer)] {
        let file = home.write(name, text).display().to_string();
        home.run(&["checkup", "--replay", &file]).refused("--replay", None);
    }
    home.run(&["checkup", "--replay", "gone.json"]).refused("--replay", None);
    assert_eq!(home.run(&["checkup", "--replay", "a", "--record", "b"]).ends(2).out, "");
    assert_eq!(home.run(&["checkup", "--replay", "a", "--plan"]).ends(2).out, "");
}

#[test]
fn a_file_that_can_not_be_written_is_named() {
    let lab = Lab::healthy();
    let file = lab.home.path("no/such/folder/visit.json").display().to_string();
    let ended = lab.run(&["check-token", "--record", &file]).ends(2);
    assert!(ended.err.contains("--record") && ended.out.is_empty(), "{ended:?}");
}

#[test]
fn a_plan_contacts_nobody() {
    let (home, silent) = (Home::new(), Silent::new());
    let words = "client_secret = 'x-x-x'\nprobe = { to = 'bob@contoso.test', send = true }";
    let config = home.write("lab.toml", &(silent.cloud() + &profile("main", words))).display().to_string();
    for sub in ["checkup", "check-token", "check-dns", "check-relay", "check-mailbox", "probe-send"] {
        let text = home.run(&[sub, "--plan", "--config", &config]).ends(0);
        assert!(text.out.ends_with("Nothing was contacted.\n"), "{text:?}");
        assert!(text.out.contains("127.0.0.1:"), "it names the hosts: {text:?}");
        let plan = home.run(&[sub, "--plan", "--config", &config, "--format", "json"]).ends(0).json();
        assert_eq!(plan["format"], 1);
        assert!(plan["plan"].as_array().is_some_and(|steps| !steps.is_empty()), "{plan}");
        let sends = plan["plan"].as_array().unwrap().iter().any(|step| step["sends"] == true);
        assert_eq!(sends, ["checkup", "probe-send"].contains(&sub), "{sub}");
    }
    assert!(!silent.heard());
}

#[test]
fn a_plan_of_the_sandbox_starts_and_ends_it() {
    let ended = Home::new().run(&["checkup", "--cloud", "sandbox", "--plan"]).ends(0);
    assert!(ended.out.contains("Nothing was contacted."), "{ended:?}");
}

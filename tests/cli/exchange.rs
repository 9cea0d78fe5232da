//! `--exchange-state`: what an administrator's script printed, taken for what it is and for nobody else.

use crate::support::{CLIENT, Ended, Home, Lab, MAILBOX, OTHER, SECRET, Silent, TENANT, profile};

/// What the script would print of the healthy tenant.
fn healthy() -> String {
    Lab::healthy().sandbox.exchange_state()
}

fn checkup(home: &Home, cloud: &str, state: &str) -> Ended {
    let file = home.write("state.json", state).display().to_string();
    home.run(&["checkup", "--cloud", cloud, "--exchange-state", &file, "--format", "json"])
}

#[test]
fn it_is_read_as_a_console_keeps_it() {
    let home = Home::new();
    let state = healthy();
    let ended = checkup(&home, "sandbox", &state).ends(0);
    assert_eq!(ended.outcome("exchange.registered").0, "pass");
    assert_eq!(ended.json()["facts"]["exchange"]["full_access"], true);
    let lines = format!("\u{feff}----- o365doctor verify -----\r\n{}\r\n----- end -----\r\n", state.trim_end());
    checkup(&home, "sandbox", &lines).ends(0).finding("exchange.age");
    let wide: Vec<u8> = format!("\u{feff}{state}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let file = home.path("wide.json");
    std::fs::write(&file, wide).unwrap();
    let words = ["probe-send", "--cloud", "sandbox", "--exchange-state", &file.display().to_string()];
    home.run(&[&words[..], &["--format", "json"]].concat()).ends(0).finding("exchange.switch");
}

#[test]
fn what_is_not_about_this_set_up_is_refused_and_nothing_is_sent() {
    let (home, silent) = (Home::new(), Silent::new());
    let good = profile("good", &format!("client_secret = '{SECRET}'"));
    let config = home.write("lab.toml", &(silent.cloud() + &good)).display().to_string();
    let state = healthy();
    let cases = [
        (state.replace(CLIENT, OTHER), "about the application"),
        (state.replace(MAILBOX, "info@contoso.test"), "about the mailbox"),
        (state.replace(TENANT, OTHER), "about the tenant"),
        (state.replace("exchange-verify", "exchange-prior"), "--part setup"),
        (state.replace("\"format\":1", "\"format\":7"), "format 7"),
        (state[..state.len() / 2].to_owned(), "--part verify"),
        ("x".repeat(1024 * 1024 + 1), "longer than 1 MiB"),
        (String::new(), "--part verify"),
    ];
    for (text, words) in &cases {
        let file = home.write("state.json", text).display().to_string();
        for sub in ["checkup", "check-mailbox"] {
            let ended = home.run(&[sub, "--config", &config, "--exchange-state", &file]);
            ended.refused("--exchange-state", Some("input-exchange-state"));
            assert!(ended.err.contains(words), "`{words}`: {}", ended.err);
        }
    }
    let gone = home.path("gone.json").display().to_string();
    home.run(&["checkup", "--config", &config, "--exchange-state", &gone]).refused("--exchange-state", None);
    assert!(!silent.heard(), "something was sent");
}

#[test]
fn a_profile_names_it_beside_itself_and_other_commands_leave_it_alone() {
    let (home, silent) = (Home::new(), Silent::new());
    let words = format!("client_secret = '{SECRET}'\nexchange_state = 'state.json'");
    let config = home.write("lab.toml", &(silent.cloud() + &profile("good", &words))).display().to_string();
    home.run(&["checkup", "--config", &config]).refused("exchange_state", None);
    home.run(&["check-token", "--plan", "--config", &config]).ends(0);
    home.write("state.json", &healthy());
    home.run(&["checkup", "--plan", "--config", &config]).ends(0);
    assert!(!silent.heard());
}

#[test]
fn what_was_repaired_since_fails_nothing() {
    let home = Home::new();
    let before = healthy().replace("\"registered\":true", "\"registered\":false");
    let ended = checkup(&home, "sandbox", &before).ends(0);
    assert_eq!(ended.outcome("exchange.registered"), ("unproven".to_owned(), "exchange-not-registered".to_owned()));
    let seen = ended.finding("exchange.registered")["evidence"].to_string();
    assert!(seen.contains("took the token"), "{seen}");
}

#[test]
fn it_decides_what_the_bare_refusal_leaves_open() {
    let home = Home::new();
    let ended = home.run(&["checkup", "--cloud", "sandbox=exchange-not-registered", "--format", "json"]).ends(1);
    assert_eq!(ended.outcome("smtp.login").1, "smtp-login-refused");
    let ended = home.run(&["checkup", "--cloud", "sandbox=state-not-registered", "--format", "json"]).ends(1);
    assert_eq!(ended.outcome("smtp.login").1, "exchange-not-registered");
    assert_eq!(ended.json()["summary"]["first_cause"], "exchange-not-registered");
}

#[test]
fn its_names_are_masked() {
    let home = Home::new();
    let state = healthy().replace("\"roles\":[]", "\"roles\":[{\"role\":\"r\",\"scope\":\"Secret Project\"}]");
    let why = "It couldn't be done for 'Jane O'Brien' on 'SRV01.contoso-internal', nor for anybody.";
    let state = state.replace("\"unread\":[]", &format!("\"unread\":[{{\"what\":\"send_as\",\"why\":\"{why}\"}}]"));
    let file = home.write("state.json", &state).display().to_string();
    let words = ["checkup", "--cloud", "sandbox", "--exchange-state", &file, "--share", "--format", "json"];
    let out = home.run(&words).ends(0).out;
    for name in ["Secret Project", MAILBOX, "application@contoso", CLIENT, "Jane", "Brien", "SRV01"] {
        assert!(!out.contains(name), "{name} is shown");
    }
    assert!(out.contains("It couldn't be done for 'masked' on 'masked', nor for anybody."), "{out}");
}

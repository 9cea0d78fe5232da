//! Flag before environment before profile; and which file is read at all.

use serde_json::Value;

use crate::support::{CLIENT, Ended, Home, OTHER, SECRET, Silent, TENANT, profile};

fn setup(command: &mut assert_cmd::Command) -> Value {
    let ended = Ended::of(command.args(["--plan", "--format", "json"])).ends(0);
    ended.json()["setup"].clone()
}

#[test]
fn flag_wins_over_environment_wins_over_profile() {
    let (home, silent) = (Home::new(), Silent::new());
    let words = "from = 'p@contoso.test'\nto = 'p@contoso.test'\nroads = ['imap']\ndomain = 'p.test'\n\
                 client_secret = 'of-the-profile'\nobject_id = '11111111-2222-3333-4444-0000000000ff'";
    home.write("config/o365doctor/config.toml", &(silent.cloud() + &profile("main", words)));
    let environment = [
        ("TENANT", "e.test"),
        ("CLIENT_ID", OTHER),
        ("MAILBOX", "e@contoso.test"),
        ("FROM", "e@contoso.test"),
        ("TO", "e@contoso.test"),
        ("ROADS", "pop"),
        ("DOMAIN", "e.test"),
        ("OBJECT_ID", "11111111-2222-3333-4444-000000000002"),
    ]
    .map(|(name, value)| (format!("O365DOCTOR_{name}"), value));
    let flags = [
        "--tenant",
        "f.test",
        "--client-id",
        "11111111-2222-3333-4444-000000000003",
        "--mailbox",
        "f@contoso.test",
        "--from",
        "f@contoso.test",
        "--to",
        "f@contoso.test",
        "--roads",
        "hve",
        "--domain",
        "f.test",
        "--object-id",
        "11111111-2222-3333-4444-0000000000fe",
    ];
    let of_profile = setup(&mut home.command(&["checkup"]));
    assert_eq!(of_profile["profile"], "main");
    assert_eq!(of_profile["tenant"], TENANT);
    assert_eq!(of_profile["client_id"], CLIENT);
    assert_eq!(of_profile["from"], "p@contoso.test");
    assert_eq!(of_profile["roads"][0], "imap");
    assert_eq!(of_profile["domain"], "p.test");
    let of_environment = setup(home.command(&["checkup"]).envs(environment.clone()));
    for (word, value) in [("tenant", "e.test"), ("client_id", OTHER), ("mailbox", "e@contoso.test")] {
        assert_eq!(of_environment[word], value);
    }
    assert_eq!(of_environment["roads"][0], "pop");
    assert_eq!(of_environment["domain"], "e.test");
    assert_eq!(of_environment["object_id"], "11111111-2222-3333-4444-000000000002");
    let of_flags = setup(home.command(&["checkup"]).envs(environment).args(flags));
    for (word, value) in [
        ("tenant", "f.test"),
        ("mailbox", "f@contoso.test"),
        ("from", "f@contoso.test"),
        ("to", "f@contoso.test"),
        ("domain", "f.test"),
        ("object_id", "11111111-2222-3333-4444-0000000000fe"),
    ] {
        assert_eq!(of_flags[word], value);
    }
    assert_eq!(of_flags["roads"][0], "hve");
    assert!(!silent.heard());
}

#[test]
fn the_credential_comes_from_the_first_layer_that_names_one() {
    let (home, silent) = (Home::new(), Silent::new());
    home.write("config/o365doctor/config.toml", &(silent.cloud() + &profile("main", "client_secret = 'of-profile'")));
    let file = home.write("secret.txt", SECRET).display().to_string();
    let origin = |command: &mut assert_cmd::Command| setup(command)["credential"].as_str().unwrap().to_owned();
    assert_eq!(origin(&mut home.command(&["checkup"])), "client_secret of profile `main`");
    let variable = ("O365DOCTOR_CLIENT_SECRET_COMMAND", "echo of-the-command");
    assert_eq!(origin(home.command(&["checkup"]).env(variable.0, variable.1)), variable.0);
    let flags = ["--client-secret-file", &file];
    assert_eq!(origin(home.command(&["checkup"]).env(variable.0, variable.1).args(flags)), "--client-secret-file");
}

#[test]
fn two_credentials_in_one_layer_are_refused_by_both_names() {
    let (home, silent) = (Home::new(), Silent::new());
    let file = home.write("secret.txt", SECRET).display().to_string();
    let both = |ended: &Ended, first: &str, second: &str| {
        ended.refused(first, Some("input-two-credentials"));
        assert!(ended.err.lines().next().unwrap().contains(second), "{ended:?}");
    };
    let config = home.write("one.toml", &(silent.cloud() + &profile("main", ""))).display().to_string();
    let args = ["checkup", "--config", &config, "--client-secret-file", &file, "--token-file", &file];
    both(&home.run(&args), "--client-secret-file", "--token-file");
    let args = ["checkup", "--config", &config, "--client-secret-stdin", "--client-secret-command", "echo x"];
    both(&home.run(&args), "--client-secret-command", "--client-secret-stdin");
    let mut command = home.command(&["checkup", "--config", &config]);
    command.env("O365DOCTOR_CLIENT_SECRET", SECRET).env("O365DOCTOR_TOKEN", "eyJ.eyJ.x");
    both(&Ended::of(&mut command), "O365DOCTOR_CLIENT_SECRET", "O365DOCTOR_TOKEN");
    let words = "client_secret = 'a'\ntoken_command = 'echo b'";
    let config = home.write("two.toml", &(silent.cloud() + &profile("main", words))).display().to_string();
    both(&home.run(&["checkup", "--config", &config]), "client_secret of profile `main`", "token_command");
    assert!(!silent.heard());
}

#[test]
fn a_file_in_the_current_folder_is_read_only_when_it_is_named() {
    let (home, silent) = (Home::new(), Silent::new());
    let canary = home.path("canary");
    let words = format!("client_secret_command = 'touch {}; echo x'", canary.display());
    for name in ["o365doctor.toml", "config.toml", ".o365doctor.toml"] {
        home.write(&format!("work/{name}"), &(silent.cloud() + &profile("main", &words)));
    }
    home.run(&["checkup"]).refused("--mailbox", None);
    assert!(!canary.exists(), "a command of a file that nobody named was run");
    home.run(&["checkup", "--config", "o365doctor.toml", "--plan"]).ends(0);
    assert!(!canary.exists(), "a plan ran the command of a credential");
    // What is named is read, and its command run; nobody listens on port 1.
    let shut = "[cloud.shut]\nlogin = 'https://127.0.0.1:1'\nsmtp = '127.0.0.1:1'\ndns = '127.0.0.1:1'\n";
    home.write("work/named.toml", &(shut.to_owned() + &profile("main", &words).replace("'lab'", "'shut'")));
    home.run(&["check-token", "--config", "named.toml"]).ends(1);
    assert!(canary.exists());
    assert!(!silent.heard());
}

#[test]
fn the_file_is_named_by_flag_then_variable_then_the_users_own() {
    let (home, silent) = (Home::new(), Silent::new());
    let file = |name: &str, mailbox: &str| {
        let text = silent.cloud() + &profile("main", "client_secret = 'x-x-x'").replace("app@", mailbox);
        home.write(name, &text)
    };
    file("config/o365doctor/config.toml", "own@");
    let named = file("named.toml", "variable@");
    let flagged = file("flagged.toml", "flag@");
    let mailbox = |command: &mut assert_cmd::Command| setup(command)["mailbox"].as_str().unwrap().to_owned();
    assert_eq!(mailbox(&mut home.command(&["checkup"])), "own@contoso.test");
    assert_eq!(mailbox(home.command(&["checkup"]).env("O365DOCTOR_CONFIG", &named)), "variable@contoso.test");
    let mut command = home.command(&["checkup"]);
    command.env("O365DOCTOR_CONFIG", &named).arg("--config").arg(&flagged);
    assert_eq!(mailbox(&mut command), "flag@contoso.test");
}

#[test]
fn a_profile_is_chosen_by_flag_then_variable_then_default() {
    let (home, silent) = (Home::new(), Silent::new());
    let profiles: String = ["one", "two", "three"].map(|name| profile(name, "client_secret = 'x-x-x'")).concat();
    home.write("config/o365doctor/config.toml", &format!("default = 'two'\n{}{profiles}", silent.cloud()));
    let chosen = |command: &mut assert_cmd::Command| setup(command)["profile"].as_str().unwrap().to_owned();
    assert_eq!(chosen(&mut home.command(&["checkup"])), "two");
    assert_eq!(chosen(home.command(&["checkup"]).env("O365DOCTOR_PROFILE", "three")), "three");
    let mut command = home.command(&["checkup", "--profile", "one"]);
    assert_eq!(chosen(command.env("O365DOCTOR_PROFILE", "three")), "one");
}

#[test]
fn the_search_for_the_probe_is_said_by_flag_environment_and_profile() {
    let (home, silent) = (Home::new(), Silent::new());
    let words = "to = 'p@contoso.test'\nconfirm = true\nconfirm_within = '30s'\nconfirm_via = 'imap'";
    home.write("config/o365doctor/config.toml", &(silent.cloud() + &profile("main", words)));
    let planned = |command: &mut assert_cmd::Command| -> Vec<String> {
        let plan = Ended::of(command.args(["--plan", "--format", "json"])).ends(0).json()["plan"].clone();
        let rows = plan.as_array().unwrap().iter().map(|row| row["what"].as_str().unwrap().to_owned());
        rows.filter(|what| what.contains("look for the probe")).collect()
    };
    let of_profile = planned(&mut home.command(&["probe-send"]));
    assert_eq!(of_profile, ["look for the probe in Inbox and Junk Email of p@contoso.test over IMAP, up to 30 s"]);
    let flags = ["probe-send", "--confirm=app@contoso.test", "--confirm-via", "graph", "--mailbox", "app@contoso.test"];
    let of_flags = planned(&mut home.command(&flags));
    assert_eq!(of_flags, ["look for the probe in Sent Items of app@contoso.test over Microsoft Graph, up to 30 s"]);
    let none = planned(home.command(&["probe-send"]).env("O365DOCTOR_CONFIRM", "false"));
    assert!(none.is_empty(), "{none:?}");
    let kept = Ended::of(home.command(&["checkup", "--plan"]).args(["--confirm"])).ends(0);
    assert!(kept.out.contains("not    finding the probe again: no probe mail leaves on this run"), "{}", kept.out);
    assert!(!silent.heard());
}

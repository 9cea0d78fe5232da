//! `login`, `logout` and `token`: what they refuse before anything is sent, and what another program reads of `token`.

use crate::support::{CLIENT, Ended, Home, Lab, TENANT};

fn run(home: &Home, command: &str, words: &[&str]) -> Ended {
    home.run(&[&[command, "--tenant", TENANT, "--client-id", CLIENT], words].concat())
}

#[test]
fn the_plan_of_a_sign_in_names_host_scopes_and_place() {
    let home = Home::new();
    let ended = run(&home, "login", &["--plan", "--roads", "smtp,graph"]).ends(0);
    for part in [
        "login.microsoftonline.com: open its page in a browser",
        "https://outlook.office.com/SMTP.Send",
        "and  https://graph.microsoft.com/Mail.Send",
        "offline_access",
        "Nothing was contacted.",
    ] {
        assert!(ended.out.contains(part), "{part}: {ended:?}");
    }
    assert!(run(&home, "login", &["--plan", "--device-code"]).ends(0).out.contains("ask for a code"));
    assert!(
        run(&home, "login", &["--plan", "--paste"]).ends(0).out.contains("ask for the one that the browser ends at")
    );
    let government = run(&home, "login", &["--plan", "--cloud", "gcc-high"]).ends(0).out;
    assert!(government.contains("login.microsoftonline.us: "), "{government}");
    assert!(government.contains("https://outlook.office365.us/SMTP.Send"), "{government}");
    // A plan leaves nothing behind.
    let store = home.path("kept").display().to_string();
    assert!(run(&home, "login", &["--plan", "--store", &store]).ends(0).out.contains(&store));
    assert!(!home.path("kept").exists());
}

#[test]
fn nobody_signs_in_for_a_road_that_is_not_for_people() {
    let home = Home::new();
    for command in ["login", "logout"] {
        run(&home, command, &["--roads", "hve"]).refused("--roads", Some("input-road-not-for-people"));
    }
    run(&home, "login", &["--device-code", "--paste"]).ends(2);
}

#[test]
fn a_short_scope_would_mean_another_resource() {
    let home = Home::new();
    let ended = run(&home, "check-token", &["--auth", "delegated", "--scope", "SMTP.Send"]);
    ended.refused("--scope", Some("token-scope-missing"));
    assert!(ended.err.contains("https://outlook.office.com/SMTP.Send"), "{ended:?}");
    run(&home, "login", &["--scope", "https://vault.example/.default"]).refused("--scope", None);
    let whole = "https://outlook.office.com/SMTP.Send offline_access";
    let planned = run(&home, "login", &["--plan", "--scope", whole]).ends(0).out;
    assert_eq!(planned.matches("offline_access").count(), 1, "{planned}");
    let planned = run(&home, "check-token", &["--auth", "delegated", "--plan", "--scope", whole]).ends(0).out;
    assert!(planned.contains("SMTP.Send openid profile offline_access"), "{planned}");
    run(&home, "login", &["--scope", "offline_access SMTP.Send"]).refused("--scope", Some("token-scope-missing"));
}

#[cfg(not(feature = "keyring"))]
#[test]
fn the_keyring_is_named_where_it_is_not_built_in() {
    let home = Home::new();
    for command in ["login", "logout"] {
        let ended = run(&home, command, &["--store", "keyring"]);
        ended.refused("--store", None);
        assert!(ended.err.contains("--features keyring"), "{ended:?}");
    }
}

#[test]
fn who_has_not_signed_in_can_sign_out_and_gets_no_token() {
    let home = Home::new();
    let store = home.path("kept").display().to_string();
    let ended = run(&home, "logout", &["--store", &store]).ends(0);
    assert!(ended.out.starts_with("Nobody had signed in: ") && ended.out.contains(&store), "{ended:?}");
    assert!(ended.err.is_empty(), "{ended:?}");
    let words = ["--auth", "delegated", "--store", &store];
    run(&home, "token", &words).refused("nobody has signed in yet", Some("sign-in-missing"));
    run(&home, "check-token", &words).refused("nobody has signed in yet", Some("sign-in-missing"));
}

#[test]
fn a_road_without_a_login_takes_no_token() {
    let lab = Lab::healthy();
    for road in ["relay", "direct"] {
        lab.run(&["token", "--for", road]).refused(&format!("--for is {road}"), None);
    }
    lab.run(&["token", "--for", "smtp", "--good-for", "soon"]).refused("--good-for", None);
    lab.run(&["token", "--for", "smtp", "--sasl", "a\u{1}b"]).refused("--sasl", None);
}

#[test]
fn a_token_is_one_line_and_nothing_else() {
    let lab = Lab::healthy();
    let ended = lab.run(&["token"]).ends(0);
    assert_eq!(ended.err, "", "{ended:?}");
    let token = ended.out.strip_suffix('\n').expect("a line");
    assert!(!token.contains(char::is_whitespace) && token.split('.').count() == 3, "{token}");
    // It is what the tenant gives: the program takes it for a token of this application.
    lab.configure("");
    let file = lab.home.write("token.txt", token).display().to_string();
    let read = lab.run(&["check-token", "--token-file", &file, "--format", "json"]).ends(0);
    assert_eq!(read.outcome("token.app").0, "pass", "{read:?}");
}

#[test]
fn a_refused_token_leaves_standard_output_empty() {
    let lab = Lab::healthy();
    lab.configure("client_secret = 'wYd8Q~another.secret_value-of.no-worth.xK3'");
    for words in [&["token"][..], &["token", "--sasl", "app@contoso.test"], &["token", "--format", "json"]] {
        let ended = lab.run(words).ends(1);
        assert_eq!(ended.out, "", "{ended:?}");
        assert!(ended.err.contains("AADSTS7000215") && ended.err.contains("[aadsts7000215]"), "{ended:?}");
        assert!(!ended.err.contains("another.secret"), "{ended:?}");
    }
}

#[test]
fn a_sign_in_beside_another_source_is_refused_and_not_preferred() {
    let home = Home::new();
    let sources: [&[&str]; 4] = [
        &["--managed-identity", "system"],
        &["--certificate", "app.pem"],
        &["--assertion-command", "printf eyJh.eyJi.c2ln"],
        &["--client-secret-command", "printf secret-value"],
    ];
    for source in sources {
        let ended = run(&home, "check-token", &[&["--auth", "delegated"], source].concat()).ends(2);
        assert!(!ended.err.contains("sign-in-missing"), "{source:?} was ignored: {}", ended.err);
        assert!(ended.err.contains(source[0]), "{}", ended.err);
    }
}

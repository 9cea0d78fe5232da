//! `check-token`: a token from anywhere, judged offline.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::{
    Ended, Home, Lab, MAILBOX, OTHER, Silent, app_claims, delegated_claims, jwt, profile, signed, with,
};

/// Judges a token with a profile whose every host must hear nothing.
fn judged(token: &str, words: &[&str]) -> Ended {
    let (home, silent) = (Home::new(), Silent::new());
    let config = home.write("lab.toml", &(silent.cloud() + &profile("main", ""))).display().to_string();
    let file = home.write("token.txt", token).display().to_string();
    let args = ["check-token", "--config", &config, "--token-file", &file, "--format", "json"];
    let ended = home.run(&[&args[..], words].concat());
    assert!(!silent.heard(), "a token that is read is judged offline");
    assert!(!ended.out.contains("c2lnbmF0dXJl") && !ended.err.contains("c2lnbmF0dXJl"), "{ended:?}");
    ended
}

fn pair(outcome: &str, cause: &str) -> (String, String) {
    (outcome.to_owned(), cause.to_owned())
}

#[test]
fn the_exit_code_is_that_of_the_roads_that_were_asked_for() {
    let token = signed(&app_claims());
    judged(&token, &[]).ends(0);
    judged(&token, &["--roads", "smtp"]).ends(0);
    for shut in ["graph", "imap", "smtp,pop", "hve"] {
        judged(&token, &["--roads", shut]).ends(1);
    }
    let none = signed(&with(app_claims(), "roles", json!(["User.Read.All"])));
    judged(&none, &["--roads", "imap"]).ends(1);
    let foreign = signed(&with(app_claims(), "aud", "https://management.azure.com"));
    let ended = judged(&foreign, &[]).ends(1);
    assert_eq!(ended.outcome("token.opens"), pair("fail", "token-opens-no-road"));
    let ended = judged(&foreign, &["--roads", "smtp"]).ends(1);
    assert_eq!(ended.outcome("token.audience"), pair("fail", "token-audience-other"));
}

#[test]
fn a_grant_that_may_live_in_exchange_is_unproven_not_shut() {
    let none = signed(&with(app_claims(), "roles", json!(["User.Read.All"])));
    let ended = judged(&none, &["--roads", "smtp"]).ends(0);
    assert_eq!(ended.outcome("token.role").0, "unproven");
    judged(&none, &["--roads", "smtp", "--strict"]).ends(1);
    assert_eq!(judged(&none, &[]).ends(0).outcome("token.opens").0, "unproven");
}

#[test]
fn the_roads_of_a_profile_are_named_roads() {
    let (home, silent) = (Home::new(), Silent::new());
    let config = home.write("lab.toml", &(silent.cloud() + &profile("main", "roads = ['imap']"))).display().to_string();
    let mut command = home.command(&["check-token", "--config", &config]);
    Ended::of(command.env("O365DOCTOR_TOKEN", signed(&app_claims()))).ends(1);
}

#[test]
fn the_table_of_roads_says_which_are_open() {
    let report = judged(&signed(&app_claims()), &[]).json();
    let open = |road: &str| {
        let rows = report["roads"].as_array().unwrap();
        rows.iter().find(|row| row["road"] == road).unwrap()["open"].clone()
    };
    let answers = ["smtp", "graph", "ews", "imap", "pop", "hve"].map(open);
    assert_eq!(answers.map(|answer| answer.as_str().unwrap().to_owned()), ["yes", "no", "unproven", "no", "no", "no"]);
    assert_eq!(report["roads"].as_array().unwrap().len(), 6);
}

#[test]
fn a_token_comes_from_a_file_a_pipe_the_environment_or_a_command() {
    let (home, silent) = (Home::new(), Silent::new());
    let token = signed(&app_claims());
    home.write("config/o365doctor/config.toml", &(silent.cloud() + &profile("main", "")));
    let file = home.write("token.txt", &format!("  {token}\n\n")).display().to_string();
    let words = ["check-token", "--format", "json"];
    let origin = |command: &mut assert_cmd::Command| {
        let ended = Ended::of(command).ends(0);
        assert_eq!(ended.outcome("token.opens").0, "pass");
        ended.json()["setup"]["credential"].as_str().unwrap().to_owned()
    };
    assert_eq!(origin(home.command(&words).args(["--token-file", &file])), "--token-file");
    let piped = token.clone() + "\n";
    assert_eq!(origin(home.command(&words).args(["--token-file", "-"]).write_stdin(piped)), "--token-file");
    assert_eq!(origin(home.command(&words).env("O365DOCTOR_TOKEN", &token)), "O365DOCTOR_TOKEN");
    let print = format!("echo {token}");
    assert_eq!(origin(home.command(&words).args(["--token-command", &print])), "--token-command");
    assert!(!silent.heard());
}

#[test]
fn the_user_of_a_pasted_login_is_compared() {
    let token = signed(&app_claims());
    let wrapped = |user: &str| STANDARD.encode(format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}"));
    let ended = judged(&wrapped(MAILBOX), &[]).ends(0);
    assert_eq!(ended.outcome("token.user"), pair("pass", ""));
    assert_eq!(ended.outcome("token.form"), pair("pass", ""));
    let ended = judged(&wrapped("bob@contoso.test"), &[]).ends(1);
    assert_eq!(ended.outcome("token.user"), pair("fail", "sasl-user-mismatch"));
    judged(&format!("AUTH XOAUTH2 {}", wrapped(MAILBOX)), &[]).ends(0);
}

#[test]
fn a_persons_token_is_compared_with_the_mailbox() {
    let ended = judged(&signed(&delegated_claims()), &["--roads", "smtp"]).ends(0);
    assert_eq!(ended.outcome("token.user"), pair("pass", ""));
    assert_eq!(ended.outcome("token.role"), pair("pass", ""));
    let other = signed(&with(delegated_claims(), "upn", "admin@contoso.test"));
    assert_eq!(judged(&other, &[]).ends(1).outcome("token.user"), pair("fail", "token-user-mismatch"));
    let scopeless = signed(&with(delegated_claims(), "scp", "User.Read"));
    let ended = judged(&scopeless, &["--roads", "smtp"]).ends(1);
    assert_eq!(ended.outcome("token.role"), pair("fail", "token-scope-missing"));
}

#[test]
fn a_token_of_the_other_kind_is_named() {
    let ended = judged(&signed(&delegated_claims()), &["--roads", "smtp"]).ends(0);
    assert_eq!(ended.outcome("token.kind"), pair("pass", ""));
    let torn = signed(&with(delegated_claims(), "idtyp", "app"));
    assert_eq!(judged(&torn, &[]).ends(1).outcome("token.kind"), pair("fail", "token-delegated"));
    let id = "11111111-2222-3333-4444-0000000000ff";
    let ended = judged(&signed(&delegated_claims()), &["--object-id", id]).ends(1);
    assert_eq!(ended.outcome("token.kind"), pair("fail", "token-delegated"));
}

#[test]
fn what_is_no_readable_token_is_named() {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let header = json!({"typ": "JWT", "alg": "RS256"});
    let opaque = format!("EwB{}", STANDARD.encode([7; 300]));
    let unsigned = jwt(&json!({"alg": "none"}), &app_claims());
    let shouting = jwt(&json!({"alg": "NONE"}), &app_claims());
    let encrypted = format!("{}.a.b.c.d", part(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#));
    for (token, check) in [
        (opaque.as_str(), pair("unproven", "token-opaque")),
        (&encrypted, pair("unproven", "token-encrypted")),
        (&unsigned, pair("fail", "token-alg-none")),
        (&shouting, pair("fail", "token-alg-none")),
        (&format!("{}.!!!.c2ln", part(&header.to_string())), pair("fail", "token-malformed")),
        (&format!("{}.{}.c2ln", part(&header.to_string()), part("[1]")), pair("fail", "token-malformed")),
        (&format!("{}.{}", part(&header.to_string()), part("{}")), pair("fail", "token-malformed")),
        (&"ey".repeat(500), pair("fail", "token-malformed")),
    ] {
        let ended = judged(token, &[]);
        assert_eq!(ended.outcome("token.form"), check, "{token}");
        assert_eq!(ended.code, i32::from(check.0 == "fail"), "{ended:?}");
        let shut = judged(token, &["--roads", "smtp"]);
        assert_eq!(shut.outcome("token.form"), check, "{token}");
    }
}

#[test]
fn the_claims_are_compared_with_the_set_up() {
    for (name, value, check, cause) in [
        ("tid", json!(OTHER), "token.issuer", "token-issuer-foreign"),
        ("iss", json!("https://evil.example/"), "token.issuer", "token-issuer-foreign"),
        ("appid", json!(OTHER), "token.app", "token-app-mismatch"),
        ("exp", json!(1_700_000_100), "token.lifetime", "token-expired"),
        ("nbf", json!(4_102_444_000_i64), "token.lifetime", "token-not-yet-valid"),
    ] {
        let ended = judged(&signed(&with(app_claims(), name, value)), &[]).ends(1);
        assert_eq!(ended.outcome(check), pair("fail", cause), "{name}");
    }
    let moved = with(app_claims(), "tid", OTHER);
    let moved = with(moved, "iss", format!("https://sts.windows.net/{OTHER}/"));
    let ended = judged(&signed(&moved), &[]).ends(1);
    assert_eq!(ended.outcome("token.tenant"), pair("fail", "token-tenant-mismatch"));
}

/// Judges a token of a tenant with that tenant's keys from a file, beside a cloud that must hear nothing.
fn verified(lab: &Lab, token: &str, keys: &Value) -> Ended {
    let (home, silent) = (Home::new(), Silent::new());
    let config = home.write("lab.toml", &(silent.cloud() + &profile("main", ""))).display().to_string();
    let token = home.write("token.txt", token).display().to_string();
    let keys = home.write("keys.json", &keys.to_string()).display().to_string();
    let ended =
        home.run(&["check-token", "--config", &config, "--token-file", &token, "--jwks", &keys, "--format", "json"]);
    assert!(!silent.heard(), "--jwks contacts nobody");
    assert!(lab.sandbox.deliveries() == 0);
    ended
}

/// The same header and signature over other claims.
fn tampered(token: &str) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    let claims = with(claims, "roles", json!(["SMTP.SendAsApp", "IMAP.AccessAsApp"]));
    format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2])
}

#[test]
fn keys_of_a_file_verify_a_token() {
    for differences in ["", "[tenant.tokens]\nnonce = true"] {
        let lab = Lab::with(differences);
        let (token, keys) = (lab.token(), lab.keys());
        assert_eq!(verified(&lab, &token, &keys).ends(0).outcome("token.signature"), pair("pass", ""));
        let ended = verified(&lab, &tampered(&token), &keys).ends(0);
        assert_eq!(ended.outcome("token.signature"), pair("unproven", "token-signature-unproven"));
        let ended = verified(&lab, &token, &json!({"keys": []})).ends(0);
        assert_eq!(ended.outcome("token.signature").0, "unproven");
    }
}

#[test]
fn a_token_with_an_unknown_key_is_unproven() {
    let lab = Lab::with("[tenant.tokens]\nunpublished_key = true");
    let ended = verified(&lab, &lab.token(), &lab.keys()).ends(0);
    assert_eq!(ended.outcome("token.signature"), pair("unproven", "token-key-unknown"));
}

#[test]
fn keys_that_can_not_be_used_are_an_input_fault() {
    let home = Home::new();
    let token = home.write("token.txt", &signed(&app_claims())).display().to_string();
    let bad = home.write("keys.json", "no json").display().to_string();
    for keys in [bad.as_str(), "gone.json"] {
        home.run(&["check-token", "--token-file", &token, "--jwks", keys]).refused("--jwks", None);
    }
    let keys = home.write("empty.json", "{}").display().to_string();
    let ended = home.run(&["check-token", "--token-file", &token, "--jwks", &keys, "--verify"]).ends(2);
    assert_eq!(ended.out, "");
}

#[test]
fn verify_fetches_the_keys_of_the_tenant() {
    let lab = Lab::healthy();
    lab.configure("");
    let file = lab.home.write("token.txt", &lab.token()).display().to_string();
    let ended = lab.run(&["check-token", "--token-file", &file, "--verify", "--format", "json"]).ends(0);
    assert_eq!(ended.outcome("token.signature"), pair("pass", ""));
}

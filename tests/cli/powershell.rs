//! `powershell`: what a pasted script holds, and whose object id.

use serde_json::json;

use crate::support::{
    Ended, Home, Lab, MAILBOX, OBJECT, OTHER, Silent, app_claims, delegated_claims, jwt, profile, signed, with,
};

fn assigned(script: &str, name: &str) -> String {
    let start = format!("${name} = ");
    let line = script.lines().map(str::trim).find(|line| line.starts_with(&start));
    line.unwrap_or_else(|| panic!("no {name} in {script}"))[start.len()..].to_owned()
}

/// The script for a token that somebody else got.
fn with_token(lab: &Lab, token: &str, words: &[&str]) -> Ended {
    lab.configure("");
    let file = lab.home.write("token.txt", token).display().to_string();
    lab.run(&[&["powershell", "--token-file", &file], words].concat())
}

#[test]
fn the_object_id_is_that_of_an_app_only_token_of_this_tenant() {
    let lab = Lab::healthy();
    for part in ["setup", "verify", "undo"] {
        let script = lab.run(&["powershell", "--part", part]).ends(0).out;
        assert_eq!(assigned(&script, "Mailbox"), format!("'{MAILBOX}'"), "{part}");
        // Undo finds the registration by the client id.
        if part != "undo" {
            assert_eq!(assigned(&script, "ObjectId"), format!("'{OBJECT}'"), "{part}");
        }
    }
    let script = with_token(&lab, &lab.token(), &[]).ends(0).out;
    assert_eq!(assigned(&script, "ObjectId"), format!("'{OBJECT}'"));
}

#[test]
fn the_object_id_of_any_other_token_is_never_taken() {
    let lab = Lab::healthy();
    let foreign = with(app_claims(), "iss", format!("https://sts.windows.net/{OTHER}/"));
    let mut both = delegated_claims();
    both["roles"] = json!(["SMTP.SendAsApp"]);
    for (what, token) in [
        ("a person's", signed(&delegated_claims())),
        ("a person's with roles", signed(&both)),
        ("another tenant's", signed(&with(foreign, "tid", OTHER))),
        ("another application's", signed(&with(app_claims(), "appid", OTHER))),
        ("an unsigned one", jwt(&json!({"alg": "none"}), &app_claims())),
        ("an opaque one", "EwBopaqueopaqueopaqueopaque".to_owned()),
    ] {
        let ended = with_token(&lab, &token, &[]).ends(0);
        assert_eq!(assigned(&ended.out, "ObjectId"), "''", "{what}");
        assert!(ended.err.contains("object id"), "{what}: {ended:?}");
        let ended = with_token(&lab, &token, &["--object-id", OTHER]).ends(0);
        assert_eq!(assigned(&ended.out, "ObjectId"), format!("'{OTHER}'"), "{what}");
    }
}

#[test]
fn an_object_id_that_differs_from_the_tokens_is_refused() {
    let lab = Lab::healthy();
    let ended = lab.run(&["powershell", "--object-id", OTHER]);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{ended:?}");
    assert!(ended.err.contains("--object-id") && ended.err.contains("[object-id-mismatch]"), "{ended:?}");
    assert!(ended.err.contains(OBJECT) && ended.err.contains(OTHER), "{ended:?}");
    lab.run(&["powershell", "--object-id", OBJECT]).ends(0);
}

#[test]
fn without_a_credential_nobody_is_asked() {
    let (home, silent) = (Home::new(), Silent::new());
    let config = home.write("lab.toml", &(silent.cloud() + &profile("main", ""))).display().to_string();
    let script = home.run(&["powershell", "--config", &config]).ends(0).out;
    assert_eq!(assigned(&script, "ObjectId"), "''");
    let script = home.run(&["powershell", "--config", &config, "--object-id", OTHER]).ends(0).out;
    assert_eq!(assigned(&script, "ObjectId"), format!("'{OTHER}'"));
    assert!(!silent.heard());
}

#[test]
fn a_plan_asks_for_no_token() {
    let (home, silent) = (Home::new(), Silent::new());
    let words = "client_secret = 'x-x-x'";
    let config = home.write("lab.toml", &(silent.cloud() + &profile("main", words))).display().to_string();
    let ended = home.run(&["powershell", "--config", &config, "--plan"]).ends(0);
    assert!(ended.out.contains("token request") && ended.out.contains("Nothing was contacted."), "{ended:?}");
    home.run(&["powershell", "--config", &config, "--replay", "x.json"]).refused("--replay", None);
    assert!(!silent.heard());
}

#[test]
fn a_mailbox_stays_within_its_quotes() {
    let (home, silent) = (Home::new(), Silent::new());
    let config = home.write("lab.toml", &(silent.cloud() + &profile("main", ""))).display().to_string();
    for (mailbox, literal) in [
        ("o'brien@contoso.com", "'o''brien@contoso.com'"),
        ("x\u{2019}; y@contoso.com", "'x\u{2019}\u{2019}; y@contoso.com'"),
        ("$(x)@contoso.com", "'$(x)@contoso.com'"),
        ("a`b@contoso.com", "'a`b@contoso.com'"),
        ("a\"b@contoso.com", "'a\"b@contoso.com'"),
    ] {
        for part in ["setup", "verify", "undo"] {
            let words = ["powershell", "--config", &config, "--part", part, "--mailbox", mailbox];
            let script = home.run(&words).ends(0).out;
            assert_eq!(assigned(&script, "Mailbox"), literal, "{part}");
            assert_eq!(script.matches(mailbox).count(), usize::from(!mailbox.contains(['\'', '\u{2019}'])), "{part}");
        }
    }
    for mailbox in ["a\nb@contoso.com", "a\u{202e}b@contoso.com", "a\u{2028}b@contoso.com"] {
        let ended = home.run(&["powershell", "--config", &config, "--mailbox", mailbox]);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{ended:?}");
        assert!(!ended.err.contains(['\u{202e}', '\u{2028}']), "{ended:?}");
    }
    assert!(!silent.heard());
}

#[test]
fn undo_takes_the_line_that_setup_printed() {
    let (home, silent) = (Home::new(), Silent::new());
    let config = home.write("lab.toml", &(silent.cloud() + &profile("main", ""))).display().to_string();
    let prior = home.write("prior.txt", "nothing of ours").display().to_string();
    let words = ["powershell", "--config", &config, "--part", "undo", "--prior"];
    home.run(&[&words[..], &[&prior]].concat()).refused("the script", None);
    home.run(&[&words[..], &["gone.txt"]].concat()).refused("--prior", None);
    let line = "{\"format\":1,\"kind\":\"o365doctor.exchange-prior\"}";
    let prior = home.write("prior.txt", &format!("text before\r\n{line}\r\n")).display().to_string();
    assert!(home.run(&[&words[..], &[&prior]].concat()).ends(0).out.contains(line));
}

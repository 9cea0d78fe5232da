//! `explain`: any text to its page, offline.

use serde_json::{Value, json};

use crate::support::{Ended, Home};

fn explained(words: &[&str]) -> Value {
    Home::new().run(&[&["explain", "--format", "json"], words].concat()).ends(0).json()
}

#[test]
fn ids_numbers_codes_and_replies_are_explained() {
    for (words, id) in [
        (&["smtp-auth-off-tenant"][..], "smtp-auth-off-tenant"),
        (&["SMTP-Auth-Off-Tenant"], "smtp-auth-off-tenant"),
        (&["AADSTS7000215"], "aadsts7000215"),
        (&["aadsts7000215"], "aadsts7000215"),
        (&["7000215"], "aadsts7000215"),
        (&["5.7.60"], "send-as-denied-envelope"),
        (
            &["535", "5.7.139", "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant."],
            "smtp-auth-off-tenant",
        ),
    ] {
        let answer = explained(words);
        assert_eq!(answer["matches"][0]["id"], id, "{words:?}");
        assert_eq!(answer["unrecognised"], false);
        assert_eq!(answer["format"], 1);
        for matched in answer["matches"].as_array().unwrap() {
            for field in ["id", "title", "who", "matched"] {
                assert!(matched[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {matched}");
            }
        }
    }
}

#[test]
fn flags_may_stand_after_the_text() {
    let ended = Home::new().run(&["explain", "535", "5.7.139", "--format", "json"]).ends(0);
    assert_eq!(ended.json()["format"], 1);
}

#[test]
fn a_text_is_read_from_standard_input() {
    let home = Home::new();
    let log = "Nov 20 postfix/smtp[1]: to=<bob@contoso.com>, dsn=5.7.60, status=bounced (host said: 554 5.7.60 \
               SMTP; Client does not have permissions to send as this sender (in reply to end of DATA command))\n";
    let ended = Ended::of(home.command(&["explain", "--format", "json"]).write_stdin(log)).ends(0);
    assert!(ended.json()["matches"][0]["id"].as_str().unwrap().starts_with("send-as-denied"), "{ended:?}");
    let ended = Ended::of(home.command(&["explain"]).write_stdin(b"\xff\xfe 535 5.7.3".as_slice()));
    assert_eq!(ended.code, 0, "octets that are no UTF-8 are no reason to stop: {ended:?}");
}

#[test]
fn what_is_not_known_is_said_and_ends_with_1() {
    let home = Home::new();
    for text in ["no such thing", "250 2.0.0 OK", "mysqld 5.7.25", "AADSTS9", ""] {
        let ended = Ended::of(home.command(&["explain", "--format", "json"]).write_stdin(text)).ends(1);
        let answer = ended.json();
        assert_eq!(answer["matches"], json!([]), "{text}");
        assert_eq!(answer["unrecognised"], true);
    }
    let ended = home.run(&["explain", "no such thing"]).ends(1);
    assert!(ended.out.contains("no such thing"), "the raw words stand above any guess: {ended:?}");
}

#[test]
fn a_mistyped_id_is_answered_with_its_neighbours() {
    let ended = Home::new().run(&["explain", "smtp-auth-of-tenant", "--format", "json"]).ends(1);
    assert_eq!(ended.json()["similar"][0], "smtp-auth-off-tenant");
}

#[test]
fn hostile_text_does_not_steer_the_terminal() {
    let ended = Home::new().run(&["explain", "nothing \u{1b}[2J\u{202e} known"]).ends(1);
    assert!(!ended.out.contains(['\u{1b}', '\u{202e}']), "{ended:?}");
}

#[test]
fn every_page_is_listed_and_shown() {
    let home = Home::new();
    let list = home.run(&["explain", "--list"]).ends(0).out;
    for page in o365doctor::kb::all() {
        assert!(list.contains(page.id), "{}", page.id);
    }
    let shown = home.run(&["explain", "smtp-auth-off-mailbox"]).ends(0).out;
    assert!(shown.contains("Set-CASMailbox") && shown.contains("<mailbox>"), "{shown}");
}

#[test]
fn pages_are_found_by_words_and_by_who_acts() {
    let home = Home::new();
    let found = home.run(&["explain", "--search", "direct send", "--who", "exchange-admin"]).ends(0).out;
    assert!(found.lines().any(|line| line.starts_with("direct-send-rejected")), "{found}");
    let pages = home.run(&["explain", "--who", "dns-admin", "--format", "json"]).ends(0).json();
    let pages = pages["pages"].as_array().unwrap();
    assert!(!pages.is_empty() && pages.iter().all(|page| page["who"] == "dns-admin"), "{pages:?}");
    let nothing = home.run(&["explain", "--search", "zebra crossing"]).ends(1);
    assert!(nothing.out.is_empty() && !nothing.err.is_empty(), "{nothing:?}");
    home.run(&["explain", "--search", "x", "some text"]).ends(2);
}

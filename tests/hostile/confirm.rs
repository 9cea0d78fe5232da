//! Readers that misbehave while the probe is looked for: every look is bounded in octets and in time, nothing is sent
//! again, and a header may say what it likes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::lab::{self, Answer, Ended, Lab, Manner, Plan, Web, count};
use super::{ATTACK, PATIENT, SHORT, answer, drip, each, failed, flood, json_answer, sound, tame};

/// Sends the probe and looks for it, for a second.
fn looked(plan: &Plan, timeout: &str, via: &str, more: &[&str]) -> (Lab, Ended) {
    let lab = Lab::start(plan);
    let words = ["--confirm", "--confirm-within", "1s", "--confirm-via", via];
    let run = lab.probe(timeout, &[&words[..], more].concat());
    (lab, run)
}

fn finding<'a>(report: &'a Value, check: &str) -> &'a Value {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["check"] == check).unwrap_or_else(|| panic!("no {check}: {report:#}"))
}

#[test]
fn a_graph_that_misbehaves_ends_the_search() {
    let headers: Vec<Value> = (0..10_000).map(|_| json!({"name": "Received", "value": "x".repeat(1000)})).collect();
    let ten_megabytes = json!({"value": [{"subject": "x", "internetMessageHeaders": headers}]});
    let redirect = b"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
    let say = |octets: Vec<u8>| Web::Misbehaves(Manner::Say(octets));
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let cases = vec![
        ("silent", SHORT, Web::Misbehaves(Manner::Silent), "server-silent"),
        ("one octet at a time", SHORT, Web::Misbehaves(drip("HTTP/1.1 200 OK\r\n", "X")), "server-silent"),
        (
            "the body in drops",
            SHORT,
            Web::Misbehaves(drip(&format!("{head}Content-Length: 99999\r\n\r\n"), " ")),
            "server-silent",
        ),
        (
            "an endless body",
            PATIENT,
            Web::Misbehaves(flood(&format!("{head}Connection: close\r\n\r\n"), "[1,2,3,")),
            "server-answer-too-long",
        ),
        ("a header of ten megabytes", PATIENT, say(json_answer("200 OK", &ten_megabytes)), "server-answer-too-long"),
        ("a redirect", PATIENT, say(redirect.to_vec()), "http-redirected"),
        ("no Graph", PATIENT, say(answer("404 Not Found", "text/html", b"<html></html>")), "confirm-mailbox-elsewhere"),
        (
            "deep",
            PATIENT,
            say(answer("403 Forbidden", "application/json", "[".repeat(9000).as_bytes())),
            "confirm-right-missing",
        ),
    ];
    each(cases, |(name, timeout, web, cause)| {
        let began = Instant::now();
        let (lab, run) = looked(&Plan { web, ..Plan::default() }, timeout, "graph", &["--format", "json"]);
        let report = failed(name, &run);
        assert_eq!(finding(&report, "confirm.right")["cause"], cause, "{name}: {report:#}");
        assert_eq!(count(&lab.seen.messages), 1, "{name}: mails sent");
        assert_eq!(count(&lab.seen.elsewhere), 0, "{name}");
        assert!(began.elapsed() < Duration::from_secs(45), "{name}: {:?}", began.elapsed());
        assert!(!run.stdout.contains(lab::TOKEN), "{name}: the token stands in the report");
    });
}

/// A Graph that has the mail, with this header and a body that nobody asked for.
fn found(fields: &'static [(&'static str, &'static str)]) -> Web {
    let web: Answer = Arc::new(move |request| {
        let token = request.split_once("subject%2C%27").and_then(|(_, rest)| rest.get(..12)).unwrap_or_default();
        let header: Vec<Value> = fields.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let mail = json!({
            "subject": format!("o365doctor probe {token}"),
            "internetMessageId": lab::TOKEN,
            "from": {"emailAddress": {"address": "app@contoso.test", "name": ATTACK}},
            "internetMessageHeaders": header,
            "body": {"content": "cAnArY of the body"}, "bodyPreview": "cAnArY of the body",
        });
        json_answer("200 OK", &json!({"value": [{"subject": "another mail"}, mail]}))
    });
    Web::Answers(web)
}

#[test]
fn a_header_steers_nothing_and_no_body_is_kept() {
    let plan = Plan {
        web: found(&[
            ("Authentication-Results", lab::TOKEN),
            ("Authentication-Results", ATTACK),
            ("Message-ID", lab::TOKEN),
            ("Authentication-Results", "spf=\u{1b}[2J (a\u{202e}b) x=\u{7}; ((((("),
            ("Received", "from \u{1b}]0;owned\u{7} by \u{9b}2J with \u{0}; not a date"),
            ("Received", "from a by b with c; Thu, 99 Foo 99999 99:99:99 +9999"),
            ("X-Forefront-Antispam-Report", "SCL:99999999999999999999;SFV:\u{1b}[31m;CIP:\u{2028}"),
            ("a\r\nSubject", "folded\r\ninto another"),
        ]),
        ..Plan::default()
    };
    for format in ["text", "json", "markdown"] {
        let (lab, run) = looked(&plan, PATIENT, "graph", &["--format", format, "-v", "--color", "always"]);
        tame(format, &run);
        assert!(!run.stdout.contains("cAnArY"), "{format}: the body of the mail stands in the report");
        assert!(!run.stdout.contains(lab::TOKEN), "{format}: the token stands in the report");
        assert_eq!(count(&lab.seen.messages), 1, "{format}: mails sent");
    }
    let (_, shared) = looked(&plan, PATIENT, "graph", &["--format", "json", "--share"]);
    let report: Value = serde_json::from_str(&shared.stdout).unwrap();
    assert_eq!(finding(&report, "confirm.found")["outcome"], "pass", "{report:#}");
}

/// What an IMAP server says that lets everybody in; `then` is what it says to the first look.
fn let_in(then: &str) -> Vec<u8> {
    let login = "* OK ready\r\n* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR\r\na1 OK done\r\na2 OK done\r\n";
    format!("{login}{then}").into_bytes()
}

#[test]
fn an_imap_server_that_misbehaves_ends_the_search() {
    let selected = "* 1 EXISTS\r\nb1 OK [READ-ONLY] done\r\n";
    let found = format!("{selected}* SEARCH 7\r\nb4 OK done\r\n");
    let literal =
        |octets: &str| Manner::Hold(let_in(&format!("{found}* 1 FETCH (UID 7 BODY[HEADER]<0> {{{octets}}}\r\n")));
    let cases = vec![
        ("silent", SHORT, Manner::Silent, "server-silent"),
        ("silent after the login", SHORT, Manner::Hold(let_in("")), "server-silent"),
        ("two gigabytes announced", PATIENT, literal("2147483648"), "server-answer-too-long"),
        ("more than the bound", PATIENT, literal("131073"), "server-answer-too-long"),
        ("more than any number", SHORT, literal("99999999999999999999999"), "server-silent"),
        ("a literal that never comes", SHORT, literal("1000"), "server-silent"),
        ("one octet at a time", SHORT, Manner::Drip(let_in(&found), b"* 1 FETCH ".to_vec()), "server-silent"),
        (
            "endless findings",
            PATIENT,
            Manner::Flood(let_in(selected), b"* SEARCH 1 2 3\r\n".repeat(100)),
            "server-answer-too-long",
        ),
        ("the session ends", PATIENT, Manner::Hold(let_in("* BYE going down\r\n")), "imap-session-ended"),
    ];
    each(cases, |(name, timeout, manner, cause)| {
        let began = Instant::now();
        let (lab, run) = looked(&Plan { mailbox: manner, ..Plan::default() }, timeout, "imap", &["--format", "json"]);
        let report = failed(name, &run);
        assert_eq!(finding(&report, "confirm.right")["cause"], cause, "{name}: {report:#}");
        assert_eq!(count(&lab.seen.messages), 1, "{name}: mails sent");
        assert!(began.elapsed() < Duration::from_secs(45), "{name}: {:?}", began.elapsed());
    });
}

#[test]
fn a_mail_that_is_not_ours_is_not_taken_for_it() {
    let header = "Subject: another mail\r\nFrom: x@contoso.test\r\n\r\n";
    let look = format!(
        "b1 OK [READ-ONLY] done\r\n* SEARCH 7\r\nb4 OK done\r\n* 1 FETCH (UID 7 BODY[HEADER]<0> {{{}}}\r\n{header})\r\nb5 OK done\r\n",
        header.len()
    );
    let plan = Plan { mailbox: Manner::Hold(let_in(&look)), ..Plan::default() };
    let (_, run) = looked(&plan, SHORT, "imap", &["--format", "json"]);
    sound("another mail", &run);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["facts"]["confirm"]["arrived"], Value::Null);
}

#[test]
fn a_folder_of_another_language_is_found_by_its_use() {
    let header = |token: &str| format!("Subject: o365doctor probe {token}\r\nFrom: app@contoso.test\r\n\r\n");
    // The server says what it says before it is asked, so it can not know the token: the search ends without a find, in
    // the right folder.
    let header = header("000000000000");
    let list = "* LIST (\\HasNoChildren \\Sent) \"/\" \"Gesendete Elemente\"\r\n* LIST (\\Junk) \"/\" Junk-E-Mail\r\n";
    let look = format!(
        "b1 OK done\r\n* SEARCH\r\nb4 OK done\r\nb1 NO Junk Email doesn't exist.\r\n{list}b2 OK done\r\n\
         b3 OK done\r\n* SEARCH 7\r\nb4 OK done\r\n* 1 FETCH (UID 7 BODY[HEADER]<0> {{{}}}\r\n{header})\r\nb5 OK done\r\n",
        header.len()
    );
    let plan = Plan { mailbox: Manner::Hold(let_in(&look)), ..Plan::default() };
    let lab = Lab::start(&plan);
    let words = ["--confirm", "--confirm-within", "1ms", "--confirm-via", "imap", "--format", "json"];
    let run = lab.probe(SHORT, &words);
    sound("another language", &run);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let lines = report["facts"]["confirm"]["imap"]["transcript"].as_array().unwrap();
    let said: Vec<&str> =
        lines.iter().filter(|line| line["side"] == ">").map(|line| line["text"].as_str().unwrap()).collect();
    assert!(said.contains(&"b3 EXAMINE Junk-E-Mail"), "{said:?}");
    assert!(!run.stdout.contains("Gesendete"), "the names of other folders are kept");
}

#[test]
fn an_ews_that_misbehaves_ends_the_search() {
    let deep = "<a>".repeat(100_000);
    let say = |octets: Vec<u8>| Manner::Say(octets);
    let soap =
        |body: &str| answer("200 OK", "text/xml", format!("<Envelope><Body>{body}</Body></Envelope>").as_bytes());
    let entity = "<!DOCTYPE a [<!ENTITY b 'c'>]><Envelope><Body>&b;</Body></Envelope>";
    let cases = vec![
        ("silent", SHORT, Manner::Silent, "server-silent"),
        ("one octet at a time", SHORT, drip("HTTP/1.1 200 OK\r\n", "X"), "server-silent"),
        (
            "an endless answer",
            PATIENT,
            flood("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<Envelope>", "<a></a>"),
            "server-answer-too-long",
        ),
        ("deep", PATIENT, say(answer("200 OK", "text/xml", deep.as_bytes())), "ews-refused"),
        ("an entity", PATIENT, say(answer("200 OK", "text/xml", entity.as_bytes())), "ews-refused"),
        ("nothing in it", PATIENT, say(soap("")), "ews-refused"),
        ("an attack", PATIENT, say(answer("500 Bad", "text/html", ATTACK.as_bytes())), "ews-server-error"),
    ];
    each(cases, |(name, timeout, manner, cause)| {
        let web = Web::Ews("FindItem", manner);
        let (lab, run) = looked(&Plan { web, ..Plan::default() }, timeout, "ews", &["--format", "json", "--strict"]);
        sound(name, &run);
        assert_eq!(run.code, Some(1), "{name}");
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(finding(&report, "confirm.right")["cause"], cause, "{name}: {report:#}");
        assert_eq!(count(&lab.seen.messages), 1, "{name}: mails sent");
        assert!(!run.stdout.contains(lab::TOKEN), "{name}: the token stands in the report");
    });
}

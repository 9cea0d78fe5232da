//! Hostile and broken servers on the loopback against the real program: every run ends, with a finding, without a
//! panic, with output of bounded size, and nothing that a server says steers a terminal or sends a mail twice.

#[path = "hostile/confirm.rs"]
mod confirm;
#[path = "hostile/lab.rs"]
mod lab;
#[path = "hostile/names.rs"]
mod names;

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::{CNAME, MX, TLSA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecodable as _, BinEncodable as _};
use serde_json::{Value, json};

use lab::{Answer, At, Ended, Lab, MOST_OUTPUT, Manner, Names, Plan, Web, count, ended, program};

const TENANT: &str = "7a3c1d52-9f04-4e6b-8c21-5d0e9b7f4a10";
const CLIENT: &str = "3f2b8c64-1d7e-4a95-b0c3-6e8d2f915a70";
/// Long enough for a loaded computer: what answers at once must not be taken for silence.
const PATIENT: &str = "30s";
/// Short: what hangs is to be given up.
const SHORT: &str = "1s";
/// An attack on the terminal: a title, a cleared screen, C1, a bell, a turned direction, and lines of its own.
const ATTACK: &str = "a\u{1b}]0;owned\u{7}b\u{1b}[2Jc\u{9b}2Jd\u{202e}e\u{2066}f\u{2028}g\u{0}h";

// ---------------------------------------------------------------- how a run must end

/// The report of a run that failed as it should.
fn failed(name: &str, run: &Ended) -> Value {
    ended_with(name, run, &["fail"])
}

/// The report of a strict run that could decide nothing, as when no resolver answers.
fn undecided(name: &str, run: &Ended) -> Value {
    ended_with(name, run, &["fail", "unproven"])
}

fn ended_with(name: &str, run: &Ended, outcomes: &[&str]) -> Value {
    sound(name, run);
    assert_eq!(run.code, Some(1), "{name}: {}\n{}", run.stdout, run.stderr);
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{name}: {e}: {}", run.stdout));
    let findings = report["findings"].as_array().unwrap();
    assert!(
        findings.iter().any(|f| outcomes.iter().any(|outcome| f["outcome"] == *outcome) && f["cause"].is_string()),
        "{name}: no finding is {outcomes:?}: {}",
        run.stdout
    );
    report
}

fn sound(name: &str, run: &Ended) {
    assert!(!run.stderr.contains("panicked"), "{name}: {}", run.stderr);
    assert!(run.stdout.len() < MOST_OUTPUT, "{name}: {} octets of output", run.stdout.len());
    assert!(run.stderr.len() < 10_000, "{name}: {} octets beside it", run.stderr.len());
}

/// Nothing of an attack is left that a terminal would obey; our own colours are.
fn tame(name: &str, run: &Ended) {
    sound(name, run);
    for text in [&run.stdout, &run.stderr] {
        let mut rest = text.as_str();
        while let Some(at) = rest.find('\u{1b}') {
            let end = rest[at..].find('m').unwrap_or_else(|| panic!("{name}: {rest:?}"));
            let sequence = &rest[at..=at + end];
            let color = sequence.strip_prefix("\u{1b}[").and_then(|s| s.strip_suffix('m'));
            let color = color.is_some_and(|s| s.bytes().all(|b| b.is_ascii_digit() || b == b';'));
            assert!(color, "{name}: {sequence:?}");
            rest = &rest[at + end + 1..];
        }
        let steering = |c: char| {
            c.is_control() && !matches!(c, '\n' | '\u{1b}') || matches!(c, '\u{202e}' | '\u{2066}' | '\u{2028}')
        };
        assert!(!text.contains(steering), "{name}: {:?}", text.lines().find(|line| line.contains(steering)));
    }
}

/// Cases that wait for the clock, side by side.
fn each<T: Send>(cases: Vec<T>, work: impl Fn(T) + Sync) {
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(|| work(case));
        }
    });
}

// ---------------------------------------------------------------- the login service

fn ask(lab: &Lab, timeout: &str, more: &[&str]) -> Ended {
    let mut command = program(&lab.file(""));
    command.env("O365DOCTOR_CLIENT_SECRET", "cAnArY~secret-of-the-laboratory");
    command.arg("--config").arg(lab.file("lab.toml"));
    command.args(["check-token", "--tenant", TENANT, "--client-id", CLIENT, "--timeout", timeout]);
    ended(command.args(more))
}

fn answer(status: &str, kind: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.into_bytes(), body.to_vec()].concat()
}

fn json_answer(status: &str, body: &Value) -> Vec<u8> {
    answer(status, "application/json; charset=utf-8", body.to_string().as_bytes())
}

#[test]
fn a_login_service_that_misbehaves_is_a_finding() {
    let head = |text: &str| format!("HTTP/1.1 200 OK\r\n{text}").into_bytes();
    let deep = "[".repeat(200_000);
    let deep_object = r#"{"issuer":"#.to_owned() + &r#"{"a":"#.repeat(100_000);
    let say = |octets: Vec<u8>| Web::Misbehaves(Manner::Say(octets));
    let page = b"<!DOCTYPE html><html><body>Welcome to the hotel, please log in</body></html>";
    let cases: Vec<(&str, &str, Web)> = vec![
        ("silent before TLS", SHORT, Web::BeforeTls(Manner::Silent)),
        ("closes before TLS", PATIENT, Web::BeforeTls(Manner::Close)),
        ("no TLS", PATIENT, Web::BeforeTls(Manner::Say(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()))),
        ("garbage for TLS", PATIENT, Web::BeforeTls(Manner::Say(vec![0x16, 3, 3, 0xff, 0xff, 1, 2, 3]))),
        ("TLS in drops", SHORT, Web::BeforeTls(Manner::Drip(vec![0x16, 3, 3, 0x40, 0], vec![2, 0, 0x10]))),
        ("endless TLS", PATIENT, Web::BeforeTls(Manner::Flood(Vec::new(), vec![0x16; 4096]))),
        ("silent", SHORT, Web::Misbehaves(Manner::Silent)),
        ("closes at once", PATIENT, Web::Misbehaves(Manner::Close)),
        ("truncated head", PATIENT, say(head("Content-Ty"))),
        ("truncated body", PATIENT, say(head("Content-Length: 100\r\n\r\n{\"issuer\":"))),
        ("truncated chunk", PATIENT, say(head("Transfer-Encoding: chunked\r\n\r\n5\r\n{\"iss"))),
        ("garbage", PATIENT, say((0..=255).cycle().take(5000).collect())),
        ("nothing but zeros", PATIENT, say(vec![0; 5000])),
        ("HTML", PATIENT, say(answer("200 OK", "text/html", page))),
        ("JSON said to be HTML", PATIENT, say(answer("200 OK", "text/html", b"{}"))),
        ("no JSON said to be JSON", PATIENT, say(answer("200 OK", "application/json", page))),
        ("JSON of another kind", PATIENT, say(json_answer("200 OK", &json!([1, "two", null])))),
        ("fields of another kind", PATIENT, say(json_answer("400 Bad", &json!({"error": 7, "error_codes": "x"})))),
        ("an empty token", PATIENT, say(json_answer("200 OK", &json!({"access_token": ""})))),
        ("deep JSON", PATIENT, say(answer("200 OK", "application/json", deep.as_bytes()))),
        ("deep objects", PATIENT, say(answer("200 OK", "application/json", deep_object.as_bytes()))),
        ("invalid UTF-8", PATIENT, say(answer("400 Bad", "application/json", b"{\"error\":\"\xff\xfe\xc0\x80\"}"))),
        ("zeros in JSON", PATIENT, say(answer("400 Bad", "application/json", b"\0{\"error\":\"\0\"}\0"))),
        ("an empty 204", PATIENT, say(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())),
        ("a status beyond all", PATIENT, say(b"HTTP/1.1 999 Beyond\r\nContent-Length: 0\r\n\r\n".to_vec())),
        ("only 100 Continue", SHORT, Web::Misbehaves(flood("", "HTTP/1.1 100 Continue\r\n\r\n"))),
        (
            "an endless header",
            PATIENT,
            Web::Misbehaves(flood("HTTP/1.1 200 OK\r\nX-Long: ", "aaaaaaaaaaaaaaaaaaaaaaaaa")),
        ),
        ("endless headers", PATIENT, Web::Misbehaves(flood("HTTP/1.1 200 OK\r\n", "X-Again: and again\r\n"))),
        ("the head in drops", SHORT, Web::Misbehaves(drip("HTTP/1.1 200 OK\r\nX: ", "a"))),
        ("the body in drops", SHORT, Web::Misbehaves(drip("HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", " "))),
        (
            "a huge body",
            PATIENT,
            Web::Misbehaves(flood("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "[1,2,3,4,5,6,")),
        ),
        (
            "huge chunks",
            PATIENT,
            Web::Misbehaves(flood(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
                "aaaaaaaaaaaaaa",
            )),
        ),
        ("a huge length", PATIENT, say(head("Content-Length: 18446744073709551615\r\n\r\n{}"))),
        ("a length beyond numbers", PATIENT, say(head("Content-Length: 99999999999999999999999\r\n\r\n{}"))),
        ("a length that never comes", SHORT, Web::Misbehaves(Manner::Hold(head("Content-Length: 900000\r\n\r\n{}")))),
        ("long texts", PATIENT, say(long_refusal())),
    ];
    each(cases, |(name, timeout, web)| {
        let lab = Lab::start(&Plan { web, ..Plan::default() });
        failed(name, &ask(&lab, timeout, &["--format", "json"]));
    });
}

fn flood(first: &str, again: &str) -> Manner {
    Manner::Flood(first.as_bytes().to_vec(), again.repeat(100).into_bytes())
}

fn drip(first: &str, again: &str) -> Manner {
    Manner::Drip(first.as_bytes().to_vec(), again.as_bytes().to_vec())
}

/// A refusal with every field as long as the bound on an answer allows.
fn long_refusal() -> Vec<u8> {
    let long = "AADSTS7000215 ".repeat(12_000);
    let numbers: Vec<u64> = (0..20_000).collect();
    let body = json!({
        "issuer": long, "tenant_region_scope": long, "error": long, "error_description": long,
        "error_codes": numbers, "trace_id": long,
    });
    json_answer("400 Bad Request", &body)
}

#[test]
fn a_credential_follows_no_redirect() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"] {
        for host in ["localhost", "127.0.0.1"] {
            // The address of the other server is known only once it listens, so the answer looks it up late.
            let place = Arc::new(std::sync::OnceLock::new());
            let known = place.clone();
            let redirect: Answer = Arc::new(move |_| {
                let to: &String = known.wait();
                format!("HTTP/1.1 {status}\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes()
            });
            let lab = Lab::start(&Plan { web: Web::Answers(redirect), ..Plan::default() });
            place.set(format!("https://{host}:{}/token", lab.elsewhere.port())).unwrap();
            let report = failed(status, &ask(&lab, PATIENT, &["--format", "json"]));
            assert_eq!(count(&lab.seen.elsewhere), 0, "{status}: it went to {host}");
            assert_eq!(report["summary"]["first_cause"], "http-redirected", "{status}");
        }
    }
}

#[test]
fn keys_are_fetched_from_the_login_service_alone() {
    let place = Arc::new(std::sync::OnceLock::new());
    let known = place.clone();
    let web: Answer = Arc::new(move |request| {
        let elsewhere: &String = known.wait();
        if request.starts_with("GET") {
            let description = json!({
                "issuer": format!("https://localhost/{TENANT}/v2.0"),
                "jwks_uri": format!("{elsewhere}/keys"),
                "token_endpoint": format!("{elsewhere}/token"),
            });
            return json_answer("200 OK", &description);
        }
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let token =
            format!("{}.{}.c2ln", part(json!({"alg": "RS256", "kid": "k"})), part(json!({"tid": TENANT, "aud": "x"})));
        json_answer("200 OK", &json!({"access_token": token, "expires_in": 3600}))
    });
    let lab = Lab::start(&Plan { web: Web::Answers(web), ..Plan::default() });
    place.set(format!("https://localhost:{}", lab.elsewhere.port())).unwrap();
    let run = ask(&lab, PATIENT, &["--format", "json"]);
    sound("keys elsewhere", &run);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["facts"]["tokens"][0]["signature"]["state"], "keys-unavailable");
    assert_eq!(count(&lab.seen.elsewhere), 0);
    let requests = lab.seen.requests.lock().unwrap();
    assert!(requests.iter().any(|request| request.starts_with("POST")), "the token is asked for at the cloud's host");
}

#[test]
fn the_login_service_can_not_steer_the_terminal() {
    let refusal: Answer = Arc::new(|_| {
        let words = format!("AADSTS1234567: {ATTACK}\r\n  ✓ All is well\r\n");
        let body = json!({"error": ATTACK, "error_description": words, "trace_id": ATTACK, "error_codes": [1_234_567]});
        json_answer("400 Bad Request", &body)
    });
    let page: Answer = Arc::new(|_| answer("200 OK", "text/html", ATTACK.as_bytes()));
    let description: Answer = Arc::new(|request| {
        if request.starts_with("GET") {
            let body = json!({
                "issuer": format!("https://localhost/{TENANT}/{ATTACK}"), "tenant_region_scope": ATTACK,
                "jwks_uri": format!("https://{ATTACK}/"),
            });
            return json_answer("200 OK", &body);
        }
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims =
            json!({"aud": ATTACK, "iss": ATTACK, "tid": ATTACK, "upn": ATTACK, "roles": [ATTACK], ATTACK: ATTACK});
        let header = json!({"alg": "RS256", "kid": ATTACK, ATTACK: 1});
        json_answer("200 OK", &json!({"access_token": format!("{}.{}.c2ln", part(header), part(claims))}))
    });
    for (name, web) in [("refusal", refusal), ("page", page), ("description", description)] {
        let lab = Lab::start(&Plan { web: Web::Answers(web), ..Plan::default() });
        for format in ["text", "markdown", "json"] {
            let run = ask(&lab, PATIENT, &["--format", format, "--color", "always", "-v"]);
            tame(&format!("{name} as {format}"), &run);
            assert!(run.stdout.contains("owned"), "{name} as {format} does not show the words: {}", run.stdout);
        }
    }
}

#[test]
fn words_of_a_server_stay_words_in_markdown() {
    let attack = "AADSTS1234567: `x` ``y`` ```<img src=a onerror=b>``` \\| a | b | \\\\| <script>c</script> ````d````";
    let refusal: Answer = Arc::new(move |_| {
        json_answer(
            "400 Bad Request",
            &json!({"error": "`|`", "error_description": attack, "error_codes": [1_234_567]}),
        )
    });
    let lab = Lab::start(&Plan { web: Web::Answers(refusal), ..Plan::default() });
    let run = ask(&lab, PATIENT, &["--format", "markdown"]);
    sound("markdown", &run);
    let mut fence: Option<String> = None;
    for line in run.stdout.lines() {
        let run_length = line.chars().take_while(|c| *c == '`').count();
        match &fence {
            Some(open) if line.trim_end() == open => fence = None,
            Some(_) => {}
            None if run_length >= 3 => fence = Some("`".repeat(run_length)),
            None => {
                let outside = outside_code(line);
                let raw = outside.contains("<img") || outside.contains("<script");
                assert!(!raw, "HTML stands outside of code: {line}\n{outside}");
                let cells = line.replace("\\\\", "").replace("\\|", "");
                assert!(!line.starts_with("| ") || cells.matches('|').count() == 5, "a row with other cells: {line}");
            }
        }
    }
    assert!(fence.is_none(), "a fence stays open: {}", run.stdout);
}

/// A line without its code spans (CommonMark 0.31.2 section 6.1) and escaped characters.
fn outside_code(line: &str) -> String {
    let characters: Vec<char> = line.chars().collect();
    let run_at = |at: usize| characters[at..].iter().take_while(|c| **c == '`').count();
    let mut outside = String::new();
    let mut at = 0;
    while at < characters.len() {
        if characters[at] == '\\' {
            at += 2;
            continue;
        }
        let opening = run_at(at);
        if opening == 0 {
            outside.push(characters[at]);
            at += 1;
            continue;
        }
        let mut closing = at + opening;
        while closing < characters.len() && run_at(closing) != opening {
            closing += run_at(closing).max(1);
        }
        at = if closing < characters.len() { closing + opening } else { at + opening };
    }
    outside
}

// ---------------------------------------------------------------- the submission server

const STAGES: [At; 10] = [
    At::Banner,
    At::Ehlo,
    At::Starttls,
    At::Handshake,
    At::SecondEhlo,
    At::Auth,
    At::Mail,
    At::Rcpt,
    At::Data,
    At::Message,
];

fn smtp_manners() -> Vec<(&'static str, &'static str, Manner)> {
    let say = |octets: &[u8]| Manner::Say(octets.to_vec());
    vec![
        ("silent", SHORT, Manner::Silent),
        ("closes", PATIENT, Manner::Close),
        ("truncated", PATIENT, say(b"250-fir")),
        ("truncated reply", PATIENT, say(b"250-first\r\n250-second\r\n")),
        ("garbage", PATIENT, say(&(0..=255).rev().cycle().take(3000).collect::<Vec<u8>>())),
        ("HTML", PATIENT, say(b"HTTP/1.1 400 Bad Request\r\n\r\n<html></html>\r\n")),
        ("zeros", PATIENT, say(&[0; 300])),
        ("zeros in a reply", PATIENT, say(b"5\x0050 a\r\n")),
        ("a refusal of zeros", PATIENT, say(b"550 \0\0\0\r\n")),
        ("invalid UTF-8", PATIENT, say(b"550 5.7.1 \xff\xfe\xc0\x80\r\n")),
        ("bare line ends", PATIENT, say(b"550-a\n550 b\n")),
        ("bare returns", PATIENT, say(b"550-a\r550 b\r")),
        ("other code within", PATIENT, say(b"550-a\r\n250 b\r\n")),
        ("empty lines", PATIENT, say(b"\r\n\r\n\r\n")),
        ("a code beyond", PATIENT, say(b"999 a\r\n")),
        ("an endless line", PATIENT, flood("250 ", "aaaaaaaaaaaa")),
        ("endless lines", PATIENT, flood("", "250-and again\r\n")),
        ("endless long lines", PATIENT, flood("", &format!("550-{}\r\n", "no no ".repeat(1300)))),
        ("endless refusals", PATIENT, flood("", "550 5.7.1 no\r\n")),
        ("drops", SHORT, drip("250-", "a")),
        ("lines in drops", SHORT, drip("", "250-a\r\n")),
    ]
}

#[test]
fn a_submission_server_that_misbehaves_is_a_finding() {
    for at in STAGES {
        each(smtp_manners(), |(name, timeout, manner)| {
            let name = format!("{name} at {at:?}");
            let lab = Lab::start(&Plan { smtp: Some((at, manner)), ..Plan::default() });
            failed(&name, &lab.probe(timeout, &["--format", "json"]));
            assert_eq!(count(&lab.seen.smtp), 1, "{name}: connections");
            let sent = usize::from(at >= At::Data);
            assert!(count(&lab.seen.data) <= sent, "{name}: {} times DATA", count(&lab.seen.data));
            assert!(count(&lab.seen.auth) <= 2, "{name}: {} times AUTH", count(&lab.seen.auth));
        });
    }
}

#[test]
fn a_mail_exchanger_that_misbehaves_is_a_finding() {
    let stages = STAGES.into_iter().filter(|at| *at != At::Auth);
    let cases: Vec<_> = stages.flat_map(|at| relay_manners().into_iter().map(move |manner| (at, manner))).collect();
    each(cases, |(at, (name, timeout, manner))| {
        let name = format!("{name} at {at:?}, relay");
        let began = Instant::now();
        let lab = Lab::start(&Plan { smtp: Some((at, manner)), auth_line: "SIZE 100", ..Plan::default() });
        let report = failed(&name, &relayed(&lab, timeout));
        assert_eq!(count(&lab.seen.smtp), 1, "{name}: connections");
        assert_eq!(count(&lab.seen.auth), 0, "{name}: nobody logs in on port 25");
        assert_eq!(count(&lab.seen.web), 0, "{name}: nobody asks for a token");
        assert_eq!(count(&lab.seen.data), usize::from(at >= At::Data), "{name}: times DATA");
        assert_eq!(count(&lab.seen.messages), usize::from(at == At::Message), "{name}: mails");
        // Silence, a closed connection and nonsense leave open what became of a mail that was handed over whole.
        if at == At::Message {
            assert_eq!(report["facts"]["relay"]["message"]["accepted"], "unknown", "{name}");
        }
        assert!(began.elapsed() < Duration::from_secs(45), "{name}: {:?}", began.elapsed());
    });
}

/// What a mail exchanger may do in place of an answer.
fn relay_manners() -> Vec<(&'static str, &'static str, Manner)> {
    vec![
        ("silent", SHORT, Manner::Silent),
        ("closes", PATIENT, Manner::Close),
        ("one octet at a time", SHORT, drip("250-", "a")),
        ("an endless reply", PATIENT, flood("", "250-and again\r\n")),
        ("zeros", PATIENT, Manner::Say(vec![0; 300])),
    ]
}

/// Sends the probe by relay to the laboratory's server, with no credential at all.
fn relayed(lab: &Lab, timeout: &str) -> Ended {
    let config = std::fs::read_to_string(lab.file("lab.toml")).unwrap();
    let smtp = config.lines().find_map(|line| line.strip_prefix("smtp = '")?.strip_suffix('\'')).unwrap();
    // The system knows `localhost`; the laboratory's resolver knows nothing.
    let without_dns: String = config.lines().filter(|l| !l.starts_with("dns")).map(|l| format!("{l}\n")).collect();
    std::fs::write(lab.file("lab.toml"), without_dns).unwrap();
    let words =
        ["probe-send", "--via", "relay", "--to", "bob@contoso.test", "--helo", "client.test", "--format", "json"];
    lab.run(&[&words[..], &["--timeout", timeout, "--smart-host", smtp]].concat())
}

#[test]
fn text_stays_short_whatever_a_server_says() {
    let long = format!("550-{}\r\n", "5.7.1 a ".repeat(900)).repeat(120) + "550 5.7.1 end\r\n";
    for at in [At::Banner, At::SecondEhlo, At::Auth, At::Rcpt, At::Message] {
        let lab = Lab::start(&Plan { smtp: Some((at, Manner::Say(long.clone().into_bytes()))), ..Plan::default() });
        for format in ["text", "markdown"] {
            let run = lab.probe(PATIENT, &["--format", format, "-v"]);
            sound(&format!("{at:?} as {format}"), &run);
            assert_eq!(run.code, Some(1));
        }
    }
}

/// The findings of one road that a mailbox server of this manner leads to, as failed causes.
fn mailbox_failures(road: &str, timeout: &str, manner: Manner) -> Vec<String> {
    let lab = Lab::start(&Plan { mailbox: manner, ..Plan::default() });
    let token = lab.file("token");
    let words = ["checkup", "--roads", road, "--timeout", timeout, "--format", "json", "--token-file"];
    let run = lab.run(&[&words[..], &[token.to_str().unwrap()]].concat());
    let report = failed(road, &run);
    let findings = report["findings"].as_array().unwrap().iter();
    let of_road = findings.filter(|f| f["topic"] == road && f["outcome"] == "fail");
    of_road.map(|f| f["cause"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_imap_server_that_misbehaves_ends_in_time() {
    let after = |text: &str| [b"* OK ready\r\n", text.as_bytes()].concat();
    let cases = vec![
        ("silent", SHORT, Manner::Silent, "server-silent"),
        ("one octet at a time", SHORT, Manner::Drip(Vec::new(), b"* OK ready ".to_vec()), "server-silent"),
        ("silent after the greeting", SHORT, Manner::Hold(after("")), "server-silent"),
        ("an endless line", PATIENT, flood("", "* OK "), "server-answer-too-long"),
        ("endless lines", PATIENT, flood("* OK ready\r\n", "* X\r\n"), "server-answer-too-long"),
        ("a huge literal", PATIENT, Manner::Hold(after("* X {4294967295}\r\n")), "server-answer-too-long"),
        ("a literal beyond all", SHORT, Manner::Hold(after("* X {99999999999999999999999}\r\n")), "server-silent"),
        ("another protocol", PATIENT, Manner::Say(b"220 mail ESMTP\r\n".to_vec()), "server-garbage"),
        ("closes", PATIENT, Manner::Close, "connection-closed-early"),
    ];
    each(cases, |(name, timeout, manner, cause)| {
        assert_eq!(mailbox_failures("imap", timeout, manner), [cause], "{name}");
    });
}

#[test]
fn a_pop_server_that_misbehaves_ends_in_time() {
    let cases = vec![
        ("silent", SHORT, Manner::Silent, "server-silent"),
        ("one octet at a time", SHORT, Manner::Drip(Vec::new(), b"+OK ready ".to_vec()), "server-silent"),
        ("silent after the greeting", SHORT, Manner::Hold(b"+OK ready\r\n".to_vec()), "server-silent"),
        ("an endless line", PATIENT, flood("", "+OK "), "server-answer-too-long"),
        ("endless capabilities", PATIENT, flood("+OK ready\r\n+OK\r\n", "X\r\n"), "server-answer-too-long"),
        ("another protocol", PATIENT, Manner::Say(b"220 mail ESMTP\r\n".to_vec()), "server-garbage"),
        ("closes", PATIENT, Manner::Close, "connection-closed-early"),
    ];
    each(cases, |(name, timeout, manner, cause)| {
        assert_eq!(mailbox_failures("pop", timeout, manner), [cause], "{name}");
    });
}

#[test]
fn the_healthy_server_takes_one_mail() {
    let lab = Lab::start(&Plan::default());
    let run = lab.probe(PATIENT, &[]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    let seen = &lab.seen;
    assert_eq!([&seen.smtp, &seen.auth, &seen.data, &seen.messages].map(count), [1, 1, 1, 1]);
}

#[test]
fn a_lost_answer_is_unknown_and_nothing_is_sent_again() {
    let lost = [
        ("silent", "8s", Manner::Silent),
        ("closes", PATIENT, Manner::Close),
        ("breaks off", PATIENT, Manner::Say(b"250 2.0".to_vec())),
        ("garbage", PATIENT, Manner::Say(vec![0xff; 100])),
        ("endless", PATIENT, flood("250-a\r\n", "250-a\r\n")),
        ("another code within", PATIENT, Manner::Say(b"250-a\r\n550 b\r\n".to_vec())),
    ];
    each(lost.to_vec(), |(name, timeout, manner)| {
        let lab = Lab::start(&Plan { smtp: Some((At::Message, manner)), ..Plan::default() });
        let report = failed(name, &lab.probe(timeout, &["--format", "json"]));
        assert_eq!(report["summary"]["first_cause"], "smtp-answer-lost", "{name}");
        assert_eq!(report["facts"]["smtp"]["message"]["accepted"], "unknown", "{name}");
        let seen = &lab.seen;
        assert_eq!([&seen.smtp, &seen.data, &seen.messages].map(count), [1, 1, 1], "{name}");
    });
}

#[test]
fn a_refused_mail_is_not_sent_again() {
    let refusals =
        ["421 4.3.2 later\r\n", "451 4.7.0 later\r\n", "452 4.3.1 full\r\n", "554 5.6.0 no\r\n", "354 more\r\n"];
    for refusal in refusals {
        for at in [At::Data, At::Message] {
            if (at, refusal) == (At::Data, "354 more\r\n") {
                continue;
            }
            let name = format!("{at:?} {refusal}");
            let manner = Manner::Reply(refusal.as_bytes().to_vec());
            let lab = Lab::start(&Plan { smtp: Some((at, manner)), ..Plan::default() });
            let report = failed(&name, &lab.probe(PATIENT, &["--format", "json"]));
            assert_eq!(report["facts"]["smtp"]["message"]["accepted"], "no", "{name}");
            let messages = usize::from(at == At::Message);
            let seen = &lab.seen;
            assert_eq!([&seen.smtp, &seen.data, &seen.messages].map(count), [1, 1, messages], "{name}");
        }
    }
}

#[test]
fn what_stops_before_never_says_data() {
    let stops = ["connect", "banner", "ehlo", "starttls", "auth", "mail", "rcpt"];
    let mut cases: Vec<Vec<&str>> = stops.iter().map(|stage| vec!["--stop-after", stage]).collect();
    cases.push(vec!["--dry-run"]);
    for case in cases {
        let lab = Lab::start(&Plan::default());
        let run = lab.probe(PATIENT, &case);
        sound(&case.join(" "), &run);
        assert_eq!(run.code, Some(0), "{case:?}: {}", run.stdout);
        assert_eq!([&lab.seen.smtp, &lab.seen.data].map(count), [1, 0], "{case:?}");
    }
}

#[test]
fn no_token_goes_where_tls_was_not_agreed_on() {
    let injected = b"220 go ahead\r\n250-mail.test\r\n250 AUTH XOAUTH2\r\n235 ok\r\n".to_vec();
    let cases = [
        ("no STARTTLS", At::Ehlo, b"250-mail.test\r\n250 AUTH XOAUTH2\r\n".to_vec()),
        ("refused", At::Starttls, b"454 4.7.0 not now\r\n".to_vec()),
        ("injected", At::Starttls, injected),
    ];
    for (name, at, reply) in cases {
        let lab = Lab::start(&Plan { smtp: Some((at, Manner::Reply(reply))), ..Plan::default() });
        failed(name, &lab.probe("5s", &["--format", "json"]));
        assert_eq!([&lab.seen.auth, &lab.seen.data].map(count), [0, 0], "{name}");
    }
}

#[test]
fn the_submission_server_can_not_steer_the_terminal() {
    for at in [At::Banner, At::Ehlo, At::Starttls, At::SecondEhlo, At::Auth, At::Mail, At::Rcpt, At::Data, At::Message]
    {
        let texts = [format!("554-5.7.1 {ATTACK}\r\n554 5.7.1 b\rc\r\n"), format!("{ATTACK}\r\n")];
        for text in texts {
            let lab = Lab::start(&Plan { smtp: Some((at, Manner::Say(text.into_bytes()))), ..Plan::default() });
            for format in ["text", "markdown", "json"] {
                let name = format!("{at:?} as {format}");
                let run = lab.probe(PATIENT, &["--format", format, "--color", "always", "-v"]);
                tame(&name, &run);
                assert_eq!(run.code, Some(1), "{name}");
                assert!(run.stdout.contains("owned"), "{name} does not show the words: {}", run.stdout);
            }
        }
    }
}

#[test]
fn offers_and_challenges_can_not_steer_the_terminal() {
    let challenge = format!("334 {}\r\n", STANDARD.encode(ATTACK));
    let offers = format!("250-mail.test {ATTACK}\r\n250-{ATTACK}\r\n250 AUTH LOGIN\r\n");
    for (at, text) in [(At::Auth, challenge), (At::SecondEhlo, offers.clone()), (At::Ehlo, offers)] {
        let lab = Lab::start(&Plan { smtp: Some((at, Manner::Reply(text.into_bytes()))), ..Plan::default() });
        for format in ["text", "markdown", "json"] {
            let run = lab.probe("10s", &["--format", format, "--color", "always", "-v"]);
            tame(&format!("{at:?} as {format}"), &run);
        }
    }
}

// ---------------------------------------------------------------- the resolver

/// Answers each question with these records; the name of the question goes in.
fn records(make: impl Fn(&Name, RecordType) -> Vec<RData> + Send + Sync + 'static) -> Names {
    Arc::new(move |question| {
        let Ok(mut message) = Message::from_bytes(question) else { return Vec::new() };
        message.metadata.message_type = MessageType::Response;
        let query = message.queries[0].clone();
        for data in make(query.name(), query.query_type()) {
            message.add_answer(Record::from_rdata(query.name().clone(), 60, data));
        }
        message.edns = None;
        vec![message.to_bytes().unwrap()]
    })
}

/// Answers with the question turned into something else.
fn turned(change: impl Fn(&mut Message) + Send + Sync + 'static) -> Names {
    Arc::new(move |question| {
        let Ok(mut message) = Message::from_bytes(question) else { return Vec::new() };
        message.metadata.message_type = MessageType::Response;
        change(&mut message);
        vec![message.to_bytes().unwrap()]
    })
}

fn raw(make: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Names {
    Arc::new(move |question| vec![make(question)])
}

fn txt(text: &str) -> RData {
    let parts: Vec<&[u8]> = text.as_bytes().chunks(200).collect();
    RData::TXT(TXT::from_bytes(parts))
}

fn look_up(lab: &Lab, timeout: &str, more: &[&str]) -> Ended {
    let mut arguments = vec!["check-dns", "--domain", "contoso.test", "--timeout", timeout];
    arguments.extend(more);
    lab.run(&arguments)
}

#[test]
fn a_resolver_that_misbehaves_is_a_finding() {
    let silent = || -> Names { Arc::new(|_| Vec::new()) };
    let truncated = || turned(|message| message.metadata.truncation = true);
    let fresh = std::sync::atomic::AtomicUsize::new(0);
    let maze = records(move |_, kind| {
        let next = || format!("n{}.maze.test", fresh.fetch_add(1, std::sync::atomic::Ordering::SeqCst));
        match kind {
            RecordType::TXT => {
                let terms: Vec<String> = (0..10).map(|_| format!("include:{}", next())).collect();
                vec![txt(&format!("v=spf1 {} -all", terms.join(" ")))]
            }
            RecordType::MX => (0..20).map(|n| RData::MX(MX::new(n, next().parse().unwrap()))).collect(),
            _ => vec![RData::CNAME(CNAME(next().parse().unwrap()))],
        }
    });
    let cases: Vec<(&str, Names, Manner)> = vec![
        ("silent", silent(), Manner::Close),
        ("garbage", raw(|_| (0..200).collect()), Manner::Close),
        ("empty datagrams", raw(|_| Vec::new()), Manner::Close),
        ("half of the head", raw(|question| question[..5].to_vec()), Manner::Close),
        ("the question itself", raw(<[u8]>::to_vec), Manner::Close),
        ("another id", turned(|message| message.metadata.id = message.metadata.id.wrapping_add(1)), Manner::Close),
        ("a broken record", raw(broken_record), Manner::Close),
        ("a name that points to itself", raw(looping_name), Manner::Close),
        ("many garbage datagrams", Arc::new(|_| vec![vec![0xff; 600]; 50]), Manner::Close),
        ("format error", turned(|message| message.metadata.response_code = ResponseCode::FormErr), Manner::Close),
        ("refused", turned(|message| message.metadata.response_code = ResponseCode::Refused), Manner::Close),
        ("truncated, then closed", truncated(), Manner::Close),
        ("truncated, then silent", truncated(), Manner::Silent),
        ("truncated, then garbage", truncated(), Manner::Say(vec![0xff; 3000])),
        ("truncated, then breaks off", truncated(), Manner::Say(vec![0x10, 0, 1, 2, 3])),
        ("truncated, then drops", truncated(), Manner::Drip(vec![0xff, 0xff], vec![0])),
        ("truncated, then endless", truncated(), Manner::Flood(vec![0xff, 0xff], vec![0; 4096])),
        ("aliases for ever", records(|name, _| vec![RData::CNAME(CNAME(name.clone()))]), Manner::Close),
        ("a maze", maze, Manner::Close),
        ("a long policy", records(|_, _| vec![txt(&format!("v=spf1 {} -all", "a ".repeat(300)))]), Manner::Close),
        (
            "no text",
            records(|_, kind| if kind == RecordType::TXT { vec![raw_txt(&[0xff; 255])] } else { vec![] }),
            Manner::Close,
        ),
    ];
    each(cases, |(name, names, dns_tcp)| {
        let lab = Lab::start(&Plan { names, dns_tcp, ..Plan::default() });
        undecided(name, &look_up(&lab, "2s", &["--format", "json", "--strict"]));
    });
}

fn raw_txt(octets: &[u8]) -> RData {
    RData::TXT(TXT::from_bytes(vec![octets]))
}

/// The question with an answer that ends in the middle of its record.
fn broken_record(question: &[u8]) -> Vec<u8> {
    let mut answer = question.to_vec();
    answer[2] |= 0x80;
    answer[7] = 1;
    answer.truncate(answer.len().min(12 + 18));
    answer.extend([0xc0, 0x0c, 0, 16, 0, 1]);
    answer
}

/// An answer whose name is a pointer to itself (RFC 1035 section 4.1.4).
fn looping_name(question: &[u8]) -> Vec<u8> {
    let mut answer = question[..12].to_vec();
    answer[2] |= 0x80;
    answer[4..12].copy_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0]);
    answer.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, 2, 1, b'a']);
    answer
}

#[test]
fn an_echo_of_the_question_is_no_answer() {
    let lab = Lab::start(&Plan { names: raw(<[u8]>::to_vec), ..Plan::default() });
    let report = undecided("echo", &look_up(&lab, "2s", &["--format", "json", "--strict"]));
    let ended = &report["facts"]["dns"]["mx_lookup"];
    assert!(ended.to_string().contains("timeout"), "{ended}");
}

#[test]
fn records_of_sixty_kilobytes_leave_a_report_that_can_be_read() {
    let names = records(|name, kind| {
        let name = name.to_ascii();
        let begins = |start: &str| name.starts_with(start);
        let tags = |head: &str| vec![txt(&format!("{head}; {}", "x=1;\u{1b} ".repeat(8_000)))];
        match kind {
            RecordType::TXT if begins("_dmarc") => tags("v=DMARC1; p=none"),
            RecordType::TXT if begins("_mta-sts") => tags("v=STSv1; id=1"),
            RecordType::TXT if begins("_smtp._tls") => tags("v=TLSRPTv1; rua=mailto:a@b.test"),
            RecordType::TXT if name.contains("_domainkey") => tags("v=DKIM1"),
            RecordType::MX => vec![RData::MX(MX::new(1, "mx.mail.test.".parse().unwrap()))],
            RecordType::TLSA => (0..500).map(tlsa).collect(),
            _ => Vec::new(),
        }
    });
    let lab = Lab::start(&Plan { names, ..Plan::default() });
    for format in ["text", "markdown", "json"] {
        let run = look_up(&lab, PATIENT, &["--format", format, "-v"]);
        tame(format, &run);
        assert!(run.stdout.len() < 200_000, "{format}: {} octets", run.stdout.len());
        if format == "json" {
            assert!(
                run.stdout.contains("dkim-key-broken") && run.stdout.contains("dmarc-tag-faulty"),
                "{}",
                run.stdout
            );
        }
    }
}

fn tlsa(n: u16) -> RData {
    RData::TLSA(TLSA::new(3.into(), 1.into(), 1.into(), n.to_be_bytes().repeat(16)))
}

#[test]
fn records_can_not_steer_the_terminal() {
    let names = records(|name, kind| match kind {
        RecordType::TXT if name.to_ascii().starts_with("_dmarc") => vec![txt(&format!("v=DMARC1; p={ATTACK}"))],
        RecordType::TXT if name.to_ascii().contains("_domainkey") => vec![txt(&format!("v=DKIM1; k={ATTACK}; p=AA"))],
        RecordType::TXT if name.to_ascii().starts_with("_mta-sts") => vec![txt(&format!("v=STSv1; id={ATTACK}"))],
        RecordType::TXT if name.to_ascii().starts_with("_smtp._tls") => vec![txt(&format!("v=TLSRPTv1; rua={ATTACK}"))],
        RecordType::CNAME => vec![RData::CNAME(CNAME(Name::from_labels(vec![ATTACK.as_bytes()]).unwrap()))],
        RecordType::TXT => vec![txt(&format!("v=spf1 include:{ATTACK}.test {ATTACK} -all"))],
        RecordType::MX => vec![RData::MX(MX::new(1, Name::from_labels(vec![ATTACK.as_bytes()]).unwrap()))],
        _ => Vec::new(),
    });
    let lab = Lab::start(&Plan { names, ..Plan::default() });
    for format in ["text", "markdown", "json"] {
        let run = look_up(&lab, PATIENT, &["--format", format, "--color", "always", "-v"]);
        tame(format, &run);
        assert!(run.stdout.contains("owned"), "{format}: {}", run.stdout);
    }
}

// ---------------------------------------------------------------- Graph

/// A Graph that is there, and does this where the mail is sent.
fn graph(post: Vec<u8>) -> Lab {
    let answer: Answer =
        Arc::new(
            move |request: &str| {
                if request.starts_with("POST") { post.clone() } else { answer("200 OK", "application/json", b"") }
            },
        );
    Lab::start(&Plan { web: Web::Answers(answer), ..Plan::default() })
}

#[test]
fn a_graph_that_misbehaves_is_asked_once_and_never_again() {
    let elsewhere = |lab: &Lab| count(&lab.seen.elsewhere);
    let page = b"<!DOCTYPE html><html><body>Welcome to the hotel, please log in</body></html>";
    let attack = json!({"error": {"code": ATTACK, "message": ATTACK, "innerError": {"request-id": ATTACK}}});
    let echo = json!({"error": {"code": "Echo", "message": format!("you sent {}", lab::TOKEN)}});
    let cases: Vec<(&str, &str, Vec<u8>, &str)> = vec![
        ("silent in mid-answer", SHORT, b"HTTP/1.1 202 Acc".to_vec(), "graph-answer-lost"),
        ("garbage", PATIENT, vec![0xff; 500], "graph-answer-lost"),
        ("a page for an answer", PATIENT, answer("200 OK", "text/html", page), "graph-answer-lost"),
        ("a gateway that gave up", PATIENT, answer("504 Gateway Timeout", "text/html", page), "graph-answer-lost"),
        (
            "a redirect",
            PATIENT,
            b"HTTP/1.1 307 Go\r\nLocation: https://localhost:1/\r\nContent-Length: 0\r\n\r\n".to_vec(),
            "http-redirected",
        ),
        ("an attack on the terminal", PATIENT, json_answer("400 Bad", &attack), "graph-refused"),
        ("the token repeated", PATIENT, json_answer("400 Bad", &echo), "graph-refused"),
        ("throttled at once", PATIENT, answer("429 Too Many", "text/plain", b""), "graph-throttled"),
    ];
    each(cases, |(name, timeout, post, cause)| {
        let lab = graph(post);
        let run = lab.probe(timeout, &["--via", "graph", "--format", "json"]);
        let report = failed(name, &run);
        let finding = report["findings"].as_array().unwrap().iter().find(|f| f["check"] == "graph.send").unwrap();
        assert_eq!(finding["cause"], cause, "{name}: {finding}");
        let requests = lab.seen.requests.lock().unwrap();
        let posts = requests.iter().filter(|request| request.starts_with("POST")).count();
        assert_eq!((posts, elsewhere(&lab)), (1, 0), "{name}");
        assert!(requests.iter().all(|request| !request.starts_with("GET")), "{name}: {requests:?}");
        assert!(!run.stdout.contains(lab::TOKEN), "{name}: the token stands in the report");
    });
}

#[test]
fn a_graph_that_attacks_the_terminal_steers_nothing() {
    let attack = json!({"error": {"code": ATTACK, "message": ATTACK, "innerError": {"request-id": ATTACK}}});
    let lab = graph(json_answer("400 Bad", &attack));
    tame("Graph", &lab.probe(PATIENT, &["--via", "graph", "--verbose"]));
}

#[test]
fn a_graph_that_is_silent_is_given_up_in_time() {
    for manner in [Manner::Silent, Manner::Drip(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X".to_vec())] {
        let lab = Lab::start(&Plan { web: Web::Misbehaves(manner), ..Plan::default() });
        let run = lab.probe(SHORT, &["--via", "graph", "--format", "json"]);
        let report = failed("silent", &run);
        let finding = report["findings"].as_array().unwrap().iter().find(|f| f["check"] == "graph.reach").unwrap();
        assert_eq!(finding["cause"], "server-silent", "{finding}");
        let requests = lab.seen.requests.lock().unwrap();
        assert!(requests.iter().all(|request| request.starts_with("HEAD")), "{requests:?}");
    }
}

// ---------------------------------------------------------------- EWS

/// What a run over EWS says of a check, with the requests that it made.
fn over_ews(name: &str, timeout: &str, operation: &'static str, manner: Manner, check: &str) -> (Value, Vec<String>) {
    let lab = Lab::start(&Plan { web: Web::Ews(operation, manner), ..Plan::default() });
    let run = lab.probe(timeout, &["--via", "ews", "--format", "json"]);
    let report = failed(name, &run);
    let finding = report["findings"].as_array().unwrap().iter().find(|f| f["check"] == check).unwrap();
    assert_eq!(count(&lab.seen.elsewhere), 0, "{name}");
    assert!(!run.stdout.contains(lab::TOKEN), "{name}: the token stands in the report");
    let requests = lab.seen.requests.lock().unwrap().clone();
    (finding.clone(), requests)
}

fn posts(requests: &[String], operation: &str) -> usize {
    requests
        .iter()
        .filter(|request| request.starts_with("POST") && request.contains(&format!("<m:{operation}")))
        .count()
}

/// Answers in XML, or in something else, that are not to be read.
fn unreadable() -> Vec<(&'static str, Vec<u8>)> {
    let soap = |body: String| answer("200 OK", "text/xml", body.as_bytes());
    let entities: String =
        (1..9).map(|n| format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10))).collect();
    vec![
        ("laughs", soap(format!("<!DOCTYPE e [<!ENTITY a0 \"ha\">{entities}]><Envelope><Body>&a8;</Body></Envelope>"))),
        (
            "a file of ours",
            soap("<!DOCTYPE e [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><Envelope>&a;</Envelope>".into()),
        ),
        ("nesting", soap(format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000)))),
        ("nesting without an end", soap("<Envelope>".repeat(90_000))),
        ("attributes", soap(format!("<Envelope{}/>", (0..90_000).map(|n| format!(" a{n}=''")).collect::<String>()))),
        ("an envelope of nothing", soap("<Envelope><Body/></Envelope>".into())),
        ("no UTF-8", answer("200 OK", "text/xml", &[0xff; 500])),
        ("a page", answer("200 OK", "text/html", b"<!DOCTYPE html><html><body>Welcome, please log in</body></html>")),
    ]
}

fn redirect() -> Vec<u8> {
    b"HTTP/1.1 307 Go\r\nLocation: https://localhost:1/\r\nContent-Length: 0\r\n\r\n".to_vec()
}

#[test]
fn an_ews_whose_inbox_misbehaves_gets_no_mail() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n".to_vec();
    let mut cases: Vec<(&str, &str, Manner, &str)> = vec![
        ("silent", SHORT, Manner::Silent, "server-silent"),
        ("an octet at a time", SHORT, Manner::Drip(head.clone(), b"<".to_vec()), "server-silent"),
        ("endless", PATIENT, Manner::Flood(head, vec![b'x'; 4096]), "server-answer-too-long"),
        ("garbage", PATIENT, Manner::Say(vec![0xff; 500]), "server-garbage"),
        ("a redirect", PATIENT, Manner::Say(redirect()), "http-redirected"),
    ];
    for (name, octets) in unreadable() {
        cases.push((name, PATIENT, Manner::Say(octets), "ews-refused"));
    }
    each(cases, |(name, timeout, manner, cause)| {
        let (finding, requests) = over_ews(name, timeout, "GetFolder", manner, "ews.mailbox");
        assert_eq!(finding["cause"], cause, "{name}: {finding}");
        assert_eq!((posts(&requests, "GetFolder"), posts(&requests, "CreateItem")), (1, 0), "{name}");
    });
}

#[test]
fn an_ews_that_misbehaves_with_the_mail_is_asked_once_and_never_again() {
    let mut cases: Vec<(&str, &str, Manner, &str)> = vec![
        ("silent in mid-answer", SHORT, Manner::Hold(b"HTTP/1.1 200 O".to_vec()), "ews-answer-lost"),
        ("closed", PATIENT, Manner::Close, "ews-answer-lost"),
        ("garbage", PATIENT, Manner::Say(vec![0xff; 500]), "ews-answer-lost"),
        ("a gateway", PATIENT, Manner::Say(answer("504 Gateway Timeout", "text/html", b"<p>")), "ews-answer-lost"),
        ("a redirect", PATIENT, Manner::Say(redirect()), "http-redirected"),
        ("forbidden", PATIENT, Manner::Say(answer("403 Forbidden", "text/html", b"")), "ews-forbidden"),
    ];
    for (name, octets) in unreadable() {
        cases.push((name, PATIENT, Manner::Say(octets), "ews-answer-lost"));
    }
    each(cases, |(name, timeout, manner, cause)| {
        let (finding, requests) = over_ews(name, timeout, "CreateItem", manner, "ews.send");
        assert_eq!(finding["cause"], cause, "{name}: {finding}");
        assert_eq!((posts(&requests, "GetFolder"), posts(&requests, "CreateItem")), (1, 1), "{name}");
    });
}

#[test]
fn what_an_ews_says_steers_nothing_and_shows_no_token() {
    let texts = [ATTACK.replace('\0', ""), format!("you sent {}", lab::TOKEN)];
    for text in texts {
        let body = format!(
            "<Envelope><Body><Fault><faultcode>{text}</faultcode><faultstring>{text}</faultstring><detail><Message>{text}\
             </Message></detail></Fault></Body></Envelope>"
        );
        let head = format!("HTTP/1.1 401 No\r\nx-ms-diagnostics: 2000099;reason=\"{}\"\r\n", lab::TOKEN);
        let octets = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes();
        let lab = Lab::start(&Plan { web: Web::Ews("GetFolder", Manner::Say(octets)), ..Plan::default() });
        let run = lab.probe(PATIENT, &["--via", "ews", "--verbose"]);
        tame("EWS", &run);
        assert!(!run.stdout.contains(lab::TOKEN), "{}", run.stdout);
        assert!(run.stdout.contains("2000099"), "{}", run.stdout);
    }
}

#[test]
fn an_ews_that_is_silent_is_given_up_in_time() {
    let lab = Lab::start(&Plan { web: Web::Misbehaves(Manner::Silent), ..Plan::default() });
    let run = lab.probe(SHORT, &["--via", "ews", "--format", "json"]);
    let report = failed("silent", &run);
    let finding = report["findings"].as_array().unwrap().iter().find(|f| f["check"] == "ews.reach").unwrap();
    assert_eq!(finding["cause"], "server-silent", "{finding}");
    assert!(lab.seen.requests.lock().unwrap().iter().all(|request| request.starts_with("HEAD")));
}

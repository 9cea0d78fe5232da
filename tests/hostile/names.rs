//! Resolvers that fail, each in its own way, and what a list of domains makes of those that lie.

use std::collections::HashSet;
use std::sync::Mutex;

use hickory_proto::op::{Edns, Query};
use hickory_proto::rr::rdata::opt::EdnsOption;

use super::*;

/// An answer of this code, with an Extended DNS Error (RFC 8914 section 2).
fn explained(code: ResponseCode, error: u16, text: &'static str) -> Names {
    turned(move |message| {
        message.metadata.response_code = code;
        let mut edns = Edns::new();
        edns.options_mut().insert(EdnsOption::Unknown(15, [&error.to_be_bytes()[..], text.as_bytes()].concat()));
        message.set_edns(edns);
    })
}

/// How the look-up of MX ended, and the cause of the check.
fn mx_of(names: Names, dns_tcp: Manner) -> (String, String, String) {
    let lab = Lab::start(&Plan { names, dns_tcp, ..Plan::default() });
    let run = look_up(&lab, PATIENT, &["--format", "json"]);
    sound("mx", &run);
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|e| panic!("{e}: {}", run.stdout));
    let ended = &report["facts"]["dns"]["mx_lookup"];
    let finding = report["findings"].as_array().unwrap().iter().find(|finding| finding["check"] == "dns.mx").unwrap();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (word(&ended["state"]), word(&ended["words"]), word(&finding["cause"]))
}

#[test]
fn each_failure_is_told_by_what_failed() {
    let validating = turned(|message| {
        if !message.metadata.checking_disabled {
            message.metadata.response_code = ResponseCode::ServFail;
        }
    });
    let code = |code| turned(move |message| message.metadata.response_code = code);
    let truncated = turned(|message| message.metadata.truncation = true);
    let cases = [
        ("no-such-name", "", "dns-name-missing", code(ResponseCode::NXDomain)),
        ("no-such-type", "", "mx-missing", code(ResponseCode::NoError)),
        ("refused", "REFUSED", "dns-refused", code(ResponseCode::Refused)),
        ("server-failure", "SERVFAIL", "dns-server-failure", code(ResponseCode::ServFail)),
        ("failed", "", "resolver-failure", code(ResponseCode::NotImp)),
        ("truncated", "over TCP", "dns-truncated", truncated),
        ("bogus", "without validation", "dns-bogus", validating),
        ("bogus", "Signature Expired", "dns-bogus", explained(ResponseCode::ServFail, 7, "since yesterday")),
        ("bogus", "DNSKEY Missing", "dns-bogus", explained(ResponseCode::ServFail, 9, "")),
        ("server-failure", "No Reachable Authority", "dns-server-failure", explained(ResponseCode::ServFail, 22, "")),
        ("server-failure", "Error 4711", "dns-server-failure", explained(ResponseCode::ServFail, 4711, "")),
        ("refused", "Prohibited): not for you", "dns-refused", explained(ResponseCode::Refused, 18, "not for you\0")),
    ];
    each(cases.into(), |(state, words, cause, names)| {
        let (own_state, own_words, own_cause) = mx_of(names, Manner::Close);
        assert_eq!((own_state.as_str(), own_cause.as_str()), (state, cause), "{own_words}");
        assert!(own_words.contains(words), "{own_words}");
    });
}

#[test]
fn a_server_that_stumbles_once_is_not_taken_for_one_that_validates() {
    let seen: Mutex<HashSet<Query>> = Mutex::default();
    let stumbles = turned(move |message| {
        let first = !message.metadata.checking_disabled && seen.lock().unwrap().insert(message.queries[0].clone());
        if first {
            message.metadata.response_code = ResponseCode::ServFail;
        }
    });
    assert_eq!(mx_of(stumbles, Manner::Close).0, "no-such-type");
}

#[test]
fn the_words_of_a_failing_server_can_not_steer_the_terminal() {
    for code in [ResponseCode::ServFail, ResponseCode::Refused] {
        let lab = Lab::start(&Plan { names: explained(code, 0, ATTACK), ..Plan::default() });
        for format in ["text", "markdown", "json"] {
            let run = look_up(&lab, PATIENT, &["--format", format, "--color", "always", "-v"]);
            tame(format, &run);
            assert!(run.stdout.contains("owned"), "{format}: {}", run.stdout);
        }
    }
    let endless: &'static str = "x".repeat(40_000).leak();
    let lab = Lab::start(&Plan { names: explained(ResponseCode::ServFail, 0, endless), ..Plan::default() });
    let run = look_up(&lab, PATIENT, &["--format", "json"]);
    assert!(run.stdout.len() < 50_000, "{} octets", run.stdout.len());
}

// ---------------------------------------------------------------- a list

const DOMAINS: [&str; 3] = ["a.test", "b.test", "c.test"];

fn listed(lab: &Lab, timeout: &str, format: &str) -> Ended {
    let mut command = program(&lab.file(""));
    command.arg("--config").arg(lab.file("lab.toml"));
    command.args(["check-dns", "-", "--timeout", timeout, "--format", format, "--color", "always"]);
    ended(command.write_stdin(DOMAINS.map(|domain| format!("{domain}\n")).concat() + "@cmd, x\n"))
}

#[test]
fn a_line_stays_a_line_whatever_the_server_says() {
    let attack = records(|_, kind| match kind {
        RecordType::TXT => ["v=DMARC1; p=", "v=spf1 include:", "v=STSv1; id=", "v=TLSRPTv1; rua=", "v=DKIM1; p="]
            .map(|head| txt(&format!("{head}{ATTACK}\r\n\"=1+1\",\",")))
            .into(),
        RecordType::CNAME => vec![RData::CNAME(CNAME(Name::from_labels(vec![ATTACK.as_bytes()]).unwrap()))],
        RecordType::MX => vec![RData::MX(MX::new(1, Name::from_labels(vec![ATTACK.as_bytes()]).unwrap()))],
        _ => Vec::new(),
    });
    let long = records(|_, kind| if kind == RecordType::TXT { vec![txt(&"v=spf1 \n".repeat(7000))] } else { vec![] });
    let cases: Vec<(&str, &str, Names)> = vec![
        ("attack", PATIENT, attack),
        ("long", PATIENT, long),
        ("aliases for ever", PATIENT, records(|name, _| vec![RData::CNAME(CNAME(name.clone()))])),
        ("garbage", "2s", raw(|_| (0..200).collect())),
        ("another id", "2s", turned(|message| message.metadata.id = message.metadata.id.wrapping_add(1))),
        (
            "another question",
            "2s",
            turned(|message| {
                message.queries[0].set_name(Name::root());
            }),
        ),
        ("a name that points to itself", "2s", raw(looping_name)),
        ("silent", "2s", Arc::new(|_| Vec::new())),
    ];
    each(cases, |(name, timeout, names)| {
        let lab = Lab::start(&Plan { names, ..Plan::default() });
        for format in ["jsonl", "csv", "text"] {
            let name = format!("{name} as {format}");
            let run = listed(&lab, timeout, format);
            tame(&name, &run);
            assert_eq!(run.code, Some(1), "{name}: {}", run.stderr);
            let heads = usize::from(format == "csv");
            assert_eq!(run.stdout.lines().count(), DOMAINS.len() + 1 + heads, "{name}: {}", run.stdout);
            if format == "jsonl" {
                let mut own: Vec<String> = run.stdout.lines().map(domain_of).collect();
                own.sort();
                assert_eq!(own[1..], DOMAINS, "{name}");
            }
            if format == "csv" {
                let widths: HashSet<usize> = run.stdout.lines().map(|line| columns(line).len()).collect();
                assert_eq!(widths.len(), 1, "{name}: {}", run.stdout);
                let formula = |cell: &String| cell.starts_with(['=', '+', '-', '@']);
                assert!(!run.stdout.lines().flat_map(columns).any(|cell| formula(&cell)), "{name}: {}", run.stdout);
            }
        }
    });
}

fn domain_of(line: &str) -> String {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    value["domain"].as_str().unwrap().to_owned()
}

/// The cells of a line (RFC 4180 section 2).
fn columns(line: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let cell = cells.last_mut().unwrap();
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cell.push(other),
        }
    }
    assert!(!quoted, "{line}");
    cells
}

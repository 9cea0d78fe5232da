//! `explain --log`: a log to its causes, counted.

#[cfg(unix)]
use std::io::BufRead as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Ended, Home};

const LOG: &str = "\
Nov 26 20:44:01 mx01 postfix/qmgr[3]: 4F1A2B3C4D: from=<app@contoso.com>, size=900, nrcpt=1 (queue active)
Nov 26 20:44:02 mx01 postfix/smtp[4]: 4F1A2B3C4D: to=<bob@fabrikam.com>, relay=smtp.office365.com[203.0.113.9]:587, \
dsn=5.7.60, status=bounced (host smtp.office365.com[203.0.113.9] said: 554 5.7.60 SMTP; Client does not have \
permissions to send as this sender (in reply to MAIL FROM command))
Nov 26 20:44:03 mx01 postfix/smtp[4]: 5F1A2B3C4D: to=<ann@fabrikam.com>, relay=mx.fabrikam.com[203.0.113.7]:25, \
dsn=2.0.0, status=sent (250 2.0.0 OK)
2026-11-26T20:44:04+01:00 mx01 postfix/smtp[4]: 6F1A2B3C4D: to=<eve@example.com>, \
relay=gmail-smtp-in.l.google.com[203.0.113.8]:25, dsn=5.1.1, status=bounced (host \
gmail-smtp-in.l.google.com[203.0.113.8] said: 550-5.1.1 no such account - gsmtp)
Nov 26 20:44:05 mx01 mysqld[5]: ready, version 5.7.25
Nov 26 20:44:06 mx01 mailer[6]: AADSTS7000215: Invalid client secret provided.
Nov 26 20:45:07 mx01 mailer[6]: AADSTS7000215: Invalid client secret provided.
";

fn table(home: &Home, flags: &[&str], log: &[u8]) -> Ended {
    let words = [&["explain", "--log", "-", "--format", "json"], flags].concat();
    Ended::of(home.command(&words).write_stdin(log))
}

#[test]
fn failures_are_grouped_counted_and_dated() {
    let answer = table(&Home::new(), &[], LOG.as_bytes()).ends(0).json();
    let of = |field: &str| answer["causes"].as_array().unwrap().iter().map(|c| c[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("id"), ["aadsts7000215", "send-as-denied-envelope", "another-server"]);
    assert_eq!(of("count"), [2, 1, 1]);
    assert_eq!(of("first_seen"), ["Nov 26 20:44:06", "Nov 26 20:44:02", "2026-11-26T20:44:04+01:00"]);
    assert_eq!(of("last_seen"), ["Nov 26 20:45:07", "Nov 26 20:44:02", "2026-11-26T20:44:04+01:00"]);
    assert_eq!(of("senders"), [json!([]), json!(["app@contoso.com"]), json!([])]);
    assert_eq!(of("recipients"), [json!([]), json!(["bob@fabrikam.com"]), json!(["eve@example.com"])]);
    assert_eq!(answer["causes"][2]["servers"], json!([{"server": "Gmail", "count": 1}]));
    assert!(of("repair").iter().all(|repair| repair.as_str().is_some_and(|text| !text.is_empty())));
}

#[test]
fn a_log_without_a_known_error_ends_with_1() {
    let log = "Nov 26 20:44:05 mx01 mysqld[5]: ready, version 5.7.25\nLinux 5.1.10\n5.7.60\n";
    let answer = table(&Home::new(), &[], log.as_bytes()).ends(1).json();
    assert_eq!((&answer["causes"], &answer["unrecognised"]), (&json!([]), &json!(true)));
}

#[test]
fn packed_logs_are_read_as_plain_ones() {
    let home = Home::new();
    let plain = table(&home, &[], LOG.as_bytes()).ends(0).json();
    let gzip = || {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(LOG.as_bytes()).unwrap();
        packer.finish().unwrap()
    };
    let zstd = || ruzstd::encoding::compress_to_vec(LOG.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    for pack in [&gzip as &dyn Fn() -> Vec<u8>, &zstd] {
        assert_eq!(table(&home, &[], &pack()).ends(0).json(), plain);
        let twice = table(&home, &[], &[pack(), pack()].concat()).ends(0).json();
        assert_eq!(twice["causes"][0]["count"], 4, "archives that were joined are read to their end");
    }
    let damaged = table(&home, &[], &gzip()[..150]).json();
    assert!(damaged["damage"].as_str().is_some_and(|why| !why.is_empty()), "{damaged}");
}

#[test]
fn names_are_masked_for_a_ticket() {
    let home = Home::new();
    for format in ["json", "text", "markdown"] {
        let words = ["explain", "--log", "-", "--share", "--format", format];
        let shown = Ended::of(home.command(&words).write_stdin(LOG)).ends(0).out;
        for name in ["contoso.com", "fabrikam", "bob@", "app@", "203.0.113.9", "mx01"] {
            assert!(!shown.contains(name), "{name} in {shown}");
        }
        assert!(shown.contains("send-as-denied-envelope"), "{shown}");
    }
}

#[test]
fn hostile_octets_neither_stop_it_nor_steer_the_terminal() {
    let home = Home::new();
    let log = b"\xff\xfe\0\x1b[2J AADSTS7000215: \x1b]0;x\x07\0\n\0\0\n".as_slice();
    let ended = Ended::of(home.command(&["explain", "--log", "-"]).write_stdin(log)).ends(0);
    assert!(ended.out.contains("aadsts7000215") && !ended.out.contains(['\u{1b}', '\0']), "{ended:?}");
    let endless = [b"AADSTS7000215: ".as_slice(), &vec![b'x'; 20 * 1024 * 1024], b"\nAADSTS700016: y\n"].concat();
    let answer = table(&home, &[], &endless).ends(0).json();
    assert_eq!(answer["causes"].as_array().map(Vec::len), Some(2));
    assert!(answer.to_string().len() < 50_000);
}

#[test]
fn what_can_not_be_read_is_said() {
    let home = Home::new();
    for words in
        [&["explain", "--log", "none.log"][..], &["explain", "--log", "."], &["explain", "--log", "-", "--follow"]]
    {
        assert!(!home.run(words).ends(2).err.is_empty());
    }
}

/// A running `explain --follow`, and what it says meanwhile.
#[cfg(unix)]
struct Follower {
    running: std::process::Child,
    notes: std::io::BufReader<std::process::ChildStderr>,
}

#[cfg(unix)]
impl Follower {
    fn of(path: &std::path::Path) -> Follower {
        let mut running = Command::new(env!("CARGO_BIN_EXE_o365doctor"))
            .args(["explain", "--follow", "--format", "json", "--log"])
            .arg(path)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let notes = std::io::BufReader::new(running.stderr.take().unwrap());
        Follower { running, notes }
    }

    fn until(&mut self, word: &str) {
        let began = Instant::now();
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            assert!(self.notes.read_line(&mut line).unwrap() > 0 && began.elapsed() < Duration::from_mins(1), "{word}");
        }
    }

    /// Interrupts it, and reads the table: each cause and its lines.
    fn counts(self) -> Vec<(String, u64)> {
        let ended = Command::new("kill").args(["-INT", &self.running.id().to_string()]).status().unwrap();
        assert!(ended.success());
        let output = self.running.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let of = |cause: &Value| (cause["id"].as_str().unwrap().to_owned(), cause["count"].as_u64().unwrap());
        answer["causes"].as_array().unwrap().iter().map(of).collect()
    }
}

#[cfg(unix)]
#[test]
fn a_followed_log_is_read_as_it_grows_and_an_interrupt_prints_the_table() {
    let home = Home::new();
    let path = home.write("mail.log", "AADSTS7000215: one\nAADSTS7000215: half a l");
    let mut follower = Follower::of(&path);
    follower.until("aadsts7000215");
    let mut log = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    log.write_all(b"ine\nAADSTS700016: two\n").unwrap();
    follower.until("aadsts700016");
    assert_eq!(follower.counts(), [("aadsts7000215".to_owned(), 2), ("aadsts700016".to_owned(), 1)]);
}

#[cfg(unix)]
#[test]
fn a_followed_log_is_read_on_when_it_is_rotated_or_begun_anew() {
    let home = Home::new();
    let path = home.write("mail.log", "AADSTS7000215: first\nAADSTS7000215: second\n");
    let mut follower = Follower::of(&path);
    follower.until("aadsts7000215");
    std::fs::rename(&path, path.with_extension("log.1")).unwrap();
    home.write("mail.log", "AADSTS700016: behind the rotation, and long enough\n");
    follower.until("aadsts700016");
    std::fs::OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"AADSTS50126: anew\n").unwrap();
    follower.until("aadsts50126");
    let one = |id: &str| (id.to_owned(), 1);
    assert_eq!(follower.counts(), [("aadsts7000215".to_owned(), 2), one("aadsts50126"), one("aadsts700016")]);
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_it_while_it_waits_for_standard_input() {
    let mut running = Command::new(env!("CARGO_BIN_EXE_o365doctor"))
        .args(["explain", "--log", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let mut ended = None;
    while ended.is_none() && began.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(300));
        Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
        ended = running.try_wait().unwrap();
    }
    let code = ended.and_then(|status| status.code());
    running.kill().ok();
    running.wait().unwrap();
    assert_eq!(code, Some(130));
}

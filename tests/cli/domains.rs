//! `check-dns` for a list of domains: one line of results for each, whatever becomes of the others and of the program.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::support::{Ended, Home, Lab};

const LIST: &str = "# ours\ncontoso.test\n\nB\u{fc}cher.example\r\nCONTOSO.test.\na b\n@x,y\n~a=1\n";

/// The lines by domain; no domain has two.
#[track_caller]
fn by_domain(text: &str) -> BTreeMap<String, Value> {
    assert!(text.ends_with('\n'), "the last line has its end: {text:?}");
    let mut lines = BTreeMap::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let domain = value["domain"].as_str().unwrap().to_owned();
        assert!(lines.insert(domain.clone(), value).is_none(), "{domain} has two lines");
    }
    lines
}

fn checked(lab: &Lab, list: &str, more: &[&str]) -> Ended {
    let mut command = lab.command(&["check-dns", "-"]);
    Ended::of(command.args(more).write_stdin(list))
}

#[test]
fn each_domain_of_a_list_has_one_line() {
    let lab = Lab::healthy();
    let ended = checked(&lab, LIST, &[]).ends(1);
    let lines = by_domain(&ended.out);
    let names: Vec<&str> = lines.keys().map(String::as_str).collect();
    assert_eq!(names, ["@x,y", "a b", "contoso.test", "line 8", "xn--bcher-kva.example"]);
    let own = &lines["contoso.test"];
    assert_eq!(own["format"], 1);
    assert_eq!(own["summary"]["exit_code"], 0, "{own}");
    assert_eq!(own["facts"]["dns"]["spf"]["evaluation"]["result"], "pass");
    let outcome = |check: &str| {
        let findings = own["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["check"] == check).unwrap()["outcome"].clone()
    };
    // The policy was fetched.
    assert_eq!((outcome("dns.mx"), outcome("dns.mta-sts")), ("pass".into(), "pass".into()));
    assert_eq!(lines["xn--bcher-kva.example"]["summary"]["first_cause"], "dns-name-missing");
    assert_eq!(lines["a b"]["error"], "line 6 is `a b`, which is no domain name");
    let single = lab.run(&["check-dns", "contoso.test", "--format", "json"]).ends(0).json();
    let same = |report: &Value| {
        let findings = report["findings"].as_array().unwrap().iter();
        // Whose a domain is stands in no DNS, and is asked of one at a time.
        let of_dns = findings.filter(|finding| finding["check"].as_str().is_some_and(|id| id.starts_with("dns.")));
        of_dns.map(|finding| (finding["check"].clone(), finding["evidence"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(same(own), same(&single), "a list is judged as a single domain is");
    checked(&lab, "contoso.test", &[]).ends(0);
}

#[test]
fn the_schema_describes_the_lines() {
    let lab = Lab::healthy();
    let schema = lab.run(&["schema", "--lines"]).ends(0).json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for line in by_domain(&checked(&lab, LIST, &["--no-policies"]).out).values() {
        assert!(validator.is_valid(line), "{:?}", validator.iter_errors(line).next());
    }
}

#[test]
fn a_policy_is_left_out_where_none_is_to_be_fetched() {
    let lab = Lab::healthy();
    let ended = lab.run(&["check-dns", "--no-policies", "--format", "json"]).ends(0);
    assert_eq!(ended.outcome("dns.mta-sts").0, "not-observed");
    assert_eq!(ended.json()["facts"]["dns"]["mta_sts"]["left_out"], true);
    let plan = lab.run(&["check-dns", "--no-policies", "--plan"]).ends(0);
    assert!(!plan.out.contains("GET its MTA-STS policy") && plan.out.contains("--no-policies"), "{}", plan.out);
    let line = checked(&lab, "contoso.test", &["--no-policies"]).ends(0);
    assert_eq!(line.json()["facts"]["dns"]["mta_sts"]["request"], Value::Null);
}

#[test]
fn a_table_has_a_row_a_domain_and_no_formula() {
    let lab = Lab::healthy();
    let ended = checked(&lab, LIST, &["--format", "csv", "--strict"]).ends(1);
    let (head, rows) = ended.out.split_once('\n').unwrap();
    assert!(head.starts_with("domain,exit_code,pass,warn,fail,"), "{head}");
    let place = |column: &str| head.split(',').position(|name| name == column).unwrap();
    let own = rows.lines().find(|row| row.starts_with("contoso.test,")).unwrap();
    assert_eq!(own.split(',').nth(place("dns.spf")), Some("pass"));
    let other = rows.lines().find(|row| row.starts_with("xn--")).unwrap();
    assert_eq!(other.split(',').nth(place("dns.mx")), Some("fail dns-name-missing"));
    assert!(rows.lines().any(|row| row.starts_with("\"'@x,y\",1,")), "{rows}");
    assert_eq!(rows.lines().count(), 5);
}

#[test]
fn a_person_sees_a_line_a_domain() {
    let ended = checked(&Lab::healthy(), "contoso.test\nno.example\n", &["--format", "text"]).ends(1);
    let own = ended.out.lines().find(|line| line.contains("contoso.test")).unwrap();
    assert!(own.contains("pass") && !own.contains("fail"), "{own}");
    let other = ended.out.lines().find(|line| line.contains("no.example")).unwrap();
    assert!(other.contains("2 fail") && other.contains("dns-name-missing"), "{other}");
}

#[test]
fn one_domain_that_no_server_answers_costs_the_others_nothing() {
    let lab = Lab::with("[tenant.dns]\nsilent = true\n");
    let ended = checked(&lab, "contoso.test\nno.example\nnone.example\n", &["--timeout", "7s"]).ends(1);
    let lines = by_domain(&ended.out);
    assert_eq!(lines.len(), 3);
    let text = lines["contoso.test"]["findings"].to_string();
    assert!(text.contains("dns-timeout"), "{text}");
    assert_eq!(lines["no.example"]["summary"]["first_cause"], "dns-name-missing");
    assert!(ended.out.lines().last().unwrap().contains("\"contoso.test\""), "the others did not wait for it");
}

#[test]
fn what_a_list_can_not_have_is_refused_before_anything_is_asked() {
    let lab = Lab::healthy();
    let list = lab.home.write("list.txt", "contoso.test\n");
    let list = list.to_str().unwrap();
    let rows: [(&[&str], &str); 15] = [
        (&["--record", "x.json"], "--record"),
        (&["--replay", "x.json"], "--replay"),
        (&["--plan"], "--plan"),
        (&["--share"], "--share"),
        (&["-v"], "--verbose"),
        (&["--format", "markdown"], "--format"),
        (&["--resume"], "--resume"),
        (&["--resume", "--out", "x", "--format", "text"], "--resume"),
        (&["--concurrency", "0"], "--concurrency"),
        (&["--concurrency", "100000"], "--concurrency"),
        (&["--out", "no/such/folder/x"], "--out"),
        (&["--selector", "a b"], "--selector"),
        (&["--timeout", "never"], "--timeout"),
        (&["--out", "."], "--out"),
        (&["--resume", "--out", "."], "--out"),
    ];
    for (more, place) in rows {
        lab.run(&[&["check-dns", "--file", list], more].concat()).refused(place, None);
    }
    for file in ["no-such-file", "."] {
        lab.run(&["check-dns", "--file", file]).refused("--file", None);
    }
    for flag in [&["--out", "x"][..], &["--resume"], &["--concurrency", "3"]] {
        lab.run(&[&["check-dns", "contoso.test"], flag].concat()).refused(flag[0], None);
    }
    for format in ["csv", "jsonl"] {
        lab.run(&["check-dns", "contoso.test", "--format", format]).refused("--format", None);
        lab.run(&["explain", "AADSTS7000215", "--format", format]).refused("--format", None);
    }
}

#[test]
fn a_list_that_is_no_text_ends_the_run() {
    let lab = Lab::healthy();
    let mut command = lab.command(&["check-dns", "-"]);
    let ended = Ended::of(command.write_stdin(b"\xff\xfec\0o\0m\0\n\0".to_vec()));
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.contains("UTF-8"), "{ended:?}");
}

// ---------------------------------------------------------------- a file that is gone on with

#[test]
fn a_file_is_written_once_and_gone_on_with() {
    let lab = Lab::healthy();
    for format in ["jsonl", "csv"] {
        let out = lab.home.path(&format!("results.{format}"));
        let name = out.to_str().unwrap();
        let into = ["--out", name, "--format", format];
        assert_eq!(checked(&lab, "contoso.test\nno.example\n", &into).ends(1).out, "");
        let first = fs::read_to_string(&out).unwrap();
        checked(&lab, "contoso.test\n", &into).refused("--out", None);
        assert_eq!(fs::read_to_string(&out).unwrap(), first, "what exists is left alone");

        // As a run leaves it that was killed while it wrote.
        let torn: String = first[..first.len() - 20].to_owned();
        fs::write(&out, &torn).unwrap();
        let on = [&into[..], &["--resume"]].concat();
        checked(&lab, "contoso.test\nno.example\nnone.example\na b\n", &on).ends(1);
        let text = fs::read_to_string(&out).unwrap();
        assert!(text.starts_with(&torn[..=torn.rfind('\n').unwrap()]), "{text}");
        for domain in ["contoso.test", "no.example", "none.example", "a b"] {
            let of_domain = |line: &&str| {
                line.contains(&format!("\"domain\":\"{domain}\"")) || line.starts_with(&format!("{domain},"))
            };
            assert_eq!(text.lines().filter(of_domain).count(), 1, "{domain}: {text}");
        }
        // Nothing is left to do, and something in the file had failed.
        checked(&lab, "contoso.test\nno.example\na b\n", &on).ends(1);
        assert_eq!(fs::read_to_string(&out).unwrap(), text);
    }
}

#[test]
fn another_file_is_not_gone_on_with() {
    let lab = Lab::healthy();
    let rows = [("notes.txt", "contoso.test\nmine\n"), ("table.csv", "domain,exit_code\nx.example,0\n")];
    for (name, text) in rows {
        let out = lab.home.write(name, text);
        for format in ["jsonl", "csv"] {
            let more = ["--out", out.to_str().unwrap(), "--resume", "--format", format];
            checked(&lab, "contoso.test\n", &more).refused("--out", None);
            assert_eq!(fs::read_to_string(&out).unwrap(), text);
        }
    }
}

/// The program with a list that has not ended yet.
fn running(lab: &Lab, more: &[&str], out: Stdio) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_o365doctor"));
    command.env_clear().env("HOME", lab.home.path("")).env("XDG_CONFIG_HOME", lab.home.path("config"));
    for name in ["PATH", "SystemRoot", "TEMP", "TMP", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.args(["check-dns", "-", "--config"]).arg(lab.home.path("lab.toml")).args(more);
    command.stdin(Stdio::piped()).stdout(out).stderr(Stdio::piped()).spawn().unwrap()
}

fn feed(child: &mut Child, names: impl Iterator<Item = String>) {
    let stdin = child.stdin.as_mut().unwrap();
    for name in names {
        writeln!(stdin, "{name}").unwrap();
    }
    stdin.flush().unwrap();
}

fn names(from: usize, to: usize) -> impl Iterator<Item = String> {
    (from..to).map(|number| format!("d{number}.contoso.test"))
}

/// Waits until a file has so many lines; whoever runs the tests ends a wait that has no end.
fn wait_for_lines(out: &Path, count: usize) {
    while fs::read_to_string(out).unwrap_or_default().matches('\n').count() < count {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_run_that_is_killed_is_gone_on_with_and_each_domain_is_there_once() {
    let lab = Lab::healthy();
    for format in ["jsonl", "csv"] {
        let out = lab.home.path(&format!("killed.{format}"));
        let into = ["--out", out.to_str().unwrap(), "--format", format];
        let mut child = running(&lab, &into, Stdio::null());
        feed(&mut child, names(0, 60));
        wait_for_lines(&out, 20);
        child.kill().unwrap();
        child.wait().unwrap();

        let list: String = names(0, 90).map(|name| name + "\n").collect();
        checked(&lab, &list, &[&into[..], &["--resume"]].concat()).ends(1);
        let text = fs::read_to_string(&out).unwrap();
        let heads = usize::from(format == "csv");
        assert_eq!(text.lines().count(), 90 + heads);
        for name in names(0, 90) {
            let quoted = format!("\"domain\":\"{name}\"");
            let own = text.lines().filter(|line| line.contains(&quoted) || line.starts_with(&format!("{name},")));
            assert_eq!(own.count(), 1, "{name}");
        }
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_whole_lines() {
    let lab = Lab::healthy();
    let out = lab.home.path("interrupted.jsonl");
    let mut child = running(&lab, &["--out", out.to_str().unwrap()], Stdio::null());
    feed(&mut child, names(0, 40));
    wait_for_lines(&out, 10);
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(by_domain(&fs::read_to_string(&out).unwrap()).len() >= 10);
}

#[test]
fn a_second_run_does_not_write_to_the_same_file() {
    let lab = Lab::healthy();
    let out = lab.home.path("busy.jsonl");
    let into = ["--out", out.to_str().unwrap()];
    let mut child = running(&lab, &into, Stdio::null());
    feed(&mut child, names(0, 1));
    wait_for_lines(&out, 1);
    checked(&lab, "contoso.test\n", &[&into[..], &["--resume"]].concat()).refused("--out", None);
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_run_quietly() {
    let lab = Lab::healthy();
    let mut child = running(&lab, &[], Stdio::piped());
    feed(&mut child, names(0, 1));
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("{\"format\":1,\"domain\":\"d0.contoso.test\""), "{first}");
    feed(&mut child, names(1, 2));
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.code().is_some_and(|code| code < 2), "{ended:?}");
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}

#[test]
fn the_sandbox_takes_a_list_as_well() {
    let home = Home::new();
    let mut command = home.command(&["check-dns", "--cloud", "sandbox", "-"]);
    let ended = Ended::of(command.write_stdin("contoso.test\n")).ends(0);
    assert_eq!(by_domain(&ended.out)["contoso.test"]["summary"]["fail"], 0);
}

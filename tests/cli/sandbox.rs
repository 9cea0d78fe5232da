//! `sandbox`: one line for a program, files for their owner alone, and a tenant that any client can talk to.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::support::{CLIENT, Ended, Home, MAILBOX, OBJECT, SECRET, TENANT};

/// A sandbox in a process of its own, ended with the test.
pub(crate) struct Running {
    child: Child,
    line: String,
}

impl Running {
    pub(crate) fn start(home: &Home, words: &[&str]) -> Running {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_o365doctor"));
        command.arg("sandbox").args(words).env_remove("O365DOCTOR_FORMAT").env("HOME", home.path(""));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Running { child, line }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.line).unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn one_line_says_all_that_a_client_needs() {
    let home = Home::new();
    let dir = home.path("sandbox");
    let mut running = Running::start(&home, &["--format", "json", "--dir", &dir.display().to_string()]);
    let words = running.json();
    assert_eq!(words["format"], 1);
    for (name, value) in [
        ("tenant_id", TENANT),
        ("client_id", CLIENT),
        ("client_secret", SECRET),
        ("object_id", OBJECT),
        ("mailbox", MAILBOX),
        ("domain", "contoso.test"),
    ] {
        assert_eq!(words[name], value);
    }
    let text = |name: &str| words[name].as_str().unwrap().to_owned();
    assert!(text("login").starts_with("https://localhost:"));
    assert_eq!(text("ews"), format!("{}/EWS/Exchange.asmx", text("login")));
    assert!(text("smtp").starts_with("localhost:"));
    assert!(text("dns").starts_with("127.0.0.1:"));
    assert_eq!(Path::new(&text("ca_file")), dir.join("ca.pem"));
    assert_eq!(Path::new(&text("profile_file")), dir.join("o365doctor.toml"));
    let ca = std::fs::read_to_string(text("ca_file")).unwrap();
    assert!(ca.contains("BEGIN CERTIFICATE") && !ca.contains("PRIVATE KEY"));
    #[cfg(unix)]
    {
        assert_eq!(mode(&dir), 0o700);
        assert_eq!(mode(Path::new(&text("ca_file"))), 0o600);
        assert_eq!(mode(Path::new(&text("profile_file"))), 0o600);
        assert_eq!(mode(Path::new(&text("exchange_state_file"))), 0o600);
    }
    assert_eq!(Path::new(&text("exchange_state_file")), dir.join("exchange-state.json"));
    let ended = home.run(&["checkup", "--config", &text("profile_file")]).ends(0);
    let beside = ["--exchange-state", &text("exchange_state_file"), "--format", "json"];
    let told = home.run(&[&["check-mailbox", "--config", &text("profile_file")][..], &beside].concat()).ends(0);
    assert_eq!(told.outcome("exchange.right").0, "pass");
    assert!(ended.out.contains("0 failed") || !ended.out.contains("failed"), "{ended:?}");
    home.run(&["probe-send", "--via", "ews", "--config", &text("profile_file")]).ends(0);
    running.child.kill().unwrap();
    let mut rest = String::new();
    let mut stdout = running.child.stdout.take().unwrap();
    std::io::Read::read_to_string(&mut stdout, &mut rest).unwrap();
    assert_eq!(rest, "", "exactly one line");
}

#[cfg(unix)]
#[test]
fn files_of_an_earlier_run_become_private_too() {
    let home = Home::new();
    let dir = home.path("sandbox");
    std::fs::create_dir(&dir).unwrap();
    for name in ["ca.pem", "o365doctor.toml"] {
        std::fs::write(dir.join(name), "old").unwrap();
        crate::support::set_mode(&dir.join(name), 0o644);
    }
    let running = Running::start(&home, &["--format", "json", "--dir", &dir.display().to_string()]);
    assert_eq!(running.json()["format"], 1);
    for name in ["ca.pem", "o365doctor.toml"] {
        assert_eq!(mode(&dir.join(name)), 0o600, "{name}");
    }
}

#[test]
fn each_of_its_tenants_has_a_profile() {
    let home = Home::new();
    let dir = home.path("sandbox").display().to_string();
    let running = Running::start(&home, &["--format", "json", "--tenants", "3", "--dir", &dir]);
    let config = running.json()["profile_file"].as_str().unwrap().to_owned();
    for profile in ["sandbox", "sandbox1", "sandbox2"] {
        home.run(&["checkup", "--config", &config, "--profile", profile]).ends(0);
    }
}

#[cfg(unix)]
#[test]
fn a_temporary_folder_is_private_and_gone_at_the_end() {
    let home = Home::new();
    let mut running = Running::start(&home, &["--format", "json"]);
    let ca = running.json()["ca_file"].as_str().unwrap().to_owned();
    let folder = Path::new(&ca).parent().unwrap();
    assert_eq!(mode(folder), 0o700);
    let pid = running.child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(running.child.wait().unwrap().code(), Some(130));
    assert!(!folder.exists(), "{} was left behind", folder.display());
}

#[test]
fn the_stories_are_listed_name_first() {
    let home = Home::new();
    let list = home.run(&["sandbox", "--list"]).ends(0).out;
    let names: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let known: Vec<&str> = o365doctor::sandbox::scenarios().iter().map(|scenario| scenario.name.as_str()).collect();
    assert_eq!(names, known);
    assert!(names.contains(&"healthy"));
}

#[test]
fn the_users_own_words_stay_out_of_the_sandbox() {
    let home = Home::new();
    let own = "[profile.own]\ntenant = '11111111-2222-3333-4444-555555555555'\nclient_secret_command = 'exit 9'\n";
    home.write("config/o365doctor/config.toml", own);
    let ended = Ended::of(&mut home.command(&["checkup", "--cloud", "sandbox", "--format", "json"])).ends(0);
    assert_eq!(ended.json()["setup"]["tenant"], TENANT);
}

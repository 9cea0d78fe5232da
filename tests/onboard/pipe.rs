//! Off a terminal: nothing is asked, and every question has its flag.

use std::process::{Command, Stdio};

use crate::terminal::{Home, read, write};

/// Words that answer everything, on the sandbox.
const ALL: [&str; 10] =
    ["--cloud", "sandbox", "--roads", "smtp", "--style", "az", "--send", "yes", "--save-as", "work"];

pub(crate) struct Ended {
    code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn run(home: &Home, words: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_o365doctor"));
    command.arg("onboard").args(words).stdin(Stdio::null());
    home.prepare(&mut command);
    let output = command.output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    Ended { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

impl Ended {
    pub(crate) fn ends(self, code: i32) -> Ended {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    pub(crate) fn says(self, text: &str) -> Ended {
        assert!(self.err.contains(text) || self.out.contains(text), "{text:?}\n{}\n{}", self.out, self.err);
        self
    }
}

#[test]
fn a_pipe_is_told_every_flag_at_once_and_nothing_is_written() {
    let home = Home::new();
    let ended = run(&home, &[]).ends(2);
    for flag in [
        "--mailbox",
        "--outside",
        "--reads",
        "--device",
        "--fixed-address",
        "--volume",
        "--client-id",
        "--to",
        "--client-secret-file",
        "--send",
        "--save-as",
    ] {
        assert!(ended.err.contains(flag), "{flag}: {}", ended.err);
    }
    assert!(ended.out.is_empty() && ended.err.contains("Nothing was sent"), "{}{}", ended.out, ended.err);
    assert!(!home.state().exists());
    run(&home, &["--cloud", "sandbox", "--roads", "graph", "--save-as", "x"]).ends(2).says("--send is missing");
}

#[test]
fn with_every_flag_nothing_is_asked_and_one_mail_leaves() {
    let home = Home::new();
    let ended = run(&home, &ALL).ends(0).says("Sandbox: 1 in the mailbox of bob@contoso.test");
    assert!(ended.out.lines().all(|line| line.chars().count() <= 80 || !line.trim().contains(' ')), "{}", ended.out);
    assert!(read(&home.config()).starts_with("[profile.work]\n") && !home.state().exists());
    // The profile serves.
    let mut command = Command::new(env!("CARGO_BIN_EXE_o365doctor"));
    command.args(["checkup", "--profile", "work"]).stdin(Stdio::null());
    home.prepare(&mut command);
    assert!(command.output().unwrap().status.success());
}

#[test]
fn the_answers_choose_the_road() {
    let home = Home::new();
    let choice = ["--outside", "no", "--reads", "no", "--device", "yes", "--fixed-address", "yes", "--volume", "50"];
    let rest = ["--cloud", "sandbox", "--send", "yes", "--save-as", "printer"];
    run(&home, &[&choice[..], &rest].concat()).ends(0).says("Road: relay");
    let choice = ["--outside", "yes", "--reads", "yes", "--device", "yes", "--fixed-address", "no", "--volume", "50"];
    run(&home, &[&choice[..], &rest].concat()).ends(2).says("no road fits");
}

#[test]
fn what_is_not_done_is_waited_for_and_then_let_go() {
    let home = Home::new();
    let words = ["--cloud", "sandbox=smtp-auth-off-tenant", "--roads", "smtp", "--send", "yes", "--save-as", "work"];
    let ended = run(&home, &[&words[..], &["--wait", "1s"]].concat()).ends(1);
    let ended = ended.says("Switch of the protocol: not yet").says("-SmtpClientAuthenticationDisabled $false");
    assert!(ended.out.contains("o365doctor onboard \\\n      --state ") && home.state().exists(), "{}", ended.out);
    run(&home, &[&words[..], &["--no-wait"]].concat()).ends(1).says("Going on with");
}

#[test]
fn the_mail_of_a_walk_leaves_once_even_when_the_profile_can_not_be_written() {
    let home = Home::new();
    write(&home.config(), "[profile.work]\nto = 'a@b.c'\n");
    run(&home, &ALL).ends(2).says("--save-as is work");
    assert!(read(&home.state()).contains("\"taken\""));
    let ended = run(&home, &["--send", "yes", "--save-as", "other"]).ends(0).says("Probe mail: taken");
    assert!(!ended.out.contains("Sandbox: 1"), "{}", ended.out);
    assert!(read(&home.config()).contains("[profile.other]"));
}

#[test]
fn a_mail_whose_answer_got_lost_is_not_sent_again_unasked() {
    let home = Home::new();
    let words = ["--cloud", "sandbox=answer-lost", "--roads", "smtp", "--send", "yes", "--save-as", "work"];
    run(&home, &words).ends(1).says("nobody knows what became of it");
    assert!(read(&home.state()).contains("\"begun\""));
    run(&home, &["--cloud", "sandbox", "--send", "yes", "--save-as", "work"]).ends(1).says("--send again");
    run(&home, &["--cloud", "sandbox", "--send", "again", "--save-as", "work"]).ends(0);
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_sent() {
    let home = Home::new();
    for (words, says) in [
        (&["--format", "json"][..], "--format"),
        (&["--record", "x"], "--record"),
        (&["--plan"], "--plan"),
        (&["--strict"], "--strict"),
        (&["--client-secret-stdin"], "--client-secret-stdin"),
        (&["--auth", "token"], "--auth"),
        (&["--wait", "soon"], "--wait"),
        (&["--save-as", "a b"], "--save-as"),
        (&["--roads", "smtp,graph"], "--roads"),
        (&["--roads", "imap"], "--roads"),
        (&["--roads", "smtp", "--outside", "yes"], "--outside"),
        (&["--hand-over", "x", "--send", "yes"], "--hand-over"),
    ] {
        run(&home, &[&["--cloud", "sandbox"], words].concat()).ends(2).says(says);
    }
    assert!(!home.state().exists());
}

#[test]
fn another_walk_is_not_mixed_with_the_one_that_is_kept() {
    let home = Home::new();
    let words = ["--cloud", "sandbox=mailbox-right-missing", "--roads", "smtp", "--send", "yes", "--save-as", "work"];
    let named = [&words[..], &["--mailbox", "app@contoso.test"]].concat();
    run(&home, &named).ends(1);
    run(&home, &["--mailbox", "alice@contoso.test"]).ends(2).says("--fresh");
    write(&home.state(), "{}");
    run(&home, &ALL).ends(2).says("--state");
    run(&home, &[&ALL[..], &["--fresh"]].concat()).ends(0);
}

#[test]
fn a_pack_names_all_that_is_asked_and_nothing_secret() {
    let home = Home::new();
    let base = ["--cloud", "sandbox", "--roads", "smtp", "--style", "az"];
    for (place, page) in [("pack", "pack/README.md"), ("page.md", "page.md"), ("page.html", "page.html")] {
        run(&home, &[&base[..], &["--hand-over", place]].concat()).ends(0).says("--answer");
        let text = read(&home.path(page));
        for piece in ["v2.0/adminconsent", "SMTP.SendAsApp", "What to send back", "Taking it back", "verify.ps1"] {
            assert!(text.contains(piece), "{page}: {piece} is missing in\n{text}");
        }
        assert!(!text.contains("Q~sandbox") && text.contains("Done already"), "{text}");
        run(&home, &[&base[..], &["--hand-over", place]].concat()).ends(2).says("stays as it is");
    }
    for script in ["setup.ps1", "verify.ps1", "undo.ps1"] {
        assert!(read(&home.path("pack").join(script)).contains("Connect-ExchangeOnline"), "{script}");
    }
    let page = read(&home.path("page.html"));
    assert!(!page.contains("<script") && !page.contains("src=") && page.contains("Content-Security-Policy"), "{page}");
}

#[test]
fn a_pack_opens_no_more_than_its_roads() {
    let home = Home::new();
    run(&home, &["--cloud", "sandbox", "--roads", "smtp,imap", "--hand-over", "pack"]).ends(0);
    let (smtp, imap) = (read(&home.path("pack/setup-smtp.ps1")), read(&home.path("pack/setup-imap.ps1")));
    assert!(smtp.contains("-SmtpClientAuthenticationDisabled $false") && !smtp.contains("-ImapEnabled"), "{smtp}");
    assert!(imap.contains("-ImapEnabled") && !imap.contains("-SmtpClientAuthenticationDisabled"), "{imap}");
    for script in ["verify.ps1", "undo-smtp.ps1", "undo-imap.ps1"] {
        assert!(home.path("pack").join(script).exists(), "{script}");
    }
}

#[test]
fn what_comes_back_is_known_by_itself() {
    let home = Home::new();
    let words = ["--cloud", "sandbox", "--roads", "smtp", "--send", "no", "--save-as", "work"];
    let pack = ["--cloud", "sandbox", "--roads", "smtp", "--hand-over", "pack"];
    run(&home, &pack).ends(0);
    let kept: serde_json::Value = serde_json::from_str(&read(&home.state())).unwrap();
    let state = kept["consent"].as_str().unwrap();
    let answer = |name: &str, text: &str| {
        write(&home.path(name), text);
        run(&home, &[&words[..], &["--answer", name]].concat())
    };
    let refused = "https://localhost/?error=access_denied&error_description=AADSTS65004&admin_consent=True";
    answer("no.txt", &format!("{refused}&state={state}")).ends(1).says("consent");
    answer("other.txt", "https://localhost/?admin_consent=True&state=of-another")
        .ends(1)
        .says("consent-state-mismatch");
    answer("else.txt", "all done, regards").ends(2).says("neither");
    answer("prior.json", "{\"format\":1,\"kind\":\"o365doctor.exchange-prior\"}").ends(2).says("--part setup");
    let good = format!("It ended at\nhttps://localhost/?admin_consent=True&state={state}\n");
    answer("yes.txt", &good).ends(0).says("an administrator consented");
}

/// What the verifying script would print in a scenario, as an administrator sends it.
fn verified(scenario: &str) -> String {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scenario = o365doctor::sandbox::Scenario::named(scenario).unwrap();
    let options = o365doctor::sandbox::Options::default();
    runtime.block_on(o365doctor::sandbox::start(scenario, &options)).unwrap().exchange_state()
}

#[test]
fn the_scripts_answer_parts_what_the_service_refuses_alike() {
    for (scenario, step, cause) in [
        ("exchange-wrong-object-id", "Service principal in Exchange", "exchange-wrong-object-id"),
        ("mailbox-right-missing", "Right on the mailbox", "mailbox-right-missing"),
        ("smtp-auth-off-tenant", "Switch of the protocol", "smtp-auth-off-tenant"),
    ] {
        let home = Home::new();
        write(&home.path("verify.json"), &verified(scenario));
        let cloud = format!("sandbox={scenario}");
        let words =
            ["--cloud", &cloud, "--roads", "smtp", "--send", "yes", "--save-as", "work", "--answer", "verify.json"];
        let ended = run(&home, &words).ends(1).says(&format!("o365doctor explain {cause}"));
        assert!(ended.out.contains(&format!("Let go at \"{step}\"")), "{scenario}: {}", ended.out);
    }
}

#[test]
fn a_pack_asks_only_what_the_road_and_the_kind_need() {
    let home = Home::new();
    let pack = |words: &[&str], file: &str| {
        run(&home, &[words, &["--fresh", "--cloud", "sandbox", "--hand-over", file]].concat()).ends(0);
        read(&home.path(file))
    };
    let relay = pack(&["--roads", "relay"], "relay.md");
    assert!(relay.contains("## Connector") && !relay.contains("consent") && !relay.contains("secret"), "{relay}");
    let person = pack(&["--roads", "smtp,imap", "--auth", "delegated", "--style", "portal"], "person.md");
    for piece in ["SMTP.Send, IMAP.AccessAsUser.All", "Remove-MgOauth2PermissionGrant", "logout"] {
        assert!(person.contains(piece), "{piece}: {person}");
    }
    assert!(!person.contains("setup.ps1") && !person.contains("adminconsent"), "{person}");
}

#[test]
fn the_identity_of_a_machine_and_other_proofs_walk_too() {
    for (scenario, roads) in
        [("managed", "graph"), ("app-certificate", "smtp"), ("hve-healthy", "hve"), ("ews-healthy", "ews")]
    {
        let home = Home::new();
        let cloud = format!("sandbox={scenario}");
        run(&home, &["--cloud", &cloud, "--roads", roads, "--send", "yes", "--save-as", "work"])
            .ends(0)
            .says("Sandbox: 1");
    }
}

//! `onboard` as a new user meets it: on a terminal, from nothing to a delivered mail.
#![cfg(unix)]

mod apart;
mod directory;
mod pipe;
mod terminal;

use terminal::{Home, Terminal, read, write};

const BY_SANDBOX: &str = "Let the sandbox's own people do it";
const NOTHING: &str = "sandbox=nothing-set-up";

/// Chooses a road by the questions.
fn choose_road(terminal: &mut Terminal, road: &str) {
    terminal.yes("Does it send to outside?", true);
    terminal.yes("Does it also read mail?", false);
    terminal.yes("Is it a device or program without OAuth?", road == "relay");
    terminal.yes("Has it a fixed public address?", road == "relay");
    terminal.answer("Recipients a day, at most", "");
    terminal.choose("Road to take", road);
}

/// The end: one mail, and a profile.
fn finish(mut terminal: Terminal, home: &Home) -> String {
    terminal.yes("Send one mail to bob@contoso.test now?", true);
    terminal.until("Sandbox: 1 in the mailbox of bob@contoso.test");
    terminal.answer("Name of the new profile", "work");
    let seen = terminal.end().whole("0").seen;
    assert!(!home.state().exists(), "{seen}");
    seen
}

#[test]
fn from_nothing_to_a_delivered_mail_over_smtp() {
    let home = Home::new();
    let mut terminal = Terminal::start(&home, &["--cloud", NOTHING]);
    choose_road(&mut terminal, "smtp");
    terminal.choose("How the steps are shown", "portal");
    for step in
        ["App registration", "Permission", "Admin consent", "Service principal in Exchange", "Records of the domain"]
    {
        terminal.choose(step, BY_SANDBOX);
    }
    finish(terminal, &home);
    assert!(read(&home.config()).contains("[profile.work]\ncloud = \"sandbox=nothing-set-up\"\nroads = \"smtp\"\n"));
}

#[test]
fn from_nothing_to_a_delivered_mail_over_graph() {
    let home = Home::new();
    let mut terminal = Terminal::start(&home, &["--cloud", NOTHING, "--style", "az"]);
    choose_road(&mut terminal, "graph");
    for step in ["App registration", "Permission", "Admin consent", "Records of the domain"] {
        terminal.choose(step, BY_SANDBOX);
    }
    let seen = finish(terminal, &home);
    assert!(seen.contains("az ad app create") && seen.contains("az ad app permission admin-consent"), "{seen}");
}

#[test]
fn from_nothing_to_a_delivered_mail_over_relay() {
    let home = Home::new();
    let mut terminal = Terminal::start(&home, &["--cloud", NOTHING, "--to", "partner@fabrikam.example"]);
    choose_road(&mut terminal, "relay");
    terminal.choose("Connector", BY_SANDBOX);
    terminal.choose("Records of the domain", BY_SANDBOX);
    terminal.yes("Send one mail to partner@fabrikam.example now?", true);
    terminal.answer("Name of the new profile", "");
    terminal.end().whole("0").shows("+ Probe mail: ").shows("+ Connector: ");
    assert!(read(&home.config()).contains("[profile.mail]"));
}

#[test]
fn from_nothing_to_a_delivered_mail_for_a_person() {
    let home = Home::new();
    let words = ["--cloud", NOTHING, "--auth", "delegated", "--roads", "smtp", "--style", "graph"];
    let mut terminal = Terminal::start(&home, &words);
    for step in ["App registration", "Permission", "Sign-in and consent", "Switch of the protocol"] {
        terminal.choose(step, BY_SANDBOX);
    }
    terminal.choose("Records of the domain", BY_SANDBOX);
    finish(terminal, &home);
}

/// A fault on the way, the step that is to blame, and what the walk shows of it.
const FAULTS: [(&str, &str, &str); 6] = [
    ("secret-wrong", "Credential", "aadsts7000215"),
    ("role-not-consented", "Admin consent", "token-role-missing-smtp"),
    ("exchange-wrong-object-id", "Service principal in Exchange", "smtp-login-refused"),
    ("mailbox-right-missing", "Service principal in Exchange", "smtp-login-refused"),
    ("smtp-auth-off-tenant", "Switch of the protocol", "smtp-auth-off-tenant"),
    ("spf-missing", "Records of the domain", "spf-missing"),
];

#[test]
fn a_fault_on_the_way_is_named_and_gone_on_from_when_it_is_repaired() {
    for (scenario, step, cause) in FAULTS {
        let home = Home::new();
        let cloud = format!("sandbox={scenario}");
        let words = ["--cloud", &cloud, "--roads", "smtp", "--style", "portal", "--send", "yes", "--save-as", "work"];
        let mut terminal = Terminal::start(&home, &words);
        if scenario == "role-not-consented" {
            // What is asked for shows only once somebody consented.
            terminal.choose("Permission", "It is done");
        }
        terminal.until(&format!("o365doctor explain {cause}"));
        terminal.choose(step, BY_SANDBOX);
        terminal.end().whole("0").shows("Sandbox: 1 in the mailbox of bob@contoso.test");
    }
}

#[test]
fn an_interrupted_walk_leaves_all_whole_and_goes_on_where_it_stopped() {
    let home = Home::new();
    let cloud = ["--cloud", "sandbox=exchange-not-registered"];
    let mut terminal = Terminal::start(&home, &cloud);
    choose_road(&mut terminal, "smtp");
    terminal.choose("How the steps are shown", "az");
    terminal.until("Service principal in Exchange:");
    terminal.until("Stop here");
    terminal.interrupt();
    let seen = terminal.end().whole("130").seen;
    assert!(seen.contains("+ Admin consent"), "{seen}");
    let kept = read(&home.state());
    assert!(kept.contains("\"roads\": \"smtp\"") && !kept.contains("Q~sandbox"), "{kept}");
    assert!(!home.config().exists());
    // Nothing is asked again, not even which cloud it was.
    let mut terminal = Terminal::start(&home, &[]);
    terminal.until("Going on with");
    terminal.choose("Service principal in Exchange", BY_SANDBOX);
    let seen = finish(terminal, &home);
    assert!(!seen.contains("Does it send") && !seen.contains("How the steps"), "{seen}");
}

#[test]
fn an_end_by_a_signal_in_the_midst_of_a_prompt_or_of_waiting_leaves_the_terminal_whole() {
    let home = Home::new();
    let words = ["--cloud", "sandbox=exchange-not-registered", "--roads", "smtp", "--style", "az"];
    let mut terminal = Terminal::start(&home, &words);
    terminal.until("Stop here");
    terminal.terminate();
    terminal.end().whole("130");
    let mut terminal = Terminal::start(&home, &[&words[..], &["--wait", "10m"]].concat());
    terminal.until("next look in");
    terminal.interrupt();
    terminal.end().whole("130");
}

#[test]
fn a_walk_that_is_let_go_says_how_to_go_on() {
    let home = Home::new();
    let words = ["--cloud", "sandbox=role-not-consented", "--roads", "smtp", "--style", "graph"];
    let mut terminal = Terminal::start(&home, &words);
    terminal.choose("Permission", "It is done");
    terminal.choose("Admin consent", "Stop here");
    terminal.end().whole("1").shows("  --state '");
}

#[test]
fn a_taken_name_is_refused_and_what_a_person_wrote_stays() {
    let home = Home::new();
    let written = "# my own\n[profile.work]\nto='x@y.z'   # keep";
    write(&home.config(), written);
    let words = ["--cloud", "sandbox", "--roads", "graph", "--style", "az", "--send", "no"];
    let mut terminal = Terminal::start(&home, &words);
    terminal.answer("Name of the new profile", "work");
    terminal.until("x Not this name: ");
    terminal.answer("Name of the new profile", "other");
    terminal.end().whole("0");
    let after = read(&home.config());
    assert!(after.starts_with(written) && after.contains("\n\n[profile.other]\n"), "{after}");
}

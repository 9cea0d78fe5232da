//! The program does the directory's part of the walk, after an administrator signed in.

use std::path::{Path, PathBuf};

use o365doctor::directory;

use crate::apart::Tenant;
use crate::terminal::{Home, Terminal, read};
use crate::{BY_SANDBOX, pipe};

const BY_PROGRAM: &str = "Let this program do it";
const ADMIN: &str = "admin@contoso.test";
const WORDS: [&str; 10] = [
    "--cloud",
    "sandbox=directory-nothing-yet",
    "--roads",
    "smtp",
    "--style",
    "portal",
    "--send",
    "yes",
    "--save-as",
    "work",
];

/// With a tenant that runs by itself.
const APART: [&str; 8] =
    ["--cloud", "local-sandbox", "--mailbox", "app@contoso.test", "--to", "bob@contoso.test", "--auth", "certificate"];

/// The secret that a file holds, for its owner alone.
fn secret_in(file: &Path) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    read(file)
}

#[test]
fn from_nothing_to_a_delivered_mail_with_the_directory_done_by_the_program() {
    let home = Home::new();
    let mut terminal = Terminal::start(&home, &WORDS);
    terminal.choose("App registration", BY_PROGRAM);
    terminal.answer("File for the new credential, for you alone", "new.secret");
    terminal.until("+ Signed in: admin@contoso.test");
    terminal.until("register the application o365doctor mail application");
    terminal.until("assign the role SMTP.SendAsApp");
    terminal.yes("Do it?", true);
    terminal.until("Get-MgOauth2PermissionGrant -All");
    terminal.until("+ Admin consent: ");
    terminal.choose("Service principal in Exchange", BY_SANDBOX);
    let seen = terminal.end().whole("0").shows("Sandbox: 1 in the mailbox of bob@contoso.test").seen;
    let secret = secret_in(&home.path("new.secret"));
    let (config, state) = (read(&home.config()), read(&home.state()));
    for text in [&seen, &config, &state] {
        assert!(!secret.is_empty() && !text.contains(&secret), "{text}");
    }
    assert!(config.contains("client_id = \"") && config.contains("/new.secret\"\n"), "{config}");
    assert!(state.contains("\"made\": \"role\"") && !state.contains("\"roads\""), "{state}");
}

#[test]
fn a_no_changes_nothing_and_a_file_that_is_there_stays() {
    let home = Home::new();
    crate::terminal::write(&home.path("mine"), "mine");
    let mut terminal = Terminal::start(&home, &WORDS);
    terminal.choose("App registration", BY_PROGRAM);
    terminal.answer("File for the new credential, for you alone", "mine");
    terminal.until("x That can not be used");
    terminal.answer("File for the new credential, for you alone", "new.secret");
    terminal.yes("Do it?", false);
    terminal.until("nothing was changed");
    terminal.until("o365doctor explain aadsts700016");
    terminal.choose("App registration", "Stop here");
    terminal.end().whole("1");
    assert!(!home.path("new.secret").exists() && read(&home.state()).contains("\"made\": []"));
    let words = [&WORDS[..], &["--fresh", "--register", "yes", "--credential-file", "mine"]].concat();
    pipe::run(&home, &words).ends(2).says("--credential-file names").says("it stays as it is");
    assert_eq!(read(&home.path("mine")), "mine");
}

#[test]
fn a_pipe_needs_nothing_but_the_word() {
    let home = Home::new();
    let words = [&WORDS[..], &["--register", "yes", "--credential-file", "app.secret"]].concat();
    // Exchange's part is somebody else's; the walk waits for it.
    let ended = pipe::run(&home, &words).ends(1).says("+ Admin consent: ").says("Let go at \"Service principal");
    let (secret, state) = (secret_in(&home.path("app.secret")), read(&home.state()));
    assert!(state.contains("/app.secret\""), "{state}");
    for text in [&ended.out, &ended.err, &state] {
        assert!(!text.contains(&secret), "{text}");
    }
}

#[test]
fn what_belongs_to_it_is_refused_without_it() {
    let home = Home::new();
    for (words, says) in [
        (&["--credential-file", "x"][..], "--credential-file is for what --register yes does"),
        (&["--register", "no", "--admin-client-id", directory::ADMIN_CLIENT_ID], "--admin-client-id is for what"),
        (&["--register", "yes", "--admin-client-id", "somebody"], "--admin-client-id takes"),
        (&["--yes"], "--undo"),
        (&["--undo", "--yes", "--register", "yes"], "cannot be used with"),
        (&["--undo", "--yes", "--mailbox", "a@contoso.test"], "--mailbox says nothing to --undo"),
        (&["--undo", "--yes"], "nothing to take back"),
    ] {
        pipe::run(&home, words).ends(2).says(says);
    }
    assert!(!home.state().exists());
}

#[test]
fn where_nobody_can_sign_in_the_pack_is_offered() {
    let home = Home::new();
    let tenant = Tenant::start(&home, &["directory-sign-in-blocked"]);
    let config = tenant.word("profile_file").to_owned();
    let mut terminal = Terminal::start(&home, &[&["--config", &config][..], &APART, &WORDS[2..]].concat());
    terminal.choose("App registration", BY_PROGRAM);
    terminal.answer("File for the new credential, for you alone", "");
    terminal.choose("How to sign in", "with a short code");
    tenant.sign_in_shown(&mut terminal, ADMIN);
    terminal.until("x Sign-in: with a code: ");
    terminal.until("o365doctor explain aadsts53003");
    terminal.yes("Write the pack for an administrator?", true);
    terminal.answer("Folder, or file.md, or file.html", "pack.md");
    terminal.end().whole("1");
    assert!(home.path("pack.md").exists() && !home.path("tenant/mail.pem").exists());
}

#[test]
fn what_was_made_is_taken_back_and_nothing_else() {
    let home = Home::new();
    let tenant = Tenant::start(&home, &["directory-nothing-yet"]);
    let config = tenant.word("profile_file").to_owned();
    let before = tenant.applications();
    let mut terminal = Terminal::start(&home, &[&["--config", &config][..], &APART, &WORDS[2..]].concat());
    terminal.choose("App registration", BY_PROGRAM);
    terminal.answer("File for the new credential, for you alone", "app.pem");
    terminal.choose("How to sign in", "with a short code");
    tenant.sign_in_shown(&mut terminal, ADMIN);
    terminal.yes("Do it?", true);
    terminal.until("+ Admin consent: ");
    terminal.choose("Service principal in Exchange", "Stop here");
    let seen = terminal.end().whole("1").seen;
    let (key, state) = (secret_in(&home.path("app.pem")), PathBuf::from(format!("{config}.onboard")));
    assert!(key.contains("PRIVATE KEY") && read(&state).contains("/app.pem\""), "{key}");
    for line in key.lines().filter(|line| !line.starts_with("-----")) {
        assert!(!seen.contains(line) && !read(&state).contains(line), "{line}");
    }
    // The registration and its service principal.
    assert_eq!(tenant.applications().len(), before.len() + 2);

    pipe::run(&home, &["--config", &config, "--undo"]).ends(2).says("--yes is missing");
    let mut terminal = Terminal::start(&home, &["--config", &config, "--undo"]);
    terminal.until("the registration, and all that hangs on it");
    terminal.yes("Take it back?", true);
    terminal.choose("How to sign in", "with a short code");
    tenant.sign_in_shown(&mut terminal, ADMIN);
    terminal.end().whole("0").shows("+ Done: delete the application");
    assert_eq!(tenant.applications(), before);
    assert!(read(&state).contains("\"made\": []") && !read(&state).contains("client_id"), "{}", read(&state));
    pipe::run(&home, &["--config", &config, "--undo", "--yes"]).ends(2).says("nothing to take back");
}

#[test]
fn what_was_made_before_a_refusal_is_in_the_record() {
    let home = Home::new();
    let tenant = Tenant::start(&home, &["directory-app-administrator"]);
    let config = tenant.word("profile_file").to_owned();
    let words = ["--roads", "graph", "--style", "az", "--send", "no", "--save-as", "x", "--credential-file", "app.pem"];
    let mut terminal = Terminal::start(&home, &[&["--config", &config][..], &APART, &words].concat());
    terminal.choose("App registration", BY_PROGRAM);
    terminal.choose("How to sign in", "with a short code");
    tenant.sign_in_shown(&mut terminal, ADMIN);
    terminal.yes("Do it?", true);
    terminal.until("x Directory: could not assign the role");
    terminal.until("o365doctor explain graph-directory-denied");
    terminal.choose("Permission", "Stop here");
    terminal.end().whole("1");
    let state = read(Path::new(&format!("{config}.onboard")));
    for made in ["application", "service-principal", "certificate"] {
        assert!(state.contains(&format!("\"made\": \"{made}\"")), "{state}");
    }
    assert!(!state.contains("\"made\": \"role\""), "{state}");
}

//! The secret arrives at the login service exactly as it was meant, wherever it came from.

use crate::support::{Ended, Lab, SECRET, set_mode};

/// The secret from a file, from standard input and from a command, each holding `text`.
fn sources(lab: &Lab, text: &str) -> Vec<Ended> {
    lab.configure("");
    let file = lab.home.write("secret.txt", text).display().to_string();
    let words = ["check-token", "--format", "json"];
    let quoted = file.replace('\'', "'\\''");
    let print = if cfg!(windows) { format!("type \"{file}\"") } else { format!("cat '{quoted}'") };
    vec![
        lab.run(&[&words[..], &["--client-secret-file", &file]].concat()),
        lab.run(&[&words[..], &["--client-secret-command", &print]].concat()),
        Ended::of(lab.command(&[&words[..], &["--client-secret-stdin"]].concat()).write_stdin(text)),
        Ended::of(lab.command(&[&words[..], &["--client-secret-file", "-"]].concat()).write_stdin(text)),
    ]
}

fn kept() -> (String, String) {
    ("pass".to_owned(), String::new())
}

#[test]
fn one_newline_at_the_end_is_no_part_of_the_secret() {
    let lab = Lab::healthy();
    for end in ["", "\n", "\r\n"] {
        for ended in sources(&lab, &format!("{SECRET}{end}")) {
            assert_eq!(ended.code, 0, "{ended:?}");
            assert_eq!(ended.outcome("setup.credential-handling"), kept());
        }
    }
}

#[test]
fn a_second_newline_is_sent_and_warned_of() {
    let lab = Lab::healthy();
    for ended in sources(&lab, &format!("{SECRET}\n\n")) {
        assert_eq!(ended.code, 1, "{ended:?}");
        assert_eq!(ended.outcome("token.issued"), ("fail".to_owned(), "aadsts7000215".to_owned()));
        let warned = ("warn".to_owned(), "input-secret-white-space".to_owned());
        assert_eq!(ended.outcome("setup.credential-handling"), warned);
    }
}

#[test]
fn white_space_that_belongs_to_the_secret_is_kept() {
    let secret = " wYd8Q~with blanks.of.no-worth ";
    let lab = Lab::with(&format!("[tenant.app]\nsecret = '{secret}'"));
    for ended in sources(&lab, &format!("{secret}\n")) {
        assert_eq!(ended.code, 0, "{ended:?}");
        let warned = ("warn".to_owned(), "input-secret-white-space".to_owned());
        assert_eq!(ended.outcome("setup.credential-handling"), warned);
    }
}

#[test]
fn a_secret_on_the_command_line_is_warned_of() {
    let lab = Lab::healthy();
    lab.configure("");
    let ended = lab.run(&["check-token", "--client-secret", SECRET, "--format", "json"]).ends(0);
    let warned = ("warn".to_owned(), "input-secret-on-command-line".to_owned());
    assert_eq!(ended.outcome("setup.credential-handling"), warned);
    assert!(!ended.out.contains(SECRET) && !ended.err.contains(SECRET));
}

#[cfg(unix)]
#[test]
fn a_secret_file_that_others_can_read_is_warned_of() {
    let lab = Lab::healthy();
    lab.configure("client_secret_file = 'secret.txt'");
    set_mode(&lab.home.write("secret.txt", SECRET), 0o644);
    let ended = lab.run(&["check-token", "--format", "json"]).ends(0);
    let warned = ("warn".to_owned(), "input-file-open-to-others".to_owned());
    assert_eq!(ended.outcome("setup.credential-handling"), warned);
}

#[test]
fn a_file_of_a_profile_is_found_beside_the_configuration() {
    let lab = Lab::healthy();
    lab.configure("client_secret_file = 'secret.txt'");
    lab.home.write("secret.txt", SECRET);
    lab.run(&["check-token"]).ends(0);
}

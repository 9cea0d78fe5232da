//! The commands of ours that a page prints, completed so that they repeat this very run: the same cloud, the same
//! configuration, the same application. A command that fell back to another cloud could carry a secret there.

use crate::scripts;

/// Sub-commands that take the options of a set-up, each with whether it takes those that say who sends.
const REPEATABLE: [(&str, bool); 11] = [
    ("checkup", true),
    ("check-token", true),
    ("check-mailbox", true),
    ("login", true),
    ("logout", true),
    ("token", true),
    ("probe-send", true),
    ("powershell", true),
    ("consent-url", true),
    ("check-dns", false),
    ("check-relay", true),
];
/// Words that say who sends.
const IDENTITY: [&str; 4] = ["--tenant", "--client-id", "--mailbox", "--from"];

/// Sub-commands that take a credential.
const WITH_CREDENTIAL: &[&str] = &["checkup", "check-token", "check-mailbox", "probe-send", "token"];
/// Those, and the ones that make and end a person's sign-in.
const WITH_SIGN_IN: &[&str] = &["checkup", "check-token", "check-mailbox", "probe-send", "token", "login", "logout"];

/// Those that can take the roads of port 25.
const PORT_25: &[&str] = &["checkup", "probe-send", "check-relay"];
/// Those that speak for an application.
const WITH_CLIENT_ID: &[&str] =
    &["checkup", "check-token", "check-mailbox", "login", "logout", "token", "probe-send", "powershell", "consent-url"];

/// Words that only some sub-commands take.
const ONLY: [(&str, &[&str]); 16] = [
    ("--auth", WITH_CREDENTIAL),
    ("--account", WITH_SIGN_IN),
    ("--store", WITH_SIGN_IN),
    ("--selector", &["checkup", "check-dns"]),
    ("--ip", &["check-dns"]),
    ("--mail-from", &["check-dns"]),
    ("--helo", &["check-dns"]),
    ("--smart-host", PORT_25),
    ("--source-address", PORT_25),
    ("--relay-certificate", PORT_25),
    ("--relay-key", PORT_25),
    ("--external", &["check-relay"]),
    ("--connector-ip", &["check-relay"]),
    ("--connector-cert", &["check-relay"]),
    ("--client-id", WITH_CLIENT_ID),
    ("--hve-account", &["checkup", "probe-send"]),
];

/// A text with the options of the run behind each command of ours that takes them and does not say them itself.
pub fn completed(text: &str, options: &[(String, String)]) -> String {
    if options.is_empty() {
        return text.to_owned();
    }
    text.split_inclusive('\n').map(|line| completed_line(line, options)).collect()
}

fn completed_line(line: &str, options: &[(String, String)]) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("o365doctor ") {
        let free = rest[..at].chars().next_back().is_none_or(|c| matches!(c, ' ' | '`' | '(' | '"'));
        let command = &rest[at..];
        let end = end_of(command);
        out.push_str(&rest[..at]);
        out.push_str(&command[..end]);
        if free {
            out.push_str(&missing(&command[..end], options));
        }
        rest = &command[end..];
    }
    out.push_str(rest);
    out
}

/// Where a command ends: at a comment, a pipe, a redirection, a closing mark or the line's end.
fn end_of(command: &str) -> usize {
    let marks = ["`", "\n", " #", "  #", " |", " >", ")", " && ", "; "];
    let end = marks.iter().filter_map(|mark| command.find(mark)).min().unwrap_or(command.len());
    command[..end].trim_end().len()
}

fn missing(command: &str, options: &[(String, String)]) -> String {
    let mut words = command.split_whitespace().skip(1);
    let Some((sub, identity)) = words.next().and_then(|sub| REPEATABLE.iter().find(|(name, _)| *name == sub)) else {
        return String::new();
    };
    let said = |flag: &str| command.split_whitespace().any(|word| word == flag);
    let elsewhere = |flag: &str| ONLY.iter().any(|(only, subs)| *only == flag && !subs.contains(sub));
    // The one that looks a domain up compares its tenant, and takes no more of an identity.
    let compared = |flag: &str| *sub == "check-dns" && flag == "--tenant";
    let taken = |flag: &str| (*identity || !IDENTITY.contains(&flag) || compared(flag)) && !elsewhere(flag);
    let wanted = options.iter().filter(|(flag, _)| !said(flag) && taken(flag));
    wanted.filter_map(|(flag, value)| Some(format!(" {flag} {}", scripts::sh(value).ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_completed_and_nothing_else() {
        let options = [("--cloud", "gcc-high"), ("--tenant", "contoso.com")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let complete = |text: &str| completed(text, &options);
        assert_eq!(complete("o365doctor checkup"), "o365doctor checkup --cloud gcc-high --tenant contoso.com");
        assert_eq!(
            complete("Run `o365doctor check-token --tenant x` and look."),
            "Run `o365doctor check-token --tenant x --cloud gcc-high` and look."
        );
        assert_eq!(
            complete("o365doctor check-dns a.b   # again"),
            "o365doctor check-dns a.b --cloud gcc-high --tenant contoso.com   # again"
        );
        let options = [("--selector".to_owned(), "s1,s2".to_owned())];
        assert_eq!(completed("o365doctor check-dns", &options), "o365doctor check-dns --selector 's1,s2'");
        assert_eq!(completed("o365doctor check-token", &options), "o365doctor check-token");
        for text in ["o365doctor explain x", "az ad sp show", "o365doctor sandbox", "the o365doctor way"] {
            assert_eq!(complete(text), text);
        }
    }
}

//! The written profile: appended to the configuration file, which stays as a person wrote it.

use std::path::Path;

use toml::{Table, Value};

use super::state::replace;
use crate::setup::config::read_text;
use crate::setup::{InputError, shown_path};

/// Words that a profile names, in the order in which they are written. A secret itself is none of them.
const WORDS: [&str; 25] = [
    "cloud",
    "tenant",
    "client_id",
    "object_id",
    "auth",
    "client_secret_file",
    "client_secret_command",
    "certificate",
    "key",
    "key_password_file",
    "key_password_command",
    "assertion_alg",
    "assertion_file",
    "assertion_command",
    "managed_identity",
    "account",
    "store",
    "mailbox",
    "from",
    "hve_account",
    "smart_host",
    "source_address",
    "relay_certificate",
    "relay_key",
    "scope",
];
/// Those that name files; they are written whole, since a profile takes them relative to its own file.
const FILES: [&str; 7] = [
    "client_secret_file",
    "certificate",
    "key",
    "key_password_file",
    "assertion_file",
    "relay_certificate",
    "relay_key",
];

/// The name of a profile: a bare key of TOML, so that it needs no quotes anywhere.
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Whether the file has a profile of this name.
///
/// # Errors
/// A file that can not be read or is no TOML.
pub(super) fn exists(file: &Path, name: &str) -> Result<bool, InputError> {
    let table = parsed(file, &text_of(file)?)?;
    Ok(table.get("profile").and_then(|profiles| profiles.get(name)).is_some())
}

/// What the profile says. `roads` as they were chosen.
pub(super) fn text(name: &str, words: &Table, roads: &str, to: Option<&str>) -> String {
    let mut table = Table::new();
    for word in WORDS {
        let Some(value) = words.get(word).and_then(Value::as_str).filter(|value| *value != "-") else { continue };
        table.insert(word.to_owned(), Value::String(whole(word, value)));
    }
    for (word, value) in
        words.iter().filter(|(word, value)| *word == "assertion_github" && value.as_bool() == Some(true))
    {
        table.insert(word.clone(), value.clone());
    }
    table.insert("roads".to_owned(), Value::String(roads.to_owned()));
    let mut text = format!("[profile.{name}]\n");
    let ordered = WORDS.iter().copied().chain(["assertion_github", "roads"]);
    for word in ordered {
        if let Some(value) = table.get(word) {
            text.push_str(&format!("{word} = {value}\n"));
        }
    }
    if let Some(to) = to {
        text.push_str(&format!("probe = {{ to = {} }}\n", Value::String(to.to_owned())));
    }
    text
}

fn whole(word: &str, value: &str) -> String {
    let of_folder = word == "store" && value != "keyring" && !value.starts_with("command:");
    if !FILES.contains(&word) && !of_folder {
        return value.to_owned();
    }
    std::path::absolute(value).map_or_else(|_| value.to_owned(), |path| path.display().to_string())
}

/// Appends it. What stands in the file stays as it is, octet by octet.
///
/// # Errors
/// A profile of that name, a file that can not be read or written, or one that nothing can be appended to.
pub(super) fn append(file: &Path, name: &str, profile: &str) -> Result<(), InputError> {
    let before = text_of(file)?;
    if exists(file, name)? {
        return Err(taken(file, name));
    }
    let gap = if before.is_empty() {
        ""
    } else if before.ends_with('\n') {
        "\n"
    } else {
        "\n\n"
    };
    let after = format!("{before}{gap}{profile}");
    let sound = after.parse::<Table>().is_ok_and(|table| table.get("profile").and_then(|p| p.get(name)).is_some());
    if !sound {
        let words = "to which no profile can be appended; add it by hand";
        return Err(InputError::new("--config", format!("names {}, {words}:\n{profile}", shown_path(file))).late());
    }
    replace(file, &after).map_err(|e| {
        InputError::new("--config", format!("names {}, which can not be written: {e}", shown_path(file))).late()
    })
}

/// The complaint about a name that is not free.
pub(super) fn taken(file: &Path, name: &str) -> InputError {
    let words = format!("is {name}, and {} has a profile of that name; it stays as it is", shown_path(file));
    InputError::new("--save-as", words)
}

fn text_of(file: &Path) -> Result<String, InputError> {
    if file.exists() { read_text("--config", file, true) } else { Ok(String::new()) }
}

fn parsed(file: &Path, text: &str) -> Result<Table, InputError> {
    text.parse().map_err(|_| InputError::new("--config", format!("names {}, which is no TOML", shown_path(file))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Table {
        "tenant = 'contoso.com'\nmailbox = \"o'neil@contoso.com\"\nclient_secret_file = '/home/a/secret'\n\
         client_secret = 'canary'\ntoken = 'canary'"
            .parse()
            .unwrap()
    }

    #[test]
    fn it_is_appended_and_what_was_there_stays() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("o365doctor/config.toml");
        let profile = text("work", &words(), "smtp", Some("bob@contoso.com"));
        assert!(
            !profile.contains("canary") && profile.ends_with("probe = { to = \"bob@contoso.com\" }\n"),
            "{profile}"
        );
        append(&file, "work", &profile).unwrap();
        let first = std::fs::read_to_string(&file).unwrap();
        assert_eq!(first, profile);
        let error = append(&file, "work", &profile).unwrap_err();
        assert!(error.to_string().contains("--save-as is work"), "{error}");
        for written in ["# mine, odd   \n\n[profile.a]\nto='x'  # end\n", "default = \"a\"\n[profile.a]\nto='x'"] {
            crate::setup::config::write_private(&file, written).unwrap();
            append(&file, "work", &profile).unwrap();
            let after = std::fs::read_to_string(&file).unwrap();
            assert!(after.starts_with(written) && after.ends_with(&profile), "{after}");
            let table: Table = after.parse().unwrap();
            assert_eq!(table["profile"]["work"]["roads"].as_str(), Some("smtp"));
        }
    }

    #[test]
    fn a_file_that_takes_none_stays_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("config.toml");
        let closed = "profile = { a = { to = 'x' } }\n";
        crate::setup::config::write_private(&file, closed).unwrap();
        let error = append(&file, "work", "[profile.work]\nroads = \"smtp\"\n").unwrap_err();
        assert!(error.to_string().contains("by hand"), "{error}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), closed);
    }

    #[test]
    fn names_are_bare_keys() {
        assert!(is_name("work-2_b"));
        for name in ["", "a b", "a.b", "a]", "\"", "ä"] {
            assert!(!is_name(name), "{name}");
        }
    }
}

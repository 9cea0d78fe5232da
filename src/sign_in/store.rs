//! Where sign-ins are kept: a folder for its owner alone, the system's keyring, or a command of the user's.

use std::path::PathBuf;

use url::Url;

use super::entry::Entry;
use super::{command, folder, keyring};
use crate::kb::{Cause, cause};

/// Where sign-ins are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// A folder for its owner alone, a file for each sign-in.
    Folder(PathBuf),
    /// The system's keyring.
    Keyring,
    /// A command that is run as `COMMAND get NAME`, `COMMAND set NAME` and `COMMAND erase NAME`.
    Command(String),
}

/// Which sign-in: of whom, to which application of which directory, in which cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    name: String,
}

/// Why a sign-in can not be read or kept. Its words never hold a part of one.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub struct StoreError {
    /// What was tried, and what came of it.
    pub words: String,
    /// The page that explains it.
    pub cause: &'static Cause,
}

impl StoreError {
    /// The store can not be used.
    pub(super) fn new(words: impl Into<String>) -> StoreError {
        StoreError { words: words.into(), cause: &cause::SIGN_IN_STORE }
    }

    /// Nobody has signed in.
    pub(crate) fn absent(store: &Store, key: &Key) -> StoreError {
        let words = format!("nobody has signed in yet: there is nothing at {}", store.place(key));
        StoreError { words, cause: &cause::SIGN_IN_MISSING }
    }

    /// The store is open to others.
    pub(super) fn open(words: impl Into<String>) -> StoreError {
        StoreError { words: words.into(), cause: &cause::SIGN_IN_STORE_OPEN }
    }
}

impl Key {
    /// The name of a sign-in. `account` tells the people apart who sign in to the same application from this computer.
    pub fn new(login: &Url, tenant: &str, client_id: &str, account: Option<&str>) -> Key {
        let host = login.host_str().unwrap_or_default();
        let port = login.port().map(|port| format!("-{port}")).unwrap_or_default();
        let account = account.map(|account| format!("_{}", account.to_lowercase())).unwrap_or_default();
        Key { name: plain(&format!("{host}{port}_{tenant}_{client_id}{account}")) }
    }

    /// The name under which a renewed sign-in waits that its own place did not take.
    pub(super) fn rescued(&self) -> Key {
        Key { name: format!("{}.waiting", self.name) }
    }

    /// Letters, digits, and the signs `.`, `-`, `_`, `@`, `%`: it can stand in the name of a file and in a shell.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Every other sign as `%` and its octets in hexadecimal, so that two names never become one.
fn plain(text: &str) -> String {
    let octet = |octet: u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'@' => char::from(octet).to_string(),
        b'.' => ".".to_owned(),
        other => format!("%{other:02x}"),
    };
    text.bytes().map(octet).collect()
}

impl Store {
    /// Reads the word: `keyring`, `command:COMMAND`, or a folder.
    ///
    /// # Errors
    /// This program was built without the keyring.
    pub fn parse(word: &str) -> Result<Store, String> {
        match word.strip_prefix("command:") {
            Some(command) if !command.trim().is_empty() => Ok(Store::Command(command.trim().to_owned())),
            Some(_) => Err("names no command after command:".to_owned()),
            None if word == "keyring" && cfg!(not(feature = "keyring")) => {
                Err("is keyring, and this program was built without it (cargo build --features keyring)".to_owned())
            }
            None if word == "keyring" => Ok(Store::Keyring),
            None => Ok(Store::Folder(PathBuf::from(word))),
        }
    }

    /// The folder among the user's own where nothing else is named; none where the user has no home.
    pub fn usual() -> Option<Store> {
        use etcetera::BaseStrategy as _;
        let places = etcetera::choose_base_strategy().ok()?;
        let state = places.state_dir().unwrap_or_else(|| places.data_dir());
        Some(Store::Folder(state.join("o365doctor").join("sign-ins")))
    }

    /// The place as a person looks for it.
    pub fn place(&self, key: &Key) -> String {
        match self {
            Store::Folder(folder) => folder::file(folder, key).display().to_string(),
            Store::Keyring => format!("the keyring, under {}", key.name()),
            // The command may hold a secret of its own.
            Store::Command(_) => format!("the command of --store, under {}", key.name()),
        }
    }

    /// Reads a sign-in; none where nobody has signed in.
    ///
    /// # Errors
    /// The store can not be used, is open to others, or holds something else.
    pub fn read(&self, key: &Key) -> Result<Option<Entry>, StoreError> {
        let text = match self {
            Store::Folder(folder) => folder::read(folder, key)?,
            Store::Command(command) => command::get(command, key)?,
            Store::Keyring => keyring::get(key)?,
        };
        let Some(text) = text else { return Ok(None) };
        let bad = |words| StoreError::new(format!("{} {words}", self.place(key)));
        Entry::from_text(&text).map(Some).map_err(bad)
    }

    /// Keeps a sign-in in the place of the one before.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub(super) fn write(&self, key: &Key, entry: &Entry) -> Result<(), StoreError> {
        match self {
            Store::Folder(folder) => folder::write(folder, key, &entry.to_text()),
            Store::Command(command) => command::set(command, key, &entry.to_text()),
            Store::Keyring => keyring::set(key, entry),
        }
    }

    /// Takes a sign-in away; whether there was one.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub(super) fn erase(&self, key: &Key) -> Result<bool, StoreError> {
        match self {
            Store::Folder(folder) => folder::erase(folder, key),
            Store::Command(command) => {
                let known = command::get(command, key)?.is_some();
                if known {
                    command::erase(command, key)?;
                }
                Ok(known)
            }
            Store::Keyring => keyring::erase(key),
        }
    }

    /// The folder of the locks: beside the files, or among the user's own.
    pub(super) fn lock_folder(&self) -> Result<PathBuf, StoreError> {
        if let Store::Folder(folder) = self {
            return Ok(folder.clone());
        }
        match Store::usual() {
            Some(Store::Folder(folder)) => Ok(folder),
            _ => Err(StoreError::new("no home of this user is known, where two programs could wait for each other")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_never_become_one() {
        let login: Url = "https://login.microsoftonline.com".parse().unwrap();
        let name = |tenant: &str, account| Key::new(&login, tenant, "id", account).name().to_owned();
        assert_eq!(name("contoso.com", None), "login.microsoftonline.com_contoso.com_id");
        assert_eq!(name("a/../b c", Some("O'B@x")), "login.microsoftonline.com_a%2f..%2fb%20c_id_o%27b@x");
        assert_ne!(name("a%2f", None), name("a/", None));
    }

    #[test]
    fn the_word_says_where() {
        assert_eq!(Store::parse("/a/b"), Ok(Store::Folder("/a/b".into())));
        assert_eq!(Store::parse("command: pass-o365"), Ok(Store::Command("pass-o365".to_owned())));
        assert!(Store::parse("command:").is_err());
    }
}

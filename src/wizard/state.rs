//! What a walk keeps in a file, so that an interrupted one goes on where it stopped. No secret is in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::actions::Style;
use super::steps::Step;
use crate::directory::Made;
use crate::setup::config::read_text;
use crate::setup::{InputError, files, shown_path};

/// The form of the file; another one is not read.
const FORMAT: u32 = 1;
/// What the file says of itself.
const KIND: &str = "o365doctor.onboard";

/// Words that are kept. A command may hold a secret of its own, and a proxy a password, so neither is.
const WORDS: [&str; 28] = [
    "account",
    "assertion_alg",
    "assertion_file",
    "auth",
    "certificate",
    "client_id",
    "client_secret_file",
    "cloud",
    "domain",
    "exchange_state",
    "from",
    "helo",
    "hve_account",
    "key",
    "key_password_file",
    "mailbox",
    "managed_identity",
    "object_id",
    "relay_certificate",
    "relay_key",
    "resolver",
    "roads",
    "scope",
    "smart_host",
    "source_address",
    "tenant",
    "to",
    "ca_file",
];

/// What a walk keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    format: u32,
    kind: String,
    /// When it began.
    pub(super) begun: Timestamp,
    /// What was said and answered.
    pub(super) words: BTreeMap<String, String>,
    /// How the directory's part is shown.
    #[serde(default)]
    pub(super) style: Option<Style>,
    /// The `state` of the consent link, by which its answer is known.
    pub(super) consent: String,
    /// Steps that were seen to be done, and when.
    #[serde(default)]
    pub(super) done: BTreeMap<Step, Timestamp>,
    /// Steps that were left aside by choice.
    #[serde(default)]
    pub(super) aside: Vec<Step>,
    /// What became of the probe mail.
    #[serde(default)]
    pub(super) probe: Option<Probe>,
    /// What was made in the directory, run by run. It outlives the walk, so that it can be taken back.
    #[serde(default)]
    pub(super) made: Vec<Made>,
}

/// The probe mail of a walk: one, whatever happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "state", content = "at")]
pub(super) enum Probe {
    /// It was about to leave; nothing is known of it.
    Begun(Timestamp),
    /// It was taken.
    Taken(Timestamp),
}

impl Default for State {
    fn default() -> State {
        State {
            format: FORMAT,
            kind: KIND.to_owned(),
            begun: Timestamp::now(),
            words: BTreeMap::new(),
            style: None,
            consent: uuid::Uuid::new_v4().simple().to_string(),
            done: BTreeMap::new(),
            aside: Vec::new(),
            probe: None,
            made: Vec::new(),
        }
    }
}

impl State {
    /// Reads the file; none where there is none.
    ///
    /// # Errors
    /// A file that can not be read, that others can write, or that is something else.
    pub(super) fn read(path: &Path) -> Result<Option<State>, InputError> {
        if !path.exists() {
            return Ok(None);
        }
        let text = read_text("--state", path, true)?;
        let state: Option<State> = serde_json::from_str(&text).ok();
        let sound = state.filter(|state| state.format == FORMAT && state.kind == KIND);
        sound.map(Some).ok_or_else(|| {
            let words = "which is not what onboard keeps; name another file, or begin anew with --fresh";
            InputError::new("--state", format!("names {}, {words}", shown_path(path)))
        })
    }

    /// Writes it beside the file and puts it in its place once it is on the disk: whoever reads sees the old or the new one.
    ///
    /// # Errors
    /// As the system says.
    pub(super) fn write(&self, path: &Path) -> Result<(), InputError> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        replace(path, &text).map_err(|e| {
            InputError::new("--state", format!("names {}, which can not be written: {e}", shown_path(path))).late()
        })
    }

    /// What is left when the walk is over: what was made in the directory. Nothing else is gone on with.
    pub(super) fn ended(self) -> State {
        State { made: self.made, ..State::default() }
    }

    /// Writes it, or takes the file away where there is nothing to keep.
    ///
    /// # Errors
    /// As the system says.
    pub(super) fn settle(&self, path: &Path) -> Result<(), InputError> {
        if self.words.is_empty() && self.made.is_empty() {
            let _ = fs::remove_file(path);
            return Ok(());
        }
        self.write(path)
    }

    /// Takes the words in that may be kept.
    pub(super) fn keep(&mut self, words: &Table) {
        let kept = WORDS.into_iter().filter_map(|word| Some((word.to_owned(), words.get(word)?.as_str()?.to_owned())));
        // `-` is standard input, which is not there twice.
        self.words = kept.filter(|(_, value)| value != "-").collect();
    }
}

/// Puts a text in the place of a file as a whole, for its owner alone.
pub(super) fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // A link is followed, so that it stays one.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    files::create_private_folder(folder)?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = folder.join(format!(".{name}.{}", uuid::Uuid::new_v4().simple()));
    let written = (|| {
        let mut new = files::create_new_private(&beside)?;
        new.write_all(text.as_bytes())?;
        new.sync_all()?;
        drop(new);
        fs::rename(&beside, path)?;
        files::sync_folder(folder)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_again_and_holds_no_secret() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("new/walk.onboard");
        assert_eq!(State::read(&path).unwrap(), None);
        let words: Table = "tenant = 'contoso.com'\nclient_secret = 'canary'\nclient_secret_command = 'canary'\n\
                            token = 'canary'\nproxy = 'http://canary'\nclient_secret_file = '-'"
            .parse()
            .unwrap();
        let mut state = State { probe: Some(Probe::Begun(Timestamp::UNIX_EPOCH)), ..State::default() };
        state.keep(&words);
        state.done.insert(Step::MailboxRight, Timestamp::UNIX_EPOCH);
        state.write(&path).unwrap();
        state.write(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("canary") && text.contains("\"mailbox-right\""), "{text}");
        assert_eq!(state.words.len(), 1);
        assert_eq!(State::read(&path).unwrap(), Some(state));
        assert_eq!(fs::read_dir(home.path().join("new")).unwrap().count(), 1);
    }

    #[test]
    fn another_file_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("other");
        for text in ["", "{}", "[profile.x]\n", "{\"format\":2,\"kind\":\"o365doctor.onboard\"}"] {
            crate::setup::config::write_private(&path, text).unwrap();
            assert!(State::read(&path).unwrap_err().to_string().contains("--fresh"), "{text}");
        }
    }
}

//! The configuration file: `[profile.NAME]` and `[cloud.NAME]`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Table;

use super::{InputError, default_config, platform};
use crate::cloud::CloudTable;
use crate::kb::cause;

/// A configuration file, read.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    /// The profile to take where none is named.
    pub(super) default: Option<String>,
    profile: BTreeMap<String, Table>,
    cloud: BTreeMap<String, CloudTable>,
    #[serde(skip)]
    folder: PathBuf,
}

/// A configuration or secret file is a page of text; more is a mistake.
const LONGEST: u64 = 1024 * 1024;

/// Words of a profile that name files, relative to the configuration file.
const FILES: [&str; 10] = [
    "client_secret_file",
    "certificate",
    "key",
    "key_password_file",
    "assertion_file",
    "token_file",
    "ca_file",
    "relay_certificate",
    "relay_key",
    "exchange_state",
];

impl Config {
    /// Reads the file that was named; where none was, the user's own, if it is there.
    pub(super) fn read(named: Option<&Path>) -> Result<Config, InputError> {
        let Some(path) = named.map(Path::to_path_buf).or_else(|| default_config().filter(|path| path.exists())) else {
            return Ok(Config::default());
        };
        let text = read_text("--config", &path, true)?;
        let mut config: Config = toml::from_str(&text).map_err(|e| {
            let words = without_values(e.message());
            InputError::new("--config", format!("{} is not as expected: {words}", super::shown_path(&path)))
        })?;
        config.folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(config)
    }

    /// The profile to use: the named one, the file's default, or its only one.
    pub(super) fn profile(&self, named: Option<&str>) -> Result<Option<(String, Table)>, InputError> {
        let only = || (self.profile.len() == 1).then(|| self.profile.keys().next().cloned()).flatten();
        let Some(name) = named.map(str::to_owned).or_else(|| self.default.clone()).or_else(only) else {
            return Ok(None);
        };
        let Some(table) = self.profile.get(&name) else {
            let known: Vec<&str> = self.profile.keys().map(String::as_str).collect();
            let name = super::shown(&name);
            let words = format!("{name} is not in the configuration file; it has: {}", known.join(", "));
            return Err(InputError::new("--profile", words));
        };
        let mut table = table.clone();
        for word in FILES {
            if let Some(toml::Value::String(path)) = table.get_mut(word)
                && path != "-"
            {
                *path = self.folder.join(&*path).display().to_string();
            }
        }
        if let Some(toml::Value::String(place)) = table.get_mut("store")
            && place != "keyring"
            && !place.starts_with("command:")
        {
            *place = self.folder.join(&*place).display().to_string();
        }
        Ok(Some((name, table)))
    }

    /// A `[cloud.NAME]` table, with what its `ca_file` holds.
    pub(super) fn cloud(&self, name: &str) -> Result<Option<(&CloudTable, Option<String>)>, InputError> {
        let Some(table) = self.cloud.get(name) else { return Ok(None) };
        let ca = table.ca_file.as_ref().map(|file| read_pem("ca_file", &self.folder.join(file))).transpose()?;
        Ok(Some((table, ca)))
    }
}

/// A parser's complaint without the texts of the file: one that stands in a wrong place may be the secret.
fn without_values(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(from), Some(to)) if from < to => format!("{}\"..\"{}", &message[..from], &message[to + 1..]),
        _ => message.to_owned(),
    }
}

/// Reads a file of certificates.
pub(super) fn read_pem(place: &str, path: &Path) -> Result<String, InputError> {
    let pem = read_text(place, path, false)?;
    if !pem.contains("-----BEGIN CERTIFICATE-----") {
        let words = format!("names {}, which holds no PEM certificate", super::shown_path(path));
        return Err(InputError::new(place, words));
    }
    Ok(pem)
}

/// Reads a text file of bounded size. `steering`: it decides what is run and where credentials go, so a file
/// that others can write is refused.
pub(crate) fn read_text(place: &str, path: &Path, steering: bool) -> Result<String, InputError> {
    let unreadable = |e: std::io::Error| InputError::unreadable(place, path, &e);
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if steering && platform::others_can_write(&metadata) {
        let words = format!("names {}, which others can write; do: chmod go-w {0}", path.display());
        return Err(InputError::new(place, words).because(&cause::INPUT_FILE_OPEN_TO_OTHERS));
    }
    let mut text = String::new();
    file.take(LONGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LONGEST {
        return Err(InputError::new(place, format!("names {}, which is longer than 1 MiB", path.display())));
    }
    Ok(text)
}

/// Reads a file that may be no text, of bounded size.
pub(super) fn read_octets(place: &str, path: &Path) -> Result<Vec<u8>, InputError> {
    let unreadable = |e: std::io::Error| InputError::unreadable(place, path, &e);
    let mut octets = Vec::new();
    File::open(path).map_err(unreadable)?.take(LONGEST + 1).read_to_end(&mut octets).map_err(unreadable)?;
    if octets.len() as u64 > LONGEST {
        return Err(InputError::new(place, format!("names {}, which is longer than 1 MiB", path.display())));
    }
    Ok(octets)
}

/// Whether others than its owner can read a file that exists.
pub(super) fn open_to_readers(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && platform::others_can_read(&metadata))
}

/// Writes a file for its owner alone.
///
/// # Errors
/// As the system says.
pub(crate) fn write_private(path: &Path, text: impl AsRef<[u8]>) -> std::io::Result<()> {
    use std::io::Write as _;
    platform::create_private(path)?.write_all(text.as_ref())
}

/// Makes a folder for its owner alone, if it is not there.
///
/// # Errors
/// As the system says.
pub(crate) fn create_private_folder(path: &Path) -> std::io::Result<()> {
    platform::create_private_folder(path)
}

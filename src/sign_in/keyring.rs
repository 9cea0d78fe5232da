//! Sign-ins in the system's keyring: Keychain, Credential Manager, or the Secret Service.

use keyring::Error;

use super::entry::Entry;
use super::store::{Key, StoreError};
use crate::setup::secret::Secret;

/// The name under which keyrings list what this program keeps.
const SERVICE: &str = "o365doctor";

pub(super) fn get(key: &Key) -> Result<Option<Secret>, StoreError> {
    match entry(key)?.get_password() {
        Ok(text) => Ok(Some(Secret::new(text))),
        Err(Error::NoEntry) => Ok(None),
        Err(e) => Err(failed(&e)),
    }
}

/// Access tokens are left out: Windows keeps at most 2560 octets of one credential (Win32, `CREDENTIALW`), and they can be
/// had again.
pub(super) fn set(key: &Key, kept: &Entry) -> Result<(), StoreError> {
    let short = Entry { access: Vec::new(), ..kept.clone() };
    entry(key)?.set_password(short.to_text().expose()).map_err(|e| failed(&e))
}

pub(super) fn erase(key: &Key) -> Result<bool, StoreError> {
    match entry(key)?.delete_credential() {
        Ok(()) => Ok(true),
        Err(Error::NoEntry) => Ok(false),
        Err(e) => Err(failed(&e)),
    }
}

fn entry(key: &Key) -> Result<keyring::Entry, StoreError> {
    keyring::Entry::new(SERVICE, key.name()).map_err(|e| match keyring::Entry::store_status() {
        Err(why) => failed(why),
        Ok(()) => failed(&e),
    })
}

/// Its words, but for those errors that hold what is kept.
fn failed(error: &Error) -> StoreError {
    let words = match error {
        Error::BadEncoding(_) | Error::BadDataFormat(..) => "what is kept there is no text".to_owned(),
        other => other.to_string(),
    };
    StoreError::new(format!("the system's keyring: {words}"))
}

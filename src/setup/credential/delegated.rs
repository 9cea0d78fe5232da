//! A person's sign-in, as it is kept on this computer.

use super::Credential;
use crate::cloud::Cloud;
use crate::setup::secret::Secret;
use crate::setup::words::{Origins, Words};
use crate::setup::{InputError, lint};
use crate::sign_in::{Key, Store, StoreError};

/// Where a person's sign-in is kept, and under which name.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The place.
    pub store: Store,
    /// The name.
    pub key: Key,
    /// The address that was said to be the one who signs in.
    pub account: Option<String>,
}

impl Kept {
    /// The place as a person looks for it.
    pub fn place(&self) -> String {
        self.store.place(&self.key)
    }
}

/// The place that the words name; nothing is read.
pub(in crate::setup) fn kept(
    words: &Words,
    origins: &Origins,
    cloud: &Cloud,
    tenant: &str,
    client_id: &str,
) -> Result<Kept, InputError> {
    let store = match &words.store {
        Some(word) => Store::parse(word).map_err(|e| InputError::new(origins.of("store"), e))?,
        None => Store::usual().ok_or_else(|| InputError::new("--store", "is missing, and this user has no home"))?,
    };
    let account = words.account.as_deref().map(|text| lint::address(&origins.of("account"), text)).transpose()?;
    let key = Key::new(&cloud.login, tenant, client_id, account.as_deref());
    Ok(Kept { store, key, account })
}

/// Reads the sign-in. What it holds may be renewed by another program before it is used, so only what must not be seen is
/// taken from it here.
pub(in crate::setup) fn read(kept: Kept) -> Result<Credential, InputError> {
    let entry = kept.store.read(&kept.key).map_err(refused)?;
    let entry = entry.ok_or_else(|| refused(StoreError::absent(&kept.store, &kept.key)))?;
    let secrets: Vec<Secret> =
        entry.access.iter().map(|access| access.token.clone()).chain([entry.refresh.clone()]).collect();
    Ok(Credential::Delegated { origin: kept.place(), kept, scopes: entry.scopes, secrets })
}

/// What is wrong with a store, as a complaint about the word that names it.
pub(crate) fn refused(error: StoreError) -> InputError {
    InputError::new("--store:", error.words).because(error.cause)
}

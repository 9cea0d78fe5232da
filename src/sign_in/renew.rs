//! From a sign-in to an access token, one program at a time.

use jiff::{SignedDuration, Timestamp};

use super::entry::{Access, Entry};
use super::lock::{Lock, lock};
use super::store::{Key, Store, StoreError};
use super::{command, folder};
use crate::facts::TokenFacts;
use crate::probes::Granted;
use crate::road::Resource;
use crate::setup::secret::Secret;

/// As long as an entry gets with two access tokens of Microsoft's usual size: room for it is looked for before a refresh
/// token is used up, in octets.
const ROOM: usize = 16 * 1024;

/// A sign-in that nobody else can change while it is held.
pub struct Held {
    store: Store,
    key: Key,
    _lock: Lock,
}

impl Held {
    /// Waits for the sign-in.
    ///
    /// # Errors
    /// The store can not be used, or another program does not let go of it.
    pub async fn of(store: &Store, key: &Key) -> Result<Held, StoreError> {
        let lock = lock(store, key).await?;
        Ok(Held { store: store.clone(), key: key.clone(), _lock: lock })
    }

    /// What is kept now. A renewed sign-in that the store did not take the last time is brought to it first.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read(&self) -> Result<Option<Entry>, StoreError> {
        if let Some(rescued) = self.rescued()? {
            self.store.write(&self.key, &rescued)?;
            folder::erase(&self.store.lock_folder()?, &self.rescue_key())?;
            return Ok(Some(rescued));
        }
        self.store.read(&self.key)
    }

    /// Keeps a sign-in. Where the user's keyring or command does not take it, it is kept in a file until the next use.
    ///
    /// # Errors
    /// It could be kept nowhere, or only in that file.
    pub fn write(&self, entry: &Entry) -> Result<(), StoreError> {
        let Err(error) = self.store.write(&self.key, entry) else { return Ok(()) };
        if matches!(self.store, Store::Folder(_)) {
            return Err(error);
        }
        let folder = self.store.lock_folder()?;
        folder::write(&folder, &self.rescue_key(), &entry.to_text())?;
        let place = folder::file(&folder, &self.rescue_key());
        Err(StoreError::new(format!("{error}; the renewed sign-in waits in {} for the next use", place.display())))
    }

    /// Takes the sign-in away; whether there was one.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn erase(&self) -> Result<bool, StoreError> {
        let rescued = match self.store {
            Store::Folder(_) => false,
            _ => folder::erase(&self.store.lock_folder()?, &self.rescue_key())?,
        };
        Ok(self.store.erase(&self.key)? || rescued)
    }

    /// Whether a renewed sign-in could be kept: asked before the old one is used.
    fn try_out(&self) -> Result<(), StoreError> {
        match &self.store {
            Store::Folder(folder) => folder::try_out(folder, &self.key, ROOM),
            Store::Command(command) => command::get(command, &self.key).map(|_| ()),
            Store::Keyring => Ok(()),
        }
    }

    fn rescued(&self) -> Result<Option<Entry>, StoreError> {
        if matches!(self.store, Store::Folder(_)) {
            return Ok(None);
        }
        let text = folder::read(&self.store.lock_folder()?, &self.rescue_key())?;
        text.map(|text| Entry::from_text(&text).map_err(StoreError::new)).transpose()
    }

    fn rescue_key(&self) -> Key {
        self.key.rescued()
    }
}

/// An access token for one API, from what is kept: the one that is kept too where it is good for `good_for` seconds more
/// (never, where that is none), else a new one, which `ask` brings in exchange for the refresh token. What it brings is
/// kept before anybody uses it.
///
/// # Errors
/// The store can not be used, nobody has signed in, or the renewed sign-in could not be kept.
pub async fn renewed(
    store: &Store,
    key: &Key,
    resource: Resource,
    good_for: Option<u64>,
    ask: impl AsyncFnOnce(&Entry) -> Granted,
) -> Result<Granted, StoreError> {
    let held = Held::of(store, key).await?;
    let mut entry = held.read()?.ok_or_else(|| StoreError::absent(store, key))?;
    let now = Timestamp::now();
    if let Some(access) = good_for.and_then(|seconds| entry.good_for(resource, seconds, now)) {
        let facts = TokenFacts { source: store.place(key), resource: Some(resource), ..TokenFacts::default() };
        return Ok(Granted { facts, token: Some(access.token.clone()), ..Granted::default() });
    }
    held.try_out()?;
    let granted = ask(&entry).await;
    if take(&mut entry, resource, &granted) {
        held.write(&entry)?;
    }
    Ok(granted)
}

/// Takes in what was granted; whether there is anything new to keep.
pub(crate) fn take(entry: &mut Entry, resource: Resource, granted: &Granted) -> bool {
    let now = Timestamp::now();
    if let Some(refresh) = &granted.refresh {
        entry.refresh = Secret::new(refresh.expose());
        entry.renewed_at = now;
    }
    if let (Some(token), Some(life)) = (&granted.token, granted.life) {
        let life = SignedDuration::from_secs(i64::try_from(life).unwrap_or_default());
        entry.take(Access { resource, token: token.clone(), expires_at: now + life });
    }
    granted.refresh.is_some() || granted.token.is_some()
}

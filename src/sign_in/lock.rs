//! One program at a time: a lock on a file, which the system takes away from a program that ends, however it ends.

use std::fs::{File, TryLockError};
use std::time::{Duration, Instant};

use super::folder;
use super::store::{Key, Store, StoreError};
use crate::setup::files;

/// Whoever holds the lock waits for one answer of the login service at most, which has a limit of a minute.
const LONGEST_WAIT: Duration = Duration::from_secs(90);
/// Waiting costs nobody anything, and a token is had in some tenths of a second.
const PAUSE: Duration = Duration::from_millis(15);

/// Held until it is dropped.
pub(super) struct Lock {
    _file: File,
}

/// Waits until the sign-in is nobody else's.
pub(super) async fn lock(store: &Store, key: &Key) -> Result<Lock, StoreError> {
    let home = store.lock_folder()?;
    folder::prepare(&home)?;
    let path = home.join(format!("{}.lock", key.name()));
    let failed = |e: &dyn std::fmt::Display| StoreError::new(format!("{} can not be locked: {e}", path.display()));
    let file = files::open_private(&path).map_err(|e| failed(&e))?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::Error(e)) => return Err(failed(&e)),
            Err(TryLockError::WouldBlock) if began.elapsed() > LONGEST_WAIT => {
                let words = format!("another program has held it for {} seconds", LONGEST_WAIT.as_secs());
                return Err(failed(&words));
            }
            Err(TryLockError::WouldBlock) => tokio::time::sleep(PAUSE).await,
        }
    }
    if let Store::Folder(folder) = store {
        folder::sweep(folder, key);
    }
    Ok(Lock { _file: file })
}

//! Sign-ins in a folder: a file each, for its owner alone, replaced as a whole.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::store::{Key, StoreError};
use crate::setup::files;
use crate::setup::secret::Secret;

/// A sign-in with two access tokens has about ten kilobytes.
const LONGEST: u64 = 1024 * 1024;

/// The file of a sign-in.
pub(super) fn file(folder: &Path, key: &Key) -> PathBuf {
    folder.join(format!("{}.json", key.name()))
}

/// Makes the folder, if it is not there, and looks whether it is its owner's alone.
pub(super) fn prepare(folder: &Path) -> Result<(), StoreError> {
    files::create_private_folder(folder).map_err(|e| failed("the folder", folder, "can not be made", &e))?;
    closed(folder)
}

/// Reads a file. One that others can read, or whose folder they can enter, is refused: whoever could read it may have.
pub(super) fn read(folder: &Path, key: &Key) -> Result<Option<Secret>, StoreError> {
    let path = file(folder, key);
    let opened = match fs::File::open(&path) {
        Ok(opened) => opened,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed("the sign-in", &path, "can not be read", &e)),
    };
    closed(folder)?;
    closed(&path)?;
    let mut text = String::new();
    let read = opened.take(LONGEST + 1).read_to_string(&mut text);
    read.map_err(|e| failed("the sign-in", &path, "can not be read", &e))?;
    if text.len() as u64 > LONGEST {
        return Err(StoreError::new(format!("{} is longer than any sign-in", path.display())));
    }
    Ok(Some(Secret::new(text)))
}

/// Writes beside the file, and puts it in its place once it is on the disk: whoever reads sees the old one or the new one.
pub(super) fn write(folder: &Path, key: &Key, text: &Secret) -> Result<(), StoreError> {
    prepare(folder)?;
    let path = file(folder, key);
    let beside = beside(folder, key);
    let written = (|| {
        let mut new = files::create_new_private(&beside)?;
        new.write_all(text.expose().as_bytes())?;
        new.sync_all()?;
        drop(new);
        fs::rename(&beside, &path)?;
        files::sync_folder(folder)
    })();
    written.map_err(|e| {
        let _ = fs::remove_file(&beside);
        failed("the sign-in", &path, "can not be written", &e)
    })
}

/// Takes away what a program that was killed while it wrote left beside the file. Only for who holds the lock.
pub(super) fn sweep(folder: &Path, key: &Key) {
    let _ = fs::remove_file(beside(folder, key));
}

/// Whether a file as long as this can be written now.
pub(super) fn try_out(folder: &Path, key: &Key, length: usize) -> Result<(), StoreError> {
    prepare(folder)?;
    let beside = beside(folder, key);
    let tried = (|| {
        let mut file = files::create_new_private(&beside)?;
        file.write_all(&vec![b' '; length])?;
        file.sync_all()
    })();
    let _ = fs::remove_file(&beside);
    tried.map_err(|e| failed("the sign-in", &file(folder, key), "could not be replaced", &e))
}

/// Takes a file away.
pub(super) fn erase(folder: &Path, key: &Key) -> Result<bool, StoreError> {
    let path = file(folder, key);
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(failed("the sign-in", &path, "can not be taken away", &e)),
    }
}

fn beside(folder: &Path, key: &Key) -> PathBuf {
    folder.join(format!(".{}.new", key.name()))
}

fn closed(path: &Path) -> Result<(), StoreError> {
    let metadata = fs::symlink_metadata(path).map_err(|e| failed("the store", path, "can not be looked at", &e))?;
    if metadata.is_symlink() {
        return Err(StoreError::open(format!("{} is a link; a sign-in is kept in a place of its own", path.display())));
    }
    match files::open_to_others(&metadata) {
        None => Ok(()),
        Some(mode) => Err(StoreError::open(format!(
            "{} is open to others (mode {mode}), and a sign-in opens a mailbox; do: chmod go-rwx '{}'",
            path.display(),
            path.display()
        ))),
    }
}

fn failed(what: &str, path: &Path, how: &str, error: &io::Error) -> StoreError {
    StoreError::new(format!("{what} {} {how}: {error}", path.display()))
}

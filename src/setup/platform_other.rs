//! File protection where it hangs on the folder: the user's own folders are theirs alone by default.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

pub(crate) fn others_can_write(_metadata: &Metadata) -> bool {
    false
}

pub(crate) fn others_can_read(_metadata: &Metadata) -> bool {
    false
}

/// Creates or empties a file; the folder's access list decides who may read it.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    File::create(path)
}

/// Creates a file; fails where one is.
pub(crate) fn create_new_private(path: &Path) -> io::Result<File> {
    File::create_new(path)
}

/// Opens a file to lock it; makes it, where it is not there.
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(path)
}

/// Nothing is known of it by the file alone.
pub(crate) fn open_to_others(_metadata: &Metadata) -> Option<String> {
    None
}

/// There is nothing to do: the file system keeps its names itself.
pub(crate) fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// The user's command line, as the command interpreter reads it.
pub(crate) fn shell(command: &str) -> std::process::Command {
    let mut shell = std::process::Command::new("cmd");
    shell.arg("/C").arg(command);
    shell
}

/// Makes a folder; the folder around it decides who may enter.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// There is no such request beside Ctrl-C.
pub(crate) async fn terminated() {
    std::future::pending().await
}

/// The console keeps its settings for each reader.
pub(crate) fn remember_terminal() {}

/// Nothing was changed.
pub(crate) fn restore_terminal() {}

//! File protection where it hangs on the folder: the user's own folders are theirs alone by default.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

pub(super) fn others_can_write(_metadata: &Metadata) -> bool {
    false
}

pub(super) fn others_can_read(_metadata: &Metadata) -> bool {
    false
}

/// Creates or empties a file; the folder's access list decides who may read it.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    File::create(path)
}

/// The user's command line, as the command interpreter reads it.
pub(super) fn shell(command: &str) -> std::process::Command {
    let mut shell = std::process::Command::new("cmd");
    shell.arg("/C").arg(command);
    shell
}

/// Makes a folder; the folder around it decides who may enter.
pub(super) fn create_private_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// There is no such request beside Ctrl-C.
pub(super) async fn terminated() {
    std::future::pending().await
}

//! File protection where files have an owner and a mode.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Whether others than the owner may write: group or world write bit.
pub(super) fn others_can_write(metadata: &Metadata) -> bool {
    metadata.mode() & 0o022 != 0
}

/// Whether others than the owner may read.
pub(super) fn others_can_read(metadata: &Metadata) -> bool {
    metadata.mode() & 0o044 != 0
}

/// Creates or empties a file that is for its owner alone.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    // The mode counts only for a file that was not there before. A device or a pipe is not ours to lock.
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// The user's command line, as the shell reads it.
pub(super) fn shell(command: &str) -> std::process::Command {
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}

/// Makes a folder that only its owner can enter; one that is there stays as it is.
pub(super) fn create_private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Ends when the system asks the program to end (SIGTERM).
pub(super) async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut asked) => {
            asked.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

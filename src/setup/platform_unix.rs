//! File protection where files have an owner and a mode.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::OnceLock;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// Whether others than the owner may write: group or world write bit.
pub(crate) fn others_can_write(metadata: &Metadata) -> bool {
    metadata.mode() & 0o022 != 0
}

/// Whether others than the owner may read.
pub(crate) fn others_can_read(metadata: &Metadata) -> bool {
    metadata.mode() & 0o044 != 0
}

/// Creates or empties a file that is for its owner alone.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    // The mode counts only for a file that was not there before. A device or a pipe is not ours to lock.
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// Creates a file for its owner alone; fails where one is.
pub(crate) fn create_new_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Opens a file for its owner alone to lock it; makes it, where it is not there.
pub(crate) fn open_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// The mode, in octal digits, of a file or folder that others than its owner can do anything with.
pub(crate) fn open_to_others(metadata: &Metadata) -> Option<String> {
    let mode = metadata.mode() & 0o777;
    (mode & 0o077 != 0).then(|| format!("{mode:03o}"))
}

/// Brings the names of a folder to the disk, so that a new one survives a loss of power (fsync(2), "Notes").
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The user's command line, as the shell reads it.
pub(crate) fn shell(command: &str) -> std::process::Command {
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}

/// Makes a folder that only its owner can enter; one that is there stays as it is.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Ends when the system asks the program to end (SIGTERM).
pub(crate) async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut asked) => {
            asked.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

static TERMINAL: OnceLock<Termios> = OnceLock::new();

/// Remembers the settings of the terminal, which a prompt changes while it reads a key.
pub(crate) fn remember_terminal() {
    if let Ok(settings) = tcgetattr(io::stdin()) {
        let _ = TERMINAL.set(settings);
    }
}

/// Brings back what was remembered: whoever is ended by a signal in the midst of a prompt leaves no time for it.
pub(crate) fn restore_terminal() {
    if let Some(settings) = TERMINAL.get() {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, settings);
    }
}

//! Files that a sandbox hands out: in a folder for their owner alone, which is gone afterwards unless somebody named it.

use std::io;
use std::path::{Path, PathBuf};

use crate::setup::config::{create_private_folder, write_private};

/// Where the files lie; a temporary one is removed at the end.
pub struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    /// A new folder among the system's temporary ones.
    ///
    /// # Errors
    /// As the system says.
    pub fn temporary() -> io::Result<Folder> {
        let path = std::env::temp_dir().join(format!("o365doctor-{}", uuid::Uuid::new_v4().simple()));
        create_private_folder(&path)?;
        Ok(Folder { path, temporary: true })
    }

    /// The folder of this name, which stays.
    ///
    /// # Errors
    /// As the system says.
    pub fn named(path: PathBuf) -> io::Result<Folder> {
        create_private_folder(&path)?;
        Ok(Folder { path, temporary: false })
    }

    /// Writes a file for its owner alone; where it lies.
    ///
    /// # Errors
    /// As the system says.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> io::Result<PathBuf> {
        let file = self.path.join(name);
        write_private(&file, text)?;
        Ok(file)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // What can not be removed is in the system's own temporary folder.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

impl super::Sandbox {
    /// Writes a file that a word of the profile may name; it is gone when the sandbox is.
    ///
    /// # Errors
    /// As the system says.
    pub(super) fn hand_out(&mut self, name: &str, text: impl AsRef<[u8]>) -> io::Result<PathBuf> {
        if self.files.is_none() {
            self.files = Some(Folder::temporary()?);
        }
        // It was made in the lines before.
        self.files.as_ref().map_or_else(|| Err(io::Error::other("no folder")), |folder| folder.write(name, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_is_gone_with_its_files_and_a_named_one_stays() {
        let temporary = Folder::temporary().unwrap();
        let file = temporary.write("a.txt", "text").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "text");
        let path = temporary.path().to_path_buf();
        drop(temporary);
        assert!(!path.exists());
        let home = tempfile::tempdir().unwrap();
        let named = Folder::named(home.path().join("kept")).unwrap();
        let file = named.write("b.txt", "text").unwrap();
        drop(named);
        assert!(file.exists());
    }
}

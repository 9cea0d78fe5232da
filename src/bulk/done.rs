//! The domains that have their result, and the file that holds the results of a run before.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};

use sha2::{Digest as _, Sha256};

/// The longest result: a domain's answers have up to 64 KiB each, and a result keeps a few of them.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Which domains had their turn. Of each a digest is kept, not its name.
#[derive(Debug, Default)]
pub struct Done(HashSet<[u8; 16]>);

/// What a line of a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// The head of a table.
    Head,
    /// A result.
    Result {
        /// Its domain.
        domain: String,
        /// Whether something failed.
        failed: bool,
    },
}

/// Why a file can not be gone on with.
#[derive(Debug)]
pub enum Unfit {
    /// It can not be read or cut.
    Io(io::Error),
    /// This line, counted from 1, is no result.
    Line(u64),
}

impl From<io::Error> for Unfit {
    fn from(e: io::Error) -> Unfit {
        Unfit::Io(e)
    }
}

impl Done {
    /// Whether it is the first time that this domain is named.
    pub fn add(&mut self, domain: &str) -> bool {
        let digest = Sha256::digest(domain.as_bytes());
        let mut short = [0; 16];
        short.copy_from_slice(&digest[..16]);
        self.0.insert(short)
    }

    /// Reads the results that a file holds, drops a last line that was not written to its end, and leaves the file ready
    /// to be written on. `read` makes something of a line, its number from 1 with it: nothing where it is none of
    /// ours.
    ///
    /// # Errors
    /// The file can not be read, or is another one.
    pub fn go_on(&mut self, file: &mut File, read: impl Fn(u64, &str) -> Option<Kept>) -> Result<Resumed, Unfit> {
        let (mut whole, mut resumed) = (0, Resumed::default());
        let mut lines = BufReader::new(&mut *file);
        for number in 1_u64.. {
            let mut line = Vec::new();
            let length = lines.by_ref().take(LONGEST).read_until(b'\n', &mut line)?;
            if line.pop() != Some(b'\n') {
                // Only the last line can be torn; what has no end for so long is none of ours.
                if u64::try_from(length).is_ok_and(|length| length == LONGEST) {
                    return Err(Unfit::Line(number));
                }
                break;
            }
            let text = std::str::from_utf8(&line).map_err(|_| Unfit::Line(number))?;
            match read(number, text).ok_or(Unfit::Line(number))? {
                Kept::Head => resumed.head = true,
                Kept::Result { domain, failed } => {
                    self.add(&domain);
                    resumed.results += 1;
                    resumed.failed |= failed;
                }
            }
            whole += u64::try_from(length).unwrap_or(u64::MAX);
        }
        file.set_len(whole)?;
        file.seek(SeekFrom::Start(whole))?;
        Ok(resumed)
    }
}

/// What a file brought along.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Resumed {
    /// Results.
    pub results: u64,
    /// Whether something failed in one of them.
    pub failed: bool,
    /// Whether the head of the table is there.
    pub head: bool,
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn read(_: u64, line: &str) -> Option<Kept> {
        let (domain, code) = line.split_once(' ')?;
        Some(Kept::Result { domain: domain.to_owned(), failed: code == "1" })
    }

    fn go_on(text: &str) -> (Result<Resumed, Unfit>, Done, String) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.rewind().unwrap();
        let mut done = Done::default();
        let resumed = done.go_on(&mut file, read);
        file.write_all(b"next 0\n").unwrap();
        file.rewind().unwrap();
        let mut now = String::new();
        file.read_to_string(&mut now).unwrap();
        (resumed, done, now)
    }

    #[test]
    fn a_torn_last_line_is_dropped_wherever_it_was_torn() {
        let whole = "a.example 0\nb.example 1\n";
        for torn in ["", "c", "c.example", "c.example 0"] {
            let (resumed, mut done, now) = go_on(&format!("{whole}{torn}"));
            assert_eq!(resumed.unwrap(), Resumed { results: 2, failed: true, head: false });
            assert_eq!(now, format!("{whole}next 0\n"));
            assert!(!done.add("a.example") && !done.add("b.example") && done.add("c.example"));
            assert!(!done.add("c.example"));
        }
        assert_eq!(go_on("").2, "next 0\n");
    }

    #[test]
    fn another_file_is_left_as_it_is() {
        let (resumed, _, now) = go_on("a.example 0\nlist\nb.example 0");
        assert!(matches!(resumed, Err(Unfit::Line(2))), "{resumed:?}");
        assert!(now.starts_with("a.example 0\nlist\nb.example 0"), "nothing was cut: {now}");
    }
}

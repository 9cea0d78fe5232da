//! A list of domains: one a line. Blank lines and those that begin with `#` are passed over.

use std::io::{self, BufRead, BufReader, Read};

use crate::render::style::printable;
use crate::setup::{domain, shown};

/// A name has 253 octets (RFC 1035 section 2.3.4), written in letters of four octets each.
const LONGEST_LINE: usize = 1012;

/// One line that is meant as a domain.
pub(super) struct Entry {
    /// The domain in A-labels, or what stands there, or which line it is where that may be a secret.
    pub(super) shown: String,
    /// The same, or why it is none.
    pub(super) domain: Result<String, String>,
}

/// Hands each entry over, until `each` says that it wants no more.
pub(super) fn read(list: impl Read, mut each: impl FnMut(Entry) -> bool) -> io::Result<()> {
    let mut list = BufReader::new(list);
    // PowerShell's `>` writes it, and read as anything else it is one long line.
    if matches!(list.fill_buf()?, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is UTF-16; save it as UTF-8"));
    }
    for number in 1_u64.. {
        let Some(line) = line(&mut list)? else { return Ok(()) };
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if !each(entry(number, text)) {
            return Ok(());
        }
    }
    Ok(())
}

fn entry(number: u64, text: &str) -> Entry {
    let place = format!("line {number}");
    match domain(&place, text) {
        Ok(domain) => Entry { shown: domain.clone(), domain: Ok(domain) },
        Err(e) => {
            let shown = shown(text);
            // What is not shown is told from others by its place.
            let shown = shown.strip_prefix('`').map_or(place, |rest| printable(rest.trim_end_matches('`')));
            Entry { shown, domain: Err(e.to_string()) }
        }
    }
}

/// The next line without its end, cut where it is longer than any domain; none at the end of the list.
fn line(list: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let most = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
    if list.by_ref().take(most + 1).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() != Some(&b'\n') {
        list.skip_until(b'\n')?;
    }
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(list: &[u8]) -> Vec<(String, Option<String>)> {
        let mut all = Vec::new();
        read(list, |entry| {
            all.push((entry.shown, entry.domain.err()));
            true
        })
        .unwrap();
        all
    }

    #[test]
    fn domains_comments_and_blank_lines() {
        let list = "\u{feff}# ours\r\nContoso.COM.\r\n\r\n  fabrikam.com  \nb\u{fc}cher.example\n#end";
        let names: Vec<String> = read_all(list.as_bytes()).into_iter().map(|(shown, _)| shown).collect();
        assert_eq!(names, ["contoso.com", "fabrikam.com", "xn--bcher-kva.example"]);
    }

    #[test]
    fn a_bad_line_says_which_it_is_and_ends_nothing() {
        let long = "x".repeat(5000);
        let list = format!("a b\n{long}\n192.0.2.1\n=cmd|'/c calc'!A0\nlast.example");
        let all = read_all(list.as_bytes());
        assert_eq!(all.len(), 5);
        for (number, (shown, why)) in all[..4].iter().enumerate() {
            assert!(why.as_ref().unwrap().starts_with(&format!("line {} is ", number + 1)), "{why:?}");
            assert!(shown.len() <= 300, "{shown}");
        }
        assert_eq!([&all[0].0, &all[3].0], ["a b", "line 4"]);
        assert_eq!(all[4], ("last.example".to_owned(), None));
    }

    #[test]
    fn octets_that_are_no_text_are_a_bad_line_and_utf_16_is_refused() {
        let all = read_all(b"\xc3\x28.example\nok.example\n");
        assert!(all[0].1.is_some() && all[1].1.is_none());
        assert!(read(&b"\xff\xfec\0o\0m\0"[..], |_| true).unwrap_err().to_string().contains("UTF-8"));
    }
}

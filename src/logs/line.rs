//! A stream in blocks, and in them only the lines that may say something.

use std::io::{self, Read};

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError, PatternID};
use memchr::{memchr, memrchr};

/// As much of a line is looked at, in octets. A reply is far shorter; a line without an end must cost little.
pub const LONGEST_LINE: usize = 64 * 1024;

/// The size of a block in octets.
const BLOCK: usize = 1024 * 1024;

/// A line with a hit, cut to [`LONGEST_LINE`].
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Its octets, without the line feed.
    pub octets: &'a [u8],
    /// Whether a wanted text stands in it; else only one that is noted aside.
    pub wanted: bool,
}

/// Finds the lines that hold one of some fixed texts, in any case.
pub struct Lines {
    texts: Texts,
    block: Vec<u8>,
    filled: usize,
    /// Within a line whose beginning has been looked at.
    skipping: bool,
    /// Octets read so far.
    pub octets: u64,
}

impl Lines {
    /// Makes the automaton. `aside` are texts of lines that are handed on, and are not wanted for their own sake.
    ///
    /// # Errors
    /// The texts are too many for one.
    pub fn new(wanted: &[String], aside: &[&str]) -> Result<Lines, BuildError> {
        let all = wanted.iter().map(String::as_str).chain(aside.iter().copied());
        let automaton =
            AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(all)?;
        let texts = Texts { automaton, wanted: wanted.len() };
        Ok(Lines { texts, block: vec![0; BLOCK], filled: 0, skipping: false, octets: 0 })
    }

    /// Reads to the end of the stream and hands on each line with a hit, cut to [`LONGEST_LINE`]. A last line without an
    /// end is kept, because more of it may come; see [`Lines::finish`].
    ///
    /// # Errors
    /// The stream can not be read on; what came before has been handed on.
    pub fn read(&mut self, stream: &mut impl Read, mut take: impl FnMut(Line<'_>)) -> io::Result<()> {
        loop {
            let read = match stream.read(&mut self.block[self.filled..]) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            self.octets += read as u64;
            let fresh = self.filled;
            self.filled += read;
            self.pass(fresh, &mut take);
        }
    }

    /// Hands on the last line, which has no end.
    pub fn finish(&mut self, mut take: impl FnMut(Line<'_>)) {
        if !self.skipping {
            self.texts.hits(&self.block[..self.filled], &mut take);
        }
        self.filled = 0;
        self.skipping = false;
    }

    /// Looks at the whole lines of the block and keeps the rest; `fresh` is where the new octets begin.
    fn pass(&mut self, fresh: usize, take: &mut impl FnMut(Line<'_>)) {
        let mut start = 0;
        if self.skipping {
            match memchr(b'\n', &self.block[..self.filled]) {
                Some(end) => {
                    self.skipping = false;
                    start = end + 1;
                }
                None => start = self.filled,
            }
        }
        let from = fresh.max(start);
        if let Some(last) = memrchr(b'\n', &self.block[from..self.filled]).map(|at| from + at + 1) {
            self.texts.hits(&self.block[start..last], take);
            start = last;
        }
        if !self.skipping && self.filled - start == self.block.len() {
            self.texts.hits(&self.block[..LONGEST_LINE], take);
            self.skipping = true;
            start = self.filled;
        }
        self.block.copy_within(start..self.filled, 0);
        self.filled -= start;
    }
}

/// The automaton over all texts; the first ones are the wanted ones.
struct Texts {
    automaton: AhoCorasick,
    wanted: usize,
}

impl Texts {
    /// Each line of `block` in whose first part a text stands.
    fn hits(&self, block: &[u8], take: &mut impl FnMut(Line<'_>)) {
        let mut from = 0;
        while let Some(hit) = self.automaton.find(&block[from..]) {
            let at = from + hit.start();
            let start = memrchr(b'\n', &block[from..at]).map_or(from, |before| from + before + 1);
            let end = memchr(b'\n', &block[at..]).map_or(block.len(), |after| at + after);
            let octets = &block[start..end.min(start + LONGEST_LINE)];
            if at - start < LONGEST_LINE {
                let wanted = self.wants(hit.pattern()) || self.wanted_in(&octets[hit.end() + from - start..]);
                take(Line { octets, wanted });
            }
            from = (end + 1).min(block.len());
        }
    }

    fn wants(&self, text: PatternID) -> bool {
        text.as_usize() < self.wanted
    }

    fn wanted_in(&self, rest: &[u8]) -> bool {
        self.automaton.find_iter(rest).any(|hit| self.wants(hit.pattern()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(stream: &mut impl Read) -> Vec<String> {
        let mut lines = Lines::new(&["needle".to_owned()], &[]).unwrap();
        let mut seen = Vec::new();
        let mut take = |line: Line<'_>| seen.push(String::from_utf8_lossy(line.octets).into_owned());
        lines.read(stream, &mut take).unwrap();
        lines.finish(&mut take);
        seen
    }

    #[test]
    fn lines_with_a_hit_come_whole_and_once() {
        let text = "a Needle and a needle\nnothing\n\nneedle\r\nno end needle";
        assert_eq!(lines(&mut text.as_bytes()), ["a Needle and a needle", "needle\r", "no end needle"]);
    }

    #[test]
    fn a_line_over_the_end_of_a_block_is_whole() {
        let text = "x".repeat(BLOCK - 3) + "\na needle over it\n" + &"y\n".repeat(BLOCK) + "needle";
        assert_eq!(lines(&mut text.as_bytes()), ["a needle over it", "needle"]);
    }

    #[test]
    fn an_endless_line_is_looked_at_in_its_first_part_and_what_follows_is_seen() {
        let endless = io::repeat(b'x').take(100 * 1024 * 1024);
        let mut stream = b"needle ".chain(endless).chain(&b" needle\nafter: needle\n"[..]);
        let seen = lines(&mut stream);
        assert_eq!(seen.iter().map(String::len).collect::<Vec<_>>(), [LONGEST_LINE, "after: needle".len()]);
    }

    #[test]
    fn a_text_deep_within_a_line_is_not_looked_for() {
        let text = "x".repeat(LONGEST_LINE) + "needle\n" + &"z".repeat(LONGEST_LINE - 7) + "needle\n";
        assert_eq!(lines(&mut text.as_bytes()).len(), 1);
    }

    #[test]
    fn a_line_aside_is_wanted_when_a_wanted_text_follows() {
        let mut lines = Lines::new(&["needle".to_owned()], &["from="]).unwrap();
        let mut seen = Vec::new();
        lines.read(&mut &b"from=a\nfrom=b needle\nneedle from=c\nno\n"[..], |line| seen.push(line.wanted)).unwrap();
        assert_eq!(seen, [false, true, true]);
    }

    #[test]
    fn octets_that_are_no_text_are_no_obstacle() {
        let stream = b"\xff\xfe\0\0needle\0\xc3\n\0\0\0\n";
        assert_eq!(lines(&mut &stream[..]).len(), 1);
    }
}

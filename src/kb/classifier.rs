//! The same judgement as [`super::classify`], made ready once for very many texts.

use std::collections::{BTreeSet, HashMap};

use aho_corasick::{AhoCorasick, BuildError};

use super::classify::{LONGEST, Match, best, codes_in, fold, ranked};
use super::{Cause, all};

/// What stands before a code that counts: `550 5.1.1`, `550-5.1.1`, `dsn=5.1.1`, `Status:5.1.1`.
const BEFORE_CODE: [&str; 4] = [" ", "-", "=", ":"];

/// How much of a literal text is looked for in the first pass, in octets. More would tell little more, and the automaton
/// would leave the processor's cache.
const ENOUGH: usize = 24;

/// All pages, with an automaton over the literal texts and an index of the codes.
pub struct Classifier {
    literals: AhoCorasick,
    owners: Vec<&'static Cause>,
    by_code: HashMap<&'static str, Vec<&'static Cause>>,
}

impl Classifier {
    /// Makes the pages ready.
    ///
    /// # Errors
    /// The pages' texts are too many for an automaton; a test sees to it that they are not.
    pub fn new() -> Result<Classifier, BuildError> {
        let mut texts = Vec::new();
        let mut owners = Vec::new();
        let mut by_code: HashMap<&'static str, Vec<&'static Cause>> = HashMap::new();
        for page in all() {
            for pattern in page.matches {
                texts.push(fold(rarest_part(pattern)));
                owners.push(*page);
            }
            for code in page.codes {
                by_code.entry(code).or_default().push(page);
                if let Some((_, enhanced)) = code.split_once(' ') {
                    by_code.entry(enhanced).or_default().push(page);
                }
            }
        }
        Ok(Classifier { literals: AhoCorasick::new(texts)?, owners, by_code })
    }

    /// Pages that explain `text`, most specific first: what [`super::classify`] finds anywhere.
    pub fn classify(&self, text: &str) -> Vec<Match> {
        let text = &text[..text.floor_char_boundary(LONGEST)];
        let folded = fold(text);
        let codes = codes_in(text);
        let by_text = self.literals.find_overlapping_iter(&folded).map(|hit| self.owners[hit.pattern()]);
        let by_code = codes.iter().filter_map(|code| self.by_code.get(code.as_str())).flatten().copied();
        let mut seen = BTreeSet::new();
        let pages = by_text.chain(by_code).filter(|page| seen.insert(page.id));
        ranked(pages.filter_map(|page| best(page, &folded, &codes)).collect())
    }
}

/// The fixed texts of which a line must hold one, before it is worth to be classified: a part of every literal text,
/// every code as it stands in a reply, and the prefix of the login service's numbers.
pub fn fixed_texts() -> Vec<String> {
    let mut texts = BTreeSet::from(["AADSTS".to_owned()]);
    for page in all() {
        for pattern in page.matches {
            let part = rarest_part(pattern).trim();
            // The end of it: what it begins with may be the name of a host that stands in every line.
            texts.insert(part[part.ceil_char_boundary(part.len().saturating_sub(ENOUGH))..].to_owned());
        }
        for code in page.codes.iter().filter(|code| !code.starts_with("AADSTS")) {
            match code.split_once(' ') {
                Some((reply, enhanced)) => texts.extend([format!("{reply} {enhanced}"), format!("{reply}-{enhanced}")]),
                None => texts.extend(BEFORE_CODE.map(|before| format!("{before}{code}"))),
            }
        }
    }
    texts.into_iter().collect()
}

/// The part of a pattern that ordinary lines have least: words before names of hosts, and of these the longest.
fn rarest_part(pattern: &str) -> &str {
    pattern.split('*').max_by_key(|part| (part.trim().contains(' '), part.len())).unwrap_or(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kb::classify;

    #[test]
    fn it_judges_as_classify_does() {
        let ready = Classifier::new().unwrap();
        let ids =
            |found: Vec<Match>| found.into_iter().map(|found| (found.cause.id, found.matched)).collect::<Vec<_>>();
        let texts = all().iter().flat_map(|page| [page.sample, page.official, page.meaning]);
        for text in texts.chain(["5.7.60", "7000215", "mysqld 5.7.25", ""]) {
            assert_eq!(ids(ready.classify(text)), ids(classify(None, text)), "{text}");
        }
    }

    #[test]
    fn what_is_classified_passes_the_first_look() {
        let first = AhoCorasick::builder().ascii_case_insensitive(true).build(fixed_texts()).unwrap();
        for page in all() {
            for line in page.sample.lines().filter(|line| !classify(None, line).is_empty()) {
                let asked_alone = codes_in(line).iter().any(|code| code == line.trim());
                assert!(first.is_match(line) || asked_alone, "{}: {line}", page.id);
            }
        }
    }
}

//! Finding pages by words and by who must act.

use super::{Cause, Who, all};

/// The pages that hold every one of these words, best first: in the title, then in id, codes and the server's texts, then
/// in what the page says. No words: every page. `who`: only those on which this one must act.
pub fn find(words: &str, who: Option<Who>) -> Vec<&'static Cause> {
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let pages = all().iter().copied().filter(|page| who.is_none_or(|who| page.who == who));
    let mut found: Vec<(usize, &'static Cause)> = pages.filter_map(|page| Some((rank(page, &words)?, page))).collect();
    found.sort_by_key(|(rank, page)| (*rank, page.id));
    found.into_iter().map(|(_, page)| page).collect()
}

/// How far down the words stand, added up; none where one of them is missing.
fn rank(page: &Cause, words: &[String]) -> Option<usize> {
    let seen = [vec![page.title], [&[page.id], page.codes, page.matches].concat(), said(page)];
    let places = seen.map(|texts| texts.join("\n").to_lowercase());
    words.iter().map(|word| places.iter().position(|place| place.contains(word.as_str()))).sum()
}

fn said(page: &Cause) -> Vec<&'static str> {
    vec![page.official, page.meaning, page.causes, page.repair, page.recheck]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_counts_and_the_title_counts_most() {
        let ids = |words: &str, who| find(words, who).iter().map(|page| page.id).collect::<Vec<_>>();
        assert_eq!(ids("SMTP AUTH tenant", None)[0], "smtp-auth-off-tenant");
        assert!(ids("5.7.64", None).contains(&"relay-access-denied"));
        assert!(ids("connector", Some(Who::ExchangeAdmin)).contains(&"relay-access-denied"));
        assert!(!ids("connector", Some(Who::DnsAdmin)).contains(&"relay-access-denied"));
        assert!(ids("connector zebra", None).is_empty());
        assert_eq!(find("", None).len(), all().len());
    }
}

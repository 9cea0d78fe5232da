//! The one question that separates the pages which remain, when a text has a code and not the words behind it.

use crate::kb::{self, Cause, Match};

/// A question, and what each answer means.
pub struct Question {
    /// The question.
    pub text: String,
    /// The answers: what stands in the reply, and the page that it leads to.
    pub choices: Vec<(String, &'static Cause)>,
}

/// The question for a text of which only a code is known: what the pages that share the code differ in. None where its
/// words have decided, or where no other page has the code.
pub(super) fn of(text: &str, first: Option<&Match>) -> Option<Question> {
    let code = match first {
        Some(found) => enhanced(found.by_code()?).to_owned(),
        None => kb::codes_in(text).iter().rev().map(|code| enhanced(code)).find(|code| code.contains('.'))?.to_owned(),
    };
    let mut choices: Vec<(Rank, String, &'static Cause)> =
        kb::all().iter().filter_map(|page| choice(page, &code).map(|(rank, when)| (rank, when, *page))).collect();
    choices.sort_by_key(|(rank, _, page)| (*rank, page.id));
    if choices.len() < 2 && first.is_some() || choices.is_empty() {
        return None;
    }
    let choices = choices.into_iter().map(|(_, when, page)| (when, page)).collect();
    Some(Question { text: format!("What else stands in the reply beside {code}?"), choices })
}

/// Words decide before the number in front, and that before the code by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Words,
    Reply,
    Alone,
}

fn choice(page: &Cause, code: &str) -> Option<(Rank, String)> {
    let words = page.matches.iter().find_map(|pattern| {
        let (before, behind) = pattern.split_once(code)?;
        let apart = !before.ends_with(|c: char| c.is_ascii_digit() || c == '.')
            && !behind.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        let words = behind.trim_start_matches(['*', ' ', ';', ':']).replace('*', " … ");
        (apart && !words.is_empty()).then(|| format!("\"{}\"", words.trim()))
    });
    if let Some(words) = words {
        return Some((Rank::Words, words));
    }
    let listed = page.codes.iter().find(|listed| enhanced(listed) == code)?;
    Some(match listed.split_once(' ') {
        Some((reply, _)) => (Rank::Reply, format!("{reply} in front, and none of these words")),
        None => (Rank::Alone, "none of these words".to_owned()),
    })
}

/// `5.7.3` of `535 5.7.3`.
fn enhanced(code: &str) -> &str {
    code.split_once(' ').map_or(code, |(_, enhanced)| enhanced)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Vec<(String, &'static str)> {
        let found = kb::classify(None, text);
        let question = of(text, found.first());
        question.into_iter().flat_map(|question| question.choices).map(|(when, page)| (when, page.id)).collect()
    }

    #[test]
    fn a_code_that_several_pages_have_asks_for_what_they_differ_in() {
        let cut = asked("535 5.7.139");
        assert!(cut.len() > 5, "{cut:?}");
        assert!(cut.iter().any(|(when, id)| *id == "smtp-auth-off-tenant" && when.contains("Tenant")), "{cut:?}");
        assert_eq!(cut.last().map(|(_, id)| *id), Some("smtp-policy-other"));
        let bare = asked("5.7.3");
        assert!(bare.iter().any(|(_, id)| *id == "smtp-starttls-required"), "{bare:?}");
        assert!(asked("5.7.1").len() > 1, "no page has the code alone");
    }

    #[test]
    fn words_that_decided_and_texts_without_a_code_ask_nothing() {
        for text in ["535 5.7.3 Authentication unsuccessful", "AADSTS7000215", "mysqld 5.7.25", "hello", ""] {
            assert_eq!(asked(text), [], "{text}");
        }
    }
}

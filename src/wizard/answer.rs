//! What an administrator sent back: the address that the consent page led to, or what the verifying script printed. Which
//! it is shows by itself.

use std::path::Path;

use jiff::Timestamp;

use super::ask::End;
use super::walk::Walk;
use crate::checks;
use crate::facts::{ConsentFacts, FORMAT, Facts, Visit};
use crate::probes::consent;
use crate::report::Word;
use crate::scripts::{PRIOR_KIND, VERIFY_KIND};
use crate::setup::{InputError, Wants, exchange_text, shown_path};

/// Reads every file that was named.
pub(super) fn all(walk: &mut Walk) -> Result<(), End> {
    let mut states = 0;
    for file in walk.wishes.answers.clone() {
        let text = exchange_text("--answer", &file)?;
        if [VERIFY_KIND, PRIOR_KIND].iter().any(|kind| text.contains(kind)) {
            states += 1;
            if states > 1 {
                let words = "names two answers of the verifying script; give the newer one";
                return Err(InputError::new("--answer", words).into());
            }
            state_of_exchange(walk, &file)?;
        } else if let Some(address) = address_in(&text) {
            redirected(walk, address)?;
        } else {
            let words = "which is neither the address that the consent page led to nor what the script of \
                         powershell --part verify printed";
            return Err(InputError::new("--answer", format!("names {}, {words}", shown_path(&file))).into());
        }
    }
    Ok(())
}

/// The address among the words around it.
pub(super) fn address_in(text: &str) -> Option<&str> {
    let of_consent =
        |word: &&str| ["admin_consent=", "error=", "error_description="].iter().any(|part| word.contains(part));
    text.split_whitespace().find(of_consent)
}

/// Lays the script's answer beside what the walk sees.
fn state_of_exchange(walk: &mut Walk, file: &Path) -> Result<(), End> {
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    walk.ground.take("exchange_state", &path.display().to_string());
    let read = walk.ground.setup(Wants { exchange_state: true, ..Wants::default() });
    let setup = read.map_err(|error| InputError { place: "--answer".to_owned(), ..error })?;
    let at = setup.exchange.map(|facts| facts.time.to_string()).unwrap_or_default();
    walk.line(Word::Pass, "Answer", &format!("the state of Exchange of {at}"));
    Ok(walk.save()?)
}

/// Reads the address. A refusal ends the walk for now: there is nothing to wait for.
pub(super) fn redirected(walk: &mut Walk, address: &str) -> Result<(), End> {
    let setup = walk.described()?;
    let reading = consent::read(address, Some(&walk.state.consent));
    let facts = ConsentFacts { reading: Some(reading), ..ConsentFacts::default() };
    let visit = Visit {
        format: FORMAT,
        command: "consent-url".to_owned(),
        setup: setup.facts(),
        facts: Facts { observed_at: Timestamp::now(), consent: Some(facts), ..Facts::default() },
    };
    let findings = checks::findings(&visit);
    let failed: Vec<_> = findings.into_iter().filter(crate::check::Finding::failed).collect();
    if failed.is_empty() {
        walk.line(Word::Pass, "Answer", "an administrator consented; the token will show it");
        return Ok(());
    }
    walk.line(Word::Fail, "Answer", "the address that came back");
    walk.findings(&failed);
    Err(End::LetGo)
}

#[cfg(test)]
mod tests {
    use super::address_in;

    #[test]
    fn the_address_is_found_among_other_words() {
        let mail = "Hello,\nit ended at https://localhost/?admin_consent=True&tenant=x&state=y\nRegards";
        assert_eq!(address_in(mail), Some("https://localhost/?admin_consent=True&tenant=x&state=y"));
        assert_eq!(address_in("?error=access_denied"), Some("?error=access_denied"));
        assert_eq!(address_in("all done"), None);
    }
}

//! Where and how the probe is to be found again.

use std::time::Duration;

use super::words::{Origins, Words};
use super::{InputError, duration, lint};
use crate::reader::Reader;

/// How the probe is to be found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirm {
    /// The mailbox to look into; none: the recipient's.
    pub mailbox: Option<String>,
    /// The longest to wait.
    pub within: Duration,
    /// The reader; none: whichever the token opens.
    pub via: Option<Reader>,
}

/// Mail within Microsoft 365 takes seconds; beyond this a person does not wait.
const WITHIN: Duration = Duration::from_mins(2);
/// More is a mistake in the unit.
const LONGEST: Duration = Duration::from_hours(1);

/// Reads the words; none where nobody wants the probe to be found.
pub(super) fn of(words: &Words, origins: &Origins) -> Result<Option<Confirm>, InputError> {
    let within = words.confirm_within.as_deref().map_or(Ok(WITHIN), |text| within(origins, text))?;
    let via = words.confirm_via.as_deref().map(|word| via(origins, word)).transpose()?;
    let mailbox = match words.confirm.as_deref() {
        None | Some("false" | "no" | "0") => return Ok(None),
        Some("true" | "yes" | "1") => None,
        Some(address) => Some(lint::address(&origins.of("confirm"), address)?),
    };
    Ok(Some(Confirm { mailbox, within, via }))
}

fn within(origins: &Origins, text: &str) -> Result<Duration, InputError> {
    duration(text).filter(|time| !time.is_zero() && *time <= LONGEST).ok_or_else(|| {
        let words = format!("is {}; it takes a time such as 30s or 2m, up to 60m", lint::shown(text));
        InputError::new(origins.of("confirm_within"), words)
    })
}

fn via(origins: &Origins, word: &str) -> Result<Reader, InputError> {
    word.parse().map_err(|e: String| {
        InputError::new(origins.of("confirm_via"), format!("is {}, which is no reader: {e}", lint::shown(word)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(confirm: &str, within: Option<&str>) -> Result<Option<Confirm>, InputError> {
        let words =
            Words { confirm: Some(confirm.to_owned()), confirm_within: within.map(str::to_owned), ..Words::default() };
        of(&words, &Origins::default())
    }

    #[test]
    fn a_mailbox_may_be_named_or_left_to_the_recipient() {
        assert_eq!(read("true", None).unwrap().unwrap().mailbox, None);
        assert_eq!(read("bob@contoso.test", None).unwrap().unwrap().mailbox.as_deref(), Some("bob@contoso.test"));
        assert_eq!(read("false", None).unwrap(), None);
        assert!(read("bob", None).is_err());
        assert!(read("true", Some("3h")).is_err() && read("true", Some("0s")).is_err());
        assert_eq!(read("true", Some("500ms")).unwrap().unwrap().within, Duration::from_millis(500));
    }
}

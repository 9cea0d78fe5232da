//! The scripts that an Exchange administrator pastes, and the filling in of the repairs of the
//! knowledge base.
//!
//! The templates beside this file are complete PowerShell blocks. A value reaches them only
//! through the filter `ps`, once, in an assignment at the top of the block; everything below uses
//! the variable. No value ever stands in a comment or between double quotes.
//!
//! What the scripts print is read back: `setup` prints the state it found as one flat line of JSON
//! (`kind` = [`PRIOR_KIND`]), which `undo` takes; `verify` prints one line of JSON (`kind` =
//! [`VERIFY_KIND`]) and changes nothing.

mod engine;
mod quote;
#[cfg(test)]
mod tests;

use minijinja::context;
use thiserror::Error;
use uuid::Uuid;

use engine::ENGINE;
pub use engine::fill;
pub use quote::{ps, sh};

/// The `kind` of the line that `setup` prints before it changes anything.
pub const PRIOR_KIND: &str = "o365doctor.exchange-prior";

/// The `kind` of the line that `verify` prints; the end of its template lists the fields.
///
/// A field is null where there was nothing to read; what Exchange refused to tell is in `unread`.
pub const VERIFY_KIND: &str = "o365doctor.exchange-verify";

/// Which of the three scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// Registers the application, gives it the mailbox, opens SMTP AUTH for that mailbox.
    Setup,
    /// Reads all of it back and changes nothing.
    Verify,
    /// Takes back what setup did, and only that.
    Undo,
}

/// What is filled into the scripts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// Name of the Exchange environment: `O365Default`, `O365USGovGCCHigh`, `O365USGovDoD` or
    /// `O365China`.
    pub environment: String,
    /// The organization: one of its domains, or its tenant id.
    pub tenant: String,
    /// The application (client) id.
    pub client_id: String,
    /// The object id of the enterprise application; never that of the app registration.
    pub object_id: Option<String>,
    /// Where `object_id` is from, as the end of a sentence: "the oid of an app-only token of this
    /// tenant".
    pub object_id_from: Option<String>,
    /// The mailbox that the application sends from.
    pub mailbox: String,
    /// The address in From, where it is not the mailbox's own.
    pub from: Option<String>,
    /// The name that the registration gets in Exchange.
    pub display_name: String,
    /// For undo: the line that setup printed, or a copied piece of its output around it.
    pub prior: Option<String>,
}

/// Why no script was made. Every text says what to change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// A character that could end a line, steer a terminal or show another order than it has.
    #[error(
        "{} holds U+{:04X} at byte {at}: control characters and characters that change the reading direction have no place in a command; type the value anew",
        name.unwrap_or("the value"), u32::from(*character)
    )]
    Character {
        /// Which value, where that is known.
        name: Option<&'static str>,
        /// Its place in the value, in bytes.
        at: usize,
        /// The character.
        character: char,
    },
    /// A value that the script can not do without.
    #[error("{name} is empty; the script needs it")]
    Empty {
        /// Which value.
        name: &'static str,
    },
    /// Not a GUID.
    #[error("{name} is no GUID like 11111111-2222-3333-4444-555555555555")]
    NotAGuid {
        /// Which value.
        name: &'static str,
    },
    /// Not an environment that Connect-ExchangeOnline knows.
    #[error("the Exchange environment is none of O365Default, O365USGovGCCHigh, O365USGovDoD and O365China")]
    Environment,
    /// Not what setup printed.
    #[error("the state before is not what setup printed: a line that starts with {{\"format\" and ends with }}")]
    Prior,
    /// The template itself is wrong.
    #[error("template: {0}")]
    Template(String),
}

/// Names of the environments for which Exchange Online exists, as Connect-ExchangeOnline has them.
const ENVIRONMENTS: [&str; 4] = ["O365Default", "O365USGovGCCHigh", "O365USGovDoD", "O365China"];

/// Read wrongly (as a file without byte order mark, by Windows PowerShell), this letter is another.
const PROBE_LETTER: &str = "\u{fc}";

/// One self-contained PowerShell script for the road `smtp`.
///
/// # Errors
///
/// [`Refused`] when a value is missing, is not of its form, or can not stand in a script.
pub fn smtp(part: Part, values: &Values) -> Result<String, Refused> {
    let prior = values.prior.as_deref().map(one_line).transpose()?;
    let prior = prior.as_deref();
    check(values, prior)?;
    let differs = |from: &&str| from.to_lowercase() != values.mailbox.to_lowercase();
    let from = values.from.as_deref().filter(differs).unwrap_or_default();
    let object_id_from = values.object_id_from.as_deref().unwrap_or_default();
    let prior = prior.unwrap_or_default();
    let (tenant, mailbox, display_name) = (&*values.tenant, &*values.mailbox, &*values.display_name);
    let free_text = [tenant, mailbox, display_name, from, object_id_from, prior];
    let page = context! {
        environment => &*values.environment,
        client_id => &*values.client_id,
        object_id => values.object_id.as_deref().unwrap_or_default(),
        tenant, mailbox, display_name, from, object_id_from, prior,
        ascii => free_text.iter().all(|text| text.is_ascii()),
        prior_kind => PRIOR_KIND,
        verify_kind => VERIFY_KIND,
        probe_letter => PROBE_LETTER,
    };
    let name = match part {
        Part::Setup => "exchange-setup.ps1",
        Part::Verify => "exchange-verify.ps1",
        Part::Undo => "exchange-undo.ps1",
    };
    Ok(ENGINE.get_template(name)?.render(page)?)
}

fn check(values: &Values, prior: Option<&str>) -> Result<(), Refused> {
    let client_id = ("the client id", Some(values.client_id.as_str()));
    let object_id = ("the object id", values.object_id.as_deref());
    let origin = values.object_id_from.as_deref();
    for (name, value) in [
        ("the tenant", Some(values.tenant.as_str())),
        ("the mailbox", Some(&values.mailbox)),
        ("the display name", Some(&values.display_name)),
        ("the From address", values.from.as_deref()),
        ("the origin of the object id", origin),
        ("the state before", prior),
        client_id,
        object_id,
    ] {
        let Some(value) = value else { continue };
        if value.trim().is_empty() {
            return Err(Refused::Empty { name });
        }
        quote::plain(value).map_err(|refused| refused.of(name))?;
    }
    for (name, value) in [client_id, object_id] {
        if value.is_some_and(|value| !is_guid(value)) {
            return Err(Refused::NotAGuid { name });
        }
    }
    if !ENVIRONMENTS.contains(&values.environment.as_str()) {
        return Err(Refused::Environment);
    }
    Ok(())
}

/// The only form that Exchange prints and takes; `Uuid` alone would also read braces and `urn:`.
fn is_guid(value: &str) -> bool {
    value.len() == 36 && Uuid::try_parse(value).is_ok()
}

/// The line of setup out of what was copied: a console may have wrapped it, and the lines around
/// it may have come along. No line break in it is its own.
pub(crate) fn one_line(copied: &str) -> Result<String, Refused> {
    let breaks = ['\r', '\n'];
    let joined: String = copied.split(breaks).collect();
    let opens = |(at, _): &(usize, &str)| joined[at + 1..].trim_start().starts_with("\"format\"");
    let start = joined.rmatch_indices('{').find(opens).map(|(at, _)| at);
    match (start, joined.rfind('}')) {
        (Some(start), Some(end)) if start < end => Ok(joined[start..=end].to_owned()),
        _ => Err(Refused::Prior),
    }
}

impl Refused {
    fn of(self, value: &'static str) -> Self {
        match self {
            Self::Character { at, character, .. } => Self::Character { name: Some(value), at, character },
            other => other,
        }
    }
}

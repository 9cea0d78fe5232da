//! The scripts that an administrator pastes, and the filling in of the repairs of the knowledge base.
//!
//! The templates beside this file are complete blocks of PowerShell (`.ps1`) or bash (`.sh`). A value
//! reaches them only through the filter `ps` or `sh`, once, in an assignment at the top of the block;
//! everything below uses the variable. No value ever stands in a comment or between double quotes.
//!
//! `table.rs` says which script there is for a road, a style, a part and a way.
//!
//! What the scripts print is read back: `setup` prints the state it found as one line of JSON
//! (`kind` = [`PRIOR_KIND`] or [`ENTRA_PRIOR_KIND`]), which `undo` takes; `verify` prints one line of
//! JSON (`kind` = [`VERIFY_KIND`] or [`ENTRA_VERIFY_KIND`]) and changes nothing.

mod engine;
mod page;
mod permissions;
mod quote;
mod table;
#[cfg(test)]
mod tests;
mod values;
mod wanted;

use thiserror::Error;

use crate::setup::shown;

use engine::ENGINE;
pub use engine::fill;
pub use quote::{ps, sh};
pub use values::Values;
pub use wanted::{Need, Part, Style, Target, Wanted, Way};

/// The `kind` of the line that `setup` prints before it changes anything in Exchange.
pub const PRIOR_KIND: &str = "o365doctor.exchange-prior";

/// The `kind` of the line that `setup` prints before it changes anything in Entra.
pub const ENTRA_PRIOR_KIND: &str = "o365doctor.entra-prior";

/// The `kind` of the line that `verify` prints; the end of its template lists the fields.
///
/// A field is null where there was nothing to read; what Exchange refused to tell is in `unread`.
pub const VERIFY_KIND: &str = "o365doctor.exchange-verify";

/// The `kind` of the line that `verify` prints of Entra.
pub const ENTRA_VERIFY_KIND: &str = "o365doctor.entra-verify";

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
    /// Not what a connector takes for the address of its host.
    #[error("{} is no IPv4 address and no range of /24 to /32; a connector takes nothing else", shown(value))]
    NoRange {
        /// The text.
        value: String,
    },
    /// Not what a connector takes for the name in a certificate.
    #[error("the connector's certificate name is no domain like mail.contoso.com or *.contoso.com")]
    NoCertificateName,
    /// Not what setup printed.
    #[error("the state before is not what setup printed: a line that starts with {{\"format\" and ends with }}")]
    Prior,
    /// The table has no such script.
    #[error("there is no script for {wanted}; what there is: {there_is}")]
    NoScript {
        /// What was asked for.
        wanted: String,
        /// What there is for the same road.
        there_is: String,
    },
    /// The template itself is wrong.
    #[error("template: {0}")]
    Template(String),
}

/// One self-contained script.
///
/// # Errors
///
/// [`Refused`] when there is no such script, or a value is missing, is not of its form, or can not stand in a script.
pub fn script(wanted: &Wanted, values: &Values) -> Result<String, Refused> {
    let found = wanted.found()?;
    if found.template == table::MANIFEST {
        return permissions::manifest(wanted.target, wanted.person);
    }
    let prior = values.prior.as_deref().map(one_line).transpose()?;
    values.check(prior.as_deref())?;
    for need in found.needs {
        let (name, empty) = match need {
            Need::ClientId => ("the client id", values.client_id.is_empty()),
            Need::Mailbox => ("the mailbox", values.mailbox.is_empty()),
            Need::Account => ("the account", values.account.is_none()),
            Need::Connector => {
                ("the connector's address", values.connector_ips.is_empty() && values.connector_cert.is_none())
            }
        };
        if empty {
            return Err(Refused::Empty { name });
        }
    }
    let page = page::of(wanted, found.way, values, prior.as_deref().unwrap_or_default())?;
    Ok(ENGINE.get_template(found.template)?.render(page)?)
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

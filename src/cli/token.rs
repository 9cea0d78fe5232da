//! `token`: an access token for another program, and nothing else on standard output.

use clap::Args;
use jiff::Timestamp;

use super::run::{self, Loaded};
use super::{Global, output};
use crate::observe;
use crate::plan::{self, Slice};
use crate::probes::xoauth2;
use crate::render::{self, Format};
use crate::report::Report;
use crate::road::Road;
use crate::setup::{CredentialWords, Identity, InputError, Need, Wants, duration, table_of};

/// Prints an access token for another program: from a person's sign-in, a secret, or whatever the set-up names
///
/// A person's token is taken from what is kept while it is good for some minutes more, and renewed otherwise; programs that
/// ask at once wait for each other. Standard output has the token alone, so that it can stand where a mail program runs a
/// command for its password. What goes wrong is said on standard error, and the exit code is 1.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    identity: Identity,
    #[command(flatten)]
    credential: CredentialWords,
    /// The road that the token is for [default: the first of the set-up]
    #[arg(long = "for", value_name = "ROAD")]
    road: Option<Road>,
    /// Print the login string of XOAUTH2 for this user, in base64, in the place of the token
    #[arg(long, value_name = "USER")]
    sasl: Option<String>,
    /// How long the token must be good at least [default: 5m; 10m for High Volume Email]
    #[arg(long, value_name = "TIME")]
    good_for: Option<String>,
}

/// What is left of a token that is used for a login now, in seconds (microsoft-facts D.2 and F: High Volume Email wants ten
/// minutes).
const GOOD_FOR: u64 = 5 * 60;
const GOOD_FOR_HVE: u64 = 10 * 60;

pub(super) async fn run(global: Global, arguments: Arguments) -> Result<u8, InputError> {
    let mut flags = table_of(&arguments.identity);
    flags.extend(table_of(&arguments.credential));
    run::insert(&mut flags, "roads", arguments.road.map(|road| road.to_string()));
    let need = if global.plan { Need::Kind } else { Need::Yes };
    let wants = Wants { credential: need, ..Wants::default() };
    let Loaded { setup, sandbox: _sandbox } = run::load(&global, flags, wants).await?;
    let road = setup.roads[0];
    let wants = road
        .wants()
        .ok_or_else(|| InputError::new("--for", format!("is {road}, where nobody logs in: the road takes no token")))?;
    let default = if road == Road::Hve { GOOD_FOR_HVE } else { GOOD_FOR };
    let good_for = match &arguments.good_for {
        None => default,
        Some(text) => {
            duration(text).ok_or_else(|| InputError::new("--good-for", "takes a time such as 300s or 10m"))?.as_secs()
        }
    };
    let user = arguments.sasl.as_deref().map(sasl_user).transpose()?;
    let slice = Slice { command: "token", token: true, ..Slice::default() };
    let plan = plan::make(&setup, slice, Timestamp::now())?;
    if global.plan {
        run::print_plan(&global, &setup, &plan);
        return Ok(0);
    }
    match observe::token(&setup, &plan, wants.resource, good_for).await? {
        Ok(token) => {
            let text = user.map_or_else(|| token.expose().to_owned(), |user| xoauth2(user, token.expose()));
            output::print(&format!("{text}\n"));
            Ok(0)
        }
        Err(visit) => {
            let report = Report::of(*visit, global.strict);
            output::note_lines(&render::report(&report, Format::Text, output::style(), global.verbose));
            Ok(1)
        }
    }
}

/// A user that can stand between the signs of the login string.
fn sasl_user(user: &str) -> Result<&str, InputError> {
    let sound = !user.is_empty() && !user.chars().any(char::is_control);
    sound.then_some(user).ok_or_else(|| InputError::new("--sasl", "is no user of a mailbox"))
}

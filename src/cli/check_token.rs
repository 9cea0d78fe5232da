//! `check-token`: gets or reads a token, decodes and verifies it, and says which roads it opens.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Global, run};
use crate::facts::Visit;
use crate::plan::Slice;
use crate::probes::Keys;
use crate::setup::config::read_text;
use crate::setup::{Credential, CredentialWords, Identity, InputError, Need, Setup, Wants, table_of};

/// Gets or reads an access token, decodes it, and says which roads it opens and what is missing
///
/// A token that was read is judged offline; --verify fetches the tenant's keys, --jwks reads them from a file.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    identity: Identity,
    #[command(flatten)]
    credential: CredentialWords,
    /// Verify a token that was read with the tenant's keys
    #[arg(long)]
    verify: bool,
    /// Verify with the keys of this file (a JSON Web Key Set); contacts nobody
    #[arg(long, value_name = "FILE", conflicts_with = "verify")]
    jwks: Option<PathBuf>,
    /// Round trip of the network put before the sandbox
    #[arg(long, value_name = "TIME", hide_short_help = true)]
    rtt: Option<String>,
}

pub(super) async fn run(global: Global, arguments: Arguments) -> Result<u8, InputError> {
    let mut flags = table_of(&arguments.identity);
    flags.extend(table_of(&arguments.credential));
    run::insert(&mut flags, "rtt", arguments.rtt);
    let wants = Wants { credential: Need::Yes, any_tenant: false, ..Wants::default() };
    let slice =
        move |_: &Setup| Slice { command: "check-token", verify: arguments.verify, token: true, ..Slice::default() };
    let Some(file) = arguments.jwks else { return run::run(&global, flags, wants, slice).await };
    let keys = read_keys(&file)?;
    run::run_with(&global, flags, wants, |setup| Ok(slice(setup)), |setup, visit| verify(setup, visit, &keys)).await
}

fn read_keys(file: &Path) -> Result<Keys, InputError> {
    let bad =
        |words: String| InputError::new("--jwks", format!("names {}, which {words}", crate::setup::shown_path(file)));
    let text = read_text("--jwks", file, false)?;
    let value = serde_json::from_str(&text).map_err(|e| bad(format!("is no JSON: {e}")))?;
    Ok(Keys::read(Some(value)))
}

fn verify(setup: &Setup, visit: &mut Visit, keys: &Keys) {
    let Some(Credential::Token { value, .. }) = &setup.credential else { return };
    for token in visit.facts.tokens.iter_mut().filter(|token| token.request.is_none()) {
        token.signature = keys.verify(value);
    }
}

//! `check-mailbox`: one credential on every road at once, side by side.

use clap::Args;

use super::{Global, run};
use crate::plan::Slice;
use crate::setup::{CredentialWords, Evidence, Identity, InputError, Need, Wants, table_of};

/// Logs in to the mailbox on every road at once, and says what the differences mean
///
/// Sends nothing: each road stops at its last harmless stage.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    identity: Identity,
    #[command(flatten)]
    credential: CredentialWords,
    #[command(flatten)]
    evidence: Evidence,
    /// Round trip of the network put before the sandbox
    #[arg(long, value_name = "TIME", hide_short_help = true)]
    rtt: Option<String>,
}

pub(super) async fn run(global: Global, arguments: Arguments) -> Result<u8, InputError> {
    let mut flags = table_of(&arguments.identity);
    flags.extend(table_of(&arguments.credential));
    flags.extend(table_of(&arguments.evidence));
    run::insert(&mut flags, "rtt", arguments.rtt);
    let wants =
        Wants { credential: Need::Yes, mailbox: true, exchange_state: true, with_login: true, ..Wants::default() };
    // Not even a profile that lets the probe mail leave unasked makes this command send.
    let slice = |_: &_| Slice { command: "check-mailbox", verify: true, token: true, talk: true, ..Slice::default() };
    run::run(&global, flags, wants, slice).await
}

//! `probe-send`: sends exactly one marked mail and says what became of it.

use clap::Args;

use super::{Global, run};
use crate::plan::{self, Slice};
use crate::setup::{
    Confirmation, CredentialWords, Evidence, Identity, InputError, Need, OtherServers, Probe, Setup, Wants, table_of,
};

/// Sends exactly one marked mail over one road, and says what became of it
///
/// Never sends twice. If the answer to the final dot gets lost, it says "unknown" and exits 1.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    identity: Identity,
    #[command(flatten)]
    credential: CredentialWords,
    #[command(flatten)]
    probe: Probe,
    #[command(flatten)]
    other_servers: OtherServers,
    #[command(flatten)]
    evidence: Evidence,
    #[command(flatten)]
    confirmation: Confirmation,
    /// Stop before DATA: nothing is sent
    #[arg(long, help_heading = "Probe mail")]
    dry_run: bool,
    /// Round trip of the network put before the sandbox
    #[arg(long, value_name = "TIME", hide_short_help = true)]
    rtt: Option<String>,
}

pub(super) async fn run(global: Global, arguments: Arguments) -> Result<u8, InputError> {
    let mut flags = table_of(&arguments.identity);
    flags.extend(table_of(&arguments.credential));
    flags.extend(table_of(&arguments.probe));
    flags.extend(table_of(&arguments.other_servers));
    flags.extend(table_of(&arguments.evidence));
    flags.extend(table_of(&arguments.confirmation));
    run::insert(&mut flags, "rtt", arguments.rtt);
    // One mail goes over one road: the one that was named, or the first of the profile's.
    let via = flags.get("via").and_then(|via| via.as_str()).map(str::to_owned);
    if let Some(via) = via {
        flags.insert("roads".to_owned(), toml::Value::String(via));
    }
    let wants = Wants { credential: Need::Yes, mailbox: true, to: true, exchange_state: true, ..Wants::default() };
    let dry_run = arguments.dry_run;
    let slice = |setup: &Setup| match setup.roads[..] {
        [road, ..] if plan::sends_over(road) => Ok(Slice {
            command: "probe-send",
            verify: true,
            token: true,
            talk: true,
            send: !dry_run,
            ..Slice::default()
        }),
        _ => Err(InputError::new(
            "--via",
            format!("names a road that no mail leaves over; these send: {}", plan::sending_roads()),
        )),
    };
    run::run_with(&global, flags, wants, slice, |_, _| ()).await
}

//! `checkup`: the whole checklist as one run with one report.

use clap::Args;

use super::{Global, run};
use crate::plan::Slice;
use crate::setup::{
    Confirmation, CredentialWords, Evidence, Identity, InputError, Need, OtherServers, Probe, Wants, table_of,
};

/// The whole checklist for one set-up: domain, login service, token, and each road
///
/// Sends nothing unless told so: without --send the dialogue ends after RCPT TO.
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
    /// Send one probe mail to --to
    #[arg(long, help_heading = "Probe mail")]
    send: bool,
    /// Domain to look up [default: the sender's]
    #[arg(long, value_name = "DOMAIN", help_heading = "Who and what")]
    domain: Option<String>,
    /// A DKIM selector to look at beside those of Microsoft 365; may come several times
    #[arg(long, value_name = "NAME", help_heading = "Who and what")]
    selector: Vec<String>,
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
    run::insert(&mut flags, "domain", arguments.domain);
    let selectors = Some(arguments.selector.join(",")).filter(|list| !list.is_empty());
    run::insert(&mut flags, "selector", selectors);
    run::insert(&mut flags, "rtt", arguments.rtt);
    let wants =
        Wants { credential: Need::Yes, mailbox: true, to: arguments.send, exchange_state: true, ..Wants::default() };
    let send = arguments.send;
    run::run(&global, flags, wants, |setup| Slice {
        command: "checkup",
        verify: true,
        token: true,
        talk: true,
        dns: true,
        send: send || setup.send,
        ..Slice::default()
    })
    .await
}

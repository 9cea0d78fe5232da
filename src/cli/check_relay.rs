//! `check-relay`: which of the roads without a login this very host can use, and whether submission is open to it.

use clap::Args;

use super::{Global, run};
use crate::plan::Slice;
use crate::setup::{ConnectorWords, InputError, Port25, Wants, table_of};

/// Asks port 25 from this very host whether it may relay or send directly, and says which road it can use
///
/// Sends nothing: each transaction is ended before DATA. Nobody logs in.
#[derive(Args)]
pub(super) struct Arguments {
    /// The sender's address, in a domain of the tenant [default: the mailbox]
    #[arg(long, value_name = "ADDRESS", help_heading = "Who and what")]
    from: Option<String>,
    /// A mailbox of the tenant, to be asked for
    #[arg(long, value_name = "ADDRESS", help_heading = "Who and what")]
    mailbox: Option<String>,
    /// An address outside of the tenant, to be asked for; it gets no mail
    #[arg(long, value_name = "ADDRESS", help_heading = "Who and what")]
    external: Option<String>,
    /// Domain whose MX record names the smart host [default: the sender's]
    #[arg(long, value_name = "DOMAIN", help_heading = "Who and what")]
    domain: Option<String>,
    /// Directory (tenant) id; or its initial domain, whose MX is asked where that of the domain is a gateway's
    #[arg(long, value_name = "GUID|DOMAIN", help_heading = "Who and what")]
    tenant: Option<String>,
    #[command(flatten, next_help_heading = "The connector, as it is set up")]
    connector: ConnectorWords,
    #[command(flatten, next_help_heading = "Port 25")]
    port25: Port25,
    /// Name to say in EHLO
    #[arg(long, value_name = "NAME", hide_short_help = true, help_heading = "Port 25")]
    helo: Option<String>,
    /// Round trip of the network put before the sandbox
    #[arg(long, value_name = "TIME", hide_short_help = true)]
    rtt: Option<String>,
}

pub(super) async fn run(global: Global, arguments: Arguments) -> Result<u8, InputError> {
    let mut flags = table_of(&arguments.port25);
    flags.extend(arguments.connector.table());
    let words = [
        ("from", arguments.from),
        ("mailbox", arguments.mailbox),
        ("external", arguments.external),
        ("domain", arguments.domain),
        ("tenant", arguments.tenant),
        ("helo", arguments.helo),
        ("rtt", arguments.rtt),
    ];
    for (word, value) in words {
        run::insert(&mut flags, word, value);
    }
    let wants = Wants { mailbox: true, port_25: true, ..Wants::default() };
    // Not even a profile that lets the probe mail leave unasked makes this command send.
    run::run(&global, flags, wants, |_| Slice { command: "check-relay", relay: true, ..Slice::default() }).await
}

//! `check-dns`: what a domain's records say.

use clap::Args;

use super::{Global, run};
use crate::plan::Slice;
use crate::setup::{InputError, Wants};

/// Looks up MX, SPF and DMARC of a domain, and evaluates what they mean for Microsoft 365
#[derive(Args)]
pub(super) struct Arguments {
    /// The domain [default: that of the profile's sender]
    #[arg(value_name = "DOMAIN")]
    name: Option<String>,
    /// The same, as a flag
    #[arg(long, value_name = "DOMAIN", conflicts_with = "name")]
    domain: Option<String>,
    /// Round trip of the network put before the sandbox
    #[arg(long, value_name = "TIME", hide_short_help = true)]
    rtt: Option<String>,
}

pub(super) async fn run(global: Global, arguments: Arguments) -> Result<u8, InputError> {
    let mut flags = toml::Table::new();
    run::insert(&mut flags, "domain", arguments.name.or(arguments.domain));
    run::insert(&mut flags, "rtt", arguments.rtt);
    let wants = Wants { domain: true, ..Wants::default() };
    run::run(&global, flags, wants, |_| Slice { command: "check-dns", dns: true, ..Slice::default() }).await
}

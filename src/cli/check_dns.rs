//! `check-dns`: what a domain's records say.

use clap::Args;

use super::{Global, run};
use crate::plan::Slice;
use crate::setup::{InputError, Wants};

/// Looks up MX, SPF, DKIM, DMARC, MTA-STS, TLS reports and DANE of a domain, and says what they mean
#[derive(Args)]
pub(super) struct Arguments {
    /// The domain [default: that of the profile's sender]
    #[arg(value_name = "DOMAIN")]
    name: Option<String>,
    /// The same, as a flag
    #[arg(long, value_name = "DOMAIN", conflicts_with = "name")]
    domain: Option<String>,
    /// The tenant that the domain is compared with [default: that of the profile]
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// A DKIM selector to look at beside those of Microsoft 365; may come several times
    #[arg(long, value_name = "NAME")]
    selector: Vec<String>,
    /// Address of a host that sends for the domain: is it allowed to?
    #[arg(long, value_name = "IP")]
    ip: Option<String>,
    /// Its envelope sender, or <> for a bounce [default: postmaster at the domain]
    #[arg(long, value_name = "ADDRESS", requires = "ip")]
    mail_from: Option<String>,
    /// The name that it says in HELO [default: the domain]
    #[arg(long, value_name = "NAME", requires = "ip")]
    helo: Option<String>,
    /// Round trip of the network put before the sandbox
    #[arg(long, value_name = "TIME", hide_short_help = true)]
    rtt: Option<String>,
}

pub(super) async fn run(global: Global, arguments: Arguments) -> Result<u8, InputError> {
    if global.replay.is_some() && arguments.ip.is_some() {
        let words = "asks the sender policy anew, and --replay judges what a recording holds";
        return Err(InputError::new("--ip", words));
    }
    let mut flags = toml::Table::new();
    run::insert(&mut flags, "domain", arguments.name.or(arguments.domain));
    let selectors = Some(arguments.selector.join(",")).filter(|list| !list.is_empty());
    run::insert(&mut flags, "selector", selectors);
    run::insert(&mut flags, "tenant", arguments.tenant);
    run::insert(&mut flags, "ip", arguments.ip);
    run::insert(&mut flags, "mail_from", arguments.mail_from);
    run::insert(&mut flags, "helo", arguments.helo);
    run::insert(&mut flags, "rtt", arguments.rtt);
    let wants = Wants { domain: true, ..Wants::default() };
    run::run(&global, flags, wants, |_| Slice { command: "check-dns", dns: true, ..Slice::default() }).await
}

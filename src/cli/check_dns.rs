//! `check-dns`: what a domain's records say.

use std::path::PathBuf;

use clap::Args;

use super::{Global, check_domains, run};
use crate::plan::Slice;
use crate::probes::Without;
use crate::setup::{InputError, Wants};

/// Looks up MX, SPF, DKIM, DMARC, MTA-STS, TLS reports and DANE of a domain or of a list, and says what they mean
#[derive(Args)]
pub(super) struct Arguments {
    /// The domain, or - for a list on standard input [default: that of the profile's sender]
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
    /// Do not fetch the policy of MTA-STS over HTTPS
    #[arg(long)]
    no_policies: bool,
    /// Do not ask the domain's own name servers, only the resolver
    #[arg(long)]
    no_name_servers: bool,
    /// Round trip of the network put before the sandbox
    #[arg(long, value_name = "TIME", hide_short_help = true)]
    rtt: Option<String>,
    #[command(flatten)]
    list: ListArguments,
}

/// Many domains: a line of results for each, as it finishes.
#[derive(Args)]
#[command(next_help_heading = "A list of domains")]
pub(super) struct ListArguments {
    /// File with one domain a line (blank lines and # comments are passed over); - for standard input. Each gets one line
    /// of results; a line that is no domain gets one that says so, and the run goes on and ends with 1
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "domain"])]
    pub(super) file: Option<PathBuf>,
    /// Domains that are looked at at once [default: 32]
    #[arg(long, value_name = "N")]
    pub(super) concurrency: Option<usize>,
    /// Write the results to a new file
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Go on with the file of --out: what it holds is not asked again
    #[arg(long)]
    pub(super) resume: bool,
}

impl Arguments {
    /// Whether it is about a list.
    pub(super) fn is_list(&self) -> bool {
        self.list.file.is_some() || self.name.as_deref() == Some("-")
    }
}

pub(super) async fn run(global: Global, arguments: Arguments) -> Result<u8, InputError> {
    if global.replay.is_some() && arguments.ip.is_some() {
        let words = "asks the sender policy anew, and --replay judges what a recording holds";
        return Err(InputError::new("--ip", words));
    }
    let is_list = arguments.is_list();
    let mut flags = toml::Table::new();
    let name = arguments.name.filter(|name| name != "-");
    run::insert(&mut flags, "domain", name.or(arguments.domain));
    let selectors = Some(arguments.selector.join(",")).filter(|list| !list.is_empty());
    run::insert(&mut flags, "selector", selectors);
    run::insert(&mut flags, "tenant", arguments.tenant);
    run::insert(&mut flags, "ip", arguments.ip);
    run::insert(&mut flags, "mail_from", arguments.mail_from);
    run::insert(&mut flags, "helo", arguments.helo);
    run::insert(&mut flags, "rtt", arguments.rtt);
    let without = Without { policies: arguments.no_policies, name_servers: arguments.no_name_servers };
    if is_list {
        only_for_one(&flags)?;
        return check_domains::run(&global, flags, arguments.list, without).await;
    }
    only_for_a_list(&arguments.list)?;
    let wants = Wants { domain: true, ..Wants::default() };
    run::run(&global, flags, wants, |_| Slice { command: "check-dns", dns: true, without, ..Slice::default() }).await
}

/// What is said of one domain's sender, or of its tenant, would be wrong of all the others.
fn only_for_one(flags: &toml::Table) -> Result<(), InputError> {
    let said = [("ip", "--ip"), ("tenant", "--tenant")].into_iter().find(|(word, _)| flags.contains_key(*word));
    said.map_or(Ok(()), |(_, flag)| Err(InputError::new(flag, "is for one domain; a list is looked up without it")))
}

fn only_for_a_list(list: &ListArguments) -> Result<(), InputError> {
    let said =
        [("--concurrency", list.concurrency.is_some()), ("--out", list.out.is_some()), ("--resume", list.resume)];
    match said.iter().find(|(_, said)| *said) {
        Some((flag, _)) => {
            Err(InputError::new(*flag, "is for a list of domains: --file FILE, or - for one on standard input"))
        }
        None => Ok(()),
    }
}

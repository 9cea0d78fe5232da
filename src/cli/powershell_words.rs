//! The words of `powershell` that say which script, and what is the matter with them.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::scripts::{Need, Part, Refused, Style, Target, Values, Wanted, Way};
use crate::setup::{Connector, ConnectorWords, InputError, Setup, is_missing};

/// Which script.
#[derive(Args)]
#[command(next_help_heading = "Which script")]
pub(super) struct Which {
    /// The road: smtp, imap, pop, graph, ews, relay, hve; or all, with --part verify
    #[arg(long = "for", value_name = "ROAD", value_enum, default_value = "smtp", hide_possible_values = true)]
    target: TargetName,
    /// Which of the three scripts
    #[arg(long, value_enum, default_value = "setup")]
    part: PartName,
    /// In what it is written
    #[arg(long, value_enum, default_value = "exchange")]
    style: StyleName,
    /// How the application gets its right [default: classic; for graph in the style exchange: rbac]
    #[arg(long, value_enum)]
    way: Option<WayName>,
    /// For a partner: the customer's organization, its initial domain or tenant id
    #[arg(long, value_name = "DOMAIN|GUID")]
    delegated_organization: Option<String>,
    #[command(flatten)]
    pub(super) connector: ConnectorWords,
    /// For hve: the account of High Volume Email, where it is not the mailbox
    #[arg(long, value_name = "ADDRESS")]
    pub(super) hve_account: Option<String>,
    /// For undo: the file that holds what setup printed first
    #[arg(long, value_name = "FILE")]
    pub(super) prior: Option<PathBuf>,
    /// For setup: the name of what is made [default: o365doctor and what it is]
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum TargetName {
    Smtp,
    Imap,
    Pop,
    Graph,
    Ews,
    Relay,
    Hve,
    All,
}

#[derive(Clone, Copy, ValueEnum)]
enum PartName {
    /// Tells the state before, and changes only what differs
    Setup,
    /// Reads all of it back, and changes nothing
    Verify,
    /// Takes back what setup did, and nothing else
    Undo,
}

#[derive(Clone, Copy, ValueEnum)]
enum StyleName {
    /// Exchange Online PowerShell: what Exchange needs
    Exchange,
    /// Microsoft Graph PowerShell: application, permission, consent
    Graph,
    /// The same in bash, with the Azure CLI and jq
    Az,
    /// The permission as JSON, for the manifest in the portal
    Manifest,
}

#[derive(Clone, Copy, ValueEnum)]
enum WayName {
    /// A permission of Entra; for smtp, imap, pop also Full Access
    Classic,
    /// RBAC for Applications: a role in Exchange, for one mailbox
    Rbac,
    /// A permission narrowed by an Application Access Policy
    Policy,
}

impl Which {
    /// The script that is wanted of this set-up.
    pub(super) fn wanted(&self, setup: &Setup) -> Wanted {
        let target = match self.target {
            TargetName::Smtp => Target::Smtp,
            TargetName::Imap => Target::Imap,
            TargetName::Pop => Target::Pop,
            TargetName::Graph => Target::Graph,
            TargetName::Ews => Target::Ews,
            TargetName::Relay => Target::Relay,
            TargetName::Hve => Target::Hve,
            TargetName::All => Target::All,
        };
        let way = self.way.map(|way| match way {
            WayName::Classic => Way::Classic,
            WayName::Rbac => Way::Rbac,
            WayName::Policy => Way::Policy,
        });
        let style = match self.style {
            StyleName::Exchange => Style::Exchange,
            StyleName::Graph => Style::Graph,
            StyleName::Az => Style::Az,
            StyleName::Manifest => Style::Manifest,
        };
        let part = match self.part {
            PartName::Setup => Part::Setup,
            PartName::Verify => Part::Verify,
            PartName::Undo => Part::Undo,
        };
        Wanted { target, style, part, way, person: setup.person }
    }

    /// Whether the object id of an application can be of use. What setup printed names the application, so undo needs none.
    pub(super) fn may_take_object_id(&self) -> bool {
        matches!(self.style, StyleName::Exchange)
            && !matches!(self.part, PartName::Undo)
            && !matches!(self.target, TargetName::Relay)
    }

    /// Whether there is such a script, it takes the words that were said, and has the values that it needs.
    pub(super) fn check(&self, wanted: &Wanted, setup: &Setup) -> Result<(), InputError> {
        let needs = wanted.needs().map_err(|e| match e {
            Refused::NoScript { wanted, there_is } => {
                let words = format!("asks for a script that there is not ({wanted}); there is {there_is}");
                InputError::new("--for", words)
            }
            other => InputError::new("--for", other.to_string()),
        })?;
        self.stray(wanted)?;
        if setup.tenant.is_none() && wanted.style != Style::Manifest {
            return Err(is_missing("tenant"));
        }
        let connector = self.connector_of(setup);
        for need in needs {
            match need {
                Need::ClientId if setup.client_id.is_none() => return Err(is_missing("client_id")),
                Need::Mailbox if setup.mailbox.is_none() => return Err(is_missing("mailbox")),
                Need::Account if setup.hve_account.is_none() && setup.mailbox.is_none() => {
                    return Err(is_missing("hve_account"));
                }
                Need::Connector if connector.ips.is_empty() && connector.certificate.is_none() => {
                    let words =
                        "or --connector-cert is missing: a connector knows its host by an address or a certificate";
                    return Err(InputError::new("--connector-ip", words));
                }
                Need::Connector if !connector.ips.is_empty() && connector.certificate.is_some() => {
                    let words = "stands beside --connector-cert; one connector is made, which knows its host by one of \
                                 the two";
                    return Err(InputError::new("--connector-ip", words));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// How the connector is to know its host. What is said here stands in the place of what the profile says.
    fn connector_of(&self, setup: &Setup) -> Connector {
        let said = self.connector.table();
        let mut connector = setup.connector.clone();
        match (said.contains_key("connector_ip"), said.contains_key("connector_cert")) {
            (true, false) => connector.certificate = None,
            (false, true) => connector.ips.clear(),
            _ => {}
        }
        connector
    }

    /// Words that this script has no use for.
    fn stray(&self, wanted: &Wanted) -> Result<(), InputError> {
        let setup = wanted.part == Part::Setup;
        let relay = setup && wanted.target == Target::Relay;
        let connector = self.connector.table();
        let hve = matches!(wanted.target, Target::Hve | Target::All) && wanted.style == Style::Exchange;
        let rows = [
            (self.prior.is_some() && wanted.part != Part::Undo, "--prior", "--part undo"),
            (connector.contains_key("connector_ip") && !relay, "--connector-ip", "--for relay --part setup"),
            (connector.contains_key("connector_cert") && !relay, "--connector-cert", "--for relay --part setup"),
            (self.hve_account.is_some() && !hve, "--hve-account", "--for hve or all in the style exchange"),
            (self.display_name.is_some() && !makes_something(wanted), "--display-name", "a setup that makes something"),
            (
                self.delegated_organization.is_some() && wanted.style == Style::Manifest,
                "--delegated-organization",
                "the styles exchange, graph and az",
            ),
        ];
        rows.iter().find(|(stray, ..)| *stray).map_or(Ok(()), |(_, flag, of)| {
            Err(InputError::new(*flag, format!("is for {of}; the script of {wanted} has no use for it")))
        })
    }

    /// What is filled in, but for the application's object id.
    pub(super) fn values(&self, wanted: &Wanted, setup: &Setup, prior: Option<String>) -> Values {
        let named = setup.hve_account.clone();
        let account = if wanted.target == Target::Hve { named.or_else(|| setup.mailbox.clone()) } else { named };
        let name = match wanted.target {
            Target::Relay => "o365doctor relay",
            Target::Hve => "o365doctor high volume mail",
            _ => "o365doctor mail application",
        };
        let connector = self.connector_of(setup);
        Values {
            environment: setup.cloud.exchange_environment.clone(),
            tenant: setup.tenant.clone().unwrap_or_default(),
            client_id: setup.client_id.clone().unwrap_or_default(),
            mailbox: setup.mailbox.clone().unwrap_or_default(),
            from: setup.from.clone(),
            account,
            display_name: self.display_name.clone().unwrap_or_else(|| name.to_owned()),
            delegated_organization: self.delegated_organization.clone(),
            connector_ips: connector.ips.iter().map(ToString::to_string).collect(),
            connector_cert: connector.certificate,
            prior,
            ..Values::default()
        }
    }
}

/// Whether the script makes something that has a name.
fn makes_something(wanted: &Wanted) -> bool {
    let switches_alone = wanted.person || wanted.target == Target::Ews && wanted.way() == Ok(Way::Classic);
    let made = match wanted.style {
        Style::Exchange => !switches_alone || wanted.target == Target::Relay,
        Style::Graph | Style::Az => true,
        Style::Manifest => false,
    };
    wanted.part == Part::Setup && made
}

/// Whether the script holds the application's object id.
pub(super) fn takes_object_id(wanted: &Wanted) -> bool {
    let reads = wanted.part == Part::Verify && wanted.target != Target::Hve;
    let registers = makes_something(wanted) && wanted.way() != Ok(Way::Policy);
    wanted.style == Style::Exchange && !wanted.person && wanted.target != Target::Relay && (reads || registers)
}

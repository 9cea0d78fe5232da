//! The flags that say a set-up, in groups, and the names that they share with the environment and a profile.

use std::collections::BTreeMap;

use clap::{Args, CommandFactory as _, Parser};
use serde::Serialize;
use toml::{Table, Value};

/// Who sends, from where, to whom.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Who and what")]
pub struct Identity {
    /// Directory (tenant) id or a domain of the tenant
    #[arg(long, value_name = "GUID|DOMAIN")]
    tenant: Option<String>,
    /// Application (client) id of the app registration
    #[arg(long, value_name = "GUID")]
    client_id: Option<String>,
    /// The mailbox that sends
    #[arg(long, value_name = "ADDRESS")]
    mailbox: Option<String>,
    /// Sender address, where it is not the mailbox's own
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// Object id of the enterprise application, to be compared
    #[arg(long, value_name = "GUID")]
    object_id: Option<String>,
    /// The roads to look at: all, or some of smtp,graph,ews,imap,pop,hve,relay,direct
    #[arg(long, value_name = "ROADS")]
    roads: Option<String>,
    /// Scope of the token request, where it is not the road's own: RESOURCE/.default, or a person's named scopes
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
}

/// Where the credential comes from. Can not be shown: it may hold the secret itself.
#[derive(Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Credential (one source)")]
pub struct CredentialWords {
    /// How the program proves who it is
    #[arg(long, value_name = "KIND", value_parser = ["secret", "certificate", "federated", "managed", "delegated", "token"])]
    auth: Option<String>,
    /// The client secret itself; other users of this computer can see it
    #[arg(long, value_name = "VALUE", hide_short_help = true)]
    client_secret: Option<String>,
    /// File that holds the client secret
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<String>,
    /// Command that prints the client secret, as in 'pass show mail/app'
    #[arg(long, value_name = "COMMAND")]
    client_secret_command: Option<String>,
    /// Read the client secret from standard input
    #[arg(long)]
    client_secret_stdin: bool,
    /// The client secret really is a GUID
    #[arg(long, hide_short_help = true)]
    allow_guid_secret: bool,
    /// File with the application's certificate: PEM, or PKCS#12 (.pfx, .p12) with its key
    #[arg(long, value_name = "FILE")]
    certificate: Option<String>,
    /// PEM file of the certificate's private key, where it is another
    #[arg(long, value_name = "FILE")]
    key: Option<String>,
    /// File that holds the password of the private key or of the PKCS#12 file
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    key_password_file: Option<String>,
    /// Command that prints that password
    #[arg(long, value_name = "COMMAND", hide_short_help = true)]
    key_password_command: Option<String>,
    /// How the assertion is signed: ps256, or the older rs256 [default: ps256]
    #[arg(long, value_name = "ALG", value_parser = ["ps256", "rs256"], hide_short_help = true)]
    assertion_alg: Option<String>,
    /// File that holds the token of a trusted issuer; read anew for each request
    #[arg(long, value_name = "FILE")]
    assertion_file: Option<String>,
    /// Command that prints the token of a trusted issuer
    #[arg(long, value_name = "COMMAND")]
    assertion_command: Option<String>,
    /// Ask GitHub Actions for its token (the job needs id-token: write)
    #[arg(long)]
    assertion_github: bool,
    /// The identity of this machine: system, client:GUID, object:GUID or resource:/subscriptions/…
    #[arg(long, value_name = "IDENTITY")]
    managed_identity: Option<String>,
    /// File that holds an access token or an XOAUTH2 string; - for standard input
    #[arg(long, value_name = "FILE")]
    token_file: Option<String>,
    /// Command that prints an access token
    #[arg(long, value_name = "COMMAND")]
    token_command: Option<String>,
    #[command(flatten)]
    #[serde(flatten)]
    sign_in: SignInWords,
}

/// A person's sign-in: whose it is, and where it is kept.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "A person's sign-in")]
pub struct SignInWords {
    /// The person who signs in, where several do to one application
    #[arg(long, value_name = "ADDRESS", hide_short_help = true)]
    account: Option<String>,
    /// Where sign-ins are kept: a folder, keyring, or command:COMMAND [default: a folder of the user's own]
    #[arg(long, value_name = "PLACE", hide_short_help = true)]
    store: Option<String>,
}

/// Where the run goes and how long it may take.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Network")]
pub struct Network {
    /// worldwide, gcc-high, dod, china, sandbox[=SCENARIO], or a [cloud.NAME] of the configuration
    #[arg(long, value_name = "CLOUD", global = true)]
    cloud: Option<String>,
    /// The longest that one conversation with a server may take [default: 60s]
    #[arg(long, value_name = "TIME", global = true)]
    timeout: Option<String>,
    /// DNS server to ask instead of the system's
    #[arg(long, value_name = "IP:PORT", global = true)]
    resolver: Option<String>,
    /// PEM file of certificate authorities to trust besides the system's
    #[arg(long, value_name = "FILE", global = true)]
    ca_file: Option<String>,
    /// Proxy for HTTPS and, by CONNECT or SOCKS5, for the mail ports
    #[arg(long, value_name = "URL", global = true)]
    proxy: Option<String>,
}

/// The probe mail.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Probe mail")]
pub struct Probe {
    /// Recipient of the probe mail
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// Road that the probe takes
    #[arg(long, value_name = "ROAD")]
    via: Option<String>,
    /// Over Graph: send the message as MIME, not as JSON
    #[arg(long)]
    mime: bool,
    /// Go no further than this
    #[arg(long, value_name = "STAGE", value_parser = ["connect", "banner", "ehlo", "starttls", "auth", "mail", "rcpt"])]
    stop_after: Option<String>,
    /// Name to say in EHLO
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    helo: Option<String>,
}

/// The servers beside the mailbox's own: port 25 of the tenant's mail exchanger, and High Volume Email.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Port 25 and High Volume Email")]
pub struct OtherServers {
    #[command(flatten)]
    #[serde(flatten)]
    port25: Port25,
    /// Account of High Volume Email, where it is not the mailbox
    #[arg(long, value_name = "ADDRESS", hide_short_help = true)]
    hve_account: Option<String>,
}

/// Port 25 of the tenant's mail exchanger.
#[derive(Debug, Clone, Default, Args, Serialize)]
pub struct Port25 {
    /// The tenant's mail exchanger, where it is not the one of the MX record
    #[arg(long, value_name = "HOST[:PORT]", hide_short_help = true)]
    smart_host: Option<String>,
    /// Address of this computer to call port 25 from
    #[arg(long, value_name = "IP", hide_short_help = true)]
    source_address: Option<String>,
    /// PEM file of the certificate that the connector knows, its chain behind it
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    relay_certificate: Option<String>,
    /// PEM file of its private key, where it is another
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    relay_key: Option<String>,
}

/// The inbound connector as its owner describes it.
#[derive(Debug, Clone, Default, Args)]
pub struct ConnectorWords {
    /// IPv4 address or range (/24 to /32) that the connector knows; may come several times
    #[arg(long, value_name = "IP|CIDR")]
    connector_ip: Vec<String>,
    /// Name in the certificate that the connector knows, as in mail.contoso.com or *.contoso.com
    #[arg(long, value_name = "NAME")]
    connector_cert: Option<String>,
}

impl ConnectorWords {
    /// The words as a table; several addresses have commas between them, as in a profile's list.
    pub fn table(&self) -> Table {
        let ips = Some(self.connector_ip.join(",")).filter(|list| !list.is_empty());
        let words = [("connector_ip", ips), ("connector_cert", self.connector_cert.clone())];
        words.into_iter().filter_map(|(word, value)| Some((word.to_owned(), Value::String(value?)))).collect()
    }
}

/// What others saw, to be laid beside what the run sees.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Evidence")]
pub struct Evidence {
    /// What the script of powershell --part verify printed
    #[arg(long, value_name = "FILE")]
    exchange_state: Option<String>,
}

/// Finding the probe again.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Finding the probe again")]
pub struct Confirmation {
    /// Look for the probe in a mailbox afterwards, and read what the receiving side wrote [default: the recipient's]
    #[arg(long, value_name = "MAILBOX", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    confirm: Option<String>,
    /// The longest to wait for it [default: 2m]
    #[arg(long, value_name = "TIME")]
    confirm_within: Option<String>,
    /// How to look: graph, imap or ews [default: as the rights in the token allow]
    #[arg(long, value_name = "READER")]
    confirm_via: Option<String>,
}

/// A group of flags as a table, without what was not said.
pub fn table_of(flags: &impl Serialize) -> Table {
    let value = Value::try_from(flags).unwrap_or_else(|_| Value::Table(Table::new()));
    let Value::Table(mut table) = value else { return Table::new() };
    table.retain(|_, value| value.as_bool() != Some(false));
    table
}

/// A word as its flag.
pub(super) fn flag(word: &str) -> String {
    if word == "token" {
        return "O365DOCTOR_TOKEN".to_owned();
    }
    format!("--{}", word.replace('_', "-"))
}

/// Words that stand in the environment or in a profile but are no flag: a token on the command line would be
/// seen in the process list for its whole life.
const NO_FLAG: [&str; 2] = ["token", "send"];

#[derive(Parser)]
struct AllFlags {
    #[command(flatten)]
    _identity: Identity,
    #[command(flatten)]
    _credential: CredentialWords,
    #[command(flatten)]
    _network: Network,
    #[command(flatten)]
    _probe: Probe,
    #[command(flatten)]
    _other_servers: OtherServers,
    #[command(flatten)]
    _evidence: Evidence,
    #[command(flatten)]
    _confirmation: Confirmation,
    #[arg(long)]
    _domain: Option<String>,
}

/// The names of all words, in `snake_case`, each with whether it is a switch.
pub(super) fn names() -> BTreeMap<String, bool> {
    let command = AllFlags::command();
    let mut names: BTreeMap<String, bool> = command
        .get_arguments()
        .filter_map(|arg| Some((arg.get_long()?.replace('-', "_"), !arg.get_action().takes_values())))
        .filter(|(name, _)| name != "help")
        .collect();
    names.remove("_domain");
    names.insert("domain".to_owned(), false);
    for word in ["selector", "external", "connector_ip", "connector_cert"] {
        names.insert(word.to_owned(), false);
    }
    names.extend(NO_FLAG.map(|name| (name.to_owned(), name == "send")));
    names
}

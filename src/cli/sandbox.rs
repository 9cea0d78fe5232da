//! `sandbox`: the tenant in the foreground, for any client.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::output::{note, print};
use super::{Global, run};
use crate::cloud::EWS_PATH;
use crate::facts::FORMAT;
use crate::render::Format;
use crate::sandbox::{self, Folder, Options, Ports, Sandbox, scenarios};
use crate::setup::InputError;

/// Runs a Microsoft 365 tenant on this computer, for any program to talk to
///
/// Prints its ids, its invented secret, the password of its people, and its addresses, writes its CA certificate and a profile, and ends on Ctrl-C.
/// Nothing of it is trusted by this computer: name its CA file to the program that talks to it, and to no other.
#[derive(Args)]
pub(super) struct Arguments {
    /// The fault to start with
    #[arg(value_name = "SCENARIO", default_value = "")]
    scenario: String,
    /// List the scenarios
    #[arg(long)]
    list: bool,
    /// Where to write the CA certificate and the profile [default: a temporary folder, removed at the end]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// auto, standard, or some of login=PORT,smtp=PORT,mx=PORT,hve=PORT,imap=PORT,pop=PORT,dns=PORT,imds=PORT
    #[arg(long, value_name = "PORTS", default_value = "auto")]
    ports: String,
    /// Address to listen on
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    bind: Ipv4Addr,
    /// Round trip of the network put in between
    #[arg(long, value_name = "TIME", default_value = "0")]
    rtt: String,
    /// How many tenants it holds
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1000))]
    tenants: u16,
}

pub(super) async fn run(global: Global, arguments: Arguments) -> Result<u8, InputError> {
    if arguments.list {
        print(
            &scenarios()
                .iter()
                .map(|scenario| format!("{:<28} {}\n", scenario.name, scenario.title))
                .collect::<String>(),
        );
        return Ok(0);
    }
    let scenario = run::scenario(&arguments.scenario)?;
    let rtt = crate::setup::duration(&arguments.rtt)
        .ok_or_else(|| InputError::new("--rtt", format!("is `{}`; it takes a time such as 50ms", arguments.rtt)))?;
    let ports = ports(&arguments.ports)?;
    if !arguments.bind.is_loopback() {
        note(&format!(
            "warning: {} can be reached from other computers; the sandbox is made for this one",
            arguments.bind
        ));
    }
    let options = Options { bind: arguments.bind, ports, rtt, tenants: usize::from(arguments.tenants) };
    let mut sandbox = sandbox::start(scenario, &options)
        .await
        .map_err(|e| InputError::new("--ports", format!("can not be listened on: {e}")))?;
    let folder = folder(arguments.dir)?;
    let files = write_files(&sandbox, &folder, options.tenants)?;
    announce(&sandbox, global.format(), &files);
    sandbox.ended().await;
    Ok(0)
}

fn ports(text: &str) -> Result<Ports, InputError> {
    let bad = |part: &str| {
        InputError::new(
            "--ports",
            format!(
                "holds `{part}`; it takes auto, standard, or some of login, smtp, mx, hve, imap, pop, dns and imds, each =PORT"
            ),
        )
    };
    match text {
        "auto" => return Ok(Ports::default()),
        "standard" => return Ok(Ports::STANDARD),
        _ => {}
    }
    let mut ports = Ports::default();
    for part in text.split(',') {
        let (name, port) = part.split_once('=').ok_or_else(|| bad(part))?;
        let port = port.parse().map_err(|_| bad(part))?;
        match name {
            "login" | "graph" | "ews" => ports.login = port,
            "smtp" => ports.smtp = port,
            "mx" => ports.mx = port,
            "hve" => ports.hve = port,
            "imap" => ports.imap = port,
            "pop" => ports.pop = port,
            "dns" => ports.dns = port,
            "imds" => ports.imds = port,
            _ => return Err(bad(part)),
        }
    }
    Ok(ports)
}

/// What the verifying script would print, beside the profile.
const STATE_FILE: &str = "exchange-state.json";

struct Files {
    ca: PathBuf,
    profile: PathBuf,
    exchange_state: PathBuf,
}

/// The folder that was named, or a temporary one.
fn folder(named: Option<PathBuf>) -> Result<Folder, InputError> {
    let shown = named.as_ref().map_or("a temporary folder".to_owned(), |path| path.display().to_string());
    let made = named.map_or_else(Folder::temporary, Folder::named);
    made.map_err(|e| InputError::new("--dir", format!("names {shown}, which can not be made: {e}")))
}

fn write_files(sandbox: &Sandbox, folder: &Folder, tenants: usize) -> Result<Files, InputError> {
    let write = |name: &str, text: &str| {
        folder.write(name, text).map_err(|e| {
            InputError::new("--dir", format!("{} can not be written: {e}", folder.path().join(name).display()))
        })
    };
    Ok(Files {
        ca: write("ca.pem", sandbox.ca_pem())?,
        exchange_state: write(STATE_FILE, &sandbox.exchange_state())?,
        profile: write("o365doctor.toml", &profile(sandbox, tenants))?,
    })
}

/// A configuration file for the sandbox: its addresses as a cloud, and a profile for each tenant.
fn profile(sandbox: &Sandbox, tenants: usize) -> String {
    use toml::{Table, Value};
    let cloud = sandbox.cloud();
    let text = |value: &str| Value::String(value.to_owned());
    let mut table = Table::new();
    table.insert("login".to_owned(), text(cloud.login.as_str().trim_end_matches('/')));
    table.insert("graph".to_owned(), text(cloud.graph.as_str().trim_end_matches('/')));
    table.insert("ews".to_owned(), text(cloud.ews.as_str()));
    table.insert("smtp".to_owned(), text(&cloud.smtp.to_string()));
    table.insert("imap".to_owned(), text(&cloud.imap.to_string()));
    table.insert("pop".to_owned(), text(&cloud.pop.to_string()));
    table.insert("mx_port".to_owned(), Value::Integer(cloud.mx_port.into()));
    table.extend(cloud.hve.as_ref().map(|hve| ("hve".to_owned(), text(&hve.to_string()))));
    table.extend(cloud.consumer_smtp.as_ref().map(|smtp| ("consumer_smtp".to_owned(), text(&smtp.to_string()))));
    table.insert("imds".to_owned(), text(cloud.imds.as_str().trim_end_matches('/')));
    table.insert("dns".to_owned(), text(&sandbox.addresses().dns.to_string()));
    let name_server_port = cloud.name_server_port.unwrap_or_default();
    table.insert("name_server_port".to_owned(), Value::Integer(name_server_port.into()));
    table.insert("ca_file".to_owned(), text("ca.pem"));
    table.insert("mx_suffixes".to_owned(), Value::Array(cloud.mx_suffixes.iter().map(|s| text(s)).collect()));
    table.insert("spf_include".to_owned(), text(&cloud.spf_include));
    table.insert("dkim_suffixes".to_owned(), Value::Array(cloud.dkim_suffixes.iter().map(|s| text(s)).collect()));
    table.insert("autodiscover".to_owned(), text(&cloud.autodiscover));
    table.insert("mta_sts_port".to_owned(), Value::Integer(i64::from(cloud.mta_sts_port)));
    let mut profiles = Table::new();
    for n in 0..tenants {
        let mut words = if n == 0 { sandbox.profile() } else { sandbox.profile_of(n) };
        words.insert("cloud".to_owned(), text("local-sandbox"));
        // Variables are no words of a profile; they are printed beside it.
        words.remove("environment");
        if let Some(state) = words.get_mut("exchange_state") {
            *state = text(STATE_FILE);
        }
        // What people sign in for here lies beside it, and goes with it.
        words.entry("store").or_insert_with(|| text("sign-ins"));
        let probe: Table =
            ["to", "send"].iter().filter_map(|key| Some(((*key).to_owned(), words.remove(*key)?))).collect();
        words.insert("probe".to_owned(), Value::Table(probe));
        profiles.insert(if n == 0 { "sandbox".to_owned() } else { format!("sandbox{n}") }, Value::Table(words));
    }
    let mut file = Table::new();
    file.insert("default".to_owned(), text("sandbox"));
    file.insert(
        "cloud".to_owned(),
        Value::Table(Table::from_iter([("local-sandbox".to_owned(), Value::Table(table))])),
    );
    file.insert("profile".to_owned(), Value::Table(profiles));
    toml::to_string(&file).unwrap_or_default()
}

fn announce(sandbox: &Sandbox, format: Format, files: &Files) {
    let addresses = sandbox.addresses();
    let login = format!("https://localhost:{}", addresses.login.port());
    let servers: Vec<String> = sandbox.name_servers().iter().map(ToString::to_string).collect();
    let known = |word: &str| Some(sandbox.word(word)).filter(|value| !value.is_empty());
    let words = json!({
        "format": FORMAT,
        "login": login,
        "graph": login,
        "ews": format!("{login}{EWS_PATH}"),
        "mx": format!("localhost:{}", addresses.mx.port()),
        "hve": format!("localhost:{}", addresses.hve.port()),
        "smtp": format!("localhost:{}", addresses.smtp.port()),
        "imap": format!("localhost:{}", addresses.imap.port()),
        "pop": format!("localhost:{}", addresses.pop.port()),
        "dns": addresses.dns.to_string(),
        // Of each domain, where the system has addresses for them.
        "name_servers": (!servers.is_empty()).then(|| servers.join(", ")),
        "imds": format!("http://localhost:{}", addresses.imds.port()),
        "tenant_id": sandbox.word("tenant"),
        "client_id": sandbox.word("client_id"),
        "client_secret": known("client_secret"),
        // Of every person in it, unless the scenario says otherwise.
        "password": sandbox.password(),
        // Of a person who has signed in, in the place of the secret.
        "token": known("token"),
        "object_id": known("object_id"),
        "mailbox": sandbox.word("mailbox"),
        "domain": sandbox.word("domain"),
        "ca_file": files.ca,
        "profile_file": files.profile,
        "exchange_state_file": files.exchange_state,
    });
    if format == Format::Json {
        print(&format!("{words}\n"));
        return;
    }
    let mut text = String::from("A Microsoft 365 tenant listens on this computer. Ctrl-C ends it.\n\n");
    for (name, value) in
        words.as_object().into_iter().flatten().filter(|(name, value)| *name != "format" && !value.is_null())
    {
        text.push_str(&format!("{name:<20} {}\n", value.as_str().unwrap_or_default()));
    }
    if servers.is_empty() {
        text.push_str(
            "\nThe domains' name servers can not be asked: the addresses behind this one are not to be had.\n",
        );
    }
    text.push_str(&format!("\nTry: o365doctor checkup --config {}\n", files.profile.display()));
    print(&text);
}

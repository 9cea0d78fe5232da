//! What the checking sub-commands share: from words to set-up, plan, visit, report.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use toml::Table;

use super::Global;
use super::output::{self, Spinners};
use crate::facts::{FORMAT, Visit};
use crate::kb::cause;
use crate::observe;
use crate::plan::{self, Plan, Slice};
use crate::render::{self, Format};
use crate::report::Report;
use crate::sandbox::{self, Sandbox, Scenario};
use crate::setup::{InputError, Layers, Need, Setup, Wants, table_of};
use crate::share;

/// A recording is some tens of kilobytes; more is not one of ours.
const LONGEST_RECORDING: u64 = 16 * 1024 * 1024;

/// A set-up, and the sandbox that was started for it.
pub(super) struct Loaded {
    pub(super) setup: Setup,
    pub(super) sandbox: Option<Sandbox>,
}

/// Lays the flags of a sub-command over environment and configuration; starts the sandbox where it is the cloud.
pub(super) async fn load(global: &Global, mut flags: Table, wants: Wants) -> Result<Loaded, InputError> {
    flags.extend(table_of(&global.network));
    let rtt = flags.remove("rtt").and_then(|text| crate::setup::duration(text.as_str()?)).unwrap_or_default();
    let options = repeated(global, &flags);
    let layers = Layers::gather(flags, global.profile.as_deref(), global.config.as_deref())?;
    let Some(name) = layers.sandbox() else {
        let setup = Setup { options, ..layers.load(wants, None)? };
        return Ok(Loaded { setup, sandbox: None });
    };
    let scenario = scenario(&name)?;
    let network = sandbox::Options { rtt, ..sandbox::Options::default() };
    let started = sandbox::start(scenario, &network).await;
    let sandbox = started.map_err(|e| InputError::new("the sandbox", format!("can not be started: {e}")))?;
    let setup = Setup { options, ..layers.load(wants, Some((sandbox.cloud(), sandbox.profile())))? };
    Ok(Loaded { setup, sandbox: Some(sandbox) })
}

/// Words of the command line without which a run is another one.
const SAID_AGAIN: [&str; 22] = [
    "cloud",
    "resolver",
    "ca_file",
    "tenant",
    "client_id",
    "mailbox",
    "from",
    "auth",
    "account",
    "store",
    "selector",
    "ip",
    "mail_from",
    "helo",
    "smart_host",
    "source_address",
    "relay_certificate",
    "relay_key",
    "hve_account",
    "external",
    "connector_ip",
    "connector_cert",
];

/// What was said on the command line and must be said again to repeat the run. A credential is not among it, nor a proxy,
/// whose address may hold one.
fn repeated(global: &Global, flags: &Table) -> Vec<(String, String)> {
    said_again(global.config.as_deref(), global.profile.as_deref(), flags)
}

/// The same, of a configuration file and a profile that were named.
pub(super) fn said_again(config: Option<&Path>, profile: Option<&str>, flags: &Table) -> Vec<(String, String)> {
    let config = config.map(|file| ("--config".to_owned(), file.display().to_string()));
    let profile = profile.map(|name| ("--profile".to_owned(), name.to_owned()));
    // The name in HELO is a word of the probe too, which the commands that only look do not take.
    let said_again = SAID_AGAIN.into_iter().filter(|word| *word != "helo" || flags.contains_key("ip"));
    let words = said_again.filter_map(|word| {
        let value = flags.get(word)?.as_str()?.to_owned();
        Some((format!("--{}", word.replace('_', "-")), value))
    });
    config.into_iter().chain(profile).chain(words).collect()
}

/// The scenario of this name.
pub(super) fn scenario(name: &str) -> Result<Scenario, InputError> {
    Scenario::named(name).ok_or_else(|| {
        let words = format!("names the scenario `{name}`, which there is not; o365doctor sandbox --list shows them");
        InputError::new("--cloud", words).because(&cause::SANDBOX_SCENARIO_UNKNOWN)
    })
}

/// Plans, observes, judges and prints; or prints the plan; or judges a recording. The exit code.
pub(super) async fn run(
    global: &Global,
    flags: Table,
    wants: Wants,
    slice: impl Fn(&Setup) -> Slice,
) -> Result<u8, InputError> {
    run_with(global, flags, wants, |setup| Ok(slice(setup)), |_, _| ()).await
}

/// The same, where a set-up may still be refused, and with something done to what was seen before it is judged.
pub(super) async fn run_with(
    global: &Global,
    flags: Table,
    wants: Wants,
    slice: impl Fn(&Setup) -> Result<Slice, InputError>,
    amend: impl Fn(&Setup, &mut Visit),
) -> Result<u8, InputError> {
    if let Some(file) = &global.replay {
        return finish(global, replay(file)?);
    }
    // A plan needs no secret, so none is read.
    let wants = if global.plan { Wants { credential: Need::Kind, ..wants } } else { wants };
    let Loaded { setup, sandbox } = load(global, flags, wants).await?;
    let plan = plan::make(&setup, slice(&setup)?, Timestamp::now())?;
    if global.plan {
        print_plan(global, &setup, &plan);
        return Ok(0);
    }
    show_own_hosts(&setup, &plan);
    let spinners = Spinners::new();
    let mut visit = observe::run(&setup, &plan, &|progress| spinners.show(&progress)).await;
    amend(&setup, &mut visit);
    let code = finish(global, visit)?;
    if let (Some(sandbox), Some(to)) = (&sandbox, &setup.to) {
        tell_of_mailbox(sandbox, to);
    }
    Ok(code)
}

/// Records, judges, prints.
pub(super) fn finish(global: &Global, visit: Visit) -> Result<u8, InputError> {
    let visit = if global.share { share::masked(&visit) } else { visit };
    if let Some(file) = &global.record {
        record(file, &visit)?;
    }
    let report = Report::of(visit, global.strict);
    output::print(&render::report(&report, global.format(), output::style(), global.verbose));
    Ok(report.summary.exit_code)
}

pub(super) fn record(file: &Path, visit: &Visit) -> Result<(), InputError> {
    let text = serde_json::to_string_pretty(visit).unwrap_or_default();
    crate::setup::config::write_private(file, &text).map_err(|e| {
        InputError::new("--record", format!("names {}, which can not be written: {e}", crate::setup::shown_path(file)))
            .late()
    })
}

pub(super) fn replay(file: &Path) -> Result<Visit, InputError> {
    let bad =
        |words: String| InputError::new("--replay", format!("names {}, which {words}", crate::setup::shown_path(file)));
    let size = fs::metadata(file).map_err(|e| bad(format!("can not be read: {e}")))?.len();
    if size > LONGEST_RECORDING {
        return Err(bad("is longer than any recording".to_owned()));
    }
    let text = fs::read_to_string(file).map_err(|e| bad(format!("can not be read: {e}")))?;
    let visit: Visit = serde_json::from_str(&text).map_err(|e| bad(format!("is no recording: {e}")))?;
    if visit.format != FORMAT {
        return Err(bad(format!("has format {}; this program reads format {FORMAT}", visit.format)));
    }
    Ok(visit)
}

/// Hosts that come from a configuration file are said before anything goes there.
fn show_own_hosts(setup: &Setup, plan: &Plan) {
    let known = crate::cloud::Cloud::names().any(|name| name == setup.cloud.name);
    if known || setup.cloud.name.starts_with("sandbox") {
        return;
    }
    let mut hosts: Vec<String> = plan.rows(setup).into_iter().filter_map(|row| row.host).collect();
    hosts.dedup();
    output::note(&format!("cloud `{}` of the configuration file: {}", setup.cloud.name, hosts.join(", ")));
}

/// The plan, as a person or a program reads it.
pub(super) fn print_plan(global: &Global, setup: &Setup, plan: &Plan) {
    let rows = plan.rows(setup);
    if global.format() == Format::Json {
        let value = serde_json::json!({
            "format": FORMAT, "command": plan.command, "setup": setup.facts(), "plan": rows, "left_out": plan.left_out,
        });
        output::print(&format!("{value:#}\n"));
        return;
    }
    let mut text = format!("{} would, on the cloud {}:\n", plan.command, setup.cloud.name);
    for row in rows {
        let host = row.host.map(|host| format!("{host}: ")).unwrap_or_default();
        let mark = if row.sends { "sends" } else { "looks" };
        text.push_str(&format!("  {mark}  {host}{}\n", row.what));
    }
    for left in &plan.left_out {
        text.push_str(&format!("  not    {}: {}\n", left.what, left.why));
    }
    if let Some(proxy) = &setup.proxy {
        text.push_str(&format!(
            "through the proxy {}:{}\n",
            proxy.host_str().unwrap_or_default(),
            proxy.port().unwrap_or_default()
        ));
    } else if let Some(proxy) = crate::probes::proxy_of_environment(&setup.cloud, &setup.cloud.login) {
        text.push_str(&format!(
            "HTTPS through the proxy {}:{} of the environment, the mail ports without it\n",
            proxy.host_str().unwrap_or_default(),
            proxy.port_or_known_default().unwrap_or_default()
        ));
    }
    text.push_str("Nothing was contacted.\n");
    output::print(&crate::render::style::printable_lines(&text));
}

fn tell_of_mailbox(sandbox: &Sandbox, to: &str) {
    let mails = sandbox.mailbox(to);
    if mails.is_empty() {
        return;
    }
    let noun = if mails.len() == 1 { "mail lies" } else { "mails lie" };
    output::note(&format!("sandbox: {} {noun} in the mailbox of {to}", mails.len()));
}

/// Adds a flag that stands by itself.
pub(super) fn insert(flags: &mut Table, word: &str, value: Option<String>) {
    if let Some(value) = value {
        flags.insert(word.to_owned(), toml::Value::String(value));
    }
}

//! `onboard`: the walk from nothing to a delivered mail.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use toml::Table;

use super::output::{self, Spinners};
use super::{Global, run};
use crate::render::Format;
use crate::sandbox;
use crate::setup::{CredentialWords, Identity, InputError, OtherServers, default_config, files, table_of};
use crate::wizard::{self, Asker, Ground, Screen, Send, Style, Wishes};

/// Walks through the whole set-up: from nothing registered to a delivered mail
///
/// Asks a few questions, each with its reason, and helps to choose the road. Then step by step: what is to be done, by
/// whom, and how; each step is seen to be done before the next. It ends with one probe mail and a profile, appended to
/// the configuration file. What is known is kept in a file, so that an interrupted walk goes on where it stopped.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    identity: Identity,
    #[command(flatten)]
    credential: CredentialWords,
    #[command(flatten)]
    other_servers: OtherServers,
    #[command(flatten)]
    choice: RoadWords,
    #[command(flatten)]
    walk: WalkWords,
}

const EXAMPLES: &str = "Examples:
  o365doctor onboard --cloud sandbox
  o365doctor onboard --mailbox app@contoso.com --roads graph --style az
  o365doctor onboard --mailbox app@contoso.com --roads smtp --hand-over pack
  o365doctor onboard --answer address.txt --answer verify.json";

/// The choice of a road; --roads stands in the place of all of them.
#[derive(Args)]
#[command(next_help_heading = "Choice of the road (or --roads)")]
struct RoadWords {
    /// It sends to recipients outside of the organization
    #[arg(long, value_enum, value_name = "yes|no", hide_possible_values = true, conflicts_with = "roads")]
    outside: Option<YesNo>,
    /// It also reads mail
    #[arg(long, value_enum, value_name = "yes|no", hide_possible_values = true, conflicts_with = "roads")]
    reads: Option<YesNo>,
    /// It is a device or program that can not do OAuth
    #[arg(long, value_enum, value_name = "yes|no", hide_possible_values = true, conflicts_with = "roads")]
    device: Option<YesNo>,
    /// It has a public address that stays the same
    #[arg(long, value_enum, value_name = "yes|no", hide_possible_values = true, conflicts_with = "roads")]
    fixed_address: Option<YesNo>,
    /// Recipients a day, at most
    #[arg(long, value_name = "NUMBER", conflicts_with = "roads")]
    volume: Option<u32>,
}

/// The walk.
#[derive(Args)]
#[command(next_help_heading = "The walk")]
struct WalkWords {
    /// How the directory's part is shown
    #[arg(long, value_enum, value_name = "STYLE")]
    style: Option<Style>,
    /// Recipient of the probe mail
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
    /// Domain to look up [default: the sender's]
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
    /// Name to say in EHLO
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    helo: Option<String>,
    /// Whether the one probe mail leaves
    #[arg(long, value_enum, value_name = "yes|no|again", hide_possible_values = true)]
    send: Option<Send>,
    /// Name of the new profile
    #[arg(long, value_name = "NAME")]
    save_as: Option<String>,
    /// File that keeps the walk [default: the configuration file's path with .onboard behind it]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Whether this program does the directory's part: an administrator signs in and says yes once
    #[arg(long, value_enum, value_name = "yes|no", hide_possible_values = true)]
    register: Option<YesNo>,
    /// Client that the administrator signs in to [default: Microsoft Graph Command Line Tools]
    #[arg(long, value_name = "GUID")]
    admin_client_id: Option<String>,
    /// New file for the secret or key that is made [default: mail.secret or mail.pem beside the configuration]
    #[arg(long, value_name = "FILE")]
    credential_file: Option<PathBuf>,
    /// Take back what this program made in the directory, and nothing else
    #[arg(long, conflicts_with_all = ["style", "to", "domain", "helo", "send", "save_as", "fresh", "wait", "no_wait",
        "hand_over", "answer", "register", "credential_file", "outside", "reads", "device", "fixed_address", "volume"])]
    undo: bool,
    /// Take it back without a question
    #[arg(long, requires = "undo")]
    yes: bool,
    /// Forget what an earlier walk kept
    #[arg(long)]
    fresh: bool,
    /// Wait so long for what is not done yet, looking again; then let go, with exit code 1
    #[arg(long, value_name = "TIME", conflicts_with = "no_wait")]
    wait: Option<String>,
    /// Wait for nothing: let go at once [default where there is no terminal]
    #[arg(long)]
    no_wait: bool,
    /// Write all that an administrator needs to a folder, or to one page: FILE.md or FILE.html
    #[arg(long, value_name = "PATH", conflicts_with_all = ["send", "save_as"])]
    hand_over: Option<PathBuf>,
    /// What came back: the address that the browser ended at, or what verify printed; may come several times
    #[arg(long, value_name = "FILE")]
    answer: Vec<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum YesNo {
    Yes,
    No,
}

pub(super) async fn run(global: Global, arguments: Arguments) -> Result<u8, InputError> {
    applies(&global)?;
    let mut words = table_of(&arguments.identity);
    words.extend(table_of(&arguments.credential));
    words.extend(table_of(&arguments.other_servers));
    words.extend(table_of(&global.network));
    let walk = &arguments.walk;
    for (word, value) in [("to", &walk.to), ("domain", &walk.domain), ("helo", &walk.helo)] {
        run::insert(&mut words, word, value.clone());
    }
    sources(&words)?;
    let undo = walk.undo;
    let wishes = wishes(&global, arguments)?;
    if undo {
        only_cloud(&words, &global)?;
        if let (None, Some(cloud)) = (words.get("cloud"), wizard::cloud_to_undo(&wishes)?) {
            run::insert(&mut words, "cloud", Some(cloud));
        }
    }
    let asker = Asker::of_streams();
    registers(&wishes, undo, asker)?;
    files::remember_terminal();
    let sandbox = start(&words, &wishes, &global).await?;
    let (config, profile) = (global.config.clone(), global.profile.clone());
    let ground = Ground {
        sandbox,
        profile: global.profile.clone(),
        config: global.config.clone(),
        repeat: Box::new(move |words| run::said_again(config.as_deref(), profile.as_deref(), words)),
        words,
        typed: None,
    };
    let spinners = Spinners::new();
    let screen = Screen {
        print: output::print,
        style: output::style(),
        verbose: global.verbose,
        progress: Box::new(move |progress| spinners.show(&progress)),
    };
    let code = if undo {
        wizard::undo(ground, wishes, screen, asker).await
    } else {
        wizard::walk(ground, wishes, screen, asker).await
    };
    output::restore_terminal();
    code
}

/// What judges or shows a single run has no meaning for a walk of many.
fn applies(global: &Global) -> Result<(), InputError> {
    let other = [
        (global.replay.is_some(), "--replay"),
        (global.record.is_some(), "--record"),
        (global.plan, "--plan"),
        (global.share, "--share"),
        (global.strict, "--strict"),
        (global.format() != Format::Text, "--format"),
    ];
    let Some((_, flag)) = other.into_iter().find(|(said, _)| *said) else { return Ok(()) };
    Err(InputError::new(flag, "is for a single run; onboard walks through many, and writes text"))
}

/// A secret that is there only once does not last for several looks, and a ready token sets nothing up.
fn sources(words: &Table) -> Result<(), InputError> {
    let said = |word: &str| words.contains_key(word);
    if said("client_secret_stdin") {
        let words = "gives the secret once, and a walk needs it several times; name a file or a command";
        return Err(InputError::new("--client-secret-stdin", words));
    }
    if words.get("auth").and_then(toml::Value::as_str) == Some("token") || said("token_file") || said("token_command") {
        let words = "gives a token that somebody else got; onboard sets up how tokens are got (check-token reads one)";
        return Err(InputError::new(if said("auth") { "--auth" } else { "--token-file" }, words));
    }
    Ok(())
}

/// What is taken back is in the file; only the cloud and the network are said.
fn only_cloud(words: &Table, global: &Global) -> Result<(), InputError> {
    let network = table_of(&global.network);
    let other = words.keys().find(|word| *word != "cloud" && !network.contains_key(*word));
    let Some(word) = other else { return Ok(()) };
    let flag = format!("--{}", word.replace('_', "-"));
    Err(InputError::new(flag, "says nothing to --undo, which takes back what the kept walk names"))
}

/// What belongs to the registration by this program has no meaning without it.
fn registers(wishes: &Wishes, undo: bool, asker: Asker) -> Result<(), InputError> {
    let uuid = |id: &String| uuid::Uuid::parse_str(id).is_err();
    if wishes.admin_client_id.as_ref().is_some_and(uuid) {
        return Err(InputError::new("--admin-client-id", "takes the application (client) id of a client, a GUID"));
    }
    let never = wishes.register == Some(false) || !asker.terminal && wishes.register.is_none();
    let said = [
        (wishes.admin_client_id.is_some() && !undo, "--admin-client-id"),
        (wishes.credential_file.is_some(), "--credential-file"),
    ];
    match said.into_iter().find(|(said, _)| *said && (never || wishes.hand_over.is_some())) {
        Some((_, flag)) => Err(InputError::new(flag, "is for what --register yes does, which is not done here")),
        None => Ok(()),
    }
}

fn wishes(global: &Global, arguments: Arguments) -> Result<Wishes, InputError> {
    let Arguments { choice, walk, .. } = arguments;
    let config = global.config.clone().or_else(default_config);
    let config = config.ok_or_else(|| InputError::new("--config", "is missing, and this user has no home"))?;
    let mut beside = config.clone().into_os_string();
    beside.push(".onboard");
    let wait = walk.wait.as_deref().map(|text| {
        crate::setup::duration(text)
            .filter(|wait| *wait <= LONGEST_WAIT)
            .ok_or_else(|| InputError::new("--wait", "takes a time of at most a day, such as 90s or 30m"))
    });
    if let Some(name) = walk.save_as.as_deref().filter(|name| !wizard::is_name(name)) {
        let name = crate::setup::shown(name);
        return Err(InputError::new("--save-as", format!("is {name}; it takes letters, digits, - and _")));
    }
    let yes = |answer: Option<YesNo>| answer.map(|answer| answer == YesNo::Yes);
    Ok(Wishes {
        outside: yes(choice.outside),
        reads: yes(choice.reads),
        device: yes(choice.device),
        fixed_address: yes(choice.fixed_address),
        volume: choice.volume,
        style: walk.style,
        send: walk.send,
        save_as: walk.save_as,
        register: yes(walk.register),
        admin_client_id: walk.admin_client_id,
        credential_file: walk.credential_file,
        yes: walk.yes,
        wait: wait.transpose()?,
        no_wait: walk.no_wait,
        hand_over: walk.hand_over,
        answers: walk.answer,
        fresh: walk.fresh,
        state: walk.state.unwrap_or_else(|| PathBuf::from(beside)),
        config,
    })
}

/// Exchange's slowest change takes a day (microsoft-facts H.6).
const LONGEST_WAIT: Duration = Duration::from_hours(24);

/// Starts the sandbox, where it is the cloud of the words or of the walk that is gone on with.
async fn start(words: &Table, wishes: &Wishes, global: &Global) -> Result<Option<sandbox::Sandbox>, InputError> {
    let Some(name) = wizard::sandbox_of(words, wishes, global.profile.as_deref(), global.config.as_deref())? else {
        return Ok(None);
    };
    let started = sandbox::start(run::scenario(&name)?, &sandbox::Options::default()).await;
    started.map(Some).map_err(|e| InputError::new("the sandbox", format!("can not be started: {e}")))
}

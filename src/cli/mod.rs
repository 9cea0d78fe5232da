//! The command line: one file per sub-command, each from arguments to library to renderer.

mod check_dns;
mod check_domains;
mod check_mailbox;
mod check_relay;
mod check_token;
mod checkup;
mod completions;
mod consent_url;
mod explain;
mod explain_log;
mod login;
mod logout;
mod onboard;
mod output;
mod powershell;
mod powershell_words;
mod probe_send;
mod run;
mod sandbox;
mod schema;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};

use crate::render::{Format, Lines};
use crate::setup::{InputError, Network};
use output::{Color, complain};

/// Interrupted by the user, as a shell counts signal 2.
const INTERRUPTED: u8 = 130;
/// Could not run: bad input, an unreadable file.
const COULD_NOT_RUN: u8 = 2;

/// Finds out why mail does not flow through Microsoft 365: the one cause, who must act, and the repair.
#[derive(Parser)]
#[command(name = "o365doctor", version, max_term_width = 100, propagate_version = true)]
#[command(after_help = "Try it without a tenant:  o365doctor checkup --cloud sandbox")]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every sub-command takes.
#[derive(Args)]
struct Global {
    /// Profile of the configuration file
    #[arg(long, value_name = "NAME", global = true, env = "O365DOCTOR_PROFILE", help_heading = "Global")]
    profile: Option<String>,
    /// Configuration file [default: the user's own]
    #[arg(long, value_name = "FILE", global = true, env = "O365DOCTOR_CONFIG", help_heading = "Global")]
    config: Option<PathBuf>,
    /// text, json or markdown; of a list of domains (check-dns --file) jsonl, csv or text [default: text, of a list jsonl]
    #[arg(long = "format", value_name = "FORMAT", global = true, env = "O365DOCTOR_FORMAT", help_heading = "Global")]
    said_format: Option<SaidFormat>,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value = "auto", help_heading = "Global")]
    color: Color,
    /// Warnings and unproven checks count as failures
    #[arg(long, global = true, env = "O365DOCTOR_STRICT", help_heading = "Global")]
    strict: bool,
    /// Write what was seen to a file
    #[arg(long, value_name = "FILE", global = true, help_heading = "Global")]
    record: Option<PathBuf>,
    /// Judge what --record wrote; contacts nobody
    #[arg(long, value_name = "FILE", global = true, conflicts_with_all = ["record", "plan"], help_heading = "Global")]
    replay: Option<PathBuf>,
    /// Show what would be contacted, then stop
    #[arg(long, global = true, help_heading = "Global")]
    plan: bool,
    /// Mask names and ids, for a ticket
    #[arg(long, global = true, help_heading = "Global")]
    share: bool,
    /// Say more: the transcript of the dialogue
    #[arg(short, long, global = true, help_heading = "Global")]
    verbose: bool,
    #[command(flatten)]
    network: Network,
}

/// A format as it was said: of a report, or of a list's results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SaidFormat {
    Report(Format),
    /// `jsonl` or `csv`, which only a list has.
    Lines(Lines),
}

impl FromStr for SaidFormat {
    type Err = String;

    fn from_str(word: &str) -> Result<SaidFormat, String> {
        match word {
            "jsonl" => Ok(SaidFormat::Lines(Lines::Json)),
            "csv" => Ok(SaidFormat::Lines(Lines::Csv)),
            _ => word
                .parse()
                .map(SaidFormat::Report)
                .map_err(|e| format!("{e}; of a list of domains jsonl, csv and text")),
        }
    }
}

impl Global {
    /// The format of a report.
    fn format(&self) -> Format {
        match self.said_format {
            Some(SaidFormat::Report(format)) => format,
            // Refused before it comes to a report.
            Some(SaidFormat::Lines(_)) | None => Format::Text,
        }
    }
}

#[derive(Subcommand)]
enum Command {
    Onboard(onboard::Arguments),
    Checkup(checkup::Arguments),
    CheckToken(check_token::Arguments),
    CheckDns(check_dns::Arguments),
    CheckRelay(check_relay::Arguments),
    CheckMailbox(check_mailbox::Arguments),
    ProbeSend(probe_send::Arguments),
    ConsentUrl(consent_url::Arguments),
    Powershell(powershell::Arguments),
    Login(login::Arguments),
    Logout(logout::Arguments),
    Token(token::Arguments),
    Explain(explain::Arguments),
    Sandbox(sandbox::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Completions),
    Man(completions::Man),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::try_parse().unwrap_or_else(|error| without_secrets(error).exit());
    cli.global.color.apply();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            complain(&InputError::new("the runtime", format!("can not be started: {e}")));
            return ExitCode::from(COULD_NOT_RUN);
        }
    };
    std::panic::set_hook(Box::new(output::own_fault));
    let own_end = matches!(&cli.command, Command::Explain(arguments) if arguments.ends_by_interrupt());
    let ended = runtime.block_on(async {
        tokio::select! {
            // In this order: who reads our first line may end us at once, and must find somebody listening.
            biased;
            _ = tokio::signal::ctrl_c(), if !own_end => None,
            () = crate::setup::terminated(), if !own_end => None,
            ended = dispatch(cli) => Some(ended),
        }
    });
    // A read of standard input can not be taken back; nobody waits for it.
    runtime.shutdown_background();
    match ended {
        None => {
            output::restore_terminal();
            ExitCode::from(INTERRUPTED)
        }
        Some(Ok(code)) => ExitCode::from(code),
        Some(Err(error)) => {
            complain(&error);
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}

/// A word in a wrong place may be the secret.
fn without_secrets(mut error: clap::Error) -> clap::Error {
    use clap::error::{ContextKind, ContextValue};
    for kind in [ContextKind::InvalidValue, ContextKind::InvalidArg, ContextKind::InvalidSubcommand] {
        let Some(ContextValue::String(word)) = error.get(kind) else { continue };
        let shown = crate::setup::shown(word);
        // The text of a key begins as a flag does.
        let flag =
            word.starts_with("--") && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if shown != format!("`{word}`") && !flag {
            error.insert(kind, ContextValue::String(shown));
            error.insert(ContextKind::Suggested, ContextValue::None);
        }
    }
    error
}

async fn dispatch(cli: Cli) -> Result<u8, InputError> {
    let global = cli.global;
    let list = matches!(&cli.command, Command::CheckDns(arguments) if arguments.is_list());
    if !list && matches!(global.said_format, Some(SaidFormat::Lines(_))) {
        let words = "is jsonl or csv, the formats of a list of domains (check-dns --file); a report has text, json and markdown";
        return Err(InputError::new("--format", words));
    }
    match cli.command {
        Command::Onboard(arguments) => onboard::run(global, arguments).await,
        Command::Checkup(arguments) => checkup::run(global, arguments).await,
        Command::CheckToken(arguments) => check_token::run(global, arguments).await,
        Command::CheckDns(arguments) => check_dns::run(global, arguments).await,
        Command::CheckRelay(arguments) => check_relay::run(global, arguments).await,
        Command::CheckMailbox(arguments) => check_mailbox::run(global, arguments).await,
        Command::ProbeSend(arguments) => probe_send::run(global, arguments).await,
        Command::ConsentUrl(arguments) => consent_url::run(global, arguments).await,
        Command::Powershell(arguments) => powershell::run(global, arguments).await,
        Command::Login(arguments) => login::run(global, arguments).await,
        Command::Logout(arguments) => logout::run(global, arguments).await,
        Command::Token(arguments) => token::run(global, arguments).await,
        Command::Explain(arguments) => explain::run(&global, &arguments).await,
        Command::Sandbox(arguments) => sandbox::run(global, arguments).await,
        Command::Schema(arguments) => Ok(schema::run(&arguments)),
        Command::Completions(arguments) => Ok(completions::completions(&arguments)),
        Command::Man(_) => completions::man(),
    }
}

/// The command line's own description, for completions, the manual, and the test that the pages' commands exist.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

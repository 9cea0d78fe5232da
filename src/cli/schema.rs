//! `schema`: the JSON Schema of the report, or of a line of a list's results.

use clap::Args;

use super::output::print;
use crate::bulk::DomainLine;
use crate::report::Report;

/// Prints the JSON Schema of what --format json writes
#[derive(Args)]
pub(super) struct Arguments {
    /// That of a line of results, as check-dns --file writes it for each domain
    #[arg(long)]
    lines: bool,
}

pub(super) fn run(arguments: &Arguments) -> u8 {
    let schema = if arguments.lines { schemars::schema_for!(DomainLine) } else { schemars::schema_for!(Report) };
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    print(&format!("{text}\n"));
    0
}

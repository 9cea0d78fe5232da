//! `schema`: the JSON Schema of the report.

use clap::Args;

use super::output::print;
use crate::report::Report;

/// Prints the JSON Schema of what --format json writes
#[derive(Args)]
pub(super) struct Arguments {}

pub(super) fn run() -> u8 {
    let schema = schemars::schema_for!(Report);
    let text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    print(&format!("{text}\n"));
    0
}

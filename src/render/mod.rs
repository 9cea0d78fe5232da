//! One file per format. Nothing else writes a report, and nothing here judges.

mod domains;
mod explain;
mod json;
mod log;
mod markdown;
mod policy;
mod records;
pub mod style;
mod text;

pub use domains::Lines;
pub use explain::{explanation, matches_json, page_list, page_list_json};
pub use log::{LogReport, log};

use std::str::FromStr;

use crate::report::Report;
use style::Style;

/// The formats of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal.
    Text,
    /// For a program; `o365doctor schema` describes it.
    Json,
    /// For a ticket or a wiki.
    Markdown,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "text" => Ok(Format::Text),
            "json" => Ok(Format::Json),
            "markdown" => Ok(Format::Markdown),
            _ => Err("the formats are text, json and markdown".to_owned()),
        }
    }
}

/// A report in this format, with its final line end. `verbose` adds the transcript and the claims to text.
pub fn report(report: &Report, format: Format, style: Style, verbose: bool) -> String {
    match format {
        Format::Text => text::report(report, style, verbose),
        Format::Json => json::report(report),
        Format::Markdown => markdown::report(report),
    }
}

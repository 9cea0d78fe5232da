//! For a program: the report as it is; `o365doctor schema` describes it.

use crate::report::Report;

pub(super) fn report(report: &Report) -> String {
    // The report is plain data with string keys; writing it can not fail.
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    text
}

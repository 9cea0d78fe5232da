//! For a program: the report as it is; `o365doctor schema` describes it.

use super::style::steers;
use crate::report::Report;

pub(super) fn report(report: &Report) -> String {
    // The report is plain data with string keys; writing it can not fail.
    let mut text = escaped(&serde_json::to_string_pretty(report).unwrap_or_default());
    text.push('\n');
    text
}

/// JSON leaves C1 controls and direction marks as they are, and a terminal would obey them. Outside of ASCII every
/// character of JSON stands within a string, where it may be escaped (RFC 8259 section 7); all of these have four digits.
pub(super) fn escaped(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for character in json.chars() {
        if !character.is_ascii() && steers(character) {
            shown.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    // The one control character of ASCII that JSON may leave as it is.
    shown.replace('\u{7f}', "\\u007f")
}

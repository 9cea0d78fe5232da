//! What `FindItem` is restricted to (Microsoft Learn, "Restriction").

use super::soap::Fault;
use crate::sandbox::mail;
use crate::xml::Element;

/// Levels of And, Or and Not; the reading of XML allows no more than some dozens anyway.
const DEEPEST: usize = 16;

/// Whether a message fulfils a restriction.
pub(super) fn fulfilled(restriction: &Element, message: &[u8]) -> Result<bool, Fault> {
    one_of(restriction, message, 0)
}

fn one_of(within: &Element, message: &[u8], depth: usize) -> Result<bool, Fault> {
    let [test] = within.children.as_slice() else { return Err(invalid()) };
    judge(test, message, depth)
}

fn judge(test: &Element, message: &[u8], depth: usize) -> Result<bool, Fault> {
    if depth == DEEPEST {
        return Err(Fault::new("ErrorRestrictionTooComplex", "The restriction is too complex."));
    }
    match test.name.as_str() {
        "And" => test.children.iter().try_fold(true, |all, test| Ok(all && judge(test, message, depth + 1)?)),
        "Or" => test.children.iter().try_fold(false, |any, test| Ok(any || judge(test, message, depth + 1)?)),
        "Not" => Ok(!one_of(test, message, depth + 1)?),
        "IsEqualTo" => {
            let wanted = test.at(&["FieldURIOrConstant", "Constant"]).ok_or_else(invalid)?;
            Ok(value(test, message)?.eq_ignore_ascii_case(wanted.attribute("Value").ok_or_else(invalid)?))
        }
        "Contains" => contains(test, message),
        _ => Err(invalid()),
    }
}

fn contains(test: &Element, message: &[u8]) -> Result<bool, Fault> {
    let wanted = test.child("Constant").and_then(|constant| constant.attribute("Value")).ok_or_else(invalid)?;
    let exact = test.attribute("ContainmentComparison").is_none_or(|comparison| comparison == "Exact");
    let fold = |text: &str| if exact { text.to_owned() } else { text.to_lowercase() };
    let (value, wanted) = (fold(&value(test, message)?), fold(wanted));
    Ok(match test.attribute("ContainmentMode").unwrap_or("FullString") {
        "FullString" => value == wanted,
        "Prefixed" => value.starts_with(&wanted),
        _ => value.contains(&wanted),
    })
}

fn value(test: &Element, message: &[u8]) -> Result<String, Fault> {
    let path = test.child("FieldURI").and_then(|path| path.attribute("FieldURI")).ok_or_else(invalid)?;
    match path {
        "item:Subject" => Ok(mail::field(message, "Subject").unwrap_or_default()),
        "message:InternetMessageId" => Ok(mail::field(message, "Message-ID").unwrap_or_default()),
        "message:From" => Ok(mail::header_from(message).unwrap_or_default()),
        other => {
            let words = format!("Property {other} can not be used for restrictions here.");
            Err(Fault::new("ErrorUnsupportedPathForQuery", words))
        }
    }
}

fn invalid() -> Fault {
    Fault::new("ErrorInvalidRestriction", "The restriction is invalid.")
}

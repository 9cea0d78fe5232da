//! The query options of Microsoft Graph on messages: `$filter`, `$search`, `$select`, `$top`, `$orderby` (OData 4.0, as far
//! as clients use them here). What is not understood is refused with 400, as Graph does.

use std::collections::HashMap;

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::graph::Failure;

/// What Mail.ReadBasic leaves out (Microsoft Learn, "Microsoft Graph permissions reference").
const NOT_BASIC: [&str; 3] = ["body", "bodyPreview", "uniqueBody"];
/// Given only where it is asked for.
const ON_REQUEST: [&str; 2] = ["internetMessageHeaders", "uniqueBody"];
/// What a message has here.
const FIELDS: [&str; 11] = [
    "id",
    "subject",
    "from",
    "sender",
    "toRecipients",
    "internetMessageId",
    "internetMessageHeaders",
    "receivedDateTime",
    "isRead",
    "body",
    "bodyPreview",
];
const DEFAULT_TOP: usize = 10;
const LARGEST_TOP: usize = 1000;

/// The query options of a request (OData 4.0, as far as clients use them here).
pub(super) struct Asked {
    filter: Option<Filter>,
    search: Option<String>,
    select: Option<Vec<String>>,
    pub(super) top: usize,
    pub(super) newest_first: bool,
}

impl Asked {
    pub(super) fn of(options: &HashMap<String, String>) -> Result<Asked, Failure> {
        let bad = |words: String| Failure::new(StatusCode::BAD_REQUEST, "BadRequest", words);
        let filter = options.get("$filter").map(|text| {
            Filter::read(text).ok_or_else(|| bad(format!("Invalid filter clause: Syntax error in '{text}'.")))
        });
        let select = options.get("$select").map(|text| {
            let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
            let unknown =
                names.iter().find(|name| !FIELDS.contains(&name.as_str()) && !ON_REQUEST.contains(&name.as_str()));
            match unknown {
                Some(name) => Err(bad(format!(
                    "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type \
                     'Microsoft.OutlookServices.Message'."
                ))),
                None => Ok(names),
            }
        });
        let top = options.get("$top").map(|text| {
            let top = text.parse().ok().filter(|top| (1..=LARGEST_TOP).contains(top));
            top.ok_or_else(|| bad(format!("Invalid value '{text}' for $top query option found.")))
        });
        let search = options.get("$search").map(|text| text.trim_matches('"').to_lowercase());
        Ok(Asked {
            search,
            filter: filter.transpose()?,
            select: select.transpose()?,
            top: top.transpose()?.unwrap_or(DEFAULT_TOP),
            newest_first: options.get("$orderby").is_none_or(|order| order.contains("desc")),
        })
    }

    /// Whether a message answers to what was asked for.
    pub(super) fn wants(&self, mail: &Value) -> bool {
        let searched = self.search.as_ref().is_none_or(|words| speaks_of(mail, words));
        searched && self.filter.as_ref().is_none_or(|filter| filter.holds(mail))
    }

    /// A message with what was asked for and what may be seen.
    pub(super) fn seen(&self, mail: Value, whole: bool) -> Value {
        let Value::Object(fields) = mail else { return mail };
        let wanted = |name: &str| match &self.select {
            Some(names) => name == "id" || names.iter().any(|wanted| wanted == name),
            None => !ON_REQUEST.contains(&name),
        };
        let allowed = |name: &str| whole || !NOT_BASIC.contains(&name);
        let kept: Map<String, Value> = fields.into_iter().filter(|(name, _)| wanted(name) && allowed(name)).collect();
        Value::Object(kept)
    }
}

/// Whether a message holds the words of a search, in its subject or anywhere.
fn speaks_of(mail: &Value, words: &str) -> bool {
    let text = |name: &str| mail[name].as_str().unwrap_or_default().to_lowercase();
    if let Some(words) = words.strip_prefix("subject:") {
        return text("subject").contains(words.trim());
    }
    let body = mail["body"]["content"].as_str().unwrap_or_default().to_lowercase();
    text("subject").contains(words) || body.contains(words)
}

/// A condition on a message: one or more clauses that all hold.
struct Filter(Vec<Clause>);

struct Clause {
    field: String,
    how: How,
    value: String,
}

enum How {
    Contains,
    StartsWith,
    Equals,
}

impl Filter {
    fn read(text: &str) -> Option<Filter> {
        let clauses: Option<Vec<Clause>> = text.split(" and ").map(|clause| Clause::read(clause.trim())).collect();
        clauses.map(Filter)
    }

    fn holds(&self, mail: &Value) -> bool {
        self.0.iter().all(|clause| clause.holds(mail))
    }
}

impl Clause {
    /// `contains(FIELD,'TEXT')`, `startswith(FIELD,'TEXT')`, `FIELD eq 'TEXT'`; a quote in the text is doubled.
    fn read(text: &str) -> Option<Clause> {
        let quoted = |text: &str| Some(text.trim().strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'"));
        let clause = |field: &str, how: How, value: String| {
            let known = ["subject", "internetMessageId", "from/emailAddress/address"].contains(&field);
            known.then(|| Clause { field: field.to_owned(), how, value })
        };
        for (name, how) in [("contains(", How::Contains), ("startswith(", How::StartsWith)] {
            if let Some(inner) = text.strip_prefix(name).and_then(|rest| rest.strip_suffix(')')) {
                let (field, value) = inner.split_once(',')?;
                return clause(field.trim(), how, quoted(value)?);
            }
        }
        let (field, value) = text.split_once(" eq ")?;
        clause(field.trim(), How::Equals, quoted(value)?)
    }

    fn holds(&self, mail: &Value) -> bool {
        let value = self.field.split('/').fold(mail, |value, name| &value[name]);
        let (text, wanted) = (value.as_str().unwrap_or_default().to_lowercase(), self.value.to_lowercase());
        match self.how {
            How::Contains => text.contains(&wanted),
            How::StartsWith => text.starts_with(&wanted),
            How::Equals => text == wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_are_read_and_held() {
        let mail = json!({ "subject": "o365doctor probe 0123", "internetMessageId": "<1@contoso.test>" });
        let holds = |text: &str| Filter::read(text).map(|filter| filter.holds(&mail));
        assert_eq!(holds("contains(subject,'PROBE 01')"), Some(true));
        assert_eq!(holds("startswith(subject, 'probe')"), Some(false));
        assert_eq!(holds("internetMessageId eq '<1@contoso.test>' and contains(subject,'0123')"), Some(true));
        assert_eq!(holds("subject eq 'it''s'"), Some(false));
        assert_eq!(holds("subject like 'x'"), None);
        assert_eq!(holds("contains(body,'x')"), None);
    }
}

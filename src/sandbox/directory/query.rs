//! The query options of the directory's lists: `$filter` with `eq` and `and`, `$select`, `$top`. What is not understood is
//! refused with 400, as Graph does.

use std::collections::HashMap;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};

use super::context;
use crate::sandbox::graph::Failure;
use crate::sandbox::state::State;

pub(super) type Options = HashMap<String, String>;

/// A page, where `$top` says nothing (Microsoft Learn, "Paging Microsoft Graph data").
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 999;

/// The rows that answer to a request, a page of them.
pub(super) fn answer(state: &State, what: &str, rows: Vec<Value>, options: &Options) -> Result<Response, Failure> {
    let clauses = options.get("$filter").map(|text| clauses(text)).transpose()?.unwrap_or_default();
    let holds = |row: &Value| clauses.iter().all(|(field, value)| equal(row, field, value));
    let rows: Vec<Value> = rows.into_iter().filter(holds).map(|row| selected(row, options)).collect();
    let unfit = |name: &str| Failure::new(StatusCode::BAD_REQUEST, "BadRequest", format!("Invalid value for {name}."));
    let top =
        options.get("$top").map_or(Some(PAGE), |top| top.parse().ok().filter(|top| (1..=LARGEST_PAGE).contains(top)));
    let top = top.ok_or_else(|| unfit("$top"))?;
    let from = options.get("$skiptoken").map_or(Some(0), |from| from.parse::<usize>().ok());
    let from = from.ok_or_else(|| unfit("$skiptoken"))?;
    let more = rows.len() > from.saturating_add(top);
    let page: Vec<Value> = rows.into_iter().skip(from).take(top).collect();
    let mut body = json!({ "@odata.context": context(what), "value": page });
    if more {
        let kept = options.iter().filter(|(name, _)| *name != "$skiptoken");
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let query = query.extend_pairs(kept).append_pair("$skiptoken", &(from + top).to_string()).finish();
        body["@odata.nextLink"] = json!(format!("{}/v1.0/{what}?{query}", state.login()));
    }
    Ok(axum::Json(body).into_response())
}

/// One object with what was asked for of it.
pub(super) fn one(what: &str, row: Value, options: &Options) -> Response {
    let mut row = selected(row, options);
    row["@odata.context"] = context(&format!("{what}/$entity"));
    axum::Json(row).into_response()
}

fn selected(row: Value, options: &Options) -> Value {
    let (Some(names), Value::Object(fields)) = (options.get("$select"), &row) else { return row };
    let wanted = |name: &String| names.split(',').any(|wanted| wanted.trim() == name);
    let kept: Map<String, Value> =
        fields.iter().filter(|(name, _)| wanted(name)).map(|(name, value)| (name.clone(), value.clone())).collect();
    Value::Object(kept)
}

/// `FIELD eq 'TEXT'`, joined by `and`; a quote in the text is doubled.
fn clauses(text: &str) -> Result<Vec<(String, String)>, Failure> {
    let bad = || {
        let words = format!("Invalid filter clause: Syntax error in '{text}'.");
        Failure::new(StatusCode::BAD_REQUEST, "BadRequest", words)
    };
    let mut all = Vec::new();
    let mut rest = text.trim();
    loop {
        let (field, after) = rest.split_once(" eq '").ok_or_else(bad)?;
        let (value, after) = quoted(after).ok_or_else(bad)?;
        all.push((field.trim().to_owned(), value));
        rest = match after.trim_start() {
            "" => return Ok(all),
            more => more.strip_prefix("and ").ok_or_else(bad)?,
        };
    }
}

/// The text up to the closing quote, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('\'')?;
        value.push_str(part);
        match after.strip_prefix('\'') {
            Some(after) => {
                value.push('\'');
                rest = after;
            }
            None => return Some((value, after)),
        }
    }
}

/// Texts are compared without regard to case.
fn equal(row: &Value, field: &str, value: &str) -> bool {
    row.get(field).and_then(Value::as_str).is_some_and(|own| own.to_lowercase() == value.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_name_is_doubled() {
        let read = clauses("displayName eq 'It''s and eq ' and appId eq 'x'").ok();
        let pair = |field: &str, value: &str| (field.to_owned(), value.to_owned());
        assert_eq!(read, Some(vec![pair("displayName", "It's and eq "), pair("appId", "x")]));
        assert!(clauses("displayName eq 'x").is_err() && clauses("displayName ne 'x'").is_err());
        assert!(clauses("appId eq 'x' or appId eq 'y'").is_err());
    }
}

//! An export of Entra's sign-in log, as JSON or as CSV: the failures in it, each as the login service says it.

use std::collections::BTreeMap;

use serde_json::Value;

/// The columns that hold the number, and those that hold the reason, in lower case.
const NUMBERS: [&str; 4] = ["sign-in error code", "errorcode", "status.errorcode", "error code"];
const REASONS: [&str; 3] = ["failure reason", "failurereason", "status.failurereason"];

/// A first line that is longer names no columns, in octets.
const LONGEST_HEADER: usize = 16 * 1024;

/// The fields that hold the number, and those that hold the reason: of Graph, and of Azure Monitor and its workspaces.
const NUMBER_FIELDS: [&str; 3] = ["errorCode", "resultType", "ResultType"];
const REASON_FIELDS: [&str; 3] = ["failureReason", "resultDescription", "ResultDescription"];

/// How often a number was seen, and the reason that stood beside it.
type Seen = BTreeMap<String, (usize, String)>;

/// A line for each number, most frequent first; none where the text is no export or holds no failure.
pub(super) fn read(text: &str) -> Vec<String> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let mut seen = Seen::new();
    match serde_json::from_str::<Value>(text) {
        Ok(value) => in_json(&value, &mut seen),
        Err(_) if text.starts_with('{') => {
            text.lines().filter_map(|line| serde_json::from_str(line).ok()).for_each(|line| in_json(&line, &mut seen));
        }
        Err(_) => in_table(text, &mut seen),
    }
    let mut seen: Vec<(String, (usize, String))> = seen.into_iter().collect();
    seen.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    seen.into_iter().map(|(number, (_, reason))| format!("AADSTS{number}: {reason}")).collect()
}

fn count(seen: &mut Seen, number: &str, reason: &str) {
    // 0 is a success.
    let shaped = (5..=8).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    if shaped {
        seen.entry(number.to_owned()).or_insert_with(|| (0, reason.to_owned())).0 += 1;
    }
}

fn in_json(value: &Value, seen: &mut Seen) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| in_json(item, seen)),
        Value::Object(fields) => {
            let first = |names: &[&str]| names.iter().find_map(|name| fields.get(*name));
            match first(&NUMBER_FIELDS) {
                // What stands deeper says the same once more.
                Some(number) => {
                    let number = number.as_str().map_or_else(|| number.to_string(), str::to_owned);
                    let reason = first(&REASON_FIELDS).and_then(Value::as_str).unwrap_or_default();
                    count(seen, &number, reason);
                }
                None => fields.values().for_each(|field| in_json(field, seen)),
            }
        }
        _ => {}
    }
}

fn in_table(text: &str, seen: &mut Seen) {
    let header = rows(text.lines().next().filter(|line| line.len() < LONGEST_HEADER).unwrap_or_default()).concat();
    let column = |names: &[&str]| header.iter().position(|name| names.contains(&name.trim().to_lowercase().as_str()));
    let Some(number) = column(&NUMBERS) else { return };
    let reason = column(&REASONS);
    for row in rows(text).iter().skip(1) {
        let cell = |at: usize| row.get(at).map(|cell| cell.trim()).unwrap_or_default();
        count(seen, cell(number), reason.map(cell).unwrap_or_default());
    }
}

/// Rows and cells of a table (RFC 4180): a cell in quotation marks may hold commas, line ends and doubled marks.
fn rows(text: &str) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let Some(row) = rows.last_mut() else { break };
        let Some(cell) = row.last_mut() else { break };
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(String::new()),
            '\n' if !quoted => rows.push(vec![String::new()]),
            '\r' if !quoted => {}
            _ => cell.push(character),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_both_exports_are_read_and_successes_are_not() {
        let json = r#"[{"status":{"errorCode":0}},{"status":{"errorCode":50126,"failureReason":"Invalid username."}},
            {"status":{"errorCode":7000215,"failureReason":"Invalid secret."}},{"status":{"errorCode":7000215}}]"#;
        let expected = ["AADSTS7000215: Invalid secret.", "AADSTS50126: Invalid username."];
        assert_eq!(read(json), expected);
        let csv = "\u{feff}Date,\"User, who\",Sign-in error code,Failure reason\r\n1,\"a \"\"b\"\",\nc\",0,Other.\r\n\
                   2,x,7000215,\"Invalid secret.\"\r\n2,x,7000215,\r\n3,x,50126,Invalid username.\r\n";
        assert_eq!(read(csv), expected);
        let lines = concat!(
            "{\"ResultType\":\"0\"}\n{\"resultType\":\"50126\",\"resultDescription\":\"Invalid username.\"}\n",
            "{\"properties\":{\"status\":{\"errorCode\":7000215,\"failureReason\":\"Invalid secret.\"}}}\n",
            "{\"ResultType\":7000215,\"properties\":{\"status\":{\"errorCode\":7000215}}}\n{cut"
        );
        assert_eq!(read(lines), expected);
        assert!(read("no, table\n1, 50126\n").is_empty() && read("").is_empty());
    }
}

//! What Microsoft's support asks for, as it stands in answers, headers and bounces.

use super::message::Bounce;
use super::wrapping::unwrapped;

/// As long is no id, in octets.
const LONGEST: usize = 80;

/// A label, and the marks behind which the id stands, in lower case and in the order of preference.
const LABELS: [(&str, &[&str]); 10] = [
    ("trace id", &["trace id:", "trace_id\":", "trace_id:", "x-ms-request-id:"]),
    ("correlation id", &["correlation id:", "correlation_id\":", "correlation_id:", "correlationid\":"]),
    ("request id", &["request-id\":", "request-id:", "requestid\":"]),
    ("client request id", &["client-request-id\":", "client-request-id:"]),
    ("message id", &["message-id:"]),
    ("timestamp", &["timestamp:", "timestamp\":", "createddatetime\":", "\"date\":", "arrival-date:", "date:"]),
    ("Graph server", &["roleinstance\":"]),
    ("front-end server", &["x-feserver:"]),
    ("reporting server", &["reporting-mta: dns;", "generating server:"]),
    ("remote server", &["remote-mta: dns;", "remote server at "]),
];

/// What a bounce says of the mail that came back, and not the ids of the bounce itself.
pub(super) fn of_bounce(bounce: &Bounce) -> Vec<(&'static str, String)> {
    let returned = bounce.returned.as_ref().map_or(String::new(), |id| format!("Message-ID: {id}"));
    of(&[bounce.report.join("\n"), returned, bounce.words.clone()].join("\n"))
}

/// Each id once, the first of its kind.
pub(super) fn of(text: &str) -> Vec<(&'static str, String)> {
    let text = &unwrapped(text);
    // One octet stays one, so that a place in the one is the same place in the other.
    let lower = text.to_ascii_lowercase();
    let mut found: Vec<(&'static str, String)> = LABELS
        .iter()
        .filter_map(|(label, marks)| Some((*label, marks.iter().find_map(|mark| value(text, &lower, mark, label))?)))
        .collect();
    found.extend(server_name(text).map(|name| ("answering server", name)));
    found
}

fn value(text: &str, lower: &str, mark: &str, label: &str) -> Option<String> {
    // `client-request-id` is another id than `request-id`.
    let apart = |at: &usize| !lower[..*at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let at = lower.match_indices(mark).map(|(at, _)| at).find(apart)? + mark.len();
    let rest = text.get(at..)?.trim_start_matches([' ', '"', '\'']);
    let until: &[char] = match label {
        "timestamp" => &['"', '\n', '\r', ',', '\\', '}'],
        _ => &['"', '\'', ' ', '\n', '\r', ',', '\\', '}'],
    };
    // The date of a header has a comma behind its weekday.
    let from = if label == "timestamp" && rest.get(3..4) == Some(",") { 4 } else { 0 };
    let end = rest.get(from..)?.find(until).map_or(rest.len(), |end| end + from);
    let found = rest.get(..end)?.trim();
    (!found.is_empty() && found.len() <= LONGEST).then(|| found.to_owned())
}

/// Exchange Online ends a reply with `[AM0PR01CA0123.eurprd01.prod.outlook.com 2026-11-26T20:44:09.123Z 08DE…]`.
fn server_name(text: &str) -> Option<String> {
    let inside = text.split('[').skip(1).filter_map(|rest| rest.split(']').next());
    let inside = inside.map(|inside| inside.strip_prefix("Hostname=").unwrap_or(inside));
    let named = |inside: &&str| {
        let host = inside.split(' ').next().unwrap_or_default().to_ascii_lowercase();
        host.ends_with(".outlook.com") || host.ends_with(".outlook.cn") || host.ends_with(".office365.us")
    };
    inside.into_iter().find(named).filter(|name| name.len() <= LONGEST).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_from_words_json_headers_and_replies() {
        let ids = |text: &str| of(text).into_iter().map(|(label, id)| format!("{label}={id}")).collect::<Vec<_>>();
        let entra = ["trace id=aa-1", "correlation id=bb-2", "timestamp=2026-11-20 08:05:17Z"];
        assert_eq!(ids("x. Trace ID: aa-1 Correlation ID: bb-2 Timestamp: 2026-11-20 08:05:17Z"), entra);
        assert_eq!(ids(r#"{"trace_id": "aa-1", "correlation_id":"bb-2","timestamp":"2026-11-20 08:05:17Z"}"#), entra);
        assert_eq!(
            ids(r#"{"innerError":{"date":"2026-11-20T08:05:17","request-id":"cc-3","client-request-id":"dd-4"}}"#),
            ["request id=cc-3", "client request id=dd-4", "timestamp=2026-11-20T08:05:17"]
        );
        assert_eq!(
            ids("client-request-id: dd-4\r\nrequest-id: cc-3\r\n"),
            ["request id=cc-3", "client request id=dd-4"]
        );
        assert_eq!(
            ids("535 5.7.3 Authentication unsuccessful [SN2PR00CA0018.namprd00.prod.outlook.com]"),
            ["answering server=SN2PR00CA0018.namprd00.prod.outlook.com"]
        );
        assert_eq!(ids("İ Trace ID: aa-1"), ["trace id=aa-1"], "a letter that grows in lower case moves nothing");
    }
}

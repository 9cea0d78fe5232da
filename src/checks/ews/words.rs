//! Which page explains an answer of EWS, and the answer in words.

use crate::facts::{EwsAnswer, EwsExchange};
use crate::kb::{Cause, Where, cause, classify};

/// The page for an answer that is no success: by its words, else by its status.
pub(in crate::checks) fn cause_of(exchange: &EwsExchange) -> &'static Cause {
    let known = classify(Some(Where::Ews), &answer_of(exchange));
    known.first().map_or_else(|| by_status(exchange), |found| found.cause)
}

fn by_status(exchange: &EwsExchange) -> &'static Cause {
    match exchange.http.status {
        Some(401) => &cause::EWS_TOKEN_REFUSED,
        Some(403) => &cause::EWS_FORBIDDEN,
        Some(404) => &cause::EWS_PATH_WRONG,
        Some(429) => &cause::EWS_SERVER_BUSY,
        Some(500..=599) => &cause::EWS_SERVER_ERROR,
        _ => &cause::EWS_REFUSED,
    }
}

/// What it answered, in one line: status, code, its own words, and what the head tells.
fn answer_of(exchange: &EwsExchange) -> String {
    let mut words = exchange.http.status.map(|status| status.to_string()).unwrap_or_default();
    if let Some(answer) = &exchange.answer {
        words.push_str(&said_in(answer));
    }
    let heads = [("x-ms-diagnostics", &exchange.diagnostics), ("X-EWS-Policy-Reason", &exchange.policy)];
    for (name, value) in heads {
        words.extend(value.iter().map(|value| format!(" {name}: {value}")));
    }
    words.extend(exchange.http.words.iter().map(|words| format!(" {words}")));
    words.extend(exchange.http.fault.iter().map(|fault| format!(" {}", fault.words)));
    words.trim().to_owned()
}

fn said_in(answer: &EwsAnswer) -> String {
    let code = answer.code.as_ref().or(answer.fault_code.as_ref());
    let text = answer.text.as_ref().or(answer.fault_text.as_ref());
    let code = code.map(|code| format!(" ResponseCode {code}")).unwrap_or_default();
    let text = text.map(|text| format!(": {text}")).unwrap_or_default();
    format!("{code}{text}")
}

/// The answer with all that is worth reading, one fact a line.
pub(in crate::checks) fn words_of(exchange: &EwsExchange) -> String {
    let mut words = answer_of(exchange);
    if exchange.answer.is_none() && words.chars().all(|c| c.is_ascii_digit()) {
        words.push_str(" without a word of explanation");
    }
    if let Some(ms) = exchange.answer.as_ref().and_then(|answer| answer.back_off_ms) {
        words.push_str(&format!(
            "\nBackOffMilliseconds {ms}: it asks to wait {} s; nothing is repeated",
            ms.div_ceil(1000)
        ));
    }
    words.extend(
        exchange.http.retry_after.iter().map(|seconds| format!("\nit asks to wait {seconds} s; nothing is repeated")),
    );
    if let Some(asked) = exchange.authenticate.as_ref().filter(|_| exchange.diagnostics.is_none()) {
        words.push_str(&format!("\nWWW-Authenticate: {asked}"));
    }
    words.extend(exchange.request_id.iter().map(|id| format!("\nfor Microsoft's support: request-id {id}")));
    words.extend(exchange.front_end.iter().map(|server| format!("\nanswered by {server}")));
    words.extend(exchange.http.correlation_id.iter().map(|id| format!("\nclient-request-id {id}")));
    words
}

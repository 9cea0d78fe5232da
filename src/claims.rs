//! What each claim of an access token means, in a line, and its value as a person reads it.
//!
//! Source: Microsoft Learn, "Access token claims reference", checked 2026-11-20.

use jiff::Timestamp;
use serde_json::Value;

/// The claims worth a line, by name.
const MEANINGS: [(&str, &str); 37] = [
    ("typ", "kind of token"),
    ("alg", "how it is signed; none would mean that anyone can have written it"),
    ("kid", "which of the tenant's keys signed it"),
    ("x5t", "the same, as the thumbprint of its certificate"),
    ("nonce", "the API replaces it by its hash before it verifies the signature"),
    ("aud", "the API it is for; every other one refuses it"),
    ("iss", "who issued it, for which directory"),
    ("iat", "when it was issued"),
    ("nbf", "not valid before"),
    ("exp", "not valid after"),
    ("appid", "the application that asked for it (client id)"),
    ("azp", "the application that asked for it (client id)"),
    ("app_displayname", "the application's name"),
    ("appidacr", "how the application proved itself: 0 not at all, 1 by secret, 2 by certificate or assertion"),
    ("azpacr", "how the application proved itself: 0 not at all, 1 by secret, 2 by certificate or assertion"),
    ("idp", "who vouched for the subject"),
    ("idtyp", "app: an application by itself; user: on behalf of a person"),
    ("oid", "object id of the subject; for an application it is the enterprise application's, as Exchange wants it"),
    ("sub", "the subject; for an application the same as oid"),
    ("tid", "the directory (tenant)"),
    ("roles", "application permissions that an administrator consented to"),
    ("scp", "delegated permissions, on behalf of the person who signed in"),
    ("upn", "the person who signed in"),
    ("unique_name", "the person who signed in"),
    ("preferred_username", "the person who signed in"),
    ("name", "the person's name"),
    ("uti", "id of this very token; the sign-in log shows it"),
    ("sid", "id of the session"),
    ("ver", "format of the token"),
    ("wids", "directory roles of the subject"),
    ("amr", "how the person proved themselves"),
    ("ipaddr", "address from which it was asked for"),
    ("aio", "for the login service alone"),
    ("rh", "for the login service alone"),
    ("xms_cc", "cp1: the client understands that access can be withdrawn at once"),
    ("xms_tcdt", "when the directory was created"),
    ("acct", "0: a member of the directory; 1: a guest"),
];

/// The line for a claim, where there is one.
pub fn meaning(claim: &str) -> Option<&'static str> {
    MEANINGS.iter().find(|(name, _)| *name == claim).map(|(_, meaning)| *meaning)
}

/// A value as a person reads it: times as dates, lists with commas.
pub fn shown(claim: &str, value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if matches!(claim, "iat" | "nbf" | "exp" | "xms_tcdt") => {
            let time = number.as_i64().and_then(|seconds| Timestamp::from_second(seconds).ok());
            time.map_or_else(|| number.to_string(), |time| format!("{time} ({number})"))
        }
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

//! Microsoft Graph: the messages of a mailbox and of its folders, with the parts of OData that clients use on them.

use std::collections::HashMap;

use axum::extract::{Path, Query, State as Inject};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use mailparse::MailHeader;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Shared;
use super::graph::{Failure, answered, bearer, mailbox_for};
use super::mail;
use super::odata::Asked;
use super::state::{Delivered, Mailbox, Place};

/// What reads a mailbox (Microsoft Learn, "List messages").
const ROLES: [&str; 4] = ["Mail.Read", "Mail.ReadBasic", "Mail.ReadBasic.All", "Mail.ReadWrite"];
const RBAC_ROLES: [&str; 3] = ["Application Mail.Read", "Application Mail.ReadBasic", "Application Mail.ReadWrite"];
/// Fields that Graph gives elsewhere and leaves out of the header (microsoft-graph-docs issue 3066).
const NOT_IN_HEADER: [&str; 5] = ["From", "To", "Cc", "Bcc", "Sender"];
/// The beginning of the text that is a preview, in characters.
const PREVIEW: usize = 255;

pub(super) type Options = HashMap<String, String>;

pub(super) async fn of_mailbox(
    Inject(state): Inject<Shared>,
    Path(user): Path<String>,
    Query(options): Query<Options>,
    headers: HeaderMap,
) -> Response {
    answered(list(&state, &user, None, &options, &headers), &headers)
}

pub(super) async fn of_folder(
    Inject(state): Inject<Shared>,
    Path((user, folder)): Path<(String, String)>,
    Query(options): Query<Options>,
    headers: HeaderMap,
) -> Response {
    answered(list(&state, &user, Some(&folder), &options, &headers), &headers)
}

pub(super) async fn folders(Inject(state): Inject<Shared>, Path(user): Path<String>, headers: HeaderMap) -> Response {
    answered(list_folders(&state, &user, &headers), &headers)
}

/// Whether the mailbox opens, by which address, and whether all of a message may be seen.
fn opened(state: &Shared, user: &str, headers: &HeaderMap) -> Result<(String, bool), Failure> {
    let state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let token = bearer(&state, headers)?;
    state.wire.graph_trouble()?;
    let address = mailbox_for(&token, user, &ROLES, &RBAC_ROLES)?;
    let whole = |role: &str| !role.contains("ReadBasic") && ROLES.contains(&role.trim_start_matches("Application "));
    let by_role = token.claims.roles().into_iter().any(whole);
    let by_rbac = token.tenant.app_of(&token.claims).rbac_roles.iter().any(|role| whole(role));
    Ok((address, by_role || by_rbac))
}

fn list_folders(state: &Shared, user: &str, headers: &HeaderMap) -> Result<Response, Failure> {
    let (address, _) = opened(state, user, headers)?;
    let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(mailbox) = state.find_mailbox(&address) else { return Err(Failure::denied()) };
    let rows = [("inbox", "Inbox", mailbox.inbox.len()), ("junkemail", "Junk Email", mailbox.junk.len())];
    let rows = rows.into_iter().chain([("sentitems", "Sent Items", mailbox.sent.len())]);
    let value: Vec<Value> =
        rows.map(|(id, name, count)| json!({ "id": id, "displayName": name, "totalItemCount": count })).collect();
    Ok(axum::Json(json!({ "value": value })).into_response())
}

fn list(
    state: &Shared,
    user: &str,
    folder: Option<&str>,
    options: &Options,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let (address, whole) = opened(state, user, headers)?;
    let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(mailbox) = state.find_mailbox(&address) else { return Err(Failure::denied()) };
    if options.contains_key("$search") && !whole {
        return Err(Failure::denied());
    }
    let asked = Asked::of(options)?;
    let mails = in_place(mailbox, folder)?;
    let mut described: Vec<Value> = mails.iter().map(|(place, mail)| described(*place, mail)).collect();
    described.retain(|mail| asked.wants(mail));
    described.sort_by_key(|mail| mail["receivedDateTime"].as_str().map(str::to_owned));
    if asked.newest_first {
        described.reverse();
    }
    let value: Vec<Value> = described.into_iter().take(asked.top).map(|mail| asked.seen(mail, whole)).collect();
    Ok(axum::Json(json!({ "value": value })).into_response())
}

fn in_place(mailbox: &mut Mailbox, folder: Option<&str>) -> Result<Vec<(Place, Delivered)>, Failure> {
    let places = match folder.map(str::to_ascii_lowercase).as_deref() {
        None => vec![Place::Inbox, Place::Junk, Place::Sent],
        Some("inbox") => vec![Place::Inbox],
        Some("junkemail") => vec![Place::Junk],
        Some("sentitems") => vec![Place::Sent],
        Some(_) => return Err(Failure::new(StatusCode::BAD_REQUEST, "ErrorInvalidIdMalformed", "Id is malformed.")),
    };
    let mails = |place: Place| mailbox.looked_into(place).into_iter().map(move |mail| (place, mail));
    let mut mails = mails;
    Ok(places.into_iter().flat_map(&mut mails).collect())
}

/// A message as Graph describes it.
fn described(place: Place, mail: &Delivered) -> Value {
    let text = |name: &str| mail::field(&mail.octets, name).unwrap_or_default();
    let person = |address: String| json!({ "emailAddress": { "address": address } });
    let from = mail::header_from(&mail.octets).unwrap_or_default();
    let to: Vec<Value> = mail::addresses(&mail.octets, "To").into_iter().map(person).collect();
    let (fields, at) = mailparse::parse_headers(&mail.octets).unwrap_or_default();
    let body = String::from_utf8_lossy(mail.octets.get(at..).unwrap_or_default()).into_owned();
    let mut described = json!({
        "id": format!("AAMk{}", URL_SAFE.encode(Sha256::digest(&mail.octets))),
        "subject": text("Subject"),
        "internetMessageId": text("Message-ID"),
        "from": person(from.clone()),
        "sender": person(from),
        "toRecipients": to,
        "isRead": false,
        "receivedDateTime": mail.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "bodyPreview": body.chars().take(PREVIEW).collect::<String>(),
        "body": { "contentType": "text", "content": body },
    });
    // Of a mail that was sent Graph keeps no header (msgraph-sdk-dotnet issue 3025).
    if place != Place::Sent {
        described["internetMessageHeaders"] = Value::from(header(&fields));
    }
    described
}

fn header(fields: &[MailHeader<'_>]) -> Vec<Value> {
    let given =
        fields.iter().filter(|field| !NOT_IN_HEADER.iter().any(|name| name.eq_ignore_ascii_case(&field.get_key())));
    given.map(|field| json!({ "name": field.get_key(), "value": field.get_value() })).collect()
}

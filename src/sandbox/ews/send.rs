//! `CreateItem`: a message made and sent, as MIME or in the service's own form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::folders::{Folder, store};
use super::gate::Admitted;
use super::schema;
use super::soap::{self, Fault, Outcome};
use crate::sandbox::mail::{self, Envelope};
use crate::sandbox::note::Note;
use crate::sandbox::state::State;
use crate::xml::Element;

pub(super) fn create_item(state: &mut State, admitted: &Admitted, operation: &Element) -> Result<String, Fault> {
    let items = operation.child("Items").map(|items| items.children.as_slice()).unwrap_or_default();
    if items.is_empty() {
        return Err(schema("Items is empty."));
    }
    let keep = match operation.attribute("MessageDisposition") {
        Some("SendAndSaveCopy") => Some(true),
        Some("SendOnly") => Some(false),
        Some("SaveOnly") => {
            let words = "MessageDisposition SaveOnly is not served here: there are no drafts.";
            return Err(Fault::new("ErrorInvalidRequest", words));
        }
        Some(other) => return Err(schema(&format!("MessageDisposition is '{other}'."))),
        None => None,
    };
    let outcomes: Vec<Outcome> = items.iter().map(|item| one(state, admitted, operation, item, keep)).collect();
    Ok(soap::response("CreateItem", &outcomes))
}

fn one(state: &mut State, admitted: &Admitted, operation: &Element, item: &Element, keep: Option<bool>) -> Outcome {
    let Some(keep) = keep else {
        let words = "MessageDisposition is required for e-mail messages.";
        return Err(("ErrorMessageDispositionRequired", words.to_owned()));
    };
    if item.name != "Message" {
        return Err(("ErrorInvalidRequest", format!("The item {} is not served here.", item.name)));
    }
    if let Some(folder) = operation.child("SavedItemFolderId").and_then(|id| id.children.first()) {
        Folder::named(admitted, folder)?;
    }
    store(state, &admitted.address)?;
    let note = match item.child("MimeContent") {
        Some(content) => of_mime(content)?,
        None => typed(item, &admitted.address)?,
    };
    let envelope = Envelope { from: note.from.clone(), to: note.to.clone() };
    let reply = mail::submit(state, &admitted.address, &envelope, &note.octets, keep);
    refused(&reply).map_or_else(|| Ok("<m:Items/>".to_owned()), Err)
}

fn of_mime(content: &Element) -> Result<Note, (&'static str, String)> {
    let packed: Vec<u8> = content.text.bytes().filter(|octet| !octet.is_ascii_whitespace()).collect();
    let octets = STANDARD
        .decode(packed)
        .map_err(|_| ("ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content.".to_owned()))?;
    Note::of_mime(octets).ok_or_else(no_recipient)
}

/// The service's own form, brought into the one that Graph has.
fn typed(item: &Element, own: &str) -> Result<Note, (&'static str, String)> {
    let text = |name: &str| item.child(name).map(|child| child.text.clone()).unwrap_or_default();
    let person = |mailbox: &Element| {
        let address = mailbox.child("EmailAddress").map(Element::trimmed).unwrap_or_default();
        json!({ "emailAddress": { "address": address } })
    };
    let people = |name: &str| -> Vec<Value> {
        item.child(name).map(|list| list.children.iter().map(person).collect()).unwrap_or_default()
    };
    let kind = item.child("Body").and_then(|body| body.attribute("BodyType")).unwrap_or("Text");
    let mut message = json!({
        "subject": text("Subject"),
        "body": { "contentType": kind, "content": text("Body") },
        "toRecipients": people("ToRecipients"),
        "ccRecipients": people("CcRecipients"),
        "bccRecipients": people("BccRecipients"),
    });
    if let Some(from) = item.at(&["From", "Mailbox"]) {
        message["from"] = person(from);
    }
    Note::of_json(&message, own, true).map_err(|_| no_recipient())
}

fn no_recipient() -> (&'static str, String) {
    ("ErrorInvalidRecipients", "At least one recipient isn't valid.".to_owned())
}

/// What EWS makes of the answer of the transport.
fn refused(reply: &str) -> Option<(&'static str, String)> {
    let rows = [
        (
            "SendAsDenied",
            "ErrorSendAsDenied",
            "The user account which was used to submit this request does not have the right to send mail on behalf of \
             the specified sending account.",
        ),
        ("ShutoffQuotaExceeded", "ErrorQuotaExceeded", "The mailbox is over its quota."),
        (
            "SubmissionQuotaExceeded",
            "ErrorSubmissionQuotaExceeded",
            "The message can't be submitted because the message submission quota has been exceeded.",
        ),
        ("", "ErrorInternalServerError", "An internal server error occurred. The operation failed."),
    ];
    let row = rows.into_iter().find(|(mark, ..)| reply.contains(mark)).filter(|_| !reply.starts_with('2'));
    row.map(|(_, code, words)| (code, words.to_owned()))
}

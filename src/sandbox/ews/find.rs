//! `FindItem` and `GetItem`: the mails of a folder, and one of them whole.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::folders::{Folder, store};
use super::gate::Admitted;
use super::soap::{self, Fault, Outcome};
use super::{restriction, schema};
use crate::sandbox::mail;
use crate::sandbox::state::{Delivered, State};
use crate::xml::{Element, escaped};

/// What a page holds where the request does not say (Microsoft Learn, EWS throttling: EWSFindCountLimit).
const PAGE: usize = 1000;

pub(super) fn find_item(state: &mut State, admitted: &Admitted, operation: &Element) -> Result<String, Fault> {
    let ids = operation.child("ParentFolderIds").map(|ids| ids.children.as_slice()).unwrap_or_default();
    if ids.is_empty() {
        return Err(schema("ParentFolderIds is empty."));
    }
    let outcomes: Result<Vec<Outcome>, Fault> = ids.iter().map(|id| found_in(state, admitted, operation, id)).collect();
    Ok(soap::response("FindItem", &outcomes?))
}

fn found_in(state: &mut State, admitted: &Admitted, operation: &Element, id: &Element) -> Result<Outcome, Fault> {
    let folder = match Folder::named(admitted, id) {
        Ok(folder) => folder,
        Err(error) => return Ok(Err(error)),
    };
    if let Err(error) = store(state, &folder.mailbox) {
        return Ok(Err(error));
    }
    let restriction = operation.child("Restriction");
    let mut found = Vec::new();
    for (at, mail) in folder.mails(state).iter().enumerate().filter(|(_, mail)| mail.unseen_for == 0) {
        let wanted = restriction.map(|restriction| restriction::fulfilled(restriction, &mail.octets)).transpose()?;
        if wanted.unwrap_or(true) {
            found.push((at, mail));
        }
    }
    // The newest first, as the service has them without a SortOrder.
    found.reverse();
    let view = operation.child("IndexedPageItemView");
    let number = |name: &str| view.and_then(|view| view.attribute(name)?.parse::<usize>().ok());
    let (first, most) = (number("Offset").unwrap_or(0), number("MaxEntriesReturned").unwrap_or(PAGE).min(PAGE));
    let page: Vec<_> = found.iter().skip(first).take(most).collect();
    let items: String = page.iter().map(|(at, mail)| message(&folder, *at, mail, &Shape::default())).collect();
    let next = first + page.len();
    let page_of = format!(
        "<m:RootFolder IndexedPagingOffset=\"{next}\" TotalItemsInView=\"{}\" IncludesLastItemInRange=\"{}\">\
         <t:Items>{items}</t:Items></m:RootFolder>",
        found.len(),
        next >= found.len()
    );
    folder.looked_into(state);
    Ok(Ok(page_of))
}

/// What is shown of a message beside what is always shown.
#[derive(Default)]
struct Shape {
    mime: bool,
    headers: bool,
}

pub(super) fn get_item(state: &State, admitted: &Admitted, operation: &Element) -> Result<String, Fault> {
    let ids = operation.child("ItemIds").map(|ids| ids.children.as_slice()).unwrap_or_default();
    if ids.is_empty() {
        return Err(schema("ItemIds is empty."));
    }
    let wanted = operation.child("ItemShape");
    let mime = wanted.and_then(|shape| shape.child("IncludeMimeContent")).is_some_and(|mime| mime.trimmed() == "true");
    let more = wanted.and_then(|shape| shape.child("AdditionalProperties"));
    let named = |path: &str| {
        more.is_some_and(|more| more.children.iter().any(|child| child.attribute("FieldURI") == Some(path)))
    };
    let shape = Shape { mime: mime || named("item:MimeContent"), headers: named("item:InternetMessageHeaders") };
    let outcomes: Vec<Outcome> = ids
        .iter()
        .map(|id| {
            let (folder, at) = item_at(admitted, id)?;
            store(state, &folder.mailbox)?;
            let mail = folder.mails(state).get(at).ok_or_else(not_found)?;
            Ok(format!("<m:Items>{}</m:Items>", message(&folder, at, mail, &shape)))
        })
        .collect();
    Ok(soap::response("GetItem", &outcomes))
}

fn not_found() -> (&'static str, String) {
    ("ErrorItemNotFound", "The specified object was not found in the store.".to_owned())
}

/// The folder and the place of an item in it.
fn item_at(admitted: &Admitted, element: &Element) -> Result<(Folder, usize), (&'static str, String)> {
    let malformed = || ("ErrorInvalidIdMalformed", "The Id is invalid.".to_owned());
    let id = element.attribute("Id").ok_or_else(malformed)?;
    let id = String::from_utf8(STANDARD.decode(id).map_err(|_| malformed())?).map_err(|_| malformed())?;
    let (folder, at) = id.rsplit_once('/').ok_or_else(malformed)?;
    let attributes = vec![("Id".to_owned(), folder.to_owned())];
    let folder = Element { name: "FolderId".to_owned(), attributes, ..Element::default() };
    Ok((Folder::named(admitted, &folder)?, at.parse().map_err(|_| malformed())?))
}

/// A message in the order of the schema.
fn message(folder: &Folder, at: usize, mail: &Delivered, shape: &Shape) -> String {
    let id = STANDARD.encode(format!("{}/{at}", folder.id()));
    let text = |name: &str| escaped(&mail::field(&mail.octets, name).unwrap_or_default());
    let mime = if shape.mime {
        format!("<t:MimeContent CharacterSet=\"UTF-8\">{}</t:MimeContent>", STANDARD.encode(&mail.octets))
    } else {
        String::new()
    };
    // Of a mail that was sent there is no header here either.
    let headers = if shape.headers && folder.name != "sentitems" { headers(&mail.octets) } else { String::new() };
    let received = mail.at.strftime("%Y-%m-%dT%H:%M:%SZ");
    let from = escaped(&mail::header_from(&mail.octets).unwrap_or_default());
    format!(
        "<t:Message>{mime}<t:ItemId Id=\"{id}\" ChangeKey=\"CQAAABYAAAA\"/><t:ParentFolderId Id=\"{}\"/>\
         <t:ItemClass>IPM.Note</t:ItemClass><t:Subject>{}</t:Subject><t:DateTimeReceived>{received}</t:DateTimeReceived><t:Size>{}</t:Size>{headers}<t:From><t:Mailbox>\
         <t:EmailAddress>{from}</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType></t:Mailbox></t:From>\
         <t:InternetMessageId>{}</t:InternetMessageId><t:IsRead>false</t:IsRead></t:Message>",
        escaped(&folder.id()),
        text("Subject"),
        mail.octets.len(),
        text("Message-ID"),
    )
}

fn headers(message: &[u8]) -> String {
    let one = |(name, value): (String, String)| {
        let (name, value) = (escaped(&name), escaped(&value));
        format!("<t:InternetMessageHeader HeaderName=\"{name}\">{value}</t:InternetMessageHeader>")
    };
    let all: String = mail::fields(message).into_iter().map(one).collect();
    format!("<t:InternetMessageHeaders>{all}</t:InternetMessageHeaders>")
}

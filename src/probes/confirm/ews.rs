//! Looking for the probe over Exchange Web Services: `FindItem` in each folder, and `GetItem` of the one that was found
//! (Microsoft Learn, "FindItem operation", "GetItem operation (email message)"). Its header is asked for and no body.

use super::{ConfirmJob, Look, header};
use crate::facts::{ArrivedFacts, ConfirmFacts, EwsExchange, Folder};
use crate::probes::ews::envelope::{Acting, envelope, folder as folder_of};
use crate::probes::ews::{acting_with, ask};
use crate::probes::http::Client;
use crate::setup::secret::{Mask, Secret};
use crate::xml::{self, Element};

/// Looks into every folder at once.
pub(super) struct Looking<'a> {
    job: &'a ConfirmJob,
    client: Client,
    token: Secret,
    mask: Mask,
}

impl<'a> Looking<'a> {
    pub(super) fn new(job: &'a ConfirmJob, token: &Secret) -> Looking<'a> {
        let mut mask = job.mask.clone();
        mask.add(token);
        let client = Client::new(&job.cloud, job.timeout, job.proxy.as_ref(), &mask);
        Looking { job, client, token: token.clone(), mask }
    }

    pub(super) async fn look(&mut self, facts: &mut ConfirmFacts) -> Look {
        let folders = &self.job.folders;
        let (first, second) = tokio::join!(self.find(folders.first()), self.find(folders.get(1)));
        let mut look = Look::NotYet(None);
        facts.ews = None;
        for (of_folder, exchange) in first.into_iter().chain(second) {
            if look.gives_way_to(&of_folder) || facts.ews.is_none() {
                look = of_folder;
                facts.ews = Some(exchange);
            }
        }
        look
    }

    async fn find(&self, folder: Option<&Folder>) -> Option<(Look, EwsExchange)> {
        let folder = *folder?;
        let (exchange, body) = self.asked(&find_item(&self.acting(), folder, &self.job.token)).await;
        if !exchange.succeeded() {
            return Some((failed(&exchange), exchange));
        }
        let Some(id) = body.as_ref().and_then(found_in) else {
            return Some((Look::NotYet(None), exchange));
        };
        let (exchange, body) = self.asked(&get_item(&self.acting(), &id)).await;
        let arrived = body.as_ref().filter(|_| exchange.succeeded()).and_then(|body| self.read(folder, body));
        let look = match arrived {
            Some(arrived) => Look::Found(Box::new(arrived)),
            None if exchange.succeeded() => Look::NotYet(None),
            None => failed(&exchange),
        };
        Some((look, exchange))
    }

    fn acting(&self) -> Acting<'_> {
        Acting { how: acting_with(&self.token), mailbox: &self.job.mailbox }
    }

    async fn asked(&self, envelope: &str) -> (EwsExchange, Option<Element>) {
        let job = self.job;
        let (exchange, body, _) =
            ask(&self.client, &job.cloud.ews, &self.token, &job.mailbox, envelope.to_owned()).await;
        (exchange, body.and_then(|body| xml::parse(&body).ok()))
    }

    /// The message, when it is really ours.
    fn read(&self, folder: Folder, body: &Element) -> Option<ArrivedFacts> {
        let item = items(body, "GetItemResponse")?.children.first()?;
        let text = |path: &[&str]| item.at(path).map(|found| header::kept(&found.text, &self.mask)).unwrap_or_default();
        let subject = text(&["Subject"]);
        if !subject.contains(&self.job.token) {
            return None;
        }
        let arrived = header::read(&header_of(item), &self.mask);
        let sender = text(&["From", "Mailbox", "EmailAddress"]);
        Some(ArrivedFacts {
            folder: Some(folder),
            from: if sender.contains('@') { sender } else { arrived.from },
            subject,
            message_id: text(&["InternetMessageId"]),
            received: Some(text(&["DateTimeReceived"])).filter(|time| !time.is_empty()),
            ..arrived
        })
    }
}

/// What an answer means that is no success. One that asks to wait says so in milliseconds.
fn failed(exchange: &EwsExchange) -> Look {
    let answer = exchange.answer.as_ref();
    let busy = answer.is_some_and(|answer| answer.code.as_deref() == Some("ErrorServerBusy"));
    let wait = answer.and_then(|answer| answer.back_off_ms).map(|ms| ms.div_ceil(1000)).or(exchange.http.retry_after);
    match exchange.http.status {
        None => Look::Failed,
        _ if busy => Look::NotYet(wait),
        Some(429 | 502..=504) => Look::NotYet(wait),
        Some(200) if answer.is_none() => Look::Failed,
        Some(_) => Look::Refused,
    }
}

fn find_item(acting: &Acting<'_>, folder: Folder, token: &str) -> String {
    let name = match folder {
        Folder::Inbox => "inbox",
        Folder::Junk => "junkemail",
        Folder::Sent => "sentitems",
    };
    let body = format!(
        "<m:FindItem Traversal=\"Shallow\"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>\
         <m:IndexedPageItemView MaxEntriesReturned=\"5\" Offset=\"0\" BasePoint=\"Beginning\"/><m:Restriction>\
         <t:Contains ContainmentMode=\"Substring\" ContainmentComparison=\"IgnoreCase\"><t:FieldURI \
         FieldURI=\"item:Subject\"/><t:Constant Value=\"{}\"/></t:Contains></m:Restriction><m:ParentFolderIds>{}\
         </m:ParentFolderIds></m:FindItem>",
        xml::escaped(token),
        folder_of(acting, name)
    );
    envelope(acting, &body)
}

fn get_item(acting: &Acting<'_>, id: &str) -> String {
    let fields = [
        "item:Subject",
        "item:InternetMessageHeaders",
        "item:DateTimeReceived",
        "message:From",
        "message:InternetMessageId",
    ];
    let fields: String = fields.iter().map(|field| format!("<t:FieldURI FieldURI=\"{field}\"/>")).collect();
    let body = format!(
        "<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>{fields}\
         </t:AdditionalProperties></m:ItemShape><m:ItemIds><t:ItemId Id=\"{}\"/></m:ItemIds></m:GetItem>",
        xml::escaped(id)
    );
    envelope(acting, &body)
}

/// The items of an answer: `FindItem` has them in its page, `GetItem` at once.
fn items<'a>(body: &'a Element, response: &str) -> Option<&'a Element> {
    let message = body.at(&["Body", response, "ResponseMessages"])?.children.first()?;
    message.at(&["RootFolder", "Items"]).or_else(|| message.child("Items"))
}

/// The id of the first item.
fn found_in(body: &Element) -> Option<String> {
    let first = items(body, "FindItemResponse")?.children.first()?;
    first.child("ItemId")?.attribute("Id").map(str::to_owned)
}

/// The header as octets: EWS gives its fields one by one, unfolded.
fn header_of(item: &Element) -> Vec<u8> {
    let fields = item.child("InternetMessageHeaders").map(|fields| fields.children.as_slice()).unwrap_or_default();
    let mut header = String::new();
    for field in fields {
        let name = field.attribute("HeaderName").unwrap_or_default().replace(['\r', '\n'], " ");
        header.push_str(&format!("{name}: {}\r\n", field.text.replace(['\r', '\n'], " ")));
        if header.len() > header::LONGEST_HEADER {
            break;
        }
    }
    header.into_bytes()
}

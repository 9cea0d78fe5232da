//! Looking for the probe over Microsoft Graph: one GET a folder, again and again. Nothing is changed by it.

use serde_json::Value;
use url::Url;

use super::{ConfirmJob, Look, header};
use crate::facts::{ArrivedFacts, ConfirmFacts, Folder, HttpFacts};
use crate::probes::graph::{address, refusal_in};
use crate::probes::http::Client;
use crate::setup::secret::{Mask, Secret};

/// What is asked of a message: no body, no preview, no attachment.
const FIELDS: &str = "id,subject,from,internetMessageId,internetMessageHeaders,receivedDateTime";

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
        let ask = async |folder: Option<&Folder>| match folder {
            Some(folder) => Some((*folder, self.client.get_with(&self.url(*folder), &self.token).await)),
            None => None,
        };
        let folders = &self.job.folders;
        let (first, second) = tokio::join!(ask(folders.first()), ask(folders.get(1)));
        facts.requests.clear();
        facts.refusal = None;
        let mut look = Look::NotYet(None);
        for (folder, (request, body)) in first.into_iter().chain(second) {
            let of_folder = self.judge(folder, &request, body.as_ref(), facts);
            facts.requests.push(request);
            if look.gives_way_to(&of_folder) {
                look = of_folder;
            }
        }
        look
    }

    fn judge(&self, folder: Folder, request: &HttpFacts, body: Option<&Value>, facts: &mut ConfirmFacts) -> Look {
        match request.status {
            Some(200) => match body.and_then(|body| self.found_in(folder, body)) {
                Some(arrived) => Look::Found(Box::new(arrived)),
                None if body.is_some_and(|body| body.get("value").is_some_and(Value::is_array)) => Look::NotYet(None),
                None => Look::Failed,
            },
            Some(status) => {
                facts.refusal = body.and_then(|body| refusal_in(body, |text| self.client.seen(text)));
                if matches!(status, 429 | 500..=599) { Look::NotYet(request.retry_after) } else { Look::Refused }
            }
            None => Look::Failed,
        }
    }

    /// The message whose subject holds the token, among those that came.
    fn found_in(&self, folder: Folder, body: &Value) -> Option<ArrivedFacts> {
        let mask = &self.mask;
        let text = |value: Option<&Value>| header::kept(value.and_then(Value::as_str).unwrap_or_default(), mask);
        let mails = body.get("value")?.as_array()?;
        let mail = mails.iter().find(|mail| text(mail.get("subject")).contains(&self.job.token))?;
        let arrived = header::read(&header_of(mail), mask);
        let sender = text(mail.get("from").and_then(|from| from.get("emailAddress")?.get("address")));
        Some(ArrivedFacts {
            folder: Some(folder),
            // Graph leaves From out of the header that it gives.
            from: if sender.is_empty() { arrived.from } else { sender },
            subject: text(mail.get("subject")),
            message_id: text(mail.get("internetMessageId")),
            received: Some(text(mail.get("receivedDateTime"))).filter(|time| !time.is_empty()),
            ..arrived
        })
    }

    fn url(&self, folder: Folder) -> Url {
        let name = match folder {
            Folder::Inbox => "inbox",
            Folder::Junk => "junkemail",
            Folder::Sent => "sentitems",
        };
        let path = ["v1.0", "users", &self.job.mailbox, "mailFolders", name, "messages"];
        let mut url = address(&self.job.cloud.graph, &path);
        // The token is of hexadecimal digits, so nothing in it can end the text.
        let filter = format!("contains(subject,'{}')", self.job.token);
        url.query_pairs_mut().append_pair("$filter", &filter).append_pair("$select", FIELDS).append_pair("$top", "5");
        url
    }
}

/// The header as octets: Graph gives its fields one by one, unfolded.
fn header_of(mail: &Value) -> Vec<u8> {
    let fields = mail.get("internetMessageHeaders").and_then(Value::as_array);
    let mut header = String::new();
    for field in fields.into_iter().flatten() {
        let text = |name: &str| field.get(name).and_then(Value::as_str).unwrap_or_default().replace(['\r', '\n'], " ");
        header.push_str(&format!("{}: {}\r\n", text("name"), text("value")));
        if header.len() > header::LONGEST_HEADER {
            break;
        }
    }
    header.into_bytes()
}

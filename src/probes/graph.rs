//! Microsoft Graph: one `sendMail`, asked once.
//!
//! The token goes to the cloud's own host for Graph and nowhere else, no redirect is followed, and no request is made
//! a second time, whatever the answer is or whether it comes.

use std::future::Future;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::Url;

use super::http::{Client, Once};
use super::web::{WebJob, server};
use crate::facts::{Accepted, GraphFacts, GraphRefusal, HttpFacts, MessageFacts, TokenFacts};
use crate::identity::{self, Names};
use crate::message::ProbeMail;
use crate::road::Road;
use crate::setup::secret::Secret;

/// Looks whether Graph is there, and sends the mail where there is one, as MIME or as JSON. The token may come late.
pub async fn probe(
    job: &WebJob,
    mime: bool,
    client: &Client,
    token: impl Future<Output = Option<Secret>>,
) -> GraphFacts {
    let mut facts = GraphFacts { server: server(&job.cloud.graph), ..GraphFacts::default() };
    let root = address(&job.cloud.graph, &["v1.0", ""]);
    let (reach, token) = tokio::join!(client.head(&root), async {
        match &job.mail {
            Some(_) => token.await,
            None => None,
        }
    });
    facts.reach = reach;
    let Some(mail) = &job.mail else {
        facts.stopped = Some(job.kept.clone());
        return facts;
    };
    if facts.reach.status.is_none() {
        facts.stopped = Some("Graph was not reached".to_owned());
        return facts;
    }
    let Some(token) = token else {
        facts.stopped = Some("there is no token to send with".to_owned());
        return facts;
    };
    if let Some(why) = objection(job, &token) {
        facts.stopped = Some(why);
        return facts;
    }
    send(job, mail, mime, &token, &mut facts).await;
    facts
}

/// Why the mail is held back: by its claims the token can not send it, and nothing but sending would show that.
fn objection(job: &WebJob, token: &Secret) -> Option<String> {
    let mut claims = TokenFacts::default();
    super::token::decode(token, &mut claims);
    let names = Names { mailbox: Some(&job.mailbox), from: job.from.as_deref(), sasl_user: None };
    identity::holds_back(Road::Graph, &claims, &names).map(|why| job.mask.apply(&why))
}

async fn send(job: &WebJob, mail: &ProbeMail, mime: bool, token: &Secret, facts: &mut GraphFacts) {
    let mut mask = job.mask.clone();
    mask.add(token);
    let client = Client::once(&job.cloud, job.timeout, job.proxy.as_ref(), &mask);
    let url = address(&job.cloud.graph, &["v1.0", "users", &job.mailbox, "sendMail"]);
    let (kind, body) =
        if mime { ("text/plain", STANDARD.encode(&mail.octets)) } else { ("application/json", json_of(job, mail)) };
    let (request, answer, once) = client.post_once(&url, token, kind, body).await;
    facts.form = Some(if mime { "mime" } else { "json" }.to_owned());
    facts.refusal = answer.as_ref().and_then(|answer| refusal_in(answer, |text| client.seen(text)));
    facts.request_id.clone_from(&once.request_id);
    facts.message = Some(MessageFacts {
        // Of a message in JSON Graph makes the Message-ID.
        message_id: if mime { mail.message_id.clone() } else { String::new() },
        subject: mail.subject.clone(),
        from: job.from.clone().unwrap_or_else(|| job.mailbox.clone()),
        to: job.to.clone(),
        accepted: accepted(&request, &once),
    });
    facts.request = Some(request);
}

/// Whether the mail was taken. Only what can not have sent it is a no: a gateway that gave up waiting, and an answer that
/// is none of Graph's, leave it open.
fn accepted(request: &HttpFacts, once: &Once) -> Accepted {
    match request.status {
        Some(202) => Accepted::Yes,
        Some(100..=299 | 500 | 502 | 504) => Accepted::Unknown,
        Some(_) => Accepted::No,
        None if once.unsent => Accepted::No,
        None => Accepted::Unknown,
    }
}

/// The body of `sendMail` in JSON. A header field of one's own must begin with `x-`, and there is none for the
/// Message-ID, so the mark is the subject and one such field.
fn json_of(job: &WebJob, mail: &ProbeMail) -> String {
    let address = |address: &str| json!({ "emailAddress": { "address": address } });
    let mut message = json!({
        "subject": mail.subject,
        "body": { "contentType": "Text", "content": mail.text() },
        "toRecipients": [address(&job.to)],
        "internetMessageHeaders": [{ "name": "x-o365doctor-probe", "value": mail.token() }],
    });
    if let Some(from) = &job.from {
        message["from"] = address(from);
    }
    json!({ "message": message, "saveToSentItems": true }).to_string()
}

/// Reads the refusal that an answer may hold; the inner part is spelled in two ways.
pub(super) fn refusal_in(body: &Value, seen: impl Fn(&str) -> String) -> Option<GraphRefusal> {
    let error = body.get("error")?;
    let inner = error.get("innerError").or_else(|| error.get("innererror"));
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(&seen);
    let of_inner = |name: &str| text(inner.and_then(|inner| inner.get(name)));
    Some(GraphRefusal {
        code: text(error.get("code"))?,
        message: text(error.get("message")).unwrap_or_default(),
        inner_code: of_inner("code"),
        request_id: of_inner("request-id"),
        date: of_inner("date"),
    })
}

pub(super) fn address(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_can_not_leave_its_place_in_the_path() {
        let base = Url::parse("https://graph.example").unwrap();
        let url = address(&base, &["v1.0", "users", "a/../b?c#d@contoso.test", "sendMail"]);
        assert_eq!(url.as_str(), "https://graph.example/v1.0/users/a%2F..%2Fb%3Fc%23d@contoso.test/sendMail");
    }

    #[test]
    fn what_may_have_been_sent_is_never_a_no() {
        let by = |status, unsent| {
            let once = Once { unsent, ..Once::default() };
            accepted(&HttpFacts { status, ..HttpFacts::default() }, &once)
        };
        assert_eq!(by(Some(202), false), Accepted::Yes);
        assert_eq!(by(Some(429), false), Accepted::No);
        assert_eq!(by(Some(200), false), Accepted::Unknown);
        assert_eq!(by(Some(504), false), Accepted::Unknown);
        assert_eq!(by(None, false), Accepted::Unknown);
        assert_eq!(by(None, true), Accepted::No);
    }
}

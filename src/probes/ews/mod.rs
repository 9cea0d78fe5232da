//! Exchange Web Services: the inbox asked for, and one mail made and sent, asked once.
//!
//! The token goes to the cloud's own address for EWS and nowhere else, no redirect is followed, and no request is made
//! a second time, whatever the answer is or whether it comes.

pub(super) mod envelope;

use std::future::Future;

use url::Url;

use super::http::{Client, Once};
use super::token;
use super::web::{WebJob, server};
use crate::facts::{Accepted, EwsActing, EwsAnswer, EwsExchange, EwsFacts, MessageFacts, TokenFacts};
use crate::setup::secret::Secret;
use envelope::Acting;

/// Looks whether EWS is there, opens the mailbox, and sends the mail where there is one. The token may come late.
/// `open`: whether the mailbox is asked for at all.
pub async fn probe(job: &WebJob, open: bool, client: &Client, token: impl Future<Output = Option<Secret>>) -> EwsFacts {
    let mut facts = EwsFacts { server: server(&job.cloud.ews), ..EwsFacts::default() };
    let (reach, token) = tokio::join!(client.head(&job.cloud.ews), async { if open { token.await } else { None } });
    facts.reach = reach;
    let stopped = match (&token, open) {
        _ if facts.reach.status.is_none() => Some("EWS was not reached"),
        (_, false) => Some("it is not to go so far (--stop-after)"),
        (None, true) => Some("there is no token to ask with"),
        _ => None,
    };
    facts.stopped = stopped.map(str::to_owned);
    let Some(token) = token.filter(|_| facts.stopped.is_none()) else { return facts };
    open_and_send(job, &token, &mut facts).await;
    facts
}

async fn open_and_send(job: &WebJob, token: &Secret, facts: &mut EwsFacts) {
    let acting = acting_with(token);
    facts.acting = Some(acting);
    let acting = Acting { how: acting, mailbox: &job.mailbox };
    let (folder, _) = exchange(job, token, envelope::get_folder(&acting)).await;
    facts.folder = Some(folder);
    let Some(mail) = &job.mail else {
        facts.stopped = Some(job.kept.clone());
        return;
    };
    if !facts.opened() {
        facts.stopped = Some("the mailbox did not open, so nothing was sent".to_owned());
        return;
    }
    let (create, once) = exchange(job, token, envelope::create_item(&acting, &mail.octets)).await;
    facts.message = Some(MessageFacts {
        message_id: mail.message_id.clone(),
        subject: mail.subject.clone(),
        from: job.from.clone().unwrap_or_else(|| job.mailbox.clone()),
        to: job.to.clone(),
        accepted: accepted(&create, &once),
    });
    facts.create = Some(create);
}

/// An application impersonates; a person, whose token has a scope, must not.
pub(super) fn acting_with(token: &Secret) -> EwsActing {
    let mut claims = TokenFacts::default();
    token::decode(token, &mut claims);
    if claims.scopes().is_some() { EwsActing::Folder } else { EwsActing::Impersonation }
}

/// One request and its answer, on a connection of its own, and never again.
async fn exchange(job: &WebJob, token: &Secret, envelope: String) -> (EwsExchange, Once) {
    let mut mask = job.mask.clone();
    mask.add(token);
    let client = Client::once(&job.cloud, job.timeout, job.proxy.as_ref(), &mask);
    let (exchange, _, once) = ask(&client, &job.cloud.ews, token, &job.mailbox, envelope).await;
    (exchange, once)
}

/// One request with its answer, and the body of that.
pub(super) async fn ask(
    client: &Client,
    url: &Url,
    token: &Secret,
    mailbox: &str,
    envelope: String,
) -> (EwsExchange, Option<String>, Once) {
    let (mut http, body, once) = client.soap_once(url, token, mailbox, envelope).await;
    let answer = body.as_deref().and_then(envelope::answer_in).map(|answer| seen(answer, client));
    if let (None, Some(body)) = (&answer, &body) {
        http.words = Some(client.excerpt(body)).filter(|words| !words.trim().is_empty());
    }
    let exchange = EwsExchange {
        http,
        diagnostics: once.head("x-ms-diagnostics"),
        policy: once.head("x-ews-policy-reason"),
        authenticate: once.head("www-authenticate"),
        request_id: once.request_id.clone(),
        front_end: once.head("x-feserver"),
        answer,
    };
    (exchange, body, once)
}

fn seen(answer: EwsAnswer, client: &Client) -> EwsAnswer {
    let seen = |text: Option<String>| text.map(|text| client.seen(&text));
    EwsAnswer {
        class: seen(answer.class),
        code: seen(answer.code),
        text: seen(answer.text),
        fault_code: seen(answer.fault_code),
        fault_text: seen(answer.fault_text),
        back_off_ms: answer.back_off_ms,
    }
}

/// Response codes with which the service turns a message down before it is handed on (Microsoft Learn, ResponseCode).
/// Whatever is not among them leaves it open.
const REFUSALS: [&str; 32] = [
    "ErrorAccessDenied",
    "ErrorAccountDisabled",
    "ErrorCreateItemAccessDenied",
    "ErrorExceededConnectionCount",
    "ErrorFolderNotFound",
    "ErrorImpersonateUserDenied",
    "ErrorImpersonationDenied",
    "ErrorImpersonationFailed",
    "ErrorInvalidExchangeImpersonationHeaderData",
    "ErrorInvalidLicense",
    "ErrorInvalidRecipients",
    "ErrorInvalidRequest",
    "ErrorInvalidSmtpAddress",
    "ErrorInvalidServerVersion",
    "ErrorMailboxMoveInProgress",
    "ErrorMessageDispositionRequired",
    "ErrorMessageSizeExceeded",
    "ErrorMimeContentInvalid",
    "ErrorMimeContentInvalidBase64String",
    "ErrorMissingEmailAddress",
    "ErrorMissingRecipients",
    "ErrorNonExistentMailbox",
    "ErrorNonPrimarySmtpAddress",
    "ErrorQuotaExceeded",
    "ErrorSavedItemFolderNotFound",
    "ErrorSchemaValidation",
    "ErrorSendAsDenied",
    "ErrorServerBusy",
    "ErrorSubmissionQuotaExceeded",
    "ErrorTooManyObjectsOpened",
    "ErrorUnsupportedMimeConversion",
    "ErrorWrongServerVersion",
];

/// Whether the mail was taken. Only what can not have sent it is a no: a gateway that gave up waiting, a code that tells
/// of a failure in the middle of the work, and an answer that is none of the service's leave it open.
fn accepted(exchange: &EwsExchange, once: &Once) -> Accepted {
    let code = exchange.answer.as_ref().and_then(|answer| answer.code.as_deref());
    match (exchange.http.status, code) {
        (Some(200), Some("NoError")) if exchange.succeeded() => Accepted::Yes,
        (Some(200 | 500 | 503), Some(code)) if REFUSALS.contains(&code) => Accepted::No,
        // The request itself was turned away; 408 speaks of the time that it took.
        (Some(300..=407 | 409..=499), _) => Accepted::No,
        (Some(_), _) => Accepted::Unknown,
        (None, _) if once.unsent => Accepted::No,
        (None, _) => Accepted::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::HttpFacts;

    #[test]
    fn what_may_have_been_sent_is_never_a_no() {
        let by = |status, class: &str, code: &str, unsent| {
            let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let answer = EwsAnswer { class: text(class), code: text(code), ..EwsAnswer::default() };
            let http = HttpFacts { status, ..HttpFacts::default() };
            let exchange = EwsExchange { http, answer: Some(answer), ..EwsExchange::default() };
            accepted(&exchange, &Once { unsent, ..Once::default() })
        };
        assert_eq!(by(Some(200), "Success", "NoError", false), Accepted::Yes);
        assert_eq!(by(Some(200), "Error", "ErrorSendAsDenied", false), Accepted::No);
        assert_eq!(by(Some(500), "", "ErrorServerBusy", false), Accepted::No);
        assert_eq!(by(Some(403), "", "", false), Accepted::No);
        assert_eq!(by(Some(307), "", "", false), Accepted::No);
        for (status, class, code) in [
            (Some(200), "", ""),
            (Some(200), "Warning", "NoError"),
            (Some(500), "Success", "NoError"),
            (Some(200), "Error", "ErrorInternalServerTransientError"),
            (Some(500), "", "ErrorTimeoutExpired"),
            (Some(503), "", ""),
            (Some(504), "", ""),
            (Some(408), "", ""),
            (None, "", ""),
        ] {
            assert_eq!(by(status, class, code, false), Accepted::Unknown, "{status:?} {class} {code}");
        }
        assert_eq!(by(None, "", "", true), Accepted::No);
    }
}

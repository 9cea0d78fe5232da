//! Exchange Web Services: `POST /EWS/Exchange.asmx`, SOAP 1.1, on the listener of the login service.
//!
//! An application names the mailbox in the header `ExchangeImpersonation` (`PrimarySmtpAddress`, `SmtpAddress` or
//! `PrincipalName`); a person's token opens the person's own mailbox, and those with Full Access through
//! `<t:DistinguishedFolderId Id="inbox"><t:Mailbox><t:EmailAddress>`. What is served:
//!
//! | operation | takes |
//! | --- | --- |
//! | `GetFolder` | any number of `DistinguishedFolderId` (`inbox`, `sentitems`, `junkemail`, `msgfolderroot`, `root`) and `FolderId`; `BaseShape` |
//! | `CreateItem` | `MessageDisposition` `SendOnly` or `SendAndSaveCopy`; `Message` as `MimeContent` or as `Subject`, `Body`, `ToRecipients`, `CcRecipients`, `BccRecipients`, `From` |
//! | `FindItem` | `ParentFolderIds`; `Restriction` of `IsEqualTo`, `Contains`, `And`, `Or` and `Not` over `item:Subject`, `message:InternetMessageId` and `message:From`; `IndexedPageItemView` |
//! | `GetItem` | `ItemIds` that `FindItem` gave; `IncludeMimeContent`; `item:MimeContent` and `item:InternetMessageHeaders` among the `AdditionalProperties` |
//!
//! Anything else gets the fault `ErrorInvalidRequest`.

mod find;
mod folders;
mod gate;
mod restriction;
mod send;
mod soap;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State as Inject};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use jiff::Timestamp;

use super::Shared;
use super::entra::Broken;
use super::state::State;
use crate::xml::{self, Element};
use soap::Fault;

/// A message of 150 MB in base64 would be the service's own bound; nothing that a sandbox sends is near this.
const LARGEST: usize = 16 * 1024 * 1024;
/// What the service asks a throttled client to wait, in milliseconds.
const BACK_OFF: &str = "29000";
/// The namespaces of SOAP 1.1 and of the operations.
const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const MESSAGES: &str = "http://schemas.microsoft.com/exchange/services/2006/messages";

/// The paths of EWS; the service does not look at their case.
pub(super) fn routes() -> Router<Shared> {
    let served = || get(without_token).post(serve);
    Router::new()
        .route(crate::cloud::EWS_PATH, served())
        .route("/ews/exchange.asmx", served())
        .layer(DefaultBodyLimit::max(LARGEST))
}

/// How a request ends that is not served.
#[derive(Debug)]
enum Refusal {
    /// The token is refused, with what `x-ms-diagnostics` says.
    Token(Option<gate::Diagnostic>),
    /// A switch or a list refuses, with what `X-EWS-Policy-Reason` says, or a rule that says nothing.
    Forbidden(Option<&'static str>),
    /// A fault of SOAP.
    Fault(StatusCode, Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Refusal::Fault(StatusCode::INTERNAL_SERVER_ERROR, fault)
    }
}

async fn without_token() -> Response {
    soap::refused(&Refusal::Token(None))
}

async fn serve(Inject(state): Inject<Shared>, headers: HeaderMap, body: Result<Bytes, BytesRejection>) -> Response {
    let Ok(body) = body else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if state.wire.ews_fails {
        let page = "<!DOCTYPE html><html><body><h1>Service Unavailable</h1></body></html>";
        return (StatusCode::SERVICE_UNAVAILABLE, Html(page)).into_response();
    }
    let taken = state.taken;
    let answer = answered(&mut state, &headers, &body);
    if state.wire.ews_loses_answer && state.taken > taken {
        // A body that breaks off ends the connection without an answer.
        return Response::new(Body::from_stream(Broken));
    }
    match answer {
        Ok(response) => soap::answer(&response),
        Err(refusal) => soap::refused(&refusal),
    }
}

/// Token, switches of the organisation, load, envelope, mailbox, operation: in this order the service refuses.
fn answered(state: &mut State, headers: &HeaderMap, body: &[u8]) -> Result<String, Refusal> {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let token = token.map(str::trim).filter(|token| !token.is_empty()).ok_or(Refusal::Token(None))?;
    let caller = gate::caller(state, token, Timestamp::now().as_second() + state.clock_ahead)?;
    if state.wire.ews_throttles {
        let fault = Fault::new("ErrorServerBusy", "The server cannot service this request right now. Try again later.");
        return Err(Refusal::Fault(StatusCode::SERVICE_UNAVAILABLE, fault.with("BackOffMilliseconds", BACK_OFF)));
    }
    let envelope = envelope(body)?;
    let admitted = gate::admit(state, &caller, envelope.child("Header"))?;
    let operation = envelope.child("Body").and_then(|body| body.children.first());
    let operation = operation.filter(|operation| operation.namespace == MESSAGES);
    let operation = operation.ok_or_else(|| schema("The body holds no operation."))?;
    match operation.name.as_str() {
        "GetFolder" => Ok(folders::get_folder(state, &admitted, operation)),
        "CreateItem" => Ok(send::create_item(state, &admitted, operation)?),
        "FindItem" => Ok(find::find_item(state, &admitted, operation)?),
        "GetItem" => Ok(find::get_item(state, &admitted, operation)?),
        other => Err(Fault::new("ErrorInvalidRequest", format!("The operation {other} is not served here.")).into()),
    }
}

fn envelope(body: &[u8]) -> Result<Element, Fault> {
    let text = std::str::from_utf8(body).map_err(|_| schema("The request is not UTF-8."))?;
    let root = xml::parse(text).map_err(|why| schema(&why.0))?;
    if root.name != "Envelope" || root.namespace != SOAP {
        return Err(schema("The root element is not the Envelope of SOAP 1.1."));
    }
    Ok(root)
}

/// What the service says of a request that its schema does not take.
fn schema(why: &str) -> Fault {
    Fault::new("ErrorSchemaValidation", format!("The request failed schema validation: {why}"))
}

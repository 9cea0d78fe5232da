//! The answers of EWS: outcomes of an operation, faults, and refusals that are no SOAP at all.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::Refusal;
use crate::xml::escaped;

/// What a 401 offers, as the service does.
const CHALLENGE: &str = "Bearer client_id=\"00000002-0000-0ff1-ce00-000000000000\", \
     trusted_issuers=\"00000001-0000-0000-c000-000000000000@*\", \
     token_types=\"app_asserted_user_v1 service_asserted_app_v1\", \
     authorization_uri=\"https://login.windows.net/common/oauth2/authorize\"";
const FRONT_END: &str = "AM0PR01CA0042";

/// A fault: code, words, and a value that goes with them.
#[derive(Debug)]
pub(super) struct Fault {
    code: &'static str,
    words: String,
    value: Option<(&'static str, String)>,
}

impl Fault {
    pub(super) fn new(code: &'static str, words: impl Into<String>) -> Fault {
        Fault { code, words: words.into(), value: None }
    }

    #[cfg(test)]
    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    pub(super) fn with(self, name: &'static str, value: impl Into<String>) -> Fault {
        Fault { value: Some((name, value.into())), ..self }
    }

    fn envelope(&self) -> String {
        let (code, words) = (self.code, escaped(&self.words));
        let types = "xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\"";
        let errors = "xmlns:e=\"http://schemas.microsoft.com/exchange/services/2006/errors\"";
        let value = self.value.as_ref().map(|(name, value)| {
            format!("<t:MessageXml {types}><t:Value Name=\"{name}\">{}</t:Value></t:MessageXml>", escaped(value))
        });
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
             <s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault>\
             <faultcode xmlns:a=\"http://schemas.microsoft.com/exchange/services/2006/types\">a:{code}</faultcode>\
             <faultstring xml:lang=\"en-US\">{words}</faultstring><detail><e:ResponseCode {errors}>{code}\
             </e:ResponseCode><e:Message {errors}>{words}</e:Message>{}</detail></s:Fault></s:Body></s:Envelope>",
            value.unwrap_or_default()
        )
    }
}

/// How one part of an operation ended: what stands in its response message, or code and words of the error.
pub(super) type Outcome = Result<String, (&'static str, String)>;

/// The response of an operation that went on to its parts.
pub(super) fn response(operation: &str, outcomes: &[Outcome]) -> String {
    let messages: String = outcomes.iter().map(|outcome| message(operation, outcome)).collect();
    format!(
        "<m:{operation}Response xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\" \
         xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\"><m:ResponseMessages>{messages}\
         </m:ResponseMessages></m:{operation}Response>"
    )
}

fn message(operation: &str, outcome: &Outcome) -> String {
    let name = format!("m:{operation}ResponseMessage");
    match outcome {
        Ok(inner) => {
            format!("<{name} ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode>{inner}</{name}>")
        }
        Err((code, words)) => format!(
            "<{name} ResponseClass=\"Error\"><m:MessageText>{}</m:MessageText><m:ResponseCode>{code}</m:ResponseCode>\
             <m:DescriptiveLinkKey>0</m:DescriptiveLinkKey></{name}>",
            escaped(words)
        ),
    }
}

/// An answer with the outcomes of an operation.
pub(super) fn answer(response: &str) -> Response {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header><h:ServerVersionInfo \
         MajorVersion=\"15\" MinorVersion=\"20\" MajorBuildNumber=\"8158\" MinorBuildNumber=\"4\" \
         Version=\"V2018_01_08\" xmlns:h=\"http://schemas.microsoft.com/exchange/services/2006/types\"/></s:Header>\
         <s:Body>{response}</s:Body></s:Envelope>"
    );
    with_heads(StatusCode::OK, Some(text), &[])
}

/// An answer to a request that is not served.
pub(super) fn refused(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::Token(None) => {
            with_heads(StatusCode::UNAUTHORIZED, None, &[("www-authenticate", CHALLENGE.to_owned())])
        }
        Refusal::Token(Some(diagnostic)) => {
            let challenge = format!("{CHALLENGE}, error=\"invalid_token\"");
            let heads = [("www-authenticate", challenge), ("x-ms-diagnostics", diagnostic.to_string())];
            with_heads(StatusCode::UNAUTHORIZED, None, &heads)
        }
        Refusal::Forbidden(None) => with_heads(StatusCode::FORBIDDEN, None, &[]),
        Refusal::Forbidden(Some(reason)) => {
            with_heads(StatusCode::FORBIDDEN, None, &[("x-ews-policy-reason", (*reason).to_owned())])
        }
        Refusal::Fault(status, fault) => with_heads(*status, Some(fault.envelope()), &[]),
    }
}

fn with_heads(status: StatusCode, body: Option<String>, heads: &[(&'static str, String)]) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/xml; charset=utf-8")];
    let mut response = match body {
        Some(body) => (status, kind, body).into_response(),
        None => status.into_response(),
    };
    let own = [("request-id", uuid::Uuid::new_v4().to_string()), ("x-feserver", FRONT_END.to_owned())];
    for (name, value) in own.iter().chain(heads) {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

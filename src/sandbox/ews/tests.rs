//! EWS asked as clients ask that are not ours.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{Refusal, answered};
use crate::sandbox::Scenario;
use crate::sandbox::keys::{PUBLISHED, UNPUBLISHED};
use crate::sandbox::state::State;
use crate::xml::{self, Element};

const TENANT: &str = "7a3c1d52-9f04-4e6b-8c21-5d0e9b7f4a10";
const APP: &str = "3f2b8c64-1d7e-4a95-b0c3-6e8d2f915a70";

fn healthy() -> State {
    Scenario::named("").expect("the healthy tenant").alone()
}

/// A token with these claims besides, or in the place of, those of an application with the role.
fn token(more: &Value) -> String {
    let now = jiff::Timestamp::now().as_second();
    let mut claims = json!({
        "aud": "https://outlook.office365.com", "iss": format!("https://sts.windows.net/{TENANT}/"), "tid": TENANT,
        "appid": APP, "nbf": now - 60, "exp": now + 600, "roles": ["full_access_as_app"],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        claims[name] = value.clone();
    }
    let head: Map<String, Value> = [("alg", "RS256"), ("kid", &PUBLISHED.kid)]
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .into_iter()
        .collect();
    PUBLISHED.sign(&head, &claims, false)
}

fn person(name: &str) -> String {
    token(&json!({ "roles": [], "scp": "EWS.AccessAsUser.All", "upn": name }))
}

fn envelope(impersonated: &str, operation: &str) -> String {
    let header = if impersonated.is_empty() {
        String::new()
    } else {
        format!("<t:ExchangeImpersonation><t:ConnectingSID>{impersonated}</t:ConnectingSID></t:ExchangeImpersonation>")
    };
    format!(
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' \
         xmlns:t='http://schemas.microsoft.com/exchange/services/2006/types' \
         xmlns:m='http://schemas.microsoft.com/exchange/services/2006/messages'><s:Header>{header}</s:Header>\
         <s:Body>{operation}</s:Body></s:Envelope>"
    )
}

fn ask(state: &mut State, token: &str, body: &str) -> Result<Element, Refusal> {
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).expect("a token"));
    answered(state, &headers, body.as_bytes()).map(|text| xml::parse(&text).expect("an answer in XML"))
}

const SELF: &str = "<t:SmtpAddress>app@contoso.test</t:SmtpAddress>";

/// As the application for its own mailbox.
fn as_app(state: &mut State, operation: &str) -> Result<Element, Refusal> {
    ask(state, &token(&json!({})), &envelope(SELF, operation))
}

fn codes(answer: &Element) -> Vec<String> {
    let messages = &answer.child("ResponseMessages").expect("the messages of a response").children;
    messages.iter().map(|message| message.child("ResponseCode").expect("a code").text.clone()).collect()
}

/// The code of a fault, what `x-ms-diagnostics` begins with, or the status.
fn refused(answer: Result<Element, Refusal>) -> String {
    match answer.expect_err("a refusal") {
        Refusal::Token(diagnostic) => diagnostic.map_or("401".to_owned(), |text| text.to_string()[..7].to_owned()),
        Refusal::Forbidden(reason) => reason.unwrap_or("403").to_owned(),
        Refusal::Fault(_, fault) => fault.code().to_owned(),
    }
}

fn inbox(whose: &str) -> String {
    let mailbox = if whose.is_empty() {
        String::new()
    } else {
        format!("<t:Mailbox><t:EmailAddress>{whose}</t:EmailAddress></t:Mailbox>")
    };
    format!(
        "<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape><m:FolderIds>\
         <t:DistinguishedFolderId Id='inbox'>{mailbox}</t:DistinguishedFolderId></m:FolderIds></m:GetFolder>"
    )
}

#[test]
fn a_token_is_looked_at_in_all_its_parts() {
    let mut state = healthy();
    let body = envelope(SELF, &inbox(""));
    let mut with = |more: Value| refused(ask(&mut state, &token(&more), &body));
    assert_eq!(with(json!({ "exp": 1 })), "2000002");
    assert_eq!(with(json!({ "aud": "https://graph.microsoft.com" })), "2000003");
    assert_eq!(with(json!({ "tid": "7a3c1d52-9f04-4e6b-8c21-5d0e9b7f4a11" })), "2000004");
    assert_eq!(with(json!({ "iss": "https://sts.windows.net/elsewhere/" })), "2000004");
    assert_eq!(with(json!({ "roles": [] })), "2000008");
    assert_eq!(with(json!({ "roles": ["Mail.Read"] })), "403");
    assert_eq!(with(json!({ "appid": "7a3c1d52-9f04-4e6b-8c21-5d0e9b7f4a11" })), super::gate::BLOCKED);
    assert_eq!(refused(ask(&mut state, "opaque", &body)), "2000001");
    let head = Map::from_iter([("alg".to_owned(), Value::from("RS256"))]);
    let forged = UNPUBLISHED.sign(&head, &json!({ "tid": TENANT }), false);
    assert_eq!(refused(ask(&mut state, &forged, &body)), "2000000");
    state.tenants[0].ews_enabled = None;
    assert_eq!(refused(ask(&mut state, &token(&json!({})), &body)), super::gate::DISABLED);
}

#[test]
fn an_application_must_impersonate_and_a_person_must_not() {
    let mut state = healthy();
    let mut of = |token: &str, sid: &str, operation: &str| ask(&mut state, token, &envelope(sid, operation));
    let app = token(&json!({}));
    let inbox_of = |answer: Result<Element, Refusal>| codes(&answer.map_err(|_| "refused").expect("an answer"));
    assert_eq!(refused(of(&app, "", &inbox(""))), "ErrorInvalidExchangeImpersonationHeaderData");
    assert_eq!(inbox_of(of(&app, SELF, &inbox(""))), ["NoError"]);
    assert_eq!(inbox_of(of(&app, SELF, &inbox("bob@contoso.test"))), ["ErrorAccessDenied"]);
    let alias = |kind: &str| format!("<t:{kind}>application@contoso.test</t:{kind}>");
    assert_eq!(inbox_of(of(&app, &alias("SmtpAddress"), &inbox(""))), ["NoError"]);
    assert_eq!(refused(of(&app, &alias("PrimarySmtpAddress"), &inbox(""))), "ErrorNonPrimarySmtpAddress");
    assert_eq!(inbox_of(of(&app, SELF, &inbox("application@contoso.test"))), ["ErrorNonPrimarySmtpAddress"]);
    assert_eq!(
        refused(of(&app, "<t:SmtpAddress>ap@contoso.test</t:SmtpAddress>", &inbox(""))),
        "ErrorNonExistentMailbox"
    );
    assert_eq!(refused(of(&app, "<t:SID>S-1-5</t:SID>", &inbox(""))), "ErrorSchemaValidation");
    assert_eq!(refused(of(&app, "<t:SmtpAddress/>", &inbox(""))), "ErrorSchemaValidation");

    let bob = person("bob@contoso.test");
    assert_eq!(inbox_of(of(&bob, "", &inbox(""))), ["NoError"]);
    assert_eq!(refused(of(&bob, SELF, &inbox(""))), "ErrorImpersonateUserDenied");
    assert_eq!(inbox_of(of(&bob, "", &inbox("app@contoso.test"))), ["ErrorAccessDenied"]);
    assert_eq!(refused(of(&person("eve@contoso.test"), "", &inbox(""))), "ErrorMissingEmailAddress");
    let scope = token(&json!({ "roles": [], "scp": "SMTP.Send", "upn": "bob@contoso.test" }));
    assert_eq!(refused(of(&scope, "", &inbox(""))), "403");

    state.tenants[0].mailboxes[0].full_access.push("bob@contoso.test".to_owned());
    let shared = ask(&mut state, &bob, &envelope("", &inbox("app@contoso.test")));
    assert_eq!(inbox_of(shared), ["NoError"]);
}

fn create(disposition: &str, items: &str) -> String {
    format!("<m:CreateItem{disposition}><m:Items>{items}</m:Items></m:CreateItem>")
}

const TYPED: &str = "<t:Message><t:Subject>Typed &amp; sent</t:Subject><t:Body BodyType='Text'>Hello</t:Body><t:ToRecipients>\
     <t:Mailbox><t:EmailAddress>bob@contoso.test</t:EmailAddress></t:Mailbox></t:ToRecipients></t:Message>";

fn mime(text: &str) -> String {
    format!("<t:Message><t:MimeContent>{}</t:MimeContent></t:Message>", STANDARD.encode(text.replace('\n', "\r\n")))
}

#[test]
fn messages_are_sent_in_both_forms_and_kept_as_asked() {
    let mut state = healthy();
    let whole =
        mime("From: app@contoso.test\nTo: bob@contoso.test\nSubject: Whole\nMessage-ID: <1@contoso.test>\n\nHello\n");
    let both = create(" MessageDisposition='SendAndSaveCopy'", &format!("{TYPED}{whole}"));
    assert_eq!(codes(&as_app(&mut state, &both).map_err(|_| "refused").expect("sent")), ["NoError", "NoError"]);
    let only = create(" MessageDisposition='SendOnly'", TYPED);
    assert_eq!(codes(&as_app(&mut state, &only).map_err(|_| "refused").expect("sent")), ["NoError"]);
    assert_eq!(state.taken, 3);
    assert_eq!((state.tenants[0].mailboxes[0].sent.len(), state.mailbox("bob@contoso.test").len()), (2, 3));
}

#[test]
fn a_message_that_can_not_be_sent_says_why() {
    let mut state = healthy();
    let send = " MessageDisposition='SendOnly'";
    let foreign = mime("From: bob@contoso.test\nTo: bob@contoso.test\n\nHello\n");
    let nobody = mime("From: app@contoso.test\n\nHello\n");
    for (disposition, item, code) in [
        ("", TYPED, "ErrorMessageDispositionRequired"),
        (send, foreign.as_str(), "ErrorSendAsDenied"),
        (send, nobody.as_str(), "ErrorInvalidRecipients"),
        (send, "<t:Message/>", "ErrorInvalidRecipients"),
        (send, "<t:CalendarItem/>", "ErrorInvalidRequest"),
        (send, "<t:Message><t:MimeContent>%</t:MimeContent></t:Message>", "ErrorMimeContentInvalidBase64String"),
    ] {
        let answer = as_app(&mut state, &create(disposition, item)).map_err(|_| "refused").expect("an answer");
        assert_eq!(codes(&answer), [code], "{item}");
    }
    assert_eq!(refused(as_app(&mut state, &create(" MessageDisposition='SaveOnly'", TYPED))), "ErrorInvalidRequest");
    assert_eq!(refused(as_app(&mut state, &create(" MessageDisposition='Perhaps'", TYPED))), "ErrorSchemaValidation");
    assert_eq!(refused(as_app(&mut state, &create(send, ""))), "ErrorSchemaValidation");
    assert_eq!(state.taken, 0);
}

fn find(folder: &str, test: &str) -> String {
    format!(
        "<m:FindItem Traversal='Shallow'><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>\
         <m:IndexedPageItemView MaxEntriesReturned='10' Offset='0' BasePoint='Beginning'/>{test}<m:ParentFolderIds>\
         <t:DistinguishedFolderId Id='{folder}'/></m:ParentFolderIds></m:FindItem>"
    )
}

fn equal(path: &str, value: &str) -> String {
    format!(
        "<t:IsEqualTo><t:FieldURI FieldURI='{path}'/><t:FieldURIOrConstant><t:Constant Value='{value}'/>\
         </t:FieldURIOrConstant></t:IsEqualTo>"
    )
}

#[test]
fn a_mail_is_found_again_and_read_whole() {
    let mut state = healthy();
    let whole =
        mime("From: app@contoso.test\nTo: bob@contoso.test\nSubject: Whole\nMessage-ID: <1@contoso.test>\n\nHello\n");
    let items = format!("{whole}{TYPED}");
    let sent = as_app(&mut state, &create(" MessageDisposition='SendAndSaveCopy'", &items));
    assert!(sent.is_ok());
    let bob = person("bob@contoso.test");
    let mut found = |operation: &str| {
        let answer = ask(&mut state, &bob, &envelope("", operation)).map_err(|_| "refused").expect("an answer");
        assert_eq!(codes(&answer), ["NoError"]);
        answer.find("Items").expect("a list").children.clone()
    };
    let by = |test: &str| format!("<m:Restriction>{test}</m:Restriction>");
    let subjects = |items: &[Element]| -> Vec<String> {
        items.iter().filter_map(|item| Some(item.child("Subject")?.text.clone())).collect()
    };
    assert_eq!(subjects(&found(&find("inbox", ""))), ["Typed & sent", "Whole"]);
    assert!(found(&find("junkemail", "")).is_empty() && found(&find("sentitems", "")).is_empty());
    let contains = "<t:Contains ContainmentMode='Substring' ContainmentComparison='IgnoreCase'>\
                    <t:FieldURI FieldURI='item:Subject'/><t:Constant Value='HOLE'/></t:Contains>";
    assert_eq!(subjects(&found(&find("inbox", &by(contains)))), ["Whole"]);
    let neither = format!("<t:Not><t:Or>{contains}{}</t:Or></t:Not>", equal("item:Subject", "Typed &amp; sent"));
    assert!(found(&find("inbox", &by(&neither))).is_empty());
    let one = found(&find("inbox", &by(&equal("message:InternetMessageId", "&lt;1@contoso.test&gt;"))));
    let id = one[0].child("ItemId").and_then(|id| id.attribute("Id")).expect("an id").to_owned();
    let get = |id: &str| {
        format!(
            "<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:IncludeMimeContent>true</t:IncludeMimeContent>\
             <t:AdditionalProperties><t:FieldURI FieldURI='item:InternetMessageHeaders'/></t:AdditionalProperties>\
             </m:ItemShape><m:ItemIds><t:ItemId Id='{id}'/></m:ItemIds></m:GetItem>"
        )
    };
    let item = &found(&get(&id))[0];
    let octets = STANDARD.decode(item.child("MimeContent").expect("the message").text.as_bytes()).expect("base64");
    assert!(String::from_utf8_lossy(&octets).ends_with("\r\n\r\nHello\r\n"));
    let headers = &item.child("InternetMessageHeaders").expect("the header fields").children;
    assert!(headers.iter().any(|field| field.attribute("HeaderName") == Some("Received")), "{headers:?}");

    let mut refusal =
        |id: &str| codes(&as_app(&mut state, &get(id)).map_err(|_| "refused").expect("an answer")).remove(0);
    assert_eq!(refusal(&id), "ErrorAccessDenied");
    assert_eq!(refusal("%"), "ErrorInvalidIdMalformed");
    assert_eq!(refusal(&STANDARD.encode("app@contoso.test/inbox/7")), "ErrorItemNotFound");
    assert_eq!(refusal(&STANDARD.encode("app@contoso.test/calendar/0")), "ErrorFolderNotFound");
}

#[test]
fn what_is_not_served_is_a_fault() {
    let mut state = healthy();
    let mut code = |operation: &str| refused(as_app(&mut state, operation));
    assert_eq!(code("<m:DeleteItem/>"), "ErrorInvalidRequest");
    assert_eq!(code("<GetFolder/>"), "ErrorSchemaValidation");
    assert_eq!(code(""), "ErrorSchemaValidation");
    // A restriction is only looked at where there is a mail.
    let sent = as_app(&mut state, &create(" MessageDisposition='SendAndSaveCopy'", TYPED));
    assert!(sent.is_ok());
    let mut code =
        |test: &str| refused(as_app(&mut state, &find("sentitems", &format!("<m:Restriction>{test}</m:Restriction>"))));
    assert_eq!(code(&equal("item:Body", "x")), "ErrorUnsupportedPathForQuery");
    assert_eq!(code("<t:Excludes/>"), "ErrorInvalidRestriction");
    assert_eq!(code(&format!("{}{}", "<t:Not>".repeat(30), "</t:Not>".repeat(30))), "ErrorRestrictionTooComplex");
    let app = token(&json!({}));
    for body in ["", "{}", "<!DOCTYPE a><a/>", "<Envelope/>"] {
        assert_eq!(refused(ask(&mut state, &app, body)), "ErrorSchemaValidation", "{body}");
    }
    let bare = answered(&mut state, &HeaderMap::new(), b"");
    assert!(matches!(bare, Err(Refusal::Token(None))));
}

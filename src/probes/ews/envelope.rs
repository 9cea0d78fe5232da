//! The SOAP of the two requests, and what the answers say (Microsoft Learn, "GetFolder operation", "CreateItem operation
//! (email message)", "ExchangeImpersonation").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::facts::{EwsActing, EwsAnswer};
use crate::xml::{self, Element};

/// As whom the requests are made.
pub(in crate::probes) struct Acting<'a> {
    pub(in crate::probes) how: EwsActing,
    pub(in crate::probes) mailbox: &'a str,
}

/// The inbox, and of it no more than its id: it has no effect, and it opens the mailbox.
pub(super) fn get_folder(acting: &Acting<'_>) -> String {
    let body = format!(
        "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds>{}</m:FolderIds>\
         </m:GetFolder>",
        folder(acting, "inbox")
    );
    envelope(acting, &body)
}

/// One message as MIME: made, sent, and kept in Sent Items.
pub(super) fn create_item(acting: &Acting<'_>, message: &[u8]) -> String {
    let body = format!(
        "<m:CreateItem MessageDisposition=\"SendAndSaveCopy\"><m:SavedItemFolderId>{}</m:SavedItemFolderId><m:Items>\
         <t:Message><t:MimeContent CharacterSet=\"UTF-8\">{}</t:MimeContent></t:Message></m:Items></m:CreateItem>",
        folder(acting, "sentitems"),
        STANDARD.encode(message)
    );
    envelope(acting, &body)
}

pub(in crate::probes) fn folder(acting: &Acting<'_>, name: &str) -> String {
    let whose = match acting.how {
        EwsActing::Impersonation => String::new(),
        EwsActing::Folder => {
            let mailbox = xml::escaped(acting.mailbox);
            format!("<t:Mailbox><t:EmailAddress>{mailbox}</t:EmailAddress></t:Mailbox>")
        }
    };
    format!("<t:DistinguishedFolderId Id=\"{name}\">{whose}</t:DistinguishedFolderId>")
}

pub(in crate::probes) fn envelope(acting: &Acting<'_>, body: &str) -> String {
    let impersonation = match acting.how {
        EwsActing::Folder => String::new(),
        // SmtpAddress takes an alias too; PrimarySmtpAddress does not.
        EwsActing::Impersonation => format!(
            "<t:ExchangeImpersonation><t:ConnectingSID><t:SmtpAddress>{}</t:SmtpAddress></t:ConnectingSID>\
             </t:ExchangeImpersonation>",
            xml::escaped(acting.mailbox)
        ),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\" \
         xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\">\
         <soap:Header><t:RequestServerVersion Version=\"Exchange2013_SP1\"/>{impersonation}</soap:Header>\
         <soap:Body>{body}</soap:Body></soap:Envelope>"
    )
}

/// What an answer says; none where it is no SOAP that says how the request ended.
pub(super) fn answer_in(text: &str) -> Option<EwsAnswer> {
    let root = xml::parse(text).ok().filter(|root| root.name == "Envelope")?;
    let body = root.child("Body")?;
    if let Some(fault) = body.child("Fault") {
        return Some(fault_in(fault));
    }
    let message = body.children.first()?.child("ResponseMessages")?.children.first()?;
    let class = message.attribute("ResponseClass")?.to_owned();
    Some(EwsAnswer {
        class: Some(class),
        code: text_of(message.child("ResponseCode")),
        text: text_of(message.child("MessageText")),
        back_off_ms: back_off(message),
        ..EwsAnswer::default()
    })
}

fn fault_in(fault: &Element) -> EwsAnswer {
    let detail = fault.child("detail");
    let fault_code = text_of(fault.child("faultcode"));
    // The code stands in the detail, and with a prefix in the fault itself.
    let bare = fault_code.as_deref().map(|code| code.rsplit(':').next().unwrap_or(code).to_owned());
    let bare = bare.filter(|code| code.starts_with("Error"));
    EwsAnswer {
        class: None,
        code: text_of(detail.and_then(|detail| detail.child("ResponseCode"))).or(bare),
        text: text_of(detail.and_then(|detail| detail.child("Message"))),
        fault_code,
        fault_text: text_of(fault.child("faultstring")),
        back_off_ms: detail.and_then(back_off),
    }
}

fn text_of(element: Option<&Element>) -> Option<String> {
    element.map(|element| element.trimmed().to_owned()).filter(|text| !text.is_empty())
}

/// `<t:MessageXml><t:Value Name="BackOffMilliseconds">297749</t:Value></t:MessageXml>`
fn back_off(within: &Element) -> Option<u64> {
    let values = &within.child("MessageXml")?.children;
    let value = values.iter().find(|value| value.attribute("Name") == Some("BackOffMilliseconds"))?;
    value.trimmed().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_impersonates_and_a_person_names_the_folder() {
        let mailbox = "o'b<x>@contoso.test";
        let by = |how| xml::parse(&get_folder(&Acting { how, mailbox })).expect("well formed");
        let impersonated = by(EwsActing::Impersonation);
        let sid = impersonated.at(&["Header", "ExchangeImpersonation", "ConnectingSID", "SmtpAddress"]);
        assert_eq!(sid.map(Element::trimmed), Some(mailbox));
        assert!(impersonated.find("EmailAddress").is_none());
        let own = by(EwsActing::Folder);
        assert!(own.find("ExchangeImpersonation").is_none());
        assert_eq!(own.find("EmailAddress").map(Element::trimmed), Some(mailbox));
    }

    #[test]
    fn faults_and_outcomes_are_read() {
        let fault = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault>\
             <faultcode xmlns:a='urn:t'>a:ErrorServerBusy</faultcode><faultstring>Busy.</faultstring><detail>\
             <e:ResponseCode xmlns:e='urn:e'>ErrorServerBusy</e:ResponseCode><t:MessageXml xmlns:t='urn:t'>\
             <t:Value Name='BackOffMilliseconds'>297749</t:Value></t:MessageXml></detail></s:Fault></s:Body></s:Envelope>";
        let read = answer_in(fault).expect("a fault");
        assert_eq!((read.code.as_deref(), read.back_off_ms), (Some("ErrorServerBusy"), Some(297_749)));
        assert!(!read.succeeded());
        let outcome = |class: &str| {
            format!(
                "<Envelope><Body><R><ResponseMessages><M ResponseClass='{class}'><ResponseCode>NoError</ResponseCode></M>\
                 </ResponseMessages></R></Body></Envelope>"
            )
        };
        assert!(answer_in(&outcome("Success")).is_some_and(|answer| answer.succeeded()));
        assert!(answer_in(&outcome("Error")).is_some_and(|answer| !answer.succeeded()));
        assert_eq!(answer_in("<html><body>Envelope</body></html>"), None);
        assert_eq!(answer_in("<Envelope><Body><R/></Body></Envelope>"), None);
    }
}

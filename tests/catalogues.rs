//! What the services are known to say, by number and by code, as collected from Microsoft's pages and public reports on
//! 2026-11-21: each reaches its page. The replies of SMTP, IMAP and POP are in `tests/explain.rs`.

use o365doctor::explain::explain;
use o365doctor::kb;

/// Numbers of the login service.
const NUMBERS: &str = "16000 16001 28000 28002 28003 50000 50001 50002 50011 50012 50013 50020 50027 50034 50048 50049 50050 50053 \
    50055 50056 50057 50058 50059 50064 50072 50074 50076 50078 50079 50089 50097 50105 50107 50126 50128 50129 \
    50131 50132 50133 50134 50135 50140 50144 50147 50148 50155 50158 50173 50178 50194 50196 50199 51000 51004 \
    53000 53001 53002 53003 53004 53011 54000 54005 54006 65001 65002 65004 65005 70000 70001 70002 70003 70004 \
    70005 70007 70008 70011 70012 70016 70018 70019 70020 70021 70043 70045 80001 80007 90002 90004 90006 90008 \
    90009 90010 90012 90013 90014 90015 90019 90023 90024 90025 90027 90033 90036 90038 90043 90051 90055 90056 \
    90072 90090 90093 90094 90095 90097 90099 90100 90102 90112 90117 90119 90120 90124 90130 90132 90136 100007 \
    165900 240001 500011 500014 500021 500022 500033 500113 500121 500133 500200 500207 500208 500212 500213 \
    500341 500571 501051 501481 530003 530032 530034 530035 650011 650052 650053 650054 650056 650057 700003 \
    700005 700007 700009 700011 700012 700016 700019 700020 700021 700022 700023 700024 700025 700026 700027 \
    700028 700029 700030 700031 700038 700044 700051 700054 700081 700082 700084 700211 700212 700213 700229 \
    900023 900144 900382 900432 900439 900561 900941 900942 900971 901002 1000031 1000104 1000502 1002012 \
    1002016 5000224 5000225 5002730 7000012 7000013 7000014 7000021 7000110 7000112 7000113 7000114 7000116 \
    7000117 7000213 7000214 7000215 7000216 7000217 7000218 7000219 7000220 7000221 7000222 7000225 7000226 \
    7000227 7000229 7002131 9001023 9002313 9002319 9002324 9002325 9002326 9002327 9002328 9002331 9002332 \
    9002341 9002346";

/// Numbers whose cause and repair are those of another page.
const SHARED: [(&str, &str); 4] = [
    ("50079", "aadsts50076"),
    ("50196", "entra-throttled"),
    ("90033", "entra-server-error"),
    ("90055", "entra-throttled"),
];

/// Codes of Graph, words that come with them, and the page.
#[rustfmt::skip]
const GRAPH: &[(&str, &str, &str)] = &[
    ("ErrorAccessDenied", "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.", "graph-access-policy"),
    ("ErrorAccessDenied", "Access is denied. Check credentials and try again.", "graph-access-denied"),
    ("ErrorAccessDenied", "Access to OData is disabled.", "graph-odata-disabled"),
    ("ErrorSendAsDenied", "The user account which was used to submit this request does not have the right to send mail on behalf of the specified sending account.", "graph-send-as-denied"),
    ("MailboxNotEnabledForRESTAPI", "REST API is not yet supported for this mailbox.", "graph-mailbox-not-enabled"),
    ("MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise.", "graph-mailbox-not-enabled"),
    ("MailboxNotSupportedForRESTAPI", "", "graph-mailbox-not-enabled"),
    ("ErrorInvalidUser", "The requested user 'app@contoso.com' is invalid.", "graph-user-not-found"),
    ("Request_ResourceNotFound", "Resource '11111111-2222-3333-4444-555555555555' does not exist or one of its queried reference-property objects are not present.", "graph-user-not-found"),
    ("ErrorItemNotFound", "", "graph-item-not-found"),
    ("BadRequest", "/me request is only valid with delegated authentication flow.", "graph-me-app-only"),
    ("Authorization_RequestDenied", "Insufficient privileges to complete the operation.", "graph-directory-denied"),
    ("InvalidAuthenticationToken", "Access token is empty.", "graph-token-refused"),
    ("InvalidAuthenticationToken", "Access token has expired or is not yet valid.", "graph-token-refused"),
    ("InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.", "graph-token-refused"),
    ("InvalidAuthenticationToken", "Access token validation failure. Invalid audience.", "graph-token-refused"),
    ("InvalidAuthenticationToken", "CompactToken parsing failed with error code: 80049217", "graph-token-refused"),
    ("InvalidAuthenticationToken", "IDX14100: JWT is not well formed, there are no dots (.).", "graph-token-refused"),
    ("InvalidAuthenticationToken", "Signing key is invalid.", "graph-token-refused"),
    ("InvalidAuthenticationToken", "Access token validation failure. Invalid signature.", "graph-token-refused"),
    ("InvalidAuthenticationToken", "Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenCreatedWithOutdatedPolicies", "graph-token-challenged"),
    ("ApplicationThrottled", "Application is over its MailboxConcurrency limit.", "graph-throttled"),
    ("TooManyRequests", "", "graph-throttled"),
    ("serviceNotAvailable", "", "graph-server-error"),
    ("GatewayTimeout", "", "graph-server-error"),
    ("ErrorInternalServerError", "", "graph-server-error"),
    ("RequestEntityTooLarge", "The content of the request is too large.", "graph-request-too-large"),
    ("RequestEntityTooLarge", "Maximum request length exceeded.", "graph-request-too-large"),
    ("ErrorMessageSizeExceeded", "", "graph-message-too-large"),
    ("ErrorQuotaExceeded", "", "graph-quota-exceeded"),
    ("ErrorInvalidRecipients", "At least one recipient is not valid.", "graph-invalid-recipients"),
    ("ErrorInvalidRecipients", "At least one recipient isn't valid.", "graph-invalid-recipients"),
    ("ErrorInvalidRequest", "", "graph-invalid-request"),
    ("RequestBodyRead", "", "graph-body-unreadable"),
    ("ErrorMimeContentInvalidBase64String", "", "graph-mime-not-base64"),
    ("ErrorMimeContentInvalid", "", "graph-mime-invalid"),
    ("ErrorExceededMessageLimit", "", "graph-sending-limit"),
    ("ErrorAccountSuspend", "", "graph-account-suspended"),
    ("OrganizationFromTenantGuidNotFound", "", "graph-tenant-without-exchange"),
    ("ResourceUnauthenticated", "", "graph-unauthorized-bare"),
    ("ErrorBlockedByPolicy", "", "graph-blocked-by-policy"),
    ("ErrorInvalidIdMalformed", "", "graph-id-malformed"),
    ("BadRequest", "Unable to find target address", "graph-target-not-found"),
];

/// Response codes of EWS, words that come with them, and the page.
#[rustfmt::skip]
const EWS: &[(&str, &str, &str)] = &[
    ("ErrorImpersonateUserDenied", "The account does not have permission to impersonate the requested user.", "ews-impersonation-denied"),
    ("ErrorImpersonationDenied", "", "ews-impersonation-denied"),
    ("ErrorImpersonationFailed", "", "ews-impersonation-failed"),
    ("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it.", "ews-mailbox-not-found"),
    ("ErrorMissingEmailAddress", "When making a request as an account that does not have a mailbox, you must specify the mailbox primary SMTP address for any distinguished folder Ids.", "ews-email-address-missing"),
    ("ErrorServerBusy", "The server cannot service this request right now. Try again later.", "ews-server-busy"),
    ("ErrorExceededConnectionCount", "", "ews-too-many-connections"),
    ("ErrorAccessDenied", "", "ews-access-denied"),
    ("ErrorSendAsDenied", "", "ews-send-as-denied"),
    ("ErrorQuotaExceeded", "", "ews-quota-exceeded"),
    ("ErrorSubmissionQuotaExceeded", "", "ews-submission-quota"),
    ("ErrorMessageSizeExceeded", "", "ews-message-too-large"),
    ("ErrorInvalidRecipients", "", "ews-recipients-invalid"),
    ("ErrorInvalidSmtpAddress", "", "ews-recipients-invalid"),
    ("ErrorMailboxMoveInProgress", "", "ews-mailbox-moving"),
    ("ErrorMailboxStoreUnavailable", "", "ews-store-unavailable"),
    ("ErrorInternalServerTransientError", "", "ews-server-error"),
    ("ErrorInternalServerError", "", "ews-server-error"),
    ("ErrorADUnavailable", "", "ews-server-error"),
    ("ErrorConnectionFailed", "", "ews-server-error"),
    ("ErrorTimeoutExpired", "", "ews-server-error"),
    ("ErrorInvalidLicense", "", "ews-license-invalid"),
    ("ErrorAccountDisabled", "", "ews-account-disabled"),
    ("ErrorSchemaValidation", "", "ews-schema-invalid"),
    ("ErrorMessageDispositionRequired", "", "ews-disposition-missing"),
];

/// Answers that come without a code, in a header or a body of their own.
#[rustfmt::skip]
const BESIDE: &[(&str, &str)] = &[
    ("x-ms-diagnostics: 2000003;reason=\"The audience claim value is invalid for current resource.\";error_category=\"invalid_resource\"", "ews-audience-wrong"),
    ("x-ms-diagnostics: 2000004;reason=\"The tenant for tenant guid '11111111-2222-3333-4444-555555555555' does not exist.\";error_category=\"invalid_tenant\"", "ews-tenant-unknown"),
    ("x-ms-diagnostics: 2000020;reason=\"x\";error_category=\"tenant_restriction\"", "ews-tenant-restriction"),
    ("x-ms-diagnostics: 2000001;reason=\"x\";error_category=\"invalid_grant\"", "ews-token-refused"),
    ("<Error><ErrorCode>500</ErrorCode><Message>The email address can't be found.</Message></Error>", "ews-autodiscover-app-only"),
];

fn first(text: &str) -> Option<&'static str> {
    explain(text).matches.first().map(|found| found.cause.id)
}

/// Each text with its page, as far as it reaches another one; all in one message.
fn none(wanted: impl Iterator<Item = (String, String)>) {
    let fault = |(text, page): (String, String)| {
        let found = first(&text);
        (found != Some(&page)).then(|| format!("{page}, not {found:?}: {text}"))
    };
    let faults: Vec<String> = wanted.filter_map(fault).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_known_number_of_the_login_service_has_a_page() {
    let stale = SHARED.iter().find(|(number, _)| kb::by_id(&format!("aadsts{number}")).is_some());
    assert_eq!(stale, None, "it has a page of its own");
    let page = |number: &str| {
        let shared = SHARED.iter().find(|(other, _)| *other == number);
        shared.map_or_else(|| format!("aadsts{number}"), |(_, page)| (*page).to_owned())
    };
    assert!(NUMBERS.split(' ').count() > 200);
    none(NUMBERS.split(' ').map(|number| (format!("AADSTS{number}: in words of another language"), page(number))));
}

#[test]
fn every_known_code_of_graph_reaches_its_page() {
    let body = |code: &str, words: &str| format!(r#"{{"error":{{"code":"{code}","message":"{words}"}}}}"#);
    none(GRAPH.iter().map(|(code, words, page)| (body(code, words), (*page).to_owned())));
}

#[test]
fn every_known_code_of_ews_reaches_its_page() {
    let body = |code: &str, words: &str| {
        format!("<m:MessageText>{words}</m:MessageText><m:ResponseCode>{code}</m:ResponseCode>")
    };
    none(EWS.iter().map(|(code, words, page)| (body(code, words), (*page).to_owned())));
    none(BESIDE.iter().map(|(text, page)| ((*text).to_owned(), (*page).to_owned())));
}

/// What the collection has and no page claims: words that every web server says, which name no cause and no speaker.
const NAMED_BY_NOBODY: [&str; 2] =
    [r#"{"error":{"code":"Forbidden","message":""}}"#, "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer"];

#[test]
fn words_of_every_web_server_get_no_confident_page() {
    for text in NAMED_BY_NOBODY {
        assert!(explain(text).matches.is_empty(), "{text} has a page now; take it off the list");
    }
    let graph = explain(r#"{"error":{"code":"accessDenied","message":"Access denied"}}"#);
    assert_eq!(graph.matches.first().map(|found| found.cause.id), Some("graph-access-denied"));
}

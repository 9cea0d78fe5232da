//! The traps that people fall into, from public threads, in the order of the chain: each must end on the page of its
//! cause. The texts are the services' own, with invented names.

use o365doctor::kb::{self, classify};
use o365doctor::sandbox::Scenario;

/// Number of the trap, what a person pastes, and the page that it must end on.
const TEXTS: &[(u8, &str, &str)] = &[
    // The login service.
    (
        1,
        "AADSTS700016: Application with identifier 'noreply@contoso.com' was not found in the directory 'Contoso'.",
        "aadsts700016",
    ),
    (
        2,
        "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID",
        "aadsts7000215",
    ),
    (
        3,
        "AADSTS7000222: The provided client secret keys for app '11111111-2222-3333-4444-555555555555' are expired.",
        "aadsts7000222",
    ),
    (
        4,
        "AADSTS1002012: The provided value for scope https://outlook.office.com/SMTP.Send is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).",
        "aadsts1002012",
    ),
    (4, "AADSTS70011: The provided value for the input parameter 'scope' is not valid.", "aadsts70011"),
    (
        5,
        "AADSTS70011: The provided value for the input parameter 'scope' is not valid. One or more scopes in 'https://graph.microsoft.com/Mail.Send https://outlook.office.com/SMTP.Send' are not compatible with each other.",
        "aadsts70011",
    ),
    (
        6,
        "AADSTS650053: The application 'Mailer' asked for scope 'SMTP.Send%0a' that doesn't exist on the resource '00000002-0000-0ff1-ce00-000000000000'.",
        "aadsts650053",
    ),
    (
        7,
        "AADSTS500011: The resource principal named https://outlook.office365.com/EWS/Exchange.asmx was not found in the tenant named Contoso.",
        "aadsts500011",
    ),
    (
        8,
        "AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        "aadsts7000218",
    ),
    (
        9,
        "AADSTS700025: Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
        "aadsts700025",
    ),
    (
        10,
        "AADSTS50011: The redirect URI 'http://localhost:8080/' specified in the request does not match the redirect URIs configured for the application.",
        "aadsts50011",
    ),
    (10, "AADSTS900971: No reply address provided.", "aadsts900971"),
    (
        11,
        "AADSTS50194: Application '11111111-2222-3333-4444-555555555555'(Mailer) is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such apps.",
        "aadsts50194",
    ),
    (
        12,
        "AADSTS9002331: Application is configured for use by Microsoft Account users only. Please use the /consumers endpoint to serve this request.",
        "aadsts9002331",
    ),
    (
        12,
        "AADSTS90130: Application is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
        "aadsts90130",
    ),
    (
        13,
        "AADSTS50020: User account 'bob@outlook.com' from identity provider 'live.com' does not exist in tenant 'Contoso'.",
        "aadsts50020",
    ),
    (14, "AADSTS90002: Tenant 'contoso.onmicrosoft.con' not found.", "aadsts90002"),
    (
        14,
        "AADSTS900023: Specified tenant identifier 'YOUR_TENANT' is neither a valid DNS name, nor a valid external domain.",
        "aadsts900023",
    ),
    (
        15,
        "AADSTS65001: The user or administrator has not consented to use the application with ID '1' named 'Mailer'.",
        "aadsts65001",
    ),
    (
        16,
        "AADSTS65006: Resource '00000002-0000-0ff1-ce00-000000000000' had no entitlements matching required permissions",
        "aadsts65006",
    ),
    (17, "AADSTS90094: Admin consent is required for the permissions requested by this application.", "aadsts90094"),
    (17, "Need admin approval", "aadsts90094"),
    (
        18,
        "AADSTS50105: Your administrator has configured the application Mailer to block users unless they are specifically granted ('assigned') access to the application.",
        "aadsts50105",
    ),
    (
        19,
        "AADSTS53003: Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
        "aadsts53003",
    ),
    (19, "AADSTS53000: Device is not in required device state: compliant.", "aadsts53000"),
    (19, "AADSTS530003: Your device is required to be managed to access this resource.", "aadsts530003"),
    (
        20,
        "AADSTS530084: Access has been blocked by conditional access token protection policy configured by this organization.",
        "aadsts530084",
    ),
    (
        21,
        "AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '1'.",
        "aadsts50076",
    ),
    (
        22,
        "AADSTS700082: The refresh token has expired due to inactivity. The token was issued on 2026-01-01T00:00:00.0000000Z and was inactive for 90.00:00:00.",
        "aadsts700082",
    ),
    (
        22,
        "AADSTS70043: The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.",
        "aadsts70043",
    ),
    (
        23,
        r#"{"error":"invalid_grant","error_description":"AADSTS70000: The provided value for the input parameter 'refresh_token' or 'assertion' is not valid."}"#,
        "aadsts70000",
    ),
    (
        24,
        "AADSTS700027: Client assertion failed signature validation. [Reason - The key was not found., Thumbprint of key used by client: 'ABC']",
        "aadsts700027",
    ),
    (25, "AADSTS7000229: The client application 1 is missing service principal in the tenant 2.", "aadsts7000229"),
    (
        25,
        "AADSTS650052: The app needs access to a service ('https://outlook.office365.com') that your organization 'Contoso' has not subscribed to or enabled.",
        "aadsts650052",
    ),
    // The token.
    (27, "535 5.7.3 Authentication unsuccessful [AM0PR01CA0100.eurprd01.prod.exchangelabs.com]", "smtp-login-refused"),
    (
        30,
        r#"{"error":{"code":"InvalidAuthenticationToken","message":"CompactToken parsing failed with error code: 80049217"}}"#,
        "graph-token-refused",
    ),
    (30, "CompactToken validation failed with reason code: 80049228.", "graph-token-refused"),
    // Exchange.
    (33, "A01 NO AUTHENTICATE failed.", "imap-login-refused"),
    (34, "A parameter cannot be found that matches parameter name 'ServiceId'.", "powershell-service-id"),
    (
        35,
        "New-ServicePrincipal : The term 'New-ServicePrincipal' is not recognized as the name of a cmdlet, function, script file, or operable program.",
        "powershell-cmdlet-missing",
    ),
    (
        37,
        "430 4.2.0 STOREDRV; mailbox logon failure; failure: ConnectionFailedTransientException.MapiExceptionLogonFailed",
        "mailbox-logon-failed",
    ),
    (
        38,
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.",
        "smtp-auth-off-tenant",
    ),
    (
        38,
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.",
        "smtp-auth-off-mailbox",
    ),
    (
        39,
        "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. Contact your administrator.",
        "smtp-security-defaults",
    ),
    (
        40,
        "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. Contact your administrator.",
        "smtp-criteria-not-met",
    ),
    (41, "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.", "smtp-basic-disabled"),
    (41, "a1 NO Basic authentication is disabled.", "imap-password-refused"),
    (42, "550 5.7.30 Basic authentication is not supported for Client Submission.", "smtp-basic-retired"),
    // Who signs in, who is in From.
    (50, "BAD User is authenticated but not connected.", "imap-mailbox-not-connected"),
    (
        51,
        "530 5.7.57 Client not authenticated to send mail. [AM0PR01CA0100.eurprd01.prod.exchangelabs.com]",
        "smtp-not-authenticated",
    ),
    (
        51,
        "530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM",
        "smtp-not-authenticated",
    ),
    (52, "550 5.7.60 SMTP; Client does not have permissions to send as this sender", "send-as-denied-envelope"),
    (
        53,
        "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message due to a permanent exception",
        "send-as-denied-message",
    ),
    // Graph and EWS.
    (55, "403 ErrorAccessDenied: Access is denied. Check credentials and try again.", "graph-access-denied"),
    (
        55,
        r#"{"error":{"code":"NoPermissionsInAccessToken","message":"The token contains no permissions, or permissions can not be understood."}}"#,
        "graph-permission-missing",
    ),
    (
        56,
        "ErrorSendAsDenied: The user account which was used to submit this request does not have the right to send mail on behalf of the specified sending account.",
        "graph-send-as-denied",
    ),
    (57, "MailboxNotEnabledForRESTAPI: REST API is not yet supported for this mailbox.", "graph-mailbox-not-enabled"),
    (
        58,
        "ErrorImpersonateUserDenied: The account does not have permission to impersonate the requested user.",
        "ews-impersonation-denied",
    ),
    (
        59,
        "ExchangeImpersonation SOAP header must be present for this type of OAuth token.",
        "ews-impersonation-missing",
    ),
    (
        60,
        r#"x-ms-diagnostics: 2000008;reason="The token contains no permissions, or permissions can not be understood.";error_category="invalid_grant""#,
        "ews-no-permissions",
    ),
    (61, "EWS is disabled for this user or tenant", "ews-off"),
    // Relay, DNS, network.
    (62, "550 5.7.64 TenantAttribution; Relay Access Denied SMTP", "relay-access-denied"),
    (63, "451 4.4.62 Mail sent to the wrong Office 365 region. ATTR35", "wrong-region"),
    (
        64,
        "550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from unauthorized sources",
        "direct-send-rejected",
    ),
    (
        65,
        "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP",
        "traffic-not-accepted-ip",
    ),
    (65, "550 5.7.705 Service unavailable. Access denied, tenant has exceeded threshold", "tenant-blocked"),
    (
        65,
        "550 5.7.750 Service unavailable. Client blocked from sending from unregistered domain",
        "unregistered-domain",
    ),
    (65, "550 5.1.8 Access denied, bad outbound sender", "sender-blocked"),
    (
        66,
        "550 5.7.515 Access denied, sending domain contoso.com does not meet the required authentication level.",
        "sender-authentication-level",
    ),
    (
        67,
        "connect to contoso-com.mail.protection.outlook.com[192.0.2.1]:25: Connection timed out",
        "connection-timed-out",
    ),
    (
        68,
        "Host or domain name not found. Name service error for name=contoso-com.mail.protection.outlook.com type=AAAA: Host not found",
        "smart-host-unknown",
    ),
    (
        69,
        "421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support TLS 1.2.",
        "smtp-tls-version",
    ),
    (70, "504 5.7.4 Unrecognized authentication type", "smtp-auth-type-unrecognised"),
    (71, "451 4.7.0 Temporary server error. Please try again later. PRX4", "smtp-auth-temporary"),
    (71, "450 4.7.1 Unable to relay ATTR14", "relay-attr14"),
    (
        72,
        "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information.",
        "smtp-thread-limit",
    ),
    (72, "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", "smtp-thread-limit"),
    (
        72,
        "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException.MapiExceptionSubmissionQuotaExceeded",
        "submission-quota",
    ),
    (73, "501 5.5.127 Invalid XOAUTH2 auth data - Token will expire soon", "hve-token-expiring"),
    (73, "501 5.5.124 Invalid XOAUTH2 auth data", "smtp-auth-malformed"),
    // The mail programs.
    (74, "msmtp: the server sent an invalid reply", "client-hides-reply"),
    (75, "warning: SASL authentication failure: No worthy mechs found", "sasl-mechanism-missing"),
    (
        75,
        "sasl-xoauth2: TokenStore::Refresh: http error: Problem with the SSL CA cert (path? access rights?)",
        "no-ca-certificates",
    ),
];

/// Traps whose text is another's, or that have none: the page, and the words on it that name the trap.
const BY_PAGE: &[(u8, &str, &str)] = &[
    (28, "smtp-login-refused", "`o365doctor check-token` shows `aud`"),
    (29, "token-opaque", "access token is a message to the service"),
    (31, "personal-account", "/consumers"),
    (32, "smtp-login-refused", "RBAC way without its role or scope"),
    (33, "exchange-wrong-object-id", "object id"),
    (36, "smtp-login-refused", "Get-MailboxPermission"),
    (43, "smtp-criteria-not-met", "authentication policy"),
    (44, "exchange-change-not-in-force", "last two"),
    (46, "rbac-beside-api-permission", "API permission"),
    (47, "token-user-mismatch", "Somebody else was signed in"),
    (48, "token-user-mismatch", "upn"),
    (49, "token-user-mismatch", "shared mailbox"),
    (54, "alias-replaced", "SendFromAliasEnabled"),
];

/// Traps that a page can not end: what answers them is a part of the program.
const ANSWERED_ELSEWHERE: [(u8, &str); 4] = [
    (26, "a number without a page is said to be unknown; the rest of this list is the answer"),
    (45, "powershell, the one ordered list of steps"),
    (76, "checkup --stop-after, the stages that swaks has for passwords"),
    (77, "check-token and probe-send with the credential of an application"),
];

/// Answered by the posture rule that the page names.
const POSTURE: (u8, [&str; 2]) = (78, ["smtp-auth-off-tenant", "smtp-auth-off-mailbox"]);

#[test]
fn every_trap_ends_on_the_page_of_its_cause() {
    let wrong: Vec<String> = TEXTS
        .iter()
        .map(|(trap, text, page)| (trap, text, page, classify(None, text)))
        .filter(|(_, _, page, found)| found.first().is_none_or(|first| first.cause.id != **page))
        .map(|(trap, text, page, found)| {
            format!("{trap}: {:?} in place of {page}: {text}", found.first().map(|m| m.cause.id))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_trap_without_words_of_its_own_has_a_page_that_names_it() {
    for (trap, id, words) in BY_PAGE {
        let page = kb::by_id(id).unwrap_or_else(|| panic!("{trap}: {id} is no page"));
        let text = [page.meaning, page.causes, page.repair, page.recheck].join("\n").to_lowercase();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&words.to_lowercase()), "{trap}: {id} does not say `{words}`");
    }
    for id in POSTURE.1 {
        let page = kb::by_id(id).unwrap();
        assert!(page.posture.contains(&"MS.EXO.5.1"), "{}: {id}", POSTURE.0);
    }
}

#[test]
fn no_trap_is_left_out() {
    let told = TEXTS.iter().chain(BY_PAGE).map(|row| row.0);
    let told: std::collections::BTreeSet<u8> =
        told.chain(ANSWERED_ELSEWHERE.iter().map(|row| row.0)).chain([POSTURE.0]).collect();
    let missing: Vec<u8> = (1..=78).filter(|trap| !told.contains(trap)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(classify(None, "AADSTS1234567: Something nobody documented.").is_empty());
}

/// Traps of the roads, each with the story of the sandbox that walks into it.
const TOLD: &[(u8, &str)] = &[
    (27, "token-for-graph"),
    (28, "role-not-requested"),
    (30, "token-opaque"),
    (31, "token-audience-other"),
    (32, "rbac-in-place-of-role"),
    (33, "exchange-wrong-object-id"),
    (33, "imap-wrong-object-id"),
    (36, "exchange-not-registered"),
    (36, "imap-no-mailbox-right"),
    (37, "mailbox-logon-fails"),
    (38, "smtp-auth-off-tenant"),
    (38, "smtp-auth-off-mailbox"),
    (39, "policy-security-defaults"),
    (40, "policy-criteria"),
    (41, "policy-basic-disabled"),
    (42, "basic-retired"),
    (43, "person-smtp-auth-off"),
    (44, "state-not-yet-in-force"),
    (46, "graph-access-policy"),
    (46, "ews-access-policy"),
    (46, "graph-rbac-out-of-scope"),
    (47, "person-other-account"),
    (48, "person-upn-differs"),
    (49, "person-shared-as-user"),
    (50, "person-imap-no-full-access"),
    (50, "imap-off"),
    (52, "send-as-denied-envelope"),
    (53, "send-as-denied"),
    (54, "confirm-from-replaced"),
    (55, "graph-role-missing"),
    (56, "graph-send-as-denied"),
    (57, "graph-mailbox-not-enabled"),
    (58, "ews-impersonation-denied"),
    (60, "ews-no-permissions"),
    (61, "ews-app-not-allowed"),
    (62, "relay-no-connector"),
    (62, "relay-certificate-alone"),
    (63, "relay-wrong-region"),
    (64, "direct-send-rejected"),
    (65, "relay-ip-traffic-not-accepted"),
    (68, "smart-host-unknown"),
    (69, "tls-version-refused"),
    (69, "relay-tls-too-old"),
    (70, "auth-type-unrecognised"),
    (71, "auth-temporary"),
    (71, "relay-attr14"),
    (72, "threads-used-up"),
    (72, "submission-quota-used-up"),
    (73, "hve-token-expiring"),
];

/// Traps of the roads that no story can walk into, each with its reason.
const UNTOLD: &[(u8, &str)] = &[
    (29, "about other programs, which hide their token; check-token shows it"),
    (34, "a cmdlet's parameter, on an administrator's computer"),
    (35, "a module that is missing on an administrator's computer"),
    (45, "about documents that are scattered"),
    (51, "the probe never leaves the login out; scripts/interop/peer_swaks.py does"),
    (59, "the probe always impersonates with such a token; the sandbox's own tests leave the header out"),
    (66, "a bounce of the consumer service, which no tenant sends"),
    (67, "needs a wait: a filtered port says nothing"),
];

#[test]
fn each_trap_of_the_roads_is_told_or_excused() {
    for number in 27..=73 {
        let told = TOLD.iter().any(|(of, _)| *of == number);
        let excused = UNTOLD.iter().any(|(of, _)| *of == number);
        assert!(told != excused, "trap {number}: told {told}, excused {excused}");
    }
    for (number, name) in TOLD {
        let scenario = Scenario::named(name).unwrap_or_else(|| panic!("trap {number}: there is no scenario {name}"));
        // That RBAC stands in for the role, and what opens to a person, are stories with a good end.
        assert!(!scenario.expect.is_empty() || *number == 32, "trap {number}: {name} expects nothing to go wrong");
    }
}

/// What port 25 answers, and the page that it ends on (smtp-replies: the examples of the surface relay-25, and codes from
/// within the ranges that Microsoft Learn lists, "Email non-delivery reports and SMTP errors in Exchange Online").
const PORT_25: [(&str, &str); 24] = [
    ("550 5.7.64 TenantAttribution; Relay Access Denied SMTP", "relay-access-denied"),
    ("550 5.7.64 Relay Access Denied ATTR36. For more information, see KB 3169958", "relay-attr36"),
    ("450 4.7.1 Unable to relay. ATTR14", "relay-attr14"),
    ("451 4.4.62 Mail sent to the wrong Office 365 region. ATTR35", "wrong-region"),
    (
        "550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from unauthorized sources",
        "direct-send-rejected",
    ),
    ("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", "unable-to-relay"),
    ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "recipient-rejected-edge"),
    ("550 5.4.1 Relay Access Denied", "unable-to-relay"),
    ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "recipient-unknown"),
    ("550 5.7.1 Unable to relay", "unable-to-relay"),
    ("550 5.7.23 The message was rejected because of Sender Policy Framework violation", "spf-rejected"),
    (
        "550 5.7.25 Access denied, the sending IPv6 address [2001:db8::7] must have a reverse DNS record",
        "reverse-dns-missing",
    ),
    ("550 5.7.501 Access denied, spam abuse detected", "sender-account-banned"),
    ("550 5.7.506 Access Denied, Bad HELO", "helo-not-own-name"),
    ("550 5.7.508 Access denied, [2001:db8::7] has exceeded permitted limits within /64 range", "ipv6-range-limit"),
    ("550 5.7.511 Access denied, banned sender [203.0.113.9]", "sending-ip-banned-no-portal"),
    ("550 5.7.606 Access denied, banned sending IP [203.0.113.9]", "sending-ip-banned"),
    ("550 5.7.649 Access denied, banned sending IP [203.0.113.9]", "sending-ip-banned"),
    ("550 5.7.705 Access denied, tenant has exceeded threshold", "tenant-blocked"),
    ("550 5.7.708 Access denied, traffic not accepted from this IP", "traffic-not-accepted-ip"),
    ("550 5.7.750 Service unavailable. Client blocked from sending from unregistered domains", "unregistered-domain"),
    ("451 4.7.500 Access denied, please try again later", "sending-ip-throttled"),
    ("451 4.7.651 The mail server [203.0.113.9] has been temporarily rate limited", "sending-ip-throttled"),
    ("452 4.5.3 Too many recipients", "recipients-too-many"),
];

#[test]
fn each_refusal_of_port_25_ends_on_its_page() {
    let first = |text: &str| classify(Some(kb::Where::Smtp), text).first().map(|found| found.cause.id);
    let wrong: Vec<String> = PORT_25
        .iter()
        .filter(|(text, page)| first(text) != Some(*page))
        .map(|(text, page)| format!("{:?} in place of {page}: {text}", first(text)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

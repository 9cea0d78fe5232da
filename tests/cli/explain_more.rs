//! `explain` on what people paste whole: bounces, sign-in logs, logins, several failures at once.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::support::{Ended, Home};

fn answer(text: &str, code: i32) -> Value {
    let home = Home::new();
    let path = home.write("pasted", text);
    home.run(&["explain", "--format", "json", "--file", path.to_str().unwrap()]).ends(code).json()
}

fn ids(answer: &Value, list: &str) -> Vec<String> {
    answer[list].as_array().unwrap().iter().map(|found| found["id"].as_str().unwrap().to_owned()).collect()
}

const BOUNCE: &str = "\
From: postmaster@contoso.com
To: app@contoso.com
Subject: Undeliverable: report
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=\"b1\"

--b1
Content-Type: multipart/alternative; boundary=\"b2\"

--b2
Content-Type: text/html; charset=\"utf-8\"
Content-Transfer-Encoding: quoted-printable

<html><head><style>p { margin: 5.7.60 }</style></head><body><p>Your message =
couldn=E2=80=99t be delivered.</p></body></html>
--b2--
--b1
Content-Type: message/delivery-status

Reporting-MTA: dns;AM0PR01MB0001.eurprd01.prod.exchangelabs.com
Arrival-Date: Thu, 26 Nov 2026 20:44:09 +0000

Final-Recipient: rfc822;bob@fabrikam.com
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient
 not found by SMTP address lookup

Final-Recipient: rfc822;ann@fabrikam.com
Action: failed
Status: 5.7.133
Diagnostic-Code: smtp;550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication
 required
--b1
Content-Type: message/rfc822

From: app@contoso.com
Subject: 535 5.7.139 Authentication unsuccessful, account locked

AADSTS7000215: this stands in the mail of the user
--b1--
";

#[test]
fn a_bounce_is_read_by_its_report_and_not_by_the_mail_that_came_back() {
    let seen = answer(BOUNCE, 0);
    assert_eq!(seen["matches"][0]["id"], "recipient-unknown");
    assert_eq!(ids(&seen, "also"), ["recipient-restricted"]);
    assert_eq!(seen["ids"]["timestamp"], "Thu, 26 Nov 2026 20:44:09 +0000");
    assert_eq!(seen["ids"]["reporting server"], "AM0PR01MB0001.eurprd01.prod.exchangelabs.com");
}

#[test]
fn a_bounce_in_html_alone_is_read_by_its_words() {
    let html = "From: postmaster@contoso.com\nTo: app@contoso.com\nMIME-Version: 1.0\nContent-Type: text/html\n\n\
                <html><body><p>Remote server returned '<b>550</b> 5.7.708 Service unavailable. Access denied,<br>traffic \
                not accepted from this IP. AS(7230)'</p></body></html>\n";
    assert_eq!(answer(html, 0)["matches"][0]["id"], "traffic-not-accepted-ip");
}

#[test]
fn a_bounce_of_another_server_is_said_to_be_one() {
    let other = BOUNCE.replace("Status: 5.1.10", "Status: 5.1.1\nRemote-MTA: dns;gmail-smtp-in.l.google.com").replace(
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient\n not found by SMTP address lookup",
        "550-5.1.1 no such account - gsmtp",
    );
    let seen = answer(&other, 0);
    assert_eq!(seen["matches"][0]["id"], "another-server");
    assert_eq!(seen["matches"][0]["matched"], "Gmail");
}

#[test]
fn several_failures_are_answered_each() {
    let seen =
        Home::new().run(&["explain", "--format", "json", "7000215", "5.7.60", "smtp-auth-off-tenant"]).ends(0).json();
    assert_eq!(seen["matches"][0]["id"], "aadsts7000215");
    assert!(ids(&seen, "also").starts_with(&["send-as-denied-envelope".to_owned()]), "{seen}");
    assert!(ids(&seen, "also").contains(&"smtp-auth-off-tenant".to_owned()));
    let log = "first: AADSTS7000215: Invalid client secret provided.\nthen: 550 5.7.708 Access denied, traffic not \
               accepted from this IP\nAADSTS7000215: Invalid client secret provided.\n";
    let seen = answer(log, 0);
    assert_eq!(seen["matches"][0]["id"], "aadsts7000215");
    assert_eq!(ids(&seen, "also"), ["traffic-not-accepted-ip"]);
    let shown = Ended::of(Home::new().command(&["explain"]).write_stdin(log)).ends(0).out;
    assert!(shown.contains("Also in the text:"), "{shown}");
}

#[test]
fn a_sign_in_log_is_read_by_its_numbers() {
    let json = r#"{"value":[{"id":"x","createdDateTime":"2026-11-26T20:44:09Z","correlationId":"bb-2",
        "status":{"errorCode":7000222,"failureReason":"The provided client secret keys are expired."}},
        {"status":{"errorCode":0,"failureReason":"Other."}}]}"#;
    let seen = answer(json, 0);
    assert_eq!(
        (seen["matches"][0]["id"].as_str(), seen["ids"]["correlation id"].as_str()),
        (Some("aadsts7000222"), Some("bb-2"))
    );
    let csv = "Date (UTC),Application,Sign-in error code,Failure reason\n2026-11-26,\"a, b\",7000222,\"Expired.\"\n2026-11-26,c,0,Other.\n";
    assert_eq!(answer(csv, 0)["matches"][0]["id"], "aadsts7000222");
}

#[test]
fn a_token_is_read_and_never_printed() {
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let claims = r#"{"aud":"https://outlook.office365.com","roles":["SMTP.SendAsApp"],"tid":"7a3c1d52","exp":1}"#;
    let token = format!("{}.{}.c2lnbmF0dXJl", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(claims));
    let wrapped = STANDARD.encode(format!("user=app@contoso.com\u{1}auth=Bearer {token}\u{1}\u{1}"));
    let home = Home::new();
    for text in [
        token.clone(),
        wrapped.clone(),
        format!("AUTH XOAUTH2 {wrapped}\r\n"),
        format!("Authorization: Bearer {token}"),
    ] {
        for format in ["text", "json", "markdown"] {
            let ended = Ended::of(home.command(&["explain", "--format", format]).write_stdin(text.as_str())).ends(0);
            let all = format!("{}{}", ended.out, ended.err);
            assert!(all.contains("SMTP.SendAsApp") && all.contains("smtp"), "{all}");
            for secret in ["c2lnbmF0dXJl", &token, &wrapped] {
                assert!(!all.contains(secret), "{all}");
            }
        }
    }
    let log = format!("Nov 26 20:44:09 mx01 app: AUTH XOAUTH2 {wrapped} -> 535 5.7.3 Authentication unsuccessful\n");
    let shown = Ended::of(home.command(&["explain", "--log", "-"]).write_stdin(log)).ends(0).out;
    assert!(shown.contains("smtp-login-refused") && !shown.contains(&wrapped[..60]), "{shown}");
}

#[test]
fn names_are_masked_for_a_ticket() {
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let claims = r#"{"aud":"https://outlook.office365.com","upn":"bob@wingtip.com","name":"Bob","tid":"11111111-2222-3333-4444-555555555555"}"#;
    let token = format!("{}.{}.c2ln", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(claims));
    let wrapped = STANDARD.encode(format!("user=bob@wingtip.com\u{1}auth=Bearer {token}\u{1}\u{1}"));
    let home = Home::new();
    let text = format!(
        "{wrapped}\n550 5.7.513 Service unavailable, Client host [198.51.100.77] blocked by wingtip.com using Customer Block list"
    );
    for format in ["text", "json", "markdown"] {
        let shown =
            Ended::of(home.command(&["explain", "--share", "--format", format]).write_stdin(text.as_str())).ends(0).out;
        assert!(shown.contains("blocked-by-recipient"), "{shown}");
        for name in ["bob", "Bob", "wingtip", "11111111", "198.51.100.77"] {
            assert!(!shown.contains(name), "{name} in {shown}");
        }
    }
}

#[test]
fn a_code_alone_is_answered_with_the_question_that_separates_its_pages() {
    let seen = answer("535 5.7.139 Authentication unsuc\n", 0);
    let choices = seen["question"]["choices"].as_array().unwrap();
    assert!(choices.iter().any(|choice| choice["id"] == "smtp-auth-off-tenant"), "{seen}");
    assert!(choices.iter().all(|choice| choice["when"].as_str().is_some_and(|when| !when.is_empty())), "{seen}");
    let shown = Home::new().run(&["explain", "5.7.1"]).ends(1).out;
    assert!(shown.contains("What else stands in the reply") && shown.contains("[unable-to-relay]"), "{shown}");
    assert_eq!(answer("535 5.7.3 Authentication unsuccessful\n", 0)["question"], Value::Null);
}

#[test]
fn a_code_of_every_server_without_a_server_is_said_to_be_one() {
    let seen = answer("550 5.1.1 user unknown\n", 0);
    assert_eq!(
        (seen["matches"][0]["id"].as_str(), seen["shared_code"].as_str()),
        (Some("recipient-unknown"), Some("5.1.1"))
    );
    let named = "550 5.1.1 user unknown [AM0PR01MB0001.eurprd01.prod.outlook.com]\n";
    assert_eq!(answer(named, 0)["shared_code"], Value::Null);
    let shown = Home::new().run(&["explain", "550", "5.1.1", "user", "unknown"]).ends(0).out;
    assert!(shown.contains("Nothing in the text says which server answered"), "{shown}");
}

#[test]
fn the_answers_of_every_language_and_service_lead_to_their_page() {
    for (text, id, field, value) in [
        (
            "smtplib.SMTPAuthenticationError: (535, b'5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled \
             for the Tenant. [AM0PR01CA0001.eurprd01.prod.outlook.com 2026-11-26T20:44:09.123Z 08DE]')",
            "smtp-auth-off-tenant",
            "answering server",
            "AM0PR01CA0001.eurprd01.prod.outlook.com 2026-11-26T20:44:09.123Z 08DE",
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\nrequest-id: cc-3\r\nx-ms-diagnostics: 2000003;reason=\"The \
             audience claim value is invalid for current resource. Audience claim is 'https://graph.microsoft.com'\";\
             error_category=\"invalid_resource\"\r\nDate: Thu, 26 Nov 2026 20:44:09 GMT\r\n",
            "ews-audience-wrong",
            "request id",
            "cc-3",
        ),
        (
            r#"{\"error\":{\"code\":\"ErrorAccessDenied\",\"message\":\"Access is denied. Check credentials and try again.\",\"innerError\":{\"request-id\":\"cc-3\"}}}"#,
            "graph-access-denied",
            "request id",
            "cc-3",
        ),
        (
            "<s:Fault><faultcode>a:ErrorImpersonateUserDenied</faultcode><faultstring>The account does not have permission to \
             impersonate the requested user.</faultstring></s:Fault> request-id: cc-3",
            "ews-impersonation-denied",
            "request id",
            "cc-3",
        ),
    ] {
        let seen = answer(text, 0);
        assert_eq!((seen["matches"][0]["id"].as_str(), seen["ids"][field].as_str()), (Some(id), Some(value)), "{text}");
    }
}

#[test]
fn an_endless_paste_costs_little() {
    let began = std::time::Instant::now();
    for text in
        ["5".repeat(1 << 20), "550 5.1.1 ".repeat(100_000), "550 5.1.1 x\n".repeat(90_000), "ey.".repeat(350_000)]
    {
        let home = Home::new();
        let path = home.write("pasted", &text);
        let ended = home.run(&["explain", "--format", "json", "--file", path.to_str().unwrap()]);
        assert!(ended.code <= 1 && ended.out.len() < 100_000, "{}", ended.err);
    }
    assert!(began.elapsed() < std::time::Duration::from_mins(1), "{:?}", began.elapsed());
}

#[test]
fn a_challenge_is_decoded() {
    let encoded = STANDARD.encode(r#"{"schemes":"bearer","status":"401","scope":"https://outlook.office.com/"}"#);
    assert_eq!(answer(&format!("334 {encoded}\n"), 0)["matches"][0]["id"], "smtp-challenge-refused");
}

#[test]
fn a_file_that_is_not_there_is_said() {
    assert!(Home::new().run(&["explain", "--file", "none.eml"]).ends(2).err.contains("none.eml"));
}

#[test]
fn a_profile_fills_the_repair_and_a_broken_one_that_nobody_named_is_no_hindrance() {
    let home = Home::new();
    let own = "[profile.work]\ntenant = 'contoso.com'\nclient_id = '3f2b8c64-1d7e-4a95-b0c3-6e8d2f915a70'\n";
    let config = home.write("own.toml", own);
    let config = config.to_str().unwrap();
    let repair = |more: &[&str]| {
        let command = [&["explain", "--format", "json"], more, &["AADSTS7000229"]].concat();
        home.run(&command).ends(0).json()["matches"][0]["repair"].as_str().unwrap().to_owned()
    };
    let filled = repair(&["--config", config]);
    assert!(filled.contains("--tenant contoso.com") && !filled.contains("<tenant>"), "{filled}");
    let shared = repair(&["--share", "--config", config]);
    assert!(!shared.contains("contoso.com") && !shared.contains("3f2b8c64"), "{shared}");
    assert!(repair(&[]).contains("<tenant>"));
    let broken = home.write("broken.toml", "[profile.work]\nno_such_word = 1\n");
    home.run(&["explain", "--config", broken.to_str().unwrap(), "AADSTS7000229"]).ends(2);
}

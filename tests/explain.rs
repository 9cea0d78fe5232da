//! From words to pages: real replies in any wrapping reach their page, and what is no failure reaches none.

use o365doctor::explain::explain;
use o365doctor::kb::{self, Depth};
use o365doctor::logs::Tally;

fn first(text: &str) -> Option<&'static str> {
    explain(text).matches.first().map(|found| found.cause.id)
}

fn none(faults: &[String]) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Replies of the service, from Microsoft's pages and from public reports, and the page of each.
#[rustfmt::skip]
const REPLIES: &[(&str, &str)] = &[
    ("535 5.7.3 Authentication unsuccessful [SN2PR00CA0018.namprd00.prod.outlook.com]", "smtp-login-refused"),
    ("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.", "smtp-auth-off-tenant"),
    ("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit https://aka.ms/smtp_auth_disabled for more information.", "smtp-auth-off-mailbox"),
    ("535 5.7.139 Authentication unsuccessful, basic authentication is disabled.", "smtp-basic-disabled"),
    ("535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.", "smtp-credentials-incorrect"),
    ("535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. Contact your administrator.", "smtp-security-defaults"),
    ("535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. Contact your administrator.", "smtp-criteria-not-met"),
    ("535 5.7.139 Authentication unsuccessful, the organization configuration doesn't allow this authentication request.", "smtp-organization-policy"),
    ("535 5.7.139 Authentication unsuccessful, account locked. Contact your administrator.", "smtp-account-locked"),
    ("535 5.7.139 Authentication unsuccessful, account has an issue. Contact your administrator.", "smtp-account-issue"),
    ("535 5.7.139 Authentication unsuccessful, the federated STS service was unreachable.", "smtp-federation-unreachable"),
    ("535 5.7.139 Authentication unsuccessful, the federated STS URL does not support HTTPS.", "smtp-federation-unreachable"),
    ("535 5.7.139 Authentication unsuccessful", "smtp-policy-other"),
    ("535 5.7.142 Token will expire soon", "hve-token-expiring"),
    ("535 5.7.143 Expired token", "hve-token-expiring"),
    ("535 5.7.144 XOAUTH2 authentication failed. Invalid API permissions.", "hve-permission"),
    ("501 5.5.127 Invalid XOAUTH2 auth data - Token will expire soon error", "hve-token-expiring"),
    ("550 5.7.240 The application is not allowed for use with this High Volume Email account", "hve-app-not-allowed"),
    ("550 5.5.105 External sending is not supported for High Volume Email accounts.", "hve-external-recipient"),
    ("530 5.7.57 Client not authenticated to send mail.", "smtp-not-authenticated"),
    ("530 5.7.57 SMTP; Client was not authenticated to send anonymous mail during MAIL FROM", "smtp-not-authenticated"),
    ("550 5.7.30 Basic authentication is not supported for Client Submission.", "smtp-basic-retired"),
    ("504 5.7.4 Unrecognized authentication type", "smtp-auth-type-unrecognised"),
    ("501 5.5.4 Invalid domain name", "helo-name-invalid"),
    ("451 5.7.3 STARTTLS is required to send mail", "smtp-starttls-required"),
    ("421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support TLS 1.2. Visit https://aka.ms/smtp_auth_tls.", "smtp-tls-version"),
    ("454 4.7.0 Temporary authentication failure", "smtp-auth-temporary"),
    ("451 4.7.0 Temporary server error. Please try again later. PRX2", "smtp-auth-temporary"),
    ("421 4.3.2 Service not active", "smtp-service-not-active"),
    ("421 4.4.2 Connection dropped due to SocketError", "smtp-connection-dropped"),
    ("432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information.", "smtp-thread-limit"),
    ("554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", "submission-quota"),
    ("550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients", "recipient-daily-limit"),
    ("554 5.2.0 STOREDRV.Submission.Exception:OutboundSpamException", "outbound-spam"),
    ("550 5.7.60 SMTP; Client does not have permissions to send as this sender", "send-as-denied-envelope"),
    ("554 5.2.252 SendAsDenied; svc@contoso.com not allowed to send as other@contoso.com; STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message due to a permanent exception with message [BeginDiagnosticData]Cannot submit message. ...[EndDiagnosticData]", "send-as-denied-message"),
    ("554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded", "mailbox-full"),
    ("550 5.2.2 mailbox full", "mailbox-full-recipient"),
    ("430 4.2.0 STOREDRV; mailbox logon failure; STOREDRV.Storage.Exception:ConnectionFailedTransientException", "mailbox-logon-failed"),
    ("550 5.1.8 Access denied, bad outbound sender", "sender-blocked"),
    ("552 5.3.4 Message size exceeds fixed maximum message size", "message-too-large"),
    ("452 4.5.3 Too many recipients", "recipients-too-many"),
    ("550 5.1.20 Multiple From addresses are not allowed without Sender address", "from-without-sender"),
    ("550 5.6.11 Invalid characters", "bare-linefeed-or-bad-characters"),
    ("550 5.7.232 Your message can't be sent because your trial tenant has exceeded its daily limit for sending email to external recipients", "tenant-external-limit"),
    ("550 5.7.233 Your message can't be sent because your tenant exceeded its daily limit for sending email to external recipients", "tenant-external-limit"),
    ("550 5.7.236 ... onmicrosoft.com ...", "moera-limit"),
    ("550 5.7.520 Access denied, Your organization does not allow external forwarding. Please contact your administrator for further assistance. AS(7555)", "external-forwarding-blocked"),
    ("550 5.7.64 TenantAttribution; Relay Access Denied SMTP", "relay-access-denied"),
    ("451 4.4.62 Mail sent to the wrong Office 365 region. ATTR35", "wrong-region"),
    ("550 5.7.64 Relay Access Denied ATTR36. For more information, see KB 3169958", "relay-attr36"),
    ("550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from unauthorized sources", "direct-send-rejected"),
    ("550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", "unable-to-relay"),
    ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "recipient-rejected-edge"),
    ("550 5.4.1 Relay Access Denied", "unable-to-relay"),
    ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "recipient-unknown"),
    ("550 5.1.1 RESOLVER.ADR.RecipNotFound; not found", "recipient-unknown"),
    ("550 5.7.1 Unable to relay", "unable-to-relay"),
    ("550 5.7.1 Delivery not authorized, message refused", "recipient-restricted"),
    ("550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required", "recipient-restricted"),
    ("550 5.7.23 The message was rejected because of Sender Policy Framework violation", "spf-rejected"),
    ("550 5.7.25 Access denied, the sending IPv6 address [2a01:111:f200:2004::240] must have a reverse DNS record", "reverse-dns-missing"),
    ("450 4.7.26 Access denied, a message sent over IPv6 [2a01:111:f200:2004::240] must pass either SPF or DKIM, this message is not signed", "sender-unauthenticated"),
    ("550 5.7.501 Access denied, spam abuse detected", "sender-account-banned"),
    ("550 5.7.504 [email@contoso.com]: Recipient address rejected: Access denied", "recipient-address-refused"),
    ("550 5.7.505 Access denied, banned recipient", "recipient-banned"),
    ("550 5.7.506 Access Denied, Bad HELO", "helo-not-own-name"),
    ("550 5.7.507 Access denied, rejected by recipient", "blocked-by-recipient"),
    ("550 5.7.508 Access denied, [$SenderIPAddress] has exceeded permitted limits within $range range", "ipv6-range-limit"),
    ("550 5.7.509 Access denied, sending domain [contoso.com] does not pass DMARC verification and has a DMARC policy of reject.", "dmarc-rejected"),
    ("550 5.7.510 Access denied, [contoso.com] does not accept email over IPv6", "recipient-domain-without-ipv6"),
    ("550 5.7.511 Access denied, banned sender [203.0.113.9]", "sending-ip-banned-no-portal"),
    ("550 5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant", "from-header-invalid"),
    ("550 5.7.513 Service unavailable, Client host [203.0.113.9] blocked by contoso.com using Customer Block list (AS16012607)", "blocked-by-recipient"),
    ("550 5.7.515 Access denied, sending domain contoso.com does not meet the required authentication level", "sender-authentication-level"),
    ("550 5.7.606 Access denied, banned sending IP [203.0.113.9]", "sending-ip-banned"),
    ("550 5.7.703 Your message can't be delivered because messages to XXX, YYY are blocked by your organization using Tenant Allow Block List.", "recipient-on-tenant-block-list"),
    ("550 5.7.705 Access denied, tenant has exceeded threshold", "tenant-blocked"),
    ("550 5.7.708 Access denied, traffic not accepted from this IP", "traffic-not-accepted-ip"),
    ("550 5.7.750 Service unavailable. Client blocked from sending from unregistered domains", "unregistered-domain"),
    ("451 4.7.500 Access denied, please try again later", "sending-ip-throttled"),
    ("451 4.7.850 Access denied, please try again later", "ip-restricted-for-evaluation"),
    ("450 4.4.316 Connection refused [Message=Socket error code 10061]", "next-hop-refused"),
    ("450 4.4.317 Cannot connect to remote server [Message=UntrustedRoot]", "next-hop-session-failed"),
    ("550 4.4.7 Message expired", "message-expired"),
    ("554 5.4.14 Hop Count exceeded - possible mail loop ATTR34", "mail-loop"),
    ("432 4.3.2 STOREDRV.Deliver; recipient thread limit exceeded", "recipient-thread-limit"),
    ("550 5.2.122 Recipient's per hour message receive limit exceeded", "recipient-hourly-limit"),
    ("550 5.0.350 Requested action not taken: policy violation detected (AS345)", "foreign-system-refused"),
    ("550 5.5.0 Requested action not taken: mailbox unavailable", "consumer-mailbox-unavailable"),
    ("A01 NO AUTHENTICATE failed.", "imap-login-refused"),
    ("A1 NO LOGIN failed.", "imap-password-refused"),
    ("A02 BAD User is authenticated but not connected.", "imap-mailbox-not-connected"),
    ("* BYE Connection is closed. 14", "imap-session-ended"),
    ("-ERR Authentication failure: unknown user name or bad password.", "pop-login-refused"),
    ("-ERR Logon failure: unknown user name or bad password.", "pop-password-refused"),
    ("-ERR Command is not valid in this state.", "pop-wrong-state"),
    ("-ERR Protocol error. Connection is closed. 10", "pop-protocol-error"),
    ("550 5.1.0 Sender denied", "sender-address-unresolvable"),
    ("550 5.2.2 Submission quota exceeded", "submission-quota"),
    ("The message can't be submitted because the sender's submission quota was exceeded", "submission-quota"),
    ("550 5.4.300 Message expired", "message-expired"),
    ("550 5.7.1 Client was not authenticated", "next-server-wants-login"),
    ("550 5.7.800 Access denied, banned sender", "sending-domain-banned"),
    ("451 5.7.3 Must issue a STARTTLS command first", "smtp-starttls-required"),
];

/// How programs show a reply; `{}` is the reply, and what stands before it is its first three digits where `{code}` is.
const WRAPPINGS: &[(&str, &str)] = &[
    (
        "Postfix",
        "Nov 26 20:44:09 mx01 postfix/smtp[4]: 4F1A2B3C4D: to=<bob@fabrikam.com>, relay=smtp.office365.com[203.0.113.9]:587, delay=1.2, status=bounced (host smtp.office365.com[203.0.113.9] said: {} (in reply to MAIL FROM command))",
    ),
    (
        "Exim",
        "2026-11-26 20:44:09 1uXyZa-000000001Ab-0c ** bob@fabrikam.com R=smarthost T=remote_smtp H=smtp.office365.com [203.0.113.9]: SMTP error from remote mail server: {}",
    ),
    (
        "sendmail",
        "Nov 26 20:44:09 mx01 sendmail[77]: 4AQKi9x1000077: to=<bob@fabrikam.com>, mailer=relay, relay=smtp.office365.com. [203.0.113.9], stat=Deferred: {}",
    ),
    (
        "msmtp",
        "host=smtp.office365.com tls=on auth=on from=app@contoso.com recipients=bob@fabrikam.com smtpmsg='{}' errormsg='refused' exitcode=EX_NOPERM",
    ),
    (
        "Java",
        "javax.mail.AuthenticationFailedException: {}\n\n\tat com.sun.mail.smtp.SMTPTransport$Authenticator.authenticate(SMTPTransport.java:965)",
    ),
    (
        ".NET",
        "System.Net.Mail.SmtpException: The SMTP server returned an error. The server response was: {}\n   at System.Net.Mail.MailCommand.CheckResponse()",
    ),
    (
        "Node",
        "Error: Invalid login: {}\n    at SMTPConnection._formatError (/app/node_modules/nodemailer/lib/smtp-connection/index.js:798:19) {\n  code: 'EAUTH'",
    ),
    ("curl", "> AUTH XOAUTH2\n< {}\n* Connection #0 to host smtp.office365.com left intact"),
    ("JSON, escaped", "{\"level\":\"error\",\"msg\":\"send failed: {}\\r\\n\"}"),
    ("JSON in JSON", "{\\\"log\\\":\\\"{\\\\\\\"msg\\\\\\\":\\\\\\\"{}\\\\\\\"}\\\"}"),
    ("a quoted mail", "> On Thursday the printer said:\n> {}\n> What is it?"),
];

#[test]
fn replies_reach_their_page_bare_and_wrapped() {
    let mut faults = Vec::new();
    for (reply, id) in REPLIES {
        // What the rows of IMAP and POP say is not shown by programs that send.
        let smtp = reply.starts_with(|c: char| c.is_ascii_digit());
        let wrappings = WRAPPINGS.iter().filter(|_| smtp).copied().chain([("bare", "{}")]);
        for (name, wrapping) in wrappings {
            let found = first(&wrapping.replace("{}", reply));
            if found != Some(id) {
                faults.push(format!("{name}: {reply}\n    {found:?}, not {id}"));
            }
        }
    }
    none(&faults);
}

/// What may differ between two that have the same fault: case, white space, line ends, hosts, times and ids, and a tail that
/// is cut off behind the words.
fn varied(sample: &str) -> Vec<(&'static str, String)> {
    let words: Vec<&str> = sample.split_whitespace().collect();
    let folded = words.chunks(3).map(|words| words.join(" ")).collect::<Vec<_>>().join("\r\n ");
    let renamed = sample
        .replace("contoso", "tailspin-toys")
        .replace("fabrikam", "northwind")
        .replace("2026-", "2027-")
        .replace("203.0.113.9", "198.51.100.77")
        .replace("eurprd", "apcprd")
        .replace("11111111-2222", "99999999-8888");
    vec![
        ("upper case", sample.to_uppercase()),
        ("lower case", sample.to_lowercase()),
        ("folded", folded),
        ("blanks doubled", sample.replace(' ', "  ")),
        ("CRLF", sample.replace('\n', "\r\n")),
        ("other names", renamed),
        ("behind a time and a host", format!("Nov 26 20:44:09 mx01 app[12]: {sample}")),
        ("with ids behind it", format!("{sample} Trace ID: 0a1b Correlation ID: 2c3d Timestamp: 2026-11-26 20:44:09Z")),
    ]
}

#[test]
fn samples_reach_their_page_with_other_names_times_case_and_wrapping() {
    let mut faults = Vec::new();
    for page in kb::all().iter().filter(|page| page.depth == Depth::Full) {
        let sample: String =
            page.sample.lines().filter(|line| !line.starts_with("```")).map(|l| format!("{l}\n")).collect();
        if first(sample.trim()) != Some(page.id) {
            continue;
        }
        for (how, text) in varied(sample.trim()) {
            let found = first(&text);
            if found != Some(page.id) {
                faults.push(format!("{}, {how}: {found:?}: {text}", page.id));
            }
        }
    }
    none(&faults);
}

/// Ordinary lines; `{n}` is a number that differs from line to line.
const ORDINARY: &[&str] = &[
    "Nov 26 20:44:{s} mx01 postfix/smtp[{n}]: 4F1A2B3C{n}: to=<u{n}@fabrikam.com>, relay=smtp.office365.com[203.0.113.{b}]:587, delay=1.{b}, delays=0.5/4.1/5.7/5.1, dsn=2.0.0, status=sent (250 2.0.0 OK <5.7.{b}@app> [Hostname=AM0PR01MB{n}.eurprd01.prod.outlook.com])",
    "Nov 26 20:44:{s} mx01 postfix/qmgr[3]: 4F1A2B3C{n}: from=<app@contoso.com>, size={n}, nrcpt=1 (queue active)",
    "Nov 26 20:44:{s} mx01 postfix/smtpd[{n}]: connect from unknown[10.5.1.{b}]",
    "Nov 26 20:44:{s} mx01 postfix/smtpd[{n}]: 4F1A: client=host[10.5.1.10:25]",
    "2026-11-26 20:44:{s} 1uXyZa-000000001Ab-{n} => bob@fabrikam.com R=dnslookup T=remote_smtp H=mx.fabrikam.com [203.0.113.{b}] C=\"250 2.6.0 <5.7.60@x> Queued mail for delivery\"",
    "Nov 26 20:44:{s} db01 mysqld[{n}]: /usr/sbin/mysqld: ready for connections. Version: '5.7.{b}'  socket: '/run/mysqld.sock'",
    "mysqld 5.7.25 started with pid {n}",
    "Linux version 5.1.10-{n} (gcc 5.4.0)",
    "Linux db01 5.1.{b} #1 SMP x86_64",
    "ii  php5.7.1  5.7.1-{n}ubuntu4.7.0  amd64",
    "Setting up python3.5 (5.4.1-{n}) ...",
    "upgraded openssl from 4.7.0 to 5.7.3 in {n} ms",
    "10.5.1.10:25 -> 10.5.7.{b}:587 ESTABLISHED {n}",
    "5.7.60.{b} port {n}",
    "GET /v5.7.3/status 200 {n}",
    "250-AUTH LOGIN XOAUTH2",
    "250-SIZE {n}",
    "220 AM0PR01CA{n}.outlook.office365.com Microsoft ESMTP MAIL Service ready at Thu, 26 Nov 2026 20:44:{s} +0000",
    "235 2.7.0 Authentication successful {n}",
    "354 Start mail input; end with <CRLF>.<CRLF>",
    "* CAPABILITY IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT LOGINDISABLED {n}",
    "+OK The Microsoft Exchange POP3 service is ready. [{n}]",
    "HTTP/1.1 202 Accepted request-id: {n}",
    "access token acquired for https://graph.microsoft.com, expires in {n} s",
    "user alice logged in from 203.0.113.{b}, session {n}",
    "Backup finished: 535 files, 5.7 GB, {n} s",
    "order 535 5 7 3 shipped, invoice {n}",
    "temperature 550.5 7.1 {n}",
    "500 Internal Server Error on /api/{n}",
    "404 Not Found /favicon.ico {n}",
    "kernel: [{n}.574] usb 5-1.4: new device",
    "dovecot: imap-login: Login: user=<u{n}>, method=PLAIN, rip=10.5.1.{b}",
    "spamd: result: . -1 - DKIM_SIGNED,SPF_PASS scantime=5.7,size={n}",
    "cron[{n}]: (root) CMD (run-parts /etc/cron.hourly)",
];

/// Failures of other servers: none is Microsoft's.
const OTHERS: &[&str] = &[
    "Nov 26 20:44:{s} mx01 postfix/smtp[{n}]: 4F1A{n}: to=<u{n}@gmail.com>, relay=gmail-smtp-in.l.google.com[203.0.113.{b}]:25, dsn=5.1.1, status=bounced (host gmail-smtp-in.l.google.com[203.0.113.{b}] said: 550-5.1.1 The email account that you tried to reach does not exist. a{n}-20 - gsmtp (in reply to RCPT TO command))",
    "host gmail-smtp-in.l.google.com[203.0.113.{b}] said: 550-5.7.26 Your email has been blocked because the sender is unauthenticated. {n} - gsmtp",
    "host mx01.mail.icloud.com[203.0.113.{b}] said: 552 5.2.2 <u{n}@icloud.com>: user is over quota",
    "host mx.zoho.com[203.0.113.{b}] said: 550 5.4.6 Unusual sending activity detected {n}",
    "Nov 26 20:44:{s} mx01 postfix/lmtp[{n}]: 4F1A{n}: to=<u@contoso.com>, relay=mx01[private/dovecot-lmtp], dsn=5.1.1, status=bounced (host mx01[private/dovecot-lmtp] said: 550 5.1.1 <u@contoso.com> User doesn't exist: u{n})",
    "Nov 26 20:44:{s} mx01 postfix/smtpd[{n}]: NOQUEUE: reject: RCPT from x[203.0.113.{b}]: 550 5.1.1 <u{n}@contoso.com>: Recipient address rejected: User unknown in virtual mailbox table",
    "Nov 26 20:44:{s} mx01 postfix/smtp[{n}]: 4F1A: to=<u@fabrikam.com>, relay=mx.fabrikam.com[203.0.113.{b}]:25, dsn=5.7.25, status=bounced (host mx.fabrikam.com[203.0.113.{b}] said: 550 5.7.25 no PTR {n})",
    "2026-11-26 20:44:{s} 1uXyZa-{n} ** u@web.example R=dnslookup T=remote_smtp H=mx.web.example [203.0.113.{b}]: SMTP error from remote mail server after RCPT TO:<u@web.example>: 550 5.1.1 unknown",
];

fn lines(templates: &[&str], rounds: usize) -> Vec<String> {
    let line = |template: &str, n: usize| {
        let (number, octet, second) = (1000 + n * 7919 % 9000, n * 37 % 250, format!("{:02}", n % 60));
        template.replace("{n}", &number.to_string()).replace("{b}", &octet.to_string()).replace("{s}", &second)
    };
    (0..rounds).flat_map(|n| templates.iter().map(move |template| line(template, n))).collect()
}

#[test]
fn ordinary_lines_raise_no_alarm() {
    let lines = lines(ORDINARY, 120);
    assert!(lines.len() > 4000);
    let alarms = lines.iter().filter_map(|line| Some(format!("{}: {line}", first(line)?)));
    none(&alarms.take(30).collect::<Vec<_>>());
    let mut tally = Tally::new().unwrap();
    let mut looked = Tally::lines().unwrap();
    let text = lines.join("\n");
    looked.read(&mut text.as_bytes(), |line| _ = tally.take(line)).unwrap();
    looked.finish(|line| _ = tally.take(line));
    none(&tally.groups().iter().map(|group| format!("{}: {}", group.cause.id, group.sample)).collect::<Vec<_>>());
}

#[test]
fn what_other_servers_say_is_not_explained_as_microsofts() {
    let alarms = lines(OTHERS, 20).into_iter().filter_map(|line| {
        let found = first(&line);
        (found.is_some_and(|id| id != "another-server")).then(|| format!("{found:?}: {line}"))
    });
    none(&alarms.take(20).collect::<Vec<_>>());
    let said = lines(OTHERS, 1).iter().filter(|line| first(line) == Some("another-server")).count();
    assert!(said >= OTHERS.len() - 1, "{said} of {}", OTHERS.len());
}

//! Whole logs, thousands of lines each: a healthy one raises nothing, a failing one exactly what was put into it.

use std::collections::BTreeMap;
use std::io::Read as _;

use o365doctor::logs::Tally;

/// Numbers that differ from line to line and are the same in every run.
struct Dice(u64);

impl Dice {
    /// From 0 to `below`, without it (Knuth's linear congruence; the upper half is the better one).
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.roll(list.len())]
    }

    /// Fills in a template: `{n}` a number of any size, `{b}` an octet, `{s}` two digits, `{q}` a queue's id, `{r}` a number
    /// as replies begin with, `{c}` three numbers between dots as their codes have, `{a}` a number of the login service.
    fn fill(&mut self, template: &str) -> String {
        let mut line = String::new();
        let mut parts = template.split('{');
        line.push_str(parts.next().unwrap());
        for part in parts {
            let Some((name, rest)) = part.split_once('}').filter(|(name, _)| name.len() == 1) else {
                line.push('{');
                line.push_str(part);
                continue;
            };
            let value = match name {
                "n" => {
                    let digits = 2 + self.roll(7);
                    self.roll([0, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000][digits])
                        .to_string()
                }
                "b" => self.roll(256).to_string(),
                "s" => format!("{:02}", self.roll(60)),
                "q" => format!("{:010X}", self.roll(1 << 30) * 977),
                "r" => self.of(REPLIES).to_owned(),
                "c" => self.of(CODES).to_owned(),
                "a" => self.of(NUMBERS).to_owned(),
                other => panic!("no value {other}"),
            };
            line.push_str(&value);
            line.push_str(rest);
        }
        line
    }
}

const REPLIES: &[&str] = &["421", "450", "451", "452", "501", "530", "535", "550", "552", "554"];
const CODES: &[&str] = &[
    "5.7.139", "5.7.3", "5.7.57", "5.7.60", "5.7.708", "5.1.10", "5.1.1", "5.1.8", "5.4.1", "4.7.500", "4.4.7",
    "5.2.2", "5.7.64", "5.7.23", "5.7.1",
];
const NUMBERS: &[&str] = &["50126", "50034", "53003", "65001", "700016", "7000215", "7000222", "90002", "500011"];

/// Healthy logs, by the program that writes them.
#[rustfmt::skip]
const HEALTHY: &[(&str, &[&str])] = &[
    ("Postfix", &[
        "Nov 26 20:{s}:{s} mx01 postfix/smtpd[{n}]: connect from mail-{c}.example.com[203.0.113.{b}]",
        "Nov 26 20:{s}:{s} mx01 postfix/smtpd[{n}]: {q}: client=unknown[10.5.1.{b}], sasl_method=PLAIN, sasl_username=u{n}@contoso.com",
        "Nov 26 20:{s}:{s} mx01 postfix/cleanup[{n}]: {q}: message-id=<{c}.{n}@app{n}.contoso.com>",
        "Nov 26 20:{s}:{s} mx01 postfix/qmgr[{n}]: {q}: from=<u{r}@contoso.com>, size={r}, nrcpt=1 (queue active)",
        "Nov 26 20:{s}:{s} mx01 postfix/smtp[{n}]: {q}: to=<u{n}@fabrikam.com>, relay=smtp.office365.com[203.0.113.{b}]:587, delay=5.7, delays=0.5/0/4.1/1.1, dsn=2.0.0, status=sent (250 2.0.0 OK <{c}.{n}@x> [Hostname=AM0PR01MB{n}.eurprd01.prod.outlook.com])",
        "Nov 26 20:{s}:{s} mx01 postfix/smtp[{n}]: {q}: to=<u{n}@fabrikam.com>, relay=fabrikam-com.mail.protection.outlook.com[203.0.113.{b}]:25, delay=1.2, delays=0.03/0.01/0.55/0.7, dsn=2.6.0, status=sent (250 2.6.0 <{r}.{n}@contoso.com> [InternalId={n}, Hostname=DB9PR01MB{n}.eurprd01.prod.outlook.com] {r} bytes in 0.139, {r}.5 KB/sec Queued mail for delivery)",
        "2026-11-26T20:{s}:{s}.{n}+01:00 mx01 postfix/smtp[{n}]: Trusted TLS connection established to smtp.office365.com[203.0.113.{b}]:587: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)",
        "Nov 26 20:{s}:{s} mx01 postfix/qmgr[{n}]: {q}: removed",
        "Nov 26 20:{s}:{s} mx01 postfix/anvil[{n}]: statistics: max connection rate {r}/60s for (smtp:203.0.113.{b}) at Nov 26 20:{s}:{s}",
        "Nov 26 20:{s}:{s} mx01 postfix/smtpd[{n}]: disconnect from unknown[10.5.7.{b}] ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=8",
        "Nov 26 20:{s}:{s} mx01 postfix/lmtp[{n}]: {q}: to=<u@contoso.com>, relay=mx01[private/dovecot-lmtp], dsn=2.0.0, status=sent (250 2.0.0 <u@contoso.com> {n} Saved)",
        "Nov 26 20:{s}:{s} mx01 postfix/master[{n}]: daemon started -- version {c}, configuration /etc/postfix",
    ]),
    ("Exim", &[
        "2026-11-26 20:{s}:{s} 1uXyZa-00000000{r}-0c <= app@contoso.com H=app{n}.contoso.com [10.5.1.{b}] P=esmtpsa X=TLS1.3:TLS_AES_256_GCM_SHA384:256 A=plain:u{n} S={r} id={c}.{n}@contoso.com",
        "2026-11-26 20:{s}:{s} 1uXyZa-00000000{r}-0c => bob@fabrikam.com R=smarthost T=remote_smtp H=smtp.office365.com [203.0.113.{b}] X=TLS1.2 CV=yes A=xoauth2 C=\"250 2.0.0 OK <{c}.{n}@x> [Hostname=AM0PR01MB{n}.eurprd01.prod.outlook.com]\"",
        "2026-11-26 20:{s}:{s} 1uXyZa-00000000{r}-0c Completed",
        "2026-11-26 20:{s}:{s} exim {c} daemon started: pid={n}, -q30m, listening for SMTP on port 25 (IPv4) port 587 (IPv6 and IPv4)",
        "2026-11-26 20:{s}:{s} Start queue run: pid={n}",
        "2026-11-26 20:{s}:{s} SMTP connection from [203.0.113.{b}]:{n} I=[10.5.7.139]:25 closed by QUIT",
    ]),
    ("sendmail", &[
        "Nov 26 20:{s}:{s} mx01 sendmail[{n}]: 4AQKi9x1000{r}: from=<app@contoso.com>, size={r}, class=0, nrcpts=1, msgid=<{c}.{n}@contoso.com>, proto=ESMTPS, daemon=MTA, relay=app [10.5.1.{b}]",
        "Nov 26 20:{s}:{s} mx01 sendmail[{n}]: 4AQKi9x1000{r}: to=<bob@fabrikam.com>, delay=00:05:{s}, xdelay=00:00:01, mailer=relay, pri={n}, relay=smtp.office365.com. [203.0.113.{b}], dsn=2.0.0, stat=Sent (2.0.0 OK <{c}.{n}@x> [Hostname=AM0PR01MB{n}.eurprd01.prod.outlook.com])",
        "Nov 26 20:{s}:{s} mx01 sendmail[{n}]: STARTTLS=client, relay=smtp.office365.com., version=TLSv1.3, verify=OK, cipher=TLS_AES_256_GCM_SHA384, bits=256/256",
        "Nov 26 20:{s}:{s} mx01 sm-mta[{n}]: starting daemon (8.{c}): SMTP+queueing@00:10:00",
    ]),
    ("msmtp", &[
        "Nov 26 20:{s}:{s} host=smtp.office365.com tls=on auth=on user=app@contoso.com from=app@contoso.com recipients=u{n}@fabrikam.com mailsize={r} smtpstatus=250 smtpmsg='250 2.0.0 OK <{c}.{n}@x> [Hostname=AM0PR01MB{n}.eurprd01.prod.outlook.com]' exitcode=EX_OK",
    ]),
    ("Exchange message tracking", &[
        "2026-11-26T20:{s}:{s}.{n}Z,10.5.7.{b},app{n},10.5.1.10,EX01,08DE{q};2026-11-26T20:{s}:{s}.{n}Z;0,EX01\\Client Proxy EX01,SMTP,RECEIVE,{a},<{c}.{n}@contoso.com>,0a1b{q},bob@fabrikam.com,,{r},1,,,Order {r},app@contoso.com,app@contoso.com,0cI: ,Originating,,10.5.1.{b},10.5.7.3,S:ProxiedClientIPAddress=10.5.7.{b};S:ProxyHop1=EX01(10.5.1.10)",
        "2026-11-26T20:{s}:{s}.{n}Z,,EX01,203.0.113.{b},smtp.office365.com,;250 2.6.0 <{c}.{n}@contoso.com> [InternalId={n}] Queued mail for delivery,Outbound to 365,SMTP,SENDEXTERNAL,{a},<{c}.{n}@contoso.com>,0a1b{q},bob@fabrikam.com,250 2.1.5 Recipient OK,{r},1,,,Report {c},app@contoso.com,app@contoso.com,2026-11-26T20:{s}:{s}.{n}Z;SRV=EX01:TOTAL-FE=0.{r},Originating",
        "#Software: Microsoft Exchange Server 15.{c}",
    ]),
    ("applications", &[
        "2026-11-26 20:{s}:{s},{r} INFO  [worker-{b}] mailer - accepted by smtp.office365.com in {n} ms: 250 2.0.0 OK",
        "2026-11-26T20:{s}:{s}Z access token acquired for https://outlook.office365.com, expires in {n} s, correlation {q}",
        "{\"time\":\"2026-11-26T20:{s}:{s}Z\",\"level\":\"info\",\"code\":{r},\"size\":{a},\"version\":\"{c}\",\"msg\":\"order {a} shipped\"}",
        "{\"status\":{\"errorCode\":0},\"createdDateTime\":\"2026-11-26T20:{s}:{s}Z\",\"resourceId\":\"{a}\"}",
        "203.0.113.{b} - - [26/Nov/2026:20:{s}:{s} +0000] \"GET /v{c}/orders/{a} HTTP/1.1\" 200 {r} \"-\" \"curl/{c}\"",
        "10.5.7.{b}:{r} -> 10.5.1.10:587 ESTABLISHED {n}",
        "Nov 26 20:{s}:{s} db01 mysqld[{n}]: ready for connections. Version: '{c}-log'  port: {n}",
        "ii  php{c}-cli  {c}-{r}ubuntu{c}  amd64",
        "npm info nodemailer@{c} installed in {r} ms",
        "Collecting msal=={c} ({r} kB)",
        "kernel: [{n}.{r}] Linux version {c}-{r} (gcc {c})",
        "\tat com.contoso.mail.Sender.send(Sender.java:{r})",
        "user {a} logged in from 203.0.113.{b}, session {q}",
        "job {a} finished: {r} files, 5.7 GB, {n} s, exit 0",
        "GC pause {r}.{b} ms, heap {n}K->{n}K({n}K)",
        "250-AUTH LOGIN XOAUTH2", "250-SIZE {n}", "235 2.7.0 Authentication successful",
        "* CAPABILITY IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT LOGINDISABLED",
        "dovecot: imap-login: Login: user=<u{n}>, method=PLAIN, rip=10.5.1.{b}, mpid={n}",
        "invoice {r}; 5; 7; {a}; total {r},{s} EUR",
    ]),
];

/// What servers write of their own clients and of other receivers: failures, and none of Microsoft's.
#[rustfmt::skip]
const OF_OTHERS: &[&str] = &[
    "Nov 26 20:{s}:{s} mx01 postfix/smtpd[{n}]: NOQUEUE: reject: RCPT from unknown[203.0.113.{b}]: 554 5.7.1 <u{n}@example.com>: Relay access denied; from=<a@b.example> to=<u{n}@example.com> proto=ESMTP helo=<x>",
    "Nov 26 20:{s}:{s} mx01 postfix/smtpd[{n}]: NOQUEUE: reject: RCPT from mail-{n}.outbound.protection.outlook.com[203.0.113.{b}]: 550 5.1.1 <u{n}@contoso.com>: Recipient address rejected: User unknown in local recipient table",
    "Nov 26 20:{s}:{s} mx01 sendmail[{n}]: 4AQKi9x1000{r}: ruleset=check_mail, arg1=<a@b.example>, relay=mail.outlook.com [203.0.113.{b}], reject=553 5.1.8 <a@b.example>... Domain of sender address a@b.example does not exist",
    "2026-11-26 20:{s}:{s} H=(x) [203.0.113.{b}] F=<a@b.example> rejected RCPT <u{n}@contoso.com>: 550 5.1.1 Unrouteable address",
    "Nov 26 20:{s}:{s} mx01 postfix/smtp[{n}]: {q}: to=<u{n}@gmail.com>, relay=gmail-smtp-in.l.google.com[203.0.113.{b}]:25, dsn=5.7.26, status=bounced (host gmail-smtp-in.l.google.com[203.0.113.{b}] said: 550-5.7.26 Your email has been blocked because the sender is unauthenticated. {n} - gsmtp (in reply to end of DATA command))",
    "Nov 26 20:{s}:{s} mx01 postfix/lmtp[{n}]: {q}: to=<u@contoso.com>, relay=mx01[private/dovecot-lmtp], dsn=5.2.2, status=bounced (host mx01[private/dovecot-lmtp] said: 552 5.2.2 <u@contoso.com> Quota exceeded (mailbox for user is full))",
    "host mx01.mail.icloud.com[203.0.113.{b}] said: 552 5.2.2 <u{n}@icloud.com>: user is over quota (in reply to RCPT TO command)",
    "host mx.zoho.com[203.0.113.{b}] said: 550 5.4.6 Unusual sending activity detected {n}",
];

/// Failures of Microsoft's services, as each program writes them, and the page of each.
#[rustfmt::skip]
const FAILING: &[(&str, &str)] = &[
    ("smtp-auth-off-tenant", "Nov 26 20:{s}:{s} mx01 postfix/smtp[{n}]: {q}: to=<u{n}@fabrikam.com>, relay=smtp.office365.com[203.0.113.{b}]:587, delay=5.7, dsn=5.7.139, status=deferred (SASL authentication failed; server smtp.office365.com[203.0.113.{b}] said: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information. [AM0PR01CA{n}.eurprd01.prod.outlook.com])"),
    ("smtp-login-refused", "Nov 26 20:{s}:{s} host=smtp.office365.com tls=on auth=on user=app@contoso.com from=app@contoso.com recipients=u{n}@fabrikam.com smtpstatus=535 smtpmsg='535 5.7.3 Authentication unsuccessful [AM0PR01CA{n}.eurprd01.prod.outlook.com]' errormsg='authentication failed (method XOAUTH2)' exitcode=EX_NOPERM"),
    ("send-as-denied-envelope", "2026-11-26 20:{s}:{s} 1uXyZa-00000000{r}-0c ** bob@fabrikam.com R=smarthost T=remote_smtp H=smtp.office365.com [203.0.113.{b}]: SMTP error from remote mail server after MAIL FROM: 550 5.7.60 SMTP; Client does not have permissions to send as this sender"),
    ("recipient-unknown", "Nov 26 20:{s}:{s} mx01 sendmail[{n}]: 4AQKi9x1000{r}: to=<bob@fabrikam.com>, delay=00:00:01, mailer=relay, relay=fabrikam-com.mail.protection.outlook.com. [203.0.113.{b}], dsn=5.1.1, stat=Service unavailable: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"),
    ("traffic-not-accepted-ip", "2026-11-26T20:{s}:{s}.{n}Z,,EX01,203.0.113.{b},smtp.office365.com,;550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP. AS(7230),Outbound,SMTP,FAIL,{a},<{c}.{n}@contoso.com>,0a1b{q},bob@fabrikam.com,,{r},1"),
    ("aadsts7000215", "{\"time\":\"2026-11-26T20:{s}:{s}Z\",\"level\":\"error\",\"msg\":\"{\\\"error\\\":\\\"invalid_client\\\",\\\"error_description\\\":\\\"AADSTS7000215: Invalid client secret provided. Trace ID: {q} Timestamp: 2026-11-26 20:{s}:{s}Z\\\",\\\"error_codes\\\":[7000215]}\"}"),
    ("smtp-thread-limit", "javax.mail.SendFailedException: 432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information. [Hostname=AM0PR01MB{n}.eurprd01.prod.outlook.com]"),
];

/// Each cause of a log with its lines.
fn causes(log: &str) -> BTreeMap<&'static str, u64> {
    let (mut lines, mut tally) = (Tally::lines().unwrap(), Tally::new().unwrap());
    // In small parts, so that lines and reads never end together.
    let mut rest = log.as_bytes();
    while !rest.is_empty() {
        lines.read(&mut rest.by_ref().take(9973), |line| _ = tally.take(line)).unwrap();
    }
    lines.finish(|line| _ = tally.take(line));
    tally.groups().iter().map(|group| (group.cause.id, group.count)).collect()
}

fn healthy(dice: &mut Dice, templates: &[&str], lines: usize) -> Vec<String> {
    (0..lines).map(|n| dice.fill(templates[n % templates.len()])).collect()
}

#[test]
fn a_healthy_log_raises_nothing() {
    let mut dice = Dice(6);
    for (program, templates) in HEALTHY {
        let lines = healthy(&mut dice, templates, 4000);
        let alarms = causes(&lines.join("\n"));
        let guilty: Vec<&String> =
            lines.iter().filter(|line| !causes(line).is_empty()).take(usize::from(!alarms.is_empty()) * 5).collect();
        assert!(alarms.is_empty(), "{program}: {alarms:?}\n{guilty:#?}");
    }
}

#[test]
fn a_failing_log_holds_exactly_what_was_put_into_it() {
    let mut dice = Dice(2026);
    let templates: Vec<&str> = HEALTHY.iter().flat_map(|(_, templates)| templates.iter().copied()).collect();
    let mut lines = healthy(&mut dice, &templates, 6000);
    let mut planted: BTreeMap<&str, u64> = BTreeMap::new();
    for (cause, template) in FAILING {
        for _ in 0..=dice.roll(40) {
            let at = dice.roll(lines.len());
            lines.insert(at, dice.fill(template));
            *planted.entry(cause).or_default() += 1;
        }
    }
    assert!(planted.values().sum::<u64>() > 50, "{planted:?}");
    assert_eq!(causes(&lines.join("\n")), planted);
    assert_eq!(causes(&(lines.join("\r\n") + "\r\n")), planted, "the line ends of Windows change nothing");
}

#[test]
fn what_others_say_is_counted_as_theirs() {
    let mut dice = Dice(4);
    let lines = healthy(&mut dice, OF_OTHERS, 400);
    let seen = causes(&lines.join("\n"));
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), ["another-server"], "{seen:?}");
    assert!(seen["another-server"] >= 300, "{seen:?}");
}

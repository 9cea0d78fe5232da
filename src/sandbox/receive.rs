//! The receiving side of the tenant: what the service writes upon a mail, in which folder it puts it, and what it thinks
//! of a mail that comes from outside, by the sender policies that the sandbox's own resolver serves.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::UnboundedReceiver;

use super::Shared;
use super::mail;
use super::state::{Delivered, Delivery, State};
use crate::probes::Resolver;
use crate::spf::{self, Lookup as _};

/// A mail that comes in on port 25.
#[derive(Debug, Clone)]
pub(super) struct Incoming {
    /// The address that delivers it.
    pub(super) peer: IpAddr,
    /// The name that it said.
    pub(super) helo: String,
    /// The envelope's sender; empty for a bounce.
    pub(super) mail_from: String,
    /// The recipient.
    pub(super) to: String,
    /// The message as it came.
    pub(super) message: Vec<u8>,
}

/// What the service thinks of a mail from outside.
pub(super) struct Judged {
    /// The value of `Authentication-Results`.
    results: String,
    /// Whether it is taken for forged.
    forged: bool,
    /// The refusal, where the sender's own policy wants one.
    pub(super) refusal: Option<String>,
}

/// The server that takes mail from outside, and the one that has the mailbox.
const FRONT: &str = "AM4PEPF00025F9A.eurprd01.prod.outlook.test";
const STORE: &str = "DU0PR01MB9876.eurprd01.prod.outlook.test";
/// From this level on a mail goes to Junk Email (Microsoft Learn, "Spam confidence level").
const JUNK_LEVEL: i64 = 5;
/// The resolver listens on the loopback.
const PATIENCE: Duration = Duration::from_secs(5);
const TLS: &str = "Microsoft SMTP Server (version=TLS1_3,\r\n cipher=TLS_AES_256_GCM_SHA384) id 15.20.9320.12";

/// Takes in what the tenant sent out and what comes back to it, until it is dropped.
pub(super) async fn serve(mut arriving: UnboundedReceiver<Incoming>, state: Shared, resolver: SocketAddr) {
    while let Some(incoming) = arriving.recv().await {
        let judged = judge(&incoming, &state, resolver).await;
        let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        arrive(&mut state, &incoming, &judged);
    }
}

/// SPF, DMARC and what Microsoft makes of them (Microsoft Learn, "Email authentication in Microsoft 365" and "Anti-spam
/// message headers"). Nothing is signed here, so DKIM is none.
pub(super) async fn judge(incoming: &Incoming, state: &Shared, resolver: SocketAddr) -> Judged {
    let dns = Resolver::at(resolver, PATIENCE);
    let author = mail::header_from(&incoming.message).unwrap_or_default();
    let domain = domain_of(&author);
    let envelope = if incoming.mail_from.is_empty() { &incoming.helo } else { domain_of(&incoming.mail_from) };
    let query = spf::Query {
        ip: incoming.peer,
        mail_from: incoming.mail_from.clone(),
        helo: incoming.helo.clone(),
        receiver: Some(FRONT.to_owned()),
        now: Timestamp::now().as_second(),
    };
    let spf = spf::evaluate(&query, &dns).await.result.to_string();
    let policy = policy(domain, &dns).await;
    let own = {
        let state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let recipient = state.tenant_of(&incoming.to);
        recipient.is_some_and(|tenant| tenant.is(domain))
    };
    let aligned = spf == "pass" && aligns(envelope, domain);
    let (dmarc, action, auth, reason) = match (aligned, policy.as_deref()) {
        (true, Some(_)) => ("pass", "none", "pass", "100"),
        (true, None) => ("bestguesspass", "none", "pass", "109"),
        (false, Some("quarantine")) => ("fail", "quarantine", "fail", if own { "010" } else { "000" }),
        (false, Some("reject")) => ("fail", "reject", "fail", if own { "010" } else { "000" }),
        (false, policy) => {
            (if policy.is_some() { "fail" } else { "none" }, "none", "fail", if own { "601" } else { "001" })
        }
    };
    let refusal = (action == "reject").then(|| {
        format!(
            "550 5.7.509 Access denied, sending domain {domain} does not pass DMARC verification and has a DMARC policy \
             of reject. [{FRONT}]"
        )
    });
    let results = format!(
        "spf={spf} (sender IP is {})\r\n smtp.mailfrom={envelope}; dkim=none (message not signed)\r\n \
         header.d=none;dmarc={dmarc} action={action} header.from={domain};compauth={auth}\r\n reason={reason}",
        incoming.peer
    );
    Judged { results, forged: auth == "fail", refusal }
}

/// What the domain's DMARC record wants with mail that fails (RFC 9989 section 4.7); none where it has no record.
async fn policy(domain: &str, dns: &Resolver) -> Option<String> {
    let records = dns.txt(&format!("_dmarc.{domain}")).await.ok()?;
    let records = records.iter().map(|octets| String::from_utf8_lossy(octets).to_lowercase());
    let record = records.into_iter().find(|record| record.trim_start().starts_with("v=dmarc1"))?;
    let wanted = record.split(';').find_map(|tag| tag.trim().strip_prefix("p=").map(|policy| policy.trim().to_owned()));
    Some(wanted.unwrap_or_else(|| "none".to_owned()))
}

/// Relaxed alignment: the same domain, or one below the other.
fn aligns(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    one == other || one.ends_with(&format!(".{other}")) || other.ends_with(&format!(".{one}"))
}

pub(super) fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Puts a mail from outside into its mailbox, with all that the service writes upon it. Refused mail is no mail.
pub(super) fn arrive(state: &mut State, incoming: &Incoming, judged: &Judged) {
    if judged.refusal.is_some() {
        return;
    }
    let delivery = state.delivery_to(&incoming.to);
    let trace = format!(
        "Received: from {} ({}) by\r\n {FRONT} with {TLS}\r\n via Frontend Transport; {}\r\n",
        incoming.helo,
        incoming.peer,
        date(Timestamp::now())
    );
    let verdict = Verdict {
        from: FRONT,
        results: &judged.results,
        forged: judged.forged,
        direction: "INB",
        client: incoming.peer,
    };
    let octets = [trace.as_bytes(), &incoming.message].concat();
    put(state, &incoming.mail_from, &incoming.to, &octets, &delivery, &verdict);
}

/// Delivers a mail within the organisation: nobody doubts who sent it, so neither SPF nor a policy is looked at.
pub(super) fn internal(state: &mut State, from: &str, to: &str, message: &[u8]) {
    let author = mail::header_from(message).unwrap_or_else(|| from.to_owned());
    let results = format!(
        "dkim=none (message not signed)\r\n header.d=none;dmarc=none action=none header.from={};",
        domain_of(&author)
    );
    let delivery = state.delivery_to(to);
    let nobody = IpAddr::from([255, 255, 255, 255]);
    let verdict = Verdict { from: mail::SERVER, results: &results, forged: false, direction: "INT", client: nobody };
    put(state, from, to, message, &delivery, &verdict);
}

/// What is written upon a mail.
struct Verdict<'a> {
    /// The server that hands it to the mailbox.
    from: &'static str,
    results: &'a str,
    forged: bool,
    direction: &'static str,
    client: IpAddr,
}

fn put(state: &mut State, from: &str, to: &str, message: &[u8], delivery: &Delivery, verdict: &Verdict<'_>) {
    if delivery.lost {
        return;
    }
    // A rule of the organisation sets the level by itself; else the filter does.
    let (scl, sfv) = match (delivery.scl, verdict.forged) {
        (Some(scl), _) if scl >= JUNK_LEVEL => (scl, "SKS"),
        (Some(scl), _) => (scl, "SKN"),
        (None, true) => (JUNK_LEVEL, "SPM"),
        (None, false) => (1, "NSPM"),
    };
    let cat = if verdict.forged {
        "SPOOF"
    } else if scl >= JUNK_LEVEL {
        "SPM"
    } else {
        "NONE"
    };
    let at = Timestamp::now() + SignedDuration::from_secs(delivery.queue_seconds);
    let head = format!(
        "Received: from {}\r\n by {STORE} with {TLS}; {}\r\nAuthentication-Results: {}\r\n\
         X-MS-Exchange-Organization-SCL: {scl}\r\nX-Forefront-Antispam-Report:\r\n CIP:{};CTRY:;LANG:en;SCL:{scl};SRV:;\
         IPV:NLI;SFV:{sfv};H:{};PTR:;CAT:{cat};SFS:(13230040);DIR:{};SFP:1101;\r\nReturn-Path: {from}\r\n",
        verdict.from,
        date(at),
        verdict.results,
        verdict.client,
        verdict.from,
        verdict.direction,
    );
    let octets = [head.as_bytes(), message].concat();
    let mail = Delivered { from: from.to_owned(), to: to.to_owned(), octets, at, unseen_for: delivery.looks };
    if let Some(mailbox) = state.find_mailbox(to) {
        if scl >= JUNK_LEVEL { mailbox.junk.push(mail) } else { mailbox.inbox.push(mail) }
    }
}

/// The time as a trace line has it.
pub(super) fn date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incoming(peer: [u8; 4], mail_from: &str, author: &str) -> Incoming {
        Incoming {
            peer: IpAddr::from(peer),
            helo: "host.example.test".to_owned(),
            mail_from: mail_from.to_owned(),
            to: "bob@contoso.test".to_owned(),
            message: format!("From: {author}\r\nSubject: s\r\n\r\n").into_bytes(),
        }
    }

    #[tokio::test]
    async fn the_sender_policy_that_the_sandbox_serves_decides() {
        let scenario = crate::sandbox::Scenario::named("").expect("the healthy tenant");
        let sandbox = crate::sandbox::start(scenario, &crate::sandbox::Options::default()).await.expect("free ports");
        let dns = sandbox.addresses().dns;
        let cases = [
            ([192, 0, 2, 9], "app@contoso.test", "app@contoso.test", "spf=pass", "dmarc=pass action=none"),
            ([203, 0, 113, 99], "app@contoso.test", "app@contoso.test", "spf=fail", "dmarc=fail action=quarantine"),
            ([192, 0, 2, 9], "x@elsewhere.test", "app@contoso.test", "spf=none", "dmarc=fail action=quarantine"),
            ([203, 0, 113, 99], "x@elsewhere.test", "x@elsewhere.test", "spf=none", "dmarc=none action=none"),
        ];
        for (peer, mail_from, author, spf, dmarc) in cases {
            let mail = incoming(peer, mail_from, author);
            let judged = judge(&mail, &sandbox.state, dns).await;
            assert!(judged.results.contains(spf) && judged.results.contains(dmarc), "{peer:?}: {}", judged.results);
            assert!(judged.refusal.is_none());
            arrive(&mut sandbox.lock(), &mail, &judged);
        }
        let mut state = sandbox.lock();
        let bob = state.find_mailbox("bob@contoso.test").expect("bob");
        assert_eq!((bob.inbox.len(), bob.junk.len()), (1, 3));
    }

    #[tokio::test]
    async fn what_leaves_a_tenant_comes_in_on_port_25_of_the_other() {
        let scenario = crate::sandbox::Scenario::named("").expect("the healthy tenant");
        let options = crate::sandbox::Options { tenants: 2, ..crate::sandbox::Options::default() };
        let sandbox = crate::sandbox::start(scenario, &options).await.expect("free ports");
        let to = "bob@contoso1.test";
        let envelope = mail::Envelope { from: "app@contoso.test".to_owned(), to: vec![to.to_owned()] };
        let message = b"From: app@contoso.test\r\nSubject: s\r\n\r\nb\r\n";
        let reply = mail::deliver(&mut sandbox.lock(), "app@contoso.test", &envelope, message);
        assert!(reply.starts_with("250"), "{reply}");
        let arrived = async {
            loop {
                if let Some(mail) = sandbox.mailbox(to).pop() {
                    return String::from_utf8_lossy(&mail.octets).into_owned();
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let text = tokio::time::timeout(Duration::from_secs(20), arrived).await.expect("it arrives");
        assert!(text.contains("spf=pass (sender IP is 192.0.2.10)") && text.contains("DIR:INB"), "{text}");
    }

    #[test]
    fn a_domain_stands_for_those_below_it() {
        assert!(aligns("mail.Contoso.test", "contoso.test") && aligns("contoso.test", "contoso.test"));
        assert!(!aligns("mycontoso.test", "contoso.test") && !aligns("", "contoso.test"));
    }
}

//! The roads of a run, and what each one's probe is told from the set-up.

use std::net::IpAddr;

use super::Run;
use crate::cloud::HostPort;
use crate::facts::{EwsFacts, Facts, GraphFacts, MailboxFacts, MailboxStage, SmartHostFacts, SmtpFacts, Stage};
use crate::message::ProbeMail;
use crate::plan::Step;
use crate::probes::{self, MailboxJob, SmtpJob, Way, WebJob};
use crate::road::Road;
use crate::setup::Setup;

/// Every road of the plan at once.
pub(super) async fn all(run: &Run<'_>) -> Facts {
    let (smtp, hve, relay, direct, imap, pop, graph, ews) = tokio::join!(
        smtp(run, Road::Smtp),
        smtp(run, Road::Hve),
        smtp(run, Road::Relay),
        smtp(run, Road::Direct),
        imap(run),
        pop(run),
        graph(run),
        ews(run)
    );
    Facts { smtp, hve, relay, direct, imap, pop, graph, ews, ..Facts::default() }
}

async fn smtp(run: &Run<'_>, road: Road) -> Option<SmtpFacts> {
    let found = run.plan.steps.iter().find_map(|step| match step {
        Step::Smtp { road: of, mail, stop_after } if *of == road => Some((step, mail, stop_after)),
        _ => None,
    });
    let (step, mail, stop_after) = found?;
    Some(run.watch(step, Box::pin(talk_smtp(run, road, mail.clone(), *stop_after))).await)
}

async fn imap(run: &Run<'_>) -> Option<MailboxFacts> {
    let found = run.plan.steps.iter().find_map(|step| match step {
        Step::Imap { stop_after } => Some((step, stop_after)),
        _ => None,
    });
    let (step, stop_after) = found?;
    let job = mailbox_job(run.setup, &run.setup.cloud.imap, *stop_after);
    Some(run.watch(step, Box::pin(probes::imap(&job, run.token_for(Road::Imap)))).await)
}

async fn pop(run: &Run<'_>) -> Option<MailboxFacts> {
    let found = run.plan.steps.iter().find_map(|step| match step {
        Step::Pop { stop_after } => Some((step, stop_after)),
        _ => None,
    });
    let (step, stop_after) = found?;
    let job = mailbox_job(run.setup, &run.setup.cloud.pop, *stop_after);
    Some(run.watch(step, Box::pin(probes::pop(&job, run.token_for(Road::Pop)))).await)
}

async fn graph(run: &Run<'_>) -> Option<GraphFacts> {
    let found = run.plan.steps.iter().find_map(|step| match step {
        Step::Graph { mail, kept } => Some((step, mail, kept)),
        _ => None,
    });
    let (step, mail, kept) = found?;
    let job = web_job(run.setup, mail.clone(), kept.clone());
    let talk = probes::graph(&job, run.setup.mime, &run.client, run.token_for(Road::Graph));
    Some(run.watch(step, Box::pin(talk)).await)
}

async fn ews(run: &Run<'_>) -> Option<EwsFacts> {
    let found = run.plan.steps.iter().find_map(|step| match step {
        Step::Ews { mail, kept, open } => Some((step, mail, kept, open)),
        _ => None,
    });
    let (step, mail, kept, open) = found?;
    let job = web_job(run.setup, mail.clone(), kept.clone());
    let talk = probes::ews(&job, *open, &run.client, run.token_for(Road::Ews));
    Some(run.watch(step, Box::pin(talk)).await)
}

async fn talk_smtp(run: &Run<'_>, road: Road, mail: Option<ProbeMail>, stop_after: Option<Stage>) -> SmtpFacts {
    let setup = run.setup;
    let server = match server_of(setup, road).await {
        Ok(server) => server,
        Err(facts) => return *facts,
    };
    let from = setup.sender(road).cloned().unwrap_or_default();
    let user = match road {
        Road::Relay | Road::Direct => None,
        Road::Hve => Some(from.clone()),
        _ => setup.mailbox.clone(),
    };
    let job = SmtpJob {
        server: server.at,
        way: Way { addresses: server.addresses, source: setup.source.filter(|_| road.is_port_25()) },
        certificate: setup.relay_certificate.clone().filter(|_| road == Road::Relay),
        trust: setup.cloud.trust.clone(),
        proxy: setup.proxy.clone(),
        helo: setup.helo.clone().unwrap_or_else(own_name),
        // Nothing is sent, so where nobody named a recipient the sender itself serves to ask RCPT TO.
        to: setup.to.clone().or_else(|| mail.is_none().then(|| from.clone())),
        from,
        user,
        mail,
        stop_after,
        timeout: setup.timeout,
        mask: setup.mask.clone(),
    };
    let facts = probes::smtp(&job, run.token_for(road)).await;
    SmtpFacts { smart_host: server.found, ..facts }
}

/// A server, and how it was found.
struct Server {
    at: HostPort,
    addresses: Vec<IpAddr>,
    found: Option<SmartHostFacts>,
}

/// The server of an SMTP road. Without a mail exchanger of the cloud's own there is nobody to talk to on port 25.
async fn server_of(setup: &Setup, road: Road) -> Result<Server, Box<SmtpFacts>> {
    let cloud = &setup.cloud;
    if !road.is_port_25() {
        let hve = cloud.hve.as_ref().filter(|_| road == Road::Hve);
        let at = hve.unwrap_or(&cloud.smtp).clone();
        return Ok(Server { at, addresses: Vec::new(), found: None });
    }
    let named = setup.smart_host.as_ref().map(|host| (host, "--smart-host"));
    if let Some((at, source)) = named.or(cloud.smart_host.as_ref().map(|host| (host, "the cloud's mx"))) {
        // A resolver of the run's own knows names that the system may not.
        let addresses = match cloud.resolver {
            Some(_) => probes::addresses(cloud, &at.host, setup.timeout).await,
            None => Vec::new(),
        };
        let found = SmartHostFacts { source: source.to_owned(), ..SmartHostFacts::default() };
        return Ok(Server { at: at.clone(), addresses, found: Some(found) });
    }
    let Some(domain) = &setup.domain else {
        let found = Some(SmartHostFacts::default());
        let stopped = Some("no domain is known whose MX record could name it (--domain)".to_owned());
        return Err(Box::new(SmtpFacts { smart_host: found, stopped, ..SmtpFacts::default() }));
    };
    let found = probes::smart_host(cloud, domain, setup.timeout).await;
    let Some(host) = found.host else {
        let words = match found.facts.others[..] {
            [] => format!("the look-up of MX for {domain} ended with: {}", found.facts.lookup),
            _ => format!("MX of {domain} names other servers than Microsoft's: {}", found.facts.others.join(", ")),
        };
        let facts = SmtpFacts { smart_host: Some(found.facts), stopped: Some(words), ..SmtpFacts::default() };
        return Err(Box::new(facts));
    };
    Ok(Server { at: HostPort { host, port: cloud.mx_port }, addresses: found.addresses, found: Some(found.facts) })
}

/// What a request over HTTPS is told that sends or opens a mailbox.
fn web_job(setup: &Setup, mail: Option<ProbeMail>, kept: String) -> WebJob {
    let mailbox = setup.mailbox.clone().unwrap_or_default();
    WebJob {
        cloud: setup.cloud.clone(),
        proxy: setup.proxy.clone(),
        from: setup.from.clone().filter(|from| !from.eq_ignore_ascii_case(&mailbox)),
        to: setup.to.clone().unwrap_or_default(),
        mailbox,
        mail,
        kept,
        timeout: setup.timeout,
        mask: setup.mask.clone(),
    }
}

fn mailbox_job(setup: &Setup, server: &HostPort, stop_after: Option<MailboxStage>) -> MailboxJob {
    MailboxJob {
        server: server.clone(),
        trust: setup.cloud.trust.clone(),
        proxy: setup.proxy.clone(),
        user: setup.mailbox.clone().unwrap_or_default(),
        stop_after,
        timeout: setup.timeout,
        mask: setup.mask.clone(),
    }
}

/// The name for EHLO (RFC 5321 section 4.1.1.1): this host's own, or an address literal where it has none.
fn own_name() -> String {
    let name = hostname::get().ok().and_then(|name| name.into_string().ok());
    let sound =
        |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    name.filter(sound).unwrap_or_else(|| "[127.0.0.1]".to_owned())
}

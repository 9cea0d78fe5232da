//! The SMTP roads: whom each one talks to and what it is told, and on port 25 what else belongs to it.

use std::net::IpAddr;

use super::Run;
use crate::cloud::{Cloud, HostPort};
use crate::facts::{SmartHostFacts, SmtpFacts, Stage};
use crate::message::ProbeMail;
use crate::plan::Step;
use crate::probes::{self, EgressJob, Envelope, SmtpJob, Way};
use crate::road::Road;
use crate::setup::Setup;

/// The dialogue of one road.
pub(super) async fn talk(run: &Run<'_>, road: Road, mail: Option<ProbeMail>, stop_after: Option<Stage>) -> SmtpFacts {
    let setup = run.setup;
    let server = match server_of(setup, road).await {
        Ok(server) => server,
        Err(facts) => return *facts,
    };
    let from = setup.sender(road).cloned().unwrap_or_default();
    let user = match road {
        Road::Relay | Road::Direct => None,
        Road::Hve => Some(from.clone()),
        // Whoever stops before the login needs no mailbox.
        _ => setup.mailbox.clone().filter(|_| stop_after.is_none_or(|stage| stage >= Stage::Auth)),
    };
    let job = SmtpJob {
        // Nothing is sent, so where nobody named a recipient the sender itself serves to ask RCPT TO.
        to: setup.to.clone().or_else(|| mail.is_none().then(|| from.clone())),
        from,
        user,
        mail,
        stop_after,
        ..job(setup, road, &server)
    };
    let facts = probes::smtp(&job, run.token_for(road)).await;
    SmtpFacts { smart_host: server.found, ..with_egress(run, road, &job, facts).await }
}

/// The one dialogue with port 25 that asks for each road and sends nothing.
pub(super) async fn dry_run(run: &Run<'_>) -> Option<SmtpFacts> {
    let found = run.plan.steps.iter().find_map(|step| match step {
        Step::DryRun { envelopes } => Some((step, envelopes)),
        _ => None,
    });
    let (step, envelopes) = found?;
    Some(run.watch(step, Box::pin(ask(run, envelopes))).await)
}

async fn ask(run: &Run<'_>, envelopes: &[Envelope]) -> SmtpFacts {
    let speaks_for = vec![Road::Relay, Road::Direct];
    let server = match server_of(run.setup, Road::Relay).await {
        Ok(server) => server,
        Err(facts) => return SmtpFacts { speaks_for, ..*facts },
    };
    let from = run.setup.sender(Road::Relay).cloned().unwrap_or_default();
    let job = SmtpJob { from, dry_run: envelopes.to_vec(), ..job(run.setup, Road::Relay, &server) };
    let facts = probes::smtp(&job, async { None }).await;
    SmtpFacts { smart_host: server.found, speaks_for, ..with_egress(run, Road::Relay, &job, facts).await }
}

/// What every dialogue of a set-up is told, and nothing to do.
fn job(setup: &Setup, road: Road, server: &Server) -> SmtpJob {
    SmtpJob {
        server: server.at.clone(),
        way: Way { addresses: server.addresses.clone(), source: setup.source.filter(|_| road.is_port_25()) },
        certificate: setup.relay_certificate.clone().filter(|_| road == Road::Relay),
        trust: setup.cloud.trust.clone(),
        proxy: setup.proxy.clone(),
        helo: setup.helo.clone().unwrap_or_else(own_name),
        to: None,
        from: String::new(),
        user: None,
        mail: None,
        dry_run: Vec::new(),
        stop_after: None,
        timeout: setup.timeout,
        mask: setup.mask.clone(),
    }
}

/// The same, with what the DNS says of the address that was seen, where the run asks for that.
async fn with_egress(run: &Run<'_>, road: Road, job: &SmtpJob, mut facts: SmtpFacts) -> SmtpFacts {
    let wanted = run.plan.steps.iter().find(|step| matches!(step, Step::Egress));
    // Where a login is to come, the address does not count.
    let Some(step) = wanted.filter(|_| road.is_port_25()) else { return facts };
    let Some(seen) = facts.egress.take() else { return facts };
    let asked = EgressJob {
        cloud: &run.setup.cloud,
        mail_from: &job.from,
        helo: &job.helo,
        limit: run.setup.timeout,
        now: run.plan.now.as_second(),
    };
    facts.egress = Some(run.watch(step, Box::pin(probes::egress(&asked, seen))).await);
    facts
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
    of_records(setup, cloud).await
}

/// The first mail exchanger of the cloud's own that MX names: of the domain, else of the tenant where that is given by
/// a domain, as its initial one, before which nobody puts a gateway.
async fn of_records(setup: &Setup, cloud: &Cloud) -> Result<Server, Box<SmtpFacts>> {
    let of_tenant =
        setup.tenant.as_ref().filter(|tenant| tenant.contains('.') && setup.domain.as_ref() != Some(tenant));
    let mut first: Option<SmartHostFacts> = None;
    let mut words = Vec::new();
    for domain in setup.domain.iter().chain(of_tenant) {
        let found = probes::smart_host(cloud, domain, setup.timeout).await;
        let seen = match found.facts.others[..] {
            [] => format!("the look-up of MX for {domain} ended with: {}", found.facts.lookup),
            _ => format!("MX of {domain} names other servers than Microsoft's: {}", found.facts.others.join(", ")),
        };
        if let Some(host) = found.host {
            // What the domain's own record names is worth a word beside the host of another.
            let others = first.map_or(found.facts.others.clone(), |first| first.others);
            let facts = SmartHostFacts { others, ..found.facts };
            let at = HostPort { host, port: cloud.mx_port };
            return Ok(Server { at, addresses: found.addresses, found: Some(facts) });
        }
        words.push(seen);
        first = first.or(Some(found.facts));
    }
    if words.is_empty() {
        words.push("no domain is known whose MX record could name it (--domain)".to_owned());
    }
    let smart_host = Some(first.unwrap_or_default());
    Err(Box::new(SmtpFacts { smart_host, stopped: Some(words.join("\n")), ..SmtpFacts::default() }))
}

/// The name for EHLO (RFC 5321 section 4.1.1.1): this host's own, or an address literal where it has none.
fn own_name() -> String {
    let name = hostname::get().ok().and_then(|name| name.into_string().ok());
    let sound =
        |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    name.filter(sound).unwrap_or_else(|| "[127.0.0.1]".to_owned())
}

//! One run, top to bottom: carries out a plan, steps that do not need each other at once, and returns facts. The only
//! caller of the probes.

mod confirm;

use std::future::Future;
use std::net::IpAddr;

use tokio::sync::watch;

use crate::cloud::HostPort;
use crate::facts::{
    DnsFacts, EwsFacts, FORMAT, Facts, GraphFacts, MailboxStage, Signature, SmartHostFacts, SmtpFacts, Stage,
    TokenFacts, Visit,
};
use crate::message::ProbeMail;
use crate::plan::{Plan, Step};
use crate::probes::{self, Client, EwsJob, GraphJob, Keys, MailboxJob, SmtpJob, TokenJob, Way};
use crate::road::{Resource, Road};
use crate::setup::secret::Secret;
use crate::setup::{Credential, Setup};

/// What happens while a run is under way, for whoever shows progress.
pub enum Progress<'a> {
    /// A step began.
    Began(&'a Step),
    /// A step ended.
    Ended(&'a Step),
}

/// Tokens by API, as they arrive: none while awaited, then the token or the news that there is none.
type Tokens = watch::Receiver<Option<Vec<(Option<Resource>, Option<Secret>)>>>;

/// Carries out the plan.
pub async fn run(setup: &Setup, plan: &Plan, progress: &(dyn Fn(Progress<'_>) + Sync)) -> Visit {
    let mask = &setup.mask;
    let client = Client::new(&setup.cloud, setup.timeout, setup.proxy.as_ref(), mask);
    let (arrived, tokens) = watch::channel(None);
    let entra = plan.steps.iter().find_map(|step| match step {
        Step::Discovery { tenant } => {
            let asking = probes::discovery(&client, &setup.cloud, tenant);
            Some(watch_step(step, Box::pin(asking), progress))
        }
        _ => None,
    });
    let dns = plan.steps.iter().find_map(|step| match step {
        Step::Dns => Some(watch_step(step, Box::pin(dns(setup, plan)), progress)),
        _ => None,
    });
    let smtp = |road: Road| {
        let tokens = tokens.clone();
        plan.steps.iter().find_map(move |step| match step {
            Step::Smtp { road: of, mail, stop_after } if *of == road => {
                let talk = smtp(setup, road, mail.clone(), *stop_after, tokens.clone());
                Some(watch_step(step, Box::pin(talk), progress))
            }
            _ => None,
        })
    };
    let imap = plan.steps.iter().find_map(|step| match step {
        Step::Imap { stop_after } => {
            let job = mailbox_job(setup, &setup.cloud.imap, *stop_after);
            let token = token_for(Road::Imap, tokens.clone());
            Some(watch_step(step, Box::pin(async move { probes::imap(&job, token).await }), progress))
        }
        _ => None,
    });
    let pop = plan.steps.iter().find_map(|step| match step {
        Step::Pop { stop_after } => {
            let job = mailbox_job(setup, &setup.cloud.pop, *stop_after);
            let token = token_for(Road::Pop, tokens.clone());
            Some(watch_step(step, Box::pin(async move { probes::pop(&job, token).await }), progress))
        }
        _ => None,
    });
    let graph = plan.steps.iter().find_map(|step| match step {
        Step::Graph { mail, kept } => {
            let talk = graph(&client, setup, mail.clone(), kept.clone(), tokens.clone());
            Some(watch_step(step, Box::pin(talk), progress))
        }
        _ => None,
    });
    let ews = plan.steps.iter().find_map(|step| match step {
        Step::Ews { mail, kept, open } => {
            let talk = ews(&client, setup, mail.clone(), kept.clone(), *open, tokens.clone());
            Some(watch_step(step, Box::pin(talk), progress))
        }
        _ => None,
    });
    let getting = async {
        let got = get_tokens(&client, setup, plan, progress).await;
        // The dialogues may have ended before they wanted a token; then nobody listens, and that is fine.
        let _ = arrived.send(Some(got.iter().map(|(facts, token)| (facts.resource, token.clone())).collect()));
        got
    };
    let (entra, got, smtp, hve, relay, direct, dns, imap, pop, graph, ews) = tokio::join!(
        optional(entra),
        getting,
        optional(smtp(Road::Smtp)),
        optional(smtp(Road::Hve)),
        optional(smtp(Road::Relay)),
        optional(smtp(Road::Direct)),
        optional(dns),
        optional(imap),
        optional(pop),
        optional(graph),
        optional(ews)
    );
    let (entra, keys) = entra.map_or((None, None), |(facts, keys)| (Some(facts), Some(keys)));
    let seen = got.into_iter().map(|(facts, token)| verified(facts, token.as_ref(), keys.as_ref())).collect();
    let mut facts = Facts {
        observed_at: plan.now,
        entra,
        tokens: seen,
        smtp,
        hve,
        relay,
        direct,
        imap,
        pop,
        graph,
        ews,
        exchange: setup.exchange.clone(),
        dns,
        ..Facts::default()
    };
    facts.confirm = confirm::confirm(setup, plan, &facts, &tokens, progress).await.map(Box::new);
    Visit { format: FORMAT, command: plan.command.to_owned(), setup: setup.facts(), facts }
}

async fn watch_step<T>(step: &Step, work: impl Future<Output = T>, progress: &(dyn Fn(Progress<'_>) + Sync)) -> T {
    progress(Progress::Began(step));
    let result = work.await;
    progress(Progress::Ended(step));
    result
}

async fn optional<T>(work: Option<impl Future<Output = T>>) -> Option<T> {
    match work {
        Some(work) => Some(work.await),
        None => None,
    }
}

async fn dns(setup: &Setup, plan: &Plan) -> DnsFacts {
    let domain = setup.domain.as_deref().unwrap_or_default();
    probes::dns_domain(&setup.cloud, domain, setup.timeout, plan.now.as_second()).await
}

/// The tokens of the plan, requested at once.
async fn get_tokens(
    client: &Client,
    setup: &Setup,
    plan: &Plan,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Vec<(TokenFacts, Option<Secret>)> {
    let mut requests = Vec::new();
    let mut got = Vec::new();
    for step in &plan.steps {
        match step {
            Step::RequestToken { resource, scope } => {
                let work = request(client, setup, *resource, scope.clone());
                requests.push(watch_step(step, work, progress));
            }
            Step::ReadToken => got.extend(read(setup)),
            _ => {}
        }
    }
    let mut requests = requests.into_iter();
    // There are two APIs, so at most two requests.
    let (first, second) = tokio::join!(optional(requests.next()), optional(requests.next()));
    got.extend(first);
    got.extend(second);
    got
}

async fn request(client: &Client, setup: &Setup, resource: Resource, scope: String) -> (TokenFacts, Option<Secret>) {
    let (Some(tenant), Some(client_id), Some(Credential::Secret { value, .. })) =
        (&setup.tenant, &setup.client_id, &setup.credential)
    else {
        return (TokenFacts::default(), None);
    };
    let job = TokenJob { tenant: tenant.clone(), client_id: client_id.clone(), secret: value.clone(), resource, scope };
    probes::request_token(client, &setup.cloud, &job, &setup.mask).await
}

fn read(setup: &Setup) -> Option<(TokenFacts, Option<Secret>)> {
    let Some(Credential::Token { value, origin, sasl_user }) = &setup.credential else { return None };
    let mut facts = TokenFacts { source: origin.clone(), sasl_user: sasl_user.clone(), ..TokenFacts::default() };
    probes::decode_token(value, &mut facts);
    Some((facts, Some(value.clone())))
}

fn verified(mut facts: TokenFacts, token: Option<&Secret>, keys: Option<&Keys>) -> TokenFacts {
    if let (Some(token), Some(keys), true) = (token, keys, facts.form == Some(crate::facts::Form::Jwt)) {
        facts.signature = keys.verify(token);
    } else {
        facts.signature = Signature::NotChecked;
    }
    facts
}

async fn smtp(
    setup: &Setup,
    road: Road,
    mail: Option<ProbeMail>,
    stop_after: Option<Stage>,
    tokens: Tokens,
) -> SmtpFacts {
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
    let facts = probes::smtp(&job, token_for(road, tokens)).await;
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

async fn graph(client: &Client, setup: &Setup, mail: Option<ProbeMail>, kept: String, tokens: Tokens) -> GraphFacts {
    let mailbox = setup.mailbox.clone().unwrap_or_default();
    let job = GraphJob {
        cloud: setup.cloud.clone(),
        proxy: setup.proxy.clone(),
        from: setup.from.clone().filter(|from| !from.eq_ignore_ascii_case(&mailbox)),
        to: setup.to.clone().unwrap_or_default(),
        mailbox,
        mail,
        kept,
        mime: setup.mime,
        timeout: setup.timeout,
        mask: setup.mask.clone(),
    };
    probes::graph(&job, client, token_for(Road::Graph, tokens)).await
}

async fn ews(
    client: &Client,
    setup: &Setup,
    mail: Option<ProbeMail>,
    kept: String,
    open: bool,
    tokens: Tokens,
) -> EwsFacts {
    let mailbox = setup.mailbox.clone().unwrap_or_default();
    let job = EwsJob {
        cloud: setup.cloud.clone(),
        proxy: setup.proxy.clone(),
        from: setup.from.clone().filter(|from| !from.eq_ignore_ascii_case(&mailbox)),
        to: setup.to.clone().unwrap_or_default(),
        mailbox,
        mail,
        kept,
        open,
        timeout: setup.timeout,
        mask: setup.mask.clone(),
    };
    probes::ews(&job, client, token_for(Road::Ews, tokens)).await
}

/// The token for the API of a road, when it has arrived.
async fn token_for(road: Road, tokens: Tokens) -> Option<Secret> {
    token_of(road.wants()?.resource, tokens).await
}

async fn token_of(wanted: Resource, mut tokens: Tokens) -> Option<Secret> {
    let arrived = tokens.wait_for(Option::is_some).await.ok()?;
    let all = arrived.as_ref()?;
    all.iter().find(|(of, _)| of.is_none_or(|of| of == wanted)).and_then(|(_, token)| token.clone())
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

//! One run, top to bottom: carries out a plan, steps that do not need each other at once, and returns facts. The only
//! caller of the probes.

use std::future::Future;

use tokio::sync::watch;

use crate::cloud::HostPort;
use crate::facts::{DnsFacts, FORMAT, Facts, GraphFacts, MailboxStage, Signature, SmtpFacts, Stage, TokenFacts, Visit};
use crate::message::ProbeMail;
use crate::plan::{Plan, Step};
use crate::probes::{self, Client, GraphJob, Keys, MailboxJob, SmtpJob, TokenJob};
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
    let smtp = plan.steps.iter().find_map(|step| match step {
        Step::Smtp { mail, stop_after } => {
            let talk = smtp(setup, mail.clone(), *stop_after, tokens.clone());
            Some(watch_step(step, Box::pin(talk), progress))
        }
        _ => None,
    });
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
    let getting = async {
        let got = get_tokens(&client, setup, plan, progress).await;
        // The dialogues may have ended before they wanted a token; then nobody listens, and that is fine.
        let _ = arrived.send(Some(got.iter().map(|(facts, token)| (facts.resource, token.clone())).collect()));
        got
    };
    let (entra, got, smtp, dns, imap, pop, graph) = tokio::join!(
        optional(entra),
        getting,
        optional(smtp),
        optional(dns),
        optional(imap),
        optional(pop),
        optional(graph)
    );
    let (entra, keys) = entra.map_or((None, None), |(facts, keys)| (Some(facts), Some(keys)));
    let tokens = got.into_iter().map(|(facts, token)| verified(facts, token.as_ref(), keys.as_ref())).collect();
    let facts = Facts { observed_at: plan.now, entra, tokens, smtp, imap, pop, graph, dns, consent: None };
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

async fn smtp(setup: &Setup, mail: Option<ProbeMail>, stop_after: Option<Stage>, tokens: Tokens) -> SmtpFacts {
    let user = setup.mailbox.clone().unwrap_or_default();
    let job = SmtpJob {
        server: setup.cloud.smtp.clone(),
        trust: setup.cloud.trust.clone(),
        proxy: setup.proxy.clone(),
        helo: setup.helo.clone().unwrap_or_else(own_name),
        from: setup.from.clone().unwrap_or_else(|| user.clone()),
        // Nothing is sent, so where nobody named a recipient the sender itself serves to ask RCPT TO.
        to: setup.to.clone().or_else(|| mail.is_none().then(|| user.clone())),
        user,
        mail,
        stop_after,
        timeout: setup.timeout,
        mask: setup.mask.clone(),
    };
    probes::smtp(&job, token_for(Road::Smtp, tokens)).await
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

/// The token for the API of a road, when it has arrived.
async fn token_for(road: Road, mut tokens: Tokens) -> Option<Secret> {
    let wanted = road.wants().resource;
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

//! One run, top to bottom: carries out a plan, steps that do not need each other at once, and returns facts. The only
//! caller of the probes.

mod confirm;
mod roads;

use std::future::Future;

use tokio::sync::watch;

use crate::facts::{DnsFacts, FORMAT, Facts, Signature, TokenFacts, Visit};
use crate::plan::{Plan, Step};
use crate::probes::{self, Client, Keys, TokenJob};
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
                let talk = roads::smtp(setup, road, mail.clone(), *stop_after, tokens.clone());
                Some(watch_step(step, Box::pin(talk), progress))
            }
            _ => None,
        })
    };
    let imap = plan.steps.iter().find_map(|step| match step {
        Step::Imap { stop_after } => {
            let job = roads::mailbox_job(setup, &setup.cloud.imap, *stop_after);
            let token = token_for(Road::Imap, tokens.clone());
            Some(watch_step(step, Box::pin(async move { probes::imap(&job, token).await }), progress))
        }
        _ => None,
    });
    let pop = plan.steps.iter().find_map(|step| match step {
        Step::Pop { stop_after } => {
            let job = roads::mailbox_job(setup, &setup.cloud.pop, *stop_after);
            let token = token_for(Road::Pop, tokens.clone());
            Some(watch_step(step, Box::pin(async move { probes::pop(&job, token).await }), progress))
        }
        _ => None,
    });
    let graph = plan.steps.iter().find_map(|step| match step {
        Step::Graph { mail, kept } => {
            let job = roads::web_job(setup, mail.clone(), kept.clone());
            let (client, token) = (&client, token_for(Road::Graph, tokens.clone()));
            let talk = async move { probes::graph(&job, setup.mime, client, token).await };
            Some(watch_step(step, Box::pin(talk), progress))
        }
        _ => None,
    });
    let ews = plan.steps.iter().find_map(|step| match step {
        Step::Ews { mail, kept, open } => {
            let job = roads::web_job(setup, mail.clone(), kept.clone());
            let (client, token) = (&client, token_for(Road::Ews, tokens.clone()));
            let talk = async move { probes::ews(&job, *open, client, token).await };
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
    let job = probes::DomainJob {
        cloud: &setup.cloud,
        domain: setup.domain.as_deref().unwrap_or_default(),
        selectors: &setup.selectors,
        limit: setup.timeout,
        proxy: setup.proxy.as_ref(),
        mask: &setup.mask,
        now: plan.now.as_second(),
    };
    probes::dns_domain(job).await
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

/// The token for the API of a road, when it has arrived.
async fn token_for(road: Road, tokens: Tokens) -> Option<Secret> {
    token_of(road.wants()?.resource, tokens).await
}

async fn token_of(wanted: Resource, mut tokens: Tokens) -> Option<Secret> {
    let arrived = tokens.wait_for(Option::is_some).await.ok()?;
    let all = arrived.as_ref()?;
    all.iter().find(|(of, _)| of.is_none_or(|of| of == wanted)).and_then(|(_, token)| token.clone())
}

//! One run, top to bottom: carries out a plan, steps that do not need each other at once, and returns facts. The only
//! caller of the probes.

mod confirm;
mod roads;

use std::future::Future;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::facts::{AssertionFacts, DnsFacts, EntraFacts, FORMAT, Facts, Signature, TokenFacts, Visit};
use crate::plan::{Plan, Step};
use crate::probes::{self, Client, Keys, Proof, TokenJob};
use crate::road::{Resource, Road};
use crate::setup::secret::Secret;
use crate::setup::{Certificate, Credential, Setup};

/// What happens while a run is under way, for whoever shows progress.
pub enum Progress<'a> {
    /// A step began.
    Began(&'a Step),
    /// A step ended.
    Ended(&'a Step),
}

/// Tokens by API, as they arrive: none while awaited, then the token or the news that there is none.
type Tokens = watch::Receiver<Option<Vec<(Option<Resource>, Option<Secret>)>>>;

/// What every step of a run looks at.
struct Run<'a> {
    setup: &'a Setup,
    plan: &'a Plan,
    client: Client,
    tokens: Tokens,
    progress: &'a (dyn Fn(Progress<'_>) + Sync),
}

/// Carries out the plan.
pub async fn run(setup: &Setup, plan: &Plan, progress: &(dyn Fn(Progress<'_>) + Sync)) -> Visit {
    let client = Client::new(&setup.cloud, setup.timeout, setup.proxy.as_ref(), &setup.mask);
    let (arrived, tokens) = watch::channel(None);
    let run = Run { setup, plan, client, tokens, progress };
    let getting = async {
        let got = get_tokens(&run).await;
        // The dialogues may have ended before they wanted a token; then nobody listens, and that is fine.
        let _ = arrived.send(Some(got.iter().map(|(facts, token)| (facts.resource, token.clone())).collect()));
        got
    };
    // The probe is looked for as soon as the roads have ended; the domain's records may take longer.
    let roads = async {
        let (described, got, talks) = tokio::join!(entra(&run), getting, Box::pin(roads::all(&run)));
        let (entra, keys) = described.map_or((None, None), |(facts, keys)| (Some(facts), Some(keys)));
        let tokens = got.into_iter().map(|(facts, token)| verified(facts, token.as_ref(), keys.as_ref())).collect();
        let mut facts = Facts { entra, tokens, ..talks };
        facts.confirm = confirm::confirm(&run, &facts).await.map(Box::new);
        facts
    };
    let (dns, facts) = tokio::join!(dns(&run), Box::pin(roads));
    let facts = Facts { observed_at: plan.now, exchange: setup.exchange.clone(), dns, ..facts };
    Visit { format: FORMAT, command: plan.command.to_owned(), setup: setup.facts(), facts }
}

impl Run<'_> {
    /// Does the work of a step, for all to see.
    async fn watch<T>(&self, step: &Step, work: impl Future<Output = T>) -> T {
        (self.progress)(Progress::Began(step));
        let result = work.await;
        (self.progress)(Progress::Ended(step));
        result
    }

    /// The token for the API of a road, when it has arrived.
    async fn token_for(&self, road: Road) -> Option<Secret> {
        self.token_of(road.wants()?.resource).await
    }

    async fn token_of(&self, wanted: Resource) -> Option<Secret> {
        let mut tokens = self.tokens.clone();
        let arrived = tokens.wait_for(Option::is_some).await.ok()?;
        let all = arrived.as_ref()?;
        all.iter().find(|(of, _)| of.is_none_or(|of| of == wanted)).and_then(|(_, token)| token.clone())
    }
}

async fn optional<T>(work: Option<impl Future<Output = T>>) -> Option<T> {
    match work {
        Some(work) => Some(work.await),
        None => None,
    }
}

async fn entra(run: &Run<'_>) -> Option<(EntraFacts, Keys)> {
    let found = run.plan.steps.iter().find_map(|step| match step {
        Step::Discovery { tenant } => Some((step, tenant)),
        _ => None,
    });
    let (step, tenant) = found?;
    Some(run.watch(step, Box::pin(probes::discovery(&run.client, &run.setup.cloud, tenant))).await)
}

async fn dns(run: &Run<'_>) -> Option<DnsFacts> {
    let step = run.plan.steps.iter().find(|step| matches!(step, Step::Dns))?;
    let setup = run.setup;
    let job = probes::DomainJob {
        cloud: &setup.cloud,
        domain: setup.domain.as_deref().unwrap_or_default(),
        selectors: &setup.selectors,
        limit: setup.timeout,
        proxy: setup.proxy.as_ref(),
        mask: &setup.mask,
        now: run.plan.now.as_second(),
    };
    Some(run.watch(step, Box::pin(probes::dns_domain(job))).await)
}

/// The tokens of the plan, requested at once.
async fn get_tokens(run: &Run<'_>) -> Vec<(TokenFacts, Option<Secret>)> {
    let mut requests = Vec::new();
    let mut got = Vec::new();
    for step in &run.plan.steps {
        match step {
            Step::RequestToken { resource, scope } => {
                let work = request(&run.client, run.setup, *resource, scope.clone());
                requests.push(run.watch(step, work));
            }
            Step::ReadToken => got.extend(read(run.setup)),
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
    let Some(credential) = &setup.credential else { return (TokenFacts::default(), None) };
    if let Credential::Managed { identity, endpoint, .. } = credential {
        let job = probes::ManagedJob { endpoint, identity, resource, scope, timeout: setup.timeout };
        let granted = probes::managed_token(&setup.cloud, &job, &setup.mask).await;
        return (granted.facts, granted.token);
    }
    let (Some(tenant), Some(client_id)) = (&setup.tenant, &setup.client_id) else {
        return (TokenFacts::default(), None);
    };
    let (proof, assertion) = proof(client, setup, credential, tenant, client_id).await;
    let Some(proof) = proof else {
        // What was asked for is said, and that nothing was sent.
        let (resource, scope) = (Some(resource), Some(scope));
        return (TokenFacts { resource, scope, assertion, ..TokenFacts::default() }, None);
    };
    let job = TokenJob { tenant: tenant.clone(), client_id: client_id.clone(), proof, resource, scope };
    let granted = probes::request_token(client, &setup.cloud, &job, &setup.mask).await;
    (TokenFacts { assertion, ..granted.facts }, granted.token)
}

/// What the login service is shown: an assertion is made, read or requested anew for each request.
async fn proof(
    client: &Client,
    setup: &Setup,
    credential: &Credential,
    tenant: &str,
    client_id: &str,
) -> (Option<Proof>, Option<AssertionFacts>) {
    match credential {
        Credential::Secret { value, .. } => (Some(Proof::Secret(value.clone())), None),
        Credential::Certificate { material, .. } => {
            let audience = setup.cloud.login_url(tenant, "oauth2/v2.0/token");
            // That the key signs was proved when it was read.
            let made = |own: &Certificate| own.assertion(audience.as_str(), client_id, Timestamp::now()).ok();
            (material.as_deref().and_then(made).map(Proof::Assertion), None)
        }
        Credential::Federated { source, origin } => {
            let now = Timestamp::now().as_second();
            let (facts, value) = probes::assertion(client, &setup.cloud, source, origin, now).await;
            (value.map(Proof::Assertion), Some(facts))
        }
        Credential::Managed { .. } | Credential::Token { .. } => (None, None),
    }
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

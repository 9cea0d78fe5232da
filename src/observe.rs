//! One run, top to bottom: carries out a plan, steps that do not need each other at once, and returns facts. The only
//! caller of the probes.

pub(crate) mod asking;
mod confirm;
pub(crate) mod domain;
mod port25;
mod roads;
pub mod sign_in;
mod tokens;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::facts::{DnsFacts, EntraFacts, FORMAT, Facts, Visit};
use crate::plan::{Plan, Step};
use crate::probes::{self, Client, Keys, Questions};
use crate::road::{Resource, Road};
use crate::setup::Setup;
use crate::setup::secret::Secret;

pub use tokens::token;

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
        let got = tokens::all(&run).await;
        // The dialogues may have ended before they wanted a token; then nobody listens, and that is fine.
        let _ = arrived.send(Some(got.iter().map(|(facts, token)| (facts.resource, token.clone())).collect()));
        got
    };
    // The probe is looked for as soon as the roads have ended; the domain's records may take longer.
    let roads = async {
        let (described, got, talks) = tokio::join!(entra(&run), getting, Box::pin(roads::all(&run)));
        let (entra, keys) = described.map_or((None, None), |(facts, keys)| (Some(facts), Some(keys)));
        let tokens =
            got.into_iter().map(|(facts, token)| tokens::verified(facts, token.as_ref(), keys.as_ref())).collect();
        let mut facts = Facts { entra, tokens, ..talks };
        facts.confirm = confirm::confirm(&run, &facts).await.map(Box::new);
        facts
    };
    let (dns, domain_tenant, facts) = tokio::join!(dns(&run), domain_tenant(&run), Box::pin(roads));
    let facts = Facts { observed_at: plan.now, exchange: setup.exchange.clone(), dns, domain_tenant, ..facts };
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

async fn entra(run: &Run<'_>) -> Option<(EntraFacts, Keys)> {
    let found = run.plan.steps.iter().find_map(|step| match step {
        Step::Discovery { tenant } => Some((step, tenant)),
        _ => None,
    });
    let (step, tenant) = found?;
    Some(run.watch(step, Box::pin(probes::discovery(&run.client, &run.setup.cloud, tenant))).await)
}

/// A description is small and public, and little hangs on it.
const DESCRIPTION_WAIT: Duration = Duration::from_secs(10);

async fn domain_tenant(run: &Run<'_>) -> Option<EntraFacts> {
    let step = run.plan.steps.iter().find(|step| matches!(step, Step::DomainTenant))?;
    let (cloud, domain) = (&run.setup.cloud, run.setup.domain.as_deref()?);
    let limit = run.setup.timeout.min(DESCRIPTION_WAIT);
    Some(run.watch(step, Box::pin(probes::tenant_of(&run.client, cloud, domain, limit))).await)
}

async fn dns(run: &Run<'_>) -> Option<DnsFacts> {
    let step = run.plan.steps.iter().find(|step| matches!(step, Step::Dns))?;
    let domain = run.setup.domain.as_deref().unwrap_or_default();
    let questions = Arc::new(Questions::of(&run.setup.cloud));
    let records = domain::records(run.setup, domain, &questions, run.plan.without, run.plan.now);
    Some(run.watch(step, Box::pin(records)).await)
}

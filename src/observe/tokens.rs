//! The tokens of a run: requested with whatever credential the set-up has, or taken as they were given.

use std::future::Future;

use jiff::Timestamp;

use super::Run;
use crate::facts::{AssertionFacts, FORMAT, Facts, Form, Signature, Stopped, TokenFacts, Visit};
use crate::plan::{Plan, Step};
use crate::probes::{self, Client, Granted, Keys, ManagedJob, Proof, TokenJob};
use crate::road::Resource;
use crate::setup::secret::Secret;
use crate::setup::{Certificate, Credential, InputError, Kept, Setup};
use crate::sign_in::{self, Entry, StoreError};

/// The tokens of the plan, requested at once.
pub(super) async fn all(run: &Run<'_>) -> Vec<(TokenFacts, Option<Secret>)> {
    let mut requests = Vec::new();
    let mut got = Vec::new();
    for step in &run.plan.steps {
        match step {
            Step::RequestToken { resource, scope } => {
                let work = async {
                    let granted = request(&run.client, run.setup, *resource, scope.clone(), None).await;
                    (granted.facts, granted.token)
                };
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

/// A token for one API. One that is kept of a person's sign-in will do where it is good for so many seconds more.
async fn request(client: &Client, setup: &Setup, resource: Resource, scope: String, good_for: Option<u64>) -> Granted {
    let Some(credential) = &setup.credential else { return Granted::default() };
    if let Credential::Managed { identity, endpoint, .. } = credential {
        let job = ManagedJob { endpoint, identity, resource, scope, timeout: setup.timeout };
        return probes::managed_token(&setup.cloud, &job, &setup.mask).await;
    }
    let (Some(tenant), Some(client_id)) = (&setup.tenant, &setup.client_id) else { return Granted::default() };
    let job = |proof| {
        let (tenant, client_id, scope) = (tenant.clone(), client_id.clone(), scope.clone());
        TokenJob { tenant, client_id, proof, resource, scope }
    };
    if let Credential::Delegated { kept, .. } = credential {
        return renewed(client, setup, kept, resource, good_for, job).await;
    }
    let (proof, assertion) = proof(client, setup, credential, tenant, client_id).await;
    let Some(proof) = proof else {
        // What was asked for is said, and that nothing was sent.
        let facts = TokenFacts { resource: Some(resource), scope: Some(scope), assertion, ..TokenFacts::default() };
        return Granted { facts, ..Granted::default() };
    };
    let granted = probes::request_token(client, &setup.cloud, &job(proof), &setup.mask).await;
    Granted { facts: TokenFacts { assertion, ..granted.facts }, ..granted }
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
        Credential::Managed { .. } | Credential::Delegated { .. } | Credential::Token { .. } => (None, None),
    }
}

/// From what a sign-in left behind; what the store says, where it did not give or take it.
async fn renewed(
    client: &Client,
    setup: &Setup,
    kept: &Kept,
    resource: Resource,
    good_for: Option<u64>,
    job: impl Fn(Proof) -> TokenJob,
) -> Granted {
    let ask = async |entry: &Entry| {
        let job = job(Proof::Refresh(entry.refresh.clone()));
        probes::request_token(client, &setup.cloud, &job, &setup.mask).await
    };
    let renewed = sign_in::renewed(&kept.store, &kept.key, resource, good_for, ask).await;
    renewed.unwrap_or_else(|error| Granted { facts: stopped(resource, error), ..Granted::default() })
}

/// A token for one API and nothing else; what was seen, where there is none.
///
/// # Errors
/// As [`crate::plan::make`].
pub async fn token(
    setup: &Setup,
    plan: &Plan,
    resource: Resource,
    good_for: u64,
) -> Result<Result<Secret, Box<Visit>>, InputError> {
    if let Some(Credential::Token { value, .. }) = &setup.credential {
        return Ok(Ok(value.clone()));
    }
    let scope = plan.steps.iter().find_map(|step| match step {
        Step::RequestToken { resource: of, scope } if *of == resource => Some(scope.clone()),
        _ => None,
    });
    let scope = scope.ok_or_else(|| InputError::new("--for", "names a road that takes no token"))?;
    let client = Client::new(&setup.cloud, setup.timeout, setup.proxy.as_ref(), &setup.mask);
    let granted = request(&client, setup, resource, scope, Some(good_for)).await;
    if let Some(token) = granted.token {
        return Ok(Ok(token));
    }
    let facts = Facts { observed_at: plan.now, tokens: vec![granted.facts], ..Facts::default() };
    let visit = Visit { format: FORMAT, command: plan.command.to_owned(), setup: setup.facts(), facts };
    Ok(Err(Box::new(visit)))
}

/// A sign-in that the store did not give or take.
fn stopped(resource: Resource, error: StoreError) -> TokenFacts {
    let stopped = Stopped { cause: error.cause.id.to_owned(), words: error.words };
    let source = "signed in".to_owned();
    TokenFacts { source, resource: Some(resource), stopped: Some(stopped), ..TokenFacts::default() }
}

fn read(setup: &Setup) -> Option<(TokenFacts, Option<Secret>)> {
    let Some(Credential::Token { value, origin, sasl_user }) = &setup.credential else { return None };
    let mut facts = TokenFacts { source: origin.clone(), sasl_user: sasl_user.clone(), ..TokenFacts::default() };
    probes::decode_token(value, &mut facts);
    Some((facts, Some(value.clone())))
}

pub(super) fn verified(mut facts: TokenFacts, token: Option<&Secret>, keys: Option<&Keys>) -> TokenFacts {
    if let (Some(token), Some(keys), true) = (token, keys, facts.form == Some(Form::Jwt)) {
        facts.signature = keys.verify(token);
    } else {
        facts.signature = Signature::NotChecked;
    }
    facts
}

async fn optional<T>(work: Option<impl Future<Output = T>>) -> Option<T> {
    match work {
        Some(work) => Some(work.await),
        None => None,
    }
}

//! A person signs in: from the first question to what is kept of it.

use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::asking::{Question, ask};
use crate::facts::{FORMAT, Facts, TokenFacts, Visit};
use crate::probes::{self, Client, Granted, Proof, TokenJob};
use crate::setup::secret::Secret;
use crate::setup::{InputError, Setup};
use crate::sign_in::{Entry, Scopes, take};

/// How a person signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// In a browser on this computer, which comes back to a port of it.
    Browser,
    /// In a browser anywhere; the address that it ends at is carried back by hand.
    Paste,
    /// On a page of the login service, with a code, on any computer.
    Code,
}

/// What the person has to be told.
pub enum Tell<'a> {
    /// Open this address.
    Open(&'a Url),
    /// Type this code on this page.
    Type {
        /// The page.
        page: &'a str,
        /// The code.
        code: &'a str,
        /// How long it is good for.
        life: Duration,
    },
}

/// Somebody who can be told something, and who can be asked for an address.
pub struct Person<'a> {
    /// Tells.
    pub tell: &'a (dyn Fn(Tell<'_>) + Sync),
    /// Asks for the address that the browser ended at.
    pub paste: &'a (dyn Fn() -> Result<Secret, InputError> + Sync),
}

/// A sign-in: what was seen of it, and what is to be kept if it came to its end.
pub struct SignedIn {
    /// What was seen.
    pub visit: Visit,
    /// What is to be kept.
    pub entry: Option<Entry>,
}

/// Where the browser ends whose address is carried back: a page of the login service itself (microsoft-facts B.8).
pub const NATIVE: &str = "common/oauth2/nativeclient";

/// Has a person sign in for some scopes. The first API's token comes from the sign-in itself, those of the others from what
/// it left behind.
///
/// # Errors
/// A port that can not be opened, or an address that holds no answer.
pub async fn sign_in(setup: &Setup, scopes: &[Scopes], way: Way, person: Person<'_>) -> Result<SignedIn, InputError> {
    let client = Client::new(&setup.cloud, setup.timeout, setup.proxy.as_ref(), &setup.mask);
    let first = scopes.first().ok_or_else(|| InputError::new("--roads", "names no road that a person opens"))?;
    let (tenant, client_id) = names(setup);
    let question = Question {
        cloud: &setup.cloud,
        mask: &setup.mask,
        tenant,
        client_id,
        resource: first.resource,
        scope: first.request(),
        wide: wide(scopes),
        account: setup.account(),
    };
    let mut granted = ask(&client, &question, way, &person).await?;
    let entry = entry_of(&mut granted, scopes);
    let (facts, entry) = match entry {
        Some(entry) => others(&client, setup, scopes, entry, granted.facts).await,
        None => (vec![granted.facts], None),
    };
    let facts = Facts { observed_at: Timestamp::now(), tokens: facts, ..Facts::default() };
    let visit = Visit { format: FORMAT, command: "login".to_owned(), setup: setup.facts(), facts };
    Ok(SignedIn { visit, entry })
}

fn entry_of(granted: &mut Granted, scopes: &[Scopes]) -> Option<Entry> {
    let refresh = granted.refresh.clone()?;
    let who = granted.who.take();
    let mut entry = Entry {
        account: who.as_ref().and_then(|who| who.account.clone()),
        directory: who.and_then(|who| who.directory),
        refresh,
        scopes: scopes.iter().flat_map(|scopes| scopes.names.clone()).collect(),
        renewed_at: Timestamp::now(),
        access: Vec::new(),
    };
    take(&mut entry, scopes.first()?.resource, granted);
    Some(entry)
}

/// The tokens of the other APIs. A refusal of one of them is a fact like any other, and the sign-in counts.
async fn others(
    client: &Client,
    setup: &Setup,
    scopes: &[Scopes],
    mut entry: Entry,
    first: TokenFacts,
) -> (Vec<TokenFacts>, Option<Entry>) {
    let mut facts = vec![first];
    for more in &scopes[1..] {
        let proof = Proof::Refresh(entry.refresh.clone());
        let granted = request(client, setup, more, proof).await;
        take(&mut entry, more.resource, &granted);
        facts.push(granted.facts);
    }
    (facts, Some(entry))
}

async fn request(client: &Client, setup: &Setup, scopes: &Scopes, proof: Proof) -> Granted {
    let (tenant, client_id) = names(setup);
    let (resource, scope) = (scopes.resource, scopes.request());
    let job = TokenJob { tenant: tenant.to_owned(), client_id: client_id.to_owned(), proof, resource, scope };
    probes::request_token(client, &setup.cloud, &job, &setup.mask).await
}

fn names(setup: &Setup) -> (&str, &str) {
    (setup.tenant.as_deref().unwrap_or_default(), setup.client_id.as_deref().unwrap_or_default())
}

/// Every scope of the run, for one consent.
fn wide(scopes: &[Scopes]) -> String {
    let (first, others) = scopes.split_first().expect("there is a first one");
    let others = others.iter().flat_map(|scopes| scopes.names.iter().map(String::as_str));
    others.fold(first.request(), |all, name| format!("{all} {name}"))
}

//! A person signs in: from the first question to what is kept of it.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use crate::facts::{FORMAT, Facts, Refusal, Stopped, TokenFacts, Visit};
use crate::kb::cause;
use crate::probes::sign_in::{self as talk, Authorization, Loopback, Poll, Redirected, SignInJob};
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

/// How long a person may take in the browser. The page itself gives up sooner.
const PATIENCE: Duration = Duration::from_mins(15);
/// Slower by so much each time that the service says it was asked too often (RFC 8628 section 3.5).
const SLOWER: Duration = Duration::from_secs(5);
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
    let mut granted = match way {
        Way::Code => with_code(&client, setup, first, &person).await,
        Way::Browser | Way::Paste => in_browser(&client, setup, scopes, way, &person).await?,
    };
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

async fn in_browser(
    client: &Client,
    setup: &Setup,
    scopes: &[Scopes],
    way: Way,
    person: &Person<'_>,
) -> Result<Granted, InputError> {
    let no_port = |e: std::io::Error| InputError::new("a port of this computer", format!("can not be opened: {e}"));
    let loopback = if way == Way::Browser { Some(Loopback::bind().await.map_err(no_port)?) } else { None };
    let redirect = match &loopback {
        Some(loopback) => loopback.redirect().map_err(no_port)?,
        None => format!("{}{NATIVE}", setup.cloud.login),
    };
    let (tenant, client_id) = names(setup);
    let scope = scopes[0].request();
    let job = SignInJob { tenant, client_id, scope: &scope };
    let asked = Authorization::new(&setup.cloud, &job, &wide(scopes), &redirect, setup.account());
    (person.tell)(Tell::Open(&asked.url));
    let answer = match &loopback {
        Some(loopback) => timeout(PATIENCE, loopback.answer(&asked)).await.unwrap_or(Redirected::Nothing),
        None => pasted(&asked, person)?,
    };
    Ok(match answer {
        Redirected::Code(code) => {
            talk::redeem(client, &setup.cloud, &job, scopes[0].resource, &asked, &code, &setup.mask).await
        }
        Redirected::Refused(refusal) => ended(&scopes[0], Some(masked(setup, refusal)), None),
        Redirected::Nothing | Redirected::Foreign => {
            let words = format!("nobody signed in within {} minutes", PATIENCE.as_secs() / 60);
            ended(&scopes[0], None, Some(words))
        }
    })
}

fn pasted(asked: &Authorization, person: &Person<'_>) -> Result<Redirected, InputError> {
    let bad = |words: &str| Err(InputError::new("the address", words));
    match asked.read_address(&(person.paste)()?) {
        Redirected::Nothing => bad("holds neither a code nor an error; copy the whole of it from the browser's bar"),
        Redirected::Foreign => bad("answers another sign-in than this one; begin anew and copy its last address"),
        answer => Ok(answer),
    }
}

/// Every scope of the run, for one consent.
fn wide(scopes: &[Scopes]) -> String {
    let (first, others) = scopes.split_first().expect("there is a first one");
    let others = others.iter().flat_map(|scopes| scopes.names.iter().map(String::as_str));
    others.fold(first.request(), |all, name| format!("{all} {name}"))
}

async fn with_code(client: &Client, setup: &Setup, scopes: &Scopes, person: &Person<'_>) -> Granted {
    let (tenant, client_id) = names(setup);
    let scope = scopes.request();
    let job = SignInJob { tenant, client_id, scope: &scope };
    let resource = scopes.resource;
    let device = match talk::begin_device(client, &setup.cloud, &job, resource).await {
        Ok(device) => device,
        Err(facts) => return Granted { facts: *facts, ..Granted::default() },
    };
    (person.tell)(Tell::Type { page: &device.page, code: &device.user_code, life: device.life });
    let end = Instant::now() + device.life;
    let mut pause = device.interval;
    while Instant::now() < end {
        sleep(pause).await;
        match talk::poll_device(client, &setup.cloud, &job, resource, &device, &setup.mask).await {
            Poll::Pending => {}
            Poll::TooFast => pause += SLOWER,
            Poll::Done(granted) => return *granted,
        }
    }
    ended(scopes, None, Some(format!("nobody typed the code within {} minutes", device.life.as_secs() / 60)))
}

/// A sign-in that came to no token: by a refusal in the browser, or by nobody.
fn ended(scopes: &Scopes, refusal: Option<Refusal>, nobody: Option<String>) -> Granted {
    let stopped = nobody.map(|words| Stopped { cause: cause::SIGN_IN_UNFINISHED.id.to_owned(), words });
    let facts = TokenFacts {
        source: "signed in".to_owned(),
        resource: Some(scopes.resource),
        scope: Some(scopes.request()),
        refusal,
        stopped,
        ..TokenFacts::default()
    };
    Granted { facts, ..Granted::default() }
}

fn masked(setup: &Setup, refusal: Refusal) -> Refusal {
    Refusal { error: setup.mask.apply(&refusal.error), description: setup.mask.apply(&refusal.description), ..refusal }
}

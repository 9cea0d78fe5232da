//! One question to a person at the login service: in a browser that comes back, over an address that is carried back by
//! hand, or by a code.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::sign_in::{NATIVE, Person, Tell, Way};
use crate::cloud::Cloud;
use crate::facts::{Refusal, Stopped, TokenFacts};
use crate::kb::cause;
use crate::probes::sign_in::{self as talk, Authorization, Loopback, Poll, Redirected, SignInJob};
use crate::probes::{Client, Granted};
use crate::road::Resource;
use crate::setup::InputError;
use crate::setup::secret::Mask;

/// What is asked at the login service, and for whom.
pub(crate) struct Question<'a> {
    pub(crate) cloud: &'a Cloud,
    pub(crate) mask: &'a Mask,
    /// Directory id or domain, or a general name.
    pub(crate) tenant: &'a str,
    /// Application (client) id.
    pub(crate) client_id: &'a str,
    /// The API of the first token.
    pub(crate) resource: Resource,
    /// Its scopes, with blanks between.
    pub(crate) scope: String,
    /// The scopes of every API, for one consent.
    pub(crate) wide: String,
    /// The account, where it was said.
    pub(crate) account: Option<&'a str>,
}

/// How long a person may take in the browser. The page itself gives up sooner.
const PATIENCE: Duration = Duration::from_mins(15);
/// Slower by so much each time that the service says it was asked too often (RFC 8628 section 3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// Has the person answer, in the one way or the other.
///
/// # Errors
/// A port that can not be opened, or an address that holds no answer.
pub(crate) async fn ask(
    client: &Client,
    question: &Question<'_>,
    way: Way,
    person: &Person<'_>,
) -> Result<Granted, InputError> {
    match way {
        Way::Code => Ok(with_code(client, question, person).await),
        Way::Browser | Way::Paste => in_browser(client, question, way, person).await,
    }
}

async fn in_browser(
    client: &Client,
    question: &Question<'_>,
    way: Way,
    person: &Person<'_>,
) -> Result<Granted, InputError> {
    let no_port = |e: std::io::Error| InputError::new("a port of this computer", format!("can not be opened: {e}"));
    let loopback = if way == Way::Browser { Some(Loopback::bind().await.map_err(no_port)?) } else { None };
    let redirect = match &loopback {
        Some(loopback) => loopback.redirect().map_err(no_port)?,
        None => format!("{}{NATIVE}", question.cloud.login),
    };
    let job = question.job();
    let asked = Authorization::new(question.cloud, &job, &question.wide, &redirect, question.account);
    (person.tell)(Tell::Open(&asked.url));
    let answer = match &loopback {
        Some(loopback) => timeout(PATIENCE, loopback.answer(&asked)).await.unwrap_or(Redirected::Nothing),
        None => pasted(&asked, person)?,
    };
    Ok(match answer {
        Redirected::Code(code) => {
            talk::redeem(client, question.cloud, &job, question.resource, &asked, &code, question.mask).await
        }
        Redirected::Refused(refusal) => ended(question, Some(masked(question.mask, refusal)), None),
        Redirected::Nothing | Redirected::Foreign => {
            let words = format!("nobody signed in within {} minutes", PATIENCE.as_secs() / 60);
            ended(question, None, Some(words))
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

async fn with_code(client: &Client, question: &Question<'_>, person: &Person<'_>) -> Granted {
    let (job, resource) = (question.job(), question.resource);
    let device = match talk::begin_device(client, question.cloud, &job, resource).await {
        Ok(device) => device,
        Err(facts) => return Granted { facts: *facts, ..Granted::default() },
    };
    (person.tell)(Tell::Type { page: &device.page, code: &device.user_code, life: device.life });
    let end = Instant::now() + device.life;
    let mut pause = device.interval;
    while Instant::now() < end {
        sleep(pause).await;
        match talk::poll_device(client, question.cloud, &job, resource, &device, question.mask).await {
            Poll::Pending => {}
            Poll::TooFast => pause += SLOWER,
            Poll::Done(granted) => return *granted,
        }
    }
    ended(question, None, Some(format!("nobody typed the code within {} minutes", device.life.as_secs() / 60)))
}

/// A sign-in that came to no token: by a refusal in the browser, or by nobody.
fn ended(question: &Question<'_>, refusal: Option<Refusal>, nobody: Option<String>) -> Granted {
    let stopped = nobody.map(|words| Stopped { cause: cause::SIGN_IN_UNFINISHED.id.to_owned(), words });
    let facts = TokenFacts {
        source: "signed in".to_owned(),
        resource: Some(question.resource),
        scope: Some(question.scope.clone()),
        refusal,
        stopped,
        ..TokenFacts::default()
    };
    Granted { facts, ..Granted::default() }
}

fn masked(mask: &Mask, refusal: Refusal) -> Refusal {
    Refusal { error: mask.apply(&refusal.error), description: mask.apply(&refusal.description), ..refusal }
}

impl Question<'_> {
    fn job(&self) -> SignInJob<'_> {
        SignInJob { tenant: self.tenant, client_id: self.client_id, scope: &self.scope }
    }
}

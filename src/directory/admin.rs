//! An administrator signs in: in a browser on this computer, else with a code. The token stays in memory.

use std::time::Duration;

use url::Url;

use super::graph::Graph;
use super::made::{Made, Step};
use super::plan::consents;
use super::{Access, Wanted};
use crate::cloud::Cloud;
use crate::facts::{Refusal, TokenFacts};
use crate::kb::{Cause, Where, cause, classify};
use crate::observe::asking::{Question, ask};
use crate::observe::sign_in::{Person, Way};
use crate::probes::{Client, Directory};
use crate::road::Resource;
use crate::setup::InputError;
use crate::setup::secret::{Mask, Secret};

/// Microsoft Graph Command Line Tools, the client that is signed in to where no other is named (microsoft-facts C.1).
pub const ADMIN_CLIENT_ID: &str = "14d82eec-204b-4c2f-b7e8-296a70dab67e";

const APPLICATIONS: &str = "Application.ReadWrite.All";
const ROLES: &str = "AppRoleAssignment.ReadWrite.All";
const GRANTS: &str = "DelegatedPermissionGrant.ReadWrite.All";

/// Where an administrator signs in.
#[derive(Clone, Copy)]
pub struct Office<'a> {
    /// The cloud.
    pub cloud: &'a Cloud,
    /// Directory id or domain, or `organizations`.
    pub tenant: &'a str,
    /// The client that is signed in to.
    pub client_id: &'a str,
    /// The account, where it was said.
    pub account: Option<&'a str>,
    /// The longest that one request may take.
    pub timeout: Duration,
    /// For HTTPS.
    pub proxy: Option<&'a Url>,
    /// Keeps secrets out of what is seen.
    pub mask: &'a Mask,
}

/// An administrator who has signed in.
pub struct Admin {
    token: Secret,
    /// The client that was signed in to.
    pub client_id: String,
    /// The permissions that were asked for.
    pub asked: Vec<String>,
    /// The permissions that the token has.
    pub held: Vec<String>,
    /// Who signed in, as the token says.
    pub account: Option<String>,
    /// Object id of who signed in.
    pub object_id: Option<String>,
    /// The directory, by its id.
    pub tenant: Option<String>,
}

/// How the sign-in ended.
pub enum Entered {
    /// Somebody has signed in.
    In(Box<Admin>),
    /// Nobody can from here: the work is handed over to somebody who can.
    HandOver(Vec<Blocked>),
}

/// A way that is blocked.
#[derive(Debug)]
pub struct Blocked {
    /// Which.
    pub way: Way,
    /// What was said, or what happened.
    pub words: String,
    /// The page that explains it.
    pub cause: Option<&'static Cause>,
}

/// The least that the work asks for.
pub fn scopes_for(wanted: &Wanted) -> Vec<&'static str> {
    match wanted.access {
        Access::AppOnly => vec![APPLICATIONS, ROLES],
        Access::Delegated { .. } if consents(wanted) => vec![APPLICATIONS, GRANTS],
        Access::Delegated { .. } => vec![APPLICATIONS],
    }
}

/// The least that taking back asks for.
pub fn scopes_to_undo(made: &Made) -> Vec<&'static str> {
    let any = |is_it: fn(&Step) -> bool| !made.whole() && made.steps.iter().any(is_it);
    let mut scopes = vec![APPLICATIONS];
    if any(|step| matches!(step, Step::Role { .. })) {
        scopes.push(ROLES);
    }
    if any(|step| matches!(step, Step::Grant { .. })) {
        scopes.push(GRANTS);
    }
    scopes
}

/// Has an administrator sign in, in the first of the ways that is open. A refusal that another way would meet as well ends
/// it: no consent, or somebody who pressed Cancel.
///
/// # Errors
/// An address that was pasted and holds no answer.
pub async fn sign_in(
    office: &Office<'_>,
    scopes: &[&str],
    ways: &[Way],
    person: &Person<'_>,
) -> Result<Entered, InputError> {
    let client = Client::new(office.cloud, office.timeout, office.proxy, office.mask);
    let whole = |name: &&str| format!("{}/{name}", office.cloud.delegated_uri(Resource::Graph));
    let scope = scopes.iter().map(whole).collect::<Vec<_>>().join(" ");
    let question = Question {
        cloud: office.cloud,
        mask: office.mask,
        tenant: office.tenant,
        client_id: office.client_id,
        resource: Resource::Graph,
        wide: scope.clone(),
        scope,
        account: office.account,
    };
    let mut blocked = Vec::new();
    for way in ways {
        let granted = match ask(&client, &question, *way, person).await {
            // No port of this computer can be opened: another way needs none.
            Err(e) if *way == Way::Browser => {
                blocked.push(Blocked { way: *way, words: e.to_string(), cause: None });
                continue;
            }
            answer => answer?,
        };
        if let Some(token) = granted.token {
            return Ok(Entered::In(Box::new(admin(office, scopes, token, &granted.facts))));
        }
        let ends = granted.facts.refusal.as_ref().is_some_and(everywhere);
        blocked.push(closed(*way, &granted.facts));
        if ends {
            break;
        }
    }
    Ok(Entered::HandOver(blocked))
}

impl Admin {
    /// The directory, with the token of this sign-in. `tell` hears what is done and what is waited for, a line each.
    pub fn graph<'t>(&self, office: &Office<'_>, tell: &'t (dyn Fn(&str) + Sync)) -> Graph<'t> {
        let directory = Directory::new(office.cloud, office.timeout, office.proxy, office.mask, self.token.clone());
        Graph::new(directory, &office.cloud.name, self.tenant.as_deref().unwrap_or(office.tenant), tell)
    }

    /// The token, for other questions to Graph. It is kept nowhere.
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// The permissions that were asked for and not given.
    pub fn lacks(&self) -> Vec<&str> {
        self.asked.iter().filter(|scope| !self.held.contains(scope)).map(String::as_str).collect()
    }
}

fn admin(office: &Office<'_>, scopes: &[&str], token: Secret, facts: &TokenFacts) -> Admin {
    let text = |name: &str| facts.text(name).map(str::to_owned);
    // The answer says what was granted; a token of another form than a JWT does not.
    let said = facts.granted.as_deref().unwrap_or_default();
    let bare = |scope: &str| scope.rsplit('/').next().unwrap_or_default().to_owned();
    let held = match facts.scopes() {
        Some(scopes) => scopes.into_iter().map(str::to_owned).collect(),
        None => said.split_whitespace().map(bare).collect(),
    };
    Admin {
        token,
        client_id: office.client_id.to_owned(),
        asked: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        held,
        account: text("upn").or_else(|| text("unique_name")),
        object_id: text("oid"),
        tenant: text("tid"),
    }
}

/// Whether a refusal is met in every way: no consent (65001, 90094), or a person who did not want (65004).
fn everywhere(refusal: &Refusal) -> bool {
    let words = ["AADSTS65001", "AADSTS90094", "AADSTS65004"];
    refusal.codes.iter().any(|code| [65_001, 90_094, 65_004].contains(code))
        || words.iter().any(|number| refusal.description.contains(number))
}

fn closed(way: Way, facts: &TokenFacts) -> Blocked {
    if let Some(refusal) = &facts.refusal {
        let found = classify(Some(Where::Entra), &refusal.description);
        let words = format!("{}: {}", refusal.error, refusal.description);
        return Blocked { way, words, cause: found.first().map(|found| found.cause) };
    }
    if let Some(stopped) = &facts.stopped {
        return Blocked { way, words: stopped.words.clone(), cause: Some(&cause::SIGN_IN_UNFINISHED) };
    }
    let http = facts.request.as_ref();
    let fault = http.and_then(|http| http.fault.as_ref()).map(|fault| fault.words.clone());
    let words = fault.or_else(|| http.and_then(|http| http.words.clone()));
    Blocked { way, words: words.unwrap_or_else(|| "no answer came".to_owned()), cause: None }
}

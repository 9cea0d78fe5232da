//! A sandbox, an administrator who signs in to it in a small browser, and what is looked at afterwards.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use o365doctor::check::{Outcome, Verdict};
use o365doctor::cloud::Cloud;
use o365doctor::directory::{
    self, Access, Admin, Audience, Entered, Graph, Made, Office, Patience, Step, Wanted, Wish,
};
use o365doctor::facts::Visit;
use o365doctor::observe::sign_in::{Person, Tell, Way, sign_in};
use o365doctor::plan::{self, Slice};
use o365doctor::probes::{Client, Directory, Proof, TokenJob};
use o365doctor::road::{Resource, Road};
use o365doctor::sandbox::{self, Options, Sandbox, Scenario};
use o365doctor::setup::secret::{Mask, Secret};
use o365doctor::setup::{Layers, Need, Setup, Wants};
use o365doctor::{checks, observe};
use serde_json::Value;
use tempfile::TempDir;
use toml::Table;

use crate::browser::Browser;

pub(crate) const ADMIN: &str = "admin@contoso.test";
pub(crate) const ALICE: &str = "alice@contoso.test";
pub(crate) const BOB: &str = "bob@contoso.test";

pub(crate) struct Nest {
    pub(crate) sandbox: Sandbox,
    pub(crate) cloud: Cloud,
    pub(crate) home: TempDir,
    /// What the run told.
    pub(crate) told: Mutex<Vec<String>>,
    mask: Mask,
}

pub(crate) fn app_only(roads: &[Road]) -> Wanted {
    Wanted {
        name: "Invoices".to_owned(),
        client_id: None,
        access: Access::AppOnly,
        permissions: directory::permissions(roads, Access::AppOnly),
        credential: Wish::Secret { days: 180, or_certificate: None, anew: false },
    }
}

pub(crate) fn delegated(roads: &[Road], audience: Audience, for_all: bool) -> Wanted {
    let access = Access::Delegated { audience, for_all };
    let permissions = directory::permissions(roads, access);
    Wanted { access, permissions, credential: Wish::Nothing, ..app_only(&[]) }
}

/// Patience that does not hold a test up.
pub(crate) fn hurried() -> Patience {
    Patience { tries: 12, pause: Duration::from_millis(1) }
}

pub(crate) fn kind(step: &Step) -> &'static str {
    match step {
        Step::Application => "application",
        Step::Change { .. } => "change",
        Step::ServicePrincipal => "principal",
        Step::Secret { .. } => "secret",
        Step::Certificate { .. } => "certificate",
        Step::Role { .. } => "role",
        Step::Grant { .. } => "grant",
    }
}

pub(crate) fn permissions_of(registration: &Value) -> usize {
    let apis = registration["requiredResourceAccess"].as_array().unwrap();
    apis.iter().map(|api| api["resourceAccess"].as_array().unwrap().len()).sum()
}

/// How a check ended, in a word.
pub(crate) fn outcome(visit: &Visit, check: &str) -> String {
    let findings = checks::findings(visit);
    let finding = findings.iter().find(|finding| finding.check.id == check).expect("the check was asked");
    match &finding.outcome {
        Outcome::Judged(Verdict::Pass { .. }) => "pass",
        Outcome::Judged(Verdict::Fail { .. }) => "fail",
        Outcome::Judged(_) => "open",
        _ => "skipped",
    }
    .to_owned()
}

impl Nest {
    pub(crate) async fn new(story: &str) -> Nest {
        let scenario: Scenario = toml::from_str(story).unwrap();
        let sandbox = sandbox::start(scenario, &Options::default()).await.unwrap();
        let (cloud, home) = (sandbox.cloud(), tempfile::tempdir().unwrap());
        Nest { sandbox, cloud, home, told: Mutex::default(), mask: Mask::default() }
    }

    fn office(&self) -> Office<'_> {
        Office {
            cloud: &self.cloud,
            tenant: "contoso.test",
            client_id: directory::ADMIN_CLIENT_ID,
            account: None,
            timeout: Duration::from_secs(30),
            proxy: None,
            mask: &self.mask,
        }
    }

    /// Has somebody sign in, for the least that is wanted.
    pub(crate) async fn enter(&self, wanted: &Wanted, user: &str, ways: &[Way]) -> Entered {
        let browser = Browser::new(&self.sandbox, user);
        let tell = |what: Tell<'_>| browser.told(&what);
        let paste = || Ok(Secret::new(""));
        let person = Person { tell: &tell, paste: &paste };
        directory::sign_in(&self.office(), &directory::scopes_for(wanted), ways, &person).await.unwrap()
    }

    pub(crate) async fn admin(&self, wanted: &Wanted) -> Box<Admin> {
        match self.enter(wanted, ADMIN, &[Way::Browser]).await {
            Entered::In(admin) => {
                assert_eq!((admin.account.as_deref(), admin.lacks().len()), (Some(ADMIN), 0));
                admin
            }
            Entered::HandOver(blocked) => panic!("{blocked:?}"),
        }
    }

    pub(crate) fn graph<'a>(&'a self, admin: &Admin) -> Graph<'a> {
        self.telling(admin, &|_| ())
    }

    /// A graph that tells this nest.
    pub(crate) fn telling<'a>(&'a self, admin: &Admin, tell: &'a (dyn Fn(&str) + Sync)) -> Graph<'a> {
        admin.graph(&self.office(), tell)
    }

    /// Plans and does it, which comes to its end.
    pub(crate) async fn made(&self, graph: &Graph<'_>, wanted: &Wanted) -> directory::Outcome {
        let plan = directory::plan(graph, &self.cloud, wanted).await.unwrap();
        let done = directory::apply(graph, &plan, hurried()).await;
        assert!(done.problem.is_none(), "{:?}", done.problem);
        done
    }

    /// The token that the new application gets, as soon as it is known.
    async fn token(
        &self,
        made: &Made,
        secret: &Secret,
        resource: Resource,
        patience: Patience,
    ) -> o365doctor::probes::Granted {
        let client = Client::new(&self.cloud, Duration::from_secs(30), None, &self.mask);
        let job = || TokenJob {
            tenant: "contoso.test".to_owned(),
            client_id: made.client_id.clone(),
            proof: Proof::Secret(secret.clone()),
            resource,
            scope: format!("{}/.default", self.cloud.resource_uri(resource)),
        };
        directory::first_token(&client, &self.cloud, job, &self.mask, patience, &|line| {
            self.told.lock().unwrap().push(line.to_owned());
        })
        .await
    }

    pub(crate) async fn roles(&self, made: &Made, secret: &Secret, resource: Resource) -> Vec<String> {
        let granted = self.token(made, secret, resource, hurried()).await;
        granted.facts.roles().into_iter().map(str::to_owned).collect()
    }

    pub(crate) async fn refusal(&self, made: &Made, secret: &Secret) -> String {
        let none = Patience { tries: 0, pause: Duration::ZERO };
        let granted = self.token(made, secret, Resource::Outlook, none).await;
        granted.facts.refusal.map(|refusal| refusal.description).unwrap_or_default()
    }

    fn setup(&self, words: &[(&str, String)]) -> Setup {
        let mut flags: Table = words.iter().map(|(word, value)| ((*word).to_owned(), value.clone().into())).collect();
        for (word, value) in [("cloud", "sandbox"), ("timeout", "20s"), ("tenant", "contoso.test"), ("to", ALICE)] {
            flags.insert(word.to_owned(), value.into());
        }
        flags.insert("mailbox".to_owned(), BOB.into());
        let wants = Wants { credential: Need::Yes, mailbox: true, ..Wants::default() };
        let profile: Table = [("send".to_owned(), true.into())].into_iter().collect();
        Layers::gather(flags, None, None).unwrap().load(wants, Some((self.cloud.clone(), profile))).unwrap()
    }

    async fn run(&self, setup: &Setup) -> Visit {
        let slice = Slice { command: "checkup", verify: true, token: true, talk: true, send: true, ..Slice::default() };
        let plan = plan::make(setup, slice, Timestamp::now()).unwrap();
        observe::run(setup, &plan, &|_| ()).await
    }

    /// A checkup with the new application's secret, from Bob's mailbox to Alice.
    pub(crate) async fn visit(&self, made: &Made, secret: &Secret) -> Visit {
        let file = self.home.path().join("secret");
        std::fs::write(&file, secret.expose()).unwrap();
        let words = [("client_id", made.client_id.clone()), ("client_secret_file", file.display().to_string())];
        self.run(&self.setup(&words)).await
    }

    pub(crate) async fn visit_with_certificate(&self, made: &Made, file: &Path) -> Visit {
        let words = [("client_id", made.client_id.clone()), ("certificate", file.display().to_string())];
        self.run(&self.setup(&words)).await
    }

    /// A person signs in to an application: the scopes of the token, and the pages that showed.
    pub(crate) async fn person(&self, client_id: &str, user: &str, way: Way) -> (String, String) {
        let words = [("client_id", client_id), ("auth", "delegated"), ("tenant", "contoso.test"), ("cloud", "sandbox")];
        let mut flags: Table = words.iter().map(|(word, value)| ((*word).to_owned(), (*value).into())).collect();
        flags.insert("store".to_owned(), self.home.path().join("kept").display().to_string().into());
        let wants = Wants { application: true, credential: Need::SignIn, any_tenant: true, ..Wants::default() };
        let layers = Layers::gather(flags, None, None).unwrap();
        let setup = layers.load(wants, Some((self.cloud.clone(), Table::new()))).unwrap();
        let browser = Browser::new(&self.sandbox, user);
        let tell = |what: Tell<'_>| browser.told(&what);
        let person = Person { tell: &tell, paste: &|| Ok(Secret::new("")) };
        let signed_in = sign_in(&setup, &setup.person_scopes(), way, person).await.unwrap();
        let facts = &signed_in.visit.facts.tokens[0];
        (facts.scopes().unwrap_or_default().join(" "), browser.pages.lock().unwrap().concat())
    }

    /// The registration as an administrator's program reads it.
    pub(crate) async fn registration(&self, client_id: &str) -> Value {
        let wanted = app_only(&[]);
        let admin = self.admin(&wanted).await;
        let filter = format!("appId eq '{client_id}'");
        let answer = self.directory(&admin).read(&["applications"], &[("$filter", &filter)]).await;
        answer.body.unwrap()["value"][0].clone()
    }

    fn directory(&self, admin: &Admin) -> Directory {
        Directory::new(&self.cloud, Duration::from_secs(30), None, &self.mask, admin.token().clone())
    }

    /// The scopes of every consent for everybody.
    pub(crate) async fn grants(&self, admin: &Admin) -> Vec<String> {
        let query = [("$filter", "consentType eq 'AllPrincipals'")];
        let answer = self.directory(admin).read(&["oauth2PermissionGrants"], &query).await;
        let rows = answer.body.unwrap()["value"].as_array().unwrap().clone();
        rows.iter().map(|row| row["scope"].as_str().unwrap().to_owned()).collect()
    }
}

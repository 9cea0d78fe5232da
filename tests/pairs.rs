//! Every kind of credential on every road: it works in the sandbox, or is refused with its reason before anything is sent.
//! No pair is left out.

use jiff::Timestamp;
use o365doctor::check::{Finding, Outcome, Verdict};
use o365doctor::facts::Visit;
use o365doctor::plan::{self, Slice};
use o365doctor::road::Road;
use o365doctor::sandbox::{self, Options, Scenario};
use o365doctor::setup::{Layers, Need, Wants};
use o365doctor::{checks, observe};
use toml::{Table, Value};

/// What becomes of a pair.
#[derive(Clone, Copy)]
enum End {
    /// The road takes the credential, and the mail where it takes one.
    Works,
    /// The words cannot be a set-up: exit code 2, with these words in the reason.
    Refused(&'static str),
    /// The token is judged unfit by this check, and the road's login is not tried.
    Unfit(&'static str),
}

use End::{Refused, Unfit, Works};

/// Credential, story, and what becomes of it on each road in the order of [`Road::ALL`].
const TABLE: [(&str, &str, [End; 8]); 13] = [
    ("secret", "", [Works; 8]),
    ("certificate", "[credential]\nkind = 'certificate'", [Works; 8]),
    ("certificate of PKCS#12", "[credential]\nkind = 'certificate'\nform = 'pkcs12'", [Works; 8]),
    ("federated, file", "[credential]\nkind = 'federated'", [Works; 8]),
    ("federated, cluster", CLUSTER, [Works; 8]),
    ("federated, GitHub", "[credential]\nkind = 'federated'\nsource = 'github'", [Works; 8]),
    ("managed, machine", "[credential]\nkind = 'managed'\n[tenant.app]\nregistered = false", [Works; 8]),
    ("managed, App Service", APP_SERVICE, [Works; 8]),
    ("delegated, work account", WORK, [Works, Works, Works, Works, Works, Refused("of an application"), Works, Works]),
    (
        "delegated, personal account",
        PERSONAL,
        [Works, Works, Refused("work and school"), Works, Works, Refused("of an application"), Works, Works],
    ),
    ("token of an application", "", [Works, Unfit("token.audience"), Works, Works, Works, Works, Works, Works]),
    (
        "token of a person for Exchange Online",
        PERSON_OUTLOOK,
        [Works, Unfit("token.audience"), Works, Works, Works, Unfit("token.role"), Works, Works],
    ),
    (
        "token of a person for Microsoft Graph",
        PERSON_GRAPH,
        [
            Unfit("token.audience"),
            Works,
            Unfit("token.audience"),
            Unfit("token.audience"),
            Unfit("token.audience"),
            Unfit("token.audience"),
            Works,
            Works,
        ],
    ),
];

const CLUSTER: &str = "[credential]\nkind = 'federated'\nsource = 'cluster'\nissuer = 'cluster'\nsubject = \
                       'system:serviceaccount:mail:sender'";
const APP_SERVICE: &str = "[credential]\nkind = 'managed'\napp_service = true\n[tenant.app]\nregistered = false";
const WORK: &str = "[person]\nuser = 'alice@contoso.test'\nstored = true\nscopes = ['SMTP.Send', 'IMAP.AccessAsUser.All', \
                    'POP.AccessAsUser.All', 'EWS.AccessAsUser.All', 'https://graph.microsoft.com/Mail.Send']\n\
                    [profile]\nmailbox = 'alice@contoso.test'";
const PERSONAL: &str = "[person]\nuser = 'carol@outlook.test'\nstored = true\nscopes = ['SMTP.Send', \
                        'IMAP.AccessAsUser.All', 'POP.AccessAsUser.All', 'https://graph.microsoft.com/Mail.Send']\n\
                        [tenant.app]\naudience = 'AzureADandPersonalMicrosoftAccount'\n[profile]\ntenant = 'consumers'\n\
                        mailbox = 'carol@outlook.test'";
const PERSON_OUTLOOK: &str = "[person]\nuser = 'alice@contoso.test'\nscopes = ['SMTP.Send', 'IMAP.AccessAsUser.All', \
                              'POP.AccessAsUser.All', 'EWS.AccessAsUser.All']\n[profile]\nmailbox = 'alice@contoso.test'";
const PERSON_GRAPH: &str = "[person]\nuser = 'alice@contoso.test'\napi = 'graph'\nscopes = ['Mail.Send']\n[profile]\n\
                            mailbox = 'alice@contoso.test'";

#[test]
fn no_pair_of_credential_and_road_is_left_out() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        for (credential, story, ends) in TABLE {
            for (road, end) in Road::ALL.into_iter().zip(ends) {
                let name = format!("{credential} on {road}");
                let came = Box::pin(run(credential, story, road)).await;
                hold(&name, road, end, came);
            }
        }
    });
}

#[test]
fn the_table_has_every_kind_of_credential() {
    let command = o365doctor::cli::command();
    let checkup = command.find_subcommand("checkup").unwrap();
    let auth = checkup.get_arguments().find(|arg| arg.get_long() == Some("auth")).unwrap();
    for kind in auth.get_possible_values() {
        let kind = kind.get_name();
        assert!(TABLE.iter().any(|(credential, ..)| credential.starts_with(kind)), "{kind} is in no row");
    }
}

fn hold(name: &str, road: Road, end: End, came: Result<(Visit, usize), String>) {
    match (end, came) {
        (Refused(words), Err(said)) => assert!(said.contains(words), "{name}: {said}"),
        (Refused(_), Ok(_)) => panic!("{name} is not refused"),
        (_, Err(said)) => panic!("{name}: {said}"),
        (Works, Ok((visit, taken))) => {
            let findings = checks::findings(&visit);
            let failed: Vec<String> = findings.iter().filter(|finding| failed(finding)).map(worded).collect();
            assert!(failed.is_empty(), "{name}: {failed:?}");
            let last = last_of(road);
            let passed = |finding: &&Finding| matches!(finding.outcome, Outcome::Judged(Verdict::Pass(_)));
            let arrived = findings.iter().filter(passed).any(|f| f.check.id == last && f.road == Some(road));
            assert!(arrived, "{name}: {last} was not passed");
            assert_eq!(taken, usize::from(plan::sends_over(road)), "{name}: mails taken");
        }
        (Unfit(check), Ok((visit, taken))) => {
            let findings = checks::findings(&visit);
            let unfit = findings.iter().any(|f| f.check.id == check && f.road == Some(road) && failed(f));
            assert!(unfit, "{name}: {check} does not fail");
            assert_eq!(taken, 0, "{name}: mails taken");
        }
    }
}

/// The check that is passed when the road took the credential to its end.
fn last_of(road: Road) -> &'static str {
    match road {
        Road::Smtp | Road::Hve | Road::Relay | Road::Direct => "send.accepted",
        Road::Graph => "graph.send",
        Road::Ews => "ews.send",
        Road::Imap => "imap.mailbox",
        Road::Pop => "pop.mailbox",
    }
}

fn failed(finding: &Finding) -> bool {
    matches!(finding.outcome, Outcome::Judged(Verdict::Fail(_)))
}

fn worded(finding: &Finding) -> String {
    let words = finding.reason().map(|reason| format!("{} {:?}", reason.cause.id, reason.evidence)).unwrap_or_default();
    format!("{}: {words}", finding.check.id)
}

/// Runs the whole check-up over one road; the visit and how many mails were taken, or why it could not begin.
async fn run(credential: &str, story: &str, road: Road) -> Result<(Visit, usize), String> {
    let scenario: Scenario = toml::from_str(story).unwrap_or_else(|e| panic!("{story}: {e}"));
    let sandbox = sandbox::start(scenario, &Options::default()).await.unwrap();
    let mut flags = Table::new();
    let mut say = |word: &str, value: &str| flags.insert(word.to_owned(), Value::from(value));
    say("cloud", "sandbox");
    say("roads", &road.to_string());
    say("timeout", "30s");
    if road.is_port_25() {
        // Port 25 knows the tenant's own domain, and nobody logs in.
        say("mailbox", "app@contoso.test");
        say("domain", "contoso.test");
        say("to", "bob@contoso.test");
    }
    if credential == "token of an application" {
        say("token", &token(&sandbox).await);
    }
    let wants = Wants { credential: Need::Yes, mailbox: true, to: true, ..Wants::default() };
    let layers = Layers::gather(flags, None, None).map_err(|e| e.to_string())?;
    let setup = layers.load(wants, Some((sandbox.cloud(), sandbox.profile()))).map_err(|e| e.to_string())?;
    let slice =
        Slice { command: "checkup", verify: true, token: true, talk: true, send: true, dns: false, relay: false };
    let plan = plan::make(&setup, slice, Timestamp::now()).map_err(|e| e.to_string())?;
    let visit = observe::run(&setup, &plan, &|_| ()).await;
    Ok((visit, sandbox.deliveries()))
}

/// A token for Exchange Online, as another program would get it.
async fn token(sandbox: &sandbox::Sandbox) -> String {
    use o365doctor::probes::{Client, Proof, TokenJob, request_token};
    use o365doctor::setup::secret::{Mask, Secret};
    let job = TokenJob {
        tenant: sandbox.word("tenant"),
        client_id: sandbox.word("client_id"),
        proof: Proof::Secret(Secret::new(sandbox.word("client_secret"))),
        resource: o365doctor::road::Resource::Outlook,
        scope: "https://outlook.office365.com/.default".to_owned(),
    };
    let client = Client::new(&sandbox.cloud(), std::time::Duration::from_secs(30), None, &Mask::default());
    let granted = request_token(&client, &sandbox.cloud(), &job, &Mask::default()).await;
    granted.token.expect("a token").expose().to_owned()
}

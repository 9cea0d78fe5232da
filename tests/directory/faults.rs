//! What stands in an administrator's way, and what the run makes of it.

use std::sync::Mutex;
use std::time::Duration;

use o365doctor::directory::{self, Action, Entered, Patience, Wanted, Wish};
use o365doctor::observe::sign_in::Way;
use o365doctor::road::{Resource, Road};

use crate::nest::{ADMIN, ALICE, Nest, app_only, hurried, kind};

const BOTH: [Way; 2] = [Way::Browser, Way::Code];

fn administrator(role: &str) -> String {
    format!("[mailboxes.\"{ADMIN}\"]\ndirectory_roles = [\"{role}\"]\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_against_secrets_leads_to_a_certificate() {
    let nest = Nest::new("[tenant.directory]\nsecrets_refused = true\n").await;
    let file = nest.home.path().join("instead.pem");
    let credential = Wish::Secret { days: 90, or_certificate: Some(file.clone()), anew: false };
    let wanted = Wanted { credential, ..app_only(&[Road::Smtp]) };
    let admin = nest.admin(&wanted).await;
    let graph = nest.graph(&admin);
    let done = nest.made(&graph, &wanted).await;
    assert!(done.secret.is_none() && done.certificate.as_ref() == Some(&file));
    assert_eq!(crate::nest::outcome(&nest.visit_with_certificate(&done.made, &file).await, "token.role"), "pass");
    assert_eq!(directory::plan(&graph, &nest.cloud, &wanted).await.unwrap().actions, []);

    // Without a place for one, the page says what to do, and what was made so far is in the record.
    let other = Wanted { name: "Other".to_owned(), ..app_only(&[Road::Smtp]) };
    let plan = directory::plan(&graph, &nest.cloud, &other).await.unwrap();
    let stopped = directory::apply(&graph, &plan, hurried()).await;
    assert_eq!(stopped.problem.unwrap().cause.unwrap().id, "graph-secret-not-allowed");
    assert_eq!(stopped.made.steps.iter().map(kind).collect::<Vec<_>>(), ["application", "principal"]);
    assert!(directory::undo(&graph, &stopped.made).await.left.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_nobody_took_is_not_left_behind() {
    let nest = Nest::new("[tenant.directory]\nsecrets_refused = true\ncertificates_refused = true\n").await;
    let file = nest.home.path().join("refused.pem");
    let credential = Wish::Secret { days: 90, or_certificate: Some(file.clone()), anew: false };
    let wanted = Wanted { credential, ..app_only(&[Road::Smtp]) };
    let admin = nest.admin(&wanted).await;
    let graph = nest.graph(&admin);
    let plan = directory::plan(&graph, &nest.cloud, &wanted).await.unwrap();
    let stopped = directory::apply(&graph, &plan, hurried()).await;
    assert_eq!(stopped.problem.unwrap().doing, "upload the certificate");
    assert!(!file.exists() && stopped.certificate.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_on_the_life_of_secrets_is_named() {
    let nest = Nest::new("[tenant.directory]\nlongest_secret = 90\n").await;
    let wanted = app_only(&[Road::Smtp]);
    let admin = nest.admin(&wanted).await;
    let graph = nest.graph(&admin);
    let plan = directory::plan(&graph, &nest.cloud, &wanted).await.unwrap();
    let stopped = directory::apply(&graph, &plan, hurried()).await;
    assert_eq!(stopped.problem.unwrap().cause.unwrap().id, "graph-secret-too-long");
    let credential = Wish::Secret { days: 60, or_certificate: None, anew: false };
    let done = nest.made(&graph, &Wanted { credential, ..wanted }).await;
    assert!(done.secret.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_new_is_waited_for() {
    let story = "[tenant.directory]\nunseen_reads = 3\nunseen_logins = 2\nunseen_secrets = 2\n";
    let nest = Nest::new(story).await;
    let wanted = app_only(&[Road::Smtp]);
    let admin = nest.admin(&wanted).await;
    let told: Mutex<Vec<String>> = Mutex::default();
    let tell = |line: &str| told.lock().unwrap().push(line.to_owned());
    let graph = nest.telling(&admin, &tell);
    let done = nest.made(&graph, &wanted).await;
    let secret = done.secret.unwrap();
    assert_eq!(nest.roles(&done.made, &secret, Resource::Outlook).await, ["SMTP.SendAsApp"]);
    let waits = |lines: &[String]| lines.iter().filter(|line| line.starts_with("waiting")).count();
    assert_eq!((waits(&told.lock().unwrap()), waits(&nest.told.lock().unwrap())), (6, 4));
    for line in told.lock().unwrap().iter().chain(nest.told.lock().unwrap().iter()) {
        assert!(!line.contains(secret.expose()), "{line}");
    }

    // Patience ends; what was made is known and goes.
    let other = Wanted { name: "Other".to_owned(), ..wanted };
    let plan = directory::plan(&graph, &nest.cloud, &other).await.unwrap();
    let short = Patience { tries: 1, pause: Duration::from_millis(1) };
    let stopped = directory::apply(&graph, &plan, short).await;
    assert_eq!(stopped.problem.unwrap().cause.unwrap().id, "graph-object-not-found");
    assert_eq!(stopped.made.steps.iter().map(kind).collect::<Vec<_>>(), ["application"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_gets_lost_makes_no_second_application() {
    let nest = Nest::new("[tenant.directory]\nloses_answer = true\n").await;
    let wanted = app_only(&[Road::Smtp]);
    let admin = nest.admin(&wanted).await;
    let graph = nest.graph(&admin);
    let plan = directory::plan(&graph, &nest.cloud, &wanted).await.unwrap();
    let stopped = directory::apply(&graph, &plan, hurried()).await;
    let problem = stopped.problem.unwrap();
    assert!(problem.unknown && problem.to_string().contains("whether it was done is not known"), "{problem}");
    let again = directory::plan(&graph, &nest.cloud, &wanted).await.unwrap();
    assert!(!again.actions.iter().any(|action| matches!(action, Action::Register { .. })));
    let done = directory::apply(&graph, &again, hurried()).await;
    assert!(done.problem.is_none() && done.secret.is_some(), "{:?}", done.problem);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_are_those_of_this_directory() {
    let nest = Nest::new("[tenant.directory]\nother_ids = true\n").await;
    let wanted = app_only(&[Road::Smtp, Road::Graph]);
    let admin = nest.admin(&wanted).await;
    let done = nest.made(&nest.graph(&admin), &wanted).await;
    let secret = done.secret.unwrap();
    assert_eq!(nest.roles(&done.made, &secret, Resource::Graph).await, ["Mail.Send"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_administrator_consents_to_exchange_and_not_to_graph() {
    let nest = Nest::new(&administrator("Cloud Application Administrator")).await;
    let wanted = app_only(&[Road::Smtp, Road::Graph]);
    let admin = nest.admin(&wanted).await;
    let graph = nest.graph(&admin);
    let plan = directory::plan(&graph, &nest.cloud, &wanted).await.unwrap();
    let stopped = directory::apply(&graph, &plan, hurried()).await;
    let problem = stopped.problem.unwrap();
    assert_eq!((problem.status, problem.cause.unwrap().id), (Some(403), "graph-directory-denied"));
    assert!(problem.to_string().ends_with("(the least role that may: Privileged Role Administrator)"), "{problem}");
    assert_eq!(stopped.made.steps.iter().map(kind).next_back(), Some("role"));
    assert!(stopped.secret.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_without_a_role_hands_the_work_over() {
    let nest = Nest::new("").await;
    let Entered::HandOver(blocked) = nest.enter(&app_only(&[Road::Smtp]), ALICE, &BOTH).await else {
        panic!("Alice is no administrator")
    };
    // Another way would meet the same.
    assert_eq!(blocked.len(), 1);
    assert_eq!(blocked[0].cause.unwrap().id, "aadsts90094", "{blocked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_browser_is_blocked_a_code_is_tried() {
    let nest = Nest::new("[tenant.sign_in]\nbrowser_blocked = true\ndevice_interval = 1\n").await;
    let wanted = app_only(&[Road::Smtp]);
    let Entered::In(admin) = nest.enter(&wanted, ADMIN, &BOTH).await else { panic!("the code is open") };
    nest.made(&nest.graph(&admin), &wanted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_both_are_blocked_the_work_is_handed_over() {
    let nest =
        Nest::new("[tenant.sign_in]\nbrowser_blocked = true\ndevice_flow_blocked = true\ndevice_interval = 1\n").await;
    let Entered::HandOver(blocked) = nest.enter(&app_only(&[Road::Smtp]), ADMIN, &BOTH).await else {
        panic!("both ways are blocked")
    };
    let ways: Vec<_> = blocked.iter().map(|blocked| (blocked.way, blocked.cause.map(|cause| cause.id))).collect();
    assert_eq!(ways, [(Way::Browser, Some("aadsts53003")), (Way::Code, Some("aadsts53003"))], "{blocked:?}");
}

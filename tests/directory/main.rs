//! An administrator signs in to the sandbox and has an application made, consented to, and taken back; all of it over HTTP.

mod browser;
mod faults;
mod nest;
mod raw;

use nest::{ADMIN, ALICE, BOB, Nest, app_only, delegated, hurried, permissions_of};
use o365doctor::directory::{self, Access, Action, Audience, Entered, Made, Permission, Step, Wanted, Wish};
use o365doctor::facts::Visit;
use o365doctor::observe::sign_in::Way;
use o365doctor::road::{Resource, Road};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_that_was_made_here_sends() {
    let nest = Nest::new("").await;
    let wanted = app_only(&[Road::Smtp, Road::Graph]);
    let admin = nest.admin(&wanted).await;
    let graph = nest.graph(&admin);
    let plan = directory::plan(&graph, &nest.cloud, &wanted).await.unwrap();
    let kinds: Vec<String> = plan.actions.iter().map(Action::says).collect();
    assert_eq!(
        kinds,
        [
            "register the application Invoices",
            "make its service principal",
            "add a client secret that expires in 180 days",
            "assign the role SMTP.SendAsApp of Office 365 Exchange Online",
            "assign the role Mail.Send of Microsoft Graph",
        ]
    );
    let done = directory::apply(&graph, &plan, hurried()).await;
    assert!(done.problem.is_none(), "{:?}", done.problem);
    let secret = done.secret.expect("a secret");
    assert_eq!(nest.roles(&done.made, &secret, Resource::Outlook).await, ["SMTP.SendAsApp"]);
    assert_eq!(nest.roles(&done.made, &secret, Resource::Graph).await, ["Mail.Send"]);

    // Exchange does not know it yet, and then it does.
    let login = |visit: Visit| nest::outcome(&visit, "smtp.login");
    assert_eq!(login(nest.visit(&done.made, &secret).await), "fail");
    let (client_id, object_id) = (&done.made.client_id, &done.made.object_id);
    for command in [
        json!({ "cmdlet": "New-ServicePrincipal", "AppId": client_id, "ObjectId": object_id }),
        json!({ "cmdlet": "Add-MailboxPermission", "Identity": BOB, "User": object_id, "AccessRights": "FullAccess" }),
        json!({ "cmdlet": "Set-CASMailbox", "Identity": BOB, "SmtpClientAuthenticationDisabled": false }),
    ] {
        nest.sandbox.exchange(&command).unwrap();
    }
    let visit = nest.visit(&done.made, &secret).await;
    assert_eq!((nest::outcome(&visit, "send.accepted"), nest.sandbox.deliveries()), ("pass".to_owned(), 1));
    let state = nest.sandbox.exchange_state_of(client_id, object_id, BOB, None);
    assert!(state.contains("\"object_id_matches\":true") && state.contains("\"full_access\":true"), "{state}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_run_has_nothing_to_do_and_an_undone_one_begins_anew() {
    let nest = Nest::new("").await;
    let wanted = app_only(&[Road::Smtp, Road::Imap]);
    let admin = nest.admin(&wanted).await;
    let graph = nest.graph(&admin);
    let first = nest.made(&graph, &wanted).await;
    let again = directory::plan(&graph, &nest.cloud, &wanted).await.unwrap();
    assert_eq!(again.actions, []);
    assert_eq!((again.client_id(), again.object_id()), (Some(&*first.made.client_id), Some(&*first.made.object_id)));
    // Another road later: only what it lacks.
    let more =
        Wanted { permissions: directory::permissions(&[Road::Smtp, Road::Pop], Access::AppOnly), ..wanted.clone() };
    let plan = directory::plan(&graph, &nest.cloud, &more).await.unwrap();
    let kinds: Vec<String> = plan.actions.iter().map(Action::says).collect();
    let words = [
        "change the registration: it asks for POP.AccessAsApp",
        "assign the role POP.AccessAsApp of Office 365 Exchange Online",
    ];
    assert_eq!(kinds, words);

    let text = serde_json::to_string(&first.made).unwrap();
    for seen in [&text, &format!("{first:?}"), &format!("{plan:?}")] {
        assert!(!seen.contains(first.secret.as_ref().unwrap().expose()), "{seen}");
    }
    let record: Made = serde_json::from_str(&text).unwrap();
    assert_eq!(record, first.made);
    let undone = directory::undo(&graph, &record).await;
    assert!(undone.left.is_empty() && undone.back.len() == 1, "{undone:?}");
    let refused = nest.refusal(&first.made, first.secret.as_ref().unwrap()).await;
    assert!(refused.contains("AADSTS700016"), "{refused}");
    let elsewhere = Made { tenant: "00000000-0000-0000-0000-000000000009".to_owned(), ..record.clone() };
    assert!(directory::undo(&graph, &elsewhere).await.left[0].words.contains("this is another one"));
    let twice = directory::undo(&graph, &record).await;
    assert!(twice.back.is_empty() && twice.left.is_empty() && twice.gone.len() == 1, "{twice:?}");
    assert!(matches!(directory::plan(&graph, &nest.cloud, &wanted).await.unwrap().actions[0], Action::Register { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_application_had_before_stays_when_a_run_is_undone() {
    let nest = Nest::new("").await;
    let client_id = nest.sandbox.word("client_id");
    let reads = Permission { resource: Resource::Graph, name: "Mail.Read".to_owned() };
    let file = nest.home.path().join("new.pem");
    let credential = Wish::Certificate { days: 90, file: file.clone(), anew: false };
    let wanted = Wanted { client_id: Some(client_id.clone()), permissions: vec![reads], credential, ..app_only(&[]) };
    let admin = nest.admin(&wanted).await;
    let graph = nest.graph(&admin);
    let before = nest.registration(&client_id).await;
    let done = nest.made(&graph, &wanted).await;
    let since = nest.registration(&client_id).await;
    assert_ne!(before, since);
    assert_eq!(permissions_of(&since) - permissions_of(&before), 1);
    let kinds: Vec<&str> = done.made.steps.iter().map(nest::kind).collect();
    assert_eq!(kinds, ["change", "certificate", "role"]);
    let undone = directory::undo(&graph, &done.made).await;
    assert!(undone.left.is_empty() && undone.back.len() == 3, "{undone:?}");
    assert_eq!(nest.registration(&client_id).await, before);
    // The key is the user's own file.
    assert!(file.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_and_an_audience_are_widened_and_narrowed_again() {
    let nest = Nest::new("").await;
    let client_id = nest.sandbox.word("client_id");
    let delegated = delegated(&[Road::Smtp], Audience::AnyDirectory, true);
    let wanted = Wanted { client_id: Some(client_id.clone()), ..delegated };
    let admin = nest.admin(&wanted).await;
    let graph = nest.graph(&admin);
    let before = (nest.registration(&client_id).await, nest.grants(&admin).await);
    let done = nest.made(&graph, &wanted).await;
    let since = (nest.registration(&client_id).await, nest.grants(&admin).await);
    assert_eq!(since.0["signInAudience"], "AzureADMultipleOrgs");
    let Some(Step::Grant { scopes, widened: true, .. }) = done.made.steps.last() else { panic!("{:?}", done.made) };
    assert_eq!(scopes, &["openid", "profile", "offline_access"]);
    assert!(
        since.1.iter().any(|scope| scope.contains("Mail.Send") && scope.ends_with("openid profile offline_access"))
    );
    let undone = directory::undo(&graph, &done.made).await;
    assert!(undone.left.is_empty() && undone.back.len() == 2, "{undone:?}");
    assert_eq!((nest.registration(&client_id).await, nest.grants(&admin).await), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_sign_in_to_an_application_that_was_made_for_them() {
    let nest = Nest::new("[tenant.sign_in]\ndevice_interval = 1\n").await;
    let wanted = delegated(&[Road::Smtp, Road::Imap], Audience::AnyAccount, true);
    let admin = nest.admin(&wanted).await;
    assert_eq!(admin.asked, ["Application.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"]);
    let graph = nest.graph(&admin);
    let done = nest.made(&graph, &wanted).await;
    assert!(done.secret.is_none());
    assert_eq!(done.made.steps.iter().map(nest::kind).collect::<Vec<_>>(), ["application", "principal", "grant"]);
    assert_eq!(directory::plan(&graph, &nest.cloud, &wanted).await.unwrap().actions, []);
    // Nobody is asked for consent, in the browser and by a code.
    for way in [Way::Browser, Way::Code] {
        let (held, pages) = nest.person(&done.made.client_id, ALICE, way).await;
        assert!(held.contains("SMTP.Send") && !pages.contains("Permissions requested"), "{held}: {pages}");
    }
    let trail = directory::trail(&graph, &admin).await;
    assert_eq!(trail.len(), 1, "{trail:?}");
    assert_eq!((trail[0].asked.len(), trail[0].others.len(), trail[0].for_all), (2, 0, false));
    assert!(trail[0].removal().starts_with("Remove-MgOauth2PermissionGrant -OAuth2PermissionGrantId '"));
    let undone = directory::undo(&graph, &done.made).await;
    assert!(undone.left.is_empty(), "{undone:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consent_that_is_left_to_people_is_asked_of_each() {
    let nest = Nest::new("").await;
    let wanted = delegated(&[Road::Smtp], Audience::ThisDirectory, false);
    let admin = nest.admin(&wanted).await;
    assert_eq!(admin.asked, ["Application.ReadWrite.All"]);
    let graph = nest.graph(&admin);
    let done = nest.made(&graph, &wanted).await;
    assert!(!done.made.steps.iter().any(|step| matches!(step, Step::Grant { .. })));
    let (held, pages) = nest.person(&done.made.client_id, ALICE, Way::Browser).await;
    assert!(held.contains("SMTP.Send") && pages.contains("Invoices would like to:"), "{held}: {pages}");
    // What the run may not read, the token tells.
    let trail = directory::trail(&graph, &admin).await;
    assert_eq!((trail.len(), trail[0].grant.clone()), (1, None));
    assert!(trail[0].removal().starts_with("Get-MgOauth2PermissionGrant"), "{}", trail[0].removal());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_for_its_owner_alone_and_gets_a_token() {
    use std::os::unix::fs::PermissionsExt as _;
    let nest = Nest::new("").await;
    let file = nest.home.path().join("app.pem");
    let wanted = Wanted {
        credential: Wish::Certificate { days: 365, file: file.clone(), anew: false },
        ..app_only(&[Road::Smtp])
    };
    let admin = nest.admin(&wanted).await;
    let graph = nest.graph(&admin);
    let done = nest.made(&graph, &wanted).await;
    assert_eq!(done.certificate.as_deref(), Some(&*file));
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(nest::outcome(&nest.visit_with_certificate(&done.made, &file).await, "token.role"), "pass");
    assert_eq!(directory::plan(&graph, &nest.cloud, &wanted).await.unwrap().actions, []);
    // A file that is there is somebody's key.
    let other = Wanted { name: "Other".to_owned(), ..wanted };
    let plan = directory::plan(&graph, &nest.cloud, &other).await.unwrap();
    let stopped = directory::apply(&graph, &plan, hurried()).await;
    let problem = stopped.problem.expect("a problem");
    assert!(problem.to_string().contains("could not make a key"), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_name_by_somebody_else_is_not_touched() {
    let nest = Nest::new("[tenant.app]\nname = \"Invoices\"\n").await;
    let wanted = app_only(&[Road::Smtp]);
    let Entered::In(admin) = nest.enter(&wanted, ADMIN, &[Way::Browser]).await else { panic!("no sign-in") };
    let refused = directory::plan(&nest.graph(&admin), &nest.cloud, &wanted).await.expect_err("two may be meant");
    assert!(refused.words.contains(&nest.sandbox.word("client_id")), "{refused}");
}

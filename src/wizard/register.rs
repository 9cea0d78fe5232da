//! The directory's part, done by this program: an administrator signs in, sees what will be done, and says yes once.

mod entry;
mod keep;

pub(super) use entry::{enter, office, show_blocked, show_refused, show_trails};

use std::path::PathBuf;

use super::actions::{self, DISPLAY_NAME};
use super::ask::End;
use super::document::Block;
use super::menu;
use super::steps::{Kind, Step};
use super::walk::Walk;
use crate::directory::{self, ADMIN_CLIENT_ID, Access, Admin, Entered, Office, Patience, Plan, Wanted, Wish};
use crate::report::Word;
use crate::setup::Setup;

/// As the lists of choices say it.
pub(super) const LABEL: &str = "Let this program do it: an administrator signs in";

/// Days of a new credential: half a year for a secret, which is copied about, a year for a key, which stays where it is.
const SECRET_DAYS: u32 = 180;
const CERTIFICATE_DAYS: u32 = 365;

/// Whether it is one of the directory's steps.
pub(super) fn does(step: Step) -> bool {
    matches!(step, Step::Registration | Step::Credential | Step::Permission | Step::Consent)
}

/// Whether it is among the choices. The identity of a machine has no registration.
pub(super) fn offered(walk: &Walk, step: Step) -> bool {
    does(step) && walk.wishes.register != Some(false) && walk.ground.kind() != Kind::Machine
}

/// Whether it was said on the command line, and not tried yet.
pub(super) fn is_due(walk: &Walk, step: Step) -> bool {
    offered(walk, step) && walk.wishes.register == Some(true) && walk.registered.is_none()
}

/// Has it done where a step is to bring something forth, and it was said or a person wants it so. Whether it was tried.
pub(super) async fn wished(walk: &mut Walk, step: Step) -> Result<bool, End> {
    let mut wished = is_due(walk, step);
    if !wished && offered(walk, step) && walk.asker.terminal {
        let items = vec!["It is done: say what came of it".to_owned(), LABEL.to_owned()];
        wished = walk.asker.choose("--register", step.title(), items).await? == 1;
    }
    if wished {
        register(walk, step).await?;
    }
    Ok(wished)
}

/// Has it done, and takes in what comes of it. What does not come to its end is said, and the step stands as it stood.
pub(super) async fn register(walk: &mut Walk, step: Step) -> Result<(), End> {
    walk.looks.clear();
    walk.registered = Some(false);
    let setup = walk.described()?;
    let (wanted, file) = wanted(walk, &setup, step).await?;
    let client_id = walk.wishes.admin_client_id.clone().unwrap_or_else(|| ADMIN_CLIENT_ID.to_owned());
    let office = office(&setup, &client_id);
    match Box::pin(enter(walk, &office, &directory::scopes_for(&wanted))).await? {
        Entered::In(admin) => Box::pin(done(walk, &setup, &office, &admin, (&wanted, file))).await?,
        Entered::HandOver(blocked) => {
            show_blocked(walk, &blocked);
            walk.say(&[Block::text("Somebody who can sign in may do it instead: the pack says all that is needed.")]);
            let question = "Write the pack for an administrator?";
            if walk.asker.terminal && walk.asker.yes("--hand-over", question, true).await? {
                return menu::hand_over(walk).await;
            }
        }
    }
    if walk.registered == Some(true) || walk.asker.terminal {
        return Ok(());
    }
    menu::let_go(walk, step)
}

/// What is to be there. At the first step nothing is known but what was said; the sandbox's own words are of its story.
async fn wanted(walk: &Walk, setup: &Setup, step: Step) -> Result<(Wanted, Option<PathBuf>), End> {
    let registered = step != Step::Registration;
    let said = walk.ground.said().get("client_id").and_then(|value| value.as_str().map(str::to_owned));
    let person = matches!(walk.ground.kind(), Kind::Person { .. });
    // Each person consents at the sign-in, for the own account alone.
    let delegated = Access::Delegated { audience: actions::audience(setup), for_all: false };
    let access = if person { delegated } else { Access::AppOnly };
    let source = if registered { walk.ground.source() } else { walk.ground.said_source().map(str::to_owned) };
    let keeps = person || source.is_some() && step != Step::Credential;
    let auth = walk.auth();
    let file = match auth.as_str() {
        "certificate" if !keeps => Some(keep::place(walk, "pem").await?),
        "secret" if !keeps => Some(keep::place(walk, "secret").await?),
        _ => None,
    };
    let credential = match &file {
        None => Wish::Nothing,
        Some(file) if auth == "certificate" => {
            Wish::Certificate { days: CERTIFICATE_DAYS, file: file.clone(), anew: true }
        }
        Some(file) => {
            let beside = Some(file.with_extension("pem")).filter(|other| other != file && !other.exists());
            Wish::Secret { days: SECRET_DAYS, or_certificate: beside, anew: true }
        }
    };
    let wanted = Wanted {
        name: DISPLAY_NAME.to_owned(),
        client_id: if registered { walk.ground.known("client_id") } else { said },
        access,
        permissions: directory::permissions(&setup.roads, access),
        credential,
    };
    Ok((wanted, file))
}

/// Looks, shows, asks once, and does it.
async fn done(
    walk: &mut Walk,
    setup: &Setup,
    office: &Office<'_>,
    admin: &Admin,
    (wanted, file): (&Wanted, Option<PathBuf>),
) -> Result<(), End> {
    walk.line(Word::Pass, "Signed in", admin.account.as_deref().unwrap_or("somebody whom the token does not name"));
    let print = walk.screen.print;
    let tell = move |line: &str| print(&super::document::terminal(&[Block::Text(line.to_owned())], 80));
    let graph = admin.graph(office, &tell);
    let plan = match directory::plan(&graph, &setup.cloud, wanted).await {
        Ok(plan) => plan,
        Err(refused) => {
            show_refused(walk, &refused);
            return Ok(());
        }
    };
    if !agreed(walk, &plan).await? {
        walk.line(Word::NotObserved, "Directory", "nothing was changed");
        return Ok(());
    }
    let reserved = keep::reserve(&wanted.credential, file)?;
    let outcome = directory::apply(&graph, &plan, Patience::default()).await;
    keep::keep(walk, reserved, &outcome)?;
    show_trails(walk, &directory::trail(&graph, admin).await);
    if let Some(refused) = &outcome.problem {
        show_refused(walk, refused);
        return Ok(());
    }
    walk.line(Word::Pass, "Directory", &format!("the application {} is there", outcome.made.client_id));
    walk.registered = Some(true);
    keep::until_known(walk, &tell).await;
    Ok(())
}

async fn agreed(walk: &Walk, plan: &Plan) -> Result<bool, End> {
    if plan.actions.is_empty() {
        walk.line(Word::Pass, "Directory", "all that is wanted is there already");
        return Ok(true);
    }
    let rows = plan
        .actions
        .iter()
        .map(|action| format!("{}. {} Least role: {}.", action.says(), action.changes(), action.role()));
    walk.say(&[Block::text("This will be done in the directory, and nothing else:"), Block::List(rows.collect())]);
    if walk.wishes.register == Some(true) {
        return Ok(true);
    }
    walk.asker.yes("--register", "Do it?", false).await
}

//! The directory's part, done by this program: an administrator signs in, sees what will be done, and says yes once.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::actions::{self, DISPLAY_NAME};
use super::ask::End;
use super::document::Block;
use super::steps::{Kind, Step};
use super::walk::Walk;
use super::{menu, sign_in};
use crate::directory::{
    self, ADMIN_CLIENT_ID, Access, Admin, Blocked, Entered, Office, Outcome, Patience, Plan, Refused, Trail, Wanted,
    Wish,
};
use crate::kb::Cause;
use crate::observe::sign_in::{Person, Tell, Way};
use crate::probes::{Client, Proof, TokenJob};
use crate::report::Word;
use crate::setup::secret::Secret;
use crate::setup::{Credential, InputError, Need, Setup, Wants, files, shown_path};

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

/// Whether a person wants it so, where a step is to bring something forth.
pub(super) async fn chosen(walk: &Walk, step: Step) -> Result<bool, End> {
    if !offered(walk, step) || !walk.asker.terminal {
        return Ok(false);
    }
    let items = vec!["It is done: say what came of it".to_owned(), LABEL.to_owned()];
    Ok(walk.asker.choose("--register", step.title(), items).await? == 1)
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

/// Where an administrator signs in.
pub(super) fn office<'a>(setup: &'a Setup, client_id: &'a str) -> Office<'a> {
    let named = setup.tenant.as_deref().filter(|tenant| !["common", "consumers"].contains(tenant));
    Office {
        cloud: &setup.cloud,
        tenant: named.or(setup.domain.as_deref()).unwrap_or("organizations"),
        client_id,
        account: None,
        timeout: setup.timeout,
        proxy: setup.proxy.as_ref(),
        mask: &setup.mask,
    }
}

/// Has an administrator sign in. The one of the sandbox types the code that is shown.
pub(super) async fn enter(walk: &Walk, office: &Office<'_>, scopes: &[&str]) -> Result<Entered, End> {
    walk.say(&[Block::Text(format!(
        "An administrator signs in to the client {}. It asks for {}; what comes of it is kept nowhere.",
        office.client_id,
        scopes.join(" and ")
    ))]);
    let items = vec!["in the browser of this computer".to_owned(), "with a short code, on any computer".to_owned()];
    let sandbox = walk.ground.sandbox.as_ref();
    let ways: &[Way] = match sandbox {
        Some(_) => &[Way::Code],
        None if walk.asker.terminal && walk.asker.choose("--register", "How to sign in", items).await? == 1 => {
            &[Way::Code]
        }
        None => &[Way::Browser, Way::Code],
    };
    let print = walk.screen.print;
    let tell = |what: Tell<'_>| {
        let way = if matches!(what, Tell::Open(_)) { Way::Browser } else { Way::Code };
        sign_in::tell(print, &what, way);
        if let (Some(sandbox), Tell::Type { code, .. }) = (sandbox, &what) {
            sandbox.type_code(code);
        }
    };
    let person = Person { tell: &tell, paste: &sign_in::paste };
    Ok(Box::pin(directory::sign_in(office, scopes, ways, &person)).await?)
}

/// Each way that is blocked, with its page.
pub(super) fn show_blocked(walk: &Walk, blocked: &[Blocked]) {
    for one in blocked {
        let way = if one.way == Way::Browser { "in a browser" } else { "with a code" };
        walk.line(Word::Fail, "Sign-in", &format!("{way}: {}", one.words));
        more(walk, one.cause);
    }
}

/// A refusal of the directory, with its page.
pub(super) fn show_refused(walk: &Walk, refused: &Refused) {
    walk.line(Word::Fail, "Directory", &refused.to_string());
    more(walk, refused.cause);
}

fn more(walk: &Walk, cause: Option<&'static Cause>) {
    if let Some(cause) = cause {
        walk.say(&[Block::Text(format!("More: o365doctor explain {}", cause.id))]);
    }
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
        "certificate" if !keeps => Some(place(walk, "pem").await?),
        "secret" if !keeps => Some(place(walk, "secret").await?),
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

/// Where the new credential goes: a file that is not there yet.
async fn place(walk: &Walk, kind: &str) -> Result<PathBuf, End> {
    let folder = walk.wishes.config.parent().unwrap_or_else(|| Path::new(""));
    let default = folder.join(format!("mail.{kind}"));
    let file = match &walk.wishes.credential_file {
        Some(file) => file.clone(),
        None if walk.asker.terminal => {
            let question = "File for the new credential, for you alone";
            PathBuf::from(walk.asker.text("--credential-file", question, Some(default.display().to_string())).await?)
        }
        None => default,
    };
    let file = std::path::absolute(&file).unwrap_or(file);
    if file.exists() {
        let words = format!("names {}, which is there already; it stays as it is", shown_path(&file));
        return Err(InputError::new("--credential-file", words).into());
    }
    Ok(file)
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
    let reserved = reserve(&wanted.credential, file)?;
    let outcome = directory::apply(&graph, &plan, Patience::default()).await;
    keep(walk, reserved, &outcome)?;
    show_trails(walk, &directory::trail(&graph, admin).await);
    if let Some(refused) = &outcome.problem {
        show_refused(walk, refused);
        return Ok(());
    }
    walk.line(Word::Pass, "Directory", &format!("the application {} is there", outcome.made.client_id));
    walk.registered = Some(true);
    until_known(walk, &tell).await;
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

/// The file of a secret is made before the secret: one that can not be written would be lost.
fn reserve(wish: &Wish, file: Option<PathBuf>) -> Result<Option<(File, PathBuf)>, InputError> {
    let Some(file) = file else { return Ok(None) };
    if let Some(folder) = file.parent() {
        files::create_private_folder(folder).map_err(|e| unwritable(&file, &e))?;
    }
    if !matches!(wish, Wish::Secret { .. }) {
        return Ok(None);
    }
    let new = files::create_new_private(&file).map_err(|e| unwritable(&file, &e))?;
    Ok(Some((new, file)))
}

/// Keeps what came of it: the credential in its file, its place and the ids in the words, what was made in the state.
fn keep(walk: &mut Walk, reserved: Option<(File, PathBuf)>, outcome: &Outcome) -> Result<(), InputError> {
    let made = &outcome.made;
    for (word, id) in [("client_id", &made.client_id), ("object_id", &made.object_id)] {
        if !id.is_empty() {
            walk.ground.take(word, id);
        }
    }
    if !made.steps.is_empty() {
        walk.state.made.push(made.clone());
    }
    walk.save()?;
    if let Some((mut new, file)) = reserved {
        if let Some(secret) = &outcome.secret {
            let written = new.write_all(secret.expose().as_bytes()).and_then(|()| new.sync_all());
            written.map_err(|e| unwritable(&file, &e))?;
            prove_with(walk, "secret", "client_secret_file", &file);
        } else {
            let _ = fs::remove_file(&file);
        }
    }
    if let Some(file) = &outcome.certificate {
        prove_with(walk, "certificate", "certificate", file);
    }
    walk.save()
}

fn prove_with(walk: &mut Walk, auth: &str, word: &str, file: &Path) {
    walk.ground.prove_with(auth, word, &file.display().to_string());
    walk.line(Word::Pass, "Credential", &format!("a new {auth}, in {}, for its owner alone", shown_path(file)));
}

fn unwritable(file: &Path, error: &std::io::Error) -> InputError {
    let words = format!("names {}, which can not be written: {error}", shown_path(file));
    InputError::new("--credential-file", words).late()
}

/// What the sign-in itself left in the directory, with the command that removes it.
pub(super) fn show_trails(walk: &Walk, trails: &[Trail]) {
    for trail in trails {
        let whom = if trail.for_all { "for everybody" } else { "for who signed in" };
        let removal = match trail.grant {
            Some(_) => "This removes it:",
            None => "This shows it, and Remove-MgOauth2PermissionGrant with its Id removes it:",
        };
        let asked = trail.asked.join(" and ");
        let client = &trail.client;
        walk.say(&[
            Block::Text(format!("The sign-in left a consent behind: the client {client} may ask for {asked}, {whom}.")),
            Block::text(removal),
            Block::Code("powershell", in_lines(&trail.removal()) + "\n"),
        ]);
    }
}

/// A command of PowerShell in several lines, as narrow as its ids let it be.
fn in_lines(command: &str) -> String {
    let breaks =
        [(" | ", " |\n  "), (" -EQ ", " -EQ `\n    "), (" -OAuth2", " `\n  -OAuth2"), (" -Scope ", " `\n  -Scope ")];
    breaks.into_iter().fold(command.to_owned(), |text, (at, lines)| text.replace(at, lines))
}

/// Waits until the login service knows the application by its new credential: before that, a refusal is no fault.
async fn until_known(walk: &Walk, tell: &(dyn Fn(&str) + Sync)) {
    let read = Wants { credential: Need::IfNamed, any_tenant: true, ..Wants::default() };
    let Ok(setup) = walk.ground.setup(read) else { return };
    let wanted = setup.roads.iter().find_map(|road| road.wants());
    let (Some(tenant), Some(client_id), Some(wanted)) = (&setup.tenant, &setup.client_id, wanted) else { return };
    let audience = setup.cloud.login_url(tenant, "oauth2/v2.0/token");
    let proof = || match &setup.credential {
        Some(Credential::Secret { value, .. }) => Some(Proof::Secret(value.clone())),
        Some(Credential::Certificate { material: Some(own), .. }) => {
            own.assertion(audience.as_str(), client_id, Timestamp::now()).ok().map(Proof::Assertion)
        }
        _ => None,
    };
    if proof().is_none() {
        return;
    }
    let job = || TokenJob {
        tenant: tenant.clone(),
        client_id: client_id.clone(),
        proof: proof().unwrap_or_else(|| Proof::Secret(Secret::new(""))),
        resource: wanted.resource,
        scope: format!("{}/.default", setup.cloud.resource_uri(wanted.resource)),
    };
    let client = Client::new(&setup.cloud, setup.timeout, setup.proxy.as_ref(), &setup.mask);
    directory::first_token(&client, &setup.cloud, job, &setup.mask, Patience::default(), tell).await;
}

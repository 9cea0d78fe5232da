//! The questions: few, each with its reason, and each with a flag that answers it.

use toml::Value;

use super::actions::Style;
use super::ask::End;
use super::document::Block;
use super::ground::{Ground, Look};
use super::register;
use super::state::State;
use super::steps::{Kind, Step};
use super::walk::Walk;
use crate::facts::{EntraFacts, LookupFacts};
use crate::plan;
use crate::report::Word;
use crate::road::Road;
use crate::setup::{InputError, Need, Wants};

/// Words by which two walks are told apart.
const WHOSE: [&str; 3] = ["tenant", "client_id", "mailbox"];

/// The first word in which what is said now is about another set-up than what was kept.
pub(super) fn other_walk(state: &State, ground: &Ground) -> Option<(&'static str, String, String)> {
    WHOSE.into_iter().find_map(|word| {
        let (before, now) = (state.words.get(word)?, ground.words.get(word)?.as_str()?);
        (!before.eq_ignore_ascii_case(now)).then(|| (word, before.clone(), now.to_owned()))
    })
}

/// Puts what was kept under what is said now. Another source of a credential takes the place of the kept one.
pub(super) fn lay_under(ground: &mut Ground, state: &State) {
    let other_proof = ground.source().is_some() && ground.sandbox.is_none() || ground.words.contains_key("auth");
    let of_proof =
        ["auth", "client_secret_file", "certificate", "key", "assertion_file", "managed_identity", "account"];
    for (word, value) in &state.words {
        let stays = ground.words.contains_key(word) || other_proof && of_proof.contains(&word.as_str());
        if !stays {
            ground.words.insert(word.clone(), Value::String(value.clone()));
        }
    }
}

/// Where nobody can be asked, all that would be asked must be said.
pub(super) fn possible(walk: &Walk) -> Result<(), InputError> {
    only_one_sends(walk)?;
    if walk.asker.terminal {
        return Ok(());
    }
    let missing = missing(walk);
    if missing.is_empty() {
        return Ok(());
    }
    let words = if missing.len() == 1 { "is missing" } else { "are missing" };
    let words = format!("{words}, and there is no terminal to ask on");
    Err(InputError::new(missing.join(", "), words))
}

fn missing(walk: &Walk) -> Vec<&'static str> {
    let wishes = &walk.wishes;
    let known = |word: &str| walk.ground.known(word).is_some();
    let with_token = roads_of(walk).is_none_or(|roads| roads.iter().any(|road| road.wants().is_some()));
    let to_the_end = wishes.hand_over.is_none();
    let registers = wishes.register == Some(true) && walk.ground.kind() != Kind::Machine;
    let no_road = !known("roads");
    let no_proof = walk.ground.kind() == Kind::Application
        && walk.ground.source().is_none()
        && walk.ground.known("auth").as_deref() != Some("federated");
    let rows = [
        (!known("mailbox") && !known("from"), "--mailbox"),
        (no_road && wishes.outside.is_none(), "--outside"),
        (no_road && wishes.reads.is_none(), "--reads"),
        (no_road && wishes.device.is_none(), "--device"),
        (no_road && wishes.fixed_address.is_none(), "--fixed-address"),
        (no_road && wishes.volume.is_none(), "--volume (or --roads in the place of these)"),
        (
            with_token && to_the_end && !registers && !known("client_id") && walk.ground.kind() != Kind::Machine,
            "--client-id",
        ),
        (with_token && to_the_end && !registers && no_proof, "--client-secret-file (or another credential)"),
        (to_the_end && !known("to"), "--to"),
        (to_the_end && wishes.send.is_none(), "--send"),
        (to_the_end && wishes.save_as.is_none(), "--save-as"),
    ];
    rows.into_iter().filter_map(|(absent, flag)| absent.then_some(flag)).collect()
}

pub(super) fn roads_of(walk: &Walk) -> Option<Vec<Road>> {
    let roads = walk.ground.known("roads")?;
    roads.split(',').map(|road| road.trim().parse().ok()).collect()
}

/// One road sends, and others may read beside it.
fn only_one_sends(walk: &Walk) -> Result<(), InputError> {
    let Some(said) = walk.ground.known("roads") else { return Ok(()) };
    let roads = roads_of(walk).unwrap_or_default();
    let sends = roads.iter().filter(|road| plan::sends_over(**road)).count();
    if roads.first().is_some_and(|road| plan::sends_over(*road)) && sends == 1 {
        return Ok(());
    }
    let words = format!("is {said}; a set-up has one road that sends, first, and may have others that read: smtp,imap");
    Err(InputError::new("--roads", words))
}

/// Whose mailbox it is: all else is found by it.
pub(super) async fn who(walk: &mut Walk) -> Result<(), End> {
    if walk.ground.known("mailbox").is_none() && walk.ground.known("from").is_none() {
        walk.say(&[Block::text("The address that sends. Tenant, cloud and records are found by its domain.")]);
        typed(walk, "mailbox", "Mailbox that sends", None).await?;
    }
    if walk.wishes.hand_over.is_none() && walk.ground.known("to").is_none() {
        walk.say(&[Block::text("One mail proves the way at the end; nothing leaves before you say so.")]);
        typed(walk, "to", "Who gets it", None).await?;
    }
    Ok(walk.save()?)
}

/// Asks until the word can be used.
pub(super) async fn typed(walk: &mut Walk, word: &str, question: &str, default: Option<String>) -> Result<(), End> {
    let flag = format!("--{}", word.replace('_', "-"));
    // What names a file is read at once, so that a wrong name is noticed here.
    let read =
        if matches!(word, "certificate") || word.starts_with("client_secret") { Need::IfNamed } else { Need::No };
    let exchange_state = word == "exchange_state";
    loop {
        let answer = walk.asker.text(&flag, question, default.clone()).await?;
        walk.ground.take(word, &answer);
        let wants = Wants { any_tenant: true, credential: read, exchange_state, ..Wants::default() };
        match walk.ground.setup(wants) {
            Ok(_) => return Ok(walk.save()?),
            Err(error) => {
                walk.ground.words.remove(word);
                walk.line(Word::Fail, "That can not be used", &error.to_string());
            }
        }
    }
}

/// What the domain told: tenant and cloud, MX and SPF.
pub(super) fn found(walk: &mut Walk, look: &Look) -> Result<(), End> {
    if let Some(entra) = &look.visit.facts.entra {
        tenant(walk, look, entra);
    }
    if let Some(dns) = &look.visit.facts.dns {
        let hosts: Vec<&str> = dns.mx.iter().map(|mx| mx.host.as_str()).collect();
        let found = dns.mx_lookup == LookupFacts::Found;
        let words = if found { hosts.join(", ") } else { dns.mx_lookup.to_string() };
        walk.line(if found { Word::Pass } else { Word::Warn }, "MX", &words);
        let spf = look.findings.iter().find(|finding| finding.check.id == "dns.spf");
        let sound = spf.is_some_and(|finding| !finding.failed());
        let words = spf.and_then(|f| f.reason()).map_or("one valid record", |reason| reason.cause.title);
        walk.line(if sound { Word::Pass } else { Word::Warn }, "SPF", words);
    }
    Ok(walk.save()?)
}

fn tenant(walk: &mut Walk, look: &Look, entra: &EntraFacts) {
    let Some(id) = &entra.tenant_id else {
        let of_directory = look.findings.iter().filter(|f| f.failed() && f.check.topic() == "entra");
        walk.line(Word::Warn, "Tenant", "not found by this domain");
        return walk.findings(&of_directory.cloned().collect::<Vec<_>>());
    };
    let region = entra.region.as_deref().map(|region| format!(", region {region}")).unwrap_or_default();
    walk.line(Word::Pass, "Tenant", &format!("{id}{region}, cloud {}", look.visit.setup.cloud.name));
    if walk.ground.known("tenant").is_none() {
        walk.ground.take("tenant", id);
    }
}

/// By what the program shows who it is.
pub(super) async fn proof(walk: &mut Walk) -> Result<(), End> {
    let with_token = roads_of(walk).is_some_and(|roads| roads.iter().any(|road| road.wants().is_some()));
    let known = walk.ground.source().is_some() || walk.ground.known("auth").is_some();
    if !with_token || known || !walk.asker.terminal {
        return Ok(());
    }
    walk.say(&[Block::text(
        "A certificate or a secret is the application's own; a person's sign-in ends with the person.",
    )]);
    let kinds = [
        ("certificate", "a certificate; its key stays on this computer"),
        ("secret", "a client secret, a password of the application"),
        ("delegated", "a person signs in, once"),
        ("managed", "the identity of this machine in Azure"),
    ];
    let items = kinds.iter().map(|(kind, words)| format!("{kind}: {words}")).collect();
    let at = walk.asker.choose("--auth", "How it shows who it is", items).await?;
    walk.ground.take("auth", kinds[at].0);
    Ok(walk.save()?)
}

/// How the directory's part is shown.
pub(super) async fn style(walk: &mut Walk) -> Result<(), End> {
    let with_token = roads_of(walk).is_some_and(|roads| roads.iter().any(|road| road.wants().is_some()));
    if let Some(style) = walk.wishes.style {
        walk.state.style = Some(style);
    } else if walk.state.style.is_none() && walk.asker.terminal && with_token && walk.wishes.hand_over.is_none() {
        let styles = [Style::Portal, Style::Az, Style::Graph];
        let items = ["portal: paths to click", "az: Azure CLI", "graph: Microsoft Graph PowerShell"];
        let at = walk.asker.choose("--style", "How the steps are shown", items.map(str::to_owned).to_vec()).await?;
        walk.state.style = Some(styles[at]);
    }
    Ok(walk.save()?)
}

/// What a step brings forth is asked for at that step: the client id, and where the credential lies. Whether it was.
pub(super) async fn before(walk: &mut Walk, step: Step) -> Result<bool, End> {
    match step {
        Step::Registration if walk.ground.known("client_id").is_none() => {
            walk.show(step, &[])?;
            while walk.ground.known("client_id").is_none() {
                if !register::wished(walk, step).await? {
                    typed(walk, "client_id", "Application (client) ID", None).await?;
                }
            }
            Ok(true)
        }
        Step::Credential if walk.ground.source().is_none() && walk.ground.kind() == Kind::Application => {
            credential(walk).await
        }
        _ => Ok(false),
    }
}

async fn credential(walk: &mut Walk) -> Result<bool, End> {
    let auth = walk.auth();
    if !matches!(auth.as_str(), "secret" | "certificate") {
        return Ok(false);
    }
    walk.show(Step::Credential, &[])?;
    if register::wished(walk, Step::Credential).await? {
        return Ok(true);
    }
    if auth == "certificate" {
        typed(walk, "certificate", "File with the certificate and its key", None).await?;
        return Ok(true);
    }
    let items = ["a file", "a command that prints it", "the variable O365DOCTOR_CLIENT_SECRET"];
    let items = items.map(str::to_owned).to_vec();
    match walk.asker.choose("--client-secret-file", "Where the program finds the secret", items).await? {
        0 => typed(walk, "client_secret_file", "File", None).await?,
        1 => typed(walk, "client_secret_command", "Command", None).await?,
        _ => {
            walk.say(&[Block::text("It is not set here, so type it for this walk; it is kept nowhere.")]);
            walk.ground.typed = Some(walk.asker.unseen("--client-secret-file", "Client secret").await?);
        }
    }
    Ok(true)
}

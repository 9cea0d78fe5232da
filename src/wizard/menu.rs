//! What may be done after a step was shown and is not seen to be done: look again, wait, get help, go on, let go.

use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::ask::End;
use super::document::Block;
use super::steps::Step;
use super::walk::Walk;
use super::{answer, pack, questions, register, script, sign_in};
use crate::check::Finding;
use crate::report::Word;
use crate::sandbox::Deed;
use crate::scripts::Part;

/// Between two looks while a change is waited for: often enough for a person, rare enough for the service.
const PAUSE: Duration = Duration::from_secs(30);
/// How long the menu waits; what takes longer is better gone on with later.
const PATIENCE: Duration = Duration::from_mins(30);

const RAN: &str = "its administrator ran the script";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Choice {
    Again,
    Wait,
    SignIn,
    Register,
    Sandbox,
    Script,
    Evidence,
    Address,
    HandOver,
    Aside,
    LetGo,
}

impl Choice {
    fn label(self) -> &'static str {
        match self {
            Choice::Again => "It is done: look again",
            Choice::Wait => "Wait, and look every 30 seconds",
            Choice::SignIn => "Sign in now",
            Choice::Register => register::LABEL,
            Choice::Sandbox => "Let the sandbox's own people do it",
            Choice::Script => "Show the whole script for Exchange",
            Choice::Evidence => "Read what the verifying script printed",
            Choice::Address => "Read the address that the browser ended at",
            Choice::HandOver => "Write a hand-over pack for an administrator",
            Choice::Aside => "Go on without it",
            Choice::LetGo => "Stop here; what is known is kept",
        }
    }
}

/// Returns when it is time to look again.
pub(super) async fn after(walk: &mut Walk, step: Step, findings: &[Finding]) -> Result<(), End> {
    walk.looks.clear();
    if register::is_due(walk, step) {
        return register::register(walk, step).await;
    }
    if let Some(left) = walk.wishes.wait.filter(|left| !left.is_zero()) {
        walk.wishes.wait = Some(countdown(left).await);
        return Ok(());
    }
    if !walk.asker.terminal || walk.wishes.no_wait {
        return let_go(walk, step);
    }
    let choices = choices(walk, step, findings);
    loop {
        let items = choices.iter().map(|choice| choice.label().to_owned()).collect();
        let chosen = choices[walk.asker.choose("--no-wait", step.title(), items).await?];
        if done(walk, step, chosen).await? {
            return Ok(());
        }
    }
}

fn choices(walk: &Walk, step: Step, findings: &[Finding]) -> Vec<Choice> {
    let sandbox = walk.ground.sandbox.is_some() && step != Step::Probe;
    let waits = findings.iter().filter_map(Finding::reason).any(|reason| !reason.cause.wait.is_empty());
    let rows = [
        (step == Step::SignIn, Choice::SignIn),
        (step != Step::SignIn, Choice::Again),
        (sandbox, Choice::Sandbox),
        (register::offered(walk, step), Choice::Register),
        (waits || step == Step::Consent, Choice::Wait),
        (step.in_script(), Choice::Script),
        (step.in_script(), Choice::Evidence),
        (step == Step::Consent, Choice::Address),
        (step != Step::Probe, Choice::HandOver),
        (true, Choice::Aside),
        (true, Choice::LetGo),
    ];
    rows.into_iter().filter_map(|(offered, choice)| offered.then_some(choice)).collect()
}

/// Whether it is time to look again.
async fn done(walk: &mut Walk, step: Step, chosen: Choice) -> Result<bool, End> {
    match chosen {
        Choice::Again => forget_evidence(walk),
        Choice::Wait => {
            forget_evidence(walk);
            walk.wishes.wait = Some(countdown(PATIENCE).await);
        }
        Choice::SignIn => sign_in::sign_in(walk).await?,
        Choice::Register => {
            forget_evidence(walk);
            register::register(walk, step).await?;
        }
        Choice::Sandbox if step == Step::SignIn => sign_in::in_sandbox(walk).await?,
        Choice::Sandbox => {
            forget_evidence(walk);
            administer(walk, step);
        }
        Choice::Script => return show_script(walk),
        Choice::Evidence => questions::typed(walk, "exchange_state", "File with its line of JSON", None).await?,
        Choice::Address => {
            let typed = walk.asker.text("--answer", "Address", None).await?;
            answer::redirected(walk, answer::address_in(&typed).unwrap_or(&typed))?;
        }
        Choice::HandOver => {
            return hand_over(walk).await.map(|()| true);
        }
        Choice::Aside => {
            walk.state.aside.push(step);
            walk.save()?;
        }
        Choice::LetGo => return let_go(walk, step).map(|()| true),
    }
    Ok(true)
}

/// Writes the pack, with which the walk is let go.
pub(super) async fn hand_over(walk: &Walk) -> Result<(), End> {
    let place = walk.asker.text("--hand-over", "Folder, or file.md, or file.html", None).await?;
    pack::write(walk, &PathBuf::from(place))?;
    Err(End::LetGo)
}

/// What the script printed before a change says nothing of the change.
fn forget_evidence(walk: &mut Walk) {
    walk.ground.words.remove("exchange_state");
}

fn administer(walk: &Walk, step: Step) {
    let deed = match step {
        Step::Registration => Deed::Register,
        Step::Permission => Deed::Request,
        Step::Credential => Deed::RenewCredential,
        Step::Consent => Deed::Consent,
        Step::ServicePrincipal => Deed::RegisterInExchange,
        Step::MailboxRight => Deed::GiveRight,
        Step::Switch => Deed::OpenProtocols,
        Step::HighVolume => Deed::OpenHighVolume,
        Step::Connector => Deed::Connect,
        Step::Records => Deed::WriteRecords,
        Step::SignIn | Step::Probe => return,
    };
    let Some(sandbox) = &walk.ground.sandbox else { return };
    let known = |word: &str| walk.ground.known(word).unwrap_or_default();
    let client_id = known("client_id");
    // Not the application of the story, but one that an administrator registered since.
    if step.in_script() && client_id != sandbox.word("client_id") {
        let object_id = walk.object_id().unwrap_or_else(|| known("object_id"));
        return match sandbox.run_script(&client_id, &object_id, &known("mailbox")) {
            Ok(()) => walk.line(Word::Pass, "Sandbox", RAN),
            Err(words) => walk.line(Word::Fail, "Sandbox", &words),
        };
    }
    // The script does its three steps in one, and consent is to what the registration asks for.
    let deeds = match deed {
        _ if step.in_script() => vec![Deed::RegisterInExchange, Deed::GiveRight, Deed::OpenProtocols],
        Deed::Consent => vec![Deed::Request, Deed::Consent],
        deed => vec![deed],
    };
    for deed in deeds {
        sandbox.administer(deed);
    }
    let words = if step.in_script() { RAN } else { "its administrator has done it" };
    walk.line(Word::Pass, "Sandbox", words);
}

fn show_script(walk: &Walk) -> Result<bool, End> {
    let setup = walk.described()?;
    match script::exchange(Part::Setup, &setup, walk.object_id()) {
        Ok(scripts) => scripts.iter().for_each(|script| (walk.screen.print)(&script.text)),
        Err(refused) => walk.line(Word::Fail, "No script", &refused.to_string()),
    }
    Ok(false)
}

pub(super) fn let_go(walk: &mut Walk, step: Step) -> Result<(), End> {
    walk.save()?;
    let file = crate::setup::shown_path(&walk.wishes.state);
    walk.say(&[Block::Text(format!("Let go at \"{}\". To go on:", step.title()))]);
    let file = crate::scripts::sh(&file).unwrap_or(file);
    walk.say(&[Block::Code("sh", format!("o365doctor onboard \\\n  --state {file}\n"))]);
    Err(End::LetGo)
}

/// Waits a pause, on a terminal with the seconds shown; what is left of the patience.
async fn countdown(left: Duration) -> Duration {
    let pause = PAUSE.min(left);
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    let mut to_go = pause;
    while !to_go.is_zero() {
        let all = (left.saturating_sub(pause) + to_go).as_secs();
        bar.set_message(format!(
            "next look in {} s; Ctrl-C stops, and what is known is kept ({all} s left)",
            to_go.as_secs()
        ));
        let second = Duration::from_secs(1).min(to_go);
        tokio::time::sleep(second).await;
        to_go = to_go.saturating_sub(second);
    }
    bar.finish_and_clear();
    left.saturating_sub(pause)
}

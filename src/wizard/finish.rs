//! The end of the walk: one probe mail, and the profile.

use std::path::Path;

use jiff::Timestamp;
use toml::Table;

use super::ask::End;
use super::document::Block;
use super::state::Probe;
use super::steps::{self, Depth, Standing, Step};
use super::walk::Walk;
use super::{Send, menu, profile as written};
use crate::facts::Accepted;
use crate::report::Word;
use crate::setup::{InputError, shown_path};

/// Sends the one mail, if it may leave, until it was taken or left aside.
pub(super) async fn probe(walk: &mut Walk, steps: &[Step]) -> Result<(), End> {
    loop {
        if let Some(Probe::Taken(at)) = walk.state.probe {
            walk.line(Word::Pass, Step::Probe.title(), &format!("taken {}", at.strftime("%Y-%m-%d %H:%M UTC")));
            return Ok(());
        }
        if !allowed(walk).await? {
            walk.line(Word::NotObserved, Step::Probe.title(), "not sent");
            return Ok(());
        }
        // Written before it leaves: whoever is stopped now must not send it twice.
        walk.state.probe = Some(Probe::Begun(Timestamp::now()));
        walk.save()?;
        walk.looks.remove(&Depth::Send);
        walk.look(Depth::Send).await?;
        let Some(look) = walk.looks.get(&Depth::Send) else { return Ok(()) };
        let accepted = look.visit.facts.probe().map(|message| message.accepted);
        let standing = steps::standing(Step::Probe, steps, &look.findings);
        match (standing, accepted) {
            (Standing::Done(words), _) => return taken(walk, &words),
            (standing, Some(Accepted::Yes)) => {
                drop(standing);
                return taken(walk, "taken");
            }
            (Standing::Fault(at, findings), Some(Accepted::Unknown)) => {
                walk.show(at, &findings)?;
                return unknown(walk);
            }
            (Standing::Fault(at, findings), _) => {
                refused(walk)?;
                walk.show(at, &findings)?;
                walk.state.aside.retain(|aside| *aside != at);
                menu::after(walk, at, &findings).await?;
                if walk.state.aside.contains(&at) {
                    walk.line(Word::NotObserved, Step::Probe.title(), "not sent");
                    return Ok(());
                }
            }
            (Standing::Unseen, _) => return unknown(walk),
        }
    }
}

/// Nothing left, so another one may.
fn refused(walk: &mut Walk) -> Result<(), InputError> {
    walk.state.probe = None;
    walk.save()
}

fn unknown(walk: &Walk) -> Result<(), End> {
    walk.line(Word::Unproven, Step::Probe.title(), "nobody knows what became of it; look into the recipient's mailbox");
    Err(End::LetGo)
}

fn taken(walk: &mut Walk, words: &str) -> Result<(), End> {
    walk.state.probe = Some(Probe::Taken(Timestamp::now()));
    walk.line(Word::Pass, Step::Probe.title(), words);
    let to = walk.ground.known("to").unwrap_or_default();
    let lying = walk.ground.sandbox.as_ref().map(|sandbox| sandbox.mailbox(&to).len());
    if let Some(lying) = lying.filter(|lying| *lying > 0) {
        walk.say(&[Block::Text(format!("Sandbox: {lying} in the mailbox of {to}"))]);
    }
    Ok(walk.save()?)
}

/// Whether the mail may leave now.
async fn allowed(walk: &Walk) -> Result<bool, End> {
    if let (Some(Probe::Begun(at)), true) = (walk.state.probe, walk.wishes.send != Some(Send::Again)) {
        let at = at.strftime("%Y-%m-%d %H:%M UTC");
        let words = format!("of this walk was about to leave {at}, and nothing is known of it; look into the mailbox");
        walk.line(Word::Unproven, Step::Probe.title(), &format!("the one {words}"));
        if walk.asker.terminal {
            return walk.asker.yes("--send again", "Send another one?", false).await;
        }
        walk.say(&[Block::text("--send again sends another one.")]);
        return Err(End::LetGo);
    }
    let to = walk.ground.known("to").unwrap_or_default();
    match walk.wishes.send {
        Some(Send::Yes | Send::Again) => Ok(true),
        Some(Send::No) => Ok(false),
        None => walk.asker.yes("--send", &format!("Send one mail to {to} now?"), true).await,
    }
}

/// Appends the profile, and takes the kept walk away.
pub(super) async fn profile(walk: &mut Walk) -> Result<(), End> {
    let file = walk.wishes.config.clone();
    let name = name(walk, &file).await?;
    let roads = walk.ground.known("roads").unwrap_or_default();
    let to = walk.ground.known("to");
    let text = written::text(&name, &words(walk), &roads, to.as_deref());
    written::append(&file, &name, &text).map_err(InputError::late)?;
    (walk.screen.print)("\n");
    walk.line(Word::Pass, "Profile", &format!("{name}, appended to {}", shown_path(&file)));
    walk.say(&[Block::Code("toml", text)]);
    if walk.state.probe.is_none() {
        walk.say(&[Block::text("The probe mail is still to be sent:")]);
    }
    let again = if walk.state.probe.is_some() { "checkup" } else { "probe-send" };
    let config = walk.ground.config.as_ref().map(|file| quoted(&file.display().to_string()));
    let config = config.map(|file| format!(" \\\n  --config {file}")).unwrap_or_default();
    walk.say(&[Block::Code("sh", format!("o365doctor {again} --profile {name}{config}\n"))]);
    let ended = std::mem::take(&mut walk.state).ended();
    Ok(ended.settle(&walk.wishes.state)?)
}

fn quoted(text: &str) -> String {
    crate::scripts::sh(text).unwrap_or_default()
}

/// A name that is free.
async fn name(walk: &mut Walk, file: &Path) -> Result<String, End> {
    let mut said = walk.wishes.save_as.take();
    loop {
        let name = if let Some(name) = said.take() {
            name
        } else {
            let default = if written::exists(file, "mail")? { None } else { Some("mail".to_owned()) };
            walk.asker.text("--save-as", "Name of the new profile", default).await?
        };
        let fault = match written::is_name(&name) {
            false => Some(InputError::new("--save-as", "takes letters, digits, - and _")),
            true if written::exists(file, &name)? => Some(written::taken(file, &name)),
            true => None,
        };
        match fault {
            None => return Ok(name),
            Some(fault) if walk.asker.terminal => walk.line(Word::Fail, "Not this name", &fault.to_string()),
            Some(fault) => return Err(fault.late().into()),
        }
    }
}

/// The words of the profile: what was said here or in the environment. The sandbox brings its own.
fn words(walk: &Walk) -> Table {
    let mut words = walk.ground.said();
    if words.get("auth").and_then(toml::Value::as_str) == Some("secret") && walk.ground.sandbox.is_some() {
        words.remove("auth");
    }
    words
}

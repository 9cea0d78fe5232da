//! What this program made in the directory is taken back, and nothing else.

use std::collections::HashMap;

use super::ask::{Asker, End};
use super::document::Block;
use super::ground::Ground;
use super::state::State;
use super::steps::Step;
use super::walk::Walk;
use super::{Screen, Wishes, register};
use crate::directory::{self, ADMIN_CLIENT_ID, Entered, Made};
use crate::report::Word;
use crate::setup::{InputError, shown_path};

/// Takes back what the state names, the last run first. Whether all of it went.
pub(super) async fn undo(ground: Ground, wishes: Wishes, screen: Screen, asker: Asker) -> Result<bool, End> {
    let state = State::read(&wishes.state)?.unwrap_or_default();
    if state.made.is_empty() {
        let words = format!("has nothing to take back: {} names nothing that was made", shown_path(&wishes.state));
        return Err(InputError::new("--undo", words).into());
    }
    let mut walk = Walk { ground, wishes, screen, asker, state, looks: HashMap::new(), registered: None };
    while let Some(made) = walk.state.made.last().cloned() {
        if !taken_back(&mut walk, &made).await? {
            return Ok(false);
        }
        walk.state.made.pop();
        forget(&mut walk.state, &made);
        walk.state.settle(&walk.wishes.state)?;
    }
    Ok(true)
}

async fn taken_back(walk: &mut Walk, made: &Made) -> Result<bool, End> {
    walk.ground.take("cloud", &walk.ground.known("cloud").unwrap_or_else(|| made.cloud.clone()));
    walk.ground.take("tenant", &made.tenant);
    let setup = walk.described()?;
    show(walk, made);
    if !walk.wishes.yes && !walk.asker.yes("--yes", "Take it back?", false).await? {
        return Err(End::LetGo);
    }
    let client_id = walk.wishes.admin_client_id.clone().unwrap_or_else(|| ADMIN_CLIENT_ID.to_owned());
    let office = register::office(&setup, &client_id);
    let admin = match Box::pin(register::enter(walk, &office, &directory::scopes_to_undo(made))).await? {
        Entered::In(admin) => admin,
        Entered::HandOver(blocked) => {
            register::show_blocked(walk, &blocked);
            return Ok(false);
        }
    };
    let print = walk.screen.print;
    let tell = move |line: &str| print(&super::document::terminal(&[Block::Text(line.to_owned())], 80));
    let graph = admin.graph(&office, &tell);
    let undone = directory::undo(&graph, made).await;
    for what in &undone.back {
        walk.line(Word::Pass, "Done", what);
    }
    for what in &undone.gone {
        walk.line(Word::Pass, "Gone already", what);
    }
    for refused in &undone.left {
        register::show_refused(walk, refused);
    }
    register::show_trails(walk, &directory::trail(&graph, &admin).await);
    Ok(undone.left.is_empty())
}

fn show(walk: &Walk, made: &Made) {
    let at = made.at.map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default();
    walk.say(&[Block::Text(format!(
        "Made {at} in the directory {} of {}, for the application {}; each is taken back, and nothing else:",
        made.tenant, made.cloud, made.client_id
    ))]);
    walk.say(&[Block::List(made.steps.iter().map(directory::Step::says).collect())]);
}

/// The words of an application that is gone lead nowhere. Its files stay: they are the user's.
fn forget(state: &mut State, made: &Made) {
    for step in [Step::Registration, Step::Credential, Step::Permission, Step::Consent] {
        state.done.remove(&step);
    }
    if made.whole() && state.words.get("client_id") == Some(&made.client_id) {
        for word in ["client_id", "object_id", "client_secret_file", "certificate"] {
            state.words.remove(word);
        }
    }
}

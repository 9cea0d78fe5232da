//! The walk itself: step by step, each seen to be done before the next.

use std::collections::HashMap;

use jiff::Timestamp;

use super::ask::{Asker, End};
use super::document::Block;
use super::ground::{Ground, Look};
use super::state::State;
use super::steps::{self, Depth, Standing, Step};
use super::{Screen, Wishes, answer, choice, finish, menu, pack, questions, register};
use crate::render::{self, Format};
use crate::report::Word;
use crate::setup::{InputError, Need, Wants, shown_path};

/// A walk under way.
pub(super) struct Walk {
    pub(super) ground: Ground,
    pub(super) wishes: Wishes,
    pub(super) screen: Screen,
    pub(super) asker: Asker,
    pub(super) state: State,
    /// The last look of each depth; none once something may have changed.
    pub(super) looks: HashMap<Depth, Look>,
    /// Whether this program did the directory's part to its end; none: it was not asked to.
    pub(super) registered: Option<bool>,
}

impl Walk {
    /// Reads what an earlier walk kept, and lays what is said now over it.
    pub(super) fn begin(mut ground: Ground, wishes: Wishes, screen: Screen, asker: Asker) -> Result<Walk, InputError> {
        let kept = match State::read(&wishes.state) {
            // What was made in the directory is not forgotten.
            Ok(kept) if wishes.fresh => kept.map(State::ended),
            Err(_) if wishes.fresh => None,
            kept => kept?,
        };
        let resumed = kept.as_ref().is_some_and(|state| !state.words.is_empty());
        let state = kept.unwrap_or_default();
        if let Some((word, before, now)) = questions::other_walk(&state, &ground) {
            let flag = word.replace('_', "-");
            let words =
                format!("is {now}, and {} holds a walk for {before}; --fresh begins anew", wishes.state.display());
            return Err(InputError::new(format!("--{flag}"), words));
        }
        questions::lay_under(&mut ground, &state);
        let walk = Walk { ground, wishes, screen, asker, state, looks: HashMap::new(), registered: None };
        questions::possible(&walk)?;
        walk.say(&[Block::Text(format!(
            "{} {}",
            if resumed { "Going on with" } else { "This walk is kept in" },
            shown_path(&walk.wishes.state)
        ))]);
        Ok(walk)
    }

    /// From the first question to the written profile.
    pub(super) async fn go(&mut self) -> Result<(), End> {
        self.save()?;
        questions::who(self).await?;
        self.discover().await?;
        choice::road(self).await?;
        questions::proof(self).await?;
        questions::style(self).await?;
        answer::all(self)?;
        if let Some(place) = self.wishes.hand_over.clone() {
            return pack::write(self, &place);
        }
        let steps = self.steps()?;
        for step in steps.iter().filter(|step| **step != Step::Probe) {
            self.step(*step).await?;
        }
        finish::probe(self, &steps).await?;
        finish::profile(self).await
    }

    /// The steps of this set-up.
    pub(super) fn steps(&self) -> Result<Vec<Step>, InputError> {
        let setup = self.ground.setup(Wants { any_tenant: true, ..Wants::default() })?;
        Ok(steps::of(&setup.roads, self.ground.kind()))
    }

    /// Until the step is seen to be done, or left aside.
    async fn step(&mut self, step: Step) -> Result<(), End> {
        let steps = self.steps()?;
        let mut shown = None;
        loop {
            if questions::before(self, step).await? {
                shown = Some(step);
            }
            let standing = self.standing(step, &steps).await?;
            match standing {
                Standing::Done(words) => return self.done(step, &words),
                Standing::Unseen if shown == Some(step) || !self.is_to_be_shown(step) => {
                    self.line(Word::NotObserved, step.title(), "not seen from here; what follows shows it");
                    return Ok(());
                }
                Standing::Fault(at, _) if self.state.aside.contains(&at) => {
                    self.line(Word::Unproven, step.title(), "left aside");
                    return Ok(());
                }
                Standing::Unseen => {
                    self.show(step, &[])?;
                    shown = Some(step);
                    menu::after(self, step, &[]).await?;
                }
                Standing::Fault(at, findings) => {
                    self.show_again(at, &findings, shown == Some(at))?;
                    shown = Some(at);
                    menu::after(self, at, &findings).await?;
                }
            }
        }
    }

    fn done(&mut self, step: Step, words: &str) -> Result<(), End> {
        self.line(Word::Pass, step.title(), words);
        self.state.done.insert(step, Timestamp::now());
        self.state.aside.retain(|aside| *aside != step);
        Ok(self.save()?)
    }

    /// What nobody can see from here is shown to a person once, and passed over where nobody reads.
    fn is_to_be_shown(&self, step: Step) -> bool {
        let by_program = self.registered == Some(true) && register::does(step);
        let known = by_program || self.state.done.contains_key(&step) || self.state.aside.contains(&step);
        self.asker.terminal && !step.in_script() && !known
    }

    async fn standing(&mut self, step: Step, steps: &[Step]) -> Result<Standing, End> {
        // Without a credential there is no token, and nothing shows whether the application is known.
        if step.depth() == Depth::Token && !self.can_ask() {
            return Ok(match step {
                Step::SignIn => Standing::Fault(step, Vec::new()),
                _ => Standing::Unseen,
            });
        }
        self.look(step.depth()).await?;
        let findings = self.looks.get(&step.depth()).map(|look| look.findings.as_slice()).unwrap_or_default();
        Ok(steps::standing(step, steps, findings))
    }

    /// Whether a token can be asked for. Where a person is to sign in, whether one has: that is no fault of the words.
    fn can_ask(&self) -> bool {
        let kind = self.ground.kind();
        if matches!(kind, steps::Kind::Person { .. }) {
            let read = Wants { credential: Need::IfNamed, any_tenant: true, ..Wants::default() };
            return self.ground.setup(read).is_ok();
        }
        let federated = self.ground.known("auth").as_deref() == Some("federated");
        self.ground.source().is_some() || kind == steps::Kind::Machine || federated
    }

    /// Looks, unless a look of this depth is at hand. A talk shows the token too.
    pub(super) async fn look(&mut self, depth: Depth) -> Result<(), End> {
        if self.looks.contains_key(&depth) {
            return Ok(());
        }
        let look = Box::pin(self.ground.look(depth, &self.screen.progress)).await.map_err(InputError::late)?;
        if self.screen.verbose {
            (self.screen.print)(&render::report(&look.report(), Format::Text, self.screen.style, true));
        }
        self.looks.insert(depth, look);
        Ok(())
    }

    async fn discover(&mut self) -> Result<(), End> {
        let look = Box::pin(self.ground.discover(&self.screen.progress)).await?;
        questions::found(self, &look)
    }

    /// Keeps what is known so far.
    pub(super) fn save(&mut self) -> Result<(), InputError> {
        self.state.keep(&self.ground.words);
        self.state.write(&self.wishes.state)
    }
}

//! The walk itself: step by step, each seen to be done before the next.

use std::collections::HashMap;

use jiff::Timestamp;

use super::actions::{self, About, Style};
use super::ask::{Asker, End};
use super::document::{self, Block};
use super::ground::{Ground, Look};
use super::state::State;
use super::steps::{self, Depth, Standing, Step};
use super::{Screen, Wishes, answer, finish, menu, pack, questions};
use crate::check::Finding;
use crate::facts::{Form, TokenFacts};
use crate::probes::consent;
use crate::render::{self, Format};
use crate::report::Word;
use crate::setup::{InputError, Need, Setup, Wants, shown_path};

/// Lines of evidence in a walk; the report of checkup has all.
const EVIDENCE: usize = 2;

/// A walk under way.
pub(super) struct Walk {
    pub(super) ground: Ground,
    pub(super) wishes: Wishes,
    pub(super) screen: Screen,
    pub(super) asker: Asker,
    pub(super) state: State,
    /// The last look of each depth; none once something may have changed.
    pub(super) looks: HashMap<Depth, Look>,
}

impl Walk {
    /// Reads what an earlier walk kept, and lays what is said now over it.
    pub(super) fn begin(mut ground: Ground, wishes: Wishes, screen: Screen, asker: Asker) -> Result<Walk, InputError> {
        let kept = if wishes.fresh { None } else { State::read(&wishes.state)? };
        let resumed = kept.is_some();
        let state = kept.unwrap_or_default();
        if let Some((word, before, now)) = questions::other_walk(&state, &ground) {
            let flag = word.replace('_', "-");
            let words =
                format!("is {now}, and {} holds a walk for {before}; --fresh begins anew", wishes.state.display());
            return Err(InputError::new(format!("--{flag}"), words));
        }
        questions::lay_under(&mut ground, &state);
        let walk = Walk { ground, wishes, screen, asker, state, looks: HashMap::new() };
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
        questions::road(self).await?;
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
            questions::before(self, step).await?;
            let standing = self.standing(step, &steps).await?;
            match standing {
                Standing::Done(words) => return self.done(step, &words),
                Standing::Unseen if shown == Some(step) || !self.is_to_be_shown(step) => {
                    self.line(Word::NotObserved, step.title(), "not seen from here; what follows shows it");
                    return Ok(());
                }
                Standing::Fault(at, _) if at == step && self.state.aside.contains(&step) => {
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
        let known = self.state.done.contains_key(&step) || self.state.aside.contains(&step);
        self.asker.terminal && !step.in_script() && !known
    }

    async fn standing(&mut self, step: Step, steps: &[Step]) -> Result<Standing, End> {
        // Without a credential there is no token, and nothing shows whether the application is known.
        if step.depth() == Depth::Token && !self.can_ask()? {
            return Ok(match step {
                Step::SignIn => Standing::Fault(step, Vec::new()),
                _ => Standing::Unseen,
            });
        }
        self.look(step.depth()).await?;
        let findings = self.looks.get(&step.depth()).map(|look| look.findings.as_slice()).unwrap_or_default();
        Ok(steps::standing(step, steps, findings))
    }

    /// Whether a token can be asked for.
    fn can_ask(&self) -> Result<bool, End> {
        let person = matches!(self.ground.kind(), steps::Kind::Person { .. });
        if person {
            // Nobody has signed in yet, which is no fault of the words.
            let read = self.ground.setup(Wants { credential: Need::IfNamed, any_tenant: true, ..Wants::default() });
            return Ok(read.is_ok());
        }
        Ok(self.ground.source().is_some()
            || self.ground.kind() == steps::Kind::Machine
            || self.ground.known("auth").as_deref() == Some("federated"))
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

    /// Heading, reason, who, and what to do.
    pub(super) fn show(&self, step: Step, findings: &[Finding]) -> Result<(), InputError> {
        let setup = self.described()?;
        let style = self.state.style.unwrap_or_default();
        let object_id = self.object_id();
        let link = self.consent_link(&setup);
        let about = About {
            setup: &setup,
            kind: self.ground.kind(),
            style,
            object_id: object_id.as_deref(),
            consent_link: link.as_deref(),
        };
        let mark = if findings.is_empty() { Word::NotObserved } else { Word::Fail };
        (self.screen.print)("\n");
        self.line(mark, step.title(), "");
        self.say(&[Block::text(actions::why(step, &about)), Block::Text(format!("Who acts: {}.", step.who().label()))]);
        self.findings(findings);
        self.say(&actions::of(step, &about));
        Ok(())
    }

    fn show_again(&self, step: Step, findings: &[Finding], known: bool) -> Result<(), InputError> {
        if !known {
            return self.show(step, findings);
        }
        self.line(Word::Fail, step.title(), "not yet");
        self.findings(findings);
        Ok(())
    }

    /// What was seen, each with its page.
    pub(super) fn findings(&self, findings: &[Finding]) {
        for finding in findings {
            let Some(reason) = finding.reason() else { continue };
            let mut blocks = vec![Block::Text(format!("Seen: {} [{}]", reason.cause.title, finding.check.id))];
            blocks.extend(reason.evidence.iter().take(EVIDENCE).map(|line| Block::Text(line.clone())));
            let wait = reason.cause.wait;
            if !wait.is_empty() {
                blocks.push(Block::Text(format!("A change takes time to work: {wait}.")));
            }
            blocks.push(Block::Text(format!("More: o365doctor explain {}", reason.cause.id)));
            self.say(&blocks);
        }
    }

    /// The set-up as the texts want it: the kind of credential, not the credential.
    pub(super) fn described(&self) -> Result<Setup, InputError> {
        let wants = Wants { credential: Need::Kind, any_tenant: true, ..Wants::default() };
        self.ground.setup(wants).or_else(|_| self.ground.setup(Wants { any_tenant: true, ..Wants::default() }))
    }

    /// The object id of the enterprise application: the `oid` of an app-only token of this very application.
    pub(super) fn object_id(&self) -> Option<String> {
        let client_id = self.ground.known("client_id")?;
        let tokens = self.looks.values().flat_map(|look| &look.visit.facts.tokens);
        let ours = |token: &&TokenFacts| {
            token.form == Some(Form::Jwt)
                && token.app_only()
                && token.client_id().is_some_and(|id| id.eq_ignore_ascii_case(&client_id))
        };
        tokens.filter(ours).find_map(|token| token.text("oid")).map(str::to_owned)
    }

    /// The link with which an administrator consents to what the road asks for.
    pub(super) fn consent_link(&self, setup: &Setup) -> Option<String> {
        let wants = setup.roads.iter().find_map(|road| road.wants())?;
        let scope = format!("{}/.default", setup.cloud.resource_uri(wants.resource));
        let client_id = setup.client_id.as_deref()?;
        let redirect = actions::CONSENT_REDIRECT;
        let links =
            consent::links(&setup.cloud, setup.tenant.as_deref(), client_id, redirect, &scope, &self.state.consent);
        Some(links.v2)
    }

    /// Shows texts.
    pub(super) fn say(&self, blocks: &[Block]) {
        (self.screen.print)(&document::terminal(blocks, self.width()));
    }

    /// One line with its mark.
    pub(super) fn line(&self, mark: Word, title: &str, words: &str) {
        let words = if words.is_empty() { title.to_owned() } else { format!("{title}: {words}") };
        let lines = render::style::wrap(&render::style::printable(&words), self.width() - 2);
        let text: String = lines
            .iter()
            .enumerate()
            .map(|(n, line)| format!("{} {line}\n", if n == 0 { self.screen.style.mark(mark) } else { " ".to_owned() }))
            .collect();
        (self.screen.print)(&text);
    }

    pub(super) fn width(&self) -> usize {
        self.screen.style.width.min(80)
    }

    /// How the directory's part is shown.
    pub(super) fn style(&self) -> Style {
        self.state.style.unwrap_or_default()
    }
}

//! What a walk shows: steps with their actions, findings, lines.

use super::actions::{self, About, Style};
use super::document::{self, Block};
use super::steps::Step;
use super::walk::Walk;
use crate::check::Finding;
use crate::facts::{Form, TokenFacts};
use crate::probes::consent;
use crate::render;
use crate::report::Word;
use crate::setup::{InputError, Need, Setup, Wants};

/// Lines of evidence in a walk; the report of checkup has all.
const EVIDENCE: usize = 2;

impl Walk {
    /// Heading, reason, who, and what to do.
    pub(super) fn show(&self, step: Step, findings: &[Finding]) -> Result<(), InputError> {
        let setup = self.described()?;
        let style = self.state.style.unwrap_or_default();
        let object_id = self.object_id();
        let link = self.consent_link(&setup);
        let about = About {
            setup: &setup,
            kind: self.ground.kind(),
            auth: &self.auth(),
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

    pub(super) fn show_again(&self, step: Step, findings: &[Finding], known: bool) -> Result<(), InputError> {
        if !known {
            return self.show(step, findings);
        }
        self.line(Word::Fail, step.title(), "not yet");
        self.findings(findings);
        Ok(())
    }

    /// The word for `--auth`: as it was said, or by the source that was.
    pub(super) fn auth(&self) -> String {
        let by_source = || match self.ground.source()?.as_str() {
            "certificate" => Some("certificate".to_owned()),
            source if source.starts_with("assertion") => Some("federated".to_owned()),
            _ => None,
        };
        self.ground.known("auth").or_else(by_source).unwrap_or_else(|| "secret".to_owned())
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

//! The report: set-up, summary, findings, facts. What every format is made of.

mod records;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::access::{self, RoadAccess};
use crate::check::{Finding, Outcome, Verdict};
use crate::conclusion::{self, SideBySide, Ways};
use crate::facts::{FORMAT, Facts, SetupFacts, Visit};
use crate::identity;
use crate::kb::Who;
use crate::repeat;
use crate::road::Road;
use crate::scripts;

/// All that a run has to say.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Report {
    /// The version of this format; within one there are only additions.
    pub format: u32,
    /// What made it.
    pub tool: Tool,
    /// The sub-command.
    pub command: String,
    /// The set-up, without its secrets.
    pub setup: SetupFacts,
    /// Counts, exit code, first cause.
    pub summary: Summary,
    /// Which roads the token opens, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roads: Option<Vec<RoadAccess>>,
    /// The roads side by side and what they mean together, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<SideBySide>,
    /// Which road a host can take, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ways: Option<Ways>,
    /// One entry a check.
    pub findings: Vec<FindingReport>,
    /// What was seen.
    pub facts: Facts,
}

/// What made the report.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Tool {
    /// `o365doctor`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// Counts, exit code, first cause.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub struct Summary {
    /// Checks whose claim holds.
    pub pass: usize,
    /// Checks that hold but deserve a look.
    pub warn: usize,
    /// Checks that do not hold.
    pub fail: usize,
    /// Checks that the evidence can not decide.
    pub unproven: usize,
    /// Checks that hang on a failed one.
    pub skipped: usize,
    /// Checks that had nothing to judge.
    pub not_observed: usize,
    /// 0: nothing failed; 1: something did (with `--strict` also a warning or an unproven check).
    pub exit_code: u8,
    /// The cause of the first finding that counts.
    pub first_cause: Option<&'static str>,
}

/// What became of a check, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// The claim holds.
    Pass,
    /// It holds, but something deserves a look.
    Warn,
    /// It does not hold.
    Fail,
    /// The evidence can not decide.
    Unproven,
    /// Another check failed on which this one hangs.
    Skipped,
    /// There was nothing to judge.
    NotObserved,
}

impl Word {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Word::Pass => "pass",
            Word::Warn => "warn",
            Word::Fail => "fail",
            Word::Unproven => "unproven",
            Word::Skipped => "skipped",
            Word::NotObserved => "not-observed",
        }
    }
}

/// One finding, with its page's texts filled in.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FindingReport {
    /// Id of the check.
    pub check: &'static str,
    /// The word before the dot.
    pub topic: &'static str,
    /// The road, for a check that is asked per road.
    pub road: Option<Road>,
    /// The claim.
    pub title: &'static str,
    /// What became of it.
    pub outcome: Word,
    /// Id of the cause.
    pub cause: Option<&'static str>,
    /// The cause's title.
    pub cause_title: Option<&'static str>,
    /// The words it rests on.
    pub evidence: Vec<String>,
    /// Who must act.
    pub who: Option<Who>,
    /// The least directory role that can do the repair.
    pub role: Option<&'static str>,
    /// What to do: Markdown, the values filled in.
    pub repair: Option<String>,
    /// How to see that it worked.
    pub recheck: Option<String>,
    /// How long the repair takes to work.
    pub wait: Option<&'static str>,
    /// The check that made this one be skipped, or why nothing was seen.
    pub because: Option<String>,
    /// A page of the vendor or of a standard.
    pub link: Option<&'static str>,
}

impl Report {
    /// Judges a visit and makes the report of it.
    pub fn of(visit: Visit, strict: bool) -> Report {
        let findings = crate::checks::findings(&visit);
        let values = values(&visit);
        let counted: Vec<FindingReport> =
            findings.iter().map(|finding| FindingReport::of(finding, &values, &visit.setup.options)).collect();
        let roads = matches!(visit.command.as_str(), "check-token" | "login").then(|| roads(&visit)).flatten();
        let mailbox = (visit.command == "check-mailbox").then(|| conclusion::of(&visit.setup.roads, &findings));
        let outcomes: Vec<_> = counted.iter().map(|finding| (finding.outcome, finding.cause)).collect();
        let ways = (visit.command == "check-relay").then(|| conclusion::ways(&findings));
        Report {
            format: FORMAT,
            tool: Tool { name: "o365doctor", version: env!("CARGO_PKG_VERSION") },
            command: visit.command,
            summary: Summary::of(&outcomes, strict),
            roads,
            mailbox,
            ways,
            findings: counted,
            setup: visit.setup,
            facts: visit.facts,
        }
    }
}

/// Every road with the token of its API, where one was asked for; else with the first token, which says why not.
fn roads(visit: &Visit) -> Option<Vec<RoadAccess>> {
    let first = visit.facts.tokens.iter().find(|token| token.form.is_some())?;
    let row = |road: Road| {
        let own =
            road.wants().and_then(|wants| visit.facts.token_for(wants.resource)).filter(|token| token.form.is_some());
        RoadAccess { road, access: access::of(own.unwrap_or(first), &visit.setup.cloud, road) }
    };
    Some(Road::WITH_TOKEN.into_iter().map(row).collect())
}

impl Summary {
    /// Of the outcomes of checks, each with its cause, in the order in which they are shown.
    pub(crate) fn of(findings: &[(Word, Option<&'static str>)], strict: bool) -> Summary {
        let count = |word| findings.iter().filter(|(outcome, _)| *outcome == word).count();
        let counts = |(outcome, _): &&(Word, _)| match outcome {
            Word::Fail => true,
            Word::Warn | Word::Unproven => strict,
            _ => false,
        };
        let first = findings.iter().find(counts);
        Summary {
            pass: count(Word::Pass),
            warn: count(Word::Warn),
            fail: count(Word::Fail),
            unproven: count(Word::Unproven),
            skipped: count(Word::Skipped),
            not_observed: count(Word::NotObserved),
            exit_code: u8::from(first.is_some()),
            first_cause: first.and_then(|(_, cause)| *cause),
        }
    }
}

/// What became of a check: in a word, the words it rests on, and why it was not judged.
pub(crate) fn said(finding: &Finding) -> (Word, Vec<String>, Option<String>) {
    match &finding.outcome {
        Outcome::Judged(Verdict::Pass(words)) => (Word::Pass, words.lines().map(str::to_owned).collect(), None),
        Outcome::Judged(Verdict::Warn(reason)) => (Word::Warn, reason.evidence.clone(), None),
        Outcome::Judged(Verdict::Fail(reason)) => (Word::Fail, reason.evidence.clone(), None),
        Outcome::Judged(Verdict::Unproven(reason)) => (Word::Unproven, reason.evidence.clone(), None),
        Outcome::Skipped(check) => (Word::Skipped, Vec::new(), Some((*check).to_owned())),
        Outcome::NotObserved(why) => (Word::NotObserved, Vec::new(), Some(why.clone())),
    }
}

impl FindingReport {
    fn of(finding: &Finding, values: &BTreeMap<String, String>, options: &[(String, String)]) -> FindingReport {
        let page = finding.reason().map(|reason| reason.cause);
        let (outcome, evidence, because) = said(finding);
        let fill = |template: &str| {
            let text = scripts::fill(template, values).unwrap_or_else(|_| template.to_owned());
            repeat::completed(&text, options)
        };
        FindingReport {
            check: finding.check.id,
            topic: finding.check.topic(),
            road: finding.road,
            title: finding.check.title,
            outcome,
            cause: page.map(|page| page.id),
            cause_title: page.map(|page| page.title),
            evidence,
            who: page.map(|page| page.who),
            role: page.map(|page| page.role).filter(|role| !role.is_empty()),
            repair: page.map(|page| fill(page.repair)),
            recheck: page.map(|page| fill(page.recheck)),
            wait: page.map(|page| page.wait).filter(|wait| !wait.is_empty()),
            because,
            link: page.and_then(|page| page.links.first().copied()),
        }
    }
}

/// The values that a page's templates may name, from the set-up. What is not known stays out and shows as `<name>`.
pub fn values(visit: &Visit) -> BTreeMap<String, String> {
    let setup = &visit.setup;
    let message = visit.facts.smtp_talks().find_map(|(_, smtp)| smtp.message.as_ref());
    let looked_into = visit.facts.confirm.as_deref().map(|confirm| confirm.mailbox.clone());
    let port_25 = [Road::Relay, Road::Direct].into_iter().find_map(|road| visit.facts.smtp_on(road));
    let egress = port_25.and_then(|talk| talk.egress.as_ref());
    let smart_host = port_25.and_then(|talk| Some(talk.server.rsplit_once(':')?.0.to_owned()));
    let cloud = &setup.cloud;
    let host = |address: &str| address.trim_start_matches("https://").to_owned();
    let known = [
        ("tenant", setup.tenant.clone()),
        ("client_id", setup.client_id.clone()),
        ("object_id", setup.object_id.clone()),
        ("mailbox", setup.mailbox.clone()),
        (
            "user",
            visit
                .facts
                .tokens
                .iter()
                .find(|token| token.scopes().is_some())
                .and_then(identity::user_of)
                .map(str::to_owned),
        ),
        ("from", setup.from.clone().or_else(|| setup.mailbox.clone())),
        ("to", setup.to.clone()),
        ("looked_into", looked_into),
        ("domain", setup.domain.clone()),
        ("login", Some(host(&cloud.login))),
        ("smtp", Some(cloud.smtp.rsplit_once(':').map_or(cloud.smtp.clone(), |(host, _)| host.to_owned()))),
        ("smtp_port", cloud.smtp.rsplit_once(':').map(|(_, port)| port.to_owned())),
        ("egress", egress.map(|egress| egress.address.clone())),
        ("smart_host", smart_host),
        ("external", setup.external.clone()),
        ("message_id", message.map(|message| message.message_id.clone())),
        ("spf_include", Some(cloud.spf_include.clone())),
        ("environment", Some(cloud.exchange_environment.clone())),
        ("federation", visit.facts.tokens.iter().find_map(|token| federation(token.assertion.as_ref()?))),
    ];
    let known = known.into_iter().chain(records::values(visit));
    let known = known.filter_map(|(name, value)| Some((name.to_owned(), value?)));
    known.filter(|(_, value)| !value.is_empty()).collect()
}

/// A federated credential that fits what was presented, as `az ad app federated-credential create` takes it.
fn federation(own: &crate::facts::AssertionFacts) -> Option<String> {
    let (issuer, subject) = (own.issuer.as_ref()?, own.subject.as_ref()?);
    let parameters = serde_json::json!({
        "name": "mail", "issuer": issuer, "subject": subject, "audiences": [own.wanted_audience],
    });
    Some(parameters.to_string())
}

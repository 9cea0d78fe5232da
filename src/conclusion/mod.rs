//! One credential on several roads, side by side: a table of road by stage, and what the differences between the roads
//! mean. Pure, over the findings of a run.

mod sentences;
#[cfg(test)]
mod tests;
mod ways;

pub use ways::{Way, Ways, of as ways};

use schemars::JsonSchema;
use serde::Serialize;

use crate::check::{Finding, Outcome, Verdict};
use crate::report::Word;
use crate::road::Road;

/// The roads of a run side by side.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SideBySide {
    /// A row a road.
    pub table: Vec<RoadRow>,
    /// What the rows mean together.
    pub conclusion: Conclusion,
}

/// How far one road goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RoadRow {
    /// The road.
    pub road: Road,
    /// A server answers.
    pub connect: Word,
    /// TLS begins, with a valid certificate.
    pub tls: Word,
    /// The token is for the API of this road.
    pub audience: Word,
    /// It carries the right for this road.
    pub role: Word,
    /// The server takes it.
    pub login: Word,
    /// The mailbox opens.
    pub mailbox: Word,
}

/// What the differences between the roads mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Conclusion {
    /// A sentence or some.
    pub text: String,
    /// The cause of the first of them.
    pub cause: Option<&'static str>,
    /// Roads on which nothing failed, though something may be unproven.
    pub open: Vec<Road>,
    /// Roads that end before the mailbox.
    pub shut: Vec<Road>,
}

/// The stages of a road, each with the checks that speak for it.
struct Stages {
    road: Road,
    connect: &'static [&'static str],
    tls: &'static [&'static str],
    login: &'static [&'static str],
    mailbox: &'static [&'static str],
}

/// Which check speaks for which stage of which road: the one table. Audience and role are the same checks everywhere.
/// HTTPS begins with one request, which speaks for the connection and for TLS.
const STAGES: &[Stages] = &[
    Stages {
        road: Road::Smtp,
        connect: &["smtp.reach", "smtp.greeting"],
        tls: &["smtp.starttls", "smtp.certificate"],
        login: &["smtp.xoauth2", "smtp.login"],
        mailbox: &["smtp.sender"],
    },
    Stages {
        road: Road::Graph,
        connect: &["graph.reach"],
        tls: &["graph.reach"],
        login: &["graph.token-accepted"],
        mailbox: &["graph.mailbox"],
    },
    Stages {
        road: Road::Ews,
        connect: &["ews.reach"],
        tls: &["ews.reach"],
        login: &["ews.token-accepted"],
        mailbox: &["ews.mailbox"],
    },
    Stages {
        road: Road::Imap,
        connect: &["imap.reach"],
        tls: &["imap.certificate"],
        login: &["imap.greeting", "imap.xoauth2", "imap.login"],
        mailbox: &["imap.mailbox"],
    },
    Stages {
        road: Road::Pop,
        connect: &["pop.reach"],
        tls: &["pop.certificate"],
        login: &["pop.greeting", "pop.xoauth2", "pop.login"],
        mailbox: &["pop.mailbox"],
    },
    Stages {
        road: Road::Hve,
        connect: &["smtp.reach", "smtp.greeting"],
        tls: &["smtp.starttls", "smtp.certificate"],
        login: &["smtp.xoauth2", "smtp.login"],
        mailbox: &["smtp.sender"],
    },
];

/// Checks of the token that every road hangs on before its audience is looked at.
const OF_TOKEN: [&str; 5] = ["token.issued", "token.tenant", "token.lifetime", "token.audience", "token.user"];

/// The table of a run, and what it means.
pub fn of(roads: &[Road], findings: &[Finding]) -> SideBySide {
    let rows: Vec<(RoadRow, Option<&Finding>)> = roads
        .iter()
        .filter_map(|road| STAGES.iter().find(|stages| stages.road == *road))
        .map(|stages| (row(stages, findings), failure(stages, findings)))
        .collect();
    let conclusion = sentences::conclusion(&rows);
    SideBySide { table: rows.into_iter().map(|(row, _)| row).collect(), conclusion }
}

fn row(stages: &Stages, findings: &[Finding]) -> RoadRow {
    let cell = |checks: &[&str]| cell(stages.road, checks, findings);
    RoadRow {
        road: stages.road,
        connect: cell(stages.connect),
        tls: cell(stages.tls),
        audience: cell(&["token.audience"]),
        role: cell(&["token.role"]),
        login: cell(stages.login),
        mailbox: cell(stages.mailbox),
    }
}

/// The worst of the findings that speak for a stage; where none does, nothing was observed.
fn cell(road: Road, checks: &[&str], findings: &[Finding]) -> Word {
    let of_stage = findings.iter().filter(|finding| speaks(finding, road) && checks.contains(&finding.check.id));
    of_stage.map(|finding| word(&finding.outcome)).max_by_key(|word| weight(*word)).unwrap_or(Word::NotObserved)
}

fn speaks(finding: &Finding, road: Road) -> bool {
    finding.road.is_none_or(|of| of == road)
}

fn word(outcome: &Outcome) -> Word {
    match outcome {
        Outcome::Judged(Verdict::Pass(_)) => Word::Pass,
        Outcome::Judged(Verdict::Warn(_)) => Word::Warn,
        Outcome::Judged(Verdict::Fail(_)) => Word::Fail,
        Outcome::Judged(Verdict::Unproven(_)) => Word::Unproven,
        Outcome::Skipped(_) => Word::Skipped,
        Outcome::NotObserved(_) => Word::NotObserved,
    }
}

fn weight(word: Word) -> u8 {
    match word {
        Word::Pass => 0,
        Word::Warn => 1,
        Word::NotObserved => 2,
        Word::Unproven => 3,
        Word::Skipped => 4,
        Word::Fail => 5,
    }
}

/// The first failure that ends a road: of its own stages, or of the token that it would use. A road whose last stage was
/// skipped ends at whatever check made it so.
fn failure<'a>(stages: &Stages, findings: &'a [Finding]) -> Option<&'a Finding> {
    let own = [stages.connect, stages.tls, &OF_TOKEN, &["token.role"], stages.login, stages.mailbox].concat();
    let of_road = || findings.iter().filter(|finding| speaks(finding, stages.road));
    let failed = own.iter().find_map(|id| of_road().find(|finding| finding.check.id == *id && finding.failed()));
    failed.or_else(|| {
        let root =
            of_road().filter(|finding| own.contains(&finding.check.id)).find_map(|finding| match finding.outcome {
                Outcome::Skipped(root) => Some(root),
                _ => None,
            })?;
        findings.iter().find(|finding| finding.check.id == root && finding.failed())
    })
}

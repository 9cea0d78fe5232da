//! The roads of a run, and what each one's probe is told from the set-up.

use super::{Run, port25};
use crate::cloud::HostPort;
use crate::facts::{EwsFacts, Facts, GraphFacts, MailboxFacts, MailboxStage, SmtpFacts};
use crate::message::ProbeMail;
use crate::plan::Step;
use crate::probes::{self, MailboxJob, WebJob};
use crate::road::Road;
use crate::setup::Setup;

/// Every road of the plan at once.
pub(super) async fn all(run: &Run<'_>) -> Facts {
    let (smtp, hve, relay, direct, dry, imap, pop, graph, ews) = tokio::join!(
        smtp(run, Road::Smtp),
        smtp(run, Road::Hve),
        smtp(run, Road::Relay),
        smtp(run, Road::Direct),
        port25::dry_run(run),
        imap(run),
        pop(run),
        graph(run),
        ews(run)
    );
    Facts { smtp, hve, relay: relay.or(dry), direct, imap, pop, graph, ews, ..Facts::default() }
}

/// The dialogue of an SMTP road.
async fn smtp(run: &Run<'_>, road: Road) -> Option<SmtpFacts> {
    let found = run.plan.steps.iter().find_map(|step| match step {
        Step::Smtp { road: of, mail, stop_after } if *of == road => Some((step, mail, stop_after)),
        _ => None,
    });
    let (step, mail, stop_after) = found?;
    Some(run.watch(step, Box::pin(port25::talk(run, road, mail.clone(), *stop_after))).await)
}

async fn imap(run: &Run<'_>) -> Option<MailboxFacts> {
    let found = run.plan.steps.iter().find_map(|step| match step {
        Step::Imap { stop_after } => Some((step, stop_after)),
        _ => None,
    });
    let (step, stop_after) = found?;
    let job = mailbox_job(run.setup, &run.setup.cloud.imap, *stop_after);
    Some(run.watch(step, Box::pin(probes::imap(&job, run.token_for(Road::Imap)))).await)
}

async fn pop(run: &Run<'_>) -> Option<MailboxFacts> {
    let found = run.plan.steps.iter().find_map(|step| match step {
        Step::Pop { stop_after } => Some((step, stop_after)),
        _ => None,
    });
    let (step, stop_after) = found?;
    let job = mailbox_job(run.setup, &run.setup.cloud.pop, *stop_after);
    Some(run.watch(step, Box::pin(probes::pop(&job, run.token_for(Road::Pop)))).await)
}

async fn graph(run: &Run<'_>) -> Option<GraphFacts> {
    let found = run.plan.steps.iter().find_map(|step| match step {
        Step::Graph { mail, kept } => Some((step, mail, kept)),
        _ => None,
    });
    let (step, mail, kept) = found?;
    let job = web_job(run.setup, mail.clone(), kept.clone());
    let talk = probes::graph(&job, run.setup.mime, &run.client, run.token_for(Road::Graph));
    Some(run.watch(step, Box::pin(talk)).await)
}

async fn ews(run: &Run<'_>) -> Option<EwsFacts> {
    let found = run.plan.steps.iter().find_map(|step| match step {
        Step::Ews { mail, kept, open } => Some((step, mail, kept, open)),
        _ => None,
    });
    let (step, mail, kept, open) = found?;
    let job = web_job(run.setup, mail.clone(), kept.clone());
    let talk = probes::ews(&job, *open, &run.client, run.token_for(Road::Ews));
    Some(run.watch(step, Box::pin(talk)).await)
}

/// What a request over HTTPS is told that sends or opens a mailbox.
fn web_job(setup: &Setup, mail: Option<ProbeMail>, kept: String) -> WebJob {
    let mailbox = setup.mailbox.clone().unwrap_or_default();
    WebJob {
        cloud: setup.cloud.clone(),
        proxy: setup.proxy.clone(),
        from: setup.from.clone().filter(|from| !from.eq_ignore_ascii_case(&mailbox)),
        to: setup.to.clone().unwrap_or_default(),
        mailbox,
        mail,
        kept,
        timeout: setup.timeout,
        mask: setup.mask.clone(),
    }
}

fn mailbox_job(setup: &Setup, server: &HostPort, stop_after: Option<MailboxStage>) -> MailboxJob {
    MailboxJob {
        server: server.clone(),
        trust: setup.cloud.trust.clone(),
        proxy: setup.proxy.clone(),
        user: setup.mailbox.clone().unwrap_or_default(),
        stop_after,
        timeout: setup.timeout,
        mask: setup.mask.clone(),
    }
}

//! Finding the probe again, after the roads have come to their ends.

use std::time::Duration;

use super::Run;
use crate::access::{self, Access};
use crate::facts::{Accepted, ConfirmFacts, Facts, ReaderRight};
use crate::plan::{self, Step};
use crate::probes::{self, ConfirmJob};
use crate::reader::Reader;
use crate::setup::Setup;

/// However short the wait, a look must have the time to be one.
const SHORTEST_LOOK: Duration = Duration::from_secs(10);

/// Looks for the probe that may have left; where none did, the facts say why nobody looks.
pub(super) async fn confirm(run: &Run<'_>, facts: &Facts) -> Option<ConfirmFacts> {
    let (setup, plan) = (run.setup, run.plan);
    let wanted = setup.confirm.as_ref()?;
    let mut found = ConfirmFacts { named: wanted.via.is_some(), ..ConfirmFacts::default() };
    let planned = plan.steps.iter().find_map(|step| match step {
        Step::Confirm { mailbox, folders, token } => Some((step, mailbox, folders, token)),
        _ => None,
    });
    let Some((step, mailbox, folders, mark)) = planned else {
        // Another sub-command has nothing to do with a word of the profile.
        plan.left_out.iter().find(|left| left.what == plan::FINDING)?;
        found.skipped = Some("no probe mail leaves on this run".to_owned());
        return Some(found);
    };
    found.mailbox.clone_from(mailbox);
    found.folders.clone_from(folders);
    found.token.clone_from(mark);
    found.within_ms = u64::try_from(wanted.within.as_millis()).unwrap_or(u64::MAX);
    if facts.probe().is_none_or(|message| message.accepted == Accepted::No) {
        found.skipped = Some("no probe mail left, so there is none to be found".to_owned());
        return Some(found);
    }
    found.rights = rights(setup, facts);
    found.via = wanted.via.or_else(|| reader(&found.rights));
    let Some(via) = found.via else { return Some(found) };
    let Some(token) = run.token_of(via.wants().resource).await else { return Some(found) };
    let job = ConfirmJob {
        cloud: setup.cloud.clone(),
        proxy: setup.proxy.clone(),
        mailbox: mailbox.clone(),
        folders: folders.clone(),
        token: mark.clone(),
        within: wanted.within,
        timeout: setup.timeout.min(wanted.within.max(SHORTEST_LOOK)),
        mask: setup.mask.clone(),
    };
    run.watch(step, probes::confirm(&job, via, &token, &mut found)).await;
    Some(found)
}

/// What the tokens are worth for each reader.
fn rights(setup: &Setup, facts: &Facts) -> Vec<ReaderRight> {
    let cloud = setup.cloud.facts();
    let right = |via: Reader| {
        let token = facts.token_for(via.wants().resource).filter(|token| token.form.is_some())?;
        Some(ReaderRight { via, access: access::to_read(token, &cloud, via) })
    };
    Reader::ALL.into_iter().filter_map(right).collect()
}

/// The reader that the token opens; else one that a grant in Exchange, which no token shows, may open.
fn reader(rights: &[ReaderRight]) -> Option<Reader> {
    let first = |wanted: fn(&Access) -> bool| rights.iter().find(|right| wanted(&right.access)).map(|right| right.via);
    first(|access| matches!(access, Access::Yes(_))).or_else(|| first(|access| matches!(access, Access::Unproven(_))))
}

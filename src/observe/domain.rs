//! The records of one domain: a step of a run, or one domain of a list.

use std::sync::Arc;

use jiff::Timestamp;

use crate::facts::{DnsFacts, FORMAT, Facts, SetupFacts, Visit};
use crate::probes::{self, Questions, Without};
use crate::setup::Setup;

/// Looks a domain up, with answers that others may share.
pub(super) async fn records(
    setup: &Setup,
    domain: &str,
    questions: &Arc<Questions>,
    without: Without,
    now: Timestamp,
) -> DnsFacts {
    let job = probes::DomainJob {
        cloud: &setup.cloud,
        domain,
        asked: setup.asked.as_ref(),
        selectors: &setup.selectors,
        limit: setup.timeout,
        proxy: setup.proxy.as_ref(),
        mask: &setup.mask,
        now: now.as_second(),
        questions,
        without,
    };
    Box::pin(probes::dns_domain(job)).await
}

/// A visit to one domain of a list, for the checks of `check-dns`. Of the set-up it has the cloud alone: the profile's own
/// sender has nothing to do with the domains of a list.
pub(crate) async fn visit(setup: &Setup, domain: &str, questions: &Arc<Questions>, without: Without) -> Visit {
    let now = Timestamp::now();
    let dns = Box::pin(records(setup, domain, questions, without, now)).await;
    let setup = SetupFacts { cloud: setup.cloud.facts(), domain: Some(domain.to_owned()), ..SetupFacts::default() };
    let facts = Facts { observed_at: now, dns: Some(dns), ..Facts::default() };
    Visit { format: FORMAT, command: "check-dns".to_owned(), setup, facts }
}

//! The sender policy, walked and evaluated.

use std::net::{IpAddr, Ipv4Addr};

use super::DomainJob;
use super::resolver::Resolver;
use crate::cloud::Cloud;
use crate::facts::SpfFacts;
use crate::spf::{self, Evaluation};

impl Resolver {
    /// The record walked whole, and evaluated for an address of Microsoft 365's own, whether Microsoft may send for the
    /// domain being what the evaluation says, not what the text looks like; and for the host that the user asked about.
    pub(super) async fn sender_policy(&self, job: &DomainJob<'_>) -> SpfFacts {
        let (mut audit, microsoft, asked) =
            tokio::join!(spf::audit(job.domain, self), self.microsoft(job), self.asked(job));
        shorten(&mut audit.terms, &mut audit.terms_left_out);
        let mut facts = SpfFacts { audit: Some(audit), asked: job.asked.cloned(), ..SpfFacts::default() };
        match microsoft {
            Err(why) => facts.not_evaluated = Some(why),
            Ok((ip, evaluation)) => {
                facts.microsoft = Some(evaluation);
                facts.microsoft_address = Some(format!("{ip}, from the record of {}", job.cloud.spf_include));
            }
        }
        facts.evaluation = if job.asked.is_some() { asked } else { facts.microsoft.take() };
        facts
    }

    async fn microsoft(&self, job: &DomainJob<'_>) -> Result<(IpAddr, Evaluation), String> {
        let ip = self.microsoft_address(job.cloud).await?;
        let mail_from = format!("postmaster@{}", job.domain);
        Ok((ip, self.evaluated(ip, mail_from, job.domain.to_owned(), job.now).await))
    }

    async fn asked(&self, job: &DomainJob<'_>) -> Option<Evaluation> {
        let asked = job.asked?;
        let ip = asked.ip.parse().ok()?;
        Some(self.evaluated(ip, asked.mail_from.clone(), asked.helo.clone(), job.now).await)
    }

    async fn evaluated(&self, ip: IpAddr, mail_from: String, helo: String, now: i64) -> Evaluation {
        let query = spf::Query { ip, mail_from, helo, receiver: None, now };
        let mut evaluation = spf::evaluate(&query, self).await;
        shorten(&mut evaluation.trace, &mut evaluation.trace_left_out);
        evaluation
    }

    /// The first `ip4` of the record that Microsoft publishes for senders to include.
    async fn microsoft_address(&self, cloud: &Cloud) -> Result<IpAddr, String> {
        let (ended, texts) = self.texts(&cloud.spf_include).await;
        let network = texts
            .iter()
            .filter(|text| text.to_lowercase().starts_with("v=spf1 "))
            .flat_map(|text| text.split_whitespace())
            .find_map(|term| term.strip_prefix("ip4:")?.split('/').next()?.parse::<Ipv4Addr>().ok());
        let missing = || format!("no address of Microsoft 365 could be learnt from {}: {ended}", cloud.spf_include);
        network.map(IpAddr::V4).ok_or_else(missing)
    }
}

/// Terms of a policy that a report keeps; an honest one has some tens.
const MOST_TERMS: usize = 200;

pub(super) fn shorten<T>(terms: &mut Vec<T>, left_out: &mut u32) {
    let over = terms.len().saturating_sub(MOST_TERMS);
    terms.truncate(MOST_TERMS);
    *left_out = left_out.saturating_add(u32::try_from(over).unwrap_or(u32::MAX));
}

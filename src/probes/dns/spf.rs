//! The sender policy, walked and evaluated.

use std::net::{IpAddr, Ipv4Addr};

use super::resolver::Resolver;
use crate::cloud::Cloud;
use crate::facts::SpfFacts;
use crate::spf;

impl Resolver {
    /// The record walked whole, and evaluated for an address of Microsoft 365's own: whether Microsoft may send for
    /// the domain is what the evaluation says, not what the text looks like.
    pub(super) async fn sender_policy(&self, cloud: &Cloud, domain: &str, now: i64) -> SpfFacts {
        let (mut audit, address) = tokio::join!(spf::audit(domain, self), self.microsoft_address(cloud));
        shorten(&mut audit.terms, &mut audit.terms_left_out);
        let mut facts = SpfFacts { audit: Some(audit), ..SpfFacts::default() };
        match address {
            Err(why) => facts.not_evaluated = Some(why),
            Ok(ip) => {
                let mail_from = format!("postmaster@{domain}");
                let query = spf::Query { ip, mail_from, helo: domain.to_owned(), receiver: None, now };
                let mut evaluation = spf::evaluate(&query, self).await;
                shorten(&mut evaluation.trace, &mut evaluation.trace_left_out);
                facts.evaluation = Some(evaluation);
                facts.microsoft_address = Some(format!("{ip}, from the record of {}", cloud.spf_include));
            }
        }
        facts
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

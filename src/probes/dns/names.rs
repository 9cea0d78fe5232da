//! Names by which clients and the tenant find each other.

use super::resolver::Resolver;
use crate::cloud::Cloud;
use crate::facts::AutodiscoverFacts;

/// A tenant leaves one verification record behind for each time that it verified the domain.
const MOST_VERIFICATIONS: usize = 10;
/// `MS=ms` and eight digits is usual.
const LONGEST_VERIFICATION: usize = 60;

impl Resolver {
    pub(super) async fn autodiscover(&self, cloud: &Cloud, domain: &str) -> AutodiscoverFacts {
        let (lookup, target) = self.alias(&format!("autodiscover.{domain}")).await;
        let cloud = target.as_deref().and_then(|target| cloud.with_autodiscover(target));
        AutodiscoverFacts { lookup, target, cloud }
    }

    /// The texts `MS=…` of the domain.
    pub(super) async fn verification(&self, domain: &str) -> Vec<String> {
        let (_, texts) = self.texts(domain).await;
        let own = texts.into_iter().filter(|text| text.len() <= LONGEST_VERIFICATION);
        own.filter(|text| text.to_lowercase().starts_with("ms=")).take(MOST_VERIFICATIONS).collect()
    }
}

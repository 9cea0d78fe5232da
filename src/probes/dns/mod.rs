//! Look-ups in the Domain Name System, each with how it ended.

mod authoritative;
mod cache;
mod dkim;
mod dmarc;
mod egress;
mod mx;
mod names;
mod questions;
mod resolver;
mod spf;
mod spread;
mod transport;
mod wire;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

pub use self::egress::{EgressJob, look as egress};
pub use self::questions::Questions;
pub(crate) use self::resolver::Resolver;
use crate::cloud::Cloud;
use crate::facts::{DnsFacts, SmartHostFacts, SpfQuestion};
use crate::setup::secret::Mask;
use crate::spf::Lookup as _;

/// What is to be looked up.
#[derive(Clone, Copy)]
pub struct DomainJob<'a> {
    /// Whose names and suffixes count.
    pub cloud: &'a Cloud,
    /// The domain.
    pub domain: &'a str,
    /// Whom its sender policy is asked about, besides Microsoft 365.
    pub asked: Option<&'a SpfQuestion>,
    /// Selectors beside those of Microsoft 365.
    pub selectors: &'a [String],
    /// The longest that the look-ups may take.
    pub limit: Duration,
    /// For the policy of MTA-STS.
    pub proxy: Option<&'a Url>,
    /// Keeps the secrets of the run out of what is kept of that answer.
    pub mask: &'a Mask,
    /// Seconds since 1970, for the macro `t` of SPF.
    pub now: i64,
    /// Whom to ask, and what was answered already.
    pub questions: &'a Arc<Questions>,
    /// What is not asked.
    pub without: Without,
}

/// What is left out of a look at a domain: all that is not asked of the resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct Without {
    /// The policy of MTA-STS, over HTTPS.
    pub policies: bool,
    /// The domain's own name servers.
    pub name_servers: bool,
}

/// Everything about one domain, its look-ups side by side.
pub async fn domain(job: DomainJob<'_>) -> DnsFacts {
    let DomainJob { cloud, domain, .. } = job;
    let resolver = Resolver::sharing(job.questions.clone(), job.limit);
    let mail = async {
        let (lookup, hosts) = resolver.mail_hosts(domain).await;
        let (mx, dane) = tokio::join!(resolver.exchangers(cloud, &hosts), resolver.dane(&hosts));
        (lookup, mx, dane)
    };
    let (mail, dmarc, spf, dkim, mta_sts, tls_reports, autodiscover, verification, validating, propagation) = tokio::join!(
        mail,
        resolver.dmarc(domain, resolver.exists(domain)),
        resolver.sender_policy(&job),
        resolver.dkim(cloud, domain, job.selectors),
        resolver.mta_sts(&job),
        resolver.tls_reports(domain),
        resolver.autodiscover(cloud, domain),
        resolver.verification(domain),
        resolver.validates(),
        resolver.propagation(&job),
    );
    let (mx_lookup, mx, dane) = mail;
    DnsFacts {
        domain: domain.to_owned(),
        resolver: resolver.label().to_owned(),
        mx_lookup,
        mx,
        spf,
        dkim: Some(dkim),
        mta_sts: Some(mta_sts),
        tls_reports: Some(tls_reports),
        dane: Some(dane),
        validating: Some(validating),
        autodiscover: Some(autodiscover),
        verification,
        propagation,
        ..dmarc
    }
}

/// A mail exchanger of the cloud's own, and how it was found.
pub struct SmartHost {
    /// The first by preference; none where the domain has none of the cloud's own.
    pub host: Option<String>,
    /// Its addresses, as the resolver of the run says.
    pub addresses: Vec<IpAddr>,
    /// What was seen on the way.
    pub facts: SmartHostFacts,
}

/// The mail exchanger of a domain that belongs to the cloud: read from MX, never composed (Microsoft hands out names that
/// can not be computed).
pub async fn smart_host(cloud: &Cloud, domain: &str, limit: Duration) -> SmartHost {
    let resolver = Resolver::of(cloud, limit);
    let (lookup, hosts) = resolver.mail_hosts(domain).await;
    let exchangers = resolver.exchangers(cloud, &hosts).await;
    let others = exchangers.iter().filter(|mx| !mx.microsoft).map(|mx| mx.host.clone()).collect();
    let facts = SmartHostFacts { source: format!("the MX record of {domain}"), lookup, others };
    let own = exchangers.into_iter().find(|mx| mx.microsoft);
    let addresses = own.iter().flat_map(|mx| &mx.addresses).filter_map(|ip| ip.parse().ok()).collect();
    SmartHost { host: own.map(|mx| mx.host), addresses, facts }
}

/// The addresses of a name, as the resolver of the run says.
pub async fn addresses(cloud: &Cloud, host: &str, limit: Duration) -> Vec<IpAddr> {
    let resolver = Resolver::of(cloud, limit);
    let (a, aaaa) = tokio::join!(resolver.a(host), resolver.aaaa(host));
    let a = a.into_iter().flatten().map(IpAddr::V4);
    a.chain(aaaa.into_iter().flatten().map(IpAddr::V6)).collect()
}

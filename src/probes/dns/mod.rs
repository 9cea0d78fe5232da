//! Look-ups in the Domain Name System, each with how it ended.

mod resolver;
mod spf;

use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::rr::RecordType;

pub(crate) use self::resolver::Resolver;
use self::resolver::exchanger;
use crate::cloud::Cloud;
use crate::facts::{DnsFacts, LookupFacts, MxFact, SmartHostFacts};
use crate::spf::Lookup as _;

/// Everything about one domain, its look-ups side by side.
pub async fn domain(cloud: &Cloud, domain: &str, limit: Duration, now: i64) -> DnsFacts {
    let resolver = Resolver::of(cloud, limit);
    let mut facts = DnsFacts { domain: domain.to_owned(), resolver: resolver.label.clone(), ..DnsFacts::default() };
    let dmarc = format!("_dmarc.{domain}");
    let (mx, dmarc, spf) = tokio::join!(
        resolver.exchangers(cloud, domain),
        resolver.texts(&dmarc),
        resolver.sender_policy(cloud, domain, now)
    );
    (facts.mx_lookup, facts.mx) = mx;
    let (lookup, texts) = dmarc;
    facts.dmarc_lookup = lookup;
    // RFC 9989 section 4.7: what does not begin with the version is no DMARC record.
    facts.dmarc = texts.into_iter().filter(|text| text.trim_start().to_lowercase().starts_with("v=dmarc1")).collect();
    facts.spf = spf;
    facts
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
    let (lookup, exchangers) = resolver.exchangers(cloud, domain).await;
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

impl Resolver {
    async fn exchangers(&self, cloud: &Cloud, domain: &str) -> (LookupFacts, Vec<MxFact>) {
        let answer = self.ask(domain, RecordType::MX).await;
        let mut found: Vec<(u16, String)> = answer.records.into_iter().filter_map(exchanger).collect();
        found.sort();
        found.truncate(20);
        let mut exchangers = Vec::new();
        for (preference, host) in found {
            let (a, aaaa) = tokio::join!(self.a(&host), self.aaaa(&host));
            let mut addresses: Vec<String> = a.into_iter().flatten().map(|ip| ip.to_string()).collect();
            addresses.extend(aaaa.into_iter().flatten().map(|ip| ip.to_string()));
            let microsoft = cloud.owns_mx(&host);
            exchangers.push(MxFact { preference, host, addresses, microsoft });
        }
        (answer.ended, exchangers)
    }
}

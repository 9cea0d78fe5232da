//! Where mail for the domain goes, and what its exchangers announce of their certificates.

use hickory_proto::rr::{RData, RecordType};

use super::resolver::{Resolver, exchanger, together};
use crate::cloud::Cloud;
use crate::facts::{DaneFact, LookupFacts, MxFact, TlsaFact};
use crate::spf::Lookup as _;

/// Exchangers that are looked at; an honest domain has up to ten.
const MOST_EXCHANGERS: usize = 20;
/// TLSA records of one host that are kept; a change of certificate needs two to four.
const MOST_TLSA: usize = 10;

impl Resolver {
    /// The exchangers of a domain, by preference.
    pub(super) async fn mail_hosts(&self, domain: &str) -> (LookupFacts, Vec<(u16, String)>) {
        let answer = self.ask(domain, RecordType::MX).await;
        let mut found: Vec<(u16, String)> = answer.records.into_iter().filter_map(exchanger).collect();
        found.sort();
        found.truncate(MOST_EXCHANGERS);
        (answer.ended, found)
    }

    /// What is to be known of exchangers.
    pub(super) async fn exchangers(&self, cloud: &Cloud, hosts: &[(u16, String)]) -> Vec<MxFact> {
        let one = async |(preference, host): &(u16, String)| {
            let (a, aaaa) = tokio::join!(self.ask(host, RecordType::A), self.aaaa(host));
            let v4 =
                a.records.iter().filter_map(|data| if let RData::A(a) = data { Some(a.0.to_string()) } else { None });
            let mut addresses: Vec<String> = v4.collect();
            addresses.extend(aaaa.into_iter().flatten().map(|ip| ip.to_string()));
            MxFact {
                preference: *preference,
                host: host.clone(),
                addresses,
                microsoft: cloud.owns_mx(host),
                alias: a.aliases.into_iter().next(),
                other_cloud: cloud.other_with_mx(host).map(str::to_owned),
            }
        };
        together(hosts.iter().map(one)).await
    }

    /// The TLSA records of exchangers (RFC 7672 section 2.2.3).
    pub(super) async fn dane(&self, hosts: &[(u16, String)]) -> Vec<DaneFact> {
        let named = |host: &&String| !host.is_empty() && host.parse::<std::net::IpAddr>().is_err();
        let one = async |host: &String| {
            let answer = self.ask(&format!("_25._tcp.{host}"), RecordType::TLSA).await;
            let records = answer.records.into_iter().filter_map(tlsa).take(MOST_TLSA).collect();
            DaneFact { host: host.clone(), lookup: answer.ended, records, authentic: answer.authentic }
        };
        together(hosts.iter().map(|(_, host)| host).filter(named).map(one)).await
    }

    /// Whether the resolver says of the root, which is signed, that it has validated it.
    pub(super) async fn validates(&self) -> bool {
        self.ask_root().await.authentic
    }
}

fn tlsa(data: RData) -> Option<TlsaFact> {
    let RData::TLSA(tlsa) = data else { return None };
    let (usage, selector, matching) = (tlsa.cert_usage.into(), tlsa.selector.into(), tlsa.matching.into());
    Some(TlsaFact { usage, selector, matching, octets: tlsa.cert_data.len() })
}

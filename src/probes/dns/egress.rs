//! What the DNS says of the address that we send from: the sender's policy for it, and its names.

use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::rr::{Name, RData, RecordType};

use super::resolver::{Resolver, plain, together};
use super::spf::shorten;
use crate::cloud::Cloud;
use crate::facts::{EgressFacts, LookupFacts, ReverseName};
use crate::spf::{self, Lookup as _, LookupFailure};

/// Names of one address that are looked at, as SPF does (RFC 7208 section 4.6.4).
const MOST_NAMES: usize = 10;

/// What is to be looked up.
pub struct EgressJob<'a> {
    /// Whose resolver is asked.
    pub cloud: &'a Cloud,
    /// MAIL FROM.
    pub mail_from: &'a str,
    /// The name said in EHLO.
    pub helo: &'a str,
    /// The longest that the look-ups may take.
    pub limit: Duration,
    /// Seconds since 1970, for the macro `t` of SPF.
    pub now: i64,
}

/// Looks up what belongs to the address that was seen.
pub async fn look(job: &EgressJob<'_>, seen: EgressFacts) -> EgressFacts {
    let Ok(ip) = seen.address.parse::<IpAddr>() else { return seen };
    let resolver = Resolver::of(job.cloud, job.limit);
    let query =
        spf::Query { ip, mail_from: job.mail_from.to_owned(), helo: job.helo.to_owned(), receiver: None, now: job.now };
    let (mut policy, (reverse_lookup, reverse)) =
        tokio::join!(Box::pin(spf::evaluate(&query, &resolver)), resolver.names_of(ip));
    shorten(&mut policy.trace, &mut policy.trace_left_out);
    EgressFacts { spf: Some(policy), reverse_lookup, reverse, ..seen }
}

impl Resolver {
    /// The names of an address, each with its own addresses.
    async fn names_of(&self, ip: IpAddr) -> (LookupFacts, Vec<ReverseName>) {
        let found = self.ask(&Name::from(ip).to_ascii(), RecordType::PTR).await;
        let name = |data| if let RData::PTR(target) = data { Some(plain(&target.0)) } else { None };
        let names: Vec<String> = found.records.into_iter().filter_map(name).take(MOST_NAMES).collect();
        (found.ended, together(names.iter().map(|name| self.forward(ip, name))).await)
    }

    /// The addresses of a name, of the family of the one that led to it.
    async fn forward(&self, ip: IpAddr, name: &str) -> ReverseName {
        let found = match ip {
            IpAddr::V4(_) => self.a(name).await.map(|all| all.into_iter().map(IpAddr::V4).collect::<Vec<_>>()),
            IpAddr::V6(_) => self.aaaa(name).await.map(|all| all.into_iter().map(IpAddr::V6).collect()),
        };
        let (lookup, addresses) = match found {
            Ok(all) if all.is_empty() => (LookupFacts::NoSuchType, all),
            Ok(all) => (LookupFacts::Found, all),
            Err(LookupFailure::NoSuchName) => (LookupFacts::NoSuchName, Vec::new()),
            Err(LookupFailure::Temporary(words)) => (LookupFacts::Failed(words), Vec::new()),
        };
        let addresses = addresses.into_iter().take(MOST_NAMES).map(|ip| ip.to_string()).collect();
        ReverseName { name: name.to_owned(), lookup, addresses }
    }
}

//! The message under test: what its envelope says, in the parts that SPF asks for.

use std::{fmt::Write as _, net::IpAddr};

use super::{Query, domain};

/// The arguments of `check_host()` after the initial processing (RFC 7208 sections 2.4 and 4.3).
pub(super) struct Message<'a> {
    pub(super) ip: IpAddr,
    pub(super) local_part: &'a str,
    pub(super) domain: &'a str,
    pub(super) helo: &'a str,
    pub(super) receiver: &'a str,
    pub(super) now: i64,
}

impl<'a> Message<'a> {
    pub(super) fn new(query: &'a Query) -> Self {
        let helo = query.helo.strip_suffix('.').unwrap_or(&query.helo);
        let sender = if query.mail_from.is_empty() { helo } else { &query.mail_from };
        let (local_part, domain) = sender.rsplit_once('@').unwrap_or(("", sender));
        Self {
            ip: query.ip.to_canonical(),
            local_part: if local_part.is_empty() { "postmaster" } else { local_part },
            domain: domain.strip_suffix('.').unwrap_or(domain),
            helo,
            receiver: query.receiver.as_deref().unwrap_or("unknown"),
            now: query.now,
        }
    }

    /// The address in the form that reads well behind `%{i}` (RFC 7208 section 7.3): dotted quad,
    /// or one nibble a label.
    pub(super) fn dotted_ip(&self) -> String {
        match self.ip {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => {
                let mut text = String::with_capacity(63);
                for octet in ip.octets() {
                    let separator = if text.is_empty() { "" } else { "." };
                    // Writing to a String never fails.
                    let _ = write!(text, "{separator}{:X}.{:X}", octet >> 4, octet & 15);
                }
                text
            }
        }
    }

    /// The word of `%{v}` (RFC 7208 section 7.2).
    pub(super) fn reverse_zone(&self) -> &'static str {
        if self.ip.is_ipv4() { "in-addr" } else { "ip6" }
    }

    /// The name for `%{p}` out of the validated names of the address: the domain itself, else a
    /// name below it, else any (RFC 7208 section 7.3).
    pub(super) fn best_name<'n>(validated: &'n [String], domain: &str) -> &'n str {
        let same = validated.iter().find(|name| name.eq_ignore_ascii_case(domain));
        let below = || validated.iter().find(|name| domain::is_within(name, domain));
        same.or_else(below).or(validated.first()).map_or("unknown", String::as_str)
    }
}

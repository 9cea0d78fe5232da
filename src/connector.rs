//! What an inbound connector knows a host by: its address, or the name in its certificate (Microsoft Learn,
//! "New-InboundConnector": `SenderIPAddresses` and `TlsSenderCertificateName`).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// The widest range that a connector takes.
const WIDEST: u32 = 24;

/// An IPv4 address, or a range of /24 to /32. Connectors know no IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    base: Ipv4Addr,
    length: u32,
}

impl Range {
    /// Reads `192.0.2.7` or `192.0.2.0/24`.
    ///
    /// # Errors
    /// Why a connector would not take it.
    pub fn parse(text: &str) -> Result<Range, &'static str> {
        let (base, length) = text.split_once('/').unwrap_or((text, "32"));
        let base = match base.parse() {
            Ok(IpAddr::V4(base)) => base,
            Ok(IpAddr::V6(_)) => return Err("connectors know IPv4 addresses alone"),
            Err(_) => return Err("it takes an IPv4 address, or a range such as 192.0.2.0/28"),
        };
        let length: u32 = length.parse().map_err(|_| "it takes an IPv4 address, or a range such as 192.0.2.0/28")?;
        if !(WIDEST..=32).contains(&length) {
            return Err("a connector takes ranges of /24 to /32");
        }
        Ok(Range { base, length })
    }

    /// Whether it is one of a network's own, which no service outside of it sees (RFC 1918).
    pub fn is_private(self) -> bool {
        self.base.is_private() || self.base.is_loopback()
    }

    /// Whether an address lies in it.
    pub fn holds(self, ip: IpAddr) -> bool {
        let IpAddr::V4(ip) = ip else { return false };
        let mask = u32::MAX << (32 - self.length);
        u32::from(self.base) & mask == u32::from(ip) & mask
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.length == 32 { self.base.fmt(f) } else { write!(f, "{}/{}", self.base, self.length) }
    }
}

/// Whether the name in a certificate is the one that a connector wants; `*.` in front stands for every name below.
pub fn certificate_fits(wanted: &str, name: &str) -> bool {
    let (wanted, name) = (wanted.to_lowercase(), name.to_lowercase());
    match wanted.strip_prefix('*') {
        Some(below) => name == wanted || name.ends_with(below),
        None => name == wanted || name.strip_prefix("*.") == wanted.split_once('.').map(|(_, parent)| parent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_its_addresses() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let range = |text: &str| Range::parse(text).unwrap();
        assert!(range("192.0.2.0/24").holds(ip("192.0.2.77")) && range("192.0.2.7").holds(ip("192.0.2.7")));
        assert!(!range("192.0.2.0/25").holds(ip("192.0.2.128")) && !range("192.0.2.7").holds(ip("192.0.2.8")));
        assert!(!range("192.0.2.7").holds(ip("2001:db8::1")) && !range("192.0.2.7").holds(ip("::ffff:192.0.2.7")));
        assert_eq!((range("192.0.2.7/32").to_string(), range("192.0.2.0/28").to_string()).1, "192.0.2.0/28");
        for bad in ["words", "192.0.2.0/23", "0.0.0.0/0", "192.0.2.0/33", "192.0.2.0/", "2001:db8::/64", "::1", ""] {
            assert!(Range::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_fits_those_it_stands_for() {
        assert!(certificate_fits("mail.contoso.test", "MAIL.contoso.test"));
        assert!(certificate_fits("*.contoso.test", "mail.contoso.test"));
        assert!(certificate_fits("mail.contoso.test", "*.contoso.test"));
        assert!(!certificate_fits("mail.contoso.test", "contoso.test"));
        assert!(!certificate_fits("*.contoso.test", "mycontoso.test"));
    }
}

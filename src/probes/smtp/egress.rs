//! The address that the server sees us come from, as its answer to EHLO shows it.

use std::net::{IpAddr, SocketAddr};

use crate::facts::{EgressFacts, Reply};

/// Exchange Online greets with `HOST Hello [203.0.113.7]` (microsoft-facts J.2). RFC 5321 section 4.1.3 writes
/// `IPv6:` before an address of that family; Exchange leaves it out.
pub(super) fn read(reply: &Reply, local: Option<SocketAddr>) -> Option<EgressFacts> {
    let (_, shown) = reply.lines.first()?.split_once(" Hello [")?;
    let (shown, _) = shown.split_once(']')?;
    let address: IpAddr = shown.strip_prefix("IPv6:").unwrap_or(shown).parse().ok()?;
    Some(EgressFacts {
        address: address.to_canonical().to_string(),
        local: local.map(|local| local.ip().to_canonical().to_string()),
        ..EgressFacts::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(line: &str) -> Option<String> {
        let reply = Reply { code: 250, lines: vec![line.to_owned(), "PIPELINING".to_owned()] };
        read(&reply, None).map(|egress| egress.address)
    }

    #[test]
    fn the_address_is_read_where_the_server_shows_one() {
        assert_eq!(seen("mail.outlook.test Hello [203.0.113.7]").as_deref(), Some("203.0.113.7"));
        assert_eq!(seen("mail.outlook.test Hello [::ffff:203.0.113.7]").as_deref(), Some("203.0.113.7"));
        assert_eq!(seen("mail.outlook.test Hello [IPv6:2001:DB8::7]").as_deref(), Some("2001:db8::7"));
        for other in ["mail.outlook.test", "mail Hello [", "mail Hello [relay]", "mail Hello relay [203.0.113.7]", ""] {
            assert_eq!(seen(other), None, "{other}");
        }
    }
}

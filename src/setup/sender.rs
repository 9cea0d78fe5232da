//! Whom the sender policy is asked about: an address, and what it says of itself.

use std::net::IpAddr;

use super::words::{Origins, Words};
use super::{InputError, lint, values};
use crate::facts::SpfQuestion;

/// The domain that an envelope sender is of; none for a bounce, and for what is no address.
pub(super) fn domain_of(words: &Words) -> Option<String> {
    let domain = words.mail_from.as_deref()?.trim().rsplit_once('@')?.1;
    Some(domain.trim_end_matches('>').to_owned())
}

/// The question, its domain being the one whose records are looked at.
///
/// # Errors
/// An address or a name that is none, or an envelope sender of another domain.
pub(super) fn question(
    words: &Words,
    origins: &Origins,
    domain: Option<&str>,
) -> Result<Option<SpfQuestion>, InputError> {
    let (Some(ip), Some(domain)) = (&words.ip, domain) else { return Ok(None) };
    let bad = |_| {
        let words = format!("is {}; it takes an address such as 192.0.2.10 or 2001:db8::10", lint::shown(ip));
        InputError::new(origins.of("ip"), words)
    };
    let ip: IpAddr = ip.trim().parse().map_err(bad)?;
    let helo = words.helo.as_deref().map(|name| values::helo(origins, name)).transpose()?;
    let mail_from = match words.mail_from.as_deref().map(|text| bare(text.trim())) {
        None => format!("postmaster@{domain}"),
        Some("") => return bounce(origins, ip, helo, domain).map(Some),
        Some(address) => lint::address(&origins.of("mail_from"), address)?,
    };
    let of = mail_from.rsplit_once('@').map_or("", |(_, of)| of);
    if !of.eq_ignore_ascii_case(domain) {
        let words = format!("is of {of}, and the records looked at are those of {domain}; name one domain");
        return Err(InputError::new(origins.of("mail_from"), words));
    }
    let helo = helo.unwrap_or_else(|| domain.to_owned());
    Ok(Some(SpfQuestion { ip: ip.to_string(), mail_from, helo }))
}

/// A bounce has no sender: the name in HELO is asked (RFC 7208 section 2.4).
fn bounce(origins: &Origins, ip: IpAddr, helo: Option<String>, domain: &str) -> Result<SpfQuestion, InputError> {
    let helo = helo.unwrap_or_else(|| domain.to_owned());
    if !helo.eq_ignore_ascii_case(domain) {
        let words = format!("is empty, so the name in HELO counts: {helo}; name that one as the domain");
        return Err(InputError::new(origins.of("mail_from"), words));
    }
    Ok(SpfQuestion { ip: ip.to_string(), mail_from: String::new(), helo })
}

/// Without the angle brackets of an envelope.
fn bare(text: &str) -> &str {
    text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text)
}

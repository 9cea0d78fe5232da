//! One mechanism of a record: from its text to its meaning (RFC 7208 section 5).

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use super::{macros::MacroString, result::Qualifier};

/// A mechanism with its sign (RFC 7208 section 4.6.1, `directive`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) qualifier: Qualifier,
    pub(super) mechanism: Mechanism,
    /// As published.
    pub(super) text: String,
}

/// The mechanisms (RFC 7208 section 5). Where the domain is absent, the current one is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mechanism {
    All,
    Include(MacroString),
    A(Option<MacroString>, Prefixes),
    Mx(Option<MacroString>, Prefixes),
    Ptr(Option<MacroString>),
    Network(IpAddr, u8),
    Exists(MacroString),
}

impl Mechanism {
    /// Whether it takes one of the ten look-ups (RFC 7208 section 4.6.4).
    pub(super) fn asks_dns(&self) -> bool {
        !matches!(self, Self::All | Self::Network(..))
    }

    /// The domain it names.
    pub(super) fn spec(&self) -> Option<&MacroString> {
        match self {
            Self::Include(spec) | Self::Exists(spec) => Some(spec),
            Self::A(spec, _) | Self::Mx(spec, _) | Self::Ptr(spec) => spec.as_ref(),
            Self::All | Self::Network(..) => None,
        }
    }
}

/// How many leading bits of an address count, for each family (RFC 7208 section 5,
/// `dual-cidr-length`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefixes {
    pub(super) v4: u8,
    pub(super) v6: u8,
}

impl Prefixes {
    /// Whether the address lies in the network around `center` (RFC 7208 section 5).
    pub(super) fn contain(self, center: IpAddr, ip: IpAddr) -> bool {
        in_network(ip, center, if ip.is_ipv4() { self.v4 } else { self.v6 })
    }
}

/// Whether `ip` agrees with `network` in the leading `length` bits; never across families.
pub(super) fn in_network(ip: IpAddr, network: IpAddr, length: u8) -> bool {
    let (differing, width) = match (ip, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits() ^ b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits(), 128),
        _ => return false,
    };
    let ignored = u32::saturating_sub(width, u32::from(length));
    differing.checked_shr(ignored).unwrap_or(0) == 0
}

impl Directive {
    /// Reads a term that is no modifier; the error says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (qualifier, unsigned) = split_qualifier(text);
        let end = unsigned.find([':', '/']).unwrap_or(unsigned.len());
        let (name, argument) = unsigned.split_at(end);
        let mechanism = match name.to_ascii_lowercase().as_str() {
            "all" if argument.is_empty() => Mechanism::All,
            "all" => return Err("`all` stands alone, nothing may follow it".to_owned()),
            "include" => Mechanism::Include(required(argument)?),
            "exists" => Mechanism::Exists(required(argument)?),
            "ptr" => Mechanism::Ptr(optional(argument)?),
            "a" => {
                let (argument, prefixes) = split_prefixes(argument)?;
                Mechanism::A(optional(argument)?, prefixes)
            }
            "mx" => {
                let (argument, prefixes) = split_prefixes(argument)?;
                Mechanism::Mx(optional(argument)?, prefixes)
            }
            "ip4" => network::<Ipv4Addr>(argument, 32)?,
            "ip6" => network::<Ipv6Addr>(argument, 128)?,
            other => return Err(unknown(other)),
        };
        Ok(Self { qualifier, mechanism, text: text.to_owned() })
    }
}

fn split_qualifier(text: &str) -> (Qualifier, &str) {
    let signs = [('+', Qualifier::Pass), ('-', Qualifier::Fail), ('~', Qualifier::Softfail), ('?', Qualifier::Neutral)];
    signs
        .into_iter()
        .find_map(|(sign, qualifier)| Some((qualifier, text.strip_prefix(sign)?)))
        .unwrap_or((Qualifier::Pass, text))
}

/// `":" domain-spec`
fn required(argument: &str) -> Result<MacroString, String> {
    optional(argument)?.ok_or_else(|| "a colon and a domain must follow".to_owned())
}

/// `[ ":" domain-spec ]`
fn optional(argument: &str) -> Result<Option<MacroString>, String> {
    if argument.is_empty() {
        return Ok(None);
    }
    let Some(domain) = argument.strip_prefix(':') else {
        return Err("only a colon and a domain may follow".to_owned());
    };
    MacroString::parse_domain(domain).map(Some)
}

/// Takes `/24`, `//64` or `/24//64` off the end (RFC 7208 section 5, `dual-cidr-length`).
fn split_prefixes(argument: &str) -> Result<(&str, Prefixes), String> {
    let (mut rest, mut prefixes) = (argument, Prefixes { v4: 32, v6: 128 });
    if let Some((before, digits)) = split_length(rest, "//") {
        (rest, prefixes.v6) = (before, prefix_length(digits, 128)?);
    }
    if let Some((before, digits)) = split_length(rest, "/") {
        (rest, prefixes.v4) = (before, prefix_length(digits, 32)?);
    }
    Ok((rest, prefixes))
}

fn split_length<'t>(text: &'t str, slashes: &str) -> Option<(&'t str, &'t str)> {
    let head = text.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &text[head.len()..];
    let before = head.strip_suffix(slashes)?;
    (!digits.is_empty()).then_some((before, digits))
}

/// A length without leading zeros, at most `max` (RFC 7208 section 5).
fn prefix_length(digits: &str, max: u8) -> Result<u8, String> {
    let plain = digits == "0" || !digits.starts_with('0');
    match digits.parse() {
        Ok(length) if plain && length <= max && digits.len() <= 3 => Ok(length),
        _ => Err(format!("a prefix length from 0 to {max} without leading zeros is expected")),
    }
}

/// `":" network [ "/" length ]` (RFC 7208 section 5.6).
fn network<A: FromStr + Into<IpAddr>>(argument: &str, width: u8) -> Result<Mechanism, String> {
    let Some(argument) = argument.strip_prefix(':') else {
        return Err("a colon and an address must follow".to_owned());
    };
    let (address, length) = match argument.split_once('/') {
        Some((_, "")) => return Err("the prefix length behind the slash is missing".to_owned()),
        Some((address, digits)) => (address, prefix_length(digits, width)?),
        None => (argument, width),
    };
    match address.parse::<A>() {
        Ok(address) => Ok(Mechanism::Network(address.into(), length)),
        Err(_) if width == 32 => Err("a whole IPv4 address is expected".to_owned()),
        Err(_) => Err("a whole IPv6 address is expected".to_owned()),
    }
}

/// What to say to a word that is no mechanism.
fn unknown(name: &str) -> String {
    match name {
        "" => "the mechanism is missing".to_owned(),
        "ipv4" | "ip" => "there is no such mechanism; IPv4 addresses stand behind ip4:".to_owned(),
        "ipv6" => "there is no such mechanism; IPv6 addresses stand behind ip6:".to_owned(),
        "redirect" | "exp" => format!("{name} is a modifier and takes = instead of a colon"),
        _ => "there is no such mechanism".to_owned(),
    }
}

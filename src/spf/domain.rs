//! Domain names as SPF treats them: what can be asked, what is too long, what lies below what.

/// The longest name that can be asked (RFC 7208 section 7.3).
const NAME_MAX: usize = 253;

/// The longest label (RFC 1035 section 2.3.4).
const LABEL_MAX: usize = 63;

/// A name as it is put to the DNS: no trailing dot, and cut from the left, label by label, to 253
/// characters (RFC 7208 section 7.3).
pub(super) fn fit(name: &str) -> &str {
    let mut name = name.strip_suffix('.').unwrap_or(name);
    while name.len() > NAME_MAX {
        match name.split_once('.') {
            Some((_, rest)) => name = rest,
            None => break,
        }
    }
    name
}

/// Whether the name can be put to the DNS. A name with other than printable ASCII characters can
/// not: a term with such a name never matches (RFC 8616 section 4).
pub(super) fn is_well_formed(name: &str) -> bool {
    name.len() <= NAME_MAX
        && name.split('.').all(|label| (1..=LABEL_MAX).contains(&label.len()))
        && name.bytes().all(|octet| matches!(octet, b' '..=b'~'))
}

/// Whether `check_host()` starts on the name at all (RFC 7208 section 4.3): it is well formed, has
/// more than one label and is no address literal.
pub(super) fn is_checkable(name: &str) -> bool {
    is_well_formed(name) && name.contains('.') && !name.starts_with('[')
}

/// Whether `name` is `zone` or lies below it, without regard to case (RFC 7208 section 5.5).
pub(super) fn is_within(name: &str, zone: &str) -> bool {
    let Some(start) = name.len().checked_sub(zone.len()) else {
        return false;
    };
    let (above, tail) = name.as_bytes().split_at(start);
    tail.eq_ignore_ascii_case(zone.as_bytes()) && above.last().is_none_or(|&octet| octet == b'.')
}

/// Whether the text can be the last label of a `domain-spec` (RFC 7208 section 7.1, `toplabel`).
pub(super) fn is_toplabel(label: &str) -> bool {
    let octets = label.as_bytes();
    octets.iter().all(|octet| octet.is_ascii_alphanumeric() || *octet == b'-')
        && octets.first().is_some_and(u8::is_ascii_alphanumeric)
        && octets.last().is_some_and(u8::is_ascii_alphanumeric)
        && !octets.iter().all(u8::is_ascii_digit)
}

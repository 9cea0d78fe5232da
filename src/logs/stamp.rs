//! When a line was written, as the common logs say it.

use jiff::Timestamp;

/// A time as it stands in the log, and what it is compared by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// As it stands.
    pub text: String,
    /// UTC where the log says an offset, else the log's own time; none where it has no year.
    comparable: Option<String>,
}

/// How far into a line its time begins at most, in octets: behind a container's name, or within JSON.
const DEEPEST: usize = 200;

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

impl Stamp {
    /// The first time in a line: RFC 3339 (Postfix, journald, most programs), the same with a blank (Exim, Java, Python),
    /// or syslog's without a year (RFC 3164 section 4.1.2).
    pub fn of(line: &str) -> Option<Stamp> {
        let head = &line[..line.floor_char_boundary(DEEPEST)];
        (0..head.len()).find_map(|at| full(head, at).or_else(|| syslog(head, at)))
    }

    /// Whether this one is earlier; the order of the lines decides where the times do not.
    pub fn before(&self, other: &Stamp) -> bool {
        matches!((&self.comparable, &other.comparable), (Some(own), Some(others)) if own < others)
    }

    /// Whether this one is later, or stands later.
    pub fn after(&self, other: &Stamp) -> bool {
        !self.before(other)
    }
}

/// Whether the octets have this shape: `0` stands for a digit, all else for itself.
fn shaped(text: &[u8], shape: &[u8]) -> bool {
    text.len() >= shape.len()
        && text
            .iter()
            .zip(shape)
            .all(|(octet, wanted)| if *wanted == b'0' { octet.is_ascii_digit() } else { octet == wanted })
}

fn full(head: &str, at: usize) -> Option<Stamp> {
    let octets = &head.as_bytes()[at..];
    if !(shaped(octets, b"0000-00-00T00:00:00") || shaped(octets, b"0000-00-00 00:00:00")) {
        return None;
    }
    let rest = head.get(at + 19..)?;
    let fraction = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ','))).unwrap_or(rest.len());
    let offset = offset(&rest[fraction..]);
    let plain = head.get(at..at + 19)?;
    let zoned = format!("{}{}", plain.replace(' ', "T"), if offset == "Z" { "Z" } else { offset });
    let utc = (!offset.is_empty()).then(|| zoned.parse::<Timestamp>().ok()).flatten();
    let comparable =
        utc.map_or_else(|| plain.replace(' ', "T"), |utc| utc.to_string().trim_end_matches('Z').to_owned());
    Some(Stamp { text: format!("{plain}{offset}"), comparable: Some(comparable) })
}

/// `Z`, `+01:00` or `+0100` at the start.
fn offset(rest: &str) -> &str {
    let octets = rest.as_bytes();
    let signed = octets.first().is_some_and(|sign| matches!(sign, b'+' | b'-'));
    let length = match octets {
        [b'Z', ..] => 1,
        [_, digits @ ..] if signed && shaped(digits, b"00:00") => 6,
        [_, digits @ ..] if signed && shaped(digits, b"0000") => 5,
        _ => 0,
    };
    &rest[..length]
}

fn syslog(head: &str, at: usize) -> Option<Stamp> {
    let octets = &head.as_bytes()[at..];
    let month = octets.get(..3)?;
    let day = shaped(octets.get(3..)?, b" 00 00:00:00") || shaped(octets.get(3..)?, b"  0 00:00:00");
    if !MONTHS.contains(&month) || !day {
        return None;
    }
    Some(Stamp { text: head.get(at..at + 15)?.to_owned(), comparable: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_forms_are_read() {
        for (line, text) in [
            ("Nov 26 20:44:09 mail postfix/smtp[1]: x", Some("Nov 26 20:44:09")),
            ("Nov  6 20:44:09 mail postfix/smtp[1]: x", Some("Nov  6 20:44:09")),
            ("<22>Nov 26 20:44:09 mail x", Some("Nov 26 20:44:09")),
            ("2026-11-26T20:44:09.123456+01:00 mail postfix/smtp[1]: x", Some("2026-11-26T20:44:09+01:00")),
            ("2026-11-26 20:44:09 1abc-0001-AB ** bob@example", Some("2026-11-26 20:44:09")),
            ("2026-11-26 20:44:09,123 ERROR x", Some("2026-11-26 20:44:09")),
            (r#"{"level":"error","time":"2026-11-26T20:44:09Z","msg":"x"}"#, Some("2026-11-26T20:44:09Z")),
            ("no time 12:00", None),
            ("Mars 26 20:44:09", None),
            ("é2026-11-2", None),
        ] {
            assert_eq!(Stamp::of(line).map(|stamp| stamp.text).as_deref(), text, "{line}");
        }
    }

    #[test]
    fn times_of_different_offsets_are_compared_in_utc() {
        let at = |text: &str| Stamp::of(text).unwrap();
        assert!(at("2026-11-26T20:00:00+01:00").before(&at("2026-11-26T19:30:00Z")));
        assert!(!at("Nov 26 20:00:00").before(&at("Nov 27 20:00:00")), "without a year the order of the lines decides");
    }
}

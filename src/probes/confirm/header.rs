//! The header of a mail: from octets to facts. Its body is never asked for.

use jiff::Timestamp;
use mailparse::{MailAddr, MailHeader, MailHeaderMap as _};

use super::results;
use crate::facts::{ArrivedFacts, Hop, SpamFacts, shortened};
use crate::setup::secret::Mask;

/// As much of a header as is read, in octets; Exchange Online's have about ten thousand.
pub(super) const LONGEST_HEADER: usize = 128 * 1024;
/// Servers that a mail passes; Exchange Online itself ends a loop at 30 or so.
const MOST_HOPS: usize = 50;
/// Servers that write what they think of the sender.
const MOST_AUTHENTICATIONS: usize = 10;
/// Subjects, addresses and names of hosts are shorter (RFC 5322 section 2.1.1 has 998 for a line).
const LONGEST_TEXT: usize = 500;

/// Reads a header, which may be cut off.
pub(super) fn read(octets: &[u8], mask: &Mask) -> ArrivedFacts {
    let cut = octets.len() > LONGEST_HEADER;
    let octets = &octets[..octets.len().min(LONGEST_HEADER)];
    let fields = fields(octets);
    let text = |name: &str| fields.get_first_value(name).map(|value| kept(&value, mask)).unwrap_or_default();
    let authentication = values(&fields, "Authentication-Results").take(MOST_AUTHENTICATIONS);
    ArrivedFacts {
        from: from(&fields).map(|from| kept(&from, mask)).unwrap_or_default(),
        subject: text("Subject"),
        message_id: text("Message-ID"),
        header: !fields.is_empty(),
        cut,
        authentication: authentication.map(|value| results::read(&mask.apply(&value))).collect(),
        spam: spam(&fields, mask),
        hops: hops(&fields, mask),
        ..ArrivedFacts::default()
    }
}

/// The fields up to the empty line, or to what can not be read.
fn fields(octets: &[u8]) -> Vec<MailHeader<'_>> {
    let (mut fields, mut rest) = (Vec::new(), octets);
    while !rest.is_empty() && !rest.starts_with(b"\n") && !rest.starts_with(b"\r") {
        let Ok((field, length)) = mailparse::parse_header(rest) else { break };
        fields.push(field);
        rest = &rest[length.clamp(1, rest.len())..];
    }
    fields
}

/// A text of the mail as it is kept: masked, and no longer than a person reads.
pub(super) fn kept(text: &str, mask: &Mask) -> String {
    shortened(mask.apply(text).trim(), LONGEST_TEXT)
}

fn values<'a>(fields: &'a [MailHeader<'_>], name: &'a str) -> impl Iterator<Item = String> + 'a {
    let named = fields.iter().filter(move |field| field.get_key_ref().eq_ignore_ascii_case(name));
    named.map(MailHeader::get_value)
}

/// The address in From, the first where there are several.
fn from(fields: &[MailHeader<'_>]) -> Option<String> {
    let list = mailparse::addrparse_header(fields.get_first_header("From")?).ok()?;
    list.iter().find_map(|entry| match entry {
        MailAddr::Single(one) => Some(one.addr.clone()),
        MailAddr::Group(group) => group.addrs.first().map(|one| one.addr.clone()),
    })
}

/// The words of the spam filter (Microsoft Learn, "Anti-spam message headers in cloud organizations").
fn spam(fields: &[MailHeader<'_>], mask: &Mask) -> Option<SpamFacts> {
    let report = fields.get_first_value("X-Forefront-Antispam-Report").unwrap_or_default();
    let own = fields.get_first_value("X-MS-Exchange-Organization-SCL");
    let word = |name: &str| {
        let value = report.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix(':'));
        value.map(str::trim).filter(|value| !value.is_empty()).map(|value| kept(value, mask))
    };
    let scl = word("SCL").or(own).and_then(|scl| scl.trim().parse().ok());
    let facts = SpamFacts { scl, sfv: word("SFV"), cat: word("CAT"), direction: word("DIR"), client: word("CIP") };
    (facts != SpamFacts::default()).then_some(facts)
}

/// The `Received` lines, oldest first: the last server writes on top.
fn hops(fields: &[MailHeader<'_>], mask: &Mask) -> Vec<Hop> {
    let mut hops: Vec<Hop> = values(fields, "Received").take(MOST_HOPS).map(|value| hop(&value, mask)).collect();
    hops.reverse();
    let mut before: Option<Timestamp> = None;
    for hop in &mut hops {
        hop.seconds = before.zip(hop.at).map(|(before, at)| at.as_second() - before.as_second());
        before = hop.at.or(before);
    }
    hops
}

/// `from A (…) by B (…) with C id D; date` (RFC 5321 section 4.4). Comments may hold anything, these words too.
fn hop(value: &str, mask: &Mask) -> Hop {
    let (way, date) = value.rsplit_once(';').unwrap_or((value, ""));
    let way = without_comments(way);
    let words: Vec<&str> = way.split_whitespace().collect();
    let place = |name: &str| words.iter().position(|word| word.eq_ignore_ascii_case(name));
    let after = |name: &str| Some(kept(words.get(place(name)? + 1)?, mask));
    let with = place("with").map(|at| {
        let ends = |word: &&&str| !["id", "for", "via"].iter().any(|end| word.eq_ignore_ascii_case(end));
        let protocol: Vec<&str> = words[at + 1..].iter().take_while(ends).copied().collect();
        kept(&protocol.join(" "), mask)
    });
    let seconds = mailparse::dateparse(date.trim()).ok();
    Hop {
        from: after("from"),
        by: after("by"),
        with: with.filter(|with| !with.is_empty()),
        at: seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        seconds: None,
    }
}

fn without_comments(text: &str) -> String {
    let (mut plain, mut depth) = (String::new(), 0_u32);
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            other if depth == 0 => plain.push(other),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a mail lies in a mailbox of Exchange Online, names changed (lists' archives hold many such).
    const REAL: &str = "Received: from DU0PR01MB1111.eurprd01.prod.exchangelabs.com (::1) by\r\n AM0PR01MB2222.eurprd01.prod.exchangelabs.com with HTTPS; Sat, 12 Oct\r\n 2024 07:37:14 +0000\r\n\
        Received: from AM7PR04MB7046.eurprd04.prod.outlook.com (2603:10a6:20b:113::22)\r\n by DB8PR04MB6986.eurprd04.prod.outlook.com (2603:10a6:10:116::13)\r\n with Microsoft SMTP Server (version=TLS1_2,\r\n cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.8048.22; Sat, 12 Oct\r\n 2024 07:37:10 +0000\r\n\
        Received: from AM7PR04MB7046.eurprd04.prod.outlook.com\r\n ([fe80::d1ce:ea15:6648:6f90]) by AM7PR04MB7046.eurprd04.prod.outlook.com\r\n ([fe80::d1ce:ea15:6648:6f90%4]) with mapi id 15.20.8048.020; Sat, 12 Oct 2024\r\n 07:37:12 +0000 (UTC)\r\n\
        Authentication-Results: dkim=none (message not signed)\r\n header.d=none;dmarc=none action=none header.from=contoso.com;\r\n\
        X-Forefront-Antispam-Report:\r\n CIP:255.255.255.255;CTRY:;LANG:en;SCL:1;SRV:;IPV:NLI;SFV:NSPM;H:AM7PR04MB7046.eurprd04.prod.outlook.com;PTR:;CAT:NONE;SFS:(13230040);DIR:INT;SFP:1101;\r\n\
        From: =?utf-8?B?TcO8bGxlcg==?= <app@contoso.com>\r\nSubject: o365doctor probe\r\n 0123456789ab\r\nMessage-ID: <1@contoso.com>\r\n\r\nbody of the mail\r\n";

    #[test]
    fn a_real_header_is_read() {
        let arrived = read(REAL.as_bytes(), &Mask::default());
        assert_eq!(arrived.from, "app@contoso.com");
        assert_eq!(arrived.subject, "o365doctor probe 0123456789ab");
        assert_eq!(arrived.message_id, "<1@contoso.com>");
        assert_eq!(arrived.authentication.len(), 1);
        let spam = arrived.spam.unwrap();
        assert_eq!((spam.scl, spam.sfv.as_deref(), spam.direction.as_deref()), (Some(1), Some("NSPM"), Some("INT")));
        let by: Vec<_> = arrived.hops.iter().map(|hop| (hop.with.as_deref().unwrap(), hop.seconds)).collect();
        assert_eq!(by, [("mapi", None), ("Microsoft SMTP Server", Some(-2)), ("HTTPS", Some(4))]);
        assert_eq!(arrived.hops[1].from.as_deref(), Some("AM7PR04MB7046.eurprd04.prod.outlook.com"));
        assert_eq!(arrived.hops[1].by.as_deref(), Some("DB8PR04MB6986.eurprd04.prod.outlook.com"));
        assert!(!arrived.cut && arrived.header);
    }

    #[test]
    fn a_hostile_header_is_bounded() {
        let endless = "Received: by a\r\n".repeat(100_000);
        let arrived = read(endless.as_bytes(), &Mask::default());
        assert!(arrived.cut && arrived.hops.len() == MOST_HOPS);
        for nonsense in [
            "",
            ":",
            "From",
            "From:\r\n <",
            "\0\0\0:\u{ff}",
            "From: ((((\r\nReceived: ;;;; (((\r\n",
            "From: =?x?B?\r\n",
        ] {
            let _ = read(nonsense.as_bytes(), &Mask::default());
        }
        let _ = read(&[0xff; 1000], &Mask::default());
    }
}

//! FETCH and SEARCH of IMAP (RFC 3501 sections 6.4.4 and 6.4.5). The unique identifier of a mail is its number: mails
//! are only added.

use jiff::Timestamp;

use super::words::Word;

/// One mail of an open folder.
pub(super) struct Mail {
    pub(super) octets: Vec<u8>,
    pub(super) at: Timestamp,
    pub(super) seen: bool,
}

/// The answers to FETCH; none where it asks for what is not there.
pub(super) fn fetch(mails: &mut [Mail], words: &[Word], by_uid: bool) -> Option<Vec<u8>> {
    let (set, items) = words.split_first()?;
    let numbers = sequence(set.text(), mails.len())?;
    let mut items: Vec<String> = items.iter().map(|item| item.text().to_ascii_uppercase()).collect();
    if let [one] = &items[..]
        && matches!(one.as_str(), "ALL" | "FAST" | "FULL")
    {
        items = ["FLAGS", "INTERNALDATE", "RFC822.SIZE"].map(str::to_owned).to_vec();
    }
    if by_uid && !items.iter().any(|item| item == "UID") {
        items.insert(0, "UID".to_owned());
    }
    let mut reply = Vec::new();
    for number in numbers {
        let mail = &mut mails[number - 1];
        reply.extend_from_slice(format!("* {number} FETCH (").as_bytes());
        for (n, item) in items.iter().enumerate() {
            if n > 0 {
                reply.push(b' ');
            }
            reply.extend(one(mail, number, item)?);
        }
        reply.extend_from_slice(b")\r\n");
    }
    Some(reply)
}

/// One item of one mail.
fn one(mail: &mut Mail, number: usize, item: &str) -> Option<Vec<u8>> {
    let plain = match item {
        "UID" => format!("UID {number}"),
        "FLAGS" => format!("FLAGS ({})", if mail.seen { "\\Seen" } else { "" }),
        "RFC822.SIZE" => format!("RFC822.SIZE {}", mail.octets.len()),
        "INTERNALDATE" => format!("INTERNALDATE \"{}\"", mail.at.strftime("%d-%b-%Y %H:%M:%S +0000")),
        _ => return part(mail, item),
    };
    Some(plain.into_bytes())
}

/// A part of the message as a literal.
fn part(mail: &mut Mail, item: &str) -> Option<Vec<u8>> {
    let (name, range) = match item.rsplit_once('<') {
        Some((name, range)) => (name, Some(partial(range)?)),
        None => (item, None),
    };
    let (section, peeks) = match name {
        "RFC822" => ("", false),
        "RFC822.HEADER" => ("HEADER", true),
        "RFC822.TEXT" => ("TEXT", false),
        _ => {
            let (body, section) = name.strip_suffix(']')?.split_once('[')?;
            match body {
                "BODY" => (section, false),
                "BODY.PEEK" => (section, true),
                _ => return None,
            }
        }
    };
    let (head, text) = halves(&mail.octets);
    let octets = match section.split_once(' ') {
        Some(("HEADER.FIELDS", names)) => fields(head, names, true),
        Some(("HEADER.FIELDS.NOT", names)) => fields(head, names, false),
        None => match section {
            "" => mail.octets.clone(),
            "HEADER" => head.to_vec(),
            // A message without parts has its text as its first.
            "TEXT" | "1" => text.to_vec(),
            _ => return None,
        },
        Some(_) => return None,
    };
    mail.seen |= !peeks;
    let label = name.replace("BODY.PEEK[", "BODY[");
    let (label, octets) = match range {
        Some((from, count)) => {
            let from = from.min(octets.len());
            let end = from.saturating_add(count).min(octets.len());
            (format!("{label}<{from}>"), octets[from..end].to_vec())
        }
        None => (label, octets),
    };
    Some([format!("{label} {{{}}}\r\n", octets.len()).into_bytes(), octets].concat())
}

fn partial(range: &str) -> Option<(usize, usize)> {
    let (from, count) = range.strip_suffix('>')?.split_once('.')?;
    Some((from.parse().ok()?, count.parse().ok()?))
}

/// The head with its empty line, and what follows.
fn halves(octets: &[u8]) -> (&[u8], &[u8]) {
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n").map_or(octets.len(), |at| at + 4);
    octets.split_at(end)
}

/// The fields of a head, each with the lines that go on with it, and an empty line.
fn fields(head: &[u8], names: &str, wanted: bool) -> Vec<u8> {
    let names: Vec<&str> = names.split([' ', '(', ')', '"']).filter(|name| !name.is_empty()).collect();
    let (mut kept, mut keep) = (Vec::new(), false);
    for line in head.split_inclusive(|octet| *octet == b'\n').filter(|line| *line != b"\r\n") {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let name = line.split(|octet| *octet == b':').next().unwrap_or_default();
            let name = String::from_utf8_lossy(name);
            keep = names.iter().any(|known| known.eq_ignore_ascii_case(name.trim())) == wanted;
        }
        if keep {
            kept.extend_from_slice(line);
        }
    }
    kept.extend_from_slice(b"\r\n");
    kept
}

/// The numbers of a set that exist: `1`, `2:4`, `5:*`, `*`, with commas between them.
fn sequence(set: &str, count: usize) -> Option<Vec<usize>> {
    let number = |text: &str| if text == "*" { Some(count) } else { text.parse().ok().filter(|n| *n > 0) };
    let mut wanted = vec![false; count];
    for range in set.split(',') {
        let (from, to) = range.split_once(':').unwrap_or((range, range));
        let (from, to): (usize, usize) = (number(from)?, number(to)?);
        for at in from.min(to).max(1)..=from.max(to).min(count) {
            wanted[at - 1] = true;
        }
    }
    Some((1..=count).filter(|number| wanted[number - 1]).collect())
}

/// The numbers of the mails that answer to every key; none where a key is not known.
pub(super) fn search(mails: &[Mail], words: &[Word]) -> Option<Vec<usize>> {
    let mut found: Vec<usize> = (1..=mails.len()).collect();
    let mut words = words.iter();
    while let Some(key) = words.next() {
        let key = key.text().to_ascii_uppercase();
        match key.as_str() {
            "ALL" | "UNDELETED" | "OLD" => {}
            "CHARSET" => drop(words.next()?),
            "UNSEEN" | "SEEN" => found.retain(|number| mails[number - 1].seen == (key == "SEEN")),
            "DELETED" | "RECENT" | "NEW" | "ANSWERED" | "FLAGGED" => found.clear(),
            "SUBJECT" | "FROM" | "TO" | "CC" => keep(&mut found, mails, &key, words.next()?.text()),
            "HEADER" => {
                let name = words.next()?.text().to_owned();
                keep(&mut found, mails, &name, words.next()?.text());
            }
            "TEXT" | "BODY" => {
                let wanted = words.next()?.text().to_lowercase();
                found.retain(|number| {
                    let octets = &mails[number - 1].octets;
                    let part = if key == "BODY" { halves(octets).1 } else { octets };
                    String::from_utf8_lossy(part).to_lowercase().contains(&wanted)
                });
            }
            _ => {
                let set = if key == "UID" { words.next()?.text().to_owned() } else { key };
                let numbers = sequence(&set, mails.len())?;
                found.retain(|number| numbers.contains(number));
            }
        }
    }
    Some(found)
}

/// Keeps the mails one of whose fields of this name holds a text, without regard to case.
fn keep(found: &mut Vec<usize>, mails: &[Mail], name: &str, wanted: &str) {
    let wanted = wanted.to_lowercase();
    found.retain(|number| {
        let field = fields(halves(&mails[number - 1].octets).0, name, true);
        let field = String::from_utf8_lossy(&field).replace("\r\n ", " ").to_lowercase();
        field.lines().filter_map(|line| line.split_once(':')).any(|(_, value)| value.contains(&wanted))
    });
}

#[cfg(test)]
mod tests {
    use super::super::words::read;
    use super::*;

    fn mails() -> Vec<Mail> {
        let mail = |subject: &str| Mail {
            octets: format!("Subject: {subject}\r\nX-A: 1\r\n  2\r\n\r\nBody of {subject}\r\n").into_bytes(),
            at: Timestamp::UNIX_EPOCH,
            seen: false,
        };
        vec![mail("one"), mail("two"), mail("three")]
    }

    fn searched(keys: &str) -> Option<Vec<usize>> {
        search(&mails(), &read(keys).unwrap())
    }

    #[test]
    fn sets_name_what_exists() {
        assert_eq!(sequence("1,3:*", 3), Some(vec![1, 3]));
        assert_eq!(sequence("*", 3), Some(vec![3]));
        assert_eq!(sequence("9", 3), Some(vec![]));
        assert_eq!(sequence("1:4294967295", 2), Some(vec![1, 2]));
        assert_eq!(sequence("x", 3), None);
        assert_eq!(sequence("*", 0), Some(vec![]));
    }

    #[test]
    fn keys_narrow_the_search() {
        assert_eq!(searched("ALL"), Some(vec![1, 2, 3]));
        assert_eq!(searched("SUBJECT TWO"), Some(vec![2]));
        assert_eq!(searched("HEADER X-A \"\""), Some(vec![1, 2, 3]));
        assert_eq!(searched("UNSEEN BODY three"), Some(vec![3]));
        assert_eq!(searched("SOMETHING"), None);
        assert_eq!(searched("SUBJECT"), None);
    }

    #[test]
    fn parts_are_literals_and_reading_marks_as_seen() {
        let mut mails = mails();
        let mut get = |items: &str| {
            let reply = fetch(&mut mails, &read(items).unwrap(), false)?;
            Some(String::from_utf8(reply).unwrap())
        };
        let peeked = get("1 (FLAGS BODY.PEEK[HEADER.FIELDS (X-A)])").unwrap();
        assert_eq!(peeked, "* 1 FETCH (FLAGS () BODY[HEADER.FIELDS (X-A)] {15}\r\nX-A: 1\r\n  2\r\n\r\n)\r\n");
        assert_eq!(get("1 BODY[TEXT]<8.3>").as_deref(), Some("* 1 FETCH (BODY[TEXT]<8> {3}\r\none)\r\n"));
        assert_eq!(get("1 FLAGS").as_deref(), Some("* 1 FETCH (FLAGS (\\Seen))\r\n"));
        assert_eq!(get("1 NOTHING"), None);
    }
}

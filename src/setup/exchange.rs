//! What an administrator's verifying script printed, read from the file in which it was kept.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;

use super::{InputError, Setup, lint, shown, shown_path};
use crate::facts::ExchangeFacts;
use crate::kb::cause;
use crate::scripts::{self, PRIOR_KIND, VERIFY_KIND};

/// The script prints a few kilobytes; more is another file.
const LONGEST: u64 = 1024 * 1024;
/// The form that this program reads.
const FORMAT: u64 = 1;

/// What the line says of itself, before the rest of it is believed.
#[derive(Deserialize)]
struct Envelope {
    format: Option<u64>,
    kind: Option<String>,
    time: Option<serde_json::Value>,
}

/// Reads the file and holds it against the set-up that it is meant for.
///
/// # Errors
/// A file that can not be read, is no answer of the script, or is about another application, mailbox or tenant.
pub(super) fn read(place: &str, path: &Path, setup: &Setup) -> Result<ExchangeFacts, InputError> {
    let bad = |words: String| {
        InputError::new(place, format!("names {}, which {words}", shown_path(path)))
            .because(&cause::INPUT_EXCHANGE_STATE)
    };
    let text = text_at(place, path)?;
    let facts = parsed(&text).map_err(&bad)?;
    differs(&facts, setup).map_or(Ok(facts), |words| Err(bad(words)))
}

/// The text of a file as a console kept it.
///
/// # Errors
/// A file that can not be read, that is longer than the script's answer, or that is no text.
pub(crate) fn text_at(place: &str, path: &Path) -> Result<String, InputError> {
    let bad = |words: &str| {
        InputError::new(place, format!("names {}, which {words}", shown_path(path)))
            .because(&cause::INPUT_EXCHANGE_STATE)
    };
    let octets = octets(path).map_err(|e| InputError::unreadable(place, path, &e))?;
    if octets.len() as u64 > LONGEST {
        return Err(bad("is longer than 1 MiB; the script prints one line"));
    }
    text_of(&octets).ok_or_else(|| bad("is no text in UTF-8 or UTF-16"))
}

fn octets(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut octets)?;
    Ok(octets)
}

/// UTF-8, or UTF-16 as the `>` of Windows PowerShell 5.1 writes it; a byte order mark is no part of the text.
fn text_of(octets: &[u8]) -> Option<String> {
    let wide = |octets: &[u8], unit: fn([u8; 2]) -> u16| {
        let pairs = octets.chunks_exact(2);
        if !pairs.remainder().is_empty() {
            return None;
        }
        let units: Vec<u16> = pairs.map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()
    };
    match octets {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        [_, 0, _, 0, ..] => wide(octets, u16::from_le_bytes),
        _ => String::from_utf8(octets.to_vec()).ok(),
    }
}

/// The facts in a copied piece of output, or what is wrong with it.
fn parsed(text: &str) -> Result<ExchangeFacts, String> {
    let nothing = "holds no line that starts with {\"format\" and ends with }; it takes what the script of \
                   o365doctor powershell --part verify prints";
    let line = scripts::one_line(text).map_err(|_| nothing.to_owned())?;
    let broken = |e: serde_json::Error| format!("holds a line that is not as the script prints it: {e}");
    let envelope: Envelope = serde_json::from_str(&line).map_err(broken)?;
    match envelope.kind.as_deref() {
        Some(VERIFY_KIND) => {}
        Some(PRIOR_KIND) => {
            return Err("holds what the script of --part setup printed before its changes; it takes what that of \
                        --part verify prints"
                .to_owned());
        }
        other => {
            let kind = other.map_or("no kind".to_owned(), |kind| format!("the kind {}", lint::shown(kind)));
            return Err(format!("has {kind}; it takes {VERIFY_KIND}"));
        }
    }
    if envelope.format != Some(FORMAT) {
        let format = envelope.format.map_or("no format".to_owned(), |format| format!("format {format}"));
        return Err(format!("has {format}; this program reads format {FORMAT}"));
    }
    if envelope.time.is_none() {
        return Err("does not say when the script ran".to_owned());
    }
    serde_json::from_str(&line).map_err(broken)
}

/// In what the state is about something else than this set-up.
fn differs(facts: &ExchangeFacts, setup: &Setup) -> Option<String> {
    let other = |what: &str, theirs: &str, ours: &str| {
        Some(format!("is about the {what} {}, and this set-up's is {}", shown(theirs), shown(ours)))
    };
    // A script about a connector alone names neither.
    let other_app = |ours: &&str| !facts.client_id.is_empty() && !ours.eq_ignore_ascii_case(&facts.client_id);
    if let Some(ours) = setup.client_id.as_deref().filter(other_app) {
        return other("application", &facts.client_id, ours);
    }
    let names = [Some(&facts.mailbox), facts.primary_smtp_address.as_ref(), facts.user_principal_name.as_ref()];
    let known = |ours: &str| names.iter().flatten().any(|name| name.eq_ignore_ascii_case(ours));
    let other_mailbox = |ours: &&str| !facts.mailbox.is_empty() && !known(ours) && facts.owns(ours) != Some(true);
    if let Some(ours) = setup.mailbox.as_deref().filter(other_mailbox) {
        return other("mailbox", &facts.mailbox, ours);
    }
    // A tenant has many domains and one id; only two ids can contradict each other.
    match setup.tenant.as_deref() {
        Some(ours)
            if lint::is_guid(ours) && lint::is_guid(&facts.tenant) && !ours.eq_ignore_ascii_case(&facts.tenant) =>
        {
            other("tenant", &facts.tenant, ours)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"format":1,"kind":"o365doctor.exchange-verify","time":"2026-11-26T08:00:00Z","tenant":"contoso.com","client_id":"11111111-2222-3333-4444-555555555555","mailbox":"app@contoso.com","registered":true,"registered_object_ids":["9d41e7b2-5c08-4f63-a7d9-0b3e8f6c1a20"],"full_access":null,"smtp_client_authentication_disabled":{"mailbox":null,"organization":true},"roles":[],"unread":[{"what":"mailbox_rights","why":"no"}]}"#;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn every_way_in_which_a_console_keeps_it_is_read() {
        let lines = format!("----- o365doctor verify: one line of JSON -----\r\n{LINE}\r\n----- end -----\r\n");
        let wrapped: String = LINE.as_bytes().chunks(120).map(|piece| format!("{}\r\n", str(piece))).collect();
        let little = utf16(&format!("\u{feff}{LINE}\r\n"), u16::to_le_bytes);
        let ways = [
            LINE.as_bytes().to_vec(),
            format!("\u{feff}{LINE}\n").into_bytes(),
            lines.into_bytes(),
            wrapped.into_bytes(),
            utf16(LINE, u16::to_le_bytes),
            utf16(&format!("\u{feff}{LINE}"), u16::to_be_bytes),
            little,
        ];
        for octets in ways {
            let facts = parsed(&text_of(&octets).expect("a text")).expect("the script's line");
            assert_eq!(facts.registered, Some(true));
            assert_eq!(facts.unread("mailbox_rights"), Some("no"));
            assert_eq!(facts.smtp_client_authentication_disabled.organization, Some(true));
            assert_eq!(facts.time.to_string(), "2026-11-26T08:00:00Z");
        }
    }

    fn str(octets: &[u8]) -> &str {
        std::str::from_utf8(octets).expect("ASCII")
    }

    #[test]
    fn what_is_something_else_is_refused_with_what_it_is() {
        for (line, words) in [
            (LINE.replace("exchange-verify", "exchange-prior"), "--part setup"),
            (LINE.replace("exchange-verify", "report"), "o365doctor.report"),
            (LINE.replace("\"format\":1", "\"format\":2"), "format 2"),
            (LINE.replace("\"time\":\"2026-11-26T08:00:00Z\",", ""), "when the script ran"),
            (LINE.replace("2026-11-26T08:00:00Z", "yesterday"), "not as the script prints it"),
            (LINE.replace("\"registered\":true", "\"registered\":\"yes\""), "not as the script prints it"),
            ("Connect-ExchangeOnline: no".to_owned(), "--part verify"),
            (String::new(), "--part verify"),
        ] {
            let error = parsed(&line).expect_err("another thing");
            assert!(error.contains(words), "{line}\n{error}");
        }
        assert_eq!(text_of(&[0xff, 0xfe, 0x41]), None);
        assert_eq!(text_of(&[0xc3, 0x28, 0x41, 0x41]), None);
    }
}

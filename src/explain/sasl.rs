//! What a login sends and gets: an XOAUTH2 string or a token, whose claims are read and which is never shown, and the
//! challenge of a refusal.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::access::{self, RoadAccess};
use crate::cloud::Cloud;
use crate::facts::{Form, TokenFacts};
use crate::probes::decode_token;
use crate::setup::secret::Secret;
use crate::setup::unwrap_sasl;

/// A token that was pasted: its claims, and what they are worth on each road.
pub struct Pasted {
    /// Header, claims, and the user of the string it was wrapped in; not the signature.
    pub token: TokenFacts,
    /// What the token opens in the worldwide cloud.
    pub roads: Vec<RoadAccess>,
}

/// Shorter is no token, in octets: a header and two dots alone are longer.
const SHORTEST: usize = 40;

/// The first token in a text.
pub(super) fn pasted(text: &str) -> Option<Pasted> {
    let cloud = Cloud::named("worldwide")?;
    words(text).filter(|word| word.len() >= SHORTEST).find_map(|word| {
        let (sasl_user, secret) = match unwrap_sasl(word) {
            Some((user, token)) => (Some(user), token),
            None if word.starts_with("ey") && word.contains('.') => (None, Secret::new(word)),
            None => return None,
        };
        let mut token = TokenFacts { source: "pasted".to_owned(), sasl_user, ..TokenFacts::default() };
        decode_token(&secret, &mut token);
        let known =
            token.sasl_user.is_some() || matches!(token.form, Some(Form::Jwt | Form::Unsigned | Form::Encrypted));
        known.then(|| Pasted { roads: access::table(&token, &cloud.facts()), token })
    })
}

/// The JSON of a challenge, as RFC 7628 section 3.2.2 has it in base64.
pub(super) fn challenge(text: &str) -> Option<String> {
    words(text).filter(|word| word.len() >= 16 && word.starts_with("ey")).find_map(|word| {
        let plain = String::from_utf8(STANDARD.decode(word).ok()?).ok()?;
        let value: serde_json::Value = serde_json::from_str(&plain).ok()?;
        value.get("status").is_some().then_some(plain)
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '/' | '=')))
        .filter(|word| !word.is_empty())
}

/// Behind a mark, a shorter word is one of a sentence: `Bearer token`.
const SHORTEST_MARKED: usize = 8;

/// What stands before a secret in what people paste, in lower case.
const BEFORE: [&str; 9] = [
    "bearer ",
    "xoauth2 ",
    "auth plain ",
    "client_secret=",
    "client_secret\":\"",
    "refresh_token=",
    "refresh_token\":\"",
    "client_assertion=",
    "password=",
];

/// What stands in the place of a secret.
const HIDDEN: &str = "<secret>";

/// The text without tokens and other secrets, so that it can be repeated.
pub fn without_secrets(text: &str) -> String {
    let mut places: Vec<Range<usize>> = tokens(text).chain(marked(text)).collect();
    places.sort_unstable_by_key(|place| place.start);
    let mut clean = String::with_capacity(text.len());
    let mut at = 0;
    for place in places {
        if place.start >= at {
            clean.push_str(&text[at..place.start]);
            clean.push_str(HIDDEN);
        }
        at = at.max(place.end);
    }
    clean + &text[at..]
}

/// What is a secret by its own form.
fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> {
    let secret = |word: &str| {
        word.len() >= SHORTEST && (word.starts_with("ey") && word.contains('.') || unwrap_sasl(word).is_some())
    };
    // A word is a part of the text, so the distance of the two is its place.
    let place = |word: &str| word.as_ptr() as usize - text.as_ptr() as usize;
    words(text).filter(move |word| secret(word)).map(move |word| place(word)..place(word) + word.len())
}

/// What is a secret because of the word before it.
fn marked(text: &str) -> impl Iterator<Item = Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let starts: Vec<usize> =
        BEFORE.iter().flat_map(|mark| lower.match_indices(mark).map(|(at, mark)| at + mark.len())).collect();
    let until = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '&' | ',' | ')' | '\\');
    let whole = move |from: usize| from..text[from..].find(until).map_or(text.len(), |length| from + length);
    // `Bearer` is a word of headers too: `Bearer client_id="…"`.
    let parameter = |place: &Range<usize>| text[place.clone()].ends_with('=') && text[place.end..].starts_with('"');
    starts.into_iter().map(whole).filter(move |place| place.len() >= SHORTEST_MARKED && !parameter(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt() -> String {
        let part = |json: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json);
        let claims = r#"{"aud":"https://outlook.office365.com","roles":["SMTP.SendAsApp"],"ver":"1.0"}"#;
        format!("{}.{}.c2lnbmF0dXJl", part(r#"{"alg":"RS256","typ":"JWT"}"#), part(claims))
    }

    #[test]
    fn a_token_is_read_bare_and_wrapped() {
        let wrapped = STANDARD.encode(format!("user=app@contoso.com\u{1}auth=Bearer {}\u{1}\u{1}", jwt()));
        for (text, user) in [(jwt(), None), (format!("AUTH XOAUTH2 {wrapped}\r\n"), Some("app@contoso.com"))] {
            let seen = pasted(&text).unwrap();
            assert_eq!(seen.token.sasl_user.as_deref(), user);
            assert_eq!(seen.token.roles(), ["SMTP.SendAsApp"]);
            let clean = without_secrets(&text);
            assert!(!clean.contains("c2lnbmF0dXJl") && !clean.contains(&wrapped), "{clean}");
        }
        assert!(pasted("eyes.and ears.are no token.at all, however long the text is that they stand in").is_none());
    }

    #[test]
    fn secrets_are_not_repeated_and_words_stay() {
        for text in
            ["grant=x&client_secret=a~b.Qsecret1&x=1", "Authorization: Bearer opaque-secret1-x", "password=secret1xx"]
        {
            let clean = without_secrets(text);
            assert!(!clean.contains("ecret1"), "{clean}");
        }
        let header = "Www-Authenticate: Bearer client_id=\"00000002\", error=\"invalid_token\"";
        assert_eq!(without_secrets(header), header);
    }

    #[test]
    fn a_challenge_is_decoded() {
        let encoded = STANDARD.encode(r#"{"status":"401","schemes":"Bearer","scope":"https://outlook.office.com/"}"#);
        assert!(challenge(&format!("334 {encoded}")).unwrap().contains("\"schemes\":\"Bearer\""));
        assert_eq!(challenge("334 VXNlcm5hbWU6"), None);
    }
}

//! Values that must not be seen, and the mask that keeps them out of what we write.

use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

/// A secret: can be used, can not be printed, logged or serialised.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes the value over.
    pub fn new(value: impl Into<String>) -> Self {
        Secret(SecretString::from(value.into()))
    }

    /// The value itself, for the wire.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

/// Replaces the secrets of this run in any text that a server sent or that we are about to keep.
///
/// Servers echo what they were sent, whole or in pieces; a mask at the place where facts are written keeps that out of
/// transcripts, recordings and reports alike.
#[derive(Clone, Default)]
pub struct Mask(Arc<Known>);

/// The secrets in the forms in which they may come back, in lower case.
#[derive(Clone, Default)]
struct Known {
    /// As a whole.
    forms: Vec<Secret>,
    /// Every piece of [`WORDS`] octets of what may hold words.
    words: HashSet<u128>,
    /// Every piece of [`NOISE`] octets of what never does: tokens and base64.
    noise: HashSet<u128>,
}

/// A run of base64 characters of this length is taken for a credential: longer than an identifier or a
/// host name (a GUID has 36), shorter than any token.
const CREDENTIAL_RUN: usize = 60;
/// No piece of an address or a path between dots and slashes is this long; of base64, some piece is.
const LONGEST_NAME: usize = 48;
/// Shorter secrets would mask half of every text.
const SHORTEST: usize = 4;
/// A shorter piece of a chosen secret may be a word that a server says for a reason.
const WORDS: usize = 12;
/// Eight characters of base64 come together by chance in one of 2^48 places.
const NOISE: usize = 8;
/// The pieces of a secret that is longer than any token would only take memory.
const LONGEST: usize = 64 * 1024;

impl Mask {
    /// Adds a secret in the forms in which it may come back: as it is, percent- and form-encoded, in HTML, in JSON, and in
    /// base64, also as a part of something longer.
    pub fn add(&mut self, secret: &Secret) {
        if secret.expose().len() >= SHORTEST {
            Arc::make_mut(&mut self.0).add(secret.expose());
        }
    }

    /// The text without the secrets and their pieces, and without anything that looks like a credential.
    pub fn apply(&self, text: &str) -> String {
        mask_runs(&self.replaced(text, true))
    }

    /// The fields without the secrets as a whole, in names and in values. Nothing else is touched: what looks like a
    /// credential in the claims of a token is a claim.
    pub fn cleared(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        fields.iter().map(|(name, value)| (self.replaced(name, false), self.cleared_value(value))).collect()
    }

    fn cleared_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.replaced(text, false)),
            Value::Array(items) => items.iter().map(|item| self.cleared_value(item)).collect(),
            Value::Object(fields) => Value::Object(self.cleared(fields)),
            other => other.clone(),
        }
    }

    fn replaced(&self, text: &str, pieces: bool) -> String {
        if self.0.forms.is_empty() {
            return text.to_owned();
        }
        // ASCII letters alone change, so places in the one are places in the other.
        let lower = text.to_ascii_lowercase();
        let mut hidden = vec![false; text.len()];
        self.0.mark(&lower, pieces, &mut hidden);
        let mut shown = String::with_capacity(text.len());
        let mut before = false;
        for (at, character) in text.char_indices() {
            let here = hidden[at..at + character.len_utf8()].contains(&true);
            match (before, here) {
                (_, false) => shown.push(character),
                (false, true) => shown.push_str("[masked]"),
                (true, true) => {}
            }
            before = here;
        }
        shown
    }
}

impl Known {
    fn add(&mut self, value: &str) {
        let words = forms(value);
        let noise = (0..3).map(|skipped| base64_within(value.as_bytes(), skipped));
        // A token has no words either.
        let (of_value, size) = if looks_secret(value) { (&mut self.noise, NOISE) } else { (&mut self.words, WORDS) };
        for text in words.iter().filter(|text| text.len() <= LONGEST) {
            of_value.extend(pieces(text, size));
        }
        for text in noise.filter(|text| text.len() <= LONGEST) {
            self.noise.extend(pieces(&text.to_ascii_lowercase(), NOISE));
        }
        let whole = words.into_iter().chain([STANDARD.encode(value).to_ascii_lowercase()]);
        self.forms.extend(whole.map(Secret::new));
    }

    fn mark(&self, lower: &str, in_pieces: bool, hidden: &mut [bool]) {
        for form in &self.forms {
            // One octet further each time: a secret may overlap with itself.
            let mut from = 0;
            while let Some(at) = lower.get(from..).and_then(|rest| rest.find(form.expose())) {
                let end = from + at + form.expose().len();
                hidden[from + at..end].fill(true);
                from = lower.ceil_char_boundary(from + at + 1);
            }
        }
        if !in_pieces {
            return;
        }
        for (known, size) in [(&self.words, WORDS), (&self.noise, NOISE)] {
            for (at, piece) in pieces(lower, size).enumerate() {
                if known.contains(&piece) {
                    hidden[at..at + size].fill(true);
                }
            }
        }
    }
}

/// A value as servers repeat it, in lower case: as it is, percent- and form-encoded, in JSON, in HTML.
fn forms(value: &str) -> Vec<String> {
    let form: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let json = Value::from(value).to_string();
    let json = &json[1..json.len() - 1];
    let html = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let all = [
        value.to_owned(),
        form.replace('+', "%20"),
        form,
        json.to_owned(),
        json.replace('/', "\\/"),
        html.replace('\'', "&#39;"),
        html.replace('+', "&#43;").replace('\'', "&#x27;"),
    ];
    let mut forms: Vec<String> = all.iter().map(|form| form.to_ascii_lowercase()).collect();
    forms.sort();
    forms.dedup();
    forms
}

/// What of a value's base64 stays the same wherever in a longer text the value stands.
fn base64_within(value: &[u8], skipped: usize) -> String {
    let whole = value.get(skipped..).unwrap_or_default();
    STANDARD_NO_PAD.encode(&whole[..whole.len() / 3 * 3])
}

/// Each run of this many octets, at most 16, as a number. Both alphabets of base64 count as one.
fn pieces(text: &str, size: usize) -> impl Iterator<Item = u128> {
    let octet = |octet: &u8| match octet {
        b'-' => b'+',
        b'_' => b'/',
        octet => *octet,
    };
    let window = u128::MAX >> (128 - 8 * size);
    let sliding = text.as_bytes().iter().scan(0, move |piece, next| {
        *piece = (*piece << 8 | u128::from(octet(next))) & window;
        Some(*piece)
    });
    sliding.skip(size - 1)
}

fn mask_runs(text: &str) -> String {
    let of_credential =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-' | '.' | '%' | '~');
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(of_credential) {
        masked.push_str(&rest[..start]);
        let run = &rest[start..];
        let end = run.find(|c| !of_credential(c)).unwrap_or(run.len());
        if looks_secret(&run[..end]) {
            masked.push_str("[masked ");
            masked.push_str(&end.to_string());
            masked.push_str(" octets]");
        } else {
            masked.push_str(&run[..end]);
        }
        rest = &run[end..];
    }
    masked.push_str(rest);
    masked
}

/// Host names and words have dots or slashes every few characters; a credential has a long piece without.
fn looks_secret(run: &str) -> bool {
    let longest = run.split(['.', '/']).map(str::len).max().unwrap_or(0);
    run.len() >= CREDENTIAL_RUN && longest >= LONGEST_NAME || run.starts_with("eyJ") && run.len() > 20
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_masked_in_each_of_its_forms() {
        let mut mask = Mask::default();
        mask.add(&Secret::new("s3cr~t+/value"));
        for form in ["s3cr~t+/value", "s3cr%7Et%2B%2Fvalue", &STANDARD.encode("s3cr~t+/value")] {
            assert_eq!(mask.apply(&format!("you sent '{form}'")), "you sent '[masked]'");
        }
    }

    #[test]
    fn unknown_credentials_are_masked_and_names_are_not() {
        let mask = Mask::default();
        let token = format!("eyJ0eXAi.{}.{}", "a".repeat(80), "b".repeat(80));
        assert_eq!(mask.apply(&format!("AUTH {token}")), format!("AUTH [masked {} octets]", token.len()));
        let server = "SY5P282CA0097.outlook.office365.com 08DE2A6028D26C22 b1a0e4a2-6c39-4a52-8b0a-3f1f4d2f8a10";
        assert_eq!(mask.apply(server), server);
        let url = "https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/smtp";
        assert_eq!(mask.apply(url), url);
    }

    #[test]
    fn a_secret_in_pieces_is_masked() {
        let mut mask = Mask::default();
        let secret = "abc8Q~0a+cDeF/HiJkLm=oPqRsTuVwXyZ01 3456";
        mask.add(&Secret::new(secret));
        let within = STANDARD.encode(format!("client:{secret}:rest"));
        for text in [secret, &within, &within.replace('+', "-").replace('/', "_")] {
            for piece in text.as_bytes().chunks(20).filter(|piece| piece.len() == 20) {
                let piece = String::from_utf8_lossy(piece);
                let shown = mask.apply(&format!("535-5.7.3 {piece}"));
                // What stands around it is not the secret's.
                assert!(shown.starts_with("535-5.7.3 ") && shown.contains("[masked]"), "{piece}: {shown}");
            }
        }
        for form in ["abc8q%7e0a%2bcDeF%2fHiJkLm%3doPqRsTuVwXyZ01%203456", "0a+cDeF\\/HiJkLm=oPqRsTuVwXyZ01"] {
            assert_eq!(mask.apply(form), "[masked]");
        }
    }

    #[test]
    fn one_secret_within_another_leaves_no_rest() {
        let mut mask = Mask::default();
        mask.add(&Secret::new("within"));
        mask.add(&Secret::new("before-within-after"));
        assert_eq!(mask.apply("you sent before-within-after"), "you sent [masked]");
    }

    #[test]
    fn the_claims_of_a_token_stay_but_for_the_secret() {
        let mut mask = Mask::default();
        mask.add(&Secret::new("canary-canary"));
        let long = "A".repeat(100);
        let claims = serde_json::json!({ "rh": long, "a canary-canary": ["x canary-canary y", 5] });
        let cleared = serde_json::json!({ "rh": long, "a [masked]": ["x [masked] y", 5] });
        assert_eq!(Value::Object(mask.cleared(claims.as_object().unwrap())), cleared);
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("canary")), "[secret]");
    }
}

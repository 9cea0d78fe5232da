//! Values that must not be seen, and the mask that keeps them out of what we write.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

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
/// Servers echo what they were sent; a mask at the place where facts are written keeps that out of
/// transcripts, recordings and reports alike.
#[derive(Clone, Default)]
pub struct Mask(Vec<Secret>);

/// A run of base64 characters of this length is taken for a credential: longer than an identifier or a
/// host name (a GUID has 36), shorter than any token.
const CREDENTIAL_RUN: usize = 60;
/// No piece of an address or a path between dots and slashes is this long; of base64, some piece is.
const LONGEST_NAME: usize = 48;

impl Mask {
    /// Adds a secret in the forms in which it may come back: as it is, form-encoded, base64.
    pub fn add(&mut self, secret: &Secret) {
        let value = secret.expose();
        if value.len() < 4 {
            return;
        }
        let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        for form in [value.to_owned(), encoded, STANDARD.encode(value)] {
            self.0.push(Secret::new(form));
        }
    }

    /// The text without the secrets, and without anything that looks like a credential.
    pub fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            if text.contains(secret.expose()) {
                text = text.replace(secret.expose(), "[masked]");
            }
        }
        mask_runs(&text)
    }
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
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("canary")), "[secret]");
    }
}

//! A certificate with its private key: PEM, or PKCS#12.

use std::path::Path;
use std::sync::Arc;

use jsonwebtoken::{Algorithm, EncodingKey};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;

use super::Credential;
use super::keyfile::{self, Found, Refused};
use super::sources::{from_command, from_file, note_readers, without_newline};
use crate::facts::{CertificateFacts, Note};
use crate::kb::cause;
use crate::setup::secret::Secret;
use crate::setup::words::{Origins, Words};
use crate::setup::{InputError, config, shell, shown_path};

/// A certificate whose private key is at hand, both proved to belong together.
pub struct Certificate {
    pub(super) der: Vec<u8>,
    pub(super) key: EncodingKey,
    pub(super) algorithm: AssertionAlgorithm,
    /// What must not be seen: the key without its PEM frame, and its password.
    pub(super) hidden: Vec<Secret>,
    facts: CertificateFacts,
}

/// How an assertion is signed, and by which digest its header names the certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AssertionAlgorithm {
    /// RSASSA-PSS, and `x5t#S256` (Microsoft Learn, "Certificate credentials", since 2025).
    #[default]
    Ps256,
    /// RSASSA-PKCS1-v1_5, and `x5t`: the older form.
    Rs256,
}

impl AssertionAlgorithm {
    /// The algorithm of the signature (RFC 7518 section 3.1).
    pub(super) fn jws(self) -> Algorithm {
        match self {
            AssertionAlgorithm::Ps256 => Algorithm::PS256,
            AssertionAlgorithm::Rs256 => Algorithm::RS256,
        }
    }
}

/// Aws-lc, as every library of today, signs with nothing shorter; NIST SP 800-131A has refused it since 2014.
const SHORTEST_KEY: usize = 2048;
/// Words that only a certificate has.
const BESIDE: [&str; 4] = ["key", "key_password_file", "key_password_command", "assertion_alg"];

/// Words that go with a certificate and stand alone.
pub(super) fn stray(words: &Words, origins: &Origins) -> Result<(), InputError> {
    let stray = BESIDE.into_iter().find(|word| origins.knows(word)).filter(|_| words.certificate.is_none());
    match stray {
        Some(word) => {
            Err(InputError::new(origins.of(word), "goes with a certificate, and none is named (--certificate)"))
        }
        None => Ok(()),
    }
}

pub(super) fn read(words: &Words, origins: &Origins, notes: &mut Vec<Note>) -> Result<Credential, InputError> {
    let file = words.certificate.as_deref().unwrap_or_default();
    let origin = origins.of("certificate");
    let octets = config::read_octets(&origin, Path::new(file))?;
    let mut found = open(&origin, file, &octets, words, origins)?;
    if let Some(key) = &words.key {
        let place = origins.of("key");
        let text = Secret::new(config::read_text(&place, Path::new(key), false)?);
        let password = || password(&place, words, origins);
        found.key = keyfile::key_in(text.expose(), password).map_err(|why| refused(&place, key, why))?;
        note_readers(notes, key);
    } else {
        note_readers(notes, file);
    }
    let Some(key) = found.key.take() else {
        let words = format!(
            "names {}, which holds no private key; the key is another file (--key) or the .pfx it was exported to",
            shown_path(Path::new(file))
        );
        return Err(InputError::new(origin, words).because(&cause::CLIENT_CERTIFICATE_KEY));
    };
    let algorithm = match words.assertion_alg.as_deref() {
        None | Some("ps256") => AssertionAlgorithm::Ps256,
        Some("rs256") => AssertionAlgorithm::Rs256,
        Some(_) => return Err(InputError::new(origins.of("assertion_alg"), "takes ps256 or rs256")),
    };
    let material = paired(&origin, &found, &key, algorithm)?;
    Ok(Credential::Certificate { material: Some(Arc::new(material)), origin })
}

/// What the certificate's file holds.
fn open(place: &str, file: &str, octets: &[u8], words: &Words, origins: &Origins) -> Result<Found, InputError> {
    let ask = || password(place, words, origins);
    // The key of another file has its own password, so that of this one is not asked for.
    let found = match (std::str::from_utf8(octets), &words.key) {
        (Ok(text), Some(_)) => keyfile::certificates_in(text),
        (Ok(text), None) => keyfile::in_pem(text, ask),
        (Err(_), _) => keyfile::in_der(octets, ask),
    };
    found.map_err(|why| refused(place, file, why))
}

fn refused(place: &str, file: &str, why: Refused) -> InputError {
    let words = |words: &str| format!("names {}, which {words}", shown_path(Path::new(file)));
    match why {
        Refused::NoCertificate => InputError::new(place, words("holds no certificate, neither as PEM nor as PKCS#12"))
            .because(&cause::CLIENT_CERTIFICATE_PASSWORD),
        Refused::WrongPassword => {
            InputError::new(place, words("its password does not open")).because(&cause::CLIENT_CERTIFICATE_PASSWORD)
        }
        Refused::Unreadable(why) => InputError::new(place, words(&format!("can not be read: {why}")))
            .because(&cause::CLIENT_CERTIFICATE_PASSWORD),
        Refused::Key(why) => InputError::new(place, words(&why)).because(&cause::CLIENT_CERTIFICATE_KEY),
        Refused::Asked(error) => error,
    }
}

/// The password of an encrypted key; on a terminal a person is asked, unseen.
fn password(place: &str, words: &Words, origins: &Origins) -> Result<Secret, InputError> {
    if let Some(file) = &words.key_password_file {
        return Ok(Secret::new(without_newline(from_file(&origins.of("key_password_file"), file)?)));
    }
    if let Some(command) = &words.key_password_command {
        return Ok(Secret::new(without_newline(from_command(&origins.of("key_password_command"), command)?)));
    }
    shell::unseen("Password of the private key")?.ok_or_else(|| {
        let words = "names an encrypted key; give its password by --key-password-file or --key-password-command";
        InputError::new(place, words).because(&cause::CLIENT_CERTIFICATE_PASSWORD)
    })
}

/// The certificate that the key belongs to: proved by a signature, which its public key must verify.
fn paired(
    place: &str,
    found: &Found,
    key: &keyfile::PrivateKey,
    algorithm: AssertionAlgorithm,
) -> Result<Certificate, InputError> {
    let no_key = |words: &str| InputError::new(place, words).because(&cause::CLIENT_CERTIFICATE_KEY);
    let first = found.certificates.first().ok_or_else(|| no_key("holds no certificate"))?;
    let bits = rsa_bits(first).ok_or_else(|| {
        no_key("holds a certificate whose key is no RSA key; an assertion for Entra is signed with one")
    })?;
    if bits < SHORTEST_KEY {
        let words =
            format!("holds a certificate with a key of {bits} bits; nothing signs with less than {SHORTEST_KEY}");
        return Err(InputError::new(place, words).because(&cause::CERTIFICATE_KEY_WEAK));
    }
    let signer = EncodingKey::from_rsa_pem(key.pem.expose().as_bytes())
        .map_err(|_| no_key("has a private key that is no RSA key; an assertion for Entra is signed with one"))?;
    let signature = jsonwebtoken::crypto::sign(PROOF, &signer, algorithm.jws())
        .map_err(|_| no_key("has a private key that signs nothing"))?;
    let own = found.certificates.iter().find(|der| verifies(der, &signature, algorithm));
    let Some(own) = own else {
        return Err(no_key("and its private key do not belong together: the one does not verify what the other signs"));
    };
    let facts = facts_of(own, algorithm);
    Ok(Certificate { der: own.clone(), key: signer, algorithm, hidden: key.hidden.clone(), facts })
}

/// Any text does; it never leaves this computer.
const PROOF: &[u8] = b"do they belong together?";

fn rsa_bits(der: &[u8]) -> Option<usize> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    match parsed.public_key().parsed().ok()? {
        PublicKey::RSA(key) => Some(key.key_size()),
        _ => None,
    }
}

fn verifies(der: &[u8], signature: &str, algorithm: AssertionAlgorithm) -> bool {
    let Ok((_, parsed)) = X509Certificate::from_der(der) else { return false };
    let key = jsonwebtoken::DecodingKey::from_rsa_der(&parsed.public_key().subject_public_key.data);
    jsonwebtoken::crypto::verify(signature, PROOF, &key, algorithm.jws()).unwrap_or(false)
}

fn facts_of(der: &[u8], algorithm: AssertionAlgorithm) -> CertificateFacts {
    let hex = |digest: &[u8]| digest.iter().map(|octet| format!("{octet:02X}")).collect::<String>();
    let Ok((_, parsed)) = X509Certificate::from_der(der) else { return CertificateFacts::default() };
    CertificateFacts {
        subject: parsed.subject().to_string(),
        issuer: parsed.issuer().to_string(),
        sha1: hex(&Sha1::digest(der)),
        sha256: hex(&Sha256::digest(der)),
        not_before: parsed.validity().not_before.timestamp(),
        not_after: parsed.validity().not_after.timestamp(),
        key: "RSA".to_owned(),
        bits: rsa_bits(der).unwrap_or_default(),
        algorithm: format!("{:?}", algorithm.jws()),
    }
}

impl Certificate {
    /// What everybody may know of it.
    pub fn facts(&self) -> &CertificateFacts {
        &self.facts
    }
}

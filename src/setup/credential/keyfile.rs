//! Files that hold a certificate, a private key, or both: PEM (RFC 7468) and PKCS#12 (RFC 7292).

use p12_keystore::{KeyStore, Pkcs12ImportPolicy};
use pkcs8::der::pem::LineEnding;
use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use crate::setup::InputError;
use crate::setup::secret::Secret;

/// What a file held.
#[derive(Default)]
pub(super) struct Found {
    /// DER, in the order of the file.
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) key: Option<PrivateKey>,
}

/// A private key without encryption.
pub(super) struct PrivateKey {
    /// PKCS#1 or PKCS#8, PEM.
    pub(super) pem: Secret,
    /// What must not be seen of it and of its password.
    pub(super) hidden: Vec<Secret>,
}

/// Why a file gives nothing.
pub(super) enum Refused {
    NoCertificate,
    WrongPassword,
    Unreadable(String),
    /// Of the key, a sentence behind "which".
    Key(String),
    /// The password could not be had.
    Asked(InputError),
}

/// Certificates and key of a PEM file; the password is asked for only where the key is encrypted.
pub(super) fn in_pem(text: &str, password: impl Fn() -> Result<Secret, InputError>) -> Result<Found, Refused> {
    let key = key_in(text, password)?;
    Ok(Found { key, ..certificates_in(text)? })
}

/// The certificates alone.
pub(super) fn certificates_in(text: &str) -> Result<Found, Refused> {
    let mut found = Found::default();
    for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
        let der = certificate.map_err(|e| Refused::Unreadable(e.to_string()))?.as_ref().to_vec();
        X509Certificate::from_der(&der).map_err(|_| Refused::NoCertificate)?;
        found.certificates.push(der);
    }
    if found.certificates.is_empty() { Err(Refused::NoCertificate) } else { Ok(found) }
}

/// A certificate by itself, or PKCS#12 with its key.
pub(super) fn in_der(octets: &[u8], password: impl Fn() -> Result<Secret, InputError>) -> Result<Found, Refused> {
    if X509Certificate::from_der(octets).is_ok_and(|(rest, _)| rest.is_empty()) {
        return Ok(Found { certificates: vec![octets.to_vec()], key: None });
    }
    // A sequence (X.690 section 8.9) is the least that PKCS#12 begins with.
    if octets.first() != Some(&0x30) {
        return Err(Refused::NoCertificate);
    }
    // Exports without a password are made with an empty one.
    if let Ok(store) = KeyStore::from_pkcs12(octets, "", Pkcs12ImportPolicy::Relaxed) {
        return in_store(&store, &Secret::new(""));
    }
    let password = password().map_err(Refused::Asked)?;
    match KeyStore::from_pkcs12(octets, password.expose(), Pkcs12ImportPolicy::Relaxed) {
        Ok(store) => in_store(&store, &password),
        Err(p12_keystore::error::Error::MacError(_)) => Err(Refused::WrongPassword),
        Err(e) => Err(Refused::Unreadable(e.to_string())),
    }
}

fn in_store(store: &KeyStore, password: &Secret) -> Result<Found, Refused> {
    let Some((_, chain)) = store.private_key_chain() else {
        return Err(Refused::Key("holds no private key".to_owned()));
    };
    let certificates = chain.certs().iter().map(|certificate| certificate.as_der().to_vec()).collect();
    let document = SecretDocument::try_from(chain.key().as_der()).map_err(|e| Refused::Unreadable(e.to_string()))?;
    Ok(Found { certificates, key: Some(as_pem(&document, Some(password))?) })
}

/// The key of a PEM text, decrypted; none where it holds none.
pub(super) fn key_in(
    text: &str,
    password: impl Fn() -> Result<Secret, InputError>,
) -> Result<Option<PrivateKey>, Refused> {
    if let Some(block) = block(text, "ENCRYPTED PRIVATE KEY") {
        return decrypted(&block, &password().map_err(Refused::Asked)?).map(Some);
    }
    if block(text, "EC PRIVATE KEY").is_some() {
        let words = "holds a key of an elliptic curve; an assertion for Entra is signed with an RSA key";
        return Err(Refused::Key(words.to_owned()));
    }
    let Some(pem) = block(text, "RSA PRIVATE KEY").or_else(|| block(text, "PRIVATE KEY")) else { return Ok(None) };
    if pem.contains("Proc-Type:") {
        let words = "holds a key in OpenSSL's old encryption; write it anew with: openssl pkcs8 -topk8 -v2 aes256";
        return Err(Refused::Key(words.to_owned()));
    }
    let hidden = vec![body(&pem)];
    Ok(Some(PrivateKey { pem: Secret::new(pem), hidden }))
}

fn decrypted(pem: &str, password: &Secret) -> Result<PrivateKey, Refused> {
    let (_, document) = SecretDocument::from_pem(pem).map_err(|e| Refused::Unreadable(e.to_string()))?;
    let info = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
        .map_err(|e| Refused::Unreadable(format!("its encryption is none that this program knows ({e})")))?;
    // Padding or structure that does not fit is all that a wrong password shows (RFC 8018 section 6.2.2).
    let plain = info.decrypt(password.expose().as_bytes()).map_err(|_| Refused::WrongPassword)?;
    as_pem(&plain, Some(password))
}

fn as_pem(document: &SecretDocument, password: Option<&Secret>) -> Result<PrivateKey, Refused> {
    let pem = document.to_pem("PRIVATE KEY", LineEnding::LF).map_err(|e| Refused::Unreadable(e.to_string()))?;
    let hidden = [body(&pem)].into_iter().chain(password.cloned()).collect();
    Ok(PrivateKey { pem: Secret::new(pem.as_str()), hidden })
}

/// The first block of this label, frame and all.
fn block(text: &str, label: &str) -> Option<String> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let from = text.find(&begin)?;
    let length = text[from..].find(&end)? + end.len();
    Some(format!("{}\n", &text[from..from + length]))
}

/// The base64 of a block in one line: what would be recognised of it anywhere.
fn body(pem: &str) -> Secret {
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    Secret::new(lines.map(str::trim).collect::<String>())
}

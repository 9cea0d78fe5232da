//! A key that is made here, and the certificate of it.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use sha1::Sha1;
use sha2::Digest as _;

use crate::setup::files;

/// A certificate whose key lies in a file for its owner alone.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The certificate, DER: all that is uploaded.
    pub der: Vec<u8>,
    /// SHA-1 of it, in hexadecimal digits, as the portal shows it.
    pub thumbprint: String,
}

const DAY: Duration = Duration::from_hours(24);

/// Makes a key of RSA with 2048 bits, which every part of the login service takes (Microsoft Learn, "Certificate
/// credentials"), and writes certificate and key into one new file, PEM. A file that is there is left alone.
///
/// # Errors
/// The file can not be made.
pub fn generate(name: &str, days: u32, file: &Path) -> std::io::Result<Generated> {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map_err(std::io::Error::other)?;
    let now = SystemTime::now();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    // A clock that is a little behind must not find it too young.
    params.not_before = (now - DAY).into();
    params.not_after = (now + DAY * days).into();
    let certificate = params.self_signed(&key).map_err(std::io::Error::other)?;
    let mut out = files::create_new_private(file)?;
    out.write_all(certificate.pem().as_bytes())?;
    out.write_all(key.serialize_pem().as_bytes())?;
    out.sync_all()?;
    let der = certificate.der().to_vec();
    let thumbprint = Sha1::digest(&der).iter().map(|octet| format!("{octet:02X}")).collect();
    Ok(Generated { der, thumbprint })
}

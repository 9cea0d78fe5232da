//! A certificate of the application, in the form and with the fault that a scenario wants.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use p12_keystore::{Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use pkcs8::der::pem::LineEnding;
use pkcs8::pkcs5::pbes2;
use pkcs8::{PrivateKeyInfoRef, SecretDocument};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde::Deserialize;
use toml::Value;

use super::Handed;
use crate::sandbox::state::{KeyCredential, State};

/// The certificate of a scenario.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct Wanted {
    form: Form,
    /// It is out of date.
    expired: bool,
    /// It is soon to be.
    expires_soon: bool,
    /// It becomes valid only later.
    early: bool,
    /// The registration holds none.
    unregistered: bool,
    /// The registration holds another one.
    replaced: bool,
    /// `assertion_alg` of the profile.
    algorithm: Option<String>,
}

/// How certificate and key are handed out.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    /// Both in one PEM file.
    #[default]
    Pem,
    /// The key in a file of its own, encrypted.
    Encrypted,
    /// Both in one PKCS#12 file.
    Pkcs12,
}

/// Made when first needed; any number of sandboxes of one program share them.
static OWN: LazyLock<KeyPair> = LazyLock::new(rsa);
static OTHER: LazyLock<KeyPair> = LazyLock::new(rsa);

const DAY: Duration = Duration::from_hours(24);
/// Few, for it protects nothing of worth and is done at each start.
const ROUNDS: u32 = 2048;

fn rsa() -> KeyPair {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("the random source works")
}

impl Wanted {
    pub(super) fn prepare(&self, state: &mut State) -> Handed {
        let own = self.certificate(&OWN);
        let registered = if self.replaced { self.certificate(&OTHER) } else { own.clone() };
        if let Some(tenant) = state.tenants.first_mut().filter(|_| !self.unregistered) {
            tenant.app.keys.push(KeyCredential {
                id: uuid::Uuid::new_v4().to_string(),
                name: "CN=mail program of contoso.test".to_owned(),
                der: registered.der().to_vec(),
            });
        }
        let mut handed = self.files(&own);
        handed.words.extend(self.algorithm.clone().map(|word| ("assertion_alg", Value::String(word))));
        handed
    }

    fn certificate(&self, key: &KeyPair) -> rcgen::Certificate {
        let now = SystemTime::now();
        let (from, to) = match (self.expired, self.expires_soon, self.early) {
            (true, ..) => (now - DAY * 365, now - DAY),
            (_, true, _) => (now - DAY * 355, now + DAY * 10),
            (.., true) => (now + DAY, now + DAY * 365),
            _ => (now - DAY, now + DAY * 365),
        };
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "mail program of contoso.test");
        params.not_before = from.into();
        params.not_after = to.into();
        params.self_signed(key).expect("the parameters are sound")
    }

    fn files(&self, own: &rcgen::Certificate) -> Handed {
        let mut handed = Handed::default();
        let password = uuid::Uuid::new_v4().simple().to_string();
        match self.form {
            Form::Pem => {
                let both = format!("{}{}", own.pem(), OWN.serialize_pem());
                handed.files.push(("certificate", "app.pem", both.into_bytes()));
                return handed;
            }
            Form::Encrypted => {
                handed.files.push(("certificate", "app.pem", own.pem().into_bytes()));
                handed.files.push(("key", "app.key", encrypted(&password)));
            }
            Form::Pkcs12 => handed.files.push(("certificate", "app.pfx", pkcs12(own, &password))),
        }
        handed.files.push(("key_password_file", "password", format!("{password}\n").into_bytes()));
        handed
    }
}

fn encrypted(password: &str) -> Vec<u8> {
    let octets = |n: usize| uuid::Uuid::new_v4().as_bytes()[..n].to_vec();
    let der = OWN.serialize_der();
    let iv: [u8; 16] = uuid::Uuid::new_v4().into_bytes();
    let how = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &octets(16), iv).expect("sound parameters");
    let info = PrivateKeyInfoRef::try_from(der.as_slice()).expect("PKCS#8, just made");
    let document: SecretDocument = info.encrypt_with_params(how, password.as_bytes()).expect("a key and a password");
    let pem = document.to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).expect("a label");
    pem.as_bytes().to_vec()
}

fn pkcs12(own: &rcgen::Certificate, password: &str) -> Vec<u8> {
    let certificate = Certificate::from_der(own.der()).expect("a certificate, just made");
    let key = PrivateKey::from_der(&OWN.serialize_der()).expect("a key, just made");
    let mut store = KeyStore::new();
    store.add_entry("app", KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new(vec![1], key, [certificate])));
    let writer = store.writer(password).encryption_algorithm(EncryptionAlgorithm::PbeWithHmacSha256AndAes256);
    writer.encryption_iterations(ROUNDS).mac_iterations(ROUNDS).write().expect("a key and a password")
}

//! A certificate in every form that a person may have it, and what is refused before anything is sent.

use std::fs;
use std::path::PathBuf;

use o365doctor::sandbox::{self, Options, Sandbox, Scenario};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize};
use tokio::runtime::Runtime;

use crate::support::{CLIENT, Ended, Home, TENANT};

/// A folder with what a person may have, and nobody who listens.
struct Desk {
    home: Home,
}

impl Desk {
    fn new() -> Desk {
        Desk { home: Home::new() }
    }

    fn write(&self, name: &str, text: &str) -> String {
        self.home.write(name, text).display().to_string()
    }

    /// A certificate and a key that belong together, PEM.
    fn pair(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let own = CertificateParams::new(vec![format!("{name}.test")]).unwrap().self_signed(&key).unwrap();
        (self.write(&format!("{name}.pem"), &own.pem()), self.write(&format!("{name}.key"), &key.serialize_pem()))
    }

    fn run(&self, words: &[&str]) -> Ended {
        self.home.run(&[&["check-token", "--tenant", TENANT, "--client-id", CLIENT], words].concat())
    }
}

/// The tenant of a scenario, and the files that it hands out.
fn handed_out(name: &str) -> (Runtime, Sandbox) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let scenario = Scenario::named(name).unwrap();
    let sandbox = runtime.block_on(sandbox::start(scenario, &Options::default())).unwrap();
    (runtime, sandbox)
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let desk = Desk::new();
    let ((certificate, _), (_, key)) = (desk.pair("one"), desk.pair("two"));
    desk.run(&["--certificate", &certificate, "--key", &key])
        .refused("--certificate and its private key do not belong together", Some("client-certificate-key"));
}

#[test]
fn a_certificate_without_a_key_is_refused() {
    let desk = Desk::new();
    let (certificate, key) = desk.pair("one");
    desk.run(&["--certificate", &certificate]).refused("--certificate", Some("client-certificate-key"));
    desk.run(&["--certificate", &key]).refused("--certificate", Some("client-certificate-password"));
    let text = desk.write("notes", "no certificate");
    desk.run(&["--certificate", &text]).refused("--certificate", Some("client-certificate-password"));
    let octets = desk.home.path("octets");
    fs::write(&octets, [0xff, 0xfe, 0x00]).unwrap();
    desk.run(&["--certificate", &octets.display().to_string()])
        .refused("--certificate", Some("client-certificate-password"));
}

#[test]
fn a_key_of_an_elliptic_curve_is_refused() {
    let desk = Desk::new();
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let own = CertificateParams::default().self_signed(&key).unwrap();
    let file = desk.write("curve.pem", &format!("{}{}", own.pem(), key.serialize_pem()));
    let ended = desk.run(&["--certificate", &file]);
    ended.refused("--certificate", Some("client-certificate-key"));
    assert!(ended.err.contains("no RSA key"), "{ended:?}");
}

#[test]
fn an_encrypted_key_wants_its_password() {
    for (form, word) in [("app-certificate-encrypted", "key"), ("app-certificate-pkcs12", "certificate")] {
        let (_runtime, sandbox) = handed_out(form);
        let desk = Desk::new();
        let mut words = vec!["--certificate".to_owned(), sandbox.word("certificate")];
        if word == "key" {
            words.extend(["--key".to_owned(), sandbox.word("key")]);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        desk.run(&words).refused(&format!("--{word}"), Some("client-certificate-password"));
        let wrong = desk.write("wrong", "another password\n");
        let ended = desk.run(&[&words[..], &["--key-password-file", &wrong]].concat());
        ended.refused(&format!("--{word}"), Some("client-certificate-password"));
        assert!(ended.err.contains("does not open"), "{ended:?}");
        // The right one, from a command: then it is the network that nobody answers on.
        let password = PathBuf::from(sandbox.word("key_password_file"));
        let print = format!("cat '{}'", password.display());
        if cfg!(unix) {
            let plan = desk.run(&[&words[..], &["--key-password-command", &print, "--cloud", "sandbox"]].concat());
            // The key opens; the healthy tenant knows no certificate.
            assert_eq!(plan.code, 1, "{plan:?}");
            assert!(plan.out.contains("AADSTS700026"), "{plan:?}");
        }
    }
}

#[test]
fn what_goes_with_a_certificate_does_not_stand_alone() {
    let desk = Desk::new();
    let file = desk.write("a.key", "x");
    desk.run(&["--key", &file]).refused("--key", None);
    desk.run(&["--assertion-alg", "rs256"]).refused("--assertion-alg", None);
}

#[test]
fn a_certificate_and_a_secret_are_two_credentials() {
    let desk = Desk::new();
    let (certificate, key) = desk.pair("one");
    let secret = desk.write("secret", "secret");
    desk.run(&["--certificate", &certificate, "--key", &key, "--client-secret-file", &secret])
        .refused("--certificate", Some("input-two-credentials"));
}

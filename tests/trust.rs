//! Who vouches for the servers: the system's authorities, one more by `--ca-file`, a proxy that inspects TLS, and nobody.

use std::path::Path;
use std::process::Output;

use o365doctor::sandbox::{self, Options, Sandbox, Scenario};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::process::Command;

/// HTTPS, STARTTLS, and TLS from the first octet.
const ON_EACH: [&str; 4] = ["entra.reach", "smtp.certificate", "imap.certificate", "pop.certificate"];

/// A tenant whose cloud trusts what the system trusts.
struct Nest {
    sandbox: Sandbox,
    home: tempfile::TempDir,
}

impl Nest {
    async fn new() -> Nest {
        let sandbox = sandbox::start(Scenario::named("").unwrap(), &Options::default()).await.unwrap();
        let home = tempfile::tempdir().unwrap();
        let at = sandbox.addresses();
        let config = format!(
            "[cloud.nest]\nlogin = 'https://localhost:{}'\nsmtp = 'localhost:{}'\nimap = 'localhost:{}'\n\
             pop = 'localhost:{}'\n[profile.nest]\ncloud = 'nest'\ntenant = '{}'\nclient_id = '{}'\nmailbox = '{}'\n",
            at.login.port(),
            at.smtp.port(),
            at.imap.port(),
            at.pop.port(),
            sandbox.word("tenant"),
            sandbox.word("client_id"),
            sandbox.word("mailbox"),
        );
        std::fs::write(home.path().join("nest.toml"), config).unwrap();
        std::fs::write(home.path().join("ca.pem"), sandbox.ca_pem()).unwrap();
        std::fs::write(home.path().join("other.pem"), stranger()).unwrap();
        Nest { sandbox, home }
    }

    /// Logs in on each road, with this file for the system's store.
    async fn run(&self, store: &Path, more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_o365doctor"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("O365DOCTOR_")) {
            command.env_remove(name);
        }
        command.args(["check-mailbox", "--roads", "smtp,imap,pop", "--format", "json", "--timeout", "20s"]);
        command.args(["--profile", "nest", "--config", "nest.toml"]).args(more).current_dir(self.home.path());
        command.env("SSL_CERT_FILE", store).env("SSL_CERT_DIR", self.home.path().join("none"));
        command.env("O365DOCTOR_CLIENT_SECRET", self.sandbox.word("client_secret")).output().await.unwrap()
    }
}

/// An authority that nobody here was signed by.
fn stranger() -> String {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap().pem()
}

fn findings(output: &Output) -> serde_json::Value {
    let error = || String::from_utf8_lossy(&output.stderr).into_owned();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", error()));
    report["findings"].clone()
}

fn finding<'a>(findings: &'a serde_json::Value, check: &str) -> &'a serde_json::Value {
    let found = findings.as_array().unwrap().iter().find(|finding| finding["check"] == check);
    found.unwrap_or_else(|| panic!("{check} is not in {findings:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_more_authority_counts_for_https_starttls_and_implicit_tls() {
    let nest = Nest::new().await;
    let output = nest.run(&nest.home.path().join("other.pem"), &["--ca-file", "ca.pem"]).await;
    let findings = findings(&output);
    for check in ON_EACH {
        assert_eq!(finding(&findings, check)["outcome"], "pass", "{check} {findings:#}");
    }
    assert_eq!(output.status.code(), Some(0), "{findings:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stands_in_between_is_named_by_the_issuer_that_it_shows() {
    let nest = Nest::new().await;
    let (_, pem) = x509_parser::pem::parse_x509_pem(nest.sandbox.ca_pem().as_bytes()).unwrap();
    let issuer = pem.parse_x509().unwrap().subject().to_string();
    let findings = findings(&nest.run(&nest.home.path().join("other.pem"), &[]).await);
    for check in ON_EACH {
        let finding = finding(&findings, check);
        assert_eq!(finding["cause"], "tls-certificate-untrusted", "{check} {findings:#}");
        let evidence = finding["evidence"].to_string();
        assert!(evidence.contains(&format!("issued by {issuer}")), "{check}: {evidence} lacks {issuer}");
    }
}

#[cfg(all(unix, not(target_vendor = "apple")))]
#[tokio::test(flavor = "multi_thread")]
async fn a_system_without_authorities_is_said_to_have_none() {
    let nest = Nest::new().await;
    let output = nest.run(&nest.home.path().join("none.pem"), &[]).await;
    let found = findings(&output);
    let all = found.as_array().unwrap();
    for topic in ["entra", "smtp", "imap", "pop"] {
        let failed: Vec<_> = all.iter().filter(|f| f["topic"] == topic && f["outcome"] == "fail").collect();
        assert!(!failed.is_empty() && failed.iter().all(|f| f["cause"] == "no-ca-certificates"), "{topic} {failed:#?}");
    }
    // One named by hand is enough.
    let output = nest.run(&nest.home.path().join("none.pem"), &["--ca-file", "ca.pem"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

//! The authority that vouches for the sandbox. Made at start, lives seven days; its key never leaves memory.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivatePkcs8KeyDer;

use super::state::{MX_DOMAIN, State};

/// A day is enough for a test, a week for a training.
const LIFE: Duration = Duration::from_hours(168);
/// Clocks of the machines that share the sandbox may differ.
const EARLIER: Duration = Duration::from_hours(1);

/// The authority, and the certificate that it gave to the services.
pub(super) struct Authority {
    pem: String,
    server: Arc<ServerConfig>,
}

impl Authority {
    /// Makes both. The names are localhost and the sandbox's own domains, unless the scenario wants a wrong one.
    pub(super) fn new(state: &State) -> Authority {
        let ca = ca("o365doctor sandbox authority");
        let key = KeyPair::generate().expect("the random source works");
        let mut params = CertificateParams::new(names(state)).expect("the names are ASCII");
        if !state.wire.other_name {
            params.subject_alt_names.push(SanType::IpAddress(Ipv4Addr::LOCALHOST.into()));
        }
        params.distinguished_name = name("o365doctor sandbox");
        let now = SystemTime::now();
        let (from, to) =
            if state.wire.expired_certificate { (now - LIFE * 2, now - LIFE) } else { (now - EARLIER, now + LIFE) };
        params.not_before = from.into();
        params.not_after = to.into();
        let certificate = params.signed_by(&key, &ca).expect("the parameters are sound");
        let provider = Arc::new(aws_lc_rs::default_provider());
        let server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone(), ca.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .expect("the key belongs to the certificate");
        Authority { pem: ca.pem(), server: Arc::new(server) }
    }

    /// The certificate of another authority, which vouches for nobody here.
    pub(super) fn stranger() -> String {
        ca("another authority").pem()
    }

    /// The authority's certificate.
    pub(super) fn pem(&self) -> String {
        self.pem.clone()
    }

    /// TLS for the services.
    pub(super) fn server(&self) -> Arc<ServerConfig> {
        self.server.clone()
    }
}

fn ca(common: &str) -> CertifiedIssuer<'static, KeyPair> {
    let key = KeyPair::generate().expect("the random source works");
    let mut params = CertificateParams::default();
    params.distinguished_name = name(common);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let now = SystemTime::now();
    params.not_before = (now - EARLIER).into();
    params.not_after = (now + LIFE).into();
    CertifiedIssuer::self_signed(params, key).expect("the parameters are sound")
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

fn names(state: &State) -> Vec<String> {
    if state.wire.other_name {
        return vec!["mail.example.test".to_owned()];
    }
    let domains = state.tenants.iter().flat_map(|tenant| [tenant.domain.clone(), format!("*.{}", tenant.domain)]);
    let own = ["localhost".to_owned(), format!("*.{MX_DOMAIN}")];
    own.into_iter().chain(domains).collect()
}

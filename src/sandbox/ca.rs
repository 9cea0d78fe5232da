//! The authority that vouches for the sandbox. Made at start, lives seven days; its key never leaves memory.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType,
};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoClientAuth, WebPkiClientVerifier};
use rustls::{
    DigitallySignedStruct, DistinguishedName as DistinguishedNameDer, RootCertStore, ServerConfig, SignatureScheme,
};
use serde::Deserialize;

use super::state::{MX_DOMAIN, State};

/// A day is enough for a test, a week for a training.
const LIFE: Duration = Duration::from_hours(168);
/// Clocks of the machines that share the sandbox may differ.
const EARLIER: Duration = Duration::from_hours(1);

/// The authority, and the certificate that it gave to the services.
pub(super) struct Authority {
    pem: String,
    ca: CertifiedIssuer<'static, KeyPair>,
    server: Arc<ServerConfig>,
    exchanger: Arc<ServerConfig>,
    clients: Arc<dyn ClientCertVerifier>,
}

/// The certificate that a client is handed out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Wanted {
    /// Its name.
    name: String,
    /// It is out of date.
    expired: bool,
    /// It becomes valid only later.
    early: bool,
    /// Its file holds it without the certificate of its issuer.
    alone: bool,
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
        let mut roots = RootCertStore::empty();
        roots.add(ca.der().clone()).expect("an authority");
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let clients = clients.allow_unauthenticated().build().expect("there is an authority");
        let chain = vec![certificate.der().clone(), ca.der().clone()];
        let serving = |verifier: Arc<dyn ClientCertVerifier>| {
            let config = ServerConfig::builder_with_provider(provider.clone())
                .with_safe_default_protocol_versions()
                .expect("the provider has TLS 1.2 and 1.3")
                .with_client_cert_verifier(verifier)
                .with_single_cert(chain.clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into())
                .expect("the key belongs to the certificate");
            Arc::new(config)
        };
        let server = serving(Arc::new(NoClientAuth));
        let exchanger = if state.wire.mx_asks_for_no_certificate {
            server.clone()
        } else {
            serving(Arc::new(Lenient { inner: clients.clone() }))
        };
        Authority { pem: ca.pem(), ca, server, exchanger, clients }
    }

    /// A certificate for a client, its issuer and its key, PEM.
    pub(super) fn client(&self, wanted: &Wanted) -> String {
        let key = KeyPair::generate().expect("the random source works");
        let mut params = CertificateParams::new(vec![wanted.name.clone()]).expect("the name is ASCII");
        params.distinguished_name = name(&wanted.name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let now = SystemTime::now();
        let (from, to) = match (wanted.expired, wanted.early) {
            (true, _) => (now - LIFE * 2, now - LIFE),
            (_, true) => (now + LIFE, now + LIFE * 2),
            _ => (now - EARLIER, now + LIFE),
        };
        params.not_before = from.into();
        params.not_after = to.into();
        let certificate = params.signed_by(&key, &self.ca).expect("the parameters are sound");
        let issuer = if wanted.alone { "" } else { self.pem.as_str() };
        format!("{}{issuer}{}", certificate.pem(), key.serialize_pem())
    }

    /// TLS for the mail exchanger, which asks for a certificate and takes none too.
    pub(super) fn exchanger(&self) -> Arc<ServerConfig> {
        self.exchanger.clone()
    }

    /// Who vouches for the certificates of clients.
    pub(super) fn clients(&self) -> Arc<dyn ClientCertVerifier> {
        self.clients.clone()
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

/// Takes any certificate in the handshake, as the service does: whose it is decides what its owner may, not whether it may
/// talk. The signature of the handshake is verified all the same.
#[derive(Debug)]
struct Lenient {
    inner: Arc<dyn ClientCertVerifier>,
}

impl ClientCertVerifier for Lenient {
    fn root_hint_subjects(&self) -> &[DistinguishedNameDer] {
        // Without hints a client shows whatever it has.
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// The names in the certificate that a client showed; none where nobody vouches for it, or it is out of date.
pub(super) fn vouched_names(clients: &dyn ClientCertVerifier, shown: Option<&[CertificateDer<'_>]>) -> Vec<String> {
    let Some([own, issuers @ ..]) = shown else { return Vec::new() };
    if clients.verify_client_cert(own, issuers, UnixTime::now()).is_err() {
        return Vec::new();
    }
    crate::probes::own_certificate(&[own.to_vec()]).names
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

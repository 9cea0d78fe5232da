//! TLS for every conversation: always verified, at least 1.2, and with a note of who was on the other end
//! even when the handshake fails.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::fault;
use super::net::Stream;
use crate::cloud::Trust;
use crate::facts::{ClientCertificateFacts, Fault, FaultKind, TlsFacts};
use crate::setup::ClientCertificate;

/// The certificate that the server showed, also when it was refused.
pub(super) type Shown = Arc<Mutex<Option<CertificateDer<'static>>>>;

/// A configuration that trusts what `trust` says, and notes the certificate that it is shown.
pub(super) fn config(trust: &Trust) -> Result<(ClientConfig, Shown), Fault> {
    client(trust, None)
}

/// The same, with a certificate to show where the server asks for one.
fn client(trust: &Trust, own: Option<&Own>) -> Result<(ClientConfig, Shown), Fault> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let shown = Shown::default();
    let verifier = Noting { inner: verifier(trust, &provider)?, shown: shown.clone() };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| fault::of_tls(&e))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let config = match own {
        Some(own) => config.with_client_cert_resolver(Arc::new(own.clone())),
        None => config.with_no_client_auth(),
    };
    Ok((config, shown))
}

/// Starts TLS on a connected stream.
pub(super) async fn handshake(
    stream: Box<dyn Stream>,
    host: &str,
    trust: &Trust,
    own: Option<&Own>,
) -> Result<(Box<dyn Stream>, TlsFacts), Fault> {
    let (config, shown) = client(trust, own)?;
    let name = ServerName::try_from(host.to_owned())
        .map_err(|e| Fault::new(FaultKind::CertificateName, format!("{host}: {e}")))?;
    let tls = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
    let tls = tls.map_err(|e| with_certificate(fault::of_io(&e), &shown))?;
    let (_, session) = tls.get_ref();
    let facts = TlsFacts {
        version: session.protocol_version().map(|v| format!("{v:?}").replace('_', ".")).unwrap_or_default(),
        cipher: session.negotiated_cipher_suite().map(|s| format!("{:?}", s.suite())).unwrap_or_default(),
        ..shown.lock().ok().and_then(|c| c.as_ref().map(describe)).unwrap_or_default()
    };
    Ok((Box::new(tls), facts))
}

/// Adds to a certificate's fault whose certificate it was: the issuer names an inspecting proxy.
pub(super) fn with_certificate(mut fault: Fault, shown: &Shown) -> Fault {
    let refused = matches!(
        fault.kind,
        FaultKind::CertificateUntrusted | FaultKind::CertificateName | FaultKind::CertificateExpired
    );
    if refused
        && let Ok(guard) = shown.lock()
        && let Some(certificate) = guard.as_ref()
    {
        let facts = describe(certificate);
        fault.words = format!(
            "{}; the certificate is for {} ({}), issued by {}",
            fault.words,
            facts.names.join(", "),
            facts.subject,
            facts.issuer
        );
    }
    fault
}

fn verifier(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Fault> {
    let extra = certificates(&trust.extra)?;
    if trust.system {
        // On a system without a store the library refuses to build. Roots of our own would hide what every other program
        // on this system meets.
        let system = rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider.clone());
        let verifier = system.map_err(|e| Fault::new(FaultKind::NoCaCertificates, e.to_string()))?;
        return Ok(Arc::new(verifier));
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(extra);
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|e| Fault::new(FaultKind::NoCaCertificates, e.to_string()))?;
    Ok(verifier)
}

/// The certificate that is shown to a server that asks for one, and whether one asked.
#[derive(Debug, Clone)]
pub(super) struct Own {
    key: Arc<CertifiedKey>,
    asked: Arc<AtomicBool>,
}

impl Own {
    /// Reads a chain, the own certificate first, and its key. The key is kept by the TLS library alone.
    pub(super) fn of(identity: &ClientCertificate) -> Result<Own, Fault> {
        let bad = |words: String| Fault::new(FaultKind::TlsHandshake, format!("the client certificate: {words}"));
        let chain = identity.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
        let key = PrivateKeyDer::from_pem_slice(identity.key.expose().as_bytes()).map_err(|e| bad(e.to_string()))?;
        let key = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(|e| bad(e.to_string()))?;
        Ok(Own { key: Arc::new(key), asked: Arc::default() })
    }

    pub(super) fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl ResolvesClientCert for Own {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        Some(self.key.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// What a client certificate says of itself.
pub(crate) fn describe_own(chain: &[Vec<u8>]) -> ClientCertificateFacts {
    let mut facts = ClientCertificateFacts { sent: chain.len(), ..ClientCertificateFacts::default() };
    let parsed: Vec<X509Certificate<'_>> =
        chain.iter().filter_map(|der| Some(X509Certificate::from_der(der).ok()?.1)).collect();
    let Some(own) = parsed.first() else { return facts };
    let shown = describe(&CertificateDer::from(chain[0].clone()));
    facts.subject = shown.subject;
    facts.issuer = shown.issuer;
    facts.names = shown.names;
    if facts.names.is_empty() {
        let common = own.subject().iter_common_name().filter_map(|name| name.as_str().ok());
        facts.names = common.map(str::to_owned).collect();
    }
    facts.not_before = own.validity().not_before.timestamp();
    facts.not_after = own.validity().not_after.timestamp();
    // A root that is left out is known to whoever trusts it; so the last one sent may be issued by one that is not. What
    // must not be is the own certificate alone, unless a root itself issued it, which can not be seen from here.
    facts.issuer_missing = parsed.len() == 1 && own.subject() != own.issuer();
    facts
}

fn certificates(pems: &[String]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let mut all = Vec::new();
    for pem in pems {
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let bad = |e| Fault::new(FaultKind::NoCaCertificates, format!("a certificate of the CA file: {e}"));
            all.push(certificate.map_err(bad)?);
        }
    }
    Ok(all)
}

fn describe(certificate: &CertificateDer<'_>) -> TlsFacts {
    let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return TlsFacts::default() };
    let names = parsed.subject_alternative_name().ok().flatten();
    let names = names.iter().flat_map(|names| &names.value.general_names).map(|name| match name {
        x509_parser::extensions::GeneralName::DNSName(name) => (*name).to_owned(),
        other => other.to_string(),
    });
    TlsFacts {
        subject: parsed.subject().to_string(),
        issuer: parsed.issuer().to_string(),
        names: names.take(20).collect(),
        not_after: parsed.validity().not_after.timestamp(),
        ..TlsFacts::default()
    }
}

/// Notes the certificate, then asks the real verifier.
#[derive(Debug)]
struct Noting {
    inner: Arc<dyn ServerCertVerifier>,
    shown: Shown,
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Ok(mut shown) = self.shown.lock() {
            *shown = Some(end_entity.clone().into_owned());
        }
        self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
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

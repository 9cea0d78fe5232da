//! What the roads of port 25 and High Volume Email need besides: the server, the address to connect from, the certificate
//! that a connector knows.

use std::net::IpAddr;
use std::path::Path;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::secret::Secret;
use super::words::{Origins, Words};
use super::{InputError, config, lint, shown_path};
use crate::cloud::HostPort;
use crate::connector::Range;

/// A certificate to show to a server that asks for one.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// The chain as it is sent, DER, the own certificate first.
    pub chain: Vec<Vec<u8>>,
    /// The private key, PEM.
    pub key: Secret,
}

/// The inbound connector as its owner describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connector {
    /// The addresses that it knows.
    pub ips: Vec<Range>,
    /// The name in a certificate that it knows.
    pub certificate: Option<String>,
}

/// Addresses of one connector; Exchange shows some dozens at most.
const MOST_RANGES: usize = 100;

pub(super) fn connector(words: &Words, origins: &Origins) -> Result<Connector, InputError> {
    let ips = words.connector_ip.as_deref().map_or(Ok(Vec::new()), |list| ranges(&origins.of("connector_ip"), list))?;
    let certificate = words.connector_cert.as_deref().map(|name| certificate_name(origins, name)).transpose()?;
    Ok(Connector { ips, certificate })
}

fn ranges(place: &str, list: &str) -> Result<Vec<Range>, InputError> {
    let mut ranges = Vec::new();
    for text in list.split(',').map(str::trim) {
        let bad = |why| InputError::new(place, format!("is {}; {why}", lint::shown(text)));
        let range = Range::parse(text).map_err(bad)?;
        if !ranges.contains(&range) {
            ranges.push(range);
        }
    }
    if ranges.len() > MOST_RANGES {
        return Err(InputError::new(place, format!("names {} ranges; {MOST_RANGES} at a time", ranges.len())));
    }
    Ok(ranges)
}

/// `TlsSenderCertificateName`: a domain name, `*.` in front for every name below.
fn certificate_name(origins: &Origins, name: &str) -> Result<String, InputError> {
    let place = origins.of("connector_cert");
    let (star, plain) = name.trim().strip_prefix("*.").map_or(("", name.trim()), |plain| ("*.", plain));
    let bad = |_| {
        let words = format!("is {}; it takes a name such as mail.contoso.com or *.contoso.com", lint::shown(name));
        InputError::new(&place, words)
    };
    lint::domain(&place, plain).map(|plain| format!("{star}{plain}")).map_err(bad)
}

/// `port`: that of the cloud's mail exchangers, where none is said.
pub(super) fn smart_host(words: &Words, origins: &Origins, port: u16) -> Result<Option<HostPort>, InputError> {
    let Some(text) = &words.smart_host else { return Ok(None) };
    let place = origins.of("smart_host");
    let host = HostPort::parse(text, port)
        .ok_or_else(|| InputError::new(&place, format!("is {}; it takes HOST or HOST:PORT", lint::shown(text))))?;
    if host.host.parse::<IpAddr>().is_ok() {
        let words = format!(
            "is {}, an address; Microsoft's mail exchangers are reached by name, for their addresses change",
            lint::shown(text)
        );
        return Err(InputError::new(place, words));
    }
    Ok(Some(host))
}

pub(super) fn source(words: &Words, origins: &Origins) -> Result<Option<IpAddr>, InputError> {
    let Some(text) = &words.source_address else { return Ok(None) };
    let bad = |_| {
        let words = format!("is {}; it takes an address of this computer, such as 192.0.2.10", lint::shown(text));
        InputError::new(origins.of("source_address"), words)
    };
    text.parse().map(Some).map_err(bad)
}

/// Reads the certificate and its key, which may stand in one file.
pub(super) fn certificate(words: &Words, origins: &Origins) -> Result<Option<ClientCertificate>, InputError> {
    let Some(file) = &words.relay_certificate else {
        if words.relay_key.is_some() {
            let words = "is the key of a certificate that is not named (--relay-certificate)";
            return Err(InputError::new(origins.of("relay_key"), words));
        }
        return Ok(None);
    };
    let place = origins.of("relay_certificate");
    let pem = config::read_pem(&place, Path::new(file))?;
    let mut chain = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let bad =
            |e| InputError::new(&place, format!("names {}, which can not be read: {e}", shown_path(Path::new(file))));
        chain.push(certificate.map_err(bad)?.as_ref().to_vec());
    }
    let (place, file) = match &words.relay_key {
        Some(key) => (origins.of("relay_key"), key),
        None => (place, file),
    };
    let text = Secret::new(config::read_text(&place, Path::new(file), false)?);
    if PrivateKeyDer::from_pem_slice(text.expose().as_bytes()).is_err() {
        let words =
            format!("names {}, which holds no unencrypted PEM private key (--relay-key)", shown_path(Path::new(file)));
        return Err(InputError::new(place, words));
    }
    Ok(Some(ClientCertificate { chain, key: text }))
}

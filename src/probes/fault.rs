//! From the errors of libraries and the system to our closed set of faults.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use crate::facts::{Fault, FaultKind};

impl Fault {
    pub(super) fn new(kind: FaultKind, words: impl Into<String>) -> Fault {
        Fault { kind, words: words.into() }
    }
}

/// The fault behind an I/O error, which may wrap one of TLS.
pub(super) fn of_io(error: &io::Error) -> Fault {
    if let Some(tls) = tls_within(error) {
        return of_tls(tls);
    }
    let kind = match error.kind() {
        io::ErrorKind::ConnectionRefused => FaultKind::Refused,
        io::ErrorKind::TimedOut => FaultKind::ConnectTimeout,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            FaultKind::Reset
        }
        io::ErrorKind::UnexpectedEof => FaultKind::ClosedEarly,
        _ => FaultKind::Unreachable,
    };
    Fault::new(kind, error.to_string())
}

/// The fault of a TLS handshake.
pub(super) fn of_tls(error: &rustls::Error) -> Fault {
    use CertificateError as C;
    let kind = match error {
        rustls::Error::InvalidCertificate(C::NotValidForName | C::NotValidForNameContext { .. }) => {
            FaultKind::CertificateName
        }
        rustls::Error::InvalidCertificate(
            C::Expired | C::ExpiredContext { .. } | C::NotValidYet | C::NotValidYetContext { .. },
        ) => FaultKind::CertificateExpired,
        rustls::Error::InvalidCertificate(_) => FaultKind::CertificateUntrusted,
        _ => FaultKind::TlsHandshake,
    };
    Fault::new(kind, error.to_string())
}

/// The fault behind an error of the HTTP library.
pub(super) fn of_http(error: &reqwest::Error) -> Fault {
    if let Some(tls) = tls_within(error) {
        return of_tls(tls);
    }
    let words = chain(error);
    // The last two are those of SOCKS5 (RFC 1928 section 3, RFC 1929): no method in common, and a login that was refused.
    let login = ["proxy authorization required", "407", "user/pass authentication", "credentials not accepted"];
    if login.iter().any(|text| words.contains(text)) {
        return Fault::new(FaultKind::ProxyAuthentication, words);
    }
    if words.contains("tunnel") || words.contains("proxy") {
        return Fault::new(FaultKind::ProxyRefused, words);
    }
    if words.contains("dns error") || words.contains("failed to lookup address") {
        return Fault::new(name_fault(&words), words);
    }
    if error.is_timeout() {
        let kind = if error.is_connect() { FaultKind::ConnectTimeout } else { FaultKind::Silent };
        return Fault::new(kind, words);
    }
    if let Some(io) = io_within(error) {
        return Fault { words, ..of_io(io) };
    }
    let closed = words.contains("connection closed") || words.contains("end of file") || words.contains("incomplete");
    Fault::new(if closed { FaultKind::ClosedEarly } else { FaultKind::Garbage }, words)
}

/// A name that is not there, told from a resolver that fails. The system's library says it in words only:
/// `EAI_NONAME` and `EAI_NODATA` are told by their texts, all else is the resolver's failure.
pub(super) fn name_fault(words: &str) -> FaultKind {
    let lower = words.to_lowercase();
    let absent = ["name or service not known", "no address associated", "nodename nor servname", "no such host"];
    if absent.iter().any(|text| lower.contains(text)) {
        return FaultKind::NameNotFound;
    }
    FaultKind::ResolverFailed
}

fn tls_within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    within(error, |e| e.downcast_ref::<rustls::Error>())
}

fn io_within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    within(error, |e| e.downcast_ref::<io::Error>())
}

/// The first error of a kind in the chain. An `io::Error` hides what it wraps from `source()`.
fn within<'a, T>(
    error: &'a (dyn Error + 'static),
    pick: fn(&'a (dyn Error + 'static)) -> Option<&'a T>,
) -> Option<&'a T> {
    if let Some(found) = pick(error) {
        return Some(found);
    }
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    if let Some(wrapped) = wrapped
        && let Some(found) = within(wrapped, pick)
    {
        return Some(found);
    }
    within(error.source()?, pick)
}

/// An error with all it rests on, in one line.
fn chain(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let text = error.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        next = error.source();
    }
    words
}

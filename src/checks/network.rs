//! Which page explains a fault on the way to a server.

use crate::check::{Judgement, Verdict};
use crate::facts::{Fault, FaultKind};
use crate::kb::{Cause, cause};

/// The page for a kind of fault.
pub(super) fn cause_of(kind: FaultKind) -> &'static Cause {
    match kind {
        FaultKind::NameNotFound => &cause::HOST_NOT_FOUND,
        FaultKind::ResolverFailed => &cause::RESOLVER_FAILURE,
        FaultKind::Refused => &cause::CONNECTION_REFUSED,
        FaultKind::ConnectTimeout => &cause::CONNECTION_TIMED_OUT,
        FaultKind::Unreachable => &cause::NETWORK_UNREACHABLE,
        FaultKind::Reset => &cause::CONNECTION_RESET,
        FaultKind::ClosedEarly => &cause::CONNECTION_CLOSED_EARLY,
        FaultKind::Silent => &cause::SERVER_SILENT,
        FaultKind::Garbage => &cause::SERVER_GARBAGE,
        FaultKind::TooLong => &cause::SERVER_ANSWER_TOO_LONG,
        FaultKind::TlsHandshake => &cause::TLS_HANDSHAKE_FAILED,
        FaultKind::CertificateUntrusted => &cause::TLS_CERTIFICATE_UNTRUSTED,
        FaultKind::CertificateName => &cause::TLS_CERTIFICATE_NAME,
        FaultKind::CertificateExpired => &cause::TLS_CERTIFICATE_EXPIRED,
        FaultKind::InjectedAfterStarttls => &cause::SMTP_INJECTED_AFTER_STARTTLS,
        FaultKind::ProxyAuthentication => &cause::PROXY_AUTHENTICATION_REQUIRED,
        FaultKind::ProxyRefused => &cause::PROXY_REFUSED,
        FaultKind::NoCaCertificates => &cause::NO_CA_CERTIFICATES,
        FaultKind::Redirected => &cause::HTTP_REDIRECTED,
    }
}

/// The failure that a fault means for what was tried.
pub(super) fn failed(what: &str, fault: &Fault) -> Judgement {
    Verdict::fail(cause_of(fault.kind), format!("{what}: {}", fault.words))
}

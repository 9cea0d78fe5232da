//! A person signs in: over a browser on this computer, over one elsewhere whose address is carried back by hand, or with
//! a code that is typed on a page of the login service.

mod code;
mod device;
mod loopback;

pub use code::{Authorization, Redirected, redeem};
pub use device::{Device, Poll, begin as begin_device, poll as poll_device};
pub use loopback::Loopback;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Who is to sign in where, and for what.
pub struct SignInJob<'a> {
    /// Directory id or domain, `common`, `organizations` or `consumers`.
    pub tenant: &'a str,
    /// Application (client) id.
    pub client_id: &'a str,
    /// The scopes for one API, with blanks between.
    pub scope: &'a str,
}

/// So many random octets as base64url: 43 letters, the least that a verifier may have (RFC 7636 section 4.1).
const OCTETS: usize = 32;

/// A text that nobody can guess.
fn unguessable() -> String {
    let mut octets = [0; OCTETS];
    let random = rustls::crypto::aws_lc_rs::default_provider().secure_random;
    random.fill(&mut octets).expect("the system gives random octets");
    URL_SAFE_NO_PAD.encode(octets)
}

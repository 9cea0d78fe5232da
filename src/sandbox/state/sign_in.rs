//! What an organisation wants of those who sign in.

use serde::Deserialize;

/// The tenant of all personal accounts (Microsoft Learn, "OpenID Connect on the Microsoft identity platform").
pub(in crate::sandbox) const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Policies of sign-in, and how long its parts live.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct SignIn {
    /// A policy of conditional access keeps everybody out.
    pub(in crate::sandbox) blocked: bool,
    /// A policy of conditional access blocks the device code flow.
    pub(in crate::sandbox) device_flow_blocked: bool,
    /// A policy of conditional access lets nobody in from a browser on a computer that the organisation does not manage.
    pub(in crate::sandbox) browser_blocked: bool,
    /// Seconds that an authorization code lives.
    pub(in crate::sandbox) code_lifetime: i64,
    /// Seconds that a device code lives.
    pub(in crate::sandbox) device_lifetime: i64,
    /// Seconds between two questions for the same device code.
    pub(in crate::sandbox) device_interval: i64,
    /// Days that every refresh token has lain unused.
    pub(in crate::sandbox) unused_days: i64,
    /// A refresh token is good once.
    pub(in crate::sandbox) reuse_refused: bool,
}

impl Default for SignIn {
    fn default() -> Self {
        SignIn {
            blocked: false,
            device_flow_blocked: false,
            browser_blocked: false,
            // Entra's own: ten minutes, fifteen minutes, five seconds (Microsoft Learn, "OAuth 2.0 authorization code
            // flow" and "OAuth 2.0 device authorization grant").
            code_lifetime: 600,
            device_lifetime: 900,
            device_interval: 5,
            unused_days: 0,
            reuse_refused: false,
        }
    }
}

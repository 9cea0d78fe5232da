//! The assertion that a certificate signs: who the application is, for one request (RFC 7523 section 3; Microsoft Learn,
//! "Microsoft identity platform application authentication certificate credentials").

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::Header;
use serde_json::json;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::certificate::{AssertionAlgorithm, Certificate};
use crate::setup::secret::Secret;

/// Seconds that an assertion is good for; Microsoft asks for five to ten minutes.
const LIFE: i64 = 600;

impl Certificate {
    /// A fresh assertion for one request to this token end point.
    ///
    /// # Errors
    /// The words of the library, where the key does not sign.
    pub fn assertion(&self, audience: &str, client_id: &str, now: Timestamp) -> Result<Secret, String> {
        let mut header = Header::new(self.algorithm.jws());
        match self.algorithm {
            AssertionAlgorithm::Ps256 => header.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(Sha256::digest(&self.der))),
            AssertionAlgorithm::Rs256 => header.x5t = Some(URL_SAFE_NO_PAD.encode(Sha1::digest(&self.der))),
        }
        let now = now.as_second();
        let claims = json!({
            "aud": audience, "iss": client_id, "sub": client_id, "jti": uuid::Uuid::new_v4(),
            "nbf": now, "iat": now, "exp": now + LIFE,
        });
        jsonwebtoken::encode(&header, &claims, &self.key).map(Secret::new).map_err(|e| e.to_string())
    }
}

//! The keys that sign the sandbox's tokens: made when the program first needs them, never written down.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use rcgen::{KeyPair, PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::facts::Signature;

/// One RSA key.
pub(super) struct SigningKey {
    /// Its id, as Entra makes it: a hash of the key.
    pub(super) kid: String,
    key: EncodingKey,
    jwk: Value,
}

/// The key that is published.
pub(super) static PUBLISHED: LazyLock<SigningKey> = LazyLock::new(SigningKey::generate);
/// A key that is not, for tokens of another signer.
pub(super) static UNPUBLISHED: LazyLock<SigningKey> = LazyLock::new(SigningKey::generate);

/// The key of the issuers outside of the tenant.
pub(super) static ISSUER: LazyLock<SigningKey> = LazyLock::new(SigningKey::generate);

impl SigningKey {
    fn generate() -> SigningKey {
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("the random source works");
        let (modulus, exponent) = rsa_parts(pair.der_bytes());
        let kid = URL_SAFE_NO_PAD.encode(&Sha256::digest(&modulus)[..20]);
        let key = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).expect("just made");
        let jwk = json!({
            "kty": "RSA", "use": "sig", "kid": kid, "x5t": kid,
            "n": URL_SAFE_NO_PAD.encode(&modulus), "e": URL_SAFE_NO_PAD.encode(&exponent),
        });
        SigningKey { kid, key, jwk }
    }

    /// The public half (RFC 7517), with the issuer that Entra adds.
    pub(super) fn jwk(&self, issuer: &str) -> Value {
        let mut jwk = self.jwk.clone();
        jwk["issuer"] = Value::from(issuer);
        jwk
    }

    /// A JWT (RFC 7515 section 7.1). A `nonce` in the header is replaced by its hash for the signature, as tokens for
    /// Microsoft's own APIs are signed; `sealed` breaks the signature for everybody.
    pub(super) fn sign(&self, header: &Map<String, Value>, claims: &Value, sealed: bool) -> String {
        let encode = |value: String| URL_SAFE_NO_PAD.encode(value);
        let shown = serde_json::to_string(header).unwrap_or_default();
        let claims = encode(claims.to_string());
        let nonce = header.get("nonce").and_then(Value::as_str);
        let signed_header = match nonce {
            Some(nonce) => shown.replace(nonce, &URL_SAFE_NO_PAD.encode(Sha256::digest(nonce.as_bytes()))),
            None => shown.clone(),
        };
        let seal = if sealed { "." } else { "" };
        let signed = format!("{}.{claims}{seal}", encode(signed_header));
        let signature = crypto::sign(signed.as_bytes(), &self.key, Algorithm::RS256).expect("an RSA key signs");
        format!("{}.{claims}.{signature}", encode(shown))
    }

    /// Whether a JWT was signed with this key, in the one form or the other.
    pub(super) fn signed(&self, token: &str) -> bool {
        let keys = json!({ "keys": [self.jwk.clone()] });
        let keys = crate::probes::Keys::read(Some(keys));
        let signature = keys.verify(&crate::setup::secret::Secret::new(token));
        matches!(signature, Signature::Verified(_) | Signature::VerifiedWithNonce(_))
    }
}

/// Modulus and exponent of a PKCS#1 public key: SEQUENCE of two INTEGERs (RFC 8017 appendix A.1.1).
fn rsa_parts(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    use x509_parser::der_parser::parse_der;
    let (_, sequence) = parse_der(der).expect("a public key in DER");
    let items = sequence.as_sequence().expect("a sequence");
    let integer = |n: usize| {
        let octets = items[n].as_slice().expect("an integer");
        octets.iter().copied().skip_while(|octet| *octet == 0).collect()
    };
    (integer(0), integer(1))
}

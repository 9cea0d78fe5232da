//! What an access token, or the refusal to issue one, says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::HttpFacts;
use crate::road::Resource;

/// A token that was requested or read, never its signature.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TokenFacts {
    /// Where it came from: `requested`, or the file, variable or command it was read from.
    pub source: String,
    /// The API it was requested for; none for a token that was read.
    pub resource: Option<Resource>,
    /// The scope of the request.
    pub scope: Option<String>,
    /// The scopes that the service says it granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub granted: Option<String>,
    /// Why no token came of it although the service refused none: the sign-in could not be used, kept or finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
    /// The request, when one was made.
    pub request: Option<HttpFacts>,
    /// The refusal of the login service.
    pub refusal: Option<Refusal>,
    /// What kind of thing the token is.
    pub form: Option<Form>,
    /// The header of a JWT.
    pub header: Map<String, Value>,
    /// The claims of a JWT.
    pub claims: Map<String, Value>,
    /// `user=` of the XOAUTH2 string it was wrapped in.
    pub sasl_user: Option<String>,
    /// The assertion that the application proved itself with, where another issuer made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assertion: Option<super::AssertionFacts>,
    /// The machine's own service that it was asked of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed: Option<super::ManagedFacts>,
    /// Whether its signature was verified.
    pub signature: Signature,
}

/// What stopped a sign-in on this side.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Stopped {
    /// The page that explains it.
    pub cause: String,
    /// What was tried, and what came of it.
    pub words: String,
}

/// An OAuth error of the login service (RFC 6749 section 5.2, with Entra's additions).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Refusal {
    /// `invalid_client`, …
    pub error: String,
    /// The service's own words, masked.
    pub description: String,
    /// The AADSTS numbers.
    pub codes: Vec<u64>,
    /// For Microsoft's support.
    pub trace_id: Option<String>,
    /// For the sign-in log.
    pub correlation_id: Option<String>,
    /// The service's own time of the refusal.
    pub timestamp: Option<String>,
}

/// What kind of thing a token is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "words")]
pub enum Form {
    /// A signed JWT (RFC 7519).
    Jwt,
    /// `alg` is `none`: anyone can have written it.
    Unsigned,
    /// Five parts: encrypted (RFC 7516).
    Encrypted,
    /// No JWT; personal accounts get such tokens.
    Opaque,
    /// Looks like a JWT and does not decode.
    Malformed(String),
}

/// What is known of a token's signature.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "state", content = "words")]
pub enum Signature {
    /// Nobody asked.
    #[default]
    NotChecked,
    /// Verified with the key of this id.
    Verified(String),
    /// Verified with the key of this id after the header's nonce was replaced by its hash.
    VerifiedWithNonce(String),
    /// The key is known and the signature does not verify with it.
    DoesNotVerify(String),
    /// No key of this id among the tenant's keys.
    KeyUnknown(String),
    /// The keys could not be had.
    KeysUnavailable(String),
}

impl TokenFacts {
    /// A claim that is a string.
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    /// A claim that is a time, in seconds since the epoch.
    pub fn seconds(&self, claim: &str) -> Option<i64> {
        self.claims.get(claim)?.as_i64()
    }

    /// The application roles; empty when there are none.
    pub fn roles(&self) -> Vec<&str> {
        let roles = self.claims.get("roles").and_then(Value::as_array);
        roles.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// The delegated scopes; none for a token without `scp`.
    pub fn scopes(&self) -> Option<Vec<&str>> {
        Some(self.text("scp")?.split_whitespace().collect())
    }

    /// The names of the scopes that the service says it granted, without the API in front.
    pub fn granted_scopes(&self) -> Option<Vec<&str>> {
        let name = |scope| str::rsplit(scope, '/').next().unwrap_or(scope);
        Some(self.granted.as_deref()?.split_whitespace().map(name).collect())
    }

    /// The application that asked for it: `appid` of v1, `azp` of v2.
    pub fn client_id(&self) -> Option<&str> {
        self.text("appid").or_else(|| self.text("azp"))
    }

    /// The values of `aud`, which may be one or several (RFC 7519 section 4.1.3).
    pub fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one.as_str()],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether an application, not a user, stands behind it: no `scp`, and `idtyp` app or `roles`.
    pub fn app_only(&self) -> bool {
        self.text("scp").is_none() && (self.text("idtyp") == Some("app") || self.claims.contains_key("roles"))
    }

    /// Whether header and claims could be read.
    pub fn readable(&self) -> bool {
        matches!(self.form, Some(Form::Jwt | Form::Unsigned))
    }
}

//! The keys that the domain's mail is signed with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LookupFacts;

/// One selector of the domain (RFC 6376 section 3.6.2.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DkimSelector {
    /// The selector.
    pub selector: String,
    /// How the look-up of its key ended, after the aliases.
    pub lookup: LookupFacts,
    /// The aliases on the way, as read, in their order.
    pub aliases: Vec<String>,
    /// Whether one of them is a name under which Microsoft 365 keeps keys.
    pub microsoft: bool,
    /// How many texts stand there; one is a key.
    pub texts: usize,
    /// What the first text says.
    pub key: Option<DkimKey>,
}

/// A key record as a verifier reads it (RFC 6376 section 3.6.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DkimKey {
    /// The type: `rsa` unless it says otherwise.
    pub kind: String,
    /// Bits of an RSA modulus.
    pub bits: Option<u32>,
    /// Whether the key was withdrawn: `p=` is empty.
    pub revoked: bool,
    /// Whether the domain says that it is only testing (`t=y`).
    pub test: bool,
    /// Why no signature can be verified with it.
    pub fault: Option<String>,
}

//! Names by which clients and the tenant find each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LookupFacts;

/// `autodiscover.<domain>`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AutodiscoverFacts {
    /// The look-up of its alias.
    pub lookup: LookupFacts,
    /// The alias.
    pub target: Option<String>,
    /// The cloud whose name that is, where it is one of Microsoft's.
    pub cloud: Option<String>,
}

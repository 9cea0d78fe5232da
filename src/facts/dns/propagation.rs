//! How far the records have got: what the domain's own name servers say, and what the resolver still says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LookupFacts;

/// The records that the domain's name servers hold, beside those of the resolver.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PropagationFacts {
    /// The zone that holds the domain.
    pub zone: Option<String>,
    /// Why nothing is known of its servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_seen: Option<String>,
    /// Whether the servers were learnt from those of the zone above, because the resolver could not say who they are.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub from_above: bool,
    /// The servers that were asked.
    pub servers: Vec<NameServerFacts>,
    /// Further addresses of the zone's servers, which were not asked.
    pub servers_left_out: u32,
    /// Record sets that were compared.
    pub compared: u32,
    /// Those that are not the same everywhere.
    pub differing: Vec<RecordSpread>,
}

/// One address of a name server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NameServerFacts {
    /// Its name.
    pub name: String,
    /// The address that was asked.
    pub address: String,
    /// How it answers for the zone.
    pub state: NameServerState,
    /// The serial number of the zone there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<u32>,
}

/// How a name server answers for a zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "state", content = "words")]
pub enum NameServerState {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// It answers with authority.
    Answers,
    /// It answers, and not for this zone; how.
    Lame(String),
    /// Nothing came from it, or the network says that nobody is there; how.
    Silent(String),
}

/// A record set that is not the same everywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RecordSpread {
    /// The name.
    pub name: String,
    /// The type.
    pub kind: String,
    /// How the resolver's look-up ended.
    pub lookup: LookupFacts,
    /// What the resolver says.
    pub resolver: Vec<String>,
    /// Seconds for which the resolver goes on to say it.
    pub ttl: u32,
    /// What the servers say: each answer once, with who gives it.
    pub servers: Vec<ServersSay>,
}

/// An answer, and the servers that give it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServersSay {
    /// The servers' addresses.
    pub servers: Vec<String>,
    /// The records; none: there are no such records.
    pub records: Vec<String>,
}

impl RecordSpread {
    /// Whether the resolver answered, and says what no server of the domain says.
    pub fn resolver_is_behind(&self) -> bool {
        let answered = matches!(self.lookup, LookupFacts::Found | LookupFacts::NoSuchName | LookupFacts::NoSuchType);
        answered && !self.servers.is_empty() && self.servers.iter().all(|said| said.records != self.resolver)
    }

    /// Whether the servers say different things.
    pub fn servers_disagree(&self) -> bool {
        self.servers.len() > 1
    }
}

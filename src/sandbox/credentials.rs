//! What an application of a scenario proves itself with, where it is no secret: made at the start, registered as far as the
//! scenario says, and handed out as files that the profile names.

mod certificate;
mod federated;
mod managed;

use serde::Deserialize;
use toml::{Table, Value};

use super::state::State;

/// The credential of a scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Wanted {
    /// A certificate with its key.
    Certificate(certificate::Wanted),
    /// The token of another issuer.
    Federated(federated::Wanted),
    /// The identity of the machine.
    Managed(managed::Wanted),
}

/// What the profile is to say, and the files that it names.
#[derive(Default)]
pub(super) struct Handed {
    /// Word, file name, content.
    files: Vec<(&'static str, &'static str, Vec<u8>)>,
    words: Vec<(&'static str, Value)>,
    /// Variables that others would set for the program.
    variables: Table,
}

/// The variable of a cluster that names the file, in the place of a word.
const CLUSTER_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";

impl Wanted {
    /// Makes it, and registers what the tenant is to know of it.
    pub(super) fn prepare(&self, state: &mut State) -> Handed {
        match self {
            Wanted::Certificate(wanted) => wanted.prepare(state),
            Wanted::Federated(wanted) => wanted.prepare(state),
            Wanted::Managed(wanted) => wanted.prepare(state),
        }
    }

    /// Whether the machine has no service for identities.
    pub(super) fn nobody_listens(&self) -> bool {
        matches!(self, Wanted::Managed(wanted) if wanted.unreachable)
    }
}

impl super::Sandbox {
    /// Writes the files, and names them in the profile unless the scenario names others.
    pub(super) fn hand_out_credential(&mut self, handed: Handed) -> std::io::Result<()> {
        let (mut words, mut variables) = (handed.words, handed.variables);
        for (word, name, content) in handed.files {
            let file = self.hand_out(name, content)?;
            let file = Value::String(file.display().to_string());
            if word == CLUSTER_FILE {
                variables.insert(word.to_owned(), file);
            } else {
                words.push((word, file));
            }
        }
        if !variables.is_empty() {
            words.push(("environment", Value::Table(variables)));
        }
        for (word, value) in words {
            self.scenario.profile.entry(word.to_owned()).or_insert(value);
        }
        Ok(())
    }
}

//! What an application of a scenario proves itself with, where it is no secret: made at the start, registered as far as the
//! scenario says, and handed out as files that the profile names.

mod certificate;

use serde::Deserialize;
use toml::Value;

use super::state::State;

/// The credential of a scenario.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Wanted {
    /// A certificate with its key.
    Certificate(certificate::Wanted),
}

/// What the profile is to say, and the files that it names.
#[derive(Default)]
pub(super) struct Handed {
    /// Word, file name, content.
    files: Vec<(&'static str, &'static str, Vec<u8>)>,
    words: Vec<(&'static str, Value)>,
}

impl Wanted {
    /// Makes it, and registers what the tenant is to know of it.
    pub(super) fn prepare(&self, state: &mut State) -> Handed {
        match self {
            Wanted::Certificate(wanted) => wanted.prepare(state),
        }
    }
}

impl super::Sandbox {
    /// Writes the files, and names them in the profile unless the scenario names others.
    pub(super) fn hand_out_credential(&mut self, handed: Handed) -> std::io::Result<()> {
        let mut words = handed.words;
        for (word, name, content) in handed.files {
            let file = self.hand_out(name, content)?;
            words.push((word, Value::String(file.display().to_string())));
        }
        for (word, value) in words {
            self.scenario.profile.entry(word.to_owned()).or_insert(value);
        }
        Ok(())
    }
}

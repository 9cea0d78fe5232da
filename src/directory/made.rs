//! The record of what a run made: enough to take it back, and no secret.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a run made, in the order in which it was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Made {
    /// The form of this record: 1.
    pub format: u32,
    /// The cloud that it was made in.
    pub cloud: String,
    /// The directory, as the administrator's sign-in named it.
    pub tenant: String,
    /// When.
    pub at: Option<Timestamp>,
    /// Application (client) id.
    pub client_id: String,
    /// Object id of the registration.
    pub application: String,
    /// Object id of the service principal: the one that Exchange is told.
    pub object_id: String,
    /// Each thing that was made.
    pub steps: Vec<Step>,
}

/// One thing that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "made", rename_all = "kebab-case")]
pub enum Step {
    /// The registration.
    Application,
    /// A part of the registration.
    Change {
        /// What it gained.
        added: Added,
    },
    /// The service principal.
    ServicePrincipal,
    /// A secret.
    Secret {
        /// Its id, which tells nothing of its value.
        key_id: String,
        /// When it expires, as the service says.
        expires: String,
    },
    /// A certificate.
    Certificate {
        /// Its id.
        key_id: String,
        /// SHA-1 of the certificate, in hexadecimal digits, as the portal shows it.
        thumbprint: String,
        /// Where certificate and key lie on this computer.
        file: String,
    },
    /// An application role.
    Role {
        /// Id of the assignment.
        id: String,
        /// Its name.
        role: String,
    },
    /// A consent for everybody.
    Grant {
        /// Its id.
        id: String,
        /// What it added.
        scopes: Vec<String>,
        /// Whether the grant was there before and holds more than that.
        widened: bool,
    },
}

/// What a registration gained.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Added {
    /// Permissions that it asks for.
    pub access: Vec<Access>,
    /// Addresses that a browser may be sent back to.
    pub redirects: Vec<String>,
    /// "Allow public client flows".
    pub public_client: bool,
    /// Whose accounts may sign in: before, and since.
    pub audience: Option<(String, String)>,
}

/// An entry of `requiredResourceAccess`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Access {
    /// Application id of the API.
    pub resource: String,
    /// Id of the permission in this directory.
    pub id: String,
    /// `Role` or `Scope`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl Added {
    /// In words.
    pub fn says(&self) -> String {
        let mut words = Vec::new();
        if !self.access.is_empty() {
            let names: Vec<&str> = self.access.iter().map(|own| own.name.as_str()).collect();
            words.push(format!("it asks for {}", names.join(" ")));
        }
        if !self.redirects.is_empty() {
            words.push(format!("browsers may be sent back to {}", self.redirects.join(" and ")));
        }
        if self.public_client {
            words.push("public client flows are allowed".to_owned());
        }
        if let Some((before, since)) = &self.audience {
            words.push(format!("accounts of {since} may sign in, no longer only of {before}"));
        }
        words.join("; ")
    }
}

impl Step {
    /// In words.
    pub fn says(&self) -> String {
        match self {
            Step::Application => "the registration, and all that hangs on it".to_owned(),
            Step::Change { added } => format!("an addition to the registration: {}", added.says()),
            Step::ServicePrincipal => "the service principal".to_owned(),
            Step::Secret { key_id, expires } => format!("the secret {key_id}, which expires {expires}"),
            Step::Certificate { thumbprint, file, .. } => {
                format!("the certificate {thumbprint} (its file {file} stays)")
            }
            Step::Role { role, .. } => format!("the role {role}"),
            Step::Grant { scopes, .. } => format!("consent to {} for everybody", scopes.join(" ")),
        }
    }
}

impl Made {
    /// Whether the registration itself was made, with which all else goes.
    pub fn whole(&self) -> bool {
        self.steps.contains(&Step::Application)
    }
}

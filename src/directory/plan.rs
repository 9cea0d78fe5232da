//! What is to be done so that what is wanted is there: a list of actions, none where nothing differs.

use jiff::Timestamp;
use serde_json::Value;

use super::differs::{assignments, change, credential, grants, registration};
use super::error::Refused;
use super::found::{Found, look};
use super::graph::{Graph, text};
use super::made::Added;
use super::{Access, Audience, Wanted};
use crate::cloud::Cloud;
use crate::road::Resource;

/// What is to be done, in order.
#[derive(Debug)]
pub struct Plan {
    /// None of them: what is wanted is there.
    pub actions: Vec<Action>,
    pub(super) wanted: Wanted,
    pub(super) found: Found,
}

/// One thing to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Register the application.
    Register {
        /// What Graph is told.
        body: Value,
    },
    /// Change its registration.
    Change {
        /// The fields as they are to be.
        body: Value,
        /// What that adds.
        added: Added,
    },
    /// Make its service principal.
    Principal,
    /// Add a secret.
    Secret {
        /// Days until it expires.
        days: u32,
    },
    /// Make a key and upload its certificate.
    Certificate {
        /// Days until it expires.
        days: u32,
    },
    /// Assign an application role, which is the consent to it.
    Assign {
        /// The API.
        resource: Resource,
        /// The role.
        role: String,
    },
    /// Consent to delegated permissions for everybody.
    Grant {
        /// The API.
        resource: Resource,
        /// The permissions that are added.
        scopes: Vec<String>,
        /// The grant that they are added to, if there is one: its id, and what it says.
        to: Option<(String, String)>,
    },
}

impl Plan {
    /// The application (client) id, where the application is there already.
    pub fn client_id(&self) -> Option<&str> {
        self.found.application.as_ref().map(|application| text(application, "appId"))
    }

    /// Object id of the service principal, where it is there already.
    pub fn object_id(&self) -> Option<&str> {
        self.found.principal.as_deref()
    }
}

impl Action {
    /// What is done.
    pub fn says(&self) -> String {
        match self {
            Action::Register { body } => format!("register the application {}", text(body, "displayName")),
            Action::Change { added, .. } => format!("change the registration: {}", added.says()),
            Action::Principal => "make its service principal".to_owned(),
            Action::Secret { days } => format!("add a client secret that expires in {days} days"),
            Action::Certificate { days } => {
                format!("make a key, and upload its certificate, which expires in {days} days")
            }
            Action::Assign { resource, role } => format!("assign the role {role} of {}", resource.label()),
            Action::Grant { resource, scopes, .. } => {
                format!("consent to {} of {} for everybody", scopes.join(" "), resource.label())
            }
        }
    }

    /// The least role in the directory that may do it (Microsoft Learn, "Least privileged roles by task in Microsoft Entra
    /// ID").
    pub fn role(&self) -> &'static str {
        match self {
            Action::Assign { resource: Resource::Graph, .. } => "Privileged Role Administrator",
            _ => "Cloud Application Administrator",
        }
    }

    /// What that changes in the organization.
    pub fn changes(&self) -> &'static str {
        match self {
            Action::Register { .. } => "A new entry under App registrations. By itself it may do nothing.",
            Action::Change { .. } => "The registration asks for more than before. What it has stays.",
            Action::Principal => {
                "A new entry under Enterprise applications: the application is known in this directory."
            }
            Action::Secret { .. } => {
                "Whoever has the secret acts as the application. It is shown to nobody and given once."
            }
            Action::Certificate { .. } => {
                "Whoever has the key acts as the application. The key stays on this computer."
            }
            Action::Assign { .. } => {
                "This is the consent. It counts for every mailbox that Exchange lets the application open."
            }
            Action::Grant { .. } => "This is the consent. Nobody of the organization is asked any more.",
        }
    }
}

/// Looks what is there and what differs. Nothing is written.
///
/// # Errors
/// What can not be read, or two applications that may be meant.
pub async fn make(graph: &Graph<'_>, cloud: &Cloud, wanted: &Wanted) -> Result<Plan, Refused> {
    let found = look(graph, wanted).await?;
    let mut actions = Vec::new();
    match &found.application {
        None => actions.push(Action::Register { body: registration(cloud, wanted, &found) }),
        Some(application) => actions.extend(change(cloud, wanted, &found, application)),
    }
    // Where only personal accounts sign in, the directory has no use for one.
    let personal = matches!(wanted.access, Access::Delegated { audience: Audience::Personal, .. });
    if found.principal.is_none() && !personal {
        actions.push(Action::Principal);
    }
    actions.extend(credential(wanted, found.application.as_ref(), Timestamp::now()));
    match wanted.access {
        Access::AppOnly => actions.extend(assignments(wanted, &found)),
        Access::Delegated { .. } if consents(wanted) => actions.extend(grants(wanted, &found)),
        Access::Delegated { .. } => {}
    }
    Ok(Plan { actions, wanted: wanted.clone(), found })
}

/// Whether an administrator consents to delegated permissions. Where only personal accounts sign in, nobody can.
pub(super) fn consents(wanted: &Wanted) -> bool {
    matches!(wanted.access, Access::Delegated { for_all: true, audience } if audience != Audience::Personal)
}

//! What a road asks of Entra, and the piece of a manifest that says it.

use serde_json::{Value, json};

use super::{Refused, Target};
use crate::road::{Resource, Road};

/// The application ids of the two resources, the same in every cloud (microsoft-facts C.1).
pub(super) const EXCHANGE_APP: &str = "00000002-0000-0ff1-ce00-000000000000";
const GRAPH_APP: &str = "00000003-0000-0000-c000-000000000000";

/// Ids of permissions, for the manifest alone: scripts look an id up by its value from the resource itself. From
/// microsoft-facts C.2 to C.5 (Microsoft Learn where it has them, else two public lists), checked 2026-11-20.
const IDS: [(&str, &str, bool, &str); 12] = [
    (EXCHANGE_APP, "full_access_as_app", true, "dc890d15-9560-4a4c-9b7f-a736ec74ec40"),
    (EXCHANGE_APP, "SMTP.SendAsApp", true, "7146a1f0-8703-45b3-9eae-527a64c00995"),
    (EXCHANGE_APP, "IMAP.AccessAsApp", true, "5e5addcd-3e8d-4e90-baf5-964efab2b20a"),
    (EXCHANGE_APP, "POP.AccessAsApp", true, "cb842b43-da6e-4506-86fe-bb12199c656d"),
    (EXCHANGE_APP, "Mail.Send", true, "b633e1c5-b582-4048-a93e-9f11b44c7e96"),
    (EXCHANGE_APP, "SMTP.Send", false, "76faac2a-0f20-42f1-928a-50de5b9dbe52"),
    (EXCHANGE_APP, "IMAP.AccessAsUser.All", false, "195adc35-e27b-454b-a7ed-1ecdffa1c09f"),
    (EXCHANGE_APP, "POP.AccessAsUser.All", false, "fb698133-92fa-453e-a9ed-688e10f2e5ac"),
    (EXCHANGE_APP, "EWS.AccessAsUser.All", false, "3b5f3d61-589b-4a3c-a359-5dd4b5ee5bd5"),
    (GRAPH_APP, "Mail.Send", true, "b633e1c5-b582-4048-a93e-9f11b44c7e96"),
    (GRAPH_APP, "Mail.Send", false, "e383f46e-2787-4529-855e-0e479a3ffac0"),
    (GRAPH_APP, "offline_access", false, "7427e0e9-2fba-42fe-b0c0-848c9e6a8182"),
];

/// One permission: of which resource, and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Permission {
    pub(super) resource: &'static str,
    pub(super) value: &'static str,
}

impl Permission {
    /// As the scripts take it: resource and value in one word.
    pub(super) fn word(self) -> String {
        format!("{} {}", self.resource, self.value)
    }
}

/// The least that a road asks: one application role, or one scope and the right to refresh the sign-in.
pub(super) fn of(target: Target, person: bool) -> Vec<Permission> {
    let Some(wants) = target.road().and_then(Road::wants) else { return Vec::new() };
    let resource = if wants.resource == Resource::Graph { GRAPH_APP } else { EXCHANGE_APP };
    if !person {
        return wants.roles.first().map(|value| Permission { resource, value }).into_iter().collect();
    }
    let scope = wants.scopes.first().map(|value| Permission { resource, value });
    scope.into_iter().chain([Permission { resource: GRAPH_APP, value: "offline_access" }]).collect()
}

/// The member `requiredResourceAccess` of a manifest, as JSON.
pub(super) fn manifest(target: Target, person: bool) -> Result<String, Refused> {
    let mut resources: Vec<(&str, Vec<Value>)> = Vec::new();
    for permission in of(target, person) {
        let id = id(permission, !person).ok_or_else(|| Refused::Template(format!("no id of {}", permission.value)))?;
        let access = json!({ "id": id, "type": if person { "Scope" } else { "Role" } });
        match resources.iter_mut().find(|(resource, _)| *resource == permission.resource) {
            Some((_, all)) => all.push(access),
            None => resources.push((permission.resource, vec![access])),
        }
    }
    let all: Vec<Value> = resources
        .into_iter()
        .map(|(resource, access)| json!({ "resourceAppId": resource, "resourceAccess": access }))
        .collect();
    Ok(format!("{:#}\n", json!({ "requiredResourceAccess": all })))
}

fn id(permission: Permission, role: bool) -> Option<&'static str> {
    let is = |row: &&(&str, &str, bool, &str)| (row.0, row.1, row.2) == (permission.resource, permission.value, role);
    IDS.iter().find(is).map(|row| row.3)
}

//! What is there already: the application, its service principal, the two APIs, what was consented to.

use serde_json::Value;

use super::error::Refused;
use super::graph::{Graph, list, quoted, text};
use super::{TAG, Wanted, app_id_of};
use crate::road::Resource;

/// What the directory holds of what is wanted.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The registration.
    pub(super) application: Option<Value>,
    /// Object id of its service principal.
    pub(super) principal: Option<String>,
    /// The APIs whose permissions are wanted.
    pub(super) apis: Vec<Api>,
    /// `appRoleAssignments` of the service principal.
    pub(super) assignments: Vec<Value>,
    /// `oauth2PermissionGrants` for everybody.
    pub(super) grants: Vec<Value>,
}

/// An API as a service principal of the tenant.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) resource: Resource,
    /// Object id.
    pub(super) id: String,
    /// Its permissions of the kind that is wanted: name and id.
    pub(super) permissions: Vec<(String, String)>,
}

const APPLICATION: &str = "id,appId,displayName,tags,signInAudience,isFallbackPublicClient,publicClient,\
                           requiredResourceAccess,passwordCredentials,keyCredentials";

impl Api {
    pub(super) fn id_of(&self, name: &str) -> Option<&str> {
        self.permissions.iter().find(|(own, _)| own == name).map(|(_, id)| id.as_str())
    }
}

impl Found {
    pub(super) fn api(&self, resource: Resource) -> Option<&Api> {
        self.apis.iter().find(|api| api.resource == resource)
    }
}

/// Reads all of it. Nothing is written.
pub(super) async fn look(graph: &Graph<'_>, wanted: &Wanted) -> Result<Found, Refused> {
    let mut found = Found { apis: apis(graph, wanted).await?, ..Found::default() };
    found.application = application(graph, wanted).await?;
    let Some(application) = &found.application else { return Ok(found) };
    let filter = format!("appId eq {}", quoted(text(application, "appId")));
    let doing = "look for the service principal";
    let principals = graph.all(doing, &["servicePrincipals"], Some(&filter), Some("id,appId")).await?;
    found.principal = principals.first().map(|principal| text(principal, "id").to_owned());
    let Some(principal) = &found.principal else { return Ok(found) };
    if wanted.access.delegated() {
        if super::plan::consents(wanted) {
            let filter = format!("clientId eq {} and consentType eq 'AllPrincipals'", quoted(principal));
            let doing = "read what was consented to";
            found.grants = graph.all(doing, &["oauth2PermissionGrants"], Some(&filter), None).await?;
        }
    } else {
        let path = ["servicePrincipals", principal, "appRoleAssignments"];
        found.assignments = graph.all("read the roles that were assigned", &path, None, None).await?;
    }
    Ok(found)
}

/// The service principals of the APIs, with their permissions as they are called and numbered in this tenant.
async fn apis(graph: &Graph<'_>, wanted: &Wanted) -> Result<Vec<Api>, Refused> {
    let mut apis = Vec::new();
    let field = if wanted.access.delegated() { "oauth2PermissionScopes" } else { "appRoles" };
    for resource in [Resource::Outlook, Resource::Graph] {
        let names: Vec<&str> =
            wanted.permissions.iter().filter(|own| own.resource == resource).map(|own| own.name.as_str()).collect();
        if names.is_empty() {
            continue;
        }
        let doing = format!("look up the permissions of {}", resource.label());
        let filter = format!("appId eq {}", quoted(app_id_of(resource)));
        let select = format!("id,appId,{field}");
        let rows = graph.all(&doing, &["servicePrincipals"], Some(&filter), Some(&select)).await?;
        let Some(row) = rows.first() else {
            return Err(Refused::own(
                &doing,
                "this directory has no service principal of it; without one it is not used here",
            ));
        };
        let enabled = |entry: &&Value| entry.get("isEnabled") != Some(&Value::Bool(false));
        let pair = |entry: &Value| (text(entry, "value").to_owned(), text(entry, "id").to_owned());
        let permissions: Vec<_> = list(row, field).iter().filter(enabled).map(pair).collect();
        let api = Api { resource, id: text(row, "id").to_owned(), permissions };
        if let Some(name) = names.iter().find(|name| api.id_of(name).is_none()) {
            return Err(Refused::own(&doing, format!("it has no permission {name} in this directory")));
        }
        apis.push(api);
    }
    Ok(apis)
}

/// The registration: by its application id, else by its name and mark.
async fn application(graph: &Graph<'_>, wanted: &Wanted) -> Result<Option<Value>, Refused> {
    let doing = "look for the application";
    let (field, value) = match &wanted.client_id {
        Some(id) => ("appId", id),
        None => ("displayName", &wanted.name),
    };
    let filter = format!("{field} eq {}", quoted(value));
    let rows = graph.all(doing, &["applications"], Some(&filter), Some(APPLICATION)).await?;
    if wanted.client_id.is_some() {
        let none =
            || Refused::own(doing, format!("no application with the id {value} is registered in this directory"));
        return rows.into_iter().next().map(Some).ok_or_else(none);
    }
    let marked = |row: &Value| list(row, "tags").iter().any(|tag| tag == TAG);
    let (own, others): (Vec<Value>, Vec<Value>) = rows.into_iter().partition(marked);
    match (own.as_slice(), others.as_slice()) {
        ([one], _) => Ok(Some(one.clone())),
        ([], []) => Ok(None),
        ([], [other, ..]) => {
            let id = text(other, "appId");
            let words = format!(
                "an application of this name is there ({id}) and was not registered from here; name it \
                                 by its id, or take another name"
            );
            Err(Refused::own(doing, words))
        }
        (several, _) => {
            let ids: Vec<&str> = several.iter().map(|row| text(row, "appId")).collect();
            Err(Refused::own(doing, format!("several have this name: {}; name one by its id", ids.join(", "))))
        }
    }
}

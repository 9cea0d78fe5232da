//! What the administrator's own sign-in left behind: delegated permissions of the client that was signed in to.
//!
//! What was there before the sign-in can not be read before it. So this tells what that client holds now, which part of it
//! the run asked for, and how each is removed; a client that was first made known by this run holds nothing else.

use super::admin::Admin;
use super::error::Refused;
use super::graph::{Graph, quoted, text};

/// Delegated permissions that a client holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trail {
    /// The client, by its application id.
    pub client: String,
    /// Id of the grant; none where the grants can not be read with what the run was given.
    pub grant: Option<String>,
    /// Whether it counts for everybody, not only for who signed in.
    pub for_all: bool,
    /// What the run asked for and the grant holds.
    pub asked: Vec<String>,
    /// What else it holds.
    pub others: Vec<String>,
}

impl Trail {
    /// What removes what the run asked for, in Microsoft Graph PowerShell.
    pub fn removal(&self) -> String {
        let client = plain(&self.client).unwrap_or_default();
        let others: Vec<&str> = self.others.iter().filter_map(|scope| plain(scope)).collect();
        match (self.grant.as_deref().and_then(plain), others.as_slice()) {
            (Some(id), []) => format!("Remove-MgOauth2PermissionGrant -OAuth2PermissionGrantId '{id}'"),
            (Some(id), others) => {
                format!("Update-MgOauth2PermissionGrant -OAuth2PermissionGrantId '{id}' -Scope '{}'", others.join(" "))
            }
            (None, _) => format!(
                "Get-MgOauth2PermissionGrant -All | Where-Object ClientId -EQ (Get-MgServicePrincipal -Filter \"appId eq \
                 '{client}'\").Id | Format-List Id, PrincipalId, Scope"
            ),
        }
    }
}

/// A word of the service that may stand between quotes of PowerShell: ids and names of permissions have no other signs.
fn plain(word: &str) -> Option<&str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (!word.is_empty() && word.chars().all(fits)).then_some(word)
}

/// Reads it, as far as the permissions of the run go; else what the token itself says.
pub async fn trail(graph: &Graph<'_>, admin: &Admin) -> Vec<Trail> {
    match read(graph, admin).await {
        Ok(trails) => trails,
        Err(_) => vec![of(None, false, admin.held.iter().map(String::as_str), admin)],
    }
}

async fn read(graph: &Graph<'_>, admin: &Admin) -> Result<Vec<Trail>, Refused> {
    let doing = "read what the sign-in left behind";
    let filter = format!("appId eq {}", quoted(&admin.client_id));
    let rows = graph.all(doing, &["servicePrincipals"], Some(&filter), Some("id,appId")).await?;
    let Some(client) = rows.first() else { return Ok(Vec::new()) };
    let filter = format!("clientId eq {}", quoted(text(client, "id")));
    let grants = graph.all(doing, &["oauth2PermissionGrants"], Some(&filter), None).await?;
    let mine = |row: &&serde_json::Value| {
        text(row, "consentType") == "AllPrincipals" || admin.object_id.as_deref() == Some(text(row, "principalId"))
    };
    let trails = grants.iter().filter(mine).map(|row| {
        let for_all = text(row, "consentType") == "AllPrincipals";
        of(Some(text(row, "id").to_owned()), for_all, text(row, "scope").split_whitespace(), admin)
    });
    Ok(trails.filter(|trail| !trail.asked.is_empty()).collect())
}

fn of<'s>(grant: Option<String>, for_all: bool, scopes: impl Iterator<Item = &'s str>, admin: &Admin) -> Trail {
    let (asked, others) = scopes.map(str::to_owned).partition(|scope| admin.asked.contains(scope));
    Trail { client: admin.client_id.clone(), grant, for_all, asked, others }
}

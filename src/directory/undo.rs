//! Takes back exactly what a record names, the last thing first. What others changed since stays.

use serde_json::{Value, json};

use super::error::Refused;
use super::graph::{Graph, list, text};
use super::made::{Added, Made, Step};

/// What came of it.
#[derive(Debug, Default)]
pub struct Undone {
    /// What was taken back, in words.
    pub back: Vec<String>,
    /// What was gone already, in words.
    pub gone: Vec<String>,
    /// What is still there.
    pub left: Vec<Refused>,
}

/// Takes it back. A registration that was made here goes as a whole, and with it all that hangs on it; it lies among the
/// deleted applications for 30 days (Microsoft Learn, "Delete application"). Files on this computer stay.
pub async fn undo(graph: &Graph<'_>, made: &Made) -> Undone {
    let mut undone = Undone::default();
    if !graph.is_of(&made.cloud, &made.tenant) {
        let words = format!("it was made in the directory {} of {}, and this is another one", made.tenant, made.cloud);
        undone.left.push(Refused::own("take back what was made", words));
        return undone;
    }
    if made.whole() {
        let what = format!("delete the application {}", made.client_id);
        let result = graph.delete(&what, &["applications", &made.application]).await;
        undone.note(what, result);
        return undone;
    }
    for step in made.steps.iter().rev() {
        let (what, result) = back(graph, made, step).await;
        undone.note(what, result);
    }
    undone
}

impl Undone {
    fn note(&mut self, what: String, result: Result<(), Refused>) {
        match result {
            Ok(()) => self.back.push(what),
            Err(refused) if refused.gone() => self.gone.push(what),
            Err(refused) => self.left.push(refused),
        }
    }
}

async fn back(graph: &Graph<'_>, made: &Made, step: &Step) -> (String, Result<(), Refused>) {
    let application = ["applications", made.application.as_str()];
    match step {
        // A record that has it is undone as a whole.
        Step::Application => (String::new(), Ok(())),
        Step::Change { added } => {
            let what = "take the additions out of the registration".to_owned();
            let result = unchange(graph, &what, &application, added).await;
            (what, result)
        }
        Step::ServicePrincipal => {
            let what = "delete the service principal".to_owned();
            let result = graph.delete(&what, &["servicePrincipals", &made.object_id]).await;
            (what, result)
        }
        Step::Secret { key_id, .. } => {
            let what = format!("remove the secret {key_id}");
            let path = [application[0], application[1], "removePassword"];
            let result = graph.post(&what, &path, &json!({ "keyId": key_id })).await;
            (what, result.map(drop))
        }
        Step::Certificate { key_id, thumbprint, .. } => {
            let what = format!("remove the certificate {thumbprint}");
            let result = uncertify(graph, &what, &application, key_id).await;
            (what, result)
        }
        Step::Role { id, role } => {
            let what = format!("take the role {role} back");
            let path = ["servicePrincipals", &made.object_id, "appRoleAssignments", id];
            let result = graph.delete(&what, &path).await;
            (what, result)
        }
        Step::Grant { id, scopes, .. } => {
            let what = format!("take the consent to {} back", scopes.join(" "));
            let result = ungrant(graph, &what, id, scopes).await;
            (what, result)
        }
    }
}

async fn unchange(graph: &Graph<'_>, doing: &str, path: &[&str], added: &Added) -> Result<(), Refused> {
    let select = "requiredResourceAccess,publicClient,isFallbackPublicClient,signInAudience";
    let now = graph.one(doing, path, select).await?;
    let mut body = json!({});
    if !added.access.is_empty() {
        body["requiredResourceAccess"] = without(list(&now, "requiredResourceAccess"), added);
    }
    if !added.redirects.is_empty() {
        let own = list(&now["publicClient"], "redirectUris").iter();
        let kept: Vec<&Value> = own.filter(|uri| !added.redirects.iter().any(|ours| *uri == ours.as_str())).collect();
        body["publicClient"] = json!({ "redirectUris": kept });
    }
    if added.public_client {
        body["isFallbackPublicClient"] = false.into();
    }
    if let Some((before, since)) = &added.audience
        && text(&now, "signInAudience") == since
    {
        body["signInAudience"] = before.as_str().into();
    }
    graph.patch(doing, path, &body).await
}

/// The permissions without ours, and without an API that is left with none.
fn without(have: &[Value], added: &Added) -> Value {
    let rest = |entry: &Value| {
        let api = text(entry, "resourceAppId");
        let ours = |own: &&Value| {
            let is_it = |ours: &super::made::Access| {
                ours.resource == api && ours.id.eq_ignore_ascii_case(text(own, "id")) && ours.kind == text(own, "type")
            };
            added.access.iter().any(is_it)
        };
        let kept: Vec<&Value> = list(entry, "resourceAccess").iter().filter(|own| !ours(own)).collect();
        (!kept.is_empty()).then(|| json!({ "resourceAppId": api, "resourceAccess": kept }))
    };
    have.iter().filter_map(rest).collect()
}

async fn uncertify(graph: &Graph<'_>, doing: &str, path: &[&str], key_id: &str) -> Result<(), Refused> {
    let now = graph.one(doing, path, "keyCredentials").await?;
    let is_it = |key: &&Value| text(key, "keyId").eq_ignore_ascii_case(key_id);
    let all = list(&now, "keyCredentials");
    if !all.iter().any(|key| is_it(&key)) {
        return Ok(());
    }
    let kept: Vec<&Value> = all.iter().filter(|key| !is_it(key)).collect();
    graph.patch(doing, path, &json!({ "keyCredentials": kept })).await
}

/// A grant loses what it gained; one with nothing left goes.
async fn ungrant(graph: &Graph<'_>, doing: &str, id: &str, scopes: &[String]) -> Result<(), Refused> {
    let path = ["oauth2PermissionGrants", id];
    let now = graph.one(doing, &path, "id,scope").await?;
    let ours = |name: &&str| scopes.iter().any(|own| own.eq_ignore_ascii_case(name));
    let kept: Vec<&str> = text(&now, "scope").split_whitespace().filter(|name| !ours(name)).collect();
    if kept.is_empty() {
        return graph.delete(doing, &path).await;
    }
    graph.patch(doing, &path, &json!({ "scope": kept.join(" ") })).await
}

//! Does what a plan says, step by step. The caller has shown the plan and asked once.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::certificate::{Generated, generate};
use super::error::Refused;
use super::graph::{Graph, Patience, list, text};
use super::made::{Made, Step};
use super::plan::{Action, Plan};
use super::{TAG, Wish};
use crate::kb::cause;
use crate::road::Resource;
use crate::setup::secret::Secret;

/// What came of it. What was made before a problem was made: the record names it.
#[derive(Debug)]
pub struct Outcome {
    /// The record.
    pub made: Made,
    /// The new secret. It can not be had a second time.
    pub secret: Option<Secret>,
    /// Where the new certificate and its key lie.
    pub certificate: Option<PathBuf>,
    /// What ended it, if it did not come to its end.
    pub problem: Option<Refused>,
}

struct Run<'a> {
    graph: &'a Graph<'a>,
    plan: &'a Plan,
    patience: Patience,
    out: Outcome,
}

/// Does it.
pub async fn apply(graph: &Graph<'_>, plan: &Plan, patience: Patience) -> Outcome {
    let application = plan.found.application.as_ref();
    let made = Made {
        format: 1,
        cloud: graph.cloud.clone(),
        tenant: graph.tenant.clone(),
        at: Some(Timestamp::now()),
        client_id: application.map(|own| text(own, "appId").to_owned()).unwrap_or_default(),
        application: application.map(|own| text(own, "id").to_owned()).unwrap_or_default(),
        object_id: plan.found.principal.clone().unwrap_or_default(),
        steps: Vec::new(),
    };
    let out = Outcome { made, secret: None, certificate: None, problem: None };
    let mut run = Run { graph, plan, patience, out };
    for action in &plan.actions {
        graph.say(&action.says());
        if let Err(refused) = run.act(action).await {
            let role = (refused.status == Some(403)).then(|| action.role());
            run.out.problem = Some(Refused { role, ..refused });
            break;
        }
    }
    run.out
}

impl Run<'_> {
    async fn act(&mut self, action: &Action) -> Result<(), Refused> {
        match action {
            Action::Register { body } => self.register(body).await,
            Action::Change { body, added } => {
                let path = ["applications", &self.out.made.application];
                self.graph.patch("change the registration", &path, body).await?;
                self.made(Step::Change { added: added.clone() });
                Ok(())
            }
            Action::Principal => self.principal().await,
            Action::Secret { days } => self.secret(*days).await,
            Action::Certificate { days } => {
                let file = match &self.plan.wanted.credential {
                    Wish::Certificate { file, .. } => file.clone(),
                    _ => PathBuf::new(),
                };
                self.certificate(*days, &file).await
            }
            Action::Assign { resource, role } => self.assign(*resource, role).await,
            Action::Grant { resource, scopes, to } => self.grant(*resource, scopes, to.as_ref()).await,
        }
    }

    fn made(&mut self, step: Step) {
        self.out.made.steps.push(step);
    }

    async fn register(&mut self, body: &Value) -> Result<(), Refused> {
        let doing = "register the application";
        let created = self.graph.post(doing, &["applications"], body).await?;
        let (id, client_id) = (text(&created, "id").to_owned(), text(&created, "appId").to_owned());
        if id.is_empty() || client_id.is_empty() {
            return Err(Refused::own(doing, "the answer names no id"));
        }
        (self.out.made.application, self.out.made.client_id) = (id, client_id);
        self.made(Step::Application);
        Ok(())
    }

    async fn principal(&mut self) -> Result<(), Refused> {
        let (graph, body) = (self.graph, json!({ "appId": self.out.made.client_id }));
        let doing = "make the service principal";
        let ask = async || graph.post(doing, &["servicePrincipals"], &body).await;
        let created = graph.settled(&mut self.patience, ask).await?;
        text(&created, "id").clone_into(&mut self.out.made.object_id);
        self.made(Step::ServicePrincipal);
        Ok(())
    }

    async fn secret(&mut self, days: u32) -> Result<(), Refused> {
        let graph = self.graph;
        let end = Timestamp::now() + SignedDuration::from_hours(i64::from(days) * 24);
        let end = end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let body = json!({ "passwordCredential": { "displayName": TAG, "endDateTime": end } });
        let id = self.out.made.application.clone();
        let path = ["applications", &id, "addPassword"];
        let ask = async || graph.post("add a secret", &path, &body).await;
        let added = match graph.settled(&mut self.patience, ask).await {
            Err(refused) if refused.no_secrets() => return self.instead_of_secret(refused, days).await,
            other => other?,
        };
        let value = text(&added, "secretText");
        if value.is_empty() {
            return Err(Refused::own("add a secret", "the answer holds no secret"));
        }
        self.out.secret = Some(Secret::new(value));
        let (key_id, expires) = (text(&added, "keyId").to_owned(), text(&added, "endDateTime").to_owned());
        self.made(Step::Secret { key_id, expires });
        Ok(())
    }

    /// The organization's policy allows no secret: a certificate does as well.
    async fn instead_of_secret(&mut self, refused: Refused, days: u32) -> Result<(), Refused> {
        match &self.plan.wanted.credential {
            Wish::Secret { or_certificate: Some(file), .. } => {
                self.graph.say("the organization's policy allows no secret, so a certificate is made");
                let file = file.clone();
                self.certificate(days, &file).await
            }
            _ => Err(Refused { cause: Some(&cause::GRAPH_SECRET_NOT_ALLOWED), ..refused }),
        }
    }

    async fn certificate(&mut self, days: u32, file: &Path) -> Result<(), Refused> {
        let doing = "make a key";
        let unmade = |e: std::io::Error| Refused::own(doing, format!("{}: {e}", file.display()));
        let generated = generate(&self.plan.wanted.name, days, file).map_err(unmade)?;
        match self.upload(&generated).await {
            Ok(key_id) => {
                self.out.certificate = Some(file.to_owned());
                let (thumbprint, file) = (generated.thumbprint, file.display().to_string());
                self.made(Step::Certificate { key_id, thumbprint, file });
                Ok(())
            }
            Err(refused) => {
                // Where the upload may have come through, the key may be needed.
                if !refused.unknown {
                    let _ = std::fs::remove_file(file);
                }
                Err(refused)
            }
        }
    }

    /// The list is replaced as a whole, so it goes with what it had (Microsoft Learn, "Add a certificate to an app using
    /// Microsoft Graph").
    async fn upload(&mut self, generated: &Generated) -> Result<String, Refused> {
        let (graph, id) = (self.graph, self.out.made.application.clone());
        let path = ["applications", &id];
        let doing = "upload the certificate";
        let ask = async || graph.one(doing, &path, "keyCredentials").await;
        let current = graph.settled(&mut self.patience, ask).await?;
        let key_id = uuid::Uuid::new_v4().to_string();
        let mut keys = list(&current, "keyCredentials").to_vec();
        keys.push(json!({
            "keyId": key_id, "displayName": TAG, "type": "AsymmetricX509Cert", "usage": "Verify",
            "key": STANDARD.encode(&generated.der),
        }));
        let body = json!({ "keyCredentials": keys });
        let ask = async || graph.patch(doing, &path, &body).await;
        graph.settled(&mut self.patience, ask).await?;
        Ok(key_id)
    }

    /// Over the API's side, as Microsoft recommends (Microsoft Learn, "Grant an appRoleAssignment for a service
    /// principal").
    async fn assign(&mut self, resource: Resource, role: &str) -> Result<(), Refused> {
        let graph = self.graph;
        let doing = format!("assign the role {role}");
        let api = self.plan.found.api(resource);
        let api = api.ok_or_else(|| Refused::own(&doing, "its API was not looked up"))?;
        let path = ["servicePrincipals", &api.id, "appRoleAssignedTo"];
        let body = json!({
            "principalId": self.out.made.object_id, "resourceId": api.id, "appRoleId": api.id_of(role),
        });
        let ask = async || graph.post(&doing, &path, &body).await;
        match graph.settled(&mut self.patience, ask).await {
            Ok(created) => {
                self.made(Step::Role { id: text(&created, "id").to_owned(), role: role.to_owned() });
                Ok(())
            }
            // Somebody else was faster; it is not ours to take back.
            Err(refused) if refused.there_already() => Ok(()),
            Err(refused) => Err(refused),
        }
    }

    async fn grant(
        &mut self,
        resource: Resource,
        scopes: &[String],
        to: Option<&(String, String)>,
    ) -> Result<(), Refused> {
        let graph = self.graph;
        let doing = format!("consent to {}", scopes.join(" "));
        if let Some((id, said)) = to {
            let body = json!({ "scope": format!("{said} {}", scopes.join(" ")).trim() });
            graph.patch(&doing, &["oauth2PermissionGrants", id], &body).await?;
            self.made(Step::Grant { id: id.clone(), scopes: scopes.to_vec(), widened: true });
            return Ok(());
        }
        let api = self.plan.found.api(resource);
        let api = api.ok_or_else(|| Refused::own(&doing, "its API was not looked up"))?;
        let body = json!({
            "clientId": self.out.made.object_id, "consentType": "AllPrincipals", "resourceId": api.id,
            "scope": scopes.join(" "),
        });
        let ask = async || graph.post(&doing, &["oauth2PermissionGrants"], &body).await;
        let created = graph.settled(&mut self.patience, ask).await?;
        self.made(Step::Grant { id: text(&created, "id").to_owned(), scopes: scopes.to_vec(), widened: false });
        Ok(())
    }
}

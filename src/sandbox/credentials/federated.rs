//! The token of another issuer: of a pipeline or a cluster, with the fault that a scenario wants.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use toml::Value;

use super::Handed;
use crate::sandbox::federation::{Pipeline, issuer};
use crate::sandbox::keys::{ISSUER, UNPUBLISHED};
use crate::sandbox::state::{FederatedCredential, State};

/// The assertion of a scenario, and the trust that the registration has.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct Wanted {
    /// Where the program finds it.
    source: Source,
    /// The name of the issuer below `/oidc/`.
    issuer: String,
    /// The issuer's address has a slash at its end.
    slash: bool,
    subject: String,
    audience: String,
    /// Seconds until it expires; below zero it has.
    life: i64,
    /// Somebody else signed it.
    forged: bool,
    /// What the registration has; none where it trusts nobody.
    trusts_nobody: bool,
    trusted_issuer: Option<String>,
    trusted_subject: Option<String>,
    trusted_audience: Option<String>,
    /// The job may not ask for a token.
    not_permitted: bool,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Source {
    /// A file that the profile names.
    #[default]
    File,
    /// A file that the variables of a cluster name.
    Cluster,
    /// The service of GitHub Actions.
    GitHub,
}

const AUDIENCE: &str = "api://AzureADTokenExchange";

impl Default for Wanted {
    fn default() -> Self {
        Wanted {
            source: Source::File,
            issuer: "github".to_owned(),
            slash: false,
            subject: "repo:contoso/mail:ref:refs/heads/main".to_owned(),
            audience: AUDIENCE.to_owned(),
            // GitHub's live about five minutes (microsoft-facts B.4).
            life: 300,
            forged: false,
            trusts_nobody: false,
            trusted_issuer: None,
            trusted_subject: None,
            trusted_audience: None,
            not_permitted: false,
        }
    }
}

impl Wanted {
    pub(super) fn prepare(&self, state: &mut State) -> Handed {
        let login = state.login();
        let own = format!("{}{}", issuer(state, &self.issuer), if self.slash { "/" } else { "" });
        let trust = FederatedCredential {
            issuer: self.trusted_issuer.as_ref().map_or(own.clone(), |text| text.replace("{login}", &login)),
            subject: self.trusted_subject.clone().unwrap_or_else(|| self.subject.clone()),
            audience: self.trusted_audience.clone().unwrap_or_else(|| AUDIENCE.to_owned()),
        };
        let pipeline = Pipeline {
            issuer: own,
            subject: self.subject.clone(),
            life: self.life,
            forged: self.forged,
            token: uuid::Uuid::new_v4().simple().to_string(),
            permitted: !self.not_permitted,
        };
        let mut handed = Handed::default();
        let now = state.now().as_second() - state.clock_ahead;
        match self.source {
            Source::File => {
                let text = pipeline.assertion(&self.audience, now).into_bytes();
                handed.files.push(("assertion_file", "assertion.jwt", text));
            }
            Source::Cluster => {
                handed.files.push((
                    super::CLUSTER_FILE,
                    "assertion.jwt",
                    pipeline.assertion(&self.audience, now).into(),
                ));
                handed.words.push(("auth", Value::from("federated")));
                handed.variables.insert("AZURE_AUTHORITY_HOST".to_owned(), Value::from(format!("{login}/")));
            }
            Source::GitHub => {
                let url = format!("{login}/oidc/github/request?api-version=2.0");
                handed.variables.insert("ACTIONS_ID_TOKEN_REQUEST_URL".to_owned(), Value::from(url));
                handed
                    .variables
                    .insert("ACTIONS_ID_TOKEN_REQUEST_TOKEN".to_owned(), Value::from(pipeline.token.clone()));
                handed.words.push(("assertion_github", Value::Boolean(true)));
            }
        }
        if let Some(tenant) = state.tenants.first_mut().filter(|_| !self.trusts_nobody) {
            tenant.app.federated.push(trust);
        }
        state.pipeline = Some(pipeline);
        handed
    }
}

impl Pipeline {
    /// A token of the issuer, made now.
    pub(in crate::sandbox) fn assertion(&self, audience: &str, now: i64) -> String {
        let key = if self.forged { &UNPUBLISHED } else { &ISSUER };
        let issued = now.min(now + self.life - 60);
        let claims = json!({
            "iss": self.issuer, "sub": self.subject, "aud": audience, "jti": uuid::Uuid::new_v4(),
            "iat": issued, "nbf": issued, "exp": now + self.life,
        });
        let header: Map<String, Json> = [("typ", "JWT"), ("alg", "RS256"), ("kid", key.kid.as_str())]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Json::from(value)))
            .collect();
        key.sign(&header, &claims, false)
    }
}

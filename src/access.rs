//! Which roads a token opens: a pure reading of its claims, for the checks and for the table alike.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{CloudFacts, Form, TokenFacts};
use crate::reader::Reader;
use crate::road::{Resource, Road, Wants};

/// What a token is worth on one road.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "open", content = "why")]
pub enum Access {
    /// API and role, or scope, are right.
    Yes(String),
    /// Nothing in the token can open it.
    No(String),
    /// The token can not tell: a grant may live in Exchange, or the token is opaque.
    Unproven(String),
}

/// A row of the table.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RoadAccess {
    /// The road.
    pub road: Road,
    /// What the token is worth there.
    #[serde(flatten)]
    pub access: Access,
}

/// Every road, and what this token is worth on it.
pub fn table(token: &TokenFacts, cloud: &CloudFacts) -> Vec<RoadAccess> {
    Road::WITH_TOKEN.into_iter().map(|road| RoadAccess { road, access: of(token, cloud, road) }).collect()
}

/// What this token is worth on one road.
pub fn of(token: &TokenFacts, cloud: &CloudFacts, road: Road) -> Access {
    let Some(wants) = road.wants() else { return Access::Unproven("the road takes no token".to_owned()) };
    by(token, cloud, &wants)
}

/// What this token is worth to read a mailbox.
pub fn to_read(token: &TokenFacts, cloud: &CloudFacts, reader: Reader) -> Access {
    by(token, cloud, &reader.wants())
}

fn by(token: &TokenFacts, cloud: &CloudFacts, wants: &Wants) -> Access {
    if token.form == Some(Form::Unsigned) {
        return Access::No("nobody signed it".to_owned());
    }
    if let (Some(Form::Opaque), Some(scopes)) = (&token.form, token.granted_scopes()) {
        // Nobody but the service reads such a token, and it says beside it what it granted.
        return match token.resource {
            Some(of) if of == wants.resource => delegated(&scopes, wants.scopes),
            _ => Access::No(format!("it was asked for another API than {}", wants.resource.label())),
        };
    }
    if !token.readable() {
        return Access::Unproven("the token can not be read".to_owned());
    }
    if api_of(token, cloud) != Some(wants.resource) {
        let aud = token.audiences().join(", ");
        return Access::No(format!("it is for {}, not for {}", or_nothing(&aud), wants.resource.label()));
    }
    if let Some(scopes) = token.scopes() {
        return delegated(&scopes, wants.scopes);
    }
    let roles = token.roles();
    if let Some(role) = wants.roles.iter().find(|role| roles.contains(role)) {
        return Access::Yes(format!("role {role}"));
    }
    let missing = format!("role {} is not among: {}", wants.roles[0], or_nothing(&roles.join(", ")));
    match wants.rbac_role {
        Some(role) => Access::Unproven(format!("{missing}; the Exchange role {role} could stand in, unseen")),
        None => Access::No(missing),
    }
}

fn delegated(scopes: &[&str], wanted: &[&str]) -> Access {
    match wanted.iter().find(|scope| scopes.contains(scope)) {
        Some(scope) => Access::Yes(format!("scope {scope}")),
        None => Access::No(format!("scope {} is not among: {}", wanted[0], or_nothing(&scopes.join(" ")))),
    }
}

/// The API that a token is for, by its audience.
pub fn api_of(token: &TokenFacts, cloud: &CloudFacts) -> Option<Resource> {
    let audiences = token.audiences();
    let is_for = |known: &[String]| {
        audiences.iter().any(|aud| known.iter().any(|known| aud.trim_end_matches('/').eq_ignore_ascii_case(known)))
    };
    if is_for(&cloud.outlook_audiences) {
        return Some(Resource::Outlook);
    }
    is_for(&cloud.graph_audiences).then_some(Resource::Graph)
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

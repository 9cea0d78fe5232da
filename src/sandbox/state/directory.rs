//! What the directory holds of an application beyond its registration: credentials, assignments, grants, and how long a
//! new thing stays unseen.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::app::{App, Consent};
use super::{Mailbox, Tenant};
use crate::facts::TokenFacts;
use crate::sandbox::tokens::Api;

/// How the directory of a tenant misbehaves.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct Faults {
    /// The tenant's policy for applications allows no new secret (`passwordAddition`).
    pub(in crate::sandbox) secrets_refused: bool,
    /// The longest that the policy lets a secret live, in days (`passwordLifetime`); 0: no limit.
    pub(in crate::sandbox) longest_secret: i64,
    /// The policy allows no certificate either (`asymmetricKeyLifetime` of nothing).
    pub(in crate::sandbox) certificates_refused: bool,
    /// Requests that name something new before it shows.
    pub(in crate::sandbox) unseen_reads: u32,
    /// Token requests of a new application before the login service knows it.
    pub(in crate::sandbox) unseen_logins: u32,
    /// Token requests with a new secret before the login service knows it.
    pub(in crate::sandbox) unseen_secrets: u32,
    /// The answer to the request that registers an application gets lost.
    pub(in crate::sandbox) loses_answer: bool,
    /// The ids of permissions are others than everywhere.
    pub(in crate::sandbox) other_ids: bool,
}

/// The rest of an application's entry.
#[derive(Debug, Clone, Default)]
pub(in crate::sandbox) struct Entry {
    pub(in crate::sandbox) created: Option<Timestamp>,
    pub(in crate::sandbox) tags: Vec<String>,
    /// `api.requestedAccessTokenVersion`.
    pub(in crate::sandbox) token_version: Option<u64>,
    /// `requiredResourceAccess` as it was written; none: what the lists of the registration come to.
    pub(in crate::sandbox) access: Option<Value>,
    pub(in crate::sandbox) passwords: Vec<Password>,
    pub(in crate::sandbox) assignments: Vec<Assignment>,
    pub(in crate::sandbox) grants: Vec<PermissionGrant>,
    /// How often it is still asked for in vain: the registration, the service principal, at the login service.
    pub(in crate::sandbox) unseen: u32,
    pub(in crate::sandbox) principal_unseen: u32,
    pub(in crate::sandbox) login_unseen: u32,
}

/// A secret that was added to a registration.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Password {
    pub(in crate::sandbox) id: String,
    pub(in crate::sandbox) name: String,
    pub(in crate::sandbox) value: String,
    pub(in crate::sandbox) from: Timestamp,
    pub(in crate::sandbox) until: Timestamp,
    pub(in crate::sandbox) unseen: u32,
}

/// An application role that an application holds: consent.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Assignment {
    pub(in crate::sandbox) id: String,
    pub(in crate::sandbox) api: Api,
    pub(in crate::sandbox) role: String,
}

/// Delegated permissions that were consented to.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct PermissionGrant {
    pub(in crate::sandbox) id: String,
    pub(in crate::sandbox) api: Api,
    /// Object id of the person; none: everybody.
    pub(in crate::sandbox) principal: Option<String>,
    pub(in crate::sandbox) scopes: Vec<String>,
}

/// Which application of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Row {
    /// The one of the story.
    First,
    /// One of the others.
    Further(usize),
}

/// The name of an application that has none.
const NAMELESS: &str = "Mail program";

impl App {
    pub(in crate::sandbox) fn name(&self) -> &str {
        if self.name.is_empty() { NAMELESS } else { &self.name }
    }

    /// Whether a secret is one of its own, and then whether it is in force.
    pub(in crate::sandbox) fn knows(&self, secret: &str, now: Timestamp) -> Option<bool> {
        if !self.secret.is_empty() && secret == self.secret {
            return Some(!self.secret_expired);
        }
        let added = self.entry.passwords.iter().find(|password| password.value == secret)?;
        Some(now < added.until)
    }

    /// Consents to all that the registration asks for.
    pub(in crate::sandbox) fn consent(&mut self) {
        for (api, roles) in [(Api::Outlook, &self.requested_roles), (Api::Graph, &self.graph_roles)] {
            for role in roles {
                let have = self.entry.assignments.iter().any(|own| own.api == api && own.role == *role);
                if !have {
                    let id = assignment_id();
                    self.entry.assignments.push(Assignment { id, api, role: role.clone() });
                }
            }
        }
    }

    /// The same for the delegated permissions.
    pub(in crate::sandbox) fn consent_for_all(&mut self) {
        for (api, scopes) in [(Api::Outlook, &self.scopes), (Api::Graph, &self.graph_scopes)] {
            let missing: Vec<String> =
                scopes.iter().filter(|scope| !self.granted_to_all(api, scope)).cloned().collect();
            if !missing.is_empty() {
                let (id, scopes) = (assignment_id(), missing);
                self.entry.grants.push(PermissionGrant { id, api, principal: None, scopes });
            }
        }
    }

    /// Whether everybody's use of a delegated permission was consented to.
    pub(in crate::sandbox) fn granted_to_all(&self, api: Api, scope: &str) -> bool {
        let for_all = self.entry.grants.iter().filter(|grant| grant.principal.is_none() && grant.api == api);
        for_all.flat_map(|grant| &grant.scopes).any(|own| own.eq_ignore_ascii_case(scope))
    }
}

/// An id as the directory makes them for assignments and grants: base64url of 32 octets.
pub(in crate::sandbox) fn assignment_id() -> String {
    use base64::Engine as _;
    let octets = [uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(octets)
}

impl Tenant {
    /// Enters what was consented to before the story begins.
    pub(super) fn keep_consents(&mut self) {
        for app in std::iter::once(&mut self.app).chain(&mut self.apps) {
            if app.consented {
                app.consent();
            }
            if app.scopes_consented == Consent::Given {
                app.consent_for_all();
            }
        }
    }

    pub(in crate::sandbox) fn all_apps(&self) -> impl Iterator<Item = &App> {
        std::iter::once(&self.app).chain(&self.apps)
    }

    /// The registered application of this client id.
    pub(in crate::sandbox) fn find_app(&self, client_id: &str) -> Option<&App> {
        self.all_apps().find(|app| app.registered && app.client_id.eq_ignore_ascii_case(client_id))
    }

    /// The application of a token; where nobody knows it, the one of the story.
    pub(in crate::sandbox) fn app_of(&self, claims: &TokenFacts) -> &App {
        self.app_or_first(claims.client_id().unwrap_or_default())
    }

    pub(in crate::sandbox) fn app_or_first(&self, client_id: &str) -> &App {
        self.find_app(client_id).unwrap_or(&self.app)
    }

    pub(in crate::sandbox) fn app_at(&self, row: Row) -> &App {
        match row {
            Row::First => &self.app,
            Row::Further(n) => &self.apps[n],
        }
    }

    pub(in crate::sandbox) fn app_mut(&mut self, row: Row) -> &mut App {
        match row {
            Row::First => &mut self.app,
            Row::Further(n) => &mut self.apps[n],
        }
    }

    /// The application that answers to a condition.
    pub(in crate::sandbox) fn row_of(&self, is_it: impl Fn(&App) -> bool) -> Option<Row> {
        if is_it(&self.app) {
            return Some(Row::First);
        }
        self.apps.iter().position(is_it).map(Row::Further)
    }

    /// The tenant as one of its applications stands in it.
    pub(in crate::sandbox) fn seen_by(&self, app: &App) -> Tenant {
        Tenant { app: app.clone(), ..self.clone() }
    }
}

impl Mailbox {
    /// Whether its owner holds one of these roles.
    pub(in crate::sandbox) fn is_one_of(&self, roles: &[&str]) -> bool {
        self.directory_roles.iter().any(|own| roles.contains(&own.as_str()))
    }
}

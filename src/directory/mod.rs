//! An application registered, consented to, and taken back, by an administrator who signs in.
//!
//! ```text
//! Wanted -> plan::make (reads what is there) -> Plan (actions in words; none when nothing differs)
//! Plan -> apply::apply (asks nothing; the caller has asked once) -> Outcome { Made, the new credential }
//! Made -> undo::undo: exactly what was made, and what others changed since stays
//! ```
//!
//! Ids of permissions are looked up by their names at the API's own service principal, in this tenant, each time. What
//! writes is asked once; only an answer that says that something new does not show yet is followed by another try.

mod admin;
mod apply;
mod certificate;
mod differs;
mod error;
mod first;
mod found;
mod graph;
mod made;
mod plan;
mod trail;
mod undo;

pub use admin::{ADMIN_CLIENT_ID, Admin, Blocked, Entered, Office, scopes_for, scopes_to_undo, sign_in};
pub use apply::{Outcome, apply};
pub use certificate::{Generated, generate};
pub use error::Refused;
pub use first::first_token;
pub use graph::{Graph, Patience};
pub use made::{Added, Made, Step};
pub use plan::{Action, Plan, make as plan};
pub use trail::{Trail, trail};
pub use undo::{Undone, undo};

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::cloud::Cloud;
use crate::road::{Resource, Road};

/// What is to be there afterwards. What is there beyond it stays.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The name in the portal. An application of this name is taken up again only where it bears [`TAG`].
    pub name: String,
    /// An application that is there already, by its application (client) id.
    pub client_id: Option<String>,
    /// Who the application acts as.
    pub access: Access,
    /// Its permissions, by name.
    pub permissions: Vec<Permission>,
    /// What it proves itself with.
    pub credential: Wish,
}

/// Who the application acts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Itself. Its permissions are application roles, and their assignment is the consent.
    AppOnly,
    /// People who sign in.
    Delegated {
        /// Whose accounts.
        audience: Audience,
        /// Consent for everybody of the organization; otherwise each person is asked.
        for_all: bool,
    },
}

/// Whose accounts may sign in: `signInAudience` (Microsoft Learn, "Validation differences by supported account types").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// Those of this directory.
    #[serde(rename = "AzureADMyOrg")]
    ThisDirectory,
    /// Those of any directory.
    #[serde(rename = "AzureADMultipleOrgs")]
    AnyDirectory,
    /// Those of any directory, and personal ones.
    #[serde(rename = "AzureADandPersonalMicrosoftAccount")]
    AnyAccount,
    /// Personal ones.
    #[serde(rename = "PersonalMicrosoftAccount")]
    Personal,
}

/// One permission of an API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// The API.
    pub resource: Resource,
    /// Its name there: `SMTP.SendAsApp`.
    pub name: String,
}

/// What the application is to prove itself with. A credential of an earlier run that is good for a while counts.
#[derive(Debug, Clone)]
pub enum Wish {
    /// Nothing: a public client, or a credential that is there already.
    Nothing,
    /// A secret.
    Secret {
        /// Days until it expires.
        days: u32,
        /// Where a certificate and its key go, if the organization's policy allows no secret.
        or_certificate: Option<PathBuf>,
        /// Whether a new one is wanted even if one of an earlier run is there.
        anew: bool,
    },
    /// A certificate. Its key is made here and stays here.
    Certificate {
        /// Days until it expires.
        days: u32,
        /// Where both go, for the owner alone. No file may be there.
        file: PathBuf,
        /// Whether a new one is wanted even if one of an earlier run is there.
        anew: bool,
    },
}

/// The mark of an application that was registered from here, among its `tags`; also the name of its credentials.
pub const TAG: &str = "o365doctor";

/// Where a person's browser may be sent back to: any port of this computer (RFC 8252 section 7.3), and the login service's
/// own page for native clients (microsoft-facts B.8).
pub const REDIRECTS: [&str; 2] = ["http://localhost", "https://login.microsoftonline.com/common/oauth2/nativeclient"];

impl Access {
    /// Whether people sign in.
    pub fn delegated(self) -> bool {
        self != Access::AppOnly
    }
}

impl Audience {
    /// As Graph writes it.
    pub fn word(self) -> &'static str {
        match self {
            Audience::ThisDirectory => "AzureADMyOrg",
            Audience::AnyDirectory => "AzureADMultipleOrgs",
            Audience::AnyAccount => "AzureADandPersonalMicrosoftAccount",
            Audience::Personal => "PersonalMicrosoftAccount",
        }
    }

    fn of(word: &str) -> Option<Audience> {
        let all = [Audience::ThisDirectory, Audience::AnyDirectory, Audience::AnyAccount, Audience::Personal];
        all.into_iter().find(|audience| audience.word() == word)
    }

    /// The narrowest that lets in whom both let in.
    fn with(self, other: Audience) -> Audience {
        match (self, other) {
            (a, b) if a == b => a,
            (Audience::ThisDirectory | Audience::AnyDirectory, Audience::ThisDirectory | Audience::AnyDirectory) => {
                Audience::AnyDirectory
            }
            _ => Audience::AnyAccount,
        }
    }

    /// Whether personal accounts may sign in, which needs tokens of version 2 (Microsoft Learn, "apiApplication resource
    /// type").
    fn personal(self) -> bool {
        matches!(self, Audience::AnyAccount | Audience::Personal)
    }
}

/// The least that some roads ask for. Delegated, also what a sign-in itself asks for, so that one consent is enough.
pub fn permissions(roads: &[Road], access: Access) -> Vec<Permission> {
    let mut all: Vec<Permission> = Vec::new();
    let mut add = |resource, name: &str| {
        let permission = Permission { resource, name: name.to_owned() };
        if !all.contains(&permission) {
            all.push(permission);
        }
    };
    for (road, wants) in roads.iter().filter_map(|road| Some((road, road.wants()?))) {
        match (access.delegated(), wants.roles.first(), wants.scopes.first()) {
            (false, Some(role), _) => add(wants.resource, role),
            // Registered at Microsoft Graph, asked for at Outlook (Microsoft Learn, "Authenticate an IMAP, POP or SMTP
            // connection using OAuth").
            (true, _, Some(scope)) if matches!(road, Road::Smtp | Road::Imap | Road::Pop) => {
                add(Resource::Graph, scope);
            }
            (true, _, Some(scope)) => add(wants.resource, scope),
            _ => {}
        }
    }
    if access.delegated() {
        for name in ["openid", "profile", "offline_access"] {
            add(Resource::Graph, name);
        }
    }
    all
}

/// The application id of an API, which is the same in every cloud (microsoft-facts C.1).
pub fn app_id_of(resource: Resource) -> &'static str {
    match resource {
        Resource::Outlook => "00000002-0000-0ff1-ce00-000000000000",
        Resource::Graph => "00000003-0000-0000-c000-000000000000",
    }
}

/// The landing page of a cloud, where it is not the one of [`REDIRECTS`].
fn redirects(cloud: &Cloud) -> Vec<String> {
    let own = format!("{}common/oauth2/nativeclient", cloud.login);
    let loopback = cloud.login.host_str() == Some("localhost");
    let landing = if loopback { REDIRECTS[1].to_owned() } else { own };
    vec![REDIRECTS[0].to_owned(), landing]
}

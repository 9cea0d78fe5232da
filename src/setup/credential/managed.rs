//! The identity of the machine that the program runs on.

use std::fmt;

use url::Url;

use super::{Credential, lint};
use crate::cloud::{Cloud, stays_here};
use crate::setup::InputError;
use crate::setup::secret::Secret;
use crate::setup::words::{Origins, Words};

/// Which of the machine's identities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// The one that lives and dies with it, or the only one that there is.
    System,
    /// By the application (client) id.
    Client(String),
    /// By the object (principal) id.
    Object(String),
    /// By the resource id of Azure.
    Resource(String),
}

/// Who gives it tokens.
#[derive(Debug, Clone)]
pub enum ManagedEndpoint {
    /// The instance metadata service of a virtual machine.
    Imds(Url),
    /// The service of App Service, Functions and Container Apps.
    AppService {
        /// `IDENTITY_ENDPOINT`.
        url: Url,
        /// `IDENTITY_HEADER`.
        header: Secret,
    },
}

const ENDPOINT: &str = "IDENTITY_ENDPOINT";
const HEADER: &str = "IDENTITY_HEADER";

impl ManagedEndpoint {
    /// A word for it.
    pub fn name(&self) -> &'static str {
        match self {
            ManagedEndpoint::Imds(_) => "imds",
            ManagedEndpoint::AppService { .. } => "app-service",
        }
    }

    /// Host and port.
    pub fn host(&self) -> String {
        let (ManagedEndpoint::Imds(url) | ManagedEndpoint::AppService { url, .. }) = self;
        format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(80))
    }

    /// What must not be seen.
    pub(super) fn secret(&self) -> Option<&Secret> {
        match self {
            ManagedEndpoint::Imds(_) => None,
            ManagedEndpoint::AppService { header, .. } => Some(header),
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Identity::System => f.write_str("system"),
            Identity::Client(id) => write!(f, "client:{id}"),
            Identity::Object(id) => write!(f, "object:{id}"),
            Identity::Resource(id) => write!(f, "resource:{id}"),
        }
    }
}

pub(super) fn read(words: &Words, origins: &Origins, cloud: &Cloud) -> Result<Credential, InputError> {
    let origin = if origins.knows("managed_identity") { origins.of("managed_identity") } else { origins.of("auth") };
    let identity = match (&words.managed_identity, &words.client_id) {
        (Some(text), _) => identity(&origin, text)?,
        (None, Some(id)) => Identity::Client(lint::client_id(&origins.of("client_id"), id)?),
        (None, None) => Identity::System,
    };
    Ok(Credential::Managed { identity, endpoint: endpoint(words, cloud)?, origin })
}

fn identity(place: &str, text: &str) -> Result<Identity, InputError> {
    let guid = |id: &str| lint::is_guid(id).then(|| id.to_lowercase());
    let found = match text.split_once(':') {
        None if text == "system" => Some(Identity::System),
        Some(("client", id)) => guid(id).map(Identity::Client),
        Some(("object", id)) => guid(id).map(Identity::Object),
        Some(("resource", id)) if id.starts_with("/subscriptions/") && !id.contains(char::is_whitespace) => {
            Some(Identity::Resource(id.to_owned()))
        }
        _ => None,
    };
    found.ok_or_else(|| {
        let words = "is no identity; it takes system, client:GUID, object:GUID or resource:/subscriptions/…";
        InputError::new(place, words)
    })
}

/// App Service says by two variables where its service is; a virtual machine has a fixed address.
fn endpoint(words: &Words, cloud: &Cloud) -> Result<ManagedEndpoint, InputError> {
    let (Some(url), Some(header)) = (words.environment.read(ENDPOINT), words.environment.read(HEADER)) else {
        return Ok(ManagedEndpoint::Imds(cloud.imds.clone()));
    };
    let url = Url::parse(&url).ok().filter(|url| stays_here(url) || (url.scheme() == "https" && url.has_host()));
    let url = url.ok_or_else(|| {
        let words = "is neither https:// nor an address of this machine; the identity's header does not go there";
        InputError::new(ENDPOINT, words)
    })?;
    Ok(ManagedEndpoint::AppService { url, header: Secret::new(header) })
}

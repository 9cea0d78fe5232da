//! From file, environment, flags and prompts to one valid [`Setup`].

pub mod secret;

mod clouds;
pub(crate) mod config;
mod confirm;
mod credential;
mod environment;
mod exchange;
mod flags;
mod lint;
mod load;
mod people;
#[cfg_attr(unix, path = "platform_unix.rs")]
#[cfg_attr(not(unix), path = "platform_other.rs")]
pub(crate) mod platform;
mod port25;
mod sender;
pub(crate) mod shell;
mod values;
mod words;

pub use confirm::Confirm;
pub use credential::{
    AssertionAlgorithm, AssertionSource, Certificate, Credential, Identity as MachineIdentity, Kept, ManagedEndpoint,
};
pub(crate) use credential::{store_refused, unwrap_sasl};
pub(crate) use exchange::text_at as exchange_text;
pub use flags::{
    Confirmation, ConnectorWords, CredentialWords, Evidence, Identity, Network, OtherServers, Port25, Probe,
    SignInWords, table_of,
};
pub(crate) use lint::{domain, shown};
pub(crate) use load::is_missing;
pub use load::{Layers, Need, Wants};
pub(crate) use people::is_personal;
pub(crate) use platform as files;
pub use port25::{ClientCertificate, Connector};
pub(crate) use values::duration;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::cloud::{Cloud, HostPort};
use crate::facts::{ExchangeFacts, Note, SetupFacts, SpfQuestion, Stage};
use crate::kb::{Cause, cause};
use crate::road::Road;
use crate::sign_in::{self, Scopes};
use secret::Mask;

/// What the user told us, parsed and valid.
#[derive(Clone)]
pub struct Setup {
    /// The profile's name.
    pub profile: Option<String>,
    /// Where everything lives.
    pub cloud: Cloud,
    /// Directory id or domain.
    pub tenant: Option<String>,
    /// Application (client) id.
    pub client_id: Option<String>,
    /// How the program proves who it is.
    pub credential: Option<Credential>,
    /// Whether it is a person who signs in, by the words of the set-up.
    pub person: bool,
    /// The mailbox that sends.
    pub mailbox: Option<String>,
    /// Sender address, where it is not the mailbox's own.
    pub from: Option<String>,
    /// The recipient of the probe.
    pub to: Option<String>,
    /// The domain whose records are looked at.
    pub domain: Option<String>,
    /// Whom its sender policy is asked about, besides Microsoft 365.
    pub asked: Option<SpfQuestion>,
    /// Selectors of its DKIM signatures beside those of Microsoft 365.
    pub selectors: Vec<String>,
    /// The enterprise application's object id, given by hand.
    pub object_id: Option<String>,
    /// The roads of this run.
    pub roads: Vec<Road>,
    /// Whether they were named by flag or profile.
    pub roads_named: bool,
    /// Roads that were asked for and do not open to a person, each with the reason.
    pub closed: Vec<(Road, &'static str)>,
    /// Scope of the token request, where it is not the road's own.
    pub scope: Option<String>,
    /// The road of the probe.
    pub via: Road,
    /// Send the probe over Graph as MIME, not as JSON.
    pub mime: bool,
    /// Go no further than this.
    pub stop_after: Option<Stage>,
    /// What an administrator's verifying script read in Exchange.
    pub exchange: Option<ExchangeFacts>,
    /// Whether the profile allows the probe to leave unasked.
    pub send: bool,
    /// Where and how to find the probe again, when that is wanted.
    pub confirm: Option<Confirm>,
    /// Name to say in EHLO.
    pub helo: Option<String>,
    /// The mail exchanger of port 25, where it is not the one of the MX record.
    pub smart_host: Option<HostPort>,
    /// The address of this computer that port 25 is called from.
    pub source: Option<IpAddr>,
    /// The certificate that port 25 is shown.
    pub relay_certificate: Option<ClientCertificate>,
    /// The account of High Volume Email, where it is not the mailbox.
    pub hve_account: Option<String>,
    /// An address outside of the tenant, for a transaction that ends before DATA.
    pub external: Option<String>,
    /// The inbound connector as its owner describes it.
    pub connector: Connector,
    /// The longest that one conversation with a server may take.
    pub timeout: Duration,
    /// For HTTPS and the mail ports.
    pub proxy: Option<Url>,
    /// What is noteworthy about the input itself.
    pub notes: Vec<Note>,
    /// Flags and values that repeat this run, without its credential.
    pub options: Vec<(String, String)>,
    /// Keeps the secrets of this run out of what is written.
    pub mask: Mask,
}

impl Setup {
    /// Whether the run wants a token: for a road that takes one, or to find the probe again.
    pub fn wants_token(&self) -> bool {
        self.confirm.is_some() || self.roads.iter().any(|road| road.wants().is_some())
    }

    /// The scopes that a person is asked for, by API: the ones that were named, else the least that the roads take.
    pub fn person_scopes(&self) -> Vec<Scopes> {
        let named: Vec<String> = self.scope.iter().flat_map(|all| all.split(' ')).map(str::to_owned).collect();
        if !named.is_empty() {
            return sign_in::by_resource(&self.cloud, &named).unwrap_or_default();
        }
        let other = |one: &str| self.account().is_some_and(|account| !account.eq_ignore_ascii_case(one));
        let shared = [&self.mailbox, &self.from].into_iter().flatten().any(|address| other(address));
        sign_in::wanted(&self.cloud, &self.roads, shared)
    }

    /// The person who signs in, where one was named.
    pub fn account(&self) -> Option<&str> {
        match &self.credential {
            Some(Credential::Delegated { kept, .. }) => kept.account.as_deref(),
            _ => None,
        }
    }

    /// The address in MAIL FROM and From on a road.
    pub fn sender(&self, road: Road) -> Option<&String> {
        let hve = self.hve_account.as_ref().filter(|_| road == Road::Hve);
        hve.or(self.from.as_ref()).or(self.mailbox.as_ref())
    }

    /// The set-up without its secrets.
    pub fn facts(&self) -> SetupFacts {
        SetupFacts {
            profile: self.profile.clone(),
            cloud: self.cloud.facts(),
            tenant: self.tenant.clone(),
            client_id: self.client_id.clone(),
            auth: self.credential.as_ref().map(|c| c.kind().to_owned()),
            credential: self.credential.as_ref().map(|c| c.origin().to_owned()),
            certificate: self.credential.as_ref().and_then(Credential::certificate),
            mailbox: self.mailbox.clone(),
            from: self.from.clone(),
            hve_account: self.hve_account.clone(),
            external: self.external.clone(),
            connector_ips: self.connector.ips.iter().map(ToString::to_string).collect(),
            connector_certificate: self.connector.certificate.clone(),
            to: self.to.clone(),
            domain: self.domain.clone(),
            object_id: self.object_id.clone(),
            roads: self.roads.clone(),
            roads_named: self.roads_named,
            send: self.send,
            notes: self.notes.clone(),
            masked: false,
            options: self.options.clone(),
        }
    }
}

/// Why the run could not begin, or not be brought to its end. Exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{place} {words}")]
pub struct InputError {
    /// The flag, variable or file.
    pub place: String,
    /// What is the matter with it, and what to do.
    pub words: String,
    /// The page that explains it.
    pub cause: Option<&'static Cause>,
    /// Whether something had been sent before it was noticed.
    pub late: bool,
}

impl InputError {
    /// An error at a place, a whole sentence with it.
    pub fn new(place: impl Into<String>, words: impl Into<String>) -> Self {
        InputError { place: place.into(), words: words.into(), cause: None, late: false }
    }

    /// The page that explains it.
    #[must_use]
    pub fn because(mut self, cause: &'static Cause) -> Self {
        self.cause = Some(cause);
        self
    }

    /// It was noticed after something had been sent.
    #[must_use]
    pub fn late(mut self) -> Self {
        self.late = true;
        self
    }

    fn two_credentials(first: &str, second: &str) -> Self {
        let words = format!("and {second} both name a credential; give one of them");
        InputError::new(first, words).because(&cause::INPUT_TWO_CREDENTIALS)
    }

    fn unreadable(place: &str, file: &std::path::Path, error: &std::io::Error) -> Self {
        InputError::new(place, format!("names {}, which can not be read: {error}", shown_path(file)))
    }
}

/// Ends when the system asks the program to end.
pub(crate) async fn terminated() {
    platform::terminated().await;
}

/// A path as it was typed, unless it may be a secret that was given in the place of a file.
pub(crate) fn shown_path(path: &std::path::Path) -> String {
    let text = path.display().to_string();
    let shown = shown(&text);
    if shown == format!("`{text}`") { text } else { shown }
}

/// The user's configuration file, where none is named.
pub fn default_config() -> Option<PathBuf> {
    use etcetera::BaseStrategy as _;
    let folder = etcetera::choose_base_strategy().ok()?.config_dir();
    Some(folder.join("o365doctor").join("config.toml"))
}

//! What is to be done in a step, in the way that the user chose: texts and commands with their values filled in.

mod entra;
mod exchange;
mod proof;

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::document::Block;
use super::steps::{Kind, Step};
use crate::directory::Audience;
use crate::road::{Resource, Road};
use crate::scripts;
use crate::setup::Setup;

/// How the directory's part is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// Paths through the portal.
    #[default]
    Portal,
    /// Azure CLI.
    Az,
    /// Microsoft Graph PowerShell.
    Graph,
}

/// The name that the application gets, in the directory and in Exchange.
pub const DISPLAY_NAME: &str = "o365doctor mail application";
/// Where the consent page sends the browser; nothing has to listen there.
pub const CONSENT_REDIRECT: &str = "https://localhost";
/// Application ids of the two APIs (Microsoft Learn, "Application IDs of commonly used Microsoft applications").
const OUTLOOK_APP: &str = "00000002-0000-0ff1-ce00-000000000000";
const GRAPH_APP: &str = "00000003-0000-0000-c000-000000000000";

/// What the actions say of a set-up.
pub struct About<'a> {
    /// The set-up.
    pub setup: &'a Setup,
    /// Who sends.
    pub kind: Kind,
    /// The word for `--auth`: what the application proves itself with.
    pub auth: &'a str,
    /// How the directory's part is shown.
    pub style: Style,
    /// The enterprise application's object id, where a token showed it.
    pub object_id: Option<&'a str>,
    /// The link with which an administrator consents.
    pub consent_link: Option<&'a str>,
}

/// What is to be done in a step.
pub fn of(step: Step, about: &About<'_>) -> Vec<Block> {
    let blocks = match step {
        Step::Registration => entra::registration(about),
        Step::Permission => entra::permission(about),
        Step::Credential => proof::credential(about),
        Step::Consent => entra::consent(about),
        Step::SignIn => entra::sign_in(about),
        Step::ServicePrincipal => exchange::service_principal(),
        Step::MailboxRight => exchange::right(about),
        Step::Switch => exchange::switch(about),
        Step::HighVolume => exchange::high_volume(),
        Step::Connector => exchange::connector(about),
        Step::Records => exchange::records(about),
        Step::Probe => Vec::new(),
    };
    let values = values(about);
    blocks.into_iter().map(|block| block.filled(|text| filled(text, &values))).collect()
}

/// How consent is taken back.
pub fn revoke(about: &About<'_>) -> Vec<Block> {
    let values = values(about);
    entra::revoke(about).into_iter().map(|block| block.filled(|text| filled(text, &values))).collect()
}

/// The rights that are asked for, in words.
pub fn asked_for(about: &About<'_>) -> String {
    let (resource, rights) = rights(about);
    match about.kind {
        _ if rights.is_empty() => "none; the host is known by its address or its certificate".to_owned(),
        Kind::Person { .. } => format!("delegated: {}, offline_access", rights.join(", ")),
        _ => format!("application permission of {}: {}", resource.label(), rights.join(", ")),
    }
}

/// A value that can not stand in a command leaves its place open.
fn filled(text: &str, values: &BTreeMap<String, String>) -> String {
    scripts::fill(text, values).or_else(|_| scripts::fill(text, &BTreeMap::new())).unwrap_or_default()
}

/// Why a step is taken, in a sentence or two.
pub fn why(step: Step, about: &About<'_>) -> &'static str {
    match step {
        Step::Registration => "The directory gives tokens only to an application that it knows.",
        Step::Permission if matches!(about.kind, Kind::Person { .. }) => {
            "What the application may ask of the person who signs in."
        }
        Step::Permission => "What the application asks for; it holds nothing before somebody consents.",
        Step::Credential => "By this the application shows who it is.",
        Step::Consent => "Only with consent does the permission stand in the token.",
        Step::SignIn => "The person signs in once; the program then acts for that person.",
        Step::ServicePrincipal => "Exchange has a list of applications of its own, apart from the directory's.",
        Step::MailboxRight => "Without it the application may open no mailbox at all.",
        Step::Switch => "Switches of the mailbox and the organization stand before every login.",
        Step::HighVolume => "The account keeps a list of the applications that may send with it.",
        Step::Connector => "Port 25 takes mail to outside only from a host that the tenant knows.",
        Step::Records => "Receivers ask the domain who may send for it.",
        Step::Probe => "Only a mail that was taken proves the whole way.",
    }
}

/// The roles or scopes that the roads ask for, the API behind them first.
fn rights(about: &About<'_>) -> (Resource, Vec<&'static str>) {
    let person = matches!(about.kind, Kind::Person { .. });
    let mut wanted = about.setup.roads.iter().filter_map(|road| road.wants()).peekable();
    let resource = wanted.peek().map_or(Resource::Outlook, |wants| wants.resource);
    let names = wanted.filter(|wants| wants.resource == resource).filter_map(|wants| {
        let all = if person { wants.scopes } else { wants.roles };
        all.first().copied()
    });
    (resource, names.collect())
}

fn values(about: &About<'_>) -> BTreeMap<String, String> {
    let setup = about.setup;
    let (resource, rights) = rights(about);
    let person = matches!(about.kind, Kind::Person { .. });
    // The portal lists SMTP.Send and its like under Microsoft Graph; EWS is with Exchange alone.
    let graph = resource == Resource::Graph || person && !setup.roads.contains(&Road::Ews);
    let api = if graph { (GRAPH_APP, Resource::Graph.label()) } else { (OUTLOOK_APP, resource.label()) };
    let quoted: Vec<String> = rights.iter().map(|right| format!("'{right}'")).collect();
    let known = [
        ("tenant", setup.tenant.clone()),
        ("client_id", setup.client_id.clone()),
        ("object_id", about.object_id.map(str::to_owned).or_else(|| setup.object_id.clone())),
        ("mailbox", setup.mailbox.clone()),
        ("from", setup.from.clone().or_else(|| setup.mailbox.clone())),
        ("account", setup.account().map(str::to_owned)),
        ("hve", setup.hve_account.clone().or_else(|| setup.mailbox.clone())),
        ("domain", setup.domain.clone()),
        ("address", setup.source.map(|address| address.to_string())),
        ("environment", Some(setup.cloud.exchange_environment.clone())),
        ("spf_include", Some(setup.cloud.spf_include.clone())),
        ("name", Some(DISPLAY_NAME.to_owned())),
        ("native", Some(format!("{}{}", setup.cloud.login, crate::observe::sign_in::NATIVE))),
        ("audience", Some(audience(setup).word().to_owned())),
        ("api", Some(api.0.to_owned())),
        ("api_name", Some(api.1.to_owned())),
        ("cloud", Some(setup.cloud.name.clone())),
        ("roads", Some(setup.roads.iter().map(Road::to_string).collect::<Vec<_>>().join(","))),
        ("rights", Some(rights.join(", "))),
        ("rights_sh", Some(rights.join(" "))),
        ("rights_ps", Some(quoted.join(", "))),
        ("consent_link", about.consent_link.map(str::to_owned)),
    ];
    known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Which accounts sign in (`signInAudience` of a registration).
pub(super) fn audience(setup: &Setup) -> Audience {
    match setup.tenant.as_deref() {
        Some("common") => Audience::AnyAccount,
        Some("organizations") => Audience::AnyDirectory,
        Some("consumers" | "9188040d-6c67-4c5b-b112-36a304b66dad") => Audience::Personal,
        _ => Audience::ThisDirectory,
    }
}

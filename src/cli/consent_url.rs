//! `consent-url`: the admin-consent link, and the reading of the address that it redirects to.

use clap::Args;
use jiff::Timestamp;

use super::Global;
use super::output::note;
use super::run::{self, Loaded};
use crate::facts::{ConsentFacts, FORMAT, Facts, Visit};
use crate::probes::consent;
use crate::setup::{Identity, InputError, Setup, Wants, table_of};

/// Makes the link with which an administrator consents, and reads the address that the browser ends at
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    identity: Identity,
    /// Where the browser is sent afterwards; must be registered with the application
    #[arg(long, value_name = "URI", default_value = "https://localhost")]
    redirect_uri: String,
    /// The state of the link [default: random]
    #[arg(long, value_name = "VALUE")]
    state: Option<String>,
    /// The address that the browser was redirected to
    #[arg(long, value_name = "ADDRESS")]
    read: Option<String>,
    /// Open the link in the browser
    #[arg(long, conflicts_with = "read")]
    open: bool,
}

pub(super) async fn run(global: Global, arguments: Arguments) -> Result<u8, InputError> {
    let flags = table_of(&arguments.identity);
    let wants = Wants { any_tenant: true, ..Wants::default() };
    let Loaded { setup, sandbox: _running } = run::load(&global, flags, wants).await?;
    let facts = match &arguments.read {
        Some(address) => ConsentFacts {
            reading: Some(consent::read(address, arguments.state.as_deref())),
            ..ConsentFacts::default()
        },
        None => make(&setup, &arguments)?,
    };
    if let Some(links) = facts.links.as_ref().filter(|_| arguments.open)
        && let Err(e) = webbrowser::open(&links.v2)
    {
        note(&format!("the browser can not be opened: {e}"));
    }
    let visit = Visit {
        format: FORMAT,
        command: "consent-url".to_owned(),
        setup: setup.facts(),
        facts: Facts { observed_at: Timestamp::now(), consent: Some(facts), ..Facts::default() },
    };
    run::finish(&global, visit)
}

fn make(setup: &Setup, arguments: &Arguments) -> Result<ConsentFacts, InputError> {
    let client_id = setup
        .client_id
        .as_deref()
        .ok_or_else(|| InputError::new("--client-id", "is missing; the link names the application"))?;
    let redirect = url::Url::parse(&arguments.redirect_uri).map_err(|e| {
        InputError::new("--redirect-uri", format!("is `{}`, which is no address: {e}", arguments.redirect_uri))
    })?;
    let wants = setup.roads.iter().find_map(|road| road.wants());
    let resource = wants.ok_or_else(|| InputError::new("--roads", "names no road that takes a token"))?.resource;
    let default = || format!("{}/.default", setup.cloud.resource_uri(resource));
    let scope = setup.scope.clone().unwrap_or_else(default);
    let state = arguments.state.clone().unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
    // The address as it was typed: Entra compares it letter by letter, and a parser would add a slash.
    let _ = redirect;
    let links =
        consent::links(&setup.cloud, setup.tenant.as_deref(), client_id, &arguments.redirect_uri, &scope, &state);
    Ok(ConsentFacts { links: Some(links), reading: None })
}

//! The application that asks: whether it is known where it asks, where its answers may go, how it proves itself.

use axum::http::{HeaderMap, header};
use url::Url;

use super::{Fields, optional};
use crate::sandbox::assertions::{self, Question};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::state::{App, Audience, CONSUMERS, Platform, State, Tenant};

/// The names that stand for no one tenant; that of all personal accounts is also known by its id.
pub(super) fn general(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    if name == CONSUMERS {
        return Some("consumers");
    }
    ["common", "organizations", "consumers"].into_iter().find(|general| *general == name)
}

/// The application of this id, where it may ask under this name; `at_page`: in a browser, not at the token end point.
pub(super) fn resolve(state: &State, name: &str, client_id: &str, at_page: bool) -> Result<App, Refusal> {
    let general = general(name);
    let asked = match general {
        Some("consumers") => state.tenant(CONSUMERS),
        Some(_) => state.tenants.first(),
        None => state.tenant(name),
    };
    let asked = asked.ok_or_else(|| Refusal::tenant_not_found(name))?;
    let is_it = |app: &&App| app.registered && app.client_id.eq_ignore_ascii_case(client_id);
    let mut everywhere = state.tenants.iter().flat_map(Tenant::all_apps);
    let app = asked.all_apps().find(is_it).or_else(|| everywhere.find(is_it));
    // Another tenant's application is let in where its registration says so, and then by consent.
    let near =
        |app: &&App| general.is_some() || asked.find_app(&app.client_id).is_some() || app.audience != Audience::Single;
    let app = app.filter(near).ok_or_else(|| Refusal::app_not_found(client_id, asked))?;
    if app.not_over_common && matches!(general, Some("common" | "consumers")) {
        return Err(Refusal::not_over_common(&app.client_id));
    }
    match (app.audience, general) {
        (Audience::Single, Some(name @ ("common" | "organizations"))) => {
            Err(Refusal::single_tenant(&app.client_id, name))
        }
        (Audience::Single | Audience::Multiple, Some("consumers")) => Err(Refusal::work_only(&app.client_id)),
        (Audience::Personal, None | Some("organizations")) => Err(Refusal::personal_only(&app.client_id, at_page)),
        _ => Ok(app.clone()),
    }
}

/// The platform of a redirect address, where it is one of the application's.
pub(super) fn platform(app: &App, address: &str, login_port: u16) -> Option<Platform> {
    let given = Url::parse(address).ok()?;
    let matches = |registered: &str| {
        Url::parse(registered)
            .is_ok_and(|own| own == given || same_loopback(&own, &given) || landing(&own, &given, login_port))
    };
    app.redirects.iter().find(|redirect| matches(&redirect.uri)).map(|redirect| redirect.platform)
}

/// On the loopback any port is as good (RFC 8252 section 7.3).
fn same_loopback(own: &Url, given: &Url) -> bool {
    let loopback = matches!(own.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) && own.scheme() == "http";
    let mut given = given.clone();
    loopback && given.set_port(own.port()).is_ok() && *own == given
}

/// The landing page for native clients is the login service's own, whatever host that has.
fn landing(own: &Url, given: &Url, login_port: u16) -> bool {
    let here = given.host_str() == Some("localhost") && given.port() == Some(login_port) && given.scheme() == "https";
    let there = own.host_str() == Some("login.microsoftonline.com") && own.path() == "/common/oauth2/nativeclient";
    here && there && own.path() == given.path() && given.query().is_none()
}

/// A token request: the path that it came to, and what it says.
pub(super) struct Request<'a> {
    pub(super) state: &'a State,
    pub(super) name: &'a str,
    pub(super) app: &'a App,
    pub(super) fields: &'a Fields,
}

impl Request<'_> {
    /// Whether the client proves itself as its platform must: a public one not at all, a page across origins.
    pub(super) fn prove(&self, platform: Platform, headers: &HeaderMap) -> Result<(), Refusal> {
        let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        match (platform, origin) {
            (Platform::Web, _) => return self.prove_confidential(),
            (Platform::Spa, None) => return Err(Refusal::spa_without_origin()),
            (Platform::Native, Some(origin)) => return Err(Refusal::origin_without_spa(origin)),
            _ => {}
        }
        if self.shows_credential() { Err(Refusal::public_with_credential()) } else { Ok(()) }
    }

    /// Where there is no redirect address, a client is public if the registration lets it be, and confidential by its
    /// proof.
    pub(super) fn prove_without_redirect(&self) -> Result<(), Refusal> {
        if self.app.public_flows && !self.shows_credential() { Ok(()) } else { self.prove_confidential() }
    }

    fn shows_credential(&self) -> bool {
        ["client_secret", "client_assertion"].iter().any(|name| optional(self.fields, name).is_some())
    }

    fn prove_confidential(&self) -> Result<(), Refusal> {
        let client_id = self.app.client_id.as_str();
        let home = self.state.tenants.iter().find(|tenant| tenant.find_app(client_id).is_some());
        let tenant = home.ok_or_else(Refusal::no_credential)?;
        let (state, app, realm, fields) = (self.state, self.app, self.name, self.fields);
        assertions::prove(&Question { state, tenant, app, realm, client_id, fields }).map(drop)
    }
}

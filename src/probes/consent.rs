//! The admin-consent link, and the reading of the address that it redirects to. Nothing is asked of anyone.

use url::Url;

use crate::cloud::Cloud;
use crate::facts::{ConsentLinks, ConsentReading};

/// Makes both forms of the link (Microsoft Learn, "Grant tenant-wide admin consent" and "Admin consent on the
/// Microsoft identity platform").
///
/// `tenant` none: `organizations` for v2.0, which refuses `common`, and `common` for the classic form.
pub fn links(
    cloud: &Cloud,
    tenant: Option<&str>,
    client_id: &str,
    redirect_uri: &str,
    scope: &str,
    state: &str,
) -> ConsentLinks {
    let any = |word: &str, tenant: Option<&str>| match tenant {
        None | Some("common" | "organizations" | "consumers") => word.to_owned(),
        Some(tenant) => tenant.to_owned(),
    };
    let mut v2 = cloud.login_url(&any("organizations", tenant), "v2.0/adminconsent");
    v2.query_pairs_mut()
        .append_pair("client_id", client_id)
        .append_pair("scope", scope)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("state", state);
    let mut classic = cloud.login_url(&any("common", tenant), "adminconsent");
    classic
        .query_pairs_mut()
        .append_pair("client_id", client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("state", state);
    ConsentLinks {
        v2: v2.into(),
        classic: classic.into(),
        state: state.to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        scope: scope.to_owned(),
    }
}

/// Reads a redirected address, or its query alone.
pub fn read(address: &str, expected_state: Option<&str>) -> ConsentReading {
    let address = address.trim();
    let query = match Url::parse(address) {
        Ok(url) => url.query().or(url.fragment()).unwrap_or_default().to_owned(),
        Err(_) => address.split_once('?').map_or(address, |(_, query)| query).to_owned(),
    };
    let mut reading = ConsentReading { expected_state: expected_state.map(str::to_owned), ..ConsentReading::default() };
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let value = value.into_owned();
        match &*name {
            "error" => reading.error = Some(value),
            "error_description" => reading.description = Some(value),
            "admin_consent" => reading.admin_consent = value.eq_ignore_ascii_case("true"),
            "tenant" => reading.tenant = Some(value),
            "state" => reading.state = Some(value),
            "scope" => reading.scope = Some(value),
            _ => {}
        }
    }
    reading
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_links_are_made_for_any_tenant() {
        let cloud = Cloud::named("worldwide").unwrap();
        let links =
            links(&cloud, None, "id", "https://localhost/done", "https://outlook.office365.com/.default", "s t");
        assert!(
            links.v2.starts_with("https://login.microsoftonline.com/organizations/v2.0/adminconsent?client_id=id&")
        );
        assert!(links.v2.contains("scope=https%3A%2F%2Foutlook.office365.com%2F.default"));
        assert!(links.classic.starts_with("https://login.microsoftonline.com/common/adminconsent?"));
        assert!(links.classic.ends_with("state=s+t") && !links.classic.contains("scope="));
    }

    #[test]
    fn an_address_is_read_with_its_error() {
        let read = read(
            "https://localhost/?error=consent_required&error_description=AADSTS65004&admin_consent=True&state=x",
            None,
        );
        assert_eq!(read.error.as_deref(), Some("consent_required"));
        assert!(read.admin_consent);
    }
}

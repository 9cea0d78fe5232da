//! What differs where a person signs in: the roads, the servers, and where the sign-in is kept.

use super::load::{Need, is_missing};
use super::words::{Origins, Words};
use super::{Credential, InputError, Setup, credential, lint};
use crate::cloud::Cloud;
use crate::kb::cause;
use crate::road::Road;
use crate::sign_in;

/// Whether a tenant is that of the personal accounts, by its word or its id.
pub(crate) fn is_personal(tenant: &str) -> bool {
    matches!(tenant, "consumers" | lint::PERSONAL_TENANT)
}

/// Roads that are left out, each with the reason.
pub(super) type Closed = Vec<(Road, &'static str)>;

/// The roads that a person opens. One that was named by itself and does not open is an error; of `all`, it is left out.
pub(super) fn open_to_people(
    words: &Words,
    origins: &Origins,
    roads: Vec<Road>,
    personal: bool,
) -> Result<(Vec<Road>, Closed), InputError> {
    let closed: Closed = roads.iter().filter_map(|road| Some((*road, road.closed_to_people(personal)?))).collect();
    let Some((road, why)) = closed.first() else { return Ok((roads, closed)) };
    let all = words.roads.as_deref().is_none_or(|text| text == "all");
    if !all || closed.len() == roads.len() {
        let words = format!("names {road}, and {why}");
        return Err(InputError::new(origins.of("roads"), words).because(&cause::INPUT_ROAD_NOT_FOR_PEOPLE));
    }
    let open = roads.into_iter().filter(|road| closed.iter().all(|(shut, _)| shut != road)).collect();
    Ok((open, closed))
}

/// Personal accounts submit to a host of their own.
pub(super) fn for_personal_accounts(cloud: Cloud) -> Cloud {
    let smtp = cloud.consumer_smtp.clone().unwrap_or_else(|| cloud.smtp.clone());
    Cloud { smtp, ..cloud }
}

/// Scopes that were named must be of an API whose roads this program knows.
pub(super) fn known_scopes(setup: &Setup, origins: &Origins) -> Result<(), InputError> {
    let named: Vec<String> = setup.scope.iter().flat_map(|all| all.split(' ')).map(str::to_owned).collect();
    sign_in::by_resource(&setup.cloud, &named).map(|_| ()).map_err(|other| {
        let words = format!("names {}, which is for neither Exchange Online nor Microsoft Graph", lint::shown(&other));
        InputError::new(origins.of("scope"), words)
    })
}

/// A person's sign-in: read where the run uses it, else only where it is kept.
pub(super) fn credential(
    setup: &Setup,
    words: &Words,
    origins: &Origins,
    need: Need,
) -> Result<Credential, InputError> {
    let tenant = setup.tenant.as_deref().ok_or_else(|| is_missing("tenant"))?;
    let client_id = setup.client_id.as_deref().ok_or_else(|| is_missing("client_id"))?;
    let kept = credential::kept(words, origins, &setup.cloud, tenant, client_id)?;
    match need {
        Need::Kind | Need::SignIn => Ok(Credential::kept_at(kept)),
        _ => credential::read_sign_in(kept),
    }
}

//! The cloud of a set-up: by its name or its table, with the user's own authorities and resolver, and nothing of another.

use std::path::Path;

use super::config::Config;
use super::words::{Origins, Words};
use super::{InputError, Setup, config, lint};
use crate::cloud::Cloud;
use crate::kb::cause;

/// Tenant, scope and mail exchanger must be of the cloud that is asked: a credential goes to nobody for an error of
/// the set-up.
pub(super) fn one_cloud(setup: &Setup, origins: &Origins) -> Result<(), InputError> {
    let host = setup.smart_host.as_ref().map(|at| ("smart_host", at.host.as_str()));
    let tenant = setup.tenant.as_deref().map(|tenant| ("tenant", tenant));
    let scopes = setup.scope.iter().flat_map(|all| all.split(' ')).map(|scope| ("scope", scope));
    for (word, value) in tenant.into_iter().chain(scopes).chain(host) {
        if let Some(words) = setup.cloud.stranger(value) {
            let words = format!("is {}, which {words}", lint::shown(value));
            return Err(InputError::new(origins.of(word), words).because(&cause::INPUT_CLOUDS_MIXED));
        }
    }
    Ok(())
}

pub(super) fn cloud_of(words: &Words, origins: &Origins, config: &Config) -> Result<Cloud, InputError> {
    let name = words.cloud.as_deref().unwrap_or("worldwide");
    let place = origins.of("cloud");
    if let Some((table, ca)) = config.cloud(name)? {
        let place = format!("[cloud.{name}]");
        let cloud = Cloud::from_table(name, table, ca).map_err(|e| InputError::new(&place, e))?;
        return match cloud.discord() {
            Some(words) => Err(InputError::new(place, words).because(&cause::INPUT_CLOUDS_MIXED)),
            None => Ok(cloud),
        };
    }
    Cloud::named(name).ok_or_else(|| {
        let known: Vec<&str> = Cloud::names().collect();
        let words = format!(
            "is {}; the clouds are {}, sandbox, and the [cloud.NAME] of a configuration file",
            lint::shown(name),
            known.join(", ")
        );
        InputError::new(place, words)
    })
}

pub(super) fn with_extras(mut cloud: Cloud, words: &Words, origins: &Origins) -> Result<Cloud, InputError> {
    if let Some(file) = &words.ca_file {
        cloud.trust.extra.push(config::read_pem(&origins.of("ca_file"), Path::new(file))?);
    }
    if let Some(text) = &words.resolver {
        // Most people mean port 53.
        let address = text.parse().or_else(|_| text.parse().map(|ip| std::net::SocketAddr::new(ip, 53)));
        let bad = |_| InputError::new(origins.of("resolver"), format!("is {}; it takes IP:PORT", lint::shown(text)));
        cloud.resolver = Some(address.map_err(bad)?);
    }
    Ok(cloud)
}

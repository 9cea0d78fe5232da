//! The named scopes that a person is asked for, by API.

use crate::cloud::Cloud;
use crate::road::{Resource, Road};

/// Scopes for one API, as whole addresses. One token holds those of one API (Microsoft Learn, "Scopes and permissions in
/// the Microsoft identity platform").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes {
    /// The API.
    pub resource: Resource,
    /// Its scopes.
    pub names: Vec<String>,
}

/// Without it there is no refresh token, and the sign-in ends with its first access token.
const OFFLINE: &str = "offline_access";
/// Scopes of the sign-in itself, which say who it was and hold no right.
const WHO: [&str; 2] = ["openid", "profile"];

impl Scopes {
    /// As the request for a token says them.
    pub fn request(&self) -> String {
        let names = self.names.iter().map(String::as_str);
        names.chain(WHO).chain([OFFLINE]).collect::<Vec<_>>().join(" ")
    }
}

/// The least that some roads ask for. `shared`: the mailbox is another person's.
pub fn wanted(cloud: &Cloud, roads: &[Road], shared: bool) -> Vec<Scopes> {
    let mut all: Vec<Scopes> = Vec::new();
    for wants in roads.iter().filter_map(|road| road.wants()) {
        let names = &wants.scopes[..if shared { wants.scopes.len() } else { 1 }];
        for name in names {
            add(&mut all, wants.resource, format!("{}/{name}", cloud.delegated_uri(wants.resource)));
        }
    }
    all
}

/// Scopes by the API that stands in front of them.
///
/// # Errors
/// The first one that is for none of the cloud's APIs.
pub fn by_resource(cloud: &Cloud, names: &[String]) -> Result<Vec<Scopes>, String> {
    let mut all = Vec::new();
    for name in names.iter().filter(|name| *name != OFFLINE && !WHO.contains(&name.as_str())) {
        let resource = cloud.resource_of(name).ok_or_else(|| name.clone())?;
        add(&mut all, resource, name.clone());
    }
    Ok(all)
}

fn add(all: &mut Vec<Scopes>, resource: Resource, name: String) {
    let at = all.iter().position(|scopes| scopes.resource == resource).unwrap_or_else(|| {
        all.push(Scopes { resource, names: Vec::new() });
        all.len() - 1
    });
    if !all[at].names.contains(&name) {
        all[at].names.push(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_api_has_its_own_scopes() {
        let cloud = Cloud::named("worldwide").unwrap();
        let all = wanted(&cloud, &[Road::Smtp, Road::Graph, Road::Imap, Road::Smtp], false);
        assert_eq!(all.len(), 2);
        let outlook = "https://outlook.office.com/SMTP.Send https://outlook.office.com/IMAP.AccessAsUser.All";
        assert_eq!(all[0].request(), format!("{outlook} openid profile offline_access"));
        assert_eq!(all[1].names, ["https://graph.microsoft.com/Mail.Send"]);
        assert_eq!(wanted(&cloud, &[Road::Graph], true)[0].names.len(), 2);
        let names: Vec<String> = all.iter().flat_map(|scopes| scopes.names.clone()).collect();
        assert_eq!(by_resource(&cloud, &names), Ok(all));
        assert!(by_resource(&cloud, &["SMTP.Send".to_owned()]).is_err());
    }
}

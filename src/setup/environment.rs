//! Variables that others set for the programs of a machine: a pipeline, a cluster, a hosting service. They are not ours, so
//! they count only where a person asks for the kind of credential that they carry.

use toml::{Table, Value};

use super::InputError;
use super::words::{CREDENTIAL_SOURCES, Layer};
use crate::cloud::Cloud;

/// Where such a variable is looked up: in the process, or in what a sandbox says in its place.
#[derive(Clone, Default)]
pub(super) struct Environment(Option<Table>);

impl Environment {
    /// Of the sandbox alone: a test tenant is given nothing of the machine it runs on.
    pub(super) fn of_sandbox(table: &mut Table) -> Environment {
        let own = table.remove("environment");
        Environment(Some(own.and_then(|own| own.try_into().ok()).unwrap_or_default()))
    }

    /// A variable that says something.
    pub(super) fn read(&self, name: &str) -> Option<String> {
        let value = match &self.0 {
            Some(own) => own.get(name).and_then(Value::as_str).map(str::to_owned),
            None => std::env::var(name).ok(),
        };
        value.filter(|value| !value.is_empty())
    }

    /// What a cluster says of the application, where its token is wanted and nothing else named (Azure Workload Identity).
    pub(super) fn of_cluster(&self, layers: &[Layer]) -> Option<Layer> {
        let named = |word: &str| layers.iter().find_map(|layer| layer.table.get(word));
        let wanted = named("auth").and_then(Value::as_str) == Some("federated");
        let other = CREDENTIAL_SOURCES.iter().any(|word| named(word).is_some());
        if !wanted || other || self.read(TOKEN_FILE).is_none() {
            return None;
        }
        let words = [("tenant", TENANT), ("client_id", CLIENT)];
        let said = words.iter().filter_map(|(word, name)| Some(((*word).to_owned(), Value::String(self.read(name)?))));
        let origin = |word: &str| if word == "tenant" { TENANT } else { CLIENT }.to_owned();
        Some(Layer { origin: Box::new(origin), table: said.collect() })
    }

    /// Whether the cluster means the login service of this cloud.
    pub(super) fn same_authority(&self, cloud: &Cloud) -> Result<(), InputError> {
        let Some(text) = self.read(AUTHORITY) else { return Ok(()) };
        let host = url::Url::parse(&text).ok().and_then(|url| url.host_str().map(str::to_owned));
        if host.as_deref() == cloud.login.host_str() {
            return Ok(());
        }
        let words = format!(
            "is {}, and the login service of the cloud {} is {}; name the right one by --cloud",
            super::shown(&text),
            cloud.name,
            cloud.login.host_str().unwrap_or_default()
        );
        Err(InputError::new(AUTHORITY, words))
    }
}

/// The file that holds the assertion.
pub(super) const TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
const TENANT: &str = "AZURE_TENANT_ID";
const CLIENT: &str = "AZURE_CLIENT_ID";
const AUTHORITY: &str = "AZURE_AUTHORITY_HOST";

//! The identities of the machine that the program runs on.

use serde::Deserialize;
use toml::Value;

use super::Handed;
use crate::sandbox::imds::{Identity, Machine};
use crate::sandbox::state::State;

/// The machine of a scenario.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::sandbox) struct Wanted {
    /// `managed_identity` of the profile; `system` where nothing is said.
    identity: Option<String>,
    /// Its identities; where nothing is said, the system's is the application of the tenant.
    identities: Option<Vec<Identity>>,
    /// It is App Service, not a virtual machine.
    app_service: bool,
    /// Requests that are answered with 429 first.
    busy: u32,
    /// Nobody listens: it is no machine of Azure's.
    pub(in crate::sandbox) unreachable: bool,
}

impl Wanted {
    pub(super) fn prepare(&self, state: &mut State) -> Handed {
        let app = state.tenants.first().map(|tenant| tenant.app.clone()).unwrap_or_default();
        let own = Identity {
            system: true,
            client_id: app.client_id.clone(),
            object_id: app.object_id.clone(),
            ..Identity::default()
        };
        let mut machine = Machine { busy: self.busy, ..Machine::default() };
        machine.identities = self.identities.clone().unwrap_or_else(|| vec![own]);
        let mut handed = Handed::default();
        if self.app_service {
            let header = uuid::Uuid::new_v4().simple().to_string();
            let url = format!("http://localhost:{}/msi/token", state.imds_port);
            handed.variables.insert("IDENTITY_ENDPOINT".to_owned(), Value::from(url));
            handed.variables.insert("IDENTITY_HEADER".to_owned(), Value::from(header.clone()));
            machine.header = Some(header);
        }
        let identity = self.identity.clone().unwrap_or_else(|| "system".to_owned());
        handed.words.push(("managed_identity", Value::String(identity)));
        state.machine = machine;
        handed
    }
}

//! The scripts for Exchange, out of what the walk knows. The one place that asks for them.

use crate::scripts::{self, Part, Refused, Values};
use crate::setup::Setup;

/// The whole script of a part, for this set-up.
///
/// # Errors
/// A value that is missing or can not stand in a script.
pub(super) fn exchange(part: Part, setup: &Setup, object_id: Option<String>) -> Result<String, Refused> {
    let from = object_id.is_some().then(|| "the oid of an app-only token of this tenant".to_owned());
    let given = setup.object_id.clone();
    let values = Values {
        environment: setup.cloud.exchange_environment.clone(),
        tenant: setup.tenant.clone().or_else(|| setup.domain.clone()).unwrap_or_default(),
        client_id: setup.client_id.clone().unwrap_or_default(),
        object_id_from: from.or_else(|| given.is_some().then(|| "given by hand".to_owned())),
        object_id: object_id.or(given),
        mailbox: setup.mailbox.clone().unwrap_or_default(),
        from: setup.from.clone(),
        display_name: super::actions::DISPLAY_NAME.to_owned(),
        ..Values::default()
    };
    scripts::smtp(part, &values)
}

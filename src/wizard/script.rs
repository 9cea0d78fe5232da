//! The scripts for Exchange, out of what the walk knows. The one place that asks for them.

use crate::road::Road;
use crate::scripts::{self, Part, Refused, Style, Target, Values, Wanted};
use crate::setup::Setup;

/// A whole script, and the file that it goes into.
pub(super) struct Script {
    pub(super) name: String,
    pub(super) text: String,
}

/// The roads that Exchange has to be told of, by a script each: one that opened more would give more than is asked for.
const TARGETS: [(Road, Target); 4] =
    [(Road::Smtp, Target::Smtp), (Road::Imap, Target::Imap), (Road::Pop, Target::Pop), (Road::Ews, Target::Ews)];

/// The whole scripts of a part, for this set-up: one for each of its roads, but for the reading of everything.
///
/// # Errors
/// A value that is missing or can not stand in a script.
pub(super) fn exchange(part: Part, setup: &Setup, object_id: Option<String>) -> Result<Vec<Script>, Refused> {
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
    let targets = targets(part, setup);
    let alone = targets.len() == 1;
    let made = targets.into_iter().map(|target| {
        let wanted = Wanted { target, style: Style::Exchange, part, way: None, person: setup.person };
        let name = if alone { format!("{part}.ps1") } else { format!("{part}-{target}.ps1") };
        Ok(Script { name, text: scripts::script(&wanted, &values)? })
    });
    made.collect()
}

fn targets(part: Part, setup: &Setup) -> Vec<Target> {
    if part == Part::Verify {
        return vec![Target::All];
    }
    TARGETS.into_iter().filter(|(road, _)| setup.roads.contains(road)).map(|(_, target)| target).collect()
}

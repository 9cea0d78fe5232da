//! A scenario: the healthy tenant with one fault laid over it, and the findings that must follow and no others.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use toml::{Table, Value};

use super::Addresses;
use super::state::State;
use super::tokens::Person;

static EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));
const HEALTHY: &str = include_str!("healthy.toml");

/// One story.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// Its name: that of its file.
    #[serde(skip)]
    pub name: String,
    /// What is wrong, in a line.
    pub title: String,
    /// The sub-command whose findings these are, where it is not `checkup`.
    pub command: Option<String>,
    /// What differs in the tenant.
    tenant: Table,
    /// What differs in the mailbox that sends.
    mailbox: Table,
    /// What differs in other mailboxes, by address.
    mailboxes: Table,
    /// What differs in the mailbox of the personal account.
    personal: Table,
    /// Who has signed in: the profile then holds that person's token, and no secret.
    pub(super) person: Option<Person>,
    /// What the application proves itself with, where it is no secret.
    pub(super) credential: Option<super::credentials::Wanted>,
    /// How the wire misbehaves.
    wire: Table,
    /// Hosts that the mail exchanger turns away.
    hosts: Table,
    /// Seconds that the login service's clock is ahead.
    clock_ahead: i64,
    /// The profile names what the verifying script printed.
    pub(super) exchange_state: bool,
    /// Seconds since that script ran.
    pub(super) exchange_state_age: i64,
    /// What the profile says otherwise than it should.
    pub(super) profile: Table,
    /// Nothing listens on the submission port.
    pub(super) smtp_closed: bool,
    /// Nothing listens on the port of the mail exchanger.
    pub(super) mx_closed: bool,
    /// Whoever calls the port of the mail exchanger gets no answer, as where a firewall drops the packets.
    pub(super) mx_filtered: bool,
    /// The certificate that the profile's `relay_certificate` names, where it names one.
    pub(super) relay_certificate: Option<super::ca::Wanted>,
    /// Nothing listens on the port of IMAP.
    pub(super) imap_closed: bool,
    /// Nothing listens on the port of POP.
    pub(super) pop_closed: bool,
    /// Nothing listens where Graph is looked for.
    pub(super) graph_closed: bool,
    /// Nothing listens where EWS is looked for.
    pub(super) ews_closed: bool,
    /// The path under which EWS is looked for, where it is a wrong one.
    pub(super) ews_path: Option<String>,
    /// The client's cloud is the one of this Exchange environment, otherwise than worldwide.
    pub(super) exchange_environment: Option<String>,
    /// The client does not know the authority that vouches for the services.
    pub(super) distrusted: bool,
    /// The findings that are not `pass`, by check: `fail CAUSE`, `skipped CHECK`, `not-observed`, …
    pub expect: Expected,
}

/// Findings that must follow: check to outcome and cause.
pub type Expected = BTreeMap<String, String>;

/// Every scenario, by name.
pub fn scenarios() -> &'static [Scenario] {
    static ALL: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
        let read = |(name, text): &(&str, &str)| {
            let scenario: Scenario = toml::from_str(text).unwrap_or_else(|e| panic!("scenario {name}: {e}"));
            Scenario { name: (*name).to_owned(), ..scenario }
        };
        EMBEDDED.iter().map(read).collect()
    });
    &ALL
}

impl Scenario {
    /// The scenario of this name; empty: the healthy tenant.
    pub fn named(name: &str) -> Option<Scenario> {
        let name = if name.is_empty() { "healthy" } else { name };
        scenarios().iter().find(|scenario| scenario.name == name).cloned()
    }

    /// `sandbox`, or `sandbox=NAME`.
    pub(super) fn cloud_name(&self) -> String {
        if self.name.is_empty() || self.name == "healthy" {
            "sandbox".to_owned()
        } else {
            format!("sandbox={}", self.name)
        }
    }

    /// The state of the services: the healthy one with the differences laid over it.
    pub(super) fn state(&self, tenants: usize, addresses: &Addresses) -> State {
        let mut base: Table = HEALTHY.parse().expect("the healthy tenant is valid TOML");
        let tenant = base.get_mut("tenants").and_then(|tenants| tenants.get_mut(0)).and_then(Value::as_table_mut);
        if let Some(tenant) = tenant {
            lay_over(tenant, &self.tenant);
            let mailbox = tenant.get_mut("mailboxes").and_then(|boxes| boxes.get_mut(0)).and_then(Value::as_table_mut);
            if let Some(mailbox) = mailbox {
                lay_over(mailbox, &self.mailbox);
            }
            for (address, patch) in &self.mailboxes {
                let patch = patch.as_table().unwrap_or_else(|| panic!("{}: {address} is no table", self.name));
                lay_over(mailbox_of(tenant, address), patch);
            }
        }
        let personal = base.get_mut("consumers").and_then(|consumers| consumers.get_mut("mailboxes"));
        let personal = personal.and_then(|boxes| boxes.get_mut(0)).and_then(Value::as_table_mut);
        lay_over(personal.expect("there is a personal mailbox"), &self.personal);
        let wire = base.entry("wire").or_insert_with(|| Value::Table(Table::new())).as_table_mut();
        lay_over(wire.expect("the faults of the wire are a table"), &self.wire);
        base.insert("hosts".to_owned(), Value::Table(self.hosts.clone()));
        base.insert("clock_ahead".to_owned(), Value::Integer(self.clock_ahead));
        let mut state: State =
            base.try_into().unwrap_or_else(|e| panic!("scenario {} does not fit the tenant: {e}", self.name));
        state.settle(tenants.max(1), addresses);
        state
    }
}

#[cfg(test)]
impl Scenario {
    /// Its state without services, for tests of what they decide.
    pub(super) fn alone(&self) -> State {
        let nowhere = ([127, 0, 0, 1], 1).into();
        let addresses = Addresses {
            login: nowhere,
            smtp: nowhere,
            mx: nowhere,
            hve: nowhere,
            imap: nowhere,
            pop: nowhere,
            dns: nowhere,
            imds: nowhere,
        };
        self.state(1, &addresses)
    }
}

/// The mailbox of this address; one that nobody has yet is added.
fn mailbox_of<'a>(tenant: &'a mut Table, address: &str) -> &'a mut Table {
    let boxes = tenant.get_mut("mailboxes").and_then(Value::as_array_mut).expect("the healthy tenant has mailboxes");
    let is_it = |mailbox: &Value| mailbox.get("address").and_then(Value::as_str) == Some(address);
    let at = boxes.iter().position(is_it).unwrap_or_else(|| {
        boxes.push(Value::Table(Table::from_iter([("address".to_owned(), Value::from(address))])));
        boxes.len() - 1
    });
    boxes[at].as_table_mut().expect("a mailbox is a table")
}

/// Lays `patch` over `base`; tables are merged, all else is replaced.
fn lay_over(base: &mut Table, patch: &Table) {
    for (key, value) in patch {
        match (base.get_mut(key), value) {
            (Some(Value::Table(inner)), Value::Table(patch)) => lay_over(inner, patch),
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

//! The words a user can say, the same as flags, environment variables and in a profile, and the
//! layers they are taken from: flag before environment before profile.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Table, Value};

use super::InputError;
use super::environment::Environment;
use super::flags::{flag, names};

/// Every word, after the layers were laid over each other. Can not be shown: it may hold a secret.
#[derive(Clone, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(default)]
pub(super) struct Words {
    pub(super) tenant: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) mailbox: Option<String>,
    pub(super) from: Option<String>,
    pub(super) object_id: Option<String>,
    pub(super) roads: Option<String>,
    pub(super) scope: Option<String>,
    pub(super) auth: Option<String>,
    pub(super) client_secret: Option<String>,
    pub(super) client_secret_file: Option<String>,
    pub(super) client_secret_command: Option<String>,
    pub(super) client_secret_stdin: bool,
    pub(super) allow_guid_secret: bool,
    pub(super) certificate: Option<String>,
    pub(super) key: Option<String>,
    pub(super) key_password_file: Option<String>,
    pub(super) key_password_command: Option<String>,
    pub(super) assertion_alg: Option<String>,
    pub(super) assertion_file: Option<String>,
    pub(super) assertion_command: Option<String>,
    pub(super) assertion_github: bool,
    pub(super) managed_identity: Option<String>,
    pub(super) token: Option<String>,
    pub(super) token_file: Option<String>,
    pub(super) token_command: Option<String>,
    pub(super) store: Option<String>,
    pub(super) account: Option<String>,
    pub(super) cloud: Option<String>,
    pub(super) timeout: Option<String>,
    pub(super) resolver: Option<String>,
    pub(super) ca_file: Option<String>,
    pub(super) proxy: Option<String>,
    pub(super) to: Option<String>,
    pub(super) via: Option<String>,
    pub(super) mime: bool,
    pub(super) stop_after: Option<String>,
    pub(super) helo: Option<String>,
    pub(super) smart_host: Option<String>,
    pub(super) source_address: Option<String>,
    pub(super) relay_certificate: Option<String>,
    pub(super) relay_key: Option<String>,
    pub(super) hve_account: Option<String>,
    pub(super) external: Option<String>,
    pub(super) connector_ip: Option<String>,
    pub(super) connector_cert: Option<String>,
    pub(super) confirm: Option<String>,
    pub(super) confirm_within: Option<String>,
    pub(super) confirm_via: Option<String>,
    pub(super) domain: Option<String>,
    pub(super) exchange_state: Option<String>,
    pub(super) selector: Option<String>,
    pub(super) ip: Option<String>,
    pub(super) mail_from: Option<String>,
    pub(super) send: bool,
    /// Variables that other programs set, such as a pipeline or a cluster.
    #[serde(skip)]
    pub(super) environment: Environment,
}

/// Words that say where the credential comes from: one of them, from the first layer that has any.
pub(super) const CREDENTIAL_SOURCES: [&str; 12] = [
    "client_secret",
    "client_secret_file",
    "client_secret_command",
    "client_secret_stdin",
    "certificate",
    "assertion_file",
    "assertion_command",
    "assertion_github",
    "managed_identity",
    "token",
    "token_file",
    "token_command",
];

/// Where a value came from, as a person would look for it: `--tenant`, `O365DOCTOR_TENANT`, …
#[derive(Debug, Clone, Default)]
pub(super) struct Origins(BTreeMap<String, String>);

impl Origins {
    /// Whether anybody said the word.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.0.contains_key(word)
    }

    /// The origin of a word, or the flag that would set it.
    pub(super) fn of(&self, word: &str) -> String {
        self.0.get(word).cloned().unwrap_or_else(|| flag(word))
    }
}

/// One source of words.
pub(super) struct Layer {
    /// How a word of it is called.
    pub(super) origin: Box<dyn Fn(&str) -> String>,
    /// The words.
    pub(super) table: Table,
}

/// The flags as the first layer.
pub(super) fn flags_layer(table: Table) -> Layer {
    Layer { origin: Box::new(flag), table }
}

/// The environment: `O365DOCTOR_<UPPER_SNAKE>`.
pub(super) fn environment_layer(read: impl Fn(&str) -> Option<String>) -> Result<Layer, InputError> {
    let mut table = Table::new();
    for (name, switch) in names() {
        let variable = variable(&name);
        let Some(text) = read(&variable).filter(|text| !text.is_empty()) else { continue };
        let value = if switch { Value::Boolean(switch_of(&variable, &text)?) } else { Value::String(text) };
        table.insert(name, value);
    }
    table.retain(|name, value| !is_unused_source(name, value));
    Ok(Layer { origin: Box::new(variable), table })
}

fn variable(name: &str) -> String {
    format!("O365DOCTOR_{}", name.to_uppercase())
}

fn switch_of(variable: &str, text: &str) -> Result<bool, InputError> {
    match text.to_lowercase().as_str() {
        "1" | "true" | "yes" => Ok(true),
        "0" | "false" | "no" => Ok(false),
        _ => Err(InputError::new(variable, "takes true or false")),
    }
}

/// A profile's table as a layer: checks its keys, and folds `probe.to` and `probe.send` in.
pub(super) fn profile_layer(profile: &str, mut table: Table) -> Result<Layer, InputError> {
    let place = format!("profile `{profile}`");
    if let Some(Value::Table(probe)) = table.remove("probe") {
        for (key, value) in probe {
            if !matches!(key.as_str(), "to" | "send") {
                return Err(InputError::new(place, format!("has probe.{key}; probe takes to and send")));
            }
            table.insert(key, value);
        }
    }
    let names = names();
    for (key, value) in &mut table {
        let Some(switch) = names.get(key) else {
            return Err(InputError::new(place, format!("has the key {key}, which is none of its words")));
        };
        let (fitting, wanted) = match switch {
            true => (value.as_bool().map(Value::Boolean), "true or false"),
            // A mailbox, or only that it is to be done.
            false if key == "confirm" && value.is_bool() => (Some(value.clone()), ""),
            false => (plain(value), "a text"),
        };
        // The value is not shown: it may be the secret, in the wrong form.
        let kind = value.type_str();
        *value = fitting.ok_or_else(|| InputError::new(&place, format!("has a {kind} as {key}; it takes {wanted}")))?;
    }
    table.retain(|name, value| !is_unused_source(name, value));
    Ok(Layer { origin: Box::new(move |word| format!("{word} of {place}")), table })
}

/// A switch that says where the credential does not come from is no source; any other `false` is a word like another.
fn is_unused_source(name: &str, value: &Value) -> bool {
    value.as_bool() == Some(false) && CREDENTIAL_SOURCES.contains(&name)
}

/// A list as its items with commas, a number as its digits.
fn plain(value: &Value) -> Option<Value> {
    match value {
        Value::String(_) => Some(value.clone()),
        Value::Integer(number) => Some(Value::String(number.to_string())),
        Value::Array(items) => {
            let items: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            Some(Value::String(items?.join(",")))
        }
        _ => None,
    }
}

/// Lays the layers over each other, first before second. The credential's source is taken from one layer only.
pub(super) fn merge(layers: Vec<Layer>) -> Result<(Words, Origins), InputError> {
    let mut merged = Table::new();
    let mut origins = BTreeMap::new();
    let mut credential_known = false;
    for layer in layers {
        let sources: Vec<&str> =
            CREDENTIAL_SOURCES.into_iter().filter(|source| layer.table.contains_key(*source)).collect();
        // A person's sign-in is named by its kind alone.
        let names_person = layer.table.get("auth").and_then(Value::as_str) == Some("delegated");
        if let [first, second, ..] = sources[..] {
            return Err(InputError::two_credentials(&(layer.origin)(first), &(layer.origin)(second)));
        }
        for (word, value) in layer.table {
            let is_source = CREDENTIAL_SOURCES.contains(&word.as_str());
            if merged.contains_key(&word) || (is_source && credential_known) {
                continue;
            }
            origins.insert(word.clone(), (layer.origin)(&word));
            let either = word == "confirm" && value.is_bool();
            merged.insert(word, if either { Value::String(value.to_string()) } else { value });
        }
        credential_known |= !sources.is_empty() || names_person;
    }
    let words = merged.try_into().map_err(|e| InputError::new("the input", format!("can not be read: {e}")))?;
    Ok((words, Origins(origins)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_is_a_word() {
        let mut table = Table::new();
        for (name, switch) in names() {
            let value = if switch { Value::Boolean(true) } else { Value::String("x".to_owned()) };
            table.insert(name, value);
        }
        let words: Words = table.clone().try_into().unwrap();
        assert_eq!(Table::try_from(words).unwrap(), table);
    }

    #[test]
    fn flag_before_environment_before_profile() {
        let layer = |origin: &'static str, text: &str| Layer {
            origin: Box::new(move |_| origin.to_owned()),
            table: text.parse().unwrap(),
        };
        let (words, origins) = merge(vec![
            layer("flag", "tenant = 'a'"),
            layer("environment", "tenant = 'b'\nclient_secret_file = 'f'"),
            layer("profile", "mailbox = 'c'\ntoken_file = 'g'"),
        ])
        .unwrap();
        assert_eq!(words.tenant.as_deref(), Some("a"));
        assert_eq!(words.mailbox.as_deref(), Some("c"));
        assert_eq!(words.client_secret_file.as_deref(), Some("f"));
        assert_eq!(words.token_file, None);
        assert_eq!(origins.of("tenant"), "flag");
    }

    #[test]
    fn a_false_of_the_environment_stands_before_a_true_of_the_profile() {
        let read = |name: &str| (name == "O365DOCTOR_SEND").then(|| "false".to_owned());
        let environment = environment_layer(read).ok().unwrap();
        let profile = "send = true\nclient_secret_stdin = false\ntoken_file = 'f'".parse().unwrap();
        let profile = profile_layer("p", profile).ok().unwrap();
        let (words, _) = merge(vec![environment, profile]).ok().unwrap();
        assert!(!words.send && words.token_file.is_some());
    }

    #[test]
    fn a_profile_takes_lists_and_numbers_and_shows_no_value() {
        let layer = |text: &str| profile_layer("p", text.parse().unwrap()).map(|layer| layer.table);
        let table = layer("roads = ['smtp', 'graph']\ntimeout = 30").expect("a list and a number");
        assert_eq!(table["roads"].as_str(), Some("smtp,graph"));
        assert_eq!(table["timeout"].as_str(), Some("30"));
        for text in ["client_secret = ['canary', 5]", "client_secret = { value = 'canary' }", "send = 'canary'"] {
            let error = layer(text).expect_err("another form").to_string();
            assert!(!error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn two_sources_in_one_layer_are_refused() {
        let layer =
            Layer { origin: Box::new(flag), table: "client_secret_file = 'a'\ntoken_file = 'b'".parse().unwrap() };
        let error = merge(vec![layer]).err().expect("two sources").to_string();
        assert!(error.contains("--client-secret-file") && error.contains("--token-file"), "{error}");
    }
}

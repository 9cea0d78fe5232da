//! Gathers the layers, finds the cloud, and makes one valid [`Setup`] of them.

use std::path::Path;
use std::time::Duration;

use toml::Table;

use super::config::Config;
use super::environment::Environment;
use super::flags::flag;
use super::secret::{Mask, Secret};
use super::words::{self, Layer, Origins, Words};
use super::{InputError, Setup, clouds, credential, exchange, lint, people, port25, sender, values};
use crate::cloud::Cloud;
use crate::kb::cause;
use crate::road::Road;

/// What a sub-command can not do without.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wants {
    /// Tenant and client id.
    pub application: bool,
    /// The credential.
    pub credential: Need,
    /// The mailbox that sends.
    pub mailbox: bool,
    /// The recipient of the probe.
    pub to: bool,
    /// The mailbox may be named as Exchange names it, not only by its address.
    pub any_identity: bool,
    /// The domain whose records are looked at.
    pub domain: bool,
    /// What the verifying script printed is read, where it is named.
    pub exchange_state: bool,
    /// Only roads on which somebody logs in; where none is named, every one that opens a mailbox.
    pub with_login: bool,
    /// The roads of port 25, whatever roads are named.
    pub port_25: bool,
    /// `common` and `organizations` are tenants too: it is a person who signs in.
    pub any_tenant: bool,
}

/// Whether a credential is wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Need {
    /// Not at all.
    #[default]
    No,
    /// Its kind only: it is not read, and no command is run for it.
    Kind,
    /// If one is named, a person's sign-in too; nobody is asked for it.
    IfNamed,
    /// If one of an application is named; nobody is asked for it, and no person's sign-in is read.
    OfApplication,
    /// It must be there; on a terminal a person is asked.
    Yes,
    /// Where a person's sign-in is kept, whatever else is named; it is not read.
    SignIn,
}

/// The sources of words, before they are laid over each other.
pub struct Layers {
    all: Vec<Layer>,
    config: Config,
    profile: Option<String>,
}

/// Long enough for a slow mail server, short enough for a person.
const TIMEOUT: Duration = Duration::from_mins(1);

impl Layers {
    /// Reads environment and configuration, and puts the flags before them.
    ///
    /// # Errors
    /// A configuration file or a value that can not be used.
    pub fn gather(flags: Table, profile: Option<&str>, config: Option<&Path>) -> Result<Layers, InputError> {
        let environment = words::environment_layer(|name| std::env::var(name).ok())?;
        let layers = vec![words::flags_layer(flags), environment];
        // The sandbox brings its own ids; those of the user's own tenant would only be in its way.
        let alone = sandbox_of(&layers).is_some() && profile.is_none() && config.is_none();
        let config = if alone { Config::default() } else { Config::read(config)? };
        let chosen = config.profile(profile)?;
        Layers::with_profile(layers, config, chosen)
    }

    /// The same for a set-up that is still to become a profile: none is taken that is not named, and the file may be missing.
    ///
    /// # Errors
    /// A configuration file or a value that can not be used.
    pub fn gather_for_new(flags: Table, profile: Option<&str>, config: Option<&Path>) -> Result<Layers, InputError> {
        let environment = words::environment_layer(|name| std::env::var(name).ok())?;
        let layers = vec![words::flags_layer(flags), environment];
        let absent = config.is_some_and(|file| !file.exists()) && profile.is_none();
        let config = if absent { Config::default() } else { Config::read(config)? };
        let chosen = profile.map(|name| config.profile(Some(name))).transpose()?.flatten();
        Layers::with_profile(layers, config, chosen)
    }

    fn with_profile(
        mut layers: Vec<Layer>,
        config: Config,
        chosen: Option<(String, Table)>,
    ) -> Result<Layers, InputError> {
        let mut name = None;
        if let Some((chosen, table)) = chosen {
            layers.push(words::profile_layer(&chosen, table)?);
            name = Some(chosen);
        }
        Ok(Layers { all: layers, config, profile: name })
    }

    /// What was said for a word, by the first who said it.
    pub fn said(&self, word: &str) -> Option<String> {
        self.all.iter().find_map(|layer| layer.table.get(word)?.as_str()).map(str::to_owned)
    }

    /// Every word that was said, the first who said it before the others; the credential's source from one of them.
    pub fn words(&self) -> Table {
        let mut said = Table::new();
        let mut source_known = false;
        for layer in &self.all {
            let is_source = |word: &str| words::CREDENTIAL_SOURCES.contains(&word);
            for (word, value) in layer.table.iter().filter(|(word, _)| !(source_known && is_source(word))) {
                said.entry(word.clone()).or_insert_with(|| value.clone());
            }
            source_known |= layer.table.keys().any(|word| is_source(word));
        }
        said
    }

    /// The word that says where the credential comes from, if one was said.
    pub fn credential_source(&self) -> Option<&'static str> {
        self.all.iter().find_map(|layer| Layers::source_in(&layer.table))
    }

    /// The word of a table that says where the credential comes from.
    pub fn source_in(table: &Table) -> Option<&'static str> {
        words::CREDENTIAL_SOURCES.into_iter().find(|word| table.contains_key(*word))
    }

    /// The sandbox's scenario, if the cloud is the sandbox; empty for the healthy one.
    pub fn sandbox(&self) -> Option<String> {
        sandbox_of(&self.all)
    }

    /// Makes the set-up; `sandbox` is the cloud that was started for it and what its own profile says.
    ///
    /// # Errors
    /// The first value that can not be used, or that is wanted and missing. Nothing was sent.
    pub fn load(mut self, wants: Wants, sandbox: Option<(Cloud, Table)>) -> Result<Setup, InputError> {
        let mut cloud = None;
        let mut environment = Environment::default();
        if let Some((own, mut table)) = sandbox {
            cloud = Some(own);
            environment = Environment::of_sandbox(&mut table);
            self.all.push(Layer { origin: Box::new(|word| format!("the sandbox's {word}")), table });
        }
        self.all.extend(environment.of_cluster(&self.all));
        let (mut words, origins) = words::merge(self.all)?;
        words.environment = environment;
        let cloud = match cloud {
            Some(cloud) => cloud,
            None => clouds::cloud_of(&words, &origins, &self.config)?,
        };
        let cloud = clouds::with_extras(cloud, &words, &origins)?;
        make(&words, &origins, cloud, wants, self.profile)
    }
}

fn sandbox_of(layers: &[Layer]) -> Option<String> {
    let cloud = layers.iter().find_map(|layer| layer.table.get("cloud")?.as_str())?;
    match cloud.split_once('=') {
        Some(("sandbox", scenario)) => Some(scenario.to_owned()),
        None if cloud == "sandbox" => Some(String::new()),
        _ => None,
    }
}

fn make(
    words: &Words,
    origins: &Origins,
    cloud: Cloud,
    wants: Wants,
    profile: Option<String>,
) -> Result<Setup, InputError> {
    let parse = |word: &str, value: &Option<String>, lint: fn(&str, &str) -> Result<String, InputError>| {
        value.as_deref().map(|value| lint(&origins.of(word), value)).transpose()
    };
    let person = words.auth.as_deref() == Some("delegated") || wants.credential == Need::SignIn;
    let any_tenant = wants.any_tenant || person;
    // A token that is read may be a person's.
    let read = [&words.token, &words.token_file, &words.token_command].iter().any(|word| word.is_some());
    if let Some(tenant) = words.tenant.as_deref().filter(|_| !any_tenant && !read) {
        lint::tenant_of_app(&origins.of("tenant"), tenant)?;
    }
    let tenant = words.tenant.as_deref().map(|t| lint::tenant(&origins.of("tenant"), t, any_tenant)).transpose()?;
    let mailbox_form = if wants.any_identity { lint::identity } else { lint::address };
    if words.mailbox.as_deref().is_some_and(|mailbox| mailbox.trim_matches('/').eq_ignore_ascii_case("me")) {
        let words = "is me, which stands for a signed-in person; give the address of the mailbox";
        return Err(InputError::new(origins.of("mailbox"), words).because(&cause::GRAPH_ME_APP_ONLY));
    }
    let mailbox = parse("mailbox", &words.mailbox, mailbox_form)?;
    let from = parse("from", &words.from, lint::address)?;
    let sender_domain = from.as_ref().or(mailbox.as_ref()).and_then(|a| a.rsplit_once('@')).map(|(_, d)| d.to_owned());
    let (roads, roads_named) = if wants.port_25 {
        (vec![Road::Relay, Road::Direct], false)
    } else {
        values::roads(words, origins, wants.with_login)?
    };
    let personal = person && tenant.as_deref().is_some_and(people::is_personal);
    let (roads, closed) =
        if person { people::open_to_people(words, origins, roads, personal)? } else { (roads, Vec::new()) };
    let cloud = if personal { people::for_personal_accounts(cloud) } else { cloud };
    let named = words.domain.clone().or_else(|| sender::domain_of(words)).or(sender_domain);
    let domain = parse("domain", &named, lint::domain)?;
    let mut setup = Setup {
        profile,
        tenant,
        client_id: parse("client_id", &words.client_id, lint::client_id)?,
        credential: None,
        person: credential::is_person(words, origins),
        to: parse("to", &words.to, lint::address)?,
        asked: sender::question(words, origins, domain.as_deref())?,
        domain,
        selectors: words.selector.as_deref().map_or(Ok(Vec::new()), |list| values::selectors(origins, list))?,
        object_id: parse("object_id", &words.object_id, lint::object_id)?,
        scope: parse("scope", &words.scope, if person { lint::person_scopes } else { lint::app_scope })?,
        via: values::via(words, origins, &roads)?,
        mime: words.mime,
        stop_after: words.stop_after.as_deref().map(|stage| values::stop(origins, stage)).transpose()?,
        exchange: None,
        send: words.send,
        confirm: super::confirm::of(words, origins)?,
        helo: words.helo.as_deref().map(|name| values::helo(origins, name)).transpose()?,
        smart_host: port25::smart_host(words, origins, cloud.mx_port)?,
        source: port25::source(words, origins)?,
        relay_certificate: port25::certificate(words, origins)?,
        external: parse("external", &words.external, lint::address)?,
        connector: port25::connector(words, origins)?,
        hve_account: parse("hve_account", &words.hve_account, lint::address)?,
        timeout: words.timeout.as_deref().map_or(Ok(TIMEOUT), |text| values::timeout(origins, text))?,
        proxy: words.proxy.as_deref().map(|text| values::proxy(origins, text)).transpose()?,
        cloud,
        mailbox,
        from,
        roads,
        roads_named,
        closed,
        notes: Vec::new(),
        options: Vec::new(),
        mask: Mask::default(),
    };
    hide_proxy_login(&mut setup);
    clouds::one_cloud(&setup, origins)?;
    if person {
        people::known_scopes(&setup, origins)?;
    }
    missing(&setup, wants)?;
    if setup.object_id.is_some() && setup.object_id == setup.client_id {
        let words = "is the client id; it takes the object id of the enterprise application";
        return Err(InputError::new(origins.of("object_id"), words).because(&cause::OBJECT_ID_MISMATCH));
    }
    if let Some(file) = words.exchange_state.as_deref().filter(|_| wants.exchange_state) {
        setup.exchange = Some(exchange::read(&origins.of("exchange_state"), Path::new(file), &setup)?);
    }
    take_credential(&mut setup, words, origins, wants)?;
    Ok(setup)
}

/// A proxy may repeat what it was sent, as any server.
fn hide_proxy_login(setup: &mut Setup) {
    let Some(proxy) = setup.proxy.as_ref().filter(|proxy| proxy.password().is_some()) else { return };
    let (user, password) = crate::probes::proxy_login(proxy);
    setup.mask.add(&password);
    setup.mask.add(&Secret::new(proxy.password().unwrap_or_default()));
    setup.mask.add(&Secret::new(format!("{user}:{}", password.expose())));
}

/// Reading the credential may run a command or ask a person, so it comes last.
fn take_credential(setup: &mut Setup, words: &Words, origins: &Origins, wants: Wants) -> Result<(), InputError> {
    // Roads without a login need no credential, so none is read and no command is run for one.
    let need = if !setup.wants_token() && wants.mailbox { Need::No } else { wants.credential };
    setup.credential = match need {
        Need::No => return Ok(()),
        Need::OfApplication if setup.person => return Ok(()),
        _ if need == Need::SignIn || credential::is_person(words, origins) => {
            Some(people::credential(setup, words, origins, need)?)
        }
        Need::Kind | Need::SignIn => credential::unread(words, origins, &setup.cloud),
        Need::IfNamed | Need::OfApplication => credential::read(words, origins, &setup.cloud, &mut setup.notes)?,
        Need::Yes => match credential::read(words, origins, &setup.cloud, &mut setup.notes)? {
            None => credential::prompt(words)?,
            found => found,
        },
    };
    let Some(credential) = &setup.credential else {
        if wants.credential != Need::Yes {
            return Ok(());
        }
        let words = "or another source of a credential is missing: --client-secret-command, --client-secret-stdin, \
                     --token-file, --auth delegated, or O365DOCTOR_CLIENT_SECRET in the environment";
        return Err(InputError::new("--client-secret-file", words));
    };
    for secret in credential.secrets() {
        setup.mask.add(secret);
    }
    match (credential.asks_entra(), &setup.tenant, &setup.client_id) {
        (true, None, _) => Err(is_missing("tenant")),
        (true, _, None) => Err(is_missing("client_id")),
        _ => Ok(()),
    }
}

fn missing(setup: &Setup, wants: Wants) -> Result<(), InputError> {
    let rows = [
        (wants.application && setup.tenant.is_none(), "tenant"),
        (wants.application && setup.client_id.is_none(), "client_id"),
        // On port 25 nobody logs in to a mailbox; the sender's address is enough.
        (wants.mailbox && setup.mailbox.is_none() && !(without_token(setup) && setup.from.is_some()), "mailbox"),
        (wants.to && setup.to.is_none(), "to"),
        (wants.domain && setup.domain.is_none(), "domain"),
    ];
    rows.iter().find(|(absent, _)| *absent).map_or(Ok(()), |(_, word)| Err(is_missing(word)))
}

/// Whether no road of the run takes a token.
fn without_token(setup: &Setup) -> bool {
    setup.roads.iter().all(|road| road.wants().is_none())
}

pub(crate) fn is_missing(word: &str) -> InputError {
    let variable = word.to_uppercase();
    let words = format!("is missing; give it as a flag, as O365DOCTOR_{variable}, or as {word} in a profile");
    InputError::new(flag(word), words)
}

//! Gathers the layers, finds the cloud, and makes one valid [`Setup`] of them.

use std::path::Path;
use std::time::Duration;

use toml::Table;
use url::Url;

use super::config::Config;
use super::environment::Environment;
use super::flags::flag;
use super::secret::{Mask, Secret};
use super::words::{self, Layer, Origins, Words};
use super::{Credential, InputError, Setup, config, credential, exchange, lint, port25};
use crate::cloud::Cloud;
use crate::facts::Stage;
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
    /// If one is named; nobody is asked for it.
    IfNamed,
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
/// More is a mistake in the unit.
const LONGEST_TIMEOUT: Duration = Duration::from_hours(1);

impl Layers {
    /// Reads environment and configuration, and puts the flags before them.
    ///
    /// # Errors
    /// A configuration file or a value that can not be used.
    pub fn gather(flags: Table, profile: Option<&str>, config: Option<&Path>) -> Result<Layers, InputError> {
        let environment = words::environment_layer(|name| std::env::var(name).ok())?;
        let mut layers = vec![words::flags_layer(flags), environment];
        // The sandbox brings its own ids; those of the user's own tenant would only be in its way.
        let alone = sandbox_of(&layers).is_some() && profile.is_none() && config.is_none();
        let config = if alone { Config::default() } else { Config::read(config)? };
        let mut name = None;
        if let Some((chosen, table)) = config.profile(profile)? {
            layers.push(words::profile_layer(&chosen, table)?);
            name = Some(chosen);
        }
        Ok(Layers { all: layers, config, profile: name })
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
            None => cloud_of(&words, &origins, &self.config)?,
        };
        let cloud = with_extras(cloud, &words, &origins)?;
        make(&words, &origins, cloud, wants, self.profile)
    }
}

/// Tenant, scope and mail exchanger must be of the cloud that is asked: a credential goes to nobody for an error of
/// the set-up.
fn one_cloud(setup: &Setup, origins: &Origins) -> Result<(), InputError> {
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

fn sandbox_of(layers: &[Layer]) -> Option<String> {
    let cloud = layers.iter().find_map(|layer| layer.table.get("cloud")?.as_str())?;
    match cloud.split_once('=') {
        Some(("sandbox", scenario)) => Some(scenario.to_owned()),
        None if cloud == "sandbox" => Some(String::new()),
        _ => None,
    }
}

fn cloud_of(words: &Words, origins: &Origins, config: &Config) -> Result<Cloud, InputError> {
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

fn with_extras(mut cloud: Cloud, words: &Words, origins: &Origins) -> Result<Cloud, InputError> {
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
    let (roads, roads_named) = roads(words, origins, wants.with_login)?;
    let personal = person && tenant.as_deref().is_some_and(is_personal);
    let (roads, closed) = if person { open_to_people(words, origins, roads, personal)? } else { (roads, Vec::new()) };
    let cloud = if personal { for_personal_accounts(cloud) } else { cloud };
    let mut setup = Setup {
        profile,
        tenant,
        client_id: parse("client_id", &words.client_id, lint::client_id)?,
        credential: None,
        to: parse("to", &words.to, lint::address)?,
        domain: parse("domain", &words.domain.clone().or(sender_domain), lint::domain)?,
        selectors: words.selector.as_deref().map_or(Ok(Vec::new()), |list| selectors(origins, list))?,
        object_id: parse("object_id", &words.object_id, lint::object_id)?,
        scope: parse("scope", &words.scope, if person { lint::person_scopes } else { lint::app_scope })?,
        via: via(words, origins, &roads)?,
        mime: words.mime,
        stop_after: words.stop_after.as_deref().map(|stage| stop(origins, stage)).transpose()?,
        exchange: None,
        send: words.send,
        confirm: super::confirm::of(words, origins)?,
        helo: words.helo.as_deref().map(|name| helo(origins, name)).transpose()?,
        smart_host: port25::smart_host(words, origins, cloud.mx_port)?,
        source: port25::source(words, origins)?,
        relay_certificate: port25::certificate(words, origins)?,
        hve_account: parse("hve_account", &words.hve_account, lint::address)?,
        timeout: words.timeout.as_deref().map_or(Ok(TIMEOUT), |text| timeout(origins, text))?,
        proxy: words.proxy.as_deref().map(|text| proxy(origins, text)).transpose()?,
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
    one_cloud(&setup, origins)?;
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

/// Whether a tenant is that of the personal accounts (Microsoft Learn, "Supported account types"; microsoft-facts C.1).
fn is_personal(tenant: &str) -> bool {
    matches!(tenant, "consumers" | "9188040d-6c67-4c5b-b112-36a304b66dad")
}

/// Roads that are left out, each with the reason.
type Closed = Vec<(Road, &'static str)>;

/// The roads that a person opens. One that was named by itself and does not open is an error; of `all`, it is left out.
fn open_to_people(
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
fn for_personal_accounts(cloud: Cloud) -> Cloud {
    let smtp = cloud.consumer_smtp.clone().unwrap_or_else(|| cloud.smtp.clone());
    Cloud { smtp, ..cloud }
}

/// Selectors that are asked for at a time; a domain with more than ten senders is rare.
const MOST_SELECTORS: usize = 10;

/// Names of DKIM selectors, with commas between them (RFC 6376 section 3.1: labels of a domain name).
fn selectors(origins: &Origins, list: &str) -> Result<Vec<String>, InputError> {
    let place = origins.of("selector");
    let names: Vec<String> = list.split(',').map(|name| name.trim().to_lowercase()).collect();
    if let Some(bad) = names.iter().find(|name| !name.is_ascii() || !lint::is_domain(&format!("{name}._domainkey"))) {
        let words = format!("is {}; it takes the name that stands before ._domainkey", lint::shown(bad));
        return Err(InputError::new(place, words));
    }
    if names.len() > MOST_SELECTORS {
        return Err(InputError::new(place, format!("names {} selectors; {MOST_SELECTORS} at a time", names.len())));
    }
    Ok(names)
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
        _ if need == Need::SignIn || credential::is_person(words) => Some(sign_in(setup, words, origins, need)?),
        Need::Kind | Need::SignIn => credential::unread(words, origins, &setup.cloud),
        Need::IfNamed => credential::read(words, origins, &setup.cloud, &mut setup.notes)?,
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

/// A person's sign-in: read where the run uses it, else only where it is kept.
fn sign_in(setup: &Setup, words: &Words, origins: &Origins, need: Need) -> Result<Credential, InputError> {
    let tenant = setup.tenant.as_deref().ok_or_else(|| is_missing("tenant"))?;
    let client_id = setup.client_id.as_deref().ok_or_else(|| is_missing("client_id"))?;
    let kept = credential::kept(words, origins, &setup.cloud, tenant, client_id)?;
    match need {
        Need::Kind | Need::SignIn => Ok(Credential::kept_at(kept)),
        _ => credential::read_sign_in(kept),
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

fn is_missing(word: &str) -> InputError {
    let variable = word.to_uppercase();
    let words = format!("is missing; give it as a flag, as O365DOCTOR_{variable}, or as {word} in a profile");
    InputError::new(flag(word), words)
}

fn roads(words: &Words, origins: &Origins, with_login: bool) -> Result<(Vec<Road>, bool), InputError> {
    let Some(text) = &words.roads else {
        let roads = if with_login { Road::TO_MAILBOX.to_vec() } else { vec![Road::Smtp] };
        return Ok((roads, false));
    };
    if text == "all" {
        return Ok((if with_login { Road::WITH_TOKEN.to_vec() } else { Road::ALL.to_vec() }, true));
    }
    let mut roads: Vec<Road> = Vec::new();
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let road = road(&origins.of("roads"), word)?;
        if !roads.contains(&road) {
            roads.push(road);
        }
    }
    if roads.is_empty() {
        return Err(InputError::new(origins.of("roads"), "names no road"));
    }
    roads.retain(|road| !(with_login && road.is_port_25()));
    if roads.is_empty() {
        return Err(InputError::new(origins.of("roads"), "names only roads of port 25, where nobody logs in"));
    }
    Ok((roads, true))
}

fn via(words: &Words, origins: &Origins, roads: &[Road]) -> Result<Road, InputError> {
    let Some(word) = &words.via else { return Ok(roads[0]) };
    road(&origins.of("via"), word)
}

fn road(place: &str, word: &str) -> Result<Road, InputError> {
    word.parse()
        .map_err(|e: String| InputError::new(place, format!("names {}, which is no road: {e}", lint::shown(word))))
}

fn stop(origins: &Origins, word: &str) -> Result<Stage, InputError> {
    let known = Stage::STOPS.iter().find(|(name, _)| *name == word).map(|(_, stage)| *stage);
    known.ok_or_else(|| {
        InputError::new(origins.of("stop_after"), format!("is {}, which is no stage", lint::shown(word)))
    })
}

fn helo(origins: &Origins, name: &str) -> Result<String, InputError> {
    let sound = !name.is_empty() && name.len() <= 255 && name.chars().all(|c| c.is_ascii_graphic());
    sound.then(|| name.to_owned()).ok_or_else(|| InputError::new(origins.of("helo"), "is no host name"))
}

fn timeout(origins: &Origins, text: &str) -> Result<Duration, InputError> {
    duration(text).filter(|t| !t.is_zero() && *t <= LONGEST_TIMEOUT).ok_or_else(|| {
        InputError::new(
            origins.of("timeout"),
            format!("is {}; it takes a time such as 30s, 2m or 500ms", lint::shown(text)),
        )
    })
}

/// Reads `30`, `30s`, `2m`, `500ms`. A bare number is seconds.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..split].parse().ok()?;
    match &text[split..] {
        "" | "s" => Some(Duration::from_secs(number)),
        "ms" => Some(Duration::from_millis(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
}

fn proxy(origins: &Origins, text: &str) -> Result<Url, InputError> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https" | "socks5" | "socks5h") && url.host_str().is_some());
    url.ok_or_else(|| {
        InputError::new(origins.of("proxy"), "is no proxy; it takes http://HOST:PORT or socks5://HOST:PORT")
    })
}

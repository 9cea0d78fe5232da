//! A Microsoft 365 tenant on the loopback: real sockets, real checks, real faults. A test bed and a product.
//!
//! Nothing here knows who talks to it, and the probes do not know that they talk to it.

mod admin;
mod assertions;
mod ca;
mod connectors;
mod consent;
mod credentials;
mod deeds;
mod directory;
mod dns;
mod door;
mod entra;
mod ews;
mod federation;
mod files;
mod filtered;
mod grants;
mod graph;
mod https;
mod imap;
mod imds;
mod keys;
mod lines;
mod mail;
mod messages;
mod mta_sts;
mod note;
mod odata;
mod pop;
mod receive;
mod refusal;
mod scenario;
mod serve;
mod session;
mod siblings;
mod sign_in;
mod smtp;
mod state;
mod tokens;
mod wire;

pub use deeds::Deed;
pub use files::Folder;
pub use scenario::{Expected, Scenario, scenarios};
pub use state::{Delivered, State};

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use toml::{Table, Value};
use url::Url;

use self::filtered::Filtered;
use self::session::Manner;
use crate::cloud::{Cloud, HostPort, Trust};
use crate::road::Road;

/// A running tenant. Dropping it ends it.
pub struct Sandbox {
    state: Shared,
    addresses: Addresses,
    ca: String,
    scenario: Scenario,
    tasks: JoinSet<()>,
    name_servers: Vec<SocketAddr>,
    /// What its profile names, if it names files.
    files: Option<Folder>,
    /// The port that answers nobody, if there is one.
    filtered: Option<Filtered>,
}

/// What every service of the tenant looks at.
type Shared = Arc<Mutex<State>>;

/// How a sandbox is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it listens.
    pub bind: Ipv4Addr,
    /// Port of each service; 0 takes a free one.
    pub ports: Ports,
    /// The round trip of the network put in between.
    pub rtt: Duration,
    /// How many tenants it holds.
    pub tenants: usize,
}

/// The port of each service.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// The login service.
    pub login: u16,
    /// SMTP submission.
    pub smtp: u16,
    /// The mail exchanger.
    pub mx: u16,
    /// High Volume Email.
    pub hve: u16,
    /// IMAP.
    pub imap: u16,
    /// POP.
    pub pop: u16,
    /// DNS, both UDP and TCP.
    pub dns: u16,
    /// The machine's own service for managed identities.
    pub imds: u16,
}

/// Where the services listen.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// The login service.
    pub login: SocketAddr,
    /// SMTP submission.
    pub smtp: SocketAddr,
    /// The mail exchanger, which is at port 25 in the service.
    pub mx: SocketAddr,
    /// High Volume Email.
    pub hve: SocketAddr,
    /// IMAP.
    pub imap: SocketAddr,
    /// POP.
    pub pop: SocketAddr,
    /// DNS.
    pub dns: SocketAddr,
    /// The machine's own service for managed identities.
    pub imds: SocketAddr,
}

impl Default for Options {
    fn default() -> Self {
        Options { bind: Ipv4Addr::LOCALHOST, ports: Ports::default(), rtt: Duration::ZERO, tenants: 1 }
    }
}

impl Ports {
    /// The ports of the real services. High Volume Email has port 587 of a host of its own; here all share one address, so it
    /// takes a free port; the machine's own service has an address of its own, so it does too.
    pub const STANDARD: Ports = Ports { login: 443, smtp: 587, mx: 25, hve: 0, imap: 993, pop: 995, dns: 53, imds: 0 };
}

/// Starts a tenant in the state that a scenario describes.
///
/// # Errors
/// A port that can not be bound, or a file of the profile that can not be written.
pub async fn start(scenario: Scenario, options: &Options) -> std::io::Result<Sandbox> {
    let login = TcpListener::bind((options.bind, options.ports.login)).await?;
    let smtp = TcpListener::bind((options.bind, options.ports.smtp)).await?;
    let mx = TcpListener::bind((options.bind, options.ports.mx)).await?;
    let hve = TcpListener::bind((options.bind, options.ports.hve)).await?;
    let imap = TcpListener::bind((options.bind, options.ports.imap)).await?;
    let pop = TcpListener::bind((options.bind, options.ports.pop)).await?;
    let imds = TcpListener::bind((options.bind, options.ports.imds)).await?;
    let dns = dns::Sockets::bind(options).await?;
    let name_servers = dns.name_servers();
    let addresses = Addresses {
        login: login.local_addr()?,
        smtp: smtp.local_addr()?,
        mx: mx.local_addr()?,
        hve: hve.local_addr()?,
        imap: imap.local_addr()?,
        pop: pop.local_addr()?,
        dns: dns.address()?,
        imds: imds.local_addr()?,
    };
    let mut state = scenario.state(options.tenants, &addresses);
    let (arriving, arrivals) = tokio::sync::mpsc::unbounded_channel();
    state.arriving = Some(arriving);
    let handed = scenario.credential.as_ref().map(|wanted| wanted.prepare(&mut state));
    let authority = ca::Authority::new(&state);
    let state: Shared = Arc::new(Mutex::new(state));
    let mut tasks = JoinSet::new();
    let rtt = options.rtt;
    tasks.spawn(entra::serve(login, authority.server(), state.clone(), rtt));
    let exchanger = Manner::Exchanger { resolver: addresses.dns, clients: authority.clients() };
    tasks.spawn(smtp::serve(smtp, authority.server(), state.clone(), rtt, Manner::Submission));
    tasks.spawn(smtp::serve(hve, authority.server(), state.clone(), rtt, Manner::HighVolume));
    tasks.spawn(smtp::serve(mx, authority.exchanger(), state.clone(), rtt, exchanger));
    tasks.spawn(lines::serve(imap, authority.server(), state.clone(), rtt, Road::Imap));
    tasks.spawn(lines::serve(pop, authority.server(), state.clone(), rtt, Road::Pop));
    tasks.spawn(imds::serve(imds, state.clone()));
    tasks.spawn(receive::serve(arrivals, state.clone(), addresses.dns));
    tasks.spawn(dns::serve(dns, state.clone(), rtt));
    let mut sandbox =
        Sandbox { state, addresses, ca: authority.pem(), scenario, tasks, name_servers, files: None, filtered: None };
    if sandbox.scenario.mx_filtered {
        sandbox.filtered = Some(Filtered::start(options.bind).await?);
    }
    if let Some(handed) = handed {
        sandbox.hand_out_credential(handed)?;
    }
    if sandbox.scenario.exchange_state {
        let file = sandbox.hand_out("exchange-state.json", sandbox.exchange_state())?;
        let file = Value::String(file.display().to_string());
        sandbox.scenario.profile.insert("exchange_state".to_owned(), file);
    }
    if let Some(wanted) = sandbox.scenario.relay_certificate.clone() {
        let file = sandbox.hand_out("relay.pem", authority.client(&wanted))?;
        let file = Value::String(file.display().to_string());
        sandbox.scenario.profile.insert("relay_certificate".to_owned(), file);
    }
    sandbox.keep_sign_in().await?;
    Ok(sandbox)
}

impl Sandbox {
    /// The cloud that it is: addresses, names and trust.
    pub fn cloud(&self) -> Cloud {
        let base = Cloud::named("worldwide").expect("a row of the table");
        let login = format!("https://localhost:{}", self.addresses.login.port());
        let login = Url::parse(&login).expect("a host and a port");
        Cloud {
            name: self.scenario.cloud_name(),
            graph: self.graph(&login),
            ews: self.ews(&login),
            siblings: siblings::all(&login),
            login,
            exchange_environment: self
                .scenario
                .exchange_environment
                .clone()
                .unwrap_or(base.exchange_environment.clone()),
            smtp: HostPort { host: "localhost".to_owned(), port: self.smtp_port() },
            consumer_smtp: Some(HostPort { host: "localhost".to_owned(), port: self.smtp_port() }),
            hve: Some(port(self.addresses.hve, false)),
            mx_port: self.mx_port(),
            imap: port(self.addresses.imap, self.scenario.imap_closed),
            pop: port(self.addresses.pop, self.scenario.pop_closed),
            mx_suffixes: vec![format!(".{}", state::MX_DOMAIN)],
            spf_include: state::SPF_INCLUDE.to_owned(),
            dkim_suffixes: vec![format!(".{}", state::DKIM_DOMAIN), ".onmicrosoft.test".to_owned()],
            autodiscover: state::AUTODISCOVER.to_owned(),
            mta_sts_port: self.addresses.login.port(),
            imds: self.imds(),
            resolver: Some(self.addresses.dns),
            name_server_port: self.name_servers.first().map(SocketAddr::port),
            trust: Trust {
                system: false,
                extra: vec![if self.scenario.distrusted { ca::Authority::stranger() } else { self.ca.clone() }],
            },
            ..base
        }
    }

    /// A scenario may name a port where nothing listens, or one that answers nobody.
    fn mx_port(&self) -> u16 {
        match &self.filtered {
            Some(filtered) => filtered.port(),
            None if self.scenario.mx_closed => 1,
            None => self.addresses.mx.port(),
        }
    }

    /// A scenario may have no machine of Azure's.
    fn imds(&self) -> Url {
        let nobody = self.scenario.credential.as_ref().is_some_and(credentials::Wanted::nobody_listens);
        let port = if nobody { 1 } else { self.addresses.imds.port() };
        Url::parse(&format!("http://localhost:{port}")).expect("a host and a port")
    }

    /// Graph shares the port of the login service, or is at one where nothing listens.
    fn graph(&self, login: &Url) -> Url {
        let mut url = login.clone();
        if self.scenario.graph_closed {
            let _ = url.set_port(Some(1));
        }
        url
    }

    /// EWS shares it too.
    fn ews(&self, login: &Url) -> Url {
        let mut url = login.clone();
        url.set_path(self.scenario.ews_path.as_deref().unwrap_or(crate::cloud::EWS_PATH));
        if self.scenario.ews_closed {
            let _ = url.set_port(Some(1));
        }
        url
    }

    /// A scenario may name a port where nothing listens.
    fn smtp_port(&self) -> u16 {
        if self.scenario.smtp_closed { 1 } else { self.addresses.smtp.port() }
    }

    /// What a profile for its first tenant says.
    pub fn profile(&self) -> Table {
        let mut profile = self.lock().profile(0);
        if let Some(person) = &self.scenario.person {
            let state = self.lock();
            let token = state.tenants.first().and_then(|tenant| tokens::of_person(&state, tenant, person));
            // Whoever signs in needs no secret of the application, and Exchange no entry for it.
            profile.remove("client_secret");
            profile.remove("object_id");
            if person.stored {
                profile.insert("auth".to_owned(), Value::from("delegated"));
            } else {
                profile.insert("token".to_owned(), Value::String(token.unwrap_or_default()));
            }
        }
        if self.scenario.credential.is_some() {
            profile.remove("client_secret");
        }
        for (word, value) in &self.scenario.profile {
            profile.insert(word.clone(), value.clone());
        }
        profile
    }

    /// The password of the people in it. Invented; it opens nothing else.
    pub fn password(&self) -> &'static str {
        state::PASSWORD
    }

    /// What a profile for one of its tenants says.
    pub fn profile_of(&self, tenant: usize) -> Table {
        self.lock().profile(tenant)
    }

    /// A word of the first tenant's profile.
    pub fn word(&self, word: &str) -> String {
        self.profile().get(word).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// What the verifying script would print for the profile of its first tenant, read from its state as it is now.
    pub fn exchange_state(&self) -> String {
        let said = |word: &str| Some(self.word(word)).filter(|value| !value.is_empty());
        let question = admin::Question {
            tenant: 0,
            client_id: self.word("client_id"),
            object_id: said("object_id"),
            mailbox: self.word("mailbox"),
            from: said("from"),
            account: said("hve_account"),
            age: jiff::SignedDuration::from_secs(self.scenario.exchange_state_age),
        };
        self.lock().exchange_state(&question)
    }

    /// Where its services listen.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Where the name servers of its domains listen: at further addresses of the loopback. None where the system does not
    /// have them.
    pub fn name_servers(&self) -> &[SocketAddr] {
        &self.name_servers
    }

    /// The authority that vouches for it, PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca
    }

    /// The mails that lie in a mailbox.
    pub fn mailbox(&self, address: &str) -> Vec<Delivered> {
        self.lock().mailbox(address)
    }

    /// Every mail that was taken for delivery so far, also to outside.
    pub fn deliveries(&self) -> usize {
        self.lock().taken
    }

    /// The mails that were relayed to outside of every tenant.
    pub fn outside(&self) -> Vec<Delivered> {
        self.lock().outside.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // A panic in a service would be a bug of ours; what it left is still worth reading.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Waits until nothing of it runs any more, which is never by itself.
    pub async fn ended(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Where a service is reached; a scenario may name a port where nothing listens.
fn port(address: SocketAddr, closed: bool) -> HostPort {
    HostPort { host: "localhost".to_owned(), port: if closed { 1 } else { address.port() } }
}

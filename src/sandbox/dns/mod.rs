//! The Domain Name System of the sandbox: a resolver that walks down from the root, and the servers that it walks to. One
//! has the root, one the registry's zone `test`, and two have the tenants' domains, each a zone that the registry hands on.

mod authority;
mod cache;
mod records;
mod resolver;
mod serve;
mod sign;
#[cfg(test)]
mod tests;
mod upstream;
mod validate;
mod zone;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hickory_proto::op::Message;
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::net::{TcpListener, UdpSocket};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use self::authority::Authority;
use self::cache::Cache;
use self::resolver::Recursive;
use self::serve::Network;
use self::sign::Key;
use self::upstream::Upstream;
use self::zone::Zone;
use super::state::{Dnssec, NameServer, State, Tenant};
use super::{Options, Shared};

/// Servers beside the resolver: the root's, the registry's, and the two of the domains.
const SERVERS: u8 = 4;
/// Those that no domain has.
const OF_NO_DOMAIN: usize = 2;
/// A free port of one address may be taken at another, so some are tried.
const TRIES: usize = 20;

/// Where the servers listen: the same port at the resolver's address and at those behind it.
pub(super) struct Sockets {
    resolver: (UdpSocket, TcpListener),
    /// None where the system does not have these addresses: then the resolver asks them within this process.
    servers: Option<Vec<(UdpSocket, TcpListener)>>,
}

/// What answers at a socket: one of the servers, or the resolver.
struct Service {
    live: Arc<Live>,
    server: Option<usize>,
}

impl Service {
    async fn answer(&self, request: &Message) -> Option<Message> {
        let zones = self.live.zones();
        match self.server {
            Some(number) => zones.authorities[number].answer(request).await,
            None => zones.recursive.answer(request).await,
        }
    }
}

/// The zones in force; made anew after somebody wrote records, and then the resolver holds nothing from before.
struct Live {
    state: Shared,
    ips: [IpAddr; SERVERS as usize],
    /// How the resolver reaches the servers; none: within this process.
    sockets: Option<(IpAddr, u16)>,
    zones: Mutex<Arc<Zones>>,
}

struct Zones {
    authorities: Vec<Arc<Authority>>,
    recursive: Recursive,
    /// How often records had been written.
    written: usize,
}

impl Live {
    fn new(state: Shared, ips: [IpAddr; SERVERS as usize], sockets: Option<(IpAddr, u16)>) -> Live {
        let zones = Zones::of(&state.lock().unwrap_or_else(PoisonError::into_inner), ips, sockets);
        Live { state, ips, sockets, zones: Mutex::new(Arc::new(zones)) }
    }

    fn zones(&self) -> Arc<Zones> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut zones = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        if zones.written != state.records_written {
            *zones = Arc::new(Zones::of(&state, self.ips, self.sockets));
        }
        zones.clone()
    }
}

impl Zones {
    fn of(state: &State, ips: [IpAddr; SERVERS as usize], sockets: Option<(IpAddr, u16)>) -> Zones {
        let (authorities, anchor) = authorities(state, ips);
        let upstream = match sockets {
            Some((near, port)) => Upstream::Sockets { near, port },
            None => Upstream::Inside(ips.into_iter().zip(authorities.clone()).collect()),
        };
        let recursive = Recursive::new(state, Cache::holding(state), upstream, ips[0], anchor);
        Zones { authorities, recursive, written: state.records_written }
    }
}

impl Sockets {
    /// Binds them all.
    pub(super) async fn bind(options: &Options) -> std::io::Result<Sockets> {
        let mut last = None;
        for _ in 0..TRIES {
            let resolver = match at((options.bind, options.ports.dns).into()).await {
                Ok(pair) => pair,
                Err(e) => {
                    last = Some(e);
                    continue;
                }
            };
            let port = resolver.0.local_addr()?.port();
            match servers(options.bind, port).await {
                Ok(servers) => return Ok(Sockets { resolver, servers }),
                // A port that is free here and taken there; one that was asked for does not get freer.
                Err(_) if options.ports.dns != 0 => return Ok(Sockets { resolver, servers: None }),
                Err(e) => last = Some(e),
            }
        }
        Err(last.unwrap_or_else(|| std::io::Error::other("no free port")))
    }

    /// Where the resolver listens.
    pub(super) fn address(&self) -> std::io::Result<SocketAddr> {
        self.resolver.0.local_addr()
    }

    /// Where the servers of the domains listen, if others can ask them.
    pub(super) fn name_servers(&self) -> Vec<SocketAddr> {
        self.servers.iter().flatten().skip(OF_NO_DOMAIN).filter_map(|(udp, _)| udp.local_addr().ok()).collect()
    }
}

async fn at(address: SocketAddr) -> std::io::Result<(UdpSocket, TcpListener)> {
    let udp = UdpSocket::bind(address).await?;
    let tcp = TcpListener::bind(udp.local_addr()?).await?;
    Ok((udp, tcp))
}

/// The servers' sockets; none where there are no such addresses, as on systems that have one loopback address only.
async fn servers(bind: Ipv4Addr, port: u16) -> std::io::Result<Option<Vec<(UdpSocket, TcpListener)>>> {
    let mut sockets = Vec::new();
    for number in 1..=SERVERS {
        match at((beside(bind, number), port).into()).await {
            Ok(pair) => sockets.push(pair),
            Err(e) if e.kind() == std::io::ErrorKind::AddrNotAvailable => return Ok(None),
            Err(e) => return Err(e),
        }
    }
    Ok(bind.is_loopback().then_some(sockets))
}

/// The address so many behind another.
fn beside(address: Ipv4Addr, number: u8) -> Ipv4Addr {
    Ipv4Addr::from_bits(address.to_bits().wrapping_add(u32::from(number)))
}

/// Serves until it is dropped, on a thread of its own: whoever waits for a server is not to take it for silent because
/// other services of the tenant are at work.
pub(super) async fn serve(sockets: Sockets, state: Shared, rtt: Duration) {
    let (running, dropped) = oneshot::channel::<()>();
    let Ok(resolver) = unbound(sockets.resolver) else { return };
    let servers: Option<Vec<_>> =
        sockets.servers.map(|all| all.into_iter().filter_map(|pair| unbound(pair).ok()).collect());
    let work = move || {
        let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            let Ok(resolver) = bound(resolver) else { return };
            let servers = servers.map(|all| all.into_iter().filter_map(|pair| bound(pair).ok()).collect());
            tokio::select! {
                () = serve_here(Sockets { resolver, servers }, state, rtt) => {}
                _ = dropped => {}
            }
        });
    };
    if std::thread::Builder::new().name("sandbox-dns".to_owned()).spawn(work).is_ok() {
        std::future::pending::<()>().await;
    }
    drop(running);
}

/// Sockets belong to the runtime in which they were made.
fn unbound((udp, tcp): (UdpSocket, TcpListener)) -> std::io::Result<(std::net::UdpSocket, std::net::TcpListener)> {
    Ok((udp.into_std()?, tcp.into_std()?))
}

fn bound((udp, tcp): (std::net::UdpSocket, std::net::TcpListener)) -> std::io::Result<(UdpSocket, TcpListener)> {
    Ok((UdpSocket::from_std(udp)?, TcpListener::from_std(tcp)?))
}

async fn serve_here(sockets: Sockets, state: Shared, rtt: Duration) {
    let Ok(address) = sockets.address() else { return };
    let bind = if let IpAddr::V4(bind) = address.ip() { bind } else { Ipv4Addr::LOCALHOST };
    let ips: [IpAddr; SERVERS as usize] = [1, 2, 3, 4].map(|number| IpAddr::V4(beside(bind, number)));
    let near = sockets.servers.as_ref().map(|_| IpAddr::V4(beside(bind, SERVERS + 1)));
    let tcp_closed = {
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tenants.iter().any(|tenant| tenant.dns.tcp_closed)
    };
    let live = Arc::new(Live::new(state, ips, near.map(|near| (near, address.port()))));
    let service = |server| Arc::new(Service { live: live.clone(), server });
    let network = Network { rtt, near };
    let mut tasks = JoinSet::new();
    let (udp, tcp) = sockets.resolver;
    let resolver = service(None);
    tasks.spawn(serve::datagrams(udp, resolver.clone(), network));
    // Dropped, so that nobody gets in.
    if !tcp_closed {
        tasks.spawn(serve::connections(tcp, resolver, network));
    }
    for (number, (udp, tcp)) in sockets.servers.into_iter().flatten().enumerate() {
        let server = service(Some(number));
        tasks.spawn(serve::datagrams(udp, server.clone(), network));
        tasks.spawn(serve::connections(tcp, server, network));
    }
    while tasks.join_next().await.is_some() {}
}

/// The servers with their zones, and the key of the root where it is signed.
fn authorities(state: &State, ips: [IpAddr; SERVERS as usize]) -> (Vec<Arc<Authority>>, Option<Key>) {
    let [of_root, of_registry, first, second] = ips;
    let mut registry = Zone::read("test.", &records::registry(state, of_registry, [first, second]));
    let mut pair = [Authority::default(), Authority::default()];
    let mut signed = false;
    for tenant in state.tenants.iter().filter(|tenant| !tenant.dns.gone) {
        let zone = Zone::read(&format!("{}.", tenant.domain), &records::domain(tenant, [first, second]));
        let key = tenant.dns.dnssec.map(|how| (Key::new(), how));
        if let Some((key, _)) = &key {
            signed = true;
            key.announce(&zone.origin, &mut registry);
        }
        for (server, manner) in pair.iter_mut().zip([&tenant.dns.ns1, &tenant.dns.ns2]) {
            let mut own = zone.clone();
            differ(&mut own, manner);
            if let Some((key, how)) = &key {
                key.sign(&mut own, *how);
            }
            server.add(own, manner);
        }
    }
    let mut root = Zone::read(".", &records::root(state, of_root, of_registry));
    let keys = signed.then(|| [Key::new(), Key::new()]);
    let anchor = keys.map(|[of_root, of_registry]| {
        of_registry.sign(&mut registry, Dnssec::Sound);
        of_registry.announce(&registry.origin, &mut root);
        of_root.sign(&mut root, Dnssec::Sound);
        of_root
    });
    let above = [root, registry].map(|zone| {
        let mut server = Authority::default();
        server.add(zone, &NameServer::default());
        server
    });
    (above.into_iter().chain(pair).map(Arc::new).collect(), anchor)
}

/// What a server holds otherwise than the zone has it.
fn differ(zone: &mut Zone, manner: &NameServer) {
    zone.lay_over(&manner.records);
    for what in &manner.without {
        zone.take_out(what);
    }
    let soa = zone.names.get_mut(&zone.origin).and_then(|sets| sets.get_mut(&RecordType::SOA));
    if let (Some(serial), Some(RData::SOA(soa))) = (manner.serial, soa.map(|set| &mut set[0].data)) {
        soa.serial = serial;
    }
}

/// The domains of the tenants that something holds of.
fn domains(state: &State, wanted: fn(&Tenant) -> bool) -> Vec<Name> {
    let tenants = state.tenants.iter().filter(|tenant| wanted(tenant));
    tenants.filter_map(|tenant| Name::from_ascii(format!("{}.", tenant.domain)).ok()).collect()
}

//! A connected stream: straight, or through a proxy.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::fault;
use crate::cloud::HostPort;
use crate::facts::{Fault, FaultKind};
use crate::setup::secret::Secret;

/// What a dialogue is held over: TCP, or TLS over it.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// How long one address may take before the next is tried beside it (RFC 8305 section 5: 250 ms).
const STAGGER: Duration = Duration::from_millis(250);
/// Addresses of one name that are tried; Microsoft's mail exchangers have up to eight.
const MOST_ADDRESSES: usize = 8;
/// A filtered port answers nothing; waiting longer for a handshake that crosses the world in 0.3 s tells no more.
const CONNECT: Duration = Duration::from_secs(20);

/// The two ends of a connection; none of either through a proxy.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ends {
    /// The server's.
    pub(super) peer: Option<SocketAddr>,
    /// Ours.
    pub(super) local: Option<SocketAddr>,
}

/// Connects, and says between which addresses.
pub(super) async fn connect(
    server: &HostPort,
    proxy: Option<&Url>,
    deadline: Instant,
) -> Result<(Box<dyn Stream>, Ends), Fault> {
    connect_by(server, &Way::default(), proxy, deadline).await
}

/// How a connection is made, where it is not left to the system.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// The server's addresses; empty: as the system resolves its name.
    pub addresses: Vec<IpAddr>,
    /// The address of this host to connect from.
    pub source: Option<IpAddr>,
}

/// Connects in a given way, and says between which addresses.
pub(super) async fn connect_by(
    server: &HostPort,
    way: &Way,
    proxy: Option<&Url>,
    deadline: Instant,
) -> Result<(Box<dyn Stream>, Ends), Fault> {
    let deadline = deadline.min(Instant::now() + CONNECT);
    let Some(proxy) = proxy else {
        let stream = dial(&server.host, server.port, way, deadline).await?;
        let ends = Ends { peer: stream.peer_addr().ok(), local: stream.local_addr().ok() };
        return Ok((Box::new(stream), ends));
    };
    let port = proxy.port_or_known_default().unwrap_or(1080);
    let host = proxy.host_str().unwrap_or_default();
    let stream = dial(host, port, &Way::default(), deadline).await.map_err(|fault| {
        Fault::new(FaultKind::ProxyRefused, format!("the proxy {host} port {port}: {}", fault.words))
    })?;
    let tunnel = async {
        if proxy.scheme().starts_with("socks5") {
            socks(stream, proxy, server).await
        } else {
            tunnel(stream, proxy, server).await
        }
    };
    let silent = || Fault::new(FaultKind::ProxyRefused, "the proxy did not answer in time");
    Ok((timeout_at(deadline, tunnel).await.map_err(|_| silent())??, Ends::default()))
}

/// Tries the addresses of a name, each 250 ms after the one before; the first that connects wins.
async fn dial(host: &str, port: u16, way: &Way, deadline: Instant) -> Result<TcpStream, Fault> {
    let mut addresses: Vec<SocketAddr> = match way.addresses[..] {
        [] => resolve(host, port, deadline).await?,
        _ => way.addresses.iter().map(|ip| SocketAddr::new(*ip, port)).take(MOST_ADDRESSES).collect(),
    };
    if let Some(source) = way.source {
        addresses.retain(|address| address.is_ipv4() == source.is_ipv4());
    }
    let source = way.source;
    let mut attempts = JoinSet::new();
    for (n, address) in addresses.into_iter().enumerate() {
        let pause = STAGGER * u32::try_from(n).unwrap_or(u32::MAX);
        attempts.spawn(async move {
            tokio::time::sleep(pause).await;
            dial_one(address, source).await.map_err(|e| (address, e))
        });
    }
    let mut last =
        Fault::new(FaultKind::NameNotFound, format!("{host} has no address that can be connected to from here"));
    loop {
        match timeout_at(deadline, attempts.join_next()).await {
            Err(_) => return Err(Fault::new(FaultKind::ConnectTimeout, format!("no answer from {host} port {port}"))),
            Ok(None) => return Err(last),
            Ok(Some(Ok(Ok(stream)))) => {
                // A dialogue is small writes that wait for answers; Nagle's delay would add 40 ms to each.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Some(Ok(Err((address, e))))) => last = Fault { words: format!("{address}: {e}"), ..fault::of_io(&e) },
            Ok(Some(Err(_))) => {}
        }
    }
}

async fn dial_one(address: SocketAddr, source: Option<IpAddr>) -> std::io::Result<TcpStream> {
    let Some(source) = source else { return TcpStream::connect(address).await };
    let socket = if source.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind(SocketAddr::new(source, 0))?;
    socket.connect(address).await
}

async fn resolve(host: &str, port: u16, deadline: Instant) -> Result<Vec<SocketAddr>, Fault> {
    let lookup = timeout_at(deadline, tokio::net::lookup_host((host, port))).await;
    let found =
        lookup.map_err(|_| Fault::new(FaultKind::ResolverFailed, format!("no answer about the name {host}")))?;
    let found = found.map_err(|e| Fault::new(fault::name_fault(&e.to_string()), format!("{host}: {e}")))?;
    Ok(found.take(MOST_ADDRESSES).collect())
}

async fn socks(stream: TcpStream, proxy: &Url, server: &HostPort) -> Result<Box<dyn Stream>, Fault> {
    use tokio_socks::tcp::Socks5Stream;
    let target = (server.host.as_str(), server.port);
    let stream = if proxy.username().is_empty() {
        Socks5Stream::connect_with_socket(stream, target).await
    } else {
        let (user, password) = login(proxy);
        Socks5Stream::connect_with_password_and_socket(stream, target, &user, password.expose()).await
    };
    let stream = stream.map_err(|e| Fault::new(socks_fault(&e), e.to_string()))?;
    Ok(Box::new(stream))
}

fn socks_fault(error: &tokio_socks::Error) -> FaultKind {
    use tokio_socks::Error as E;
    match error {
        E::NoAcceptableAuthMethods | E::PasswordAuthFailure(_) | E::UnknownAuthMethod => FaultKind::ProxyAuthentication,
        _ => FaultKind::ProxyRefused,
    }
}

/// User and password of a proxy's address, whose own characters stand there percent-encoded.
pub(crate) fn login(proxy: &Url) -> (String, Secret) {
    let plain = |text: &str| {
        let field = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
        url::form_urlencoded::parse(field.as_bytes()).next().map_or(String::new(), |(_, value)| value.into_owned())
    };
    (plain(proxy.username()), Secret::new(plain(proxy.password().unwrap_or_default())))
}

/// CONNECT (RFC 9110 section 9.3.6).
async fn tunnel(mut stream: TcpStream, proxy: &Url, server: &HostPort) -> Result<Box<dyn Stream>, Fault> {
    let mut request = format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n");
    if !proxy.username().is_empty() {
        let (user, password) = login(proxy);
        let login = STANDARD.encode(format!("{user}:{}", password.expose()));
        request.push_str(&format!("Proxy-Authorization: Basic {login}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|e| fault::of_io(&e))?;
    let head = head(&mut stream).await?;
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    let first = head.lines().next().unwrap_or_default().to_owned();
    match status {
        "200" => Ok(Box::new(stream)),
        "407" => Err(Fault::new(FaultKind::ProxyAuthentication, format!("{first}; it offers: {}", schemes(&head)))),
        _ => Err(Fault::new(FaultKind::ProxyRefused, first)),
    }
}

/// What an HTTP proxy offers to whoever comes without a login, in words; none where it asks for none.
pub(super) async fn offer(proxy: &Url, server: &HostPort, deadline: Instant) -> Option<String> {
    let mut nobody = proxy.clone();
    if proxy.scheme() != "http" || nobody.set_username("").is_err() || nobody.set_password(None).is_err() {
        return None;
    }
    let fault = connect(server, Some(&nobody), deadline).await.err()?;
    (fault.kind == FaultKind::ProxyAuthentication).then_some(fault.words)
}

/// The head of the proxy's answer, one octet at a time: what follows belongs to the tunnel.
async fn head(stream: &mut TcpStream) -> Result<String, Fault> {
    const LONGEST: usize = 16 * 1024;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= LONGEST {
            return Err(Fault::new(FaultKind::TooLong, "the proxy's answer is longer than 16 KiB"));
        }
        let octet = stream.read_u8().await.map_err(|e| fault::of_io(&e))?;
        head.push(octet);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn schemes(head: &str) -> String {
    let offers = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("proxy-authenticate").then(|| value.split_whitespace().next().unwrap_or_default())
    });
    offers.collect::<Vec<_>>().join(", ")
}

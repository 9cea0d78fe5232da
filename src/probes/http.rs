//! HTTPS requests: no redirect is followed, no answer is read without bound.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, Method, RequestBuilder, Response};
use serde_json::Value;
use url::Url;

use super::tls::{self, Shown};
use super::{fault, ms_since, net};
use crate::cloud::{Cloud, HostPort};
use crate::facts::{Fault, FaultKind, HttpFacts, shortened};
use crate::setup::secret::{Mask, Secret};

/// Entra's largest answer, the signing keys, has about 30 KiB.
const LONGEST_BODY: usize = 1024 * 1024;
/// As much of an answer that is not understood as a person wants to see.
const EXCERPT: usize = 300;
/// The longest text that is kept of an answer that is understood; Entra's longest refusals have about a thousand.
const LONGEST_TEXT: usize = 4000;

/// The service of a virtual machine is on its own host.
const LOCAL_CONNECT: Duration = Duration::from_secs(3);

/// What is seen of a request that must not be made twice.
#[derive(Default)]
pub(super) struct Once {
    /// Whether it surely never left: there was no connection to write it to.
    pub(super) unsent: bool,
    /// The service's own id of it.
    pub(super) request_id: Option<String>,
    /// The fields of [`TELLING`] that its head has.
    pub(super) heads: Vec<(&'static str, String)>,
}

impl Once {
    /// A field of the answer's head.
    pub(super) fn head(&self, name: &str) -> Option<String> {
        self.heads.iter().find(|(own, _)| *own == name).map(|(_, value)| value.clone())
    }
}

/// Fields of an answer's head in which Exchange says more than the status does.
const TELLING: [&str; 4] = ["x-ms-diagnostics", "x-ews-policy-reason", "www-authenticate", "x-feserver"];

/// The HTTPS client of one run. It is built at the first request: the system's authorities are not read for nothing.
#[derive(Clone)]
pub struct Client {
    built: Arc<OnceLock<Built>>,
    cloud: Cloud,
    timeout: Duration,
    proxy: Option<Url>,
    mask: Mask,
    /// For one request that must not be made twice.
    single: bool,
    /// For the machine's own service: no proxy, HTTP in clear if its address says so.
    local: bool,
    /// The addresses of one host, where they are not left to the system's resolver.
    addresses: Option<(String, Vec<IpAddr>)>,
    /// The longest answer that is read, in octets.
    most: usize,
}

struct Built {
    client: Result<reqwest::Client, Fault>,
    shown: Shown,
}

impl Client {
    /// A client for one cloud. That it can not be built is found out at the first request.
    pub fn new(cloud: &Cloud, timeout: Duration, proxy: Option<&Url>, mask: &Mask) -> Client {
        let (cloud, proxy, mask) = (cloud.clone(), proxy.cloned(), mask.clone());
        let built = Arc::default();
        Client { built, cloud, timeout, proxy, mask, single: false, local: false, addresses: None, most: LONGEST_BODY }
    }

    /// A client for one request that must not be made twice: no connection is taken over from another request, and the
    /// library repeats nothing by itself.
    pub(super) fn once(cloud: &Cloud, timeout: Duration, proxy: Option<&Url>, mask: &Mask) -> Client {
        Client { single: true, ..Client::new(cloud, timeout, proxy, mask) }
    }

    /// A client for the machine's own service of tokens.
    pub(super) fn local(cloud: &Cloud, timeout: Duration, mask: &Mask) -> Client {
        Client { local: true, ..Client::new(cloud, timeout, None, mask) }
    }

    /// The same for one host at these addresses; none: as the system resolves its name.
    pub(super) fn at(self, host: &str, addresses: Vec<IpAddr>) -> Client {
        let addresses = (!addresses.is_empty()).then(|| (host.to_owned(), addresses));
        Client { addresses, ..self }
    }

    /// The same client, which reads longer answers.
    pub(super) fn reading(self, most: usize) -> Client {
        Client { most, ..self }
    }

    /// The same client, which keeps more than its own secrets out of what is seen.
    pub(super) fn masking(&self, mask: &Mask) -> Client {
        Client { mask: mask.clone(), ..self.clone() }
    }

    fn built(&self) -> &Built {
        self.built.get_or_init(|| {
            let single =
                |builder: ClientBuilder| builder.retry(reqwest::retry::never()).pool_max_idle_per_host(0).http1_only();
            let more = |builder: ClientBuilder| match (self.single, self.local) {
                (true, _) => single(builder),
                // A machine that is none of Azure's has nobody at the address, and is to be told so soon.
                (_, true) => builder.https_only(false).no_proxy().connect_timeout(LOCAL_CONNECT),
                _ => builder,
            };
            let more = |builder| {
                let Some((host, ips)) = &self.addresses else { return more(builder) };
                // The port is that of the address asked for.
                let sockets: Vec<SocketAddr> = ips.iter().map(|ip| SocketAddr::new(*ip, 0)).collect();
                more(builder).resolve_to_addrs(host, &sockets)
            };
            match build(&self.cloud, self.timeout, self.proxy.as_ref(), more) {
                Ok((client, shown)) => Built { client: Ok(client), shown },
                Err(fault) => Built { client: Err(fault), shown: Shown::default() },
            }
        })
    }

    /// A server's text as it may be kept: masked first, for a secret that is cut in two is no longer found.
    pub(super) fn seen(&self, text: &str) -> String {
        shortened(&self.mask.apply(text), LONGEST_TEXT)
    }

    /// The beginning of a text, masked.
    pub(super) fn excerpt(&self, text: &str) -> String {
        let text = self.mask.apply(text);
        text[..text.floor_char_boundary(EXCERPT)].to_owned()
    }

    /// GET, for JSON.
    pub(super) async fn get(&self, url: &Url) -> (HttpFacts, Option<Value>) {
        self.json(&format!("GET {url}"), |client| client.get(url.clone())).await
    }

    /// GET with a token, for JSON.
    pub(super) async fn get_with(&self, url: &Url, token: &Secret) -> (HttpFacts, Option<Value>) {
        self.json(&format!("GET {url}"), |client| client.get(url.clone()).bearer_auth(token.expose())).await
    }

    /// GET with one field in the head, for JSON.
    pub(super) async fn get_headed(&self, url: &Url, name: &str, value: &str) -> (HttpFacts, Option<Value>) {
        self.json(&format!("GET {url}"), |client| client.get(url.clone()).header(name, value)).await
    }

    /// GET, for text of at most so many octets.
    pub(super) async fn text(&self, url: &Url, most: usize) -> (HttpFacts, Option<String>) {
        let make = |client: &reqwest::Client| client.get(url.clone());
        let (mut facts, body) = self.octets(&format!("GET {url}"), make, &mut Once::default()).await;
        let Some(body) = body else { return (facts, None) };
        let text = String::from_utf8_lossy(&body);
        facts.words = Some(self.excerpt(&text));
        if body.len() > most {
            facts.fault = Some(Fault::new(FaultKind::TooLong, format!("an answer of more than {most} octets")));
            return (facts, None);
        }
        (facts, Some(text.into_owned()))
    }

    /// POST of a form, for JSON. The form is encoded here, once.
    pub(super) async fn post_form(&self, url: &Url, form: &[(&str, &str)]) -> (HttpFacts, Option<Value>) {
        self.json(&format!("POST {url}"), |client| client.post(url.clone()).form(form)).await
    }

    /// HEAD, to see whether anybody answers.
    pub(super) async fn head(&self, url: &Url) -> HttpFacts {
        self.json(&format!("HEAD {url}"), |client| client.head(url.clone())).await.0
    }

    /// POST of what must not be repeated, with a token; also what tells whether it went out.
    pub(super) async fn post_once(
        &self,
        url: &Url,
        token: &Secret,
        kind: &str,
        body: String,
    ) -> (HttpFacts, Option<Value>, Once) {
        let mut once = Once::default();
        let make = |client: &reqwest::Client| {
            client.post(url.clone()).bearer_auth(token.expose()).header("content-type", kind).body(body)
        };
        let (facts, value) = self.ask(&format!("POST {url}"), make, &mut once).await;
        (facts, value, once)
    }

    /// A request with a token, and with JSON where there is something to say; also what tells whether it went out.
    pub(super) async fn with_json(
        &self,
        method: Method,
        url: &Url,
        token: &Secret,
        body: Option<&Value>,
    ) -> (HttpFacts, Option<Value>, Once) {
        let mut once = Once::default();
        let words = format!("{method} {url}");
        let make = |client: &reqwest::Client| {
            let request = client.request(method, url.clone()).bearer_auth(token.expose());
            match body {
                Some(body) => request.json(body),
                None => request,
            }
        };
        let (facts, value) = self.ask(&words, make, &mut once).await;
        (facts, value, once)
    }

    /// The same with a SOAP envelope for the body (SOAP 1.1 section 6), and with the mailbox whose server is to answer;
    /// the answer as text, as far as it is UTF-8.
    pub(super) async fn soap_once(
        &self,
        url: &Url,
        token: &Secret,
        anchor: &str,
        envelope: String,
    ) -> (HttpFacts, Option<String>, Once) {
        let mut once = Once::default();
        let make = |client: &reqwest::Client| {
            let request = client.post(url.clone()).bearer_auth(token.expose());
            request.header("content-type", "text/xml; charset=utf-8").header("x-anchormailbox", anchor).body(envelope)
        };
        let (facts, body) = self.octets(&format!("POST {url}"), make, &mut once).await;
        (facts, body.and_then(|body| String::from_utf8(body).ok()), once)
    }

    async fn json(
        &self,
        request: &str,
        make: impl FnOnce(&reqwest::Client) -> RequestBuilder,
    ) -> (HttpFacts, Option<Value>) {
        self.ask(request, make, &mut Once::default()).await
    }

    async fn ask(
        &self,
        request: &str,
        make: impl FnOnce(&reqwest::Client) -> RequestBuilder,
        once: &mut Once,
    ) -> (HttpFacts, Option<Value>) {
        let (mut facts, body) = self.octets(request, make, once).await;
        let Some(body) = body else { return (facts, None) };
        let value: Option<Value> = serde_json::from_slice(&body).ok();
        if value.is_none() {
            facts.words = Some(self.excerpt(&String::from_utf8_lossy(&body)));
        }
        (facts, value)
    }

    /// One exchange; the body where the whole of it came.
    async fn octets(
        &self,
        request: &str,
        make: impl FnOnce(&reqwest::Client) -> RequestBuilder,
        once: &mut Once,
    ) -> (HttpFacts, Option<Vec<u8>>) {
        let began = Instant::now();
        let correlation_id = uuid::Uuid::new_v4().to_string();
        let mut facts = HttpFacts { request: self.mask.apply(request), ..HttpFacts::default() };
        let body = match &self.built().client {
            Err(fault) => {
                once.unsent = true;
                Err(fault.clone())
            }
            Ok(client) => {
                let request = make(client).header("client-request-id", &correlation_id);
                facts.correlation_id = Some(correlation_id);
                self.exchange(request, &mut facts, once).await
            }
        };
        facts.ms = ms_since(began);
        facts.content_type = facts.content_type.map(|kind| self.seen(&kind));
        match body {
            Ok(body) => (facts, Some(body)),
            Err(fault) => {
                let mut fault = tls::with_certificate(fault, &self.built().shown);
                // Whoever refused, with a proxy in between it was the proxy.
                let proxy = self.proxy_for(request);
                if proxy.is_some()
                    && matches!(fault.kind, FaultKind::Refused | FaultKind::NameNotFound | FaultKind::ConnectTimeout)
                {
                    fault = Fault::new(FaultKind::ProxyRefused, format!("the proxy: {}", fault.words));
                }
                if let (Some(proxy), FaultKind::ProxyAuthentication) = (proxy, fault.kind)
                    && let Some(offer) = offer_of(&proxy, request, self.timeout).await
                {
                    fault.words = format!("{}; {offer}", fault.words);
                }
                facts.fault = Some(Fault { words: self.seen(&fault.words), ..fault });
                (facts, None)
            }
        }
    }

    /// The proxy that a request (`METHOD ADDRESS`) goes through: the set-up's, or the environment's.
    fn proxy_for(&self, request: &str) -> Option<Url> {
        if self.local {
            return None;
        }
        let target = Url::parse(request.split_once(' ')?.1).ok()?;
        self.proxy.clone().or_else(|| of_environment(&self.cloud, &target))
    }

    async fn exchange(
        &self,
        request: RequestBuilder,
        facts: &mut HttpFacts,
        once: &mut Once,
    ) -> Result<Vec<u8>, Fault> {
        let sent = request.send().await.inspect_err(|e| once.unsent = e.is_connect() || e.is_builder());
        let mut response = sent.map_err(|e| fault::of_http(&e.without_url()))?;
        read_head(&response, facts);
        let id = response.headers().get("request-id").and_then(|value| value.to_str().ok());
        once.request_id = id.map(|id| self.seen(id));
        let told = |name: &&'static str| Some((*name, self.seen(response.headers().get(*name)?.to_str().ok()?)));
        once.heads = TELLING.iter().filter_map(told).collect();
        if response.status().is_redirection() {
            let to = response.headers().get("location").and_then(|v| v.to_str().ok()).unwrap_or("nowhere");
            return Err(Fault::new(FaultKind::Redirected, format!("{} to {to}", response.status())));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| fault::of_http(&e.without_url()))? {
            body.extend_from_slice(&chunk);
            if body.len() > self.most {
                let words = format!("an answer of more than {} MiB", self.most / LONGEST_BODY);
                return Err(Fault::new(FaultKind::TooLong, words));
            }
        }
        Ok(body)
    }
}

fn read_head(response: &Response, facts: &mut HttpFacts) {
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    facts.status = Some(response.status().as_u16());
    facts.content_type = header("content-type").map(str::to_owned);
    facts.retry_after = header("retry-after").and_then(|seconds| seconds.parse().ok());
    facts.clock_skew = header("date").and_then(skew);
}

/// The server's `Date` minus our clock, in seconds.
fn skew(date: &str) -> Option<i64> {
    let server = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_second();
    let ours = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    Some(server - i64::try_from(ours).ok()?)
}

fn build(
    cloud: &Cloud,
    timeout: Duration,
    proxy: Option<&Url>,
    more: impl FnOnce(ClientBuilder) -> ClientBuilder,
) -> Result<(reqwest::Client, Shown), Fault> {
    let (mut config, shown) = tls::config(&cloud.trust)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .https_only(true)
        .redirect(Policy::none())
        .timeout(timeout)
        .tcp_nodelay(true)
        .user_agent(concat!("o365doctor/", env!("CARGO_PKG_VERSION")));
    if let Some(proxy) = proxy {
        let proxy =
            reqwest::Proxy::all(proxy.clone()).map_err(|e| Fault::new(FaultKind::ProxyRefused, e.to_string()))?;
        builder = builder.proxy(proxy);
    } else if is_loopback(&cloud.login) {
        // A proxy of the environment can not reach what listens on this computer only.
        builder = builder.no_proxy();
    }
    let client = more(builder).build().map_err(|e| fault::of_http(&e))?;
    Ok((client, shown))
}

/// The proxy that the environment names for an address (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), read as the HTTP library
/// reads it.
pub(crate) fn of_environment(cloud: &Cloud, target: &Url) -> Option<Url> {
    if is_loopback(&cloud.login) {
        return None;
    }
    let proxy = Matcher::from_system().intercept(&target.as_str().parse().ok()?)?;
    Url::parse(&proxy.uri().to_string()).ok()
}

/// The schemes of login that a proxy offers. The library keeps the head of a 407 to itself, so the proxy is asked once more,
/// without a login.
async fn offer_of(proxy: &Url, request: &str, limit: Duration) -> Option<String> {
    let target = Url::parse(request.split_once(' ')?.1).ok()?;
    let server = HostPort { host: target.host_str()?.to_owned(), port: target.port_or_known_default()? };
    net::offer(proxy, &server, tokio::time::Instant::now() + limit.min(OFFER)).await
}

/// For one more question to a proxy that has just answered.
const OFFER: Duration = Duration::from_secs(5);

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

//! The tenant's records over UDP and TCP.

use std::str::FromStr as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{LowerName, Name, RrKey};
use hickory_proto::serialize::txt::Parser;
use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, MessageResponseBuilder, ZoneType};
use tokio::net::{TcpListener, UdpSocket};

use super::Shared;
use super::state::{DkimSelector, MX_DOMAIN, SPF_INCLUDE, State, Tenant};

/// Nobody keeps a TCP connection to a resolver open for long.
const IDLE: Duration = Duration::from_secs(5);

/// A sound key of 2048 bits, whose private half nobody has.
const DKIM_KEY: &str = "v=DKIM1; k=rsa; p=\
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqmqSZZDdXqStszSjlH5PUOSrBjWc535UwO+jVSwn7bqi4iiQDtoz7ugh\
    /m67Qveyk2T3Uor9R4+3wgpY/XxTYcXnho8Ic86r2QpMf9N9ox0EuI0dp2CTtgHRV9wjvvmy+xXtAHuhREQ7ao7aid9QrufRi9kG\
    ziVs1AcREiRi3dvgVvFSqpHVzvpbx3IfPJ71Jd+rcX9lxrMqjsyfKBEgaEB+eW3VZ+6IZROeeLamHYKGKQxMJMJSB95ZmRTGqIjH\
    lShSLTDRmllHY6PS39Cyt1qKEuv3r5MKXhSqgxfzrFvNt54TfbRTxfai6uUQebFim5sH9nx1f1hr37kRnWY3NQIDAQAB";

/// Serves until it is dropped.
pub(super) async fn serve(udp: UdpSocket, tcp: TcpListener, state: Shared, rtt: Duration) {
    let zones = Zones::of(&state.lock().unwrap_or_else(PoisonError::into_inner));
    let mut server = Server::new(Faulty { zones: Mutex::new(Arc::new(zones)), state, rtt });
    server.register_socket(udp);
    server.register_listener(tcp, IDLE, 32);
    let _ = server.block_until_done().await;
}

fn catalog(state: &State) -> Catalog {
    let mut catalog = Catalog::new();
    // The root answers for every name that nobody has, so that a client is not left without an answer.
    add(&mut catalog, ".", &shared_records(state));
    for tenant in state.tenants.iter().filter(|tenant| !tenant.dns.gone) {
        add(&mut catalog, &format!("{}.", tenant.domain), &records(tenant));
    }
    catalog
}

/// What lies outside of the tenants' own domains: the mail exchangers, and the policy that all include.
fn shared_records(state: &State) -> String {
    let mut zone = String::from("@ 3600 IN SOA ns.test. hostmaster.test. 1 3600 600 86400 60\n@ 3600 IN NS ns.test.\n");
    zone.push_str(&format!(
        "{SPF_INCLUDE}. 3600 IN TXT \"v=spf1 ip4:192.0.2.0/25 ip4:198.51.100.0/24 ip6:2001:db8::/48 -all\"\n"
    ));
    zone.push_str("ns.test. 3600 IN A 127.0.0.1\n");
    for tenant in &state.tenants {
        let label = tenant.domain.replace('.', "-");
        zone.push_str(&format!("{label}.{MX_DOMAIN}. 3600 IN A 127.0.0.1\n"));
        zone.push_str(&tenant.dns.elsewhere);
        zone.push('\n');
        for selector in &tenant.dns.dkim {
            if let Some(target) = &selector.target {
                zone.push_str(&key(&format!("{target}."), selector));
            }
        }
    }
    zone
}

fn records(tenant: &Tenant) -> String {
    let mut zone = String::from("@ 3600 IN SOA ns.test. hostmaster.test. 1 3600 600 86400 60\n@ 3600 IN NS ns.test.\n");
    for mx in &tenant.dns.mx {
        zone.push_str(&format!("@ 3600 IN MX {mx}\n"));
    }
    let dns = &tenant.dns;
    let texts = [("@", &dns.txt), ("_dmarc", &dns.dmarc), ("_mta-sts", &dns.mta_sts), ("_smtp._tls", &dns.tls_reports)];
    for (name, texts) in texts {
        for text in texts {
            zone.push_str(&format!("{name} 3600 IN TXT {}\n", quoted(text)));
        }
    }
    for selector in &dns.dkim {
        let name = format!("{}._domainkey", selector.name);
        match &selector.target {
            Some(target) => zone.push_str(&format!("{name} 3600 IN CNAME {target}.\n")),
            None => zone.push_str(&key(&name, selector)),
        }
    }
    if dns.mta_sts_policy.is_some() {
        zone.push_str("mta-sts 3600 IN A 127.0.0.1\n");
    }
    if let Some(target) = dns.autodiscover.as_ref().filter(|target| !target.is_empty()) {
        zone.push_str(&format!("autodiscover 3600 IN CNAME {target}.\n"));
    }
    zone.push_str(&dns.more);
    zone.push('\n');
    zone
}

/// The key record at a name, if there is one.
fn key(name: &str, selector: &DkimSelector) -> String {
    match selector.key.as_deref().unwrap_or(DKIM_KEY) {
        "" => String::new(),
        text => format!("{name} 3600 IN TXT {}\n", quoted(text)),
    }
}

/// A text as strings of at most 255 octets (RFC 1035 section 3.3.14).
fn quoted(text: &str) -> String {
    let escape = |part: &[u8]| String::from_utf8_lossy(part).replace('\\', "\\\\").replace('"', "\\\"");
    text.as_bytes().chunks(255).map(|part| format!("\"{}\"", escape(part))).collect::<Vec<_>>().join(" ")
}

fn add(catalog: &mut Catalog, origin: &str, zone: &str) {
    let origin = Name::from_str(origin).expect("a domain of the tenant");
    let parsed = Parser::new(zone, None, Some(origin.clone())).parse();
    let (_, records) = parsed.unwrap_or_else(|e| panic!("the records of {origin} can not be read: {e}\n{zone}"));
    let records: std::collections::BTreeMap<RrKey, _> = records;
    let handler = InMemoryZoneHandler::<hickory_server::net::runtime::TokioRuntimeProvider>::new(
        origin.clone(),
        records,
        ZoneType::Primary,
        AxfrPolicy::Deny,
    )
    .unwrap_or_else(|e| panic!("the zone {origin} can not be served: {e}"));
    catalog.upsert(origin.into(), vec![Arc::new(handler)]);
}

/// The records as they were written, with the faults that a scenario wants.
struct Zones {
    catalog: Catalog,
    fails: Vec<LowerName>,
    refuses: Vec<LowerName>,
    silent: Vec<LowerName>,
    /// How often they had been changed.
    written: usize,
}

impl Zones {
    fn of(state: &State) -> Zones {
        let of = |wanted: fn(&Tenant) -> bool| -> Vec<LowerName> {
            let domains = state.tenants.iter().filter(|tenant| wanted(tenant));
            domains.filter_map(|tenant| LowerName::from_str(&format!("{}.", tenant.domain)).ok()).collect()
        };
        Zones {
            catalog: catalog(state),
            fails: of(|tenant| tenant.dns.fails),
            refuses: of(|tenant| tenant.dns.refuses),
            silent: of(|tenant| tenant.dns.silent),
            written: state.records_written,
        }
    }
}

struct Faulty {
    zones: Mutex<Arc<Zones>>,
    state: Shared,
    rtt: Duration,
}

impl Faulty {
    /// The records in force; read anew after somebody wrote them.
    fn zones(&self) -> Arc<Zones> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut zones = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        if zones.written != state.records_written {
            *zones = Arc::new(Zones::of(&state));
        }
        zones.clone()
    }
}

#[async_trait::async_trait]
impl RequestHandler for Faulty {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, mut respond: R) -> ResponseInfo {
        let name = request.request_info().map(|info| info.query.name().clone()).unwrap_or_default();
        let within = |zones: &[LowerName]| zones.iter().any(|zone| zone.zone_of(&name));
        let zones = self.zones();
        tokio::time::sleep(self.rtt).await;
        if within(&zones.silent) {
            return std::future::pending().await;
        }
        let rows = [(&zones.fails, ResponseCode::ServFail), (&zones.refuses, ResponseCode::Refused)];
        for (_, code) in rows.into_iter().filter(|(zones, _)| within(zones)) {
            let response = MessageResponseBuilder::from_message_request(request).error_msg(&request.metadata, code);
            if let Ok(info) = respond.send_response(response).await {
                return info;
            }
        }
        zones.catalog.handle_request::<R, T>(request, respond).await
    }
}

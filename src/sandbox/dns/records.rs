//! What the zones hold, as text of a zone file.

use std::net::IpAddr;

use crate::sandbox::state::{DkimSelector, MX_DOMAIN, SPF_INCLUDE, State, Tenant};

/// What stands behind the names of both servers in the start of authority: refresh, retry, expire, and the time for which
/// an answer that there is no such record may be kept.
const TIMES: &str = "3600 600 86400 60";
/// The serial number of each zone, where no server has another.
const SERIAL: u32 = 1;

/// A sound key of 2048 bits, whose private half nobody has.
const DKIM_KEY: &str = "v=DKIM1; k=rsa; p=\
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqmqSZZDdXqStszSjlH5PUOSrBjWc535UwO+jVSwn7bqi4iiQDtoz7ugh\
    /m67Qveyk2T3Uor9R4+3wgpY/XxTYcXnho8Ic86r2QpMf9N9ox0EuI0dp2CTtgHRV9wjvvmy+xXtAHuhREQ7ao7aid9QrufRi9kG\
    ziVs1AcREiRi3dvgVvFSqpHVzvpbx3IfPJ71Jd+rcX9lxrMqjsyfKBEgaEB+eW3VZ+6IZROeeLamHYKGKQxMJMJSB95ZmRTGqIjH\
    lShSLTDRmllHY6PS39Cyt1qKEuv3r5MKXhSqgxfzrFvNt54TfbRTxfai6uUQebFim5sH9nx1f1hr37kRnWY3NQIDAQAB";

/// The root, which hands the one domain of all others on to the registry, and has the names of addresses itself.
pub(super) fn root(state: &State, server: IpAddr, registry: IpAddr) -> String {
    let mut zone = format!("@ 3600 IN SOA ns.root. hostmaster.root. {SERIAL} {TIMES}\n@ 3600 IN NS ns.root.\n");
    zone.push_str(&address("ns.root.", server));
    zone.push_str("test. 3600 IN NS ns.test.\n");
    zone.push_str(&address("ns.test.", registry));
    zone.extend(state.tenants.iter().flat_map(|tenant| elsewhere(tenant, |of_registry| !of_registry)));
    zone
}

/// The records of other domains that belong into the registry's zone, or those that do not.
fn elsewhere(tenant: &Tenant, wanted: fn(bool) -> bool) -> impl Iterator<Item = String> {
    let of_registry = |row: &str| row.split_whitespace().next().is_some_and(|name| name.ends_with(".test."));
    let rows = tenant.dns.elsewhere.lines().filter(move |row| wanted(of_registry(row)));
    rows.map(|row| format!("{row}\n"))
}

/// The registry's zone, and what lies outside of the tenants' own domains: the mail exchangers, and the policy that all
/// include.
pub(super) fn registry(state: &State, server: IpAddr, tenants: [IpAddr; 2]) -> String {
    let mut zone = format!("@ 3600 IN SOA ns.test. hostmaster.test. {SERIAL} {TIMES}\n@ 3600 IN NS ns.test.\n");
    zone.push_str(&address("ns.test.", server));
    zone.push_str(&format!(
        "{SPF_INCLUDE}. 3600 IN TXT \"v=spf1 ip4:192.0.2.0/25 ip4:198.51.100.0/24 ip6:2001:db8::/48 -all\"\n"
    ));
    for tenant in &state.tenants {
        let label = tenant.domain.replace('.', "-");
        zone.push_str(&format!("{label}.{MX_DOMAIN}. 3600 IN A 127.0.0.1\n"));
        if !tenant.dns.gone {
            zone.push_str(&delegation(&format!("{}.", tenant.domain), tenants));
        }
        zone.extend(elsewhere(tenant, |of_registry| of_registry));
        for selector in &tenant.dns.dkim {
            if let Some(target) = &selector.target {
                zone.push_str(&key(&format!("{target}."), selector));
            }
        }
    }
    zone
}

/// The servers of a zone with their addresses, as they stand in the zone and in the one above it.
fn delegation(domain: &str, servers: [IpAddr; 2]) -> String {
    let row = |(number, server): (usize, IpAddr)| {
        let name = format!("ns{number}.{domain}");
        format!("{domain} 3600 IN NS {name}\n{}", address(&name, server))
    };
    (1..).zip(servers).map(row).collect()
}

fn address(name: &str, server: IpAddr) -> String {
    let kind = if server.is_ipv4() { "A" } else { "AAAA" };
    format!("{name} 3600 IN {kind} {server}\n")
}

/// A tenant's domain.
pub(super) fn domain(tenant: &Tenant, servers: [IpAddr; 2]) -> String {
    let domain = format!("{}.", tenant.domain);
    let mut zone = format!("@ 3600 IN SOA ns1.{domain} hostmaster.{domain} {SERIAL} {TIMES}\n");
    zone.push_str(&delegation(&domain, servers));
    let dns = &tenant.dns;
    for mx in &dns.mx {
        zone.push_str(&format!("@ 3600 IN MX {mx}\n"));
    }
    let texts = [("@", &dns.txt), ("_dmarc", &dns.dmarc), ("_mta-sts", &dns.mta_sts), ("_smtp._tls", &dns.tls_reports)];
    for (name, texts) in texts {
        for text in texts {
            zone.push_str(&format!("{name} 3600 IN TXT {}\n", quoted(text)));
        }
    }
    if dns.filler > 0 {
        zone.push_str(&format!("@ 3600 IN TXT {}\n", quoted(&"x".repeat(dns.filler))));
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

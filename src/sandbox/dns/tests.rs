//! The resolver and the servers behind it, asked over their sockets.

use std::net::{IpAddr, SocketAddr};

use hickory_proto::dnssec::rdata::DNSSECRData;
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};

use crate::sandbox::{Options, Sandbox, Scenario, start};

/// A question and how it is put.
#[derive(Clone, Copy)]
struct Ask {
    recursion: bool,
    signed: bool,
    unchecked: bool,
    tcp: bool,
    payload: Option<u16>,
}

const PLAIN: Ask = Ask { recursion: true, signed: false, unchecked: false, tcp: false, payload: Some(1232) };

async fn tenant(differences: &str) -> Sandbox {
    let scenario: Scenario = toml::from_str(differences).unwrap();
    start(scenario, &Options::default()).await.unwrap()
}

async fn ask(server: SocketAddr, name: &str, kind: RecordType, how: Ask) -> Message {
    let mut question = Message::new(7, MessageType::Query, OpCode::Query);
    question.metadata.recursion_desired = how.recursion;
    question.metadata.checking_disabled = how.unchecked;
    question.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    if let Some(payload) = how.payload {
        let mut edns = Edns::new();
        edns.set_max_payload(payload).set_dnssec_ok(how.signed);
        question.set_edns(edns);
    }
    let octets = question.to_vec().unwrap();
    if how.tcp {
        let mut stream = TcpStream::connect(server).await.unwrap();
        stream.write_u16(u16::try_from(octets.len()).unwrap()).await.unwrap();
        stream.write_all(&octets).await.unwrap();
        let mut answer = vec![0; usize::from(stream.read_u16().await.unwrap())];
        stream.read_exact(&mut answer).await.unwrap();
        return Message::from_vec(&answer).unwrap();
    }
    let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
    socket.send_to(&octets, server).await.unwrap();
    let mut answer = vec![0; 65_535];
    let length = socket.recv(&mut answer).await.unwrap();
    Message::from_vec(&answer[..length]).unwrap()
}

fn kinds(records: &[hickory_proto::rr::Record]) -> Vec<RecordType> {
    records.iter().map(hickory_proto::rr::Record::record_type).collect()
}

/// The code of an extended error (RFC 8914).
fn extended(message: &Message) -> Option<u16> {
    match message.edns.as_ref()?.option(EdnsCode::from(15))? {
        EdnsOption::Unknown(_, value) => Some(u16::from_be_bytes(value[..2].try_into().ok()?)),
        _ => None,
    }
}

#[tokio::test]
async fn the_resolver_leads_from_the_root_to_the_zone_and_says_what_is_missing() {
    let sandbox = tenant("").await;
    let resolver = sandbox.addresses().dns;
    let found = ask(resolver, "CONTOSO.test.", RecordType::MX, PLAIN).await;
    assert!(found.metadata.recursion_available && !found.metadata.authoritative);
    assert_eq!((found.metadata.response_code, kinds(&found.answers)), (ResponseCode::NoError, vec![RecordType::MX]));
    let servers = ask(resolver, "contoso.test.", RecordType::NS, PLAIN).await;
    assert_eq!(servers.answers.len(), 2);
    for (name, code) in
        [("nobody.contoso.test.", ResponseCode::NXDomain), ("_domainkey.contoso.test.", ResponseCode::NoError)]
    {
        let missing = ask(resolver, name, RecordType::TXT, PLAIN).await;
        assert_eq!((missing.metadata.response_code, missing.answers.len()), (code, 0), "{name}");
        assert_eq!(kinds(&missing.authorities), [RecordType::SOA], "{name}");
    }
    let selector = ask(resolver, "selector1._domainkey.contoso.test.", RecordType::TXT, PLAIN).await;
    assert_eq!(kinds(&selector.answers), [RecordType::CNAME, RecordType::TXT]);
    let without = ask(resolver, "contoso.test.", RecordType::MX, Ask { recursion: false, ..PLAIN }).await;
    assert_eq!(without.metadata.response_code, ResponseCode::Refused);
}

#[tokio::test]
async fn servers_answer_for_their_zone_alone_and_those_above_hand_on() {
    let sandbox = tenant("").await;
    let Some(first) = sandbox.name_servers().first().copied() else { return };
    let how = Ask { recursion: false, ..PLAIN };
    let own = ask(first, "contoso.test.", RecordType::SOA, how).await;
    assert!(own.metadata.authoritative && !own.metadata.recursion_available);
    let other = ask(first, "example.org.", RecordType::A, how).await;
    assert_eq!(other.metadata.response_code, ResponseCode::Refused);
    let IpAddr::V4(ip) = first.ip() else { panic!("{first}") };
    for (before, servers) in [(1, 2), (2, 1)] {
        let above = SocketAddr::new(std::net::Ipv4Addr::from_bits(ip.to_bits() - before).into(), first.port());
        let handed = ask(above, "_dmarc.contoso.test.", RecordType::TXT, how).await;
        assert!(!handed.metadata.authoritative && handed.answers.is_empty());
        assert_eq!(kinds(&handed.authorities), vec![RecordType::NS; servers]);
        assert_eq!(kinds(&handed.additionals), vec![RecordType::A; servers]);
    }
}

#[tokio::test]
async fn what_fits_into_no_datagram_comes_over_tcp() {
    let sandbox = tenant("[tenant.dns]\nfiller = 64000\n").await;
    for payload in [None, Some(512), Some(1232), Some(4096)] {
        let short = ask(sandbox.addresses().dns, "contoso.test.", RecordType::TXT, Ask { payload, ..PLAIN }).await;
        assert!(short.metadata.truncation && short.answers.is_empty(), "{payload:?}");
    }
    let whole = ask(sandbox.addresses().dns, "contoso.test.", RecordType::TXT, Ask { tcp: true, ..PLAIN }).await;
    assert!(!whole.metadata.truncation);
    let longest = whole.answers.iter().map(|record| match &record.data {
        RData::TXT(text) => text.txt_data.concat().len(),
        _ => 0,
    });
    assert_eq!(longest.max(), Some(64_000));
}

#[tokio::test]
async fn what_is_held_runs_out() {
    let sandbox =
        tenant("[tenant.dns]\ncached = '_dmarc 1 IN TXT \"old\"'\nabsent = ['_mta-sts 1', '_smtp._tls 900 TXT']\n")
            .await;
    let resolver = sandbox.addresses().dns;
    let texts = async |name: &str| {
        let answer = ask(resolver, name, RecordType::TXT, PLAIN).await;
        let ttl = answer.answers.iter().chain(&answer.authorities).map(|record| record.ttl).max().unwrap();
        (answer.metadata.response_code, answer.answers.len(), ttl)
    };
    let (code, count, left) = texts("_smtp._tls.contoso.test.").await;
    assert_eq!((code, count), (ResponseCode::NoError, 0));
    assert!((600..=900).contains(&left), "{left}");
    // What was held for a second is asked for anew, however late this comes.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    for name in ["_dmarc.contoso.test.", "_mta-sts.contoso.test."] {
        let (code, count, left) = texts(name).await;
        assert_eq!((code, count), (ResponseCode::NoError, 1), "{name}");
        assert!(left > 1, "{name}: {left}");
    }
}

#[tokio::test]
async fn a_signed_zone_is_vouched_for_and_a_wrongly_signed_one_is_not_given_out() {
    for (how, code) in [("sound", None), ("expired", Some(6)), ("other-key", Some(6))] {
        let sandbox = tenant(&format!("[tenant.dns]\ndnssec = '{how}'\n")).await;
        let resolver = sandbox.addresses().dns;
        for name in ["contoso.test.", "nobody.contoso.test.", "_domainkey.contoso.test."] {
            let asked = ask(resolver, name, RecordType::MX, PLAIN).await;
            assert_eq!(extended(&asked), code, "{how} {name}");
            assert_eq!(asked.metadata.authentic_data, code.is_none(), "{how} {name}");
            assert_eq!(asked.metadata.response_code == ResponseCode::ServFail, code.is_some(), "{how} {name}");
        }
        let how = Ask { unchecked: true, signed: true, ..PLAIN };
        let unchecked = ask(resolver, "contoso.test.", RecordType::MX, how).await;
        assert_eq!(unchecked.metadata.response_code, ResponseCode::NoError);
        assert_eq!(kinds(&unchecked.answers), [RecordType::MX, RecordType::RRSIG]);
        // What lies outside of the zone is signed by the registry, whatever the zone does.
        assert!(ask(resolver, "autodiscover.outlook.test.", RecordType::A, PLAIN).await.metadata.authentic_data);
        let keys = ask(resolver, ".", RecordType::DNSKEY, PLAIN).await;
        assert!(matches!(keys.answers[0].data, RData::DNSSEC(DNSSECRData::DNSKEY(_))));
    }
    let unsigned = tenant("").await;
    assert!(!ask(unsigned.addresses().dns, "contoso.test.", RecordType::MX, PLAIN).await.metadata.authentic_data);
}

#[tokio::test]
async fn what_leads_nowhere_ends_as_a_failure_with_its_reason() {
    let rounds = "_dmarc 60 IN CNAME round\nround 60 IN CNAME _dmarc\n\
                  a 60 IN NS ns.b\nb 60 IN NS ns.a\nself 60 IN NS ns.self\n";
    let sandbox = tenant(&format!("[tenant.dns]\ndmarc = []\nmore = '''\n{rounds}'''\n")).await;
    for name in ["_dmarc.contoso.test.", "x.a.contoso.test.", "x.self.contoso.test."] {
        let ended = ask(sandbox.addresses().dns, name, RecordType::TXT, PLAIN).await;
        assert_eq!((ended.metadata.response_code, extended(&ended)), (ResponseCode::ServFail, Some(22)), "{name}");
    }
}

#[tokio::test]
async fn a_lame_or_silent_first_server_costs_the_resolver_no_answer() {
    for fault in
        ["silent = true", "lame = 'refused'", "lame = 'failing'", "lame = 'upwards'", "lame = 'not-authoritative'"]
    {
        let sandbox = tenant(&format!("[tenant.dns.ns1]\n{fault}\n")).await;
        let found = ask(sandbox.addresses().dns, "contoso.test.", RecordType::MX, PLAIN).await;
        assert_eq!((found.metadata.response_code, found.answers.len()), (ResponseCode::NoError, 1), "{fault}");
    }
}

#[tokio::test]
async fn without_further_addresses_the_resolver_asks_within_the_process() {
    // Not of the loopback, so nobody can be asked beside it.
    let options = Options { bind: std::net::Ipv4Addr::UNSPECIFIED, ..Options::default() };
    let sandbox = start(Scenario::named("").unwrap(), &options).await.unwrap();
    assert!(sandbox.name_servers().is_empty());
    let resolver = SocketAddr::new([127, 0, 0, 1].into(), sandbox.addresses().dns.port());
    let found = ask(resolver, "selector1._domainkey.contoso.test.", RecordType::TXT, PLAIN).await;
    assert_eq!(found.answers.len(), 2);
}

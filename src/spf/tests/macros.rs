//! Macros (RFC 7208 section 7).

use super::{Zone, query};
use crate::spf::{Query, SpfResult, evaluate};

/// The name that `exists:` asks about, for a sender with a rich local part.
async fn asked(spec: &str, query: &Query) -> String {
    let zone = Zone::default().txt("email.example.com", format!("v=spf1 exists:{spec} -all"));
    evaluate(query, &zone).await;
    zone.asked().pop().expect("at least the record was asked for")
}

fn strong_bad(ip: &str) -> Query {
    let mail_from = "strong-bad@email.example.com".to_owned();
    Query { mail_from, ..query(ip) }
}

#[tokio::test]
async fn letters_and_transformers() {
    let expected = [
        ("%{s}.x.y", "strong-bad@email.example.com.x.y"),
        ("%{o}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{d99999999999999999999999}", "email.example.com"),
        ("%{l-}.%{d}", "strong.bad.email.example.com"),
        ("%{lr}.%{d}", "strong-bad.email.example.com"),
        ("%{lr-}.%{d}", "bad.strong.email.example.com"),
        ("%{l1r-}.%{d}", "strong.email.example.com"),
        ("%{L1R-}.%{D}", "strong.email.example.com"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{h2}", "example.com"),
        ("%{p}.%{d}", "unknown.email.example.com"),
        ("%%%_%-.%{d}", "% %20.email.example.com"),
        ("%{S}", "strong-bad%40email.example.com"),
    ];
    for (spec, name) in expected {
        let asked = asked(spec, &strong_bad("192.0.2.3")).await;
        assert_eq!(asked, format!("A {name}"), "{spec}");
    }
}

#[tokio::test]
async fn ipv6_addresses_fall_into_nibbles() {
    let name = asked("%{ir}.%{v}.%{d2}", &strong_bad("2001:db8::cb01")).await;
    let nibbles = "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2";
    assert_eq!(name, format!("A {nibbles}.ip6.example.com"));
}

#[tokio::test]
async fn every_delimiter_parts() {
    let query = Query { mail_from: "a.b-c+d,e/f_g=h@email.example.com".to_owned(), ..query("192.0.2.1") };
    let name = asked("%{lr.-+,/_=}.%{d}", &query).await;
    assert_eq!(name, "A h.g.f.e.d.c.b.a.email.example.com");
}

#[tokio::test]
async fn a_long_name_loses_labels_on_the_left() {
    let label = "a".repeat(60);
    let spec = format!("{label}.{}", "%{d}.".repeat(13));
    let name = asked(&format!("{spec}example.com"), &strong_bad("192.0.2.1")).await;
    // 13 times 18 characters and 11 more make 245; the first label does not fit any more.
    assert_eq!(name, format!("A {}example.com", "email.example.com.".repeat(13)));
}

#[tokio::test]
async fn upper_case_escapes_for_urls() {
    let zone =
        Zone::with_record("v=spf1 exp=why.example.com -all").txt("why.example.com", "http://example.com/?s=%{S}");
    let query = Query { mail_from: "~j&j=a b@example.com".to_owned(), ..query("192.0.2.1") };
    let found = evaluate(&query, &zone).await;
    let expected = "http://example.com/?s=~j%26j%3Da%20b%40example.com";
    assert_eq!(found.explanation.as_deref(), Some(expected));
}

#[tokio::test]
async fn the_validated_name_prefers_the_domain() {
    let zone = |names: &[&str]| {
        let record = "v=spf1 exists:%{p}.list.example.org -all";
        names.iter().fold(Zone::with_record(record), |zone, name| zone.ptr("192.0.2.1", name).host(name, "192.0.2.1"))
    };
    let preferred = [
        (&["a.example.net", "b.example.com", "example.com"][..], "example.com"),
        (&["a.example.net", "b.example.com"], "b.example.com"),
        (&["a.example.net", "b.example.net"], "a.example.net"),
        (&[], "unknown"),
    ];
    for (names, best) in preferred {
        let zone = zone(names);
        let found = evaluate(&query("192.0.2.1"), &zone).await;
        let asked = zone.asked().pop().expect("exists asks");
        assert_eq!(asked, format!("A {best}.list.example.org"));
        assert_eq!((found.lookups, found.result), (2, SpfResult::Fail), "{best}");
    }
}

#[tokio::test]
async fn a_local_part_beyond_ascii_never_matches() {
    let zone = Zone::with_record("v=spf1 exists:%{l}.example.com ?all");
    let query = Query { mail_from: "jürgen@example.com".to_owned(), ..query("192.0.2.1") };
    assert_eq!(evaluate(&query, &zone).await.result, SpfResult::Neutral);
    assert_eq!(zone.asked().len(), 1);
}

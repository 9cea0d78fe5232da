//! Records written to do harm: bounded work, no panic, small reports.

use super::{Zone, kind, query};
use crate::spf::{ProblemKind, Query, SpfResult, audit, evaluate};

/// The size of the largest TXT record that the DNS can carry.
const HUGE: usize = 65_000;

/// What is repeated until the record is full.
const UNITS: [&str; 23] = [
    "include:example.com ",
    "redirect=example.com ",
    "a ",
    "mx ",
    "ptr ",
    "a:%{p}.example.com ",
    "ip4:198.51.100.1 ",
    "ip6:2001:db8::/32 ",
    "x=y ",
    "exists:%{l}%{s}%{h}.example.com ",
    "moo ",
    "%",
    "%{",
    "%{d",
    "\0",
    "\x1b[31m",
    "  ",
    "a/",
    ":",
    "=",
    "-",
    "a:a.",
    "include:%{s}.",
];

/// Records, each about as large as the DNS allows.
fn monsters() -> Vec<Vec<u8>> {
    let fill = |unit: &str| format!("v=spf1 {}", unit.repeat(HUGE / unit.len()));
    let mut records: Vec<Vec<u8>> = UNITS.iter().map(|unit| fill(unit).into_bytes()).collect();
    for unit in ["%{l}", "%{S}", "%{i}", "a.", "%{d99r.-+,/_=}"] {
        records.push(format!("v=spf1 exists:{}com -all", unit.repeat(HUGE / unit.len())).into());
    }
    let digits = "9".repeat(HUGE);
    for term in ["a/", "a//", "ip4:192.0.2.1/", "ip6:::/", "a:%{d", "ip4:"] {
        records.push(format!("v=spf1 {term}{digits}").into());
    }
    records.push([&b"v=spf1 "[..], &vec![0xff; HUGE]].concat());
    records
}

#[tokio::test]
async fn the_worst_records_cost_no_more_than_allowed() {
    for record in monsters() {
        let zone = Zone::default()
            .txt("example.com", &record)
            .mx("example.com", 0, "example.com")
            .host("example.com", "198.51.100.9")
            .ptr("192.0.2.1", "example.com");
        let query = Query {
            mail_from: format!("{}@example.com", "x.y-z".repeat(200)),
            helo: "\x07\u{202e}..%{d}".repeat(50),
            ..query("192.0.2.1")
        };
        let found = evaluate(&query, &zone).await;
        assert!(found.lookups <= 10 && found.void_lookups <= 3);
        // At worst ten terms of eleven questions each, the record, and the reverse zone.
        assert!(zone.asked().len() <= 122, "{}", zone.asked().len());
        assert!(found.trace.len() <= 350, "{}", found.trace.len());
        let whole = audit("example.com", &zone).await;
        assert!(whole.terms.len() <= 2000 && whole.problems.len() <= 100);
    }
}

#[tokio::test]
async fn every_cut_of_a_rich_record_is_harmless() {
    let rich = "v=spf1 +a:%{d2r.}/24//64 -mx:x.com//0 ~ip4:192.0.2.0/24 ?ip6:2001:db8::/32 \
                include:%{ir}.x.com exists:%{l1r+-}.x.com ptr:x.com exp=e.%{d} redirect=_spf.%{o}";
    for end in 0..=rich.len() {
        for junk in [&b""[..], b"\xff", b"\0", b"%", b"/", b":", b"=", b" ", b"}", b"9"] {
            let record = [&rich.as_bytes()[..end], junk].concat();
            let zone = Zone::default().txt("example.com", &record);
            evaluate(&query("192.0.2.1"), &zone).await;
            evaluate(&query("2001:db8::1"), &zone).await;
            audit("example.com", &zone).await;
        }
    }
}

#[tokio::test]
async fn odd_senders_are_harmless() {
    let record = "v=spf1 exists:%{l}.%{s}.%{o}.%{h}.%{d}.x.com -all exp=%{h}.x.com";
    let long = "x".repeat(100_000);
    for odd in ["", "@", "@@", ".", "..", "\0", "a@b@c.d", "\u{202e}", "[", "%{d}", &long] {
        for mail_from in [odd.to_owned(), format!("{odd}@example.com"), format!("a@{odd}")] {
            let zone = Zone::with_record(record);
            let query = Query { mail_from, helo: odd.to_owned(), ..query("192.0.2.1") };
            let found = evaluate(&query, &zone).await;
            assert!(found.explanation.is_none());
        }
    }
}

#[tokio::test]
async fn an_explanation_does_not_grow_without_bound() {
    let zone = Zone::with_record("v=spf1 -all exp=why.example.com").txt("why.example.com", "%{s}".repeat(HUGE / 4));
    let found = evaluate(&query("192.0.2.1"), &zone).await;
    assert_eq!((found.result, found.explanation), (SpfResult::Fail, None));
}

#[tokio::test]
async fn a_wide_tree_ends_at_the_limit() {
    let record = |level: u32| {
        let next = level + 1;
        format!("v=spf1 {}", format!("include:l{next}.example.com ").repeat(1000))
    };
    let zone = (1..60)
        .fold(Zone::with_record(&record(0)), |zone, level| zone.txt(&format!("l{level}.example.com"), record(level)));
    let found = evaluate(&query("192.0.2.1"), &zone).await;
    assert_eq!(kind(&found), Some(ProblemKind::LookupLimit));
    let asked = zone.asked().len();
    assert_eq!(asked, 11);
    let whole = audit("example.com", &zone).await;
    assert_eq!(zone.asked().len() - asked, 40);
    assert!(!whole.complete && whole.lookups > 1000 && whole.over_limit.is_some());
}

#[tokio::test]
async fn reports_stay_short() {
    let zone = (0..=255).fold(Zone::with_record(&format!("v=spf1 a -all x={}", "y".repeat(HUGE))), |zone, octet| {
        zone.host("example.com", &format!("198.51.100.{octet}"))
    });
    let found = evaluate(&query("192.0.2.1"), &zone).await;
    assert_eq!(found.result, SpfResult::Fail);
    assert_eq!(found.trace[0].resolved.len(), 20);
    assert_eq!(found.trace[0].resolved_left_out, 236);
    assert!(found.record.is_some_and(|record| record.chars().count() == 8193));
    let many = Zone::with_record(&format!("v=spf1 {}-all", "ip4:198.51.100.1 ".repeat(3000)));
    let found = evaluate(&query("192.0.2.1"), &many).await;
    assert_eq!((found.trace.len(), found.trace_left_out), (301, 2700));
    assert_eq!(found.decided_by.as_deref(), Some("-all"));
}

#[test]
fn futures_can_move_between_threads() {
    fn assert_send<T: Send>(_: &T) {}
    let (zone, query) = (Zone::default(), query("192.0.2.1"));
    assert_send(&evaluate(&query, &zone));
    assert_send(&audit("example.com", &zone));
}

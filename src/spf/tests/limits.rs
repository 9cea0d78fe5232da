//! Processing limits (RFC 7208 section 4.6.4).

use super::{Zone, kind, query};
use crate::spf::{Outcome, ProblemKind, SpfResult, evaluate};

#[tokio::test]
async fn the_eleventh_term_is_one_too_many() {
    let record = |count: usize| format!("v=spf1 {}+all", "a:x.example.com ".repeat(count));
    for (count, result) in [(10, SpfResult::Pass), (11, SpfResult::Permerror)] {
        let zone = Zone::with_record(&record(count)).host("x.example.com", "192.0.2.9");
        let found = evaluate(&query("192.0.2.1"), &zone).await;
        assert_eq!((found.result, found.lookups), (result, 10));
        assert_eq!(zone.asked().len(), 11);
    }
}

#[tokio::test]
async fn terms_of_all_records_count_together() {
    let zone = Zone::with_record("v=spf1 include:b.example.com mx redirect=c.example.com")
        .txt("b.example.com", format!("v=spf1 {}", "a ".repeat(6)))
        .host("b.example.com", "192.0.2.9")
        .mx("example.com", 0, "b.example.com")
        .txt("c.example.com", "v=spf1 a:b.example.com exists:%{d} -all")
        .host("c.example.com", "127.0.0.2");
    let found = evaluate(&query("192.0.2.1"), &zone).await;
    assert_eq!((found.result, found.lookups), (SpfResult::Permerror, 10));
    let problem = found.problem.expect("a permerror has a reason");
    assert_eq!(problem.kind, ProblemKind::LookupLimit);
    assert_eq!(problem.domain, "c.example.com");
    assert_eq!(problem.term.as_deref(), Some("exists:%{d}"));
    let last = found.trace.last().expect("the trace has steps");
    assert_eq!((last.outcome, last.cost), (Outcome::Error, 0));
}

#[tokio::test]
async fn circles_end_at_the_limit() {
    for term in ["include:example.com", "redirect=example.com"] {
        let zone = Zone::with_record(&format!("v=spf1 {term}"));
        let found = evaluate(&query("192.0.2.1"), &zone).await;
        assert_eq!(kind(&found), Some(ProblemKind::LookupLimit), "{term}");
        assert_eq!(zone.asked().len(), 11, "{term}");
        assert_eq!(found.trace.len(), 11);
        assert_eq!(found.trace.last().map(|step| step.depth), Some(10));
    }
}

#[tokio::test]
async fn the_third_void_look_up_is_one_too_many() {
    let zone = Zone::with_record("v=spf1 a:v1.example.com exists:v2.example.com ?all");
    let found = evaluate(&query("192.0.2.1"), &zone).await;
    assert_eq!((found.result, found.void_lookups), (SpfResult::Neutral, 2));
    let zone = Zone::with_record("v=spf1 a:v1.example.com mx:v2.example.com ptr a:v3.example.com ?all")
        .txt("v2.example.com", "exists, but has no MX")
        .ptr("192.0.2.1", "gone.example.com");
    let found = evaluate(&query("192.0.2.1"), &zone).await;
    assert_eq!((found.result, found.void_lookups), (SpfResult::Permerror, 3));
    let problem = found.problem.expect("a permerror has a reason");
    assert_eq!(problem.kind, ProblemKind::VoidLimit);
    assert_eq!(problem.term.as_deref(), Some("a:v3.example.com"));
}

#[tokio::test]
async fn exchangers_without_an_address_are_not_void() {
    let hosts = ["a.example.com", "b.example.com", "c.example.com"];
    let zone = hosts.iter().fold(Zone::with_record("v=spf1 mx -all"), |zone, host| {
        zone.mx("example.com", 10, host).host(host, "192.0.2.1")
    });
    let found = evaluate(&query("2001:db8::1"), &zone).await;
    assert_eq!((found.result, found.void_lookups), (SpfResult::Fail, 0));
    let note = found.trace[0].note.as_deref().expect("said in a note");
    assert!(note.starts_with("3 of its exchangers have no IPv6 address"));
}

#[tokio::test]
async fn more_than_ten_exchangers_are_too_many() {
    for (count, result) in [(10, SpfResult::Pass), (11, SpfResult::Permerror)] {
        let zone = (0..count).fold(Zone::with_record("v=spf1 mx -all"), |zone, number| {
            let host = format!("mx{number}.example.com");
            zone.mx("example.com", 10, &host).host(&host, "192.0.2.1")
        });
        let found = evaluate(&query("192.0.2.1"), &zone).await;
        assert_eq!(found.result, result);
        let limit = (count > 10).then_some(ProblemKind::MxLimit);
        assert_eq!(kind(&found), limit);
    }
}

#[tokio::test]
async fn names_beyond_the_tenth_are_ignored() {
    for (last, result) in [(9, SpfResult::Pass), (10, SpfResult::Fail)] {
        let zone = (0..12).fold(Zone::with_record("v=spf1 ptr -all"), |zone, number| {
            zone.ptr("192.0.2.1", &format!("h{number}.example.com"))
        });
        let zone = zone.host(&format!("h{last}.example.com"), "192.0.2.1");
        let found = evaluate(&query("192.0.2.1"), &zone).await;
        assert_eq!(found.result, result, "{last}");
        // The record, the reverse name, ten hosts.
        assert_eq!(zone.asked().len(), 12);
    }
}

#[tokio::test]
async fn the_reverse_zone_is_asked_once() {
    let zone = Zone::with_record("v=spf1 ptr:a.org exists:%{p}.b.org ptr:c.org exists:%{p}.d.org -all")
        .ptr("192.0.2.1", "mail.example.com")
        .host("mail.example.com", "192.0.2.1");
    let found = evaluate(&query("192.0.2.1"), &zone).await;
    assert_eq!((found.result, found.lookups), (SpfResult::Fail, 4));
    let reverse = zone.asked().iter().filter(|asked| asked.starts_with("PTR")).count();
    assert_eq!(reverse, 1);
}

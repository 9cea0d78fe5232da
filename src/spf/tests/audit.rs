//! The walk without an address (RFC 7208 section 4.6.4).

use super::Zone;
use crate::spf::{Audit, FinalAll, Place, ProblemKind, Qualifier, audit};

/// Depth, term, cost and total of every term.
fn bill(audit: &Audit) -> Vec<(u32, &str, u32, u32)> {
    let terms = audit.terms.iter();
    terms.map(|term| (term.depth, term.term.as_str(), term.cost, term.total)).collect()
}

fn kinds(audit: &Audit) -> Vec<ProblemKind> {
    audit.problems.iter().map(|problem| problem.kind).collect()
}

fn place(domain: &str, term: &str) -> Place {
    Place { domain: domain.to_owned(), term: term.to_owned() }
}

#[tokio::test]
async fn the_bill_follows_the_order_of_evaluation() {
    let zone = Zone::with_record("v=spf1 ip4:192.0.2.1 redirect=r.example.com include:b.example.com a")
        .host("example.com", "192.0.2.1")
        .host("example.com", "2001:db8::1")
        .txt("b.example.com", "v=spf1 mx -all exists:never.example.com")
        .mx("b.example.com", 10, "mail.example.com")
        .txt("r.example.com", "v=spf1 ptr ~all");
    let found = audit("example.com.", &zone).await;
    let expected = [
        (0, "ip4:192.0.2.1", 0, 0),
        (0, "include:b.example.com", 1, 1),
        (1, "mx", 1, 2),
        (1, "-all", 0, 2),
        (1, "exists:never.example.com", 0, 2),
        (0, "a", 1, 3),
        (0, "redirect=r.example.com", 1, 4),
        (1, "ptr", 1, 5),
        (1, "~all", 0, 5),
    ];
    assert_eq!(bill(&found), expected);
    assert_eq!((found.lookups, found.void_lookups), (5, 0));
    assert!(found.problems.is_empty() && found.over_limit.is_none() && found.complete);
    assert!(!found.terms[4].reached);
    assert_eq!(found.terms[2].resolved, ["10 mail.example.com"]);
    assert_eq!(found.terms[5].resolved, ["192.0.2.1", "2001:db8::1"]);
    assert_eq!(found.ptr, [place("r.example.com", "ptr")]);
    let domain = "r.example.com".to_owned();
    assert_eq!(found.final_all, Some(FinalAll { domain, qualifier: Qualifier::Softfail }));
}

#[tokio::test]
async fn the_term_over_the_limit_is_named() {
    let zone = Zone::with_record("v=spf1 include:b.example.com include:c.example.com -all")
        .txt("b.example.com", format!("v=spf1 {}", "exists:x.example.com ".repeat(7)))
        .txt("c.example.com", "v=spf1 a mx:d.example.com a:e.example.com")
        .host("x.example.com", "127.0.0.2")
        .host("c.example.com", "192.0.2.1");
    let found = audit("example.com", &zone).await;
    assert_eq!(found.lookups, 12);
    assert_eq!(found.over_limit, Some(place("c.example.com", "mx:d.example.com")));
    assert_eq!((found.void_lookups, found.void_lookups_ipv6), (2, 3));
}

#[tokio::test]
async fn records_that_are_missing_or_too_many() {
    let found = audit("example.com", &Zone::default()).await;
    assert_eq!(kinds(&found), [ProblemKind::NoSuchDomain]);
    let found = audit("example", &Zone::default()).await;
    assert_eq!(kinds(&found), [ProblemKind::MalformedDomain]);
    let none = Zone::default().txt("example.com", "other");
    assert_eq!(kinds(&audit("example.com", &none).await), [ProblemKind::NoRecord]);
    let two = Zone::with_record("v=spf1 a").txt("example.com", "v=spf1 mx");
    let found = audit("example.com", &two).await;
    assert_eq!(kinds(&found), [ProblemKind::SeveralRecords]);
    assert_eq!(found.records, ["v=spf1 a", "v=spf1 mx"]);
    assert!(found.several_records && found.terms.is_empty());
}

#[tokio::test]
async fn every_mistake_is_listed_and_the_good_terms_walked() {
    let zone = Zone::with_record("v=spf1 moo a:b.c.1 ip4=192.0.2.1 include:b.example.com +all exp=x.com exp=y.com")
        .txt("b.example.com", b"v=spf1 caf\xe9 ?all");
    let found = audit("example.com", &zone).await;
    let expected = [ProblemKind::Syntax, ProblemKind::Syntax, ProblemKind::RepeatedModifier, ProblemKind::NotAscii];
    assert_eq!(kinds(&found), expected);
    assert_eq!(found.problems[3].domain, "b.example.com");
    assert_eq!(found.ignored, [place("example.com", "ip4=192.0.2.1")]);
    assert_eq!(found.lookups, 1);
}

#[tokio::test]
async fn includes_and_redirects_into_nothing() {
    let zone = Zone::with_record("v=spf1 include:gone.example.com include:a..b redirect=empty.example.com")
        .txt("empty.example.com", "nothing");
    let found = audit("example.com", &zone).await;
    let expected =
        [ProblemKind::IncludeWithoutRecord, ProblemKind::IncludeWithoutRecord, ProblemKind::RedirectWithoutRecord];
    let mut kinds = kinds(&found);
    kinds.sort_by_key(|kind| *kind == ProblemKind::RedirectWithoutRecord);
    assert_eq!(kinds, expected);
    let term = found.problems.iter().find(|problem| problem.domain == "gone.example.com");
    let term = term.and_then(|problem| problem.term.as_deref());
    assert_eq!(term, Some("include:gone.example.com"));
    assert_eq!(found.final_all, None);
}

#[tokio::test]
async fn circles_are_cut_and_twins_are_not() {
    let zone = Zone::with_record("v=spf1 include:b.example.com include:B.example.com -all")
        .txt("b.example.com", "v=spf1 a:c.example.com")
        .host("c.example.com", "192.0.2.1");
    let found = audit("example.com", &zone).await;
    assert_eq!((found.lookups, kinds(&found)), (4, vec![]));
    let zone =
        Zone::with_record("v=spf1 include:b.example.com -all").txt("b.example.com", "v=spf1 redirect=Example.com");
    let found = audit("example.com", &zone).await;
    assert_eq!((found.lookups, kinds(&found)), (2, vec![ProblemKind::Loop]));
    assert_eq!(found.over_limit, Some(place("b.example.com", "redirect=Example.com")));
}

#[tokio::test]
async fn what_depends_on_the_message_is_not_asked() {
    let zone = Zone::with_record("v=spf1 exists:%{ir}.x.com include:%{d2}.y.com a:%{o}.%{p}.z.com -all")
        .txt("example.com.y.com", "v=spf1 exists:%{o}.x.com")
        .host("example.com.x.com", "127.0.0.2");
    let found = audit("example.com", &zone).await;
    let asked = ["TXT example.com", "TXT example.com.y.com", "A example.com.x.com"];
    assert_eq!(zone.asked(), asked);
    assert_eq!(found.lookups, 5);
    assert_eq!(found.terms[0].target, None);
    assert_eq!(found.ptr, [place("example.com", "a:%{o}.%{p}.z.com")]);
}

#[tokio::test]
async fn failing_look_ups_leave_it_incomplete() {
    let zone = Zone::with_record("v=spf1 include:b.example.com a:b.example.com -all").down("b.example.com");
    let found = audit("example.com", &zone).await;
    assert!(!found.complete);
    assert_eq!(kinds(&found), [ProblemKind::Temporary; 3]);
    assert_eq!((found.lookups, found.void_lookups), (2, 0));
}

#[tokio::test]
async fn many_exchangers_are_a_problem_of_the_record() {
    let zone = (0..11).fold(Zone::with_record("v=spf1 mx -all"), |zone, number| {
        zone.mx("example.com", number, &format!("mx{number}.example.com"))
    });
    assert_eq!(kinds(&audit("example.com", &zone).await), [ProblemKind::MxLimit]);
}

#[tokio::test]
async fn an_audit_takes_one_round_per_level() {
    let zone = Zone::with_record("v=spf1 include:b.example.com include:c.example.com a -all")
        .host("example.com", "192.0.2.1")
        .txt("b.example.com", "v=spf1 a:x.example.com")
        .txt("c.example.com", "v=spf1 mx:x.example.com");
    audit("example.com", &zone).await;
    let asked = zone.asked();
    let level: Vec<&str> = asked[1..5].iter().map(String::as_str).collect();
    let first = ["TXT b.example.com", "TXT c.example.com", "A example.com", "AAAA example.com"];
    assert_eq!(level, first);
}

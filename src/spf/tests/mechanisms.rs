//! The mechanisms (RFC 7208 section 5).

use super::{Zone, kind, query, results, steps};
use crate::spf::{
    Outcome, ProblemKind,
    SpfResult::{Fail, Neutral, Pass, Permerror, Softfail, Temperror},
    evaluate,
};

#[tokio::test]
async fn networks() {
    let zone = Zone::with_record("v=spf1 ip4:192.0.2.0/25 ip6:2001:db8:8000::/33 -all");
    let inside = ["192.0.2.127", "::ffff:192.0.2.1", "2001:db8:ffff::1"];
    assert_eq!(results(&zone, &inside).await, [Pass; 3]);
    let outside = ["192.0.2.128", "2001:db8:7fff::1", "::192.0.2.1"];
    assert_eq!(results(&zone, &outside).await, [Fail; 3]);
    let mapped = Zone::with_record("v=spf1 ip6:::ffff:192.0.2.1 ip6:::/0 -all");
    let ips = ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"];
    assert_eq!(results(&mapped, &ips).await, [Fail, Fail, Pass]);
    let all_v4 = Zone::with_record("v=spf1 ip4:192.0.2.1/0 -all");
    assert_eq!(results(&all_v4, &ips).await, [Pass, Pass, Fail]);
}

#[tokio::test]
async fn a_compares_within_its_family() {
    let zone = Zone::with_record("v=spf1 a/24//64 -all")
        .host("example.com", "192.0.2.200")
        .host("example.com", "2001:db8::dead:beef");
    let ips = ["192.0.2.1", "198.51.100.1", "2001:db8::1", "2001:db8:0:1::1"];
    assert_eq!(results(&zone, &ips).await, [Pass, Fail, Pass, Fail]);
    let plain = Zone::with_record("v=spf1 a:mail.example.com. -all").host("MAIL.example.com", "192.0.2.1");
    assert_eq!(results(&plain, &["192.0.2.1", "192.0.2.2"]).await, [Pass, Fail]);
    let wide = Zone::with_record("v=spf1 a/0 -all").host("example.com", "2001:db8::1");
    assert_eq!(results(&wide, &["192.0.2.1"]).await, [Fail]);
}

#[tokio::test]
async fn a_tells_what_it_found() {
    let zone = Zone::with_record("v=spf1 a:%{d1}.example.org a -all").host("com.example.org", "192.0.2.9");
    let found = evaluate(&query("192.0.2.1"), &zone).await;
    let step = &found.trace[0];
    assert_eq!(step.target.as_deref(), Some("com.example.org"));
    assert_eq!((step.cost, step.void, step.outcome), (1, false, Outcome::NotMatched));
    assert_eq!(step.resolved, ["192.0.2.9"]);
    assert!(found.trace[1].void);
    assert_eq!((found.lookups, found.void_lookups), (2, 1));
    assert_eq!(found.decided_by.as_deref(), Some("-all"));
    assert_eq!(found.decided_at.as_deref(), Some("example.com"));
}

#[tokio::test]
async fn a_name_that_can_not_be_asked_does_not_match() {
    let long = "a".repeat(64);
    for name in ["mail..example.com", &format!("{long}.example.com"), "%{h}.example.com"] {
        let zone = Zone::with_record(&format!("v=spf1 a:{name} ~all"));
        let mut query = query("192.0.2.1");
        query.helo = "caf\u{e9}".to_owned();
        let found = evaluate(&query, &zone).await;
        assert_eq!((found.result, found.void_lookups), (Softfail, 0), "{name}");
        assert_eq!(zone.asked().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn mx_asks_its_exchangers() {
    let zone = Zone::with_record("v=spf1 mx/31//127 -all")
        .mx("example.com", 20, "b.example.com.")
        .mx("example.com", 10, "a.example.com")
        .mx("example.com", 0, ".")
        .host("a.example.com", "192.0.2.2")
        .host("b.example.com", "192.0.2.8")
        .host("b.example.com", "2001:db8::1");
    let ips = ["192.0.2.3", "192.0.2.9", "192.0.2.1", "2001:db8::"];
    assert_eq!(results(&zone, &ips).await, [Pass, Pass, Fail, Pass]);
    let found = evaluate(&query("192.0.2.9"), &zone).await;
    assert_eq!(found.lookups, 1);
    assert_eq!(found.trace[0].resolved, ["a.example.com 192.0.2.2", "b.example.com 192.0.2.8"]);
}

#[tokio::test]
async fn mx_is_not_implied_by_an_address() {
    let zone = Zone::with_record("v=spf1 mx -all").host("example.com", "192.0.2.1");
    assert_eq!(results(&zone, &["192.0.2.1"]).await, [Fail]);
}

#[tokio::test]
async fn include_takes_over_only_a_pass() {
    let zone = Zone::with_record("v=spf1 include:inner.example.com -all")
        .txt("inner.example.com", "v=spf1 ip4:192.0.2.1 -ip4:192.0.2.2 ~ip4:192.0.2.3 ?all");
    let ips = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"];
    assert_eq!(results(&zone, &ips).await, [Pass, Fail, Fail, Fail]);
    let signed = Zone::with_record("v=spf1 ~include:inner.example.com -all").txt("inner.example.com", "v=spf1 all");
    let found = evaluate(&query("192.0.2.1"), &signed).await;
    assert_eq!(found.result, Softfail);
    assert_eq!(found.decided_by.as_deref(), Some("~include:inner.example.com"));
    let expected = [(0, "~include:inner.example.com", Outcome::Matched), (1, "all", Outcome::Matched)];
    assert_eq!(steps(&found), expected);
    assert_eq!(found.trace[0].resolved, ["v=spf1 all"]);
}

#[tokio::test]
async fn include_hands_on_errors() {
    let base = || Zone::with_record("v=spf1 include:inner.example.com +all");
    let missing = evaluate(&query("192.0.2.1"), &base()).await;
    assert_eq!(missing.result, Permerror);
    let problem = missing.problem.expect("a permerror has a reason");
    assert_eq!(problem.kind, ProblemKind::IncludeWithoutRecord);
    assert_eq!(problem.domain, "inner.example.com");
    assert_eq!(problem.term.as_deref(), Some("include:inner.example.com"));
    let empty = base().txt("inner.example.com", "nothing");
    assert_eq!(results(&empty, &["192.0.2.1"]).await, [Permerror]);
    let down = base().down("inner.example.com");
    assert_eq!(results(&down, &["192.0.2.1"]).await, [Temperror]);
    let broken = base().txt("inner.example.com", "v=spf1 moo");
    let found = evaluate(&query("192.0.2.1"), &broken).await;
    let problem = found.problem.expect("a permerror has a reason");
    assert_eq!((problem.kind, problem.domain.as_str()), (ProblemKind::Syntax, "inner.example.com"));
    assert_eq!(problem.term.as_deref(), Some("moo"));
}

#[tokio::test]
async fn exists_wants_any_ipv4_address() {
    let zone =
        Zone::with_record("v=spf1 exists:%{ir}.list.example.com -all").host("1.2.0.192.list.example.com", "127.0.0.2");
    assert_eq!(results(&zone, &["192.0.2.1", "192.0.2.2"]).await, [Pass, Fail]);
    let six_only = Zone::with_record("v=spf1 exists:six.example.com -all").host("six.example.com", "2001:db8::1");
    assert_eq!(results(&six_only, &["2001:db8::1"]).await, [Fail]);
}

#[tokio::test]
async fn ptr_wants_a_name_that_leads_back() {
    let zone = Zone::with_record("v=spf1 ptr ptr:example.org -all")
        .ptr("192.0.2.1", "MAIL.Example.com.")
        .host("mail.example.com", "192.0.2.1")
        .ptr("192.0.2.2", "liar.example.com")
        .host("liar.example.com", "192.0.2.99")
        .ptr("192.0.2.3", "notexample.com")
        .host("notexample.com", "192.0.2.3")
        .ptr("192.0.2.4", "down.example.com")
        .ptr("192.0.2.4", "example.org")
        .down("down.example.com")
        .host("example.org", "192.0.2.4")
        .down("192.0.2.5");
    let ips = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"];
    assert_eq!(results(&zone, &ips).await, [Pass, Fail, Fail, Pass, Fail]);
}

#[tokio::test]
async fn a_failing_look_up_ends_the_evaluation() {
    for term in ["a:down.example.com", "mx:down.example.com", "exists:down.example.com", "mx"] {
        let zone = Zone::with_record(&format!("v=spf1 {term} +all"))
            .mx("example.com", 0, "down.example.com")
            .down("down.example.com");
        let found = evaluate(&query("192.0.2.1"), &zone).await;
        assert_eq!((found.result, kind(&found)), (Temperror, Some(ProblemKind::Temporary)), "{term}");
        assert_eq!(found.trace[0].outcome, Outcome::Error);
    }
    let early = Zone::with_record("v=spf1 ?all a:down.example.com").down("down.example.com");
    assert_eq!(results(&early, &["192.0.2.1"]).await, [Neutral]);
}

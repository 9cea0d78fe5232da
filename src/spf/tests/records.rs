//! Initial processing, the choice of the record, its grammar (RFC 7208 sections 3, 4.3 to 4.7).

use super::{Zone, kind, lone, query, steps};
use crate::spf::{Outcome, ProblemKind, Query, SpfResult, evaluate};

/// Terms that break the grammar, each in its own way.
const MISTAKES: &str = "\
    moo al -all. all:x -all/8 ++all include include: include:x/8 a: a:museum a:museum. \
    a:abc.123 a:x.-com a:x.com- a:x.com:8080 a/33 a//129 a/024 a/ a// a/24/64 mx: mx/33 \
    ptr/24 ptr: exists exists: exists:x.com/8 ip4 ip4: ip4:192.0.2 ip4:192.0.2.1/33 \
    ip4:192.0.2.1/08 ip4:192.0.2.1/ ip4:192.0.2.1//32 ip4:192.0.2.01 ip4:192.0.2.1:25 \
    ip4:2001:db8::1 ip6 ip6::2001::1 ip6:2001:db8::/129 ip6:192.0.2.1 ip6:fe80::1%25eth0 \
    redirect:x.com exp:x.com redirect= exp= exp=-all 1up=x =x -redirect=x.com far/out=x x=%a \
    x=%{ a\tmx a\rmx a:x.com\0 a:%{x}.com a:%{d0}.com a:%{dr2}.com a:%{d;}.com a:%{}.com \
    a:%.com a:x% a:%{d}x a:%{d}. a:%{c} a:%{r} a:%{t} moo=%{c}";

/// Terms that look odd, but are right.
const ODD: &str = "\
    a:x.com. a:%{d} a:%{d}/24//64 a:x.xn--p1ai a:x.1-2 a:foo:bar/x.com mx//0 a/0 ip6:::/0 \
    ip6:::ffff:192.0.2.1 ip4:192.0.2.1/0 ptr:x.com exists:%{ir}.%{v}.%{d2} a:%%%_%-.x.com \
    a:%{D128R.-+,/_=} moo.cow-far_out=man:dog/cat moo= moo=%{i} include:_spf.x.com a:%{l}%%";

#[tokio::test]
async fn malformed_senders_have_no_result() {
    let label = "a".repeat(64);
    let senders = [
        "a@localhost".to_owned(),
        "a@[192.0.2.1]".to_owned(),
        "a@mail..example".to_owned(),
        format!("a@{label}.example"),
        "a@".to_owned(),
        "a@bücher.example".to_owned(),
    ];
    for mail_from in senders {
        let zone = Zone::default();
        let query = Query { mail_from, ..query("192.0.2.1") };
        let found = evaluate(&query, &zone).await;
        assert_eq!(found.result, SpfResult::None, "{}", query.mail_from);
        assert_eq!(kind(&found), Some(ProblemKind::MalformedDomain));
        assert!(zone.asked().is_empty(), "{}", query.mail_from);
    }
}

#[tokio::test]
async fn a_bounce_is_checked_as_postmaster_at_helo() {
    let zone = Zone::default()
        .txt("mail.example.com", "v=spf1 exists:%{l}.at.%{o} -all")
        .host("postmaster.at.mail.example.com", "127.0.0.2");
    let query = Query { mail_from: String::new(), ..query("192.0.2.1") };
    assert_eq!(evaluate(&query, &zone).await.result, SpfResult::Pass);
}

#[tokio::test]
async fn a_sender_without_local_part_is_postmaster() {
    for sender in ["@example.com", "example.com", "@example.com."] {
        let zone = Zone::with_record("v=spf1 exists:%{l}.example.com -all").host("postmaster.example.com", "127.0.0.2");
        let query = Query { mail_from: sender.to_owned(), ..query("192.0.2.1") };
        assert_eq!(evaluate(&query, &zone).await.result, SpfResult::Pass, "{sender}");
    }
}

#[tokio::test]
async fn without_one_record_there_is_no_policy() {
    let ask = async |zone: Zone| {
        let found = evaluate(&query("192.0.2.1"), &zone).await;
        (found.result, kind(&found))
    };
    let none = |kind| (SpfResult::None, Some(kind));
    assert_eq!(ask(Zone::default()).await, none(ProblemKind::NoSuchDomain));
    let other = Zone::with_record("v=spf10 -all").txt("example.com", "spf2.0/pra -all");
    assert_eq!(ask(other).await, none(ProblemKind::NoRecord));
    let glued = Zone::with_record("v=spf1-all");
    assert_eq!(ask(glued).await, none(ProblemKind::NoRecord));
    let twice = Zone::with_record("v=spf1 -all").txt("example.com", "V=SPF1");
    let several = (SpfResult::Permerror, Some(ProblemKind::SeveralRecords));
    assert_eq!(ask(twice).await, several);
    let down = (SpfResult::Temperror, Some(ProblemKind::Temporary));
    assert_eq!(ask(Zone::default().down("example.com")).await, down);
}

#[tokio::test]
async fn other_text_at_the_name_does_not_matter() {
    let zone = Zone::with_record("V=Spf1 IP4:192.0.2.1 -ALL").txt("example.com", b"caf\xe9");
    let found = evaluate(&query("192.0.2.1"), &zone).await;
    assert_eq!(found.result, SpfResult::Pass);
    assert_eq!(found.record.as_deref(), Some("V=Spf1 IP4:192.0.2.1 -ALL"));
}

#[tokio::test]
async fn qualifiers_make_the_result_and_the_default_is_neutral() {
    let expected = [
        ("v=spf1 all", SpfResult::Pass),
        ("v=spf1 +all", SpfResult::Pass),
        ("v=spf1 -all", SpfResult::Fail),
        ("v=spf1 ~all ", SpfResult::Softfail),
        ("v=spf1   ?all", SpfResult::Neutral),
        ("v=spf1", SpfResult::Neutral),
        ("v=spf1 ip4:198.51.100.1", SpfResult::Neutral),
    ];
    for (record, result) in expected {
        let found = lone(record).await;
        assert_eq!((found.result, found.problem), (result, None), "{record}");
        assert_eq!(found.decided_by.is_some(), record.contains("all"), "{record}");
    }
}

#[tokio::test]
async fn a_mistake_anywhere_spoils_the_record() {
    for mistake in MISTAKES.split(' ') {
        let zone = Zone::with_record(&format!("v=spf1 all {mistake}"));
        let found = evaluate(&query("192.0.2.1"), &zone).await;
        assert_eq!(found.result, SpfResult::Permerror, "{mistake}");
        let problem = found.problem.as_ref().expect("a permerror has a reason");
        assert_eq!(problem.kind, ProblemKind::Syntax, "{mistake}");
        assert_eq!(problem.term.as_deref(), Some(mistake));
        assert_eq!(steps(&found), [(0, mistake, Outcome::Error)]);
        assert_eq!(zone.asked().len(), 1, "{mistake}");
    }
}

#[tokio::test]
async fn what_looks_odd_but_is_right() {
    for term in ODD.split(' ') {
        let found = lone(&format!("v=spf1 +all {term}")).await;
        assert_eq!((found.result, found.problem), (SpfResult::Pass, None), "{term}");
    }
}

#[tokio::test]
async fn only_ascii_is_allowed_in_a_record() {
    for term in [&b"a:caf\xc3\xa9.com"[..], b"\xef\xbb\xbfall", b"x=\x80"] {
        let zone = Zone::default().txt("example.com", [b"v=spf1 all ", term].concat());
        let found = evaluate(&query("192.0.2.1"), &zone).await;
        assert_eq!(found.result, SpfResult::Permerror);
        assert_eq!(kind(&found), Some(ProblemKind::NotAscii));
    }
}

//! `redirect`, `exp` and the unknown (RFC 7208 section 6).

use super::{Zone, kind, lone, query, steps};
use crate::spf::{Outcome, ProblemKind, SpfResult, evaluate};

#[tokio::test]
async fn redirect_speaks_when_no_mechanism_did() {
    let zone = Zone::with_record("v=spf1 redirect=b.example.com ip4:192.0.2.1")
        .txt("b.example.com", "v=spf1 a ~all")
        .host("b.example.com", "192.0.2.2");
    let found = evaluate(&query("192.0.2.1"), &zone).await;
    assert_eq!((found.result, found.lookups), (SpfResult::Pass, 0));
    let found = evaluate(&query("192.0.2.2"), &zone).await;
    assert_eq!((found.result, found.lookups), (SpfResult::Pass, 2));
    assert_eq!(found.decided_by.as_deref(), Some("a"));
    assert_eq!(found.decided_at.as_deref(), Some("b.example.com"));
    let record = "v=spf1 redirect=b.example.com ip4:192.0.2.1";
    assert_eq!(found.record.as_deref(), Some(record));
    let expected = [
        (0, "ip4:192.0.2.1", Outcome::NotMatched),
        (0, "redirect=b.example.com", Outcome::Followed),
        (1, "a", Outcome::Matched),
    ];
    assert_eq!(steps(&found), expected);
}

#[tokio::test]
async fn redirect_to_nothing_is_a_permerror() {
    let found = lone("v=spf1 redirect=gone.example.com").await;
    assert_eq!(found.result, SpfResult::Permerror);
    assert_eq!(kind(&found), Some(ProblemKind::RedirectWithoutRecord));
    let found = lone("v=spf1 redirect=a..example.com").await;
    assert_eq!(kind(&found), Some(ProblemKind::RedirectWithoutRecord));
    let zone = Zone::with_record("v=spf1 redirect=b.example.com").down("b.example.com");
    let found = evaluate(&query("192.0.2.1"), &zone).await;
    assert_eq!(found.result, SpfResult::Temperror);
    assert_eq!(lone("v=spf1 redirect=gone.example.com ?all").await.problem, None);
}

#[tokio::test]
async fn modifiers_may_not_repeat() {
    for twice in ["redirect=x.com REDIRECT=x.com", "exp=x.com exp=y.com"] {
        let found = lone(&format!("v=spf1 {twice} +all")).await;
        assert_eq!(found.result, SpfResult::Permerror, "{twice}");
        assert_eq!(kind(&found), Some(ProblemKind::RepeatedModifier), "{twice}");
    }
    let found = lone("v=spf1 x=1 x=2 default=pass ?all").await;
    assert_eq!(found.result, SpfResult::Neutral);
}

#[tokio::test]
async fn exp_explains_a_fail_and_nothing_else() {
    for (record, explained) in [
        ("v=spf1 exp=why.example.com -all", true),
        ("v=spf1 exp=why.example.com ~all", false),
        ("v=spf1 exp=why.example.com redirect=c.example.com", false),
        ("v=spf1 exp=gone.example.com redirect=b.example.com", true),
        ("v=spf1 -include:b.example.com exp=why.example.com -all", true),
        ("v=spf1 include:b.example.com -all", false),
    ] {
        let zone = Zone::with_record(record)
            .txt("b.example.com", "v=spf1 exp=why.example.com -all")
            .txt("c.example.com", "v=spf1 -all")
            .txt("why.example.com", "See %{d}, %{c}.");
        let found = evaluate(&query("192.0.2.1"), &zone).await;
        assert_eq!(found.explanation.is_some(), explained, "{record}");
    }
}

#[tokio::test]
async fn exp_that_is_not_in_order_is_left_out() {
    let base = || Zone::with_record("v=spf1 exp=why.example.com -all");
    let zones = [
        base(),
        base().host("why.example.com", "192.0.2.1"),
        base().down("why.example.com"),
        base().txt("why.example.com", "one").txt("why.example.com", "two"),
        base().txt("why.example.com", "broken %{x}"),
        base().txt("why.example.com", "tab\there"),
        base().txt("why.example.com", b"caf\xc3\xa9"),
        base().txt("why.example.com", ""),
        Zone::with_record("v=spf1 exp=why..example.com -all"),
    ];
    for zone in zones {
        let found = evaluate(&query("192.0.2.1"), &zone).await;
        assert_eq!((found.result, found.explanation), (SpfResult::Fail, None));
        assert_eq!((found.lookups, found.void_lookups), (0, 0));
    }
}

#[tokio::test]
async fn an_explanation_may_use_every_letter() {
    let text = "%{i} %{c} %{r} %{t} %{s}%_%%%- at %{h}.";
    let zone = Zone::with_record("v=spf1 exp=why.%{d} -all").txt("why.example.com", text);
    let mut query = query("2001:db8::1");
    let found = evaluate(&query, &zone).await.explanation.expect("in order");
    let nibbles = "2.0.0.1.0.D.B.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1";
    let rest = "unknown 1700000000 alice@example.com %%20 at mail.example.com.";
    assert_eq!(found, format!("{nibbles} 2001:db8::1 {rest}"));
    query.receiver = Some("mx.example.net".to_owned());
    let found = evaluate(&query, &zone).await.explanation.expect("in order");
    assert!(found.contains(" mx.example.net "));
}

//! What could be published instead.

use super::Zone;
use crate::spf::{
    Qualifier,
    advice::{costs, dispensable, merged, quoted, slimmed, with_ending, with_include},
    audit,
};

const MICROSOFT: &str = "spf.protection.outlook.com";

fn merge(records: &[&str]) -> Option<String> {
    merged(&records.iter().map(|&record| record.to_owned()).collect::<Vec<_>>(), MICROSOFT)
}

#[test]
fn several_records_become_one_that_lets_all_of_them_send() {
    let cases: [(&[&str], &str); 5] = [
        (
            &["v=spf1 include:spf.protection.outlook.com -all", "v=spf1 ip4:192.0.2.7 INCLUDE:news.example.net ~all"],
            "v=spf1 include:spf.protection.outlook.com ip4:192.0.2.7 INCLUDE:news.example.net -all",
        ),
        (&["v=spf1 a mx ?all", "v=spf1 mx A ~all"], "v=spf1 include:spf.protection.outlook.com a mx ~all"),
        (&["v=spf1 +all", "V=SPF1"], "v=spf1 include:spf.protection.outlook.com ~all"),
        (
            &["v=spf1 redirect=_spf.example.net", "v=spf1 ip4:192.0.2.7 -all"],
            "v=spf1 include:spf.protection.outlook.com include:_spf.example.net ip4:192.0.2.7 -all",
        ),
        (
            &["v=spf1 +include:spf.protection.outlook.com. -all", "v=spf1 exp=why.example.net ?all"],
            "v=spf1 +include:spf.protection.outlook.com. exp=why.example.net -all",
        ),
    ];
    for (records, expected) in cases {
        assert_eq!(merge(records).as_deref(), Some(expected));
    }
}

#[test]
fn what_can_not_stand_in_a_record_is_not_put_together_again() {
    for record in ["v=spf1 a\u{7}", "v=spf1 a:m\u{fc}ller.example", "v=spf2 a", "", "v=spf1\ta"] {
        assert_eq!(merge(&[record, "v=spf1 -all"]), None, "{record:?}");
    }
    assert_eq!(merge(&["v=spf1 -all"; 11]), None);
    assert_eq!(merge(&[&format!("v=spf1 {}", "a ".repeat(2000))]), None);
}

#[test]
fn an_ending_replaces_the_old_one_and_a_redirect_that_it_would_silence() {
    let with = |record: &str, ending| with_ending(record, MICROSOFT, ending).unwrap();
    assert_eq!(with("v=spf1 a +all", Qualifier::Fail), format!("v=spf1 include:{MICROSOFT} a -all"));
    assert_eq!(with("v=spf1 a ?ALL", Qualifier::Softfail), format!("v=spf1 include:{MICROSOFT} a ~all"));
    let redirected = with_include("v=spf1 redirect=_spf.example.net", MICROSOFT).unwrap();
    assert_eq!(redirected, format!("v=spf1 include:{MICROSOFT} redirect=_spf.example.net"));
}

#[tokio::test]
async fn the_bill_names_the_dearest_and_what_can_go_goes() {
    let zone = Zone::with_record(
        "v=spf1 include:dear.example.net a:twice.example.net A:twice.example.net a:gone.example.net ptr \
         include:nobody.example.net -all mx",
    )
    .txt("dear.example.net", "v=spf1 mx a exists:%{i}.example.net ?all")
    .mx("dear.example.net", 10, "mail.dear.example.net")
    .host("mail.dear.example.net", "192.0.2.3")
    .host("dear.example.net", "192.0.2.4")
    .host("twice.example.net", "192.0.2.5")
    .host("twice.example.net", "2001:db8::5")
    .txt("nobody.example.net", "v=spf1 -all");
    let audit = audit("example.com", &zone).await;
    let dearest = &costs(&audit)[0];
    assert_eq!((dearest.term, dearest.lookups), ("include:dear.example.net", 4));
    let gone: Vec<(&str, &str)> = dispensable(&audit).into_iter().map(|one| (one.term, one.why)).collect();
    let expected = [
        ("A:twice.example.net", "it stands there twice"),
        ("a:gone.example.net", "its name leads nowhere"),
        ("ptr", "receivers need not look at it"),
        ("include:nobody.example.net", "its record names nobody"),
        ("mx", "it stands behind `all`"),
    ];
    assert_eq!(gone, expected);
    let (record, lookups) = slimmed(&audit, "dear.example.net").unwrap();
    assert_eq!(record, "v=spf1 include:dear.example.net a:twice.example.net -all");
    // 4 for the include, 1 for the address that stays.
    assert_eq!((audit.lookups, lookups), (9, 5));
    let again =
        Zone::with_record(&record).host("twice.example.net", "192.0.2.5").txt("dear.example.net", "v=spf1 ?all");
    assert!(
        dispensable(&super::super::audit("example.com", &again).await).iter().all(|one| one.term.starts_with("inc"))
    );
}

#[test]
fn a_long_record_stands_in_several_strings() {
    let record = format!("v=spf1 {}-all", "ip4:192.0.2.10 ".repeat(20));
    let strings = quoted(&record);
    assert_eq!(strings.matches('"').count(), 4);
    assert_eq!(strings.split("\" \"").map(|part| part.trim_matches('"')).collect::<String>(), record);
    assert_eq!(quoted("a\"b\\"), "\"a\\\"b\\\\\"");
}

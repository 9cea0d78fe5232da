//! What `check-dns` takes and says beyond the stories of the sandbox.

use super::support::Lab;

#[test]
fn further_selectors_are_looked_at_and_asked_for_again() {
    let lab = Lab::with(
        "[[tenant.dns.dkim]]\nname = 's1'\nkey = 'v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='\n",
    );
    let ended = lab.run(&["check-dns", "--selector", "s1", "--selector", "s2,s3", "--format", "json"]).ends(0);
    let report = ended.json();
    let selectors = report["facts"]["dns"]["dkim"].as_array().unwrap();
    let names: Vec<&str> = selectors.iter().map(|selector| selector["selector"].as_str().unwrap()).collect();
    assert_eq!(names, ["selector1", "selector2", "s1", "s2", "s3"]);
    // The key of another service stands in for those of Microsoft 365.
    assert_eq!(ended.outcome("dns.dkim").0, "pass");
    assert_eq!(ended.outcome("dns.dkim-key").0, "pass");
    let again = lab.run(&["check-dns", "--selector", "s9"]).ends(0);
    assert!(again.out.contains("--selector s9"), "{}", again.out);
    lab.run(&["check-dns", "--selector", "s1._domainkey.contoso.test; x"]).refused("--selector", None);
    lab.run(&["check-dns", "--selector", &"s,".repeat(20)]).refused("--selector", None);
}

#[test]
fn a_name_that_does_not_exist_has_the_policy_for_such_names() {
    let lab = Lab::with("[tenant.dns]\ndmarc = ['v=DMARC1; p=none; sp=none; np=reject']\n");
    let report = lab.run(&["check-dns", "nobody.contoso.test", "--format", "json"]).json();
    let policy = &report["facts"]["dns"]["dmarc_policy"];
    assert_eq!((policy["tag"].as_str(), policy["policy"].as_str()), (Some("np"), Some("reject")), "{policy}");
    assert_eq!(policy["domain"], "contoso.test");
}

#[test]
fn a_policy_without_end_is_not_read_to_its_end() {
    for (octets, cause) in [(60_000, "mta-sts-policy-invalid"), (70_000, "mta-sts-policy-unreachable")] {
        let policy = "x".repeat(octets);
        let lab = Lab::with(&format!("[tenant.dns]\nmta_sts_policy = '{policy}'\n"));
        let ended = lab.run(&["check-dns", "--format", "json"]);
        assert_eq!(ended.outcome("dns.mta-sts"), ("warn".to_owned(), cause.to_owned()));
        assert!(ended.out.len() < 100_000, "{} octets", ended.out.len());
    }
}

#[test]
fn the_sender_policy_is_asked_about_an_address() {
    let lab = Lab::with("");
    let asked = |more: &[&str]| lab.run(&[&["check-dns", "--format", "json"], more].concat());
    let evaluation = |more: &[&str]| asked(more).json()["facts"]["dns"]["spf"]["evaluation"].clone();
    assert_eq!(evaluation(&["--ip", "192.0.2.9"])["result"], "pass");
    assert_eq!(evaluation(&["--ip", "2001:db8::7"])["decided_by"], "include:spf.protection.outlook.test");
    let stranger =
        asked(&["--ip", "203.0.113.9", "--mail-from", "a@contoso.test", "--helo", "mx.contoso.test"]).ends(1);
    assert_eq!(stranger.outcome("dns.spf-address"), ("fail".to_owned(), "spf-address-missing".to_owned()));
    // What is said of one's own host does not change what is said of Microsoft 365.
    assert_eq!(stranger.outcome("dns.spf-microsoft").0, "pass");
    let finding = stranger.finding("dns.spf-address");
    let repair = finding["repair"].as_str().unwrap_or_default();
    assert!(repair.contains("\"v=spf1 ip4:203.0.113.9 include:spf.protection.outlook.test -all\""), "{repair}");
    let again = finding["recheck"].as_str().unwrap_or_default();
    assert!(again.contains("--ip 203.0.113.9 --mail-from a@contoso.test --helo mx.contoso.test"), "{again}");
    let bounce = evaluation(&["--ip", "203.0.113.9", "--mail-from", "<>"]);
    assert_eq!((bounce["result"].as_str(), bounce["decided_by"].as_str()), (Some("fail"), Some("-all")));
}

#[test]
fn the_way_to_the_verdict_on_an_address_is_shown_and_nobody_is_named_in_a_ticket() {
    let lab = Lab::with("");
    let shown = lab.run(&["check-dns", "--ip", "203.0.113.9", "-v", "--color", "never"]).out;
    assert!(shown.contains("Evaluated for 203.0.113.9"), "{shown}");
    assert!(shown.contains("  -all: matches\n  fail\n"), "{shown}");
    let who = ["--ip", "203.0.113.9", "--mail-from", "ann@contoso.test", "--helo", "host.intern.test"];
    let masked = lab.run(&[&["check-dns", "--share", "--format", "json"], &who[..]].concat()).out;
    for name in ["203.0.113.9", "ann@", "intern.test", "contoso"] {
        assert!(!masked.contains(name), "{name} in {masked}");
    }
}

#[test]
fn an_address_that_can_not_be_asked_about_is_refused() {
    let lab = Lab::with("");
    lab.run(&["check-dns", "--ip", "192.0.2"]).refused("--ip", None);
    lab.run(&["check-dns", "--mail-from", "a@contoso.test"]).ends(2);
    lab.run(&["check-dns", "--ip", "192.0.2.1", "--helo", "two words"]).refused("--helo", None);
    lab.run(&["check-dns", "--ip", "192.0.2.1", "--mail-from", "nobody"])
        .refused("--mail-from", Some("input-mailbox-form"));
    lab.run(&["check-dns", "contoso.test", "--ip", "192.0.2.1", "--mail-from", "a@fabrikam.test"])
        .refused("--mail-from", None);
    lab.run(&["check-dns", "--ip", "192.0.2.1", "--mail-from", "<>", "--helo", "mx.contoso.test"])
        .refused("--mail-from", None);
    lab.run(&["check-dns", "--ip", "192.0.2.1", "--replay", "none.json"]).refused("--ip", None);
}

#[test]
fn a_domain_is_told_from_that_of_another_tenant_and_of_none() {
    let lab = Lab::with("");
    let ended = lab.run(&["check-dns", "--format", "json"]).ends(0);
    assert_eq!(ended.outcome("entra.domain").0, "pass");
    let ended = lab.run(&["check-dns", "--format", "json", "--tenant", "11111111-2222-4333-8444-555555555555"]).ends(1);
    assert_eq!(ended.outcome("entra.domain"), ("fail".to_owned(), "domain-other-tenant".to_owned()));
    // A name is asked for its id, and is no other tenant for being another name.
    let ended = lab.run(&["check-dns", "--format", "json", "--tenant", "contoso.onmicrosoft.test"]).ends(0);
    assert_eq!(ended.outcome("entra.domain").0, "pass");
    let ended = lab.run(&["check-dns", "fabrikam.test", "--format", "json"]);
    assert_eq!(ended.outcome("entra.domain"), ("warn".to_owned(), "domain-without-tenant".to_owned()));
}

//! What `check-dns` takes and says beyond the stories of the sandbox.

use super::support::{Ended, Lab};

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
    assert!(
        repair.contains("\"v=spf1 ip4:203.0.113.9 ip4:203.0.113.7 include:spf.protection.outlook.test -all\""),
        "{repair}"
    );
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

#[test]
fn what_the_resolver_still_holds_is_told_with_the_time_to_wait_for() {
    let lab =
        Lab::with("[tenant.dns]\nmx = ['10 new']\nmore = 'new 3600 IN A 192.0.2.1'\ncached = '@ 900 IN MX 0 Old'\n");
    if lab.sandbox.name_servers().is_empty() {
        return;
    }
    let ended = lab.run(&["check-dns", "--format", "json"]);
    assert_eq!(ended.outcome("dns.everywhere"), ("warn".to_owned(), "dns-not-yet-everywhere".to_owned()));
    assert_eq!(ended.outcome("dns.servers").0, "pass");
    let report = ended.json();
    let heard = &report["facts"]["dns"]["propagation"];
    assert_eq!((heard["zone"].as_str(), heard["servers"].as_array().unwrap().len()), (Some("contoso.test"), 2));
    let [spread] = &heard["differing"].as_array().unwrap()[..] else { panic!("{heard}") };
    assert_eq!(spread["resolver"][0], "0 old.contoso.test");
    assert_eq!(spread["servers"][0]["records"][0], "10 new.contoso.test");
    assert_eq!(spread["servers"][0]["servers"].as_array().unwrap().len(), 2);
    assert!((1..=900).contains(&spread["ttl"].as_u64().unwrap()), "{spread}");
    let text = lab.run(&["check-dns", "-v"]).out;
    assert!(text.contains("wait until") && text.contains(" UTC"), "{text}");
    assert!(text.contains("name server     ns1.contoso.test (127.") && text.contains("answers, serial 1"), "{text}");
}

#[test]
fn servers_that_disagree_are_told_apart_by_name_and_serial_number() {
    let lab = Lab::with(
        "[tenant.dns.ns1]\nserial = 9\n[tenant.dns.ns2]\nwithout = ['_dmarc TXT']\nlame = 'not-authoritative'\n",
    );
    if lab.sandbox.name_servers().is_empty() {
        return;
    }
    // What is said without authority counts for nothing.
    let ended = lab.run(&["check-dns", "--format", "json"]);
    assert_eq!(ended.outcome("dns.agreement").0, "pass");
    assert_eq!(ended.outcome("dns.servers"), ("warn".to_owned(), "dns-server-lame".to_owned()));
    let lab = Lab::with("[tenant.dns.ns1]\nserial = 9\n[tenant.dns.ns2]\nwithout = ['_dmarc TXT']\n");
    let text = lab.run(&["check-dns"]).out;
    for part in ["ns1.contoso.test (127.", "serial 9)", "ns2.contoso.test (127.", "serial 1): that there is none"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn where_nobody_answers_for_the_zone_the_one_above_says_who_should() {
    let lab = Lab::with("[tenant.dns.ns1]\nlame = 'failing'\n[tenant.dns.ns2]\nlame = 'upwards'\n");
    if lab.sandbox.name_servers().is_empty() {
        return;
    }
    let ended = lab.run(&["check-dns", "nobody.contoso.test", "--format", "json"]);
    assert_eq!(ended.outcome("dns.servers"), ("fail".to_owned(), "dns-server-lame".to_owned()));
    let heard = &ended.json()["facts"]["dns"]["propagation"];
    assert_eq!((heard["zone"].as_str(), heard["from_above"].as_bool()), (Some("contoso.test"), Some(true)), "{heard}");
}

#[test]
fn a_text_of_sixty_kilobytes_beside_the_policy_changes_nothing() {
    let lab = Lab::with("[tenant.dns]\nfiller = 60000\n");
    let ended = lab.run(&["check-dns", "--format", "json"]).ends(0);
    for check in ["dns.spf", "dns.spf-microsoft", "dns.everywhere"] {
        assert_eq!(ended.outcome(check).0, "pass", "{check}");
    }
    assert!(ended.out.len() < 100_000, "{} octets", ended.out.len());
    let list = Ended::of(lab.command(&["check-dns", "-"]).write_stdin("contoso.test\n")).ends(0);
    assert_eq!(list.out.lines().count(), 1);
    assert!(list.out.len() < 100_000, "{} octets", list.out.len());
}

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

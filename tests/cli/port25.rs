//! The roads of port 25 and High Volume Email: what they need, what they do not ask for, and what they say of themselves.

use serde_json::Value;

use crate::sandbox::Running;
use crate::support::{Home, Lab, SECRET, Silent, profile};

/// A home whose profile takes the roads of port 25, and whose every host listens and must hear nothing.
fn home() -> (Home, Silent) {
    let (home, silent) = (Home::new(), Silent::new());
    let words = "roads = 'relay'\nprobe = { to = 'bob@contoso.test' }";
    home.write("lab.toml", &(silent.cloud() + &profile("good", words)));
    (home, silent)
}

#[test]
fn each_fault_of_these_flags_is_named() {
    let (home, silent) = home();
    let config = home.path("lab.toml").display().to_string();
    let file = |name: &str, text: &str| home.write(name, text).display().to_string();
    let pair = rcgen::generate_simple_self_signed(vec!["relay.contoso.test".to_owned()]).unwrap();
    let key = file("key.pem", &pair.signing_key.serialize_pem());
    let certificate = file("certificate.pem", &pair.cert.pem());
    let no_pem = file("no.pem", "no certificate");
    let gone = home.path("gone.pem").display().to_string();
    let cases: &[(&[&str], &str)] = &[
        (&["--smart-host", "192.0.2.1"], "--smart-host"),
        (&["--smart-host", "192.0.2.1:25"], "--smart-host"),
        (&["--smart-host", "no host"], "--smart-host"),
        (&["--smart-host", "smtp://mail.contoso.test"], "--smart-host"),
        (&["--smart-host", "app@contoso.test"], "--smart-host"),
        (&["--smart-host", "mail.contoso.test:x"], "--smart-host"),
        (&["--source-address", "x"], "--source-address"),
        (&["--source-address", "192.0.2.10:25"], "--source-address"),
        (&["--relay-key", &key], "--relay-key"),
        (&["--relay-certificate", &no_pem], "--relay-certificate"),
        (&["--relay-certificate", &gone], "--relay-certificate"),
        // The key is looked for in the same file where no other is named.
        (&["--relay-certificate", &certificate], "--relay-certificate"),
        (&["--relay-certificate", &certificate, "--relay-key", &no_pem], "--relay-key"),
        (&["--relay-certificate", &certificate, "--relay-key", &certificate], "--relay-key"),
        (&["--relay-certificate", &certificate, "--relay-key", &gone], "--relay-key"),
    ];
    for (words, place) in cases {
        home.run(&[&["checkup", "--config", &config], *words].concat()).refused(place, None);
    }
    assert!(!silent.heard(), "something was sent");
}

#[test]
fn a_mail_exchanger_of_another_cloud_is_refused() {
    let others = [
        ("worldwide", "contoso-us.mail.protection.office365.us"),
        ("worldwide", "contoso-cn.mail.protection.partner.outlook.cn"),
        ("china", "contoso-com.mail.protection.outlook.com"),
        ("gcc-high", "contoso-com.mail.protection.outlook.com"),
    ];
    for (cloud, host) in others {
        let words =
            ["probe-send", "--cloud", cloud, "--roads", "direct", "--smart-host", host, "--from", "a@contoso.com"];
        Home::new().run(&words).refused("--smart-host", Some("input-clouds-mixed"));
    }
}

#[test]
fn an_address_of_this_computer_is_connected_from() {
    let words = ["checkup", "--cloud", "sandbox", "--roads", "relay", "--format", "json", "--source-address"];
    let ended = Home::new().run(&[&words[..], &["127.0.0.1"]].concat()).ends(0);
    assert_eq!(ended.outcome("smtp.recipient").0, "pass");
    // Not an address of this computer (RFC 5737): so the flag is heeded.
    let ended = Home::new().run(&[&words[..], &["192.0.2.10"]].concat()).ends(1);
    assert_eq!(ended.outcome("smtp.reach").0, "fail");
}

/// A tenant whose login service is a host that must hear nothing, with a profile that has no credential.
fn without_login() -> (Lab, Silent) {
    let (lab, silent) = (Lab::healthy(), Silent::new());
    let at = lab.sandbox.addresses();
    let cloud = silent.cloud();
    let hosts: String = cloud.lines().filter(|line| !line.starts_with("dns")).map(|line| format!("{line}\n")).collect();
    let found = format!(
        "dns = '{}'\nca_file = 'ca.pem'\nmx_port = {}\nmx_suffixes = ['.mail.protection.outlook.test']\n\
         spf_include = 'spf.protection.outlook.test'\nautodiscover = 'autodiscover.outlook.test'\n\
         dkim_suffixes = ['.dkim.mail.microsoft.test']\nmta_sts_port = {}\n",
        at.dns,
        at.mx.port(),
        at.login.port()
    );
    let words = "probe = { to = 'bob@contoso.test' }";
    lab.home.write("lab.toml", &format!("default = 'main'\n{hosts}{found}{}", profile("main", words)));
    (lab, silent)
}

#[test]
fn who_relays_needs_no_credential_and_asks_for_no_token() {
    let (lab, silent) = without_login();
    for words in [
        &["checkup", "--roads", "relay"][..],
        &["checkup", "--roads", "relay,direct"],
        &["probe-send", "--via", "relay"],
    ] {
        let ended = lab.run(&[words, &["--format", "json"]].concat()).ends(0);
        let facts = &ended.json()["facts"];
        assert!(facts["entra"].is_null(), "{words:?}: {facts:#}");
        assert!(facts["tokens"].as_array().is_none_or(Vec::is_empty), "{words:?}: {facts:#}");
        assert!(!silent.heard(), "{words:?}: the login service was asked");
    }
    // Else the silence proves nothing: a road with a login does go there.
    lab.run(&["checkup", "--roads", "smtp", "--client-secret", SECRET, "--timeout", "300ms"]).ends(1);
    assert!(silent.heard());
}

#[test]
fn a_plan_names_the_exchanger_and_contacts_nobody() {
    let (home, silent) = (Home::new(), Silent::new());
    let words =
        format!("client_secret = '{SECRET}'\nhve_account = 'hve@contoso.test'\nprobe = {{ to = 'bob@contoso.test' }}");
    let text = silent.cloud() + "hve = 'hve.contoso.test:587'\nmx_port = 2525\n" + &profile("main", &words);
    let config = home.write("lab.toml", &text).display().to_string();
    let words = ["checkup", "--plan", "--send", "--roads", "relay,direct,hve", "--config", &config];
    let ended = home.run(&words).ends(0);
    let host = "the mail exchanger of contoso.test, port 2525";
    assert!(
        ended.out.contains(&format!("  sends  {host}: SMTP with STARTTLS; send one mail to bob@contoso.test\n")),
        "{ended:?}"
    );
    assert!(
        ended.out.contains(&format!("  looks  {host}: SMTP with STARTTLS; stop after RCPT TO, then RSET\n")),
        "{ended:?}"
    );
    assert!(
        ended.out.contains("  looks  hve.contoso.test:587: SMTP with STARTTLS and XOAUTH2; stop after"),
        "{ended:?}"
    );
    assert!(ended.out.ends_with("Nothing was contacted.\n"), "{ended:?}");
    let plan = home.run(&[&words[..], &["--format", "json"]].concat()).ends(0).json();
    let steps = plan["plan"].as_array().unwrap();
    let of = |host: &str| steps.iter().filter(|step| step["host"] == host).map(|step| step["sends"] == true).collect();
    let exchanger: Vec<bool> = of(host);
    assert_eq!(exchanger, [true, false], "{plan:#}");
    let hve: Vec<bool> = of("hve.contoso.test:587");
    assert_eq!(hve, [false], "{plan:#}");
    // A server that is named takes the place of the one that MX would name.
    let named = home.run(&[&words[..], &["--smart-host", "mail.contoso.test:2526"]].concat()).ends(0);
    assert!(named.out.contains("  sends  mail.contoso.test:2526: SMTP with STARTTLS; send one mail"), "{named:?}");
    assert!(!silent.heard());
}

#[test]
fn every_road_of_a_healthy_tenant_is_sound() {
    let ended = Home::new().run(&["checkup", "--cloud", "sandbox", "--roads", "all", "--format", "json"]).ends(0);
    let report = ended.json();
    assert_eq!(report["summary"]["first_cause"], Value::Null);
    let causes = |outcome: &str| {
        let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["outcome"] == outcome);
        let mut causes: Vec<&str> = findings.map(|finding| finding["cause"].as_str().unwrap()).collect();
        causes.sort_unstable();
        causes.dedup();
        causes
    };
    assert_eq!(causes("fail"), [""; 0]);
    assert_eq!(causes("warn"), ["ews-retirement"]);
    assert_eq!(causes("unproven"), ["graph-mailbox-unproven", "relay-accepted-so-far"]);
}

#[test]
fn a_sandbox_of_another_process_has_these_roads_too() {
    let home = Home::new();
    let dir = home.path("sandbox").display().to_string();
    let running = Running::start(&home, &["--format", "json", "--dir", &dir]);
    let words = running.json();
    for name in ["mx", "hve"] {
        let server = words[name].as_str().unwrap_or_default();
        assert!(server.starts_with("localhost:") && server != words["smtp"], "{name}: {words:#}");
    }
    let config = words["profile_file"].as_str().unwrap();
    let ended = home.run(&["checkup", "--config", config, "--roads", "relay,hve", "--format", "json"]).ends(0);
    assert_eq!(ended.outcome("smtp.smart-host").0, "pass");
    let facts = &ended.json()["facts"];
    for (road, port) in [("relay", "mx"), ("hve", "hve")] {
        let port = words[port].as_str().unwrap().rsplit(':').next().unwrap();
        let server = facts[road]["server"].as_str().unwrap_or_default();
        assert!(server.ends_with(&format!(":{port}")), "{road}: {facts:#}");
    }
    home.run(&["probe-send", "--via", "relay", "--config", config]).ends(0);
    home.run(&["probe-send", "--via", "hve", "--config", config]).ends(0);
}

#[test]
fn the_mail_of_these_roads_is_looked_for_too() {
    // Nobody vouches for a direct mail but the sender's policy: without the address in it SPF fails, and with it DMARC,
    // which the look shows.
    let stories = [
        ("hve", "sandbox", 0, "inbox"),
        ("direct", "sandbox", 0, "inbox"),
        ("direct", "sandbox=check-relay-address-not-in-spf", 1, "junk"),
    ];
    for (road, cloud, code, folder) in stories {
        let words = ["probe-send", "--via", road, "--confirm", "--cloud", cloud, "--format", "json"];
        let ended = Home::new().run(&words).ends(code);
        let report = ended.json();
        assert_eq!(report["facts"]["confirm"]["arrived"]["folder"], folder, "{road}: {}", report["facts"]["confirm"]);
        assert_eq!(ended.outcome("send.accepted").0, "pass", "{road}");
        assert_eq!(ended.outcome("confirm.found").0, "pass", "{road}");
        let cause = if code == 0 { Value::Null } else { "confirm-dmarc-failed".into() };
        assert_eq!(report["summary"]["first_cause"], cause, "{road}");
    }
}

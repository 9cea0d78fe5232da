//! What was typed wrongly is found before anything is sent.

use crate::support::{CLIENT, Home, MAILBOX, OTHER, SECRET, Silent, TENANT, profile, set_mode, signed};
use crate::support::{Ended, app_claims};

/// A home whose configuration names hosts that listen, and must hear nothing.
fn home() -> (Home, Silent) {
    let (home, silent) = (Home::new(), Silent::new());
    home.write("secret.txt", SECRET);
    let good = profile("good", "client_secret_file = 'secret.txt'");
    home.write("lab.toml", &format!("{}{good}[profile.bare]\ncloud = 'lab'\n", silent.cloud()));
    (home, silent)
}

fn run(home: &Home, args: &[&str]) -> Ended {
    let config = home.path("lab.toml").display().to_string();
    home.run(&[args, &["--config", config.as_str()]].concat())
}

#[test]
fn a_sound_profile_does_reach_the_listening_hosts() {
    let (home, silent) = home();
    run(&home, &["checkup", "--profile", "good", "--timeout", "300ms"]).ends(1);
    assert!(silent.heard(), "otherwise the silence in the other tests would prove nothing");
}

#[test]
fn each_fault_is_named_with_its_flag_and_its_page() {
    let (home, silent) = home();
    let file = |name: &str, text: &str| home.write(name, text).display().to_string();
    let guid_secret = file("guid.txt", OTHER);
    let placeholder_secret = file("placeholder.txt", "<client-secret>");
    let empty_secret = file("empty.txt", "\n");
    let bearer = file("bearer.txt", &format!("Bearer {}", signed(&app_claims())));
    let no_pem = file("no.pem", "no certificate");
    let gone = home.path("gone.txt").display().to_string();
    let cases: &[(&[&str], &str, Option<&str>)] = &[
        (&["--client-id", "mail-app"], "--client-id", Some("input-client-id-not-guid")),
        (&["--client-id", "app@contoso.com"], "--client-id", Some("input-client-id-is-address")),
        (&["--client-id", "<client-id>"], "--client-id", Some("input-placeholder")),
        (&["--client-id", "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"], "--client-id", Some("input-placeholder")),
        (&["--client-id", "00000000-0000-0000-0000-000000000000"], "--client-id", Some("input-placeholder")),
        (&["--client-secret-file", &guid_secret], "--client-secret-file", Some("input-secret-looks-like-id")),
        (&["--client-secret-file", &placeholder_secret], "--client-secret-file", Some("input-placeholder")),
        (&["--client-secret-file", &empty_secret], "--client-secret-file", None),
        (&["--client-secret-file", &gone], "--client-secret-file", None),
        (&["--client-secret-command", "exit 3"], "--client-secret-command", None),
        (&["--token-file", &bearer], "--token-file", Some("input-token-bearer-prefix")),
        (&["--auth", "token"], "--auth", Some("input-two-credentials")),
        (&["--tenant", "common"], "--tenant", Some("input-tenant-form")),
        (&["--tenant", "organizations"], "--tenant", Some("input-tenant-form")),
        (&["--tenant", "Consumers"], "--tenant", Some("input-tenant-form")),
        (&["--tenant", "9188040D-6c67-4c5b-b112-36a304b66dad"], "--tenant", Some("input-tenant-form")),
        (&["--tenant", "contoso"], "--tenant", Some("input-tenant-form")),
        (&["--tenant", "YOUR_TENANT_ID"], "--tenant", Some("input-placeholder")),
        (&["--tenant", "{tenant}"], "--tenant", Some("input-placeholder")),
        (&["--scope", "https://graph.microsoft.com/Mail.Send"], "--scope", Some("input-scope-not-default")),
        (
            &["--cloud", "worldwide", "--scope", "https://outlook.office365.us/.default"],
            "--scope",
            Some("input-clouds-mixed"),
        ),
        (&["--cloud", "worldwide", "--tenant", "contoso.onmicrosoft.us"], "--tenant", Some("input-clouds-mixed")),
        (&["--scope", "a/.default b/.default"], "--scope", Some("input-scope-not-default")),
        (&["--mailbox", "app"], "--mailbox", Some("input-mailbox-form")),
        (&["--mailbox", "/me"], "--mailbox", Some("graph-me-app-only")),
        (&["--mailbox", "app@contoso"], "--mailbox", Some("input-mailbox-form")),
        (&["--from", "@contoso.com"], "--from", Some("input-mailbox-form")),
        (&["--to", "nobody"], "--to", Some("input-mailbox-form")),
        (&["--object-id", "the one"], "--object-id", None),
        (&["--timeout", "soon"], "--timeout", None),
        (&["--timeout", "0"], "--timeout", None),
        (&["--timeout", "2d"], "--timeout", None),
        (&["--resolver", "dns.example"], "--resolver", None),
        (&["--proxy", "contoso"], "--proxy", None),
        (&["--proxy", "ftp://127.0.0.1:1"], "--proxy", None),
        (&["--roads", "smoke"], "--roads", None),
        (&["--roads", ","], "--roads", None),
        (&["--via", "pigeon"], "--via", None),
        (&["--confirm=nobody"], "--confirm", Some("input-mailbox-form")),
        (&["--confirm", "--confirm-via", "pigeon"], "--confirm-via", None),
        (&["--confirm", "--confirm-within", "soon"], "--confirm-within", None),
        (&["--confirm", "--confirm-within", "3h"], "--confirm-within", None),
        (&["--domain", "no domain"], "--domain", None),
        (&["--ca-file", &no_pem], "--ca-file", None),
        (&["--cloud", "moon"], "--cloud", None),
        (&["--cloud", "sandbox=no-such-story"], "--cloud", Some("sandbox-scenario-unknown")),
        (&["--profile", "nobody"], "--profile", None),
    ];
    for (words, place, cause) in cases {
        let profile: &[&str] = if words[0] == "--profile" { &[] } else { &["--profile", "good"] };
        run(&home, &[&["checkup"], profile, words].concat()).refused(place, *cause);
    }
    assert!(!silent.heard(), "something was sent");
}

#[test]
fn each_tenant_of_people_is_refused_to_an_application_with_a_reason_of_its_own() {
    let (home, silent) = home();
    let cases = [
        ("common", "with a work, school or personal account"),
        ("organizations", "of any organization"),
        ("consumers", "no applications of their own"),
        ("9188040d-6c67-4c5b-b112-36a304b66dad", "tenant of all personal accounts"),
    ];
    for (tenant, reason) in cases {
        let ended = run(&home, &["check-token", "--profile", "good", "--tenant", tenant]);
        assert!(ended.err.contains(reason), "{tenant}: {ended:?}");
        ended.refused("--tenant", Some("input-tenant-form"));
        // People may sign in there: the plan is made, and nobody asked.
        let words = ["check-token", "--auth", "delegated", "--cloud", "lab", "--client-id", CLIENT, "--plan"];
        run(&home, &[&words[..], &["--tenant", tenant]].concat()).ends(0);
    }
    assert!(!silent.heard());
}

#[test]
fn a_table_that_mixes_clouds_is_refused_with_its_page() {
    let home = Home::new();
    home.write("mixed.toml", "[cloud.mixed]\nlogin = 'https://login.microsoftonline.us'\n");
    let config = home.path("mixed.toml").display().to_string();
    let words = ["check-token", "--cloud", "mixed", "--config", &config, "--plan"];
    home.run(&words).refused("[cloud.mixed]", Some("input-clouds-mixed"));
}

#[test]
fn what_clap_refuses_leaves_standard_output_empty_too() {
    let (home, silent) = home();
    let cases: [&[&str]; 6] = [
        &["checkup", "--auth", "telepathy"],
        &["checkup", "--stop-after", "lunch"],
        &["checkup", "--no-such-flag"],
        &["checkup", "--format", "yaml"],
        &["frobnicate"],
        &[],
    ];
    for words in cases {
        let ended = run(&home, words).ends(2);
        assert!(ended.out.is_empty() && !ended.err.is_empty(), "{ended:?}");
    }
    assert!(!silent.heard());
}

#[test]
fn what_is_missing_is_named() {
    let (home, silent) = home();
    let secret = home.path("secret.txt").display().to_string();
    let credential = ["--client-secret-file", secret.as_str()];
    let cases: [(&[&str], &str); 8] = [
        (&["checkup", "--mailbox", MAILBOX, "--client-id", CLIENT], "--tenant"),
        (&["checkup", "--mailbox", MAILBOX, "--tenant", TENANT], "--client-id"),
        (&["checkup", "--tenant", TENANT, "--client-id", CLIENT], "--mailbox"),
        (&["checkup", "--send", "--tenant", TENANT, "--client-id", CLIENT, "--mailbox", MAILBOX], "--to"),
        (&["probe-send", "--tenant", TENANT, "--client-id", CLIENT, "--mailbox", MAILBOX], "--to"),
        (&["powershell", "--client-id", CLIENT, "--mailbox", MAILBOX], "--tenant"),
        (&["powershell", "--tenant", TENANT, "--mailbox", MAILBOX], "--client-id"),
        (&["powershell", "--tenant", TENANT, "--client-id", CLIENT], "--mailbox"),
    ];
    for (words, flag) in cases {
        run(&home, &[words, &credential, &["--profile", "bare"]].concat()).refused(flag, None);
    }
    run(&home, &["check-dns", "--profile", "bare"]).refused("--domain", None);
    run(&home, &["consent-url", "--profile", "bare"]).refused("--client-id", None);
    let words = ["checkup", "--profile", "bare", "--tenant", TENANT, "--client-id", CLIENT, "--mailbox", MAILBOX];
    run(&home, &words).refused("--client-secret-file", None);
    assert!(!silent.heard());
}

#[test]
fn a_profile_holds_known_words_only() {
    let (home, silent) = home();
    for (words, named) in [
        ("mailbocks = 'x'", "mailbocks"),
        ("client_secret_stdin = 'yes'", "client_secret_stdin"),
        ("probe = { too = 'x' }", "probe.too"),
        ("tenant = [1]", "tenant"),
    ] {
        home.write("odd.toml", &format!("{}[profile.odd]\ncloud = 'lab'\n{words}\n", silent.cloud()));
        let config = home.path("odd.toml").display().to_string();
        home.run(&["checkup", "--config", &config]).refused(named, None);
    }
    for text in ["[profil.x]", "default =", "[cloud.lab]\nlogin = 'http://localhost'\n[profile.x]\ncloud = 'lab'"] {
        home.write("odd.toml", text);
        let config = home.path("odd.toml").display().to_string();
        assert_eq!(home.run(&["checkup", "--config", &config]).ends(2).out, "");
    }
    assert!(!silent.heard());
}

#[cfg(unix)]
#[test]
fn a_configuration_that_others_can_write_is_refused() {
    let (home, silent) = home();
    for mode in [0o620, 0o602, 0o666] {
        set_mode(&home.path("lab.toml"), mode);
        run(&home, &["checkup", "--profile", "good"]).refused("--config", Some("input-file-open-to-others"));
    }
    assert!(!silent.heard());
}

#[test]
fn a_guid_is_a_secret_only_when_the_user_says_so() {
    let (home, silent) = home();
    let guid = home.write("guid.txt", OTHER).display().to_string();
    let words = ["checkup", "--profile", "good", "--client-secret-file", &guid];
    run(&home, &words).refused("--client-secret-file", Some("input-secret-looks-like-id"));
    assert!(!silent.heard());
    // In the sandbox it is sent, and found to be wrong.
    let words = ["check-token", "--cloud", "sandbox", "--client-secret-file", &guid, "--allow-guid-secret"];
    run(&home, &words).ends(1);
}

#[test]
fn a_secret_never_shows_in_a_refusal() {
    let (home, _silent) = home();
    for (variable, value) in [
        ("O365DOCTOR_CLIENT_SECRET", OTHER),
        ("O365DOCTOR_TOKEN", "Bearer canary-canary"),
        ("O365DOCTOR_PROXY", "canary://user:canary-canary@127.0.0.1:1"),
    ] {
        let mut command = home.command(&["checkup", "--profile", "good", "--config"]);
        let ended = Ended::of(command.arg(home.path("lab.toml")).env(variable, value));
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(!ended.err.contains("canary-canary") && !ended.err.contains(OTHER), "{ended:?}");
        assert!(ended.err.contains(variable), "{ended:?}");
    }
}

#[test]
fn the_sandbox_names_its_bad_ports_and_times() {
    let home = Home::new();
    home.run(&["sandbox", "--ports", "smtp=http"]).refused("--ports", None);
    home.run(&["sandbox", "--ports", "fax=1"]).refused("--ports", None);
    home.run(&["sandbox", "--rtt", "far"]).refused("--rtt", None);
    home.run(&["sandbox", "no-such-story"]).refused("no-such-story", Some("sandbox-scenario-unknown"));
}

//! `powershell` for every road and style: which script there is, what it needs, and what it has no use for.

use crate::support::{Ended, Home, Lab, Silent, profile};

struct Maker {
    home: Home,
    silent: Silent,
    config: String,
}

impl Maker {
    fn new(words: &str) -> Maker {
        let (home, silent) = (Home::new(), Silent::new());
        let config = home.write("lab.toml", &(silent.cloud() + &profile("main", words))).display().to_string();
        Maker { home, silent, config }
    }

    /// Without a client id and a mailbox.
    fn bare() -> Maker {
        let (home, silent) = (Home::new(), Silent::new());
        let words = "[profile.main]\ncloud = \"lab\"\ntenant = \"contoso.com\"\n";
        let config = home.write("lab.toml", &(silent.cloud() + words)).display().to_string();
        Maker { home, silent, config }
    }

    fn make(&self, words: &str) -> Ended {
        let words: Vec<&str> = words.split_whitespace().collect();
        self.home.run(&[&["powershell", "--config", &self.config], &words[..]].concat())
    }
}

#[test]
fn a_script_that_makes_no_sense_is_refused_with_what_there_is() {
    let maker = Maker::new("");
    for (words, there_is) in [
        ("--for relay --style graph", "--style exchange --part setup|verify|undo"),
        ("--for relay --style manifest", "--style exchange --part setup|verify|undo"),
        ("--for imap --way rbac", "--style exchange --part setup|verify|undo"),
        ("--for smtp --way policy", "--style exchange --way rbac --part setup|verify|undo"),
        ("--for graph --way classic", "--style exchange --way rbac --part setup|verify|undo"),
        ("--for all --part setup", "--style exchange --part verify"),
        ("--for smtp --style manifest --part undo", "--style manifest --part setup"),
        ("--for hve --style graph --auth delegated", "(for an application by itself)"),
    ] {
        let ended = maker.make(words);
        ended.refused("--for", None);
        assert!(ended.err.contains(there_is), "{words}: {}", ended.err);
    }
    assert!(!maker.silent.heard());
}

#[test]
fn no_word_is_ignored_and_none_of_a_wrong_form_is_taken() {
    let maker = Maker::new("");
    for (words, flag) in [
        ("--prior x.txt", "--prior"),
        ("--connector-ip 203.0.113.9", "--connector-ip"),
        ("--for relay --part verify --connector-cert mail.contoso.com", "--connector-cert"),
        ("--hve-account hve@contoso.com", "--hve-account"),
        ("--part verify --display-name Scanner", "--display-name"),
        ("--auth delegated --display-name Scanner", "--display-name"),
        ("--style manifest --delegated-organization x.onmicrosoft.com", "--delegated-organization"),
        ("--for relay", "--connector-ip"),
        ("--for relay --connector-ip 2001:db8::1", "--connector-ip"),
        ("--for relay --connector-ip 203.0.113.0/23", "--connector-ip"),
        ("--for relay --connector-cert *", "--connector-cert"),
        ("--for relay --connector-ip 203.0.113.9 --connector-cert mail.contoso.com", "--connector-ip"),
    ] {
        if words.starts_with("--prior") {
            maker.home.write("x.txt", "{\"format\":1}");
            let file = maker.home.path("x.txt").display().to_string();
            maker.home.run(&["powershell", "--config", &maker.config, "--prior", &file]).refused(flag, None);
            continue;
        }
        maker.make(words).refused(flag, None);
    }
    assert!(!maker.silent.heard());
}

#[test]
fn values_that_a_script_does_not_need_are_not_asked_for() {
    let maker = Maker::bare();
    maker.make("").refused("--client-id", None);
    maker.make("--client-id 11111111-2222-3333-4444-555555555555").refused("--mailbox", None);
    for words in [
        "--style graph",
        "--style graph --auth delegated",
        "--style az --for graph",
        "--style manifest --for ews",
        "--for relay --part verify",
        "--for relay --connector-cert *.contoso.com",
        "--for relay --connector-ip 203.0.113.9 --connector-ip 198.51.100.0/25",
    ] {
        maker.make(words).ends(0);
    }
    maker.make("--style graph --part verify").refused("--client-id", None);
    maker.make("--for hve --client-id 11111111-2222-3333-4444-555555555555").refused("--hve-account", None);
    assert!(!maker.silent.heard());
}

#[test]
fn a_person_who_signs_in_needs_no_entry_in_exchange() {
    let maker = Maker::new("auth = 'delegated'");
    let script = maker.make("").ends(0).out;
    assert!(script.contains("Set-CASMailbox -Identity $Mailbox -SmtpClientAuthenticationDisabled $false"), "{script}");
    for cmdlet in ["New-ServicePrincipal", "Add-MailboxPermission", "$ObjectId ="] {
        assert!(!script.contains(cmdlet), "{cmdlet}");
    }
    let script = maker.make("--style graph").ends(0).out;
    assert!(script.contains("'00000002-0000-0ff1-ce00-000000000000 SMTP.Send'"), "{script}");
    assert!(script.contains("offline_access") && !script.contains("SendAsApp"), "{script}");
    assert!(!maker.silent.heard());
}

#[test]
fn what_is_not_in_the_script_is_said_beside_it() {
    let maker = Maker::new("");
    let manifest = maker.make("--style manifest --for ews").ends(0);
    let json: serde_json::Value = serde_json::from_str(&manifest.out).unwrap();
    assert_eq!(json["requiredResourceAccess"][0]["resourceAppId"], "00000002-0000-0ff1-ce00-000000000000");
    assert!(manifest.err.contains("Manifest") && manifest.err.contains("consent"), "{manifest:?}");
    let relay = maker.make("--for relay --connector-ip 192.168.1.9").ends(0);
    assert!(relay.err.contains("192.168.1.9") && relay.err.contains("private"), "{relay:?}");
    assert!(maker.make("--for relay --connector-ip 203.0.113.9").ends(0).err.is_empty());
    let partner = maker.make("--delegated-organization customer.onmicrosoft.com").ends(0).out;
    assert!(partner.contains("$DelegatedOrganization = 'customer.onmicrosoft.com'"), "{partner}");
    assert!(partner.contains("Connect-ExchangeOnline -DelegatedOrganization $DelegatedOrganization"), "{partner}");
}

#[test]
fn the_help_fits_a_terminal() {
    for form in ["-h", "--help"] {
        let help = Ended::of(Home::new().command(&["powershell", form]).env("COLUMNS", "80")).ends(0).out;
        assert!(help.contains("--way") && help.contains("rbac") && help.contains("--for"), "{help}");
        let wide: Vec<&str> = help.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{wide:?}");
    }
}

#[test]
fn a_state_of_a_connector_alone_is_read_and_judges_the_relay_alone() {
    let (home, lab) = (Home::new(), Lab::healthy());
    let state: serde_json::Value = serde_json::from_str(&lab.sandbox.exchange_state()).unwrap();
    let mut line = r#"{"format":1,"road":"relay","client_id":"","mailbox":"""#.to_owned();
    for key in ["kind", "time", "tenant", "connectors", "accepted_domains", "reject_direct_send", "unread"] {
        line.push_str(&format!(",\"{key}\":{}", state[key]));
    }
    line.push('}');
    let file = home.write("state.json", &line).display().to_string();
    let words =
        ["checkup", "--cloud", "sandbox", "--exchange-state", &file, "--roads", "smtp,relay", "--format", "json"];
    let ended = home.run(&words).ends(0);
    assert_eq!(ended.outcome("exchange.connector").0, "pass");
    let read = ended.json()["findings"].as_array().unwrap().iter().any(|f| f["check"] == "exchange.registered");
    assert!(!read, "the state does not tell of the application");
}

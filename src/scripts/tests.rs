//! The scripts are read back by a lexer: a value is a literal and nothing else, whatever it holds.

mod calls;
mod content;
mod literals;
mod tokens;

use std::collections::BTreeMap;

use super::{Need, Part, Refused, Style, Target, Values, Wanted, Way, fill, ps, script, sh};
use tokens::{Token, tokens};

const PARTS: [Part; 3] = [Part::Setup, Part::Verify, Part::Undo];
const CLIENT_ID: &str = "0f1e2d3c-1111-4222-8333-444455556666";
const OBJECT_ID: &str = "a1b2c3d4-5555-4666-8777-888899990000";
const PRIOR: &str =
    r#"{"format":1,"kind":"o365doctor.exchange-prior","mailbox":"alerts@contoso.test","full_access":false}"#;

/// The script of the road smtp, the classic way.
fn smtp(part: Part, values: &Values) -> Result<String, Refused> {
    let wanted = Wanted { target: Target::Smtp, style: Style::Exchange, part, way: Some(Way::Classic), person: false };
    script(&wanted, values)
}

fn values() -> Values {
    Values {
        environment: "O365Default".to_owned(),
        tenant: "contoso.test".to_owned(),
        client_id: CLIENT_ID.to_owned(),
        object_id: Some(OBJECT_ID.to_owned()),
        object_id_from: Some("the oid of an app-only token of this tenant".to_owned()),
        mailbox: "alerts@contoso.test".to_owned(),
        from: Some("news@contoso.test".to_owned()),
        display_name: "Scanner".to_owned(),
        prior: Some(PRIOR.to_owned()),
        account: Some("hve@contoso.test".to_owned()),
        delegated_organization: None,
        connector_ips: vec!["192.0.2.7".to_owned(), "198.51.100.0/24".to_owned()],
        connector_cert: None,
    }
}

const TARGETS: [Target; 8] =
    [Target::Smtp, Target::Imap, Target::Pop, Target::Graph, Target::Ews, Target::Relay, Target::Hve, Target::All];
const STYLES: [Style; 4] = [Style::Exchange, Style::Graph, Style::Az, Style::Manifest];
const WAYS: [Way; 3] = [Way::Classic, Way::Rbac, Way::Policy];

/// Everything that can be asked for.
fn asked() -> impl Iterator<Item = Wanted> {
    let of = |target| STYLES.into_iter().flat_map(move |style| PARTS.map(|part| (target, style, part)));
    let ways = |(target, style, part)| {
        WAYS.into_iter()
            .flat_map(move |way| [false, true].map(|person| Wanted { target, style, part, way: Some(way), person }))
    };
    TARGETS.into_iter().flat_map(of).flat_map(ways)
}

/// Every script that there is.
fn every() -> Vec<Wanted> {
    asked().filter(|wanted| wanted.needs().is_ok()).collect()
}

/// Every script in PowerShell.
fn in_powershell() -> Vec<Wanted> {
    every().into_iter().filter(|wanted| matches!(wanted.style, Style::Exchange | Style::Graph)).collect()
}

fn read_any(wanted: &Wanted, values: &Values) -> Vec<Token> {
    let script = script(wanted, values).unwrap_or_else(|refused| panic!("{wanted}: {refused}"));
    tokens(&script).unwrap_or_else(|wrong| panic!("{wanted}: {wrong}\n{script}"))
}

fn read(part: Part, values: &Values) -> Vec<Token> {
    let script = smtp(part, values).unwrap();
    tokens(&script).unwrap_or_else(|wrong| panic!("{part:?}: {wrong}\n{script}"))
}

/// The literal that a variable is set to at the top of a script.
fn assigned<'a>(tokens: &'a [Token], variable: &str) -> Option<&'a str> {
    tokens.windows(3).find_map(|three| match three {
        [Token::Variable(name), Token::Word(is), Token::Literal(value)] if name == variable && is == "=" => {
            Some(value.as_str())
        }
        _ => None,
    })
}

#[test]
fn words_of_a_shell() {
    assert_eq!(ps("o'brien").unwrap(), "'o''brien'");
    assert_eq!(
        ps("\u{2018}\u{2019}\u{201a}\u{201b}").unwrap(),
        "'\u{2018}\u{2018}\u{2019}\u{2019}\u{201a}\u{201a}\u{201b}\u{201b}'"
    );
    assert_eq!(ps("").unwrap(), "''");
    assert_eq!(sh("contoso.test").unwrap(), "contoso.test");
    assert_eq!(sh("a_b+c-d@contoso.test").unwrap(), "a_b+c-d@contoso.test");
    for quoted in ["", "-x", "@x", "~x", "x y", "a,b", "a=b", "%x%", "caf\u{e9}"] {
        assert_eq!(sh(quoted).unwrap(), format!("'{quoted}'"));
    }
    assert_eq!(sh("o'brien").unwrap(), r"'o'\''brien'");
}

#[test]
fn repairs_are_filled_and_name_what_is_missing() {
    let known = BTreeMap::from([("mailbox".to_owned(), "o'brien@x.test".to_owned())]);
    let repair =
        "{{ mailbox | ps }} {{ mailbox | sh }} {{ mailbox }}\n{{ domain | ps }} {{ domain | sh }} {{ domain }}\n";
    assert_eq!(
        fill(repair, &known).unwrap(),
        "'o''brien@x.test' 'o'\\''brien@x.test' o'brien@x.test\n'<domain>' '<domain>' <domain>\n"
    );
    let unused = BTreeMap::from([("mailbox".to_owned(), "\u{1b}[2J".to_owned())]);
    assert_eq!(fill("Nothing.", &unused).unwrap(), "Nothing.");
    for template in ["{{ mailbox | ps }}", "{{ mailbox | sh }}", "{{ mailbox }}"] {
        let refused = fill(template, &unused).unwrap_err();
        assert!(matches!(refused, Refused::Character { at: 0, character: '\u{1b}', .. }), "{refused}");
    }
    for wrong in ["{{ mailbox | upper }}", "{{ mailbox", "{% include 'exchange-setup.ps1' %}{% nothing %}"] {
        assert!(matches!(fill(wrong, &known), Err(Refused::Template(_))), "{wrong}");
    }
}

#[test]
fn values_of_the_wrong_form_are_refused() {
    let refused = |change: fn(&mut Values)| {
        let mut changed = values();
        change(&mut changed);
        smtp(Part::Undo, &changed).unwrap_err()
    };
    assert_eq!(
        refused(|v| v.client_id = "{0f1e2d3c-1111-4222-8333-444455556666}".to_owned()),
        Refused::NotAGuid { name: "the client id" }
    );
    assert_eq!(refused(|v| v.object_id = Some("x".to_owned())), Refused::NotAGuid { name: "the object id" });
    assert_eq!(refused(|v| v.environment = "O365Moon".to_owned()), Refused::Environment);
    assert_eq!(refused(|v| v.mailbox = " ".to_owned()), Refused::Empty { name: "the mailbox" });
    assert_eq!(refused(|v| v.prior = Some("Done.".to_owned())), Refused::Prior);
    assert_eq!(
        refused(|v| v.mailbox = "a\u{202e}b".to_owned()).to_string(),
        "the mailbox holds U+202E at byte 1: control characters and characters that change the reading direction have no place in a command; type the value anew"
    );
}

#[test]
fn the_state_before_survives_the_way_over_the_clipboard() {
    for copied in [
        PRIOR.to_owned(),
        format!("----- state before -----\r\n{PRIOR}\r\n----- end -----\r\n"),
        format!("{}\r\n{}", &PRIOR[..40], &PRIOR[40..]),
        format!("& {{ $x }}\n{PRIOR}\n"),
    ] {
        let undo = read(Part::Undo, &Values { prior: Some(copied), ..values() });
        assert_eq!(assigned(&undo, "PriorLine"), Some(PRIOR));
    }
    let undo = read(Part::Undo, &Values { prior: None, ..values() });
    assert_eq!(assigned(&undo, "PriorLine"), Some("PUT THE LINE HERE"));
}

#[test]
fn the_table_has_what_makes_sense_and_says_what_that_is() {
    let there = |target, style, part, way| Wanted { target, style, part, way, person: false }.needs().is_ok();
    for target in TARGETS {
        assert!(there(target, Style::Exchange, Part::Verify, None), "{target}");
        assert_eq!(there(target, Style::Exchange, Part::Setup, None), target != Target::All, "{target}");
        let with_token = !matches!(target, Target::Relay | Target::All);
        for style in [Style::Graph, Style::Az] {
            assert!(PARTS.iter().all(|part| there(target, style, *part, None) == with_token), "{target} {style}");
        }
        assert_eq!(there(target, Style::Manifest, Part::Setup, None), with_token, "{target}");
        assert!(!there(target, Style::Manifest, Part::Undo, None), "{target}");
        let rbac = matches!(target, Target::Smtp | Target::Graph | Target::Ews);
        assert_eq!(there(target, Style::Exchange, Part::Setup, Some(Way::Rbac)), rbac, "{target}");
    }
    // A person has no role of RBAC, and High Volume Email takes no person.
    for wanted in every().iter().filter(|wanted| wanted.person) {
        assert!(wanted.way() == Ok(Way::Classic) && wanted.target != Target::Hve, "{wanted}");
    }
    let relay = Wanted { target: Target::Relay, style: Style::Az, part: Part::Setup, way: None, person: false };
    let words = script(&relay, &values()).unwrap_err().to_string();
    assert!(
        words.contains("--for relay --style az") && words.contains("--style exchange --part setup|verify|undo"),
        "{words}"
    );
}

#[test]
fn a_script_without_what_it_needs_is_refused() {
    for wanted in every() {
        for need in wanted.needs().unwrap() {
            let mut without = values();
            let name = match need {
                Need::ClientId => {
                    without.client_id.clear();
                    "the client id"
                }
                Need::Mailbox => {
                    without.mailbox.clear();
                    "the mailbox"
                }
                Need::Account => {
                    without.account = None;
                    "the account"
                }
                Need::Connector => {
                    without.connector_ips.clear();
                    "the connector's address"
                }
            };
            assert_eq!(script(&wanted, &without), Err(Refused::Empty { name }), "{wanted}");
        }
    }
    for ip in ["2001:db8::1", "192.0.2.0/23", "192.0.2.0/33", "192.0.2.0/+4", "192.0.2", "192.0.2.1/", ""] {
        let wrong = Values { connector_ips: vec![ip.to_owned()], ..values() };
        assert!(smtp(Part::Setup, &wrong).is_err(), "{ip}");
    }
    for name in ["*", "contoso", "a b.test", "mail.*.test", "-a.test", "*.*.test"] {
        let wrong = Values { connector_cert: Some(name.to_owned()), ..values() };
        assert_eq!(smtp(Part::Setup, &wrong), Err(Refused::NoCertificateName), "{name}");
    }
}

#[test]
fn the_manifest_asks_for_the_road_and_nothing_else() {
    let of = |target, person| {
        let wanted = Wanted { target, style: Style::Manifest, part: Part::Setup, way: None, person };
        let json: serde_json::Value = serde_json::from_str(&script(&wanted, &values()).unwrap()).unwrap();
        json["requiredResourceAccess"].as_array().unwrap().clone()
    };
    // Microsoft Learn has this one: "Authenticate an EWS application by using OAuth".
    let ews = of(Target::Ews, false);
    assert_eq!(ews.len(), 1);
    assert_eq!(ews[0]["resourceAppId"], "00000002-0000-0ff1-ce00-000000000000");
    let id = "dc890d15-9560-4a4c-9b7f-a736ec74ec40";
    assert_eq!(ews[0]["resourceAccess"], serde_json::json!([{"id": id, "type": "Role"}]));
    let person = of(Target::Smtp, true);
    assert_eq!(person.len(), 2);
    assert!(person.iter().all(|resource| resource["resourceAccess"][0]["type"] == "Scope"));
}

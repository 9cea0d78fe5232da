//! The scripts are read back by a lexer: a value is a literal and nothing else, whatever it holds.

mod content;
mod literals;
mod tokens;

use std::collections::BTreeMap;

use super::{Part, Refused, Values, fill, ps, sh, smtp};
use tokens::{Token, tokens};

const PARTS: [Part; 3] = [Part::Setup, Part::Verify, Part::Undo];
const CLIENT_ID: &str = "0f1e2d3c-1111-4222-8333-444455556666";
const OBJECT_ID: &str = "a1b2c3d4-5555-4666-8777-888899990000";
const PRIOR: &str =
    r#"{"format":1,"kind":"o365doctor.exchange-prior","mailbox":"alerts@contoso.test","full_access":false}"#;

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
    }
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

//! Whatever a value holds, it comes out as a literal or not at all.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::{Part, Refused, Style, Values, Wanted, fill, ps, script, sh};
use super::tokens::{Token, tokens};
use super::{PARTS, assigned, every, read, read_any, smtp, values};

/// The script without what its literals say.
fn skeleton(tokens: &[Token]) -> Vec<Token> {
    let blank = |token: &Token| match token {
        Token::Literal(_) => Token::Literal(String::new()),
        other => other.clone(),
    };
    tokens.iter().map(blank).collect()
}

/// Every value set to `text`, where its form allows it, must change nothing but literals.
fn stays_a_literal(text: &str) -> Result<(), TestCaseError> {
    let hostile = Values {
        tenant: text.to_owned(),
        mailbox: text.to_owned(),
        from: Some(format!("x{text}")),
        display_name: text.to_owned(),
        object_id_from: Some(text.to_owned()),
        prior: Some(format!("{{\"format\":\"{text}\"}}")),
        ..values()
    };
    let mut harmless = values();
    if !text.is_ascii() {
        harmless.display_name = "caf\u{e9}".to_owned();
    }
    for part in PARTS {
        let read_back = read(part, &hostile);
        prop_assert_eq!(skeleton(&read_back), skeleton(&read(part, &harmless)));
        prop_assert_eq!(assigned(&read_back, "Mailbox"), Some(text));
        prop_assert_eq!(assigned(&read_back, "Tenant"), Some(text));
        if part == Part::Setup {
            prop_assert_eq!(assigned(&read_back, "DisplayName"), Some(text));
            prop_assert_eq!(assigned(&read_back, "ObjectIdFrom"), Some(text));
        }
        if part == Part::Undo {
            prop_assert_eq!(assigned(&read_back, "PriorLine"), hostile.prior.as_deref());
        } else {
            prop_assert_eq!(assigned(&read_back, "From"), hostile.from.as_deref());
        }
    }
    Ok(())
}

/// The same of any script, with every value that may be a free text.
fn stays_a_literal_in(wanted: &Wanted, text: &str) -> Result<(), TestCaseError> {
    let hostile = Values {
        tenant: text.to_owned(),
        mailbox: text.to_owned(),
        from: Some(format!("x{text}")),
        account: Some(text.to_owned()),
        display_name: text.to_owned(),
        delegated_organization: Some(text.to_owned()),
        object_id_from: Some(text.to_owned()),
        prior: Some(format!("{{\"format\":\"{text}\"}}")),
        ..values()
    };
    let mut harmless = Values { delegated_organization: Some("customer.test".to_owned()), ..values() };
    if !text.is_ascii() {
        harmless.display_name = "caf\u{e9}".to_owned();
    }
    match wanted.style {
        Style::Exchange | Style::Graph => {
            let read_back = read_any(wanted, &hostile);
            prop_assert_eq!(skeleton(&read_back), skeleton(&read_any(wanted, &harmless)));
        }
        Style::Az => prop_assert_eq!(unassigned(wanted, &hostile), unassigned(wanted, &harmless)),
        Style::Manifest => prop_assert_eq!(script(wanted, &hostile), script(wanted, &harmless)),
    }
    Ok(())
}

/// A script for bash without its assignments of values, each of which is a line with one word as `sh` makes it.
fn unassigned(wanted: &Wanted, values: &Values) -> String {
    let mut text = script(wanted, values).unwrap();
    let mut take = |name: &str, value: &str| {
        let line = format!("  {name}={}\n", sh(value).unwrap());
        if let Some(at) = text.find(&line) {
            text.replace_range(at..at + line.len(), "");
        }
    };
    take("tenant", &values.tenant);
    take("tenant", values.delegated_organization.as_deref().unwrap());
    take("display_name", &values.display_name);
    take("prior", values.prior.as_deref().unwrap());
    text
}

#[test]
fn hostile_values_stay_literals_in_every_script() {
    for text in HOSTILE {
        for wanted in every() {
            stays_a_literal_in(&wanted, text).unwrap_or_else(|wrong| panic!("{wanted}: {text}: {wrong}"));
        }
    }
}

#[test]
fn hostile_values_stay_literals() {
    for text in HOSTILE {
        stays_a_literal(text).unwrap_or_else(|wrong| panic!("{text}: {wrong}"));
    }
}

/// Values that a shell could take for something else.
const HOSTILE: [&str; 15] = [
    "o'brien@x.test",
    "x\u{2019}; y@x.test",
    "x\u{2018}; Remove-Mailbox y; \u{2018}@x.test",
    "x\u{201a}\u{201b}'@x.test",
    "'\u{2019}'\u{2018}'",
    "$(x)@x.test",
    "${env:x}@x.test",
    "a`b@x.test",
    "a\"; b@x.test",
    "} ; calc ; & { #",
    "x # y <# z #>@x.test",
    "{{ mailbox }}{% if x %}{# y #}@x.test",
    "@'",
    "'@",
    "m\u{fc}ller@x.test",
];

/// What means something to a shell, often; what is refused, seldom enough that much is not.
const ODD: &str = "'\u{2018}\u{2019}\u{201a}\u{201b}'\u{2018}\u{2019}\u{201a}\u{201b}\"\u{201c}\u{201d}\u{201e}`$(){}@#;|&<>%~!*?-\\ ab=\u{e9}";
const REFUSED: &str =
    "\0\t\r\n\u{1b}\u{7f}\u{85}\u{9b}\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}";

fn hostile() -> impl Strategy<Value = String> {
    let odd = prop::sample::select(ODD.chars().collect::<Vec<_>>());
    let refused = prop::sample::select(REFUSED.chars().collect::<Vec<_>>());
    let character = prop_oneof![30 => odd, 1 => refused, 3 => any::<char>()];
    prop::collection::vec(character, 0..12).prop_map(String::from_iter)
}

fn whose_character(refused: &Refused) -> Option<&'static str> {
    match refused {
        Refused::Character { name, .. } => *name,
        other => panic!("refused for another reason: {other}"),
    }
}

proptest! {
    #[test]
    fn a_value_is_refused_or_is_a_literal(text in hostile()) {
        match ps(&text) {
            Ok(word) => {
                prop_assert_eq!(tokens(&word).unwrap(), [Token::Literal(text.clone())]);
                if !text.trim().is_empty() {
                    stays_a_literal(&text)?;
                }
            }
            Err(refused) => {
                let named = Values { mailbox: text, ..values() };
                prop_assert_eq!(whose_character(&refused), None);
                if !named.mailbox.trim().is_empty() {
                    let refused = smtp(Part::Setup, &named).unwrap_err();
                    prop_assert_eq!(whose_character(&refused), Some("the mailbox"));
                }
            }
        }
    }

    #[test]
    fn a_value_is_a_literal_in_every_script(text in hostile(), which in any::<prop::sample::Index>()) {
        if ps(&text).is_ok() && !text.trim().is_empty() {
            let every = every();
            stays_a_literal_in(which.get(&every), &text)?;
        }
    }

    #[test]
    fn prose_never_passes_a_control_character(text in hostile()) {
        let named = BTreeMap::from([("mailbox".to_owned(), text.clone())]);
        match fill("To {{ mailbox }}.", &named) {
            Ok(filled) => {
                prop_assert!(!filled.chars().any(char::is_control));
                prop_assert_eq!(filled, format!("To {text}."));
            }
            Err(refused) => prop_assert_eq!(whose_character(&refused), None),
        }
    }
}

#[cfg(unix)]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn a_posix_shell_reads_the_value_back(text in hostile()) {
        if let Ok(word) = sh(&text) {
            let told = std::process::Command::new("/bin/sh").arg("-c").arg(format!("printf %s {word}")).output().unwrap();
            prop_assert_eq!(String::from_utf8(told.stdout).unwrap(), text);
        }
    }
}

#[test]
fn what_no_quoting_can_help_is_refused() {
    for character in REFUSED.chars() {
        let text = format!("ab{character}c");
        let refused = Refused::Character { name: None, at: 2, character };
        assert_eq!(ps(&text), Err(refused.clone()));
        assert_eq!(sh(&text), Err(refused));
    }
}

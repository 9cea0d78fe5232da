//! What the scripts do, in which order, and what they never do.

use std::collections::BTreeSet;

use super::super::engine::TEMPLATES;
use super::super::{PRIOR_KIND, Part, Style, Values, script};
use super::calls::cmdlets;
use super::tokens::Token;
use super::{OBJECT_ID, PRIOR, assigned, every, in_powershell, read, read_any, smtp, values};

#[test]
fn a_script_can_be_pasted_into_any_console() {
    for values in variants() {
        for wanted in every().into_iter().filter(|wanted| wanted.style != Style::Manifest) {
            let script = script(&wanted, &values).unwrap();
            let bash = wanted.style == Style::Az;
            // A blank line ends the input of a console without line editor, a tab completes.
            let body = script.strip_suffix(if bash { ")\n\n" } else { "}\n\n" }).unwrap();
            assert!(body.lines().all(|line| !line.trim().is_empty() && !line.contains('\t')), "{script}");
            assert!(script.is_ascii());
            // One block, so that a failure leaves nothing behind that would still run.
            if bash {
                let code: Vec<&str> = script.lines().filter(|line| !line.starts_with('#')).collect();
                assert_eq!((code[0], code[1]), ("(", "  set -euo pipefail"), "{wanted}");
                continue;
            }
            let code: Vec<Token> = read_any(&wanted, &values)
                .into_iter()
                .filter(|token| !matches!(token, Token::Comment(_) | Token::Mark('\n')))
                .collect();
            assert_eq!(code[..2], [Token::Word("&".to_owned()), Token::Mark('{')]);
            assert_eq!(closing(&code, 1), code.len() - 1);
        }
    }
}

fn closing(code: &[Token], open: usize) -> usize {
    let mut depth = 0;
    let ends = |token: &Token| {
        match token {
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => depth -= 1,
            _ => {}
        }
        depth == 0
    };
    open + code[open..].iter().position(ends).unwrap()
}

#[test]
fn letters_beyond_ascii_bring_a_guard_before_the_values() {
    for wanted in in_powershell() {
        let values = Values { prior: None, ..values() };
        let accented = Values { display_name: "caf\u{e9}".to_owned(), ..values.clone() };
        let text = script(&wanted, &accented).unwrap();
        let guard = text.find("-cne [string][char]252").unwrap();
        assert!(guard < text.find("$Environment =").unwrap());
        assert!(text[..guard].trim_end().ends_with("'\u{fc}'"));
        assert!(!script(&wanted, &values).unwrap().contains("252) { throw"));
    }
}

#[test]
fn templates_take_values_only_through_the_filter() {
    for (name, template) in TEMPLATES {
        assert!(template.is_ascii());
        let filter = if name.strip_suffix(".sh").is_some() { " | sh " } else { " | ps " };
        for line in template.lines().filter(|line| line.contains("{{")) {
            let mut before = String::new();
            for piece in line.split("{{").collect::<Vec<_>>().windows(2) {
                before.push_str(piece[0]);
                assert!(piece[1].split_once("}}").unwrap().0.ends_with(filter), "{name}: {line}");
                assert!(
                    !before.contains(['#', '\'']) && before.matches('"').count().is_multiple_of(2),
                    "{name}: {line}"
                );
            }
        }
    }
}

pub(super) fn variants() -> Vec<Values> {
    let mut made = Vec::new();
    for object_id in [None, Some(OBJECT_ID.to_owned())] {
        for from in [None, Some("news@contoso.test".to_owned())] {
            for prior in [None, Some(PRIOR.to_owned())] {
                let (object_id, from) = (object_id.clone(), from.clone());
                made.push(Values { object_id, from, prior, ..values() });
            }
        }
    }
    let partner = Some("customer.onmicrosoft.test".to_owned());
    made.push(Values { delegated_organization: partner, ..values() });
    let certificate = Some("*.contoso.test".to_owned());
    made.push(Values { connector_ips: Vec::new(), connector_cert: certificate, ..values() });
    made
}

#[test]
fn send_as_is_given_only_where_from_differs() {
    let given = |from: Option<&str>| {
        let values = Values { from: from.map(str::to_owned), ..values() };
        cmdlets(&read(Part::Setup, &values)).contains("Add-RecipientPermission")
    };
    assert!(given(Some("news@contoso.test")));
    assert!(!given(Some("Alerts@Contoso.Test")));
    assert!(!given(None));
}

#[test]
fn without_an_object_id_setup_stops_before_it_signs_in() {
    let values = Values { object_id: None, object_id_from: None, ..values() };
    assert_eq!(assigned(&read(Part::Setup, &values), "ObjectId"), Some(""));
    let script = smtp(Part::Setup, &values).unwrap();
    let place = |text: &str| script.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(place("$ObjectId = ''") < place("az ad sp show --id $ClientId --query id -o tsv"));
    assert!(place("Get-MgServicePrincipal -Filter") < place("throw 'Nothing was changed: $ObjectId is empty.'"));
    assert!(place("throw 'Nothing was changed: $ObjectId is empty.'") < place("Connect-ExchangeOnline -"));
}

#[test]
fn setup_works_in_the_documented_order() {
    let script = smtp(Part::Setup, &values()).unwrap();
    let steps = [
        "Install-Module -Name ExchangeOnlineManagement",
        "Connect-ExchangeOnline -ExchangeEnvironmentName $Environment",
        "Remove-ServicePrincipal -Identity '$Wrong'",
        "ConvertTo-Json -InputObject $Prior",
        "New-ServicePrincipal -AppId $ClientId -ObjectId $ObjectId",
        "Add-MailboxPermission -Identity $Mailbox -User $Application -AccessRights FullAccess",
        "Add-RecipientPermission -Identity $From -Trustee $Application -AccessRights SendAs",
        "Set-CASMailbox -Identity $Mailbox -SmtpClientAuthenticationDisabled $false",
    ];
    let places: Vec<usize> = steps.iter().map(|step| script.find(step).unwrap_or_else(|| panic!("{step}"))).collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn undo_reads_only_what_setup_wrote() {
    for undo in in_powershell().into_iter().filter(|wanted| wanted.part == Part::Undo) {
        let setup = script(&super::super::Wanted { part: Part::Setup, ..undo }, &values()).unwrap();
        let object =
            setup.split_once("$Prior = [pscustomobject][ordered]@{").unwrap().1.split_once("\n    }\n").unwrap().0;
        let written: BTreeSet<&str> =
            object.lines().filter_map(|line| line.trim().split_once(" = ")).map(|(key, _)| key).collect();
        let text = script(&undo, &values()).unwrap();
        let used = |c: char| !c.is_ascii_alphanumeric() && c != '_';
        let read: BTreeSet<&str> = text.split("$Prior.").skip(1).map(|rest| rest.split(used).next().unwrap()).collect();
        assert!(read.is_subset(&written), "{undo}: {read:?} {written:?}");
    }
    let (setup, undo) = (smtp(Part::Setup, &values()).unwrap(), smtp(Part::Undo, &values()).unwrap());
    assert!(setup.contains(&format!("kind = '{PRIOR_KIND}'")) && undo.contains(&format!("-ne '{PRIOR_KIND}'")));
}

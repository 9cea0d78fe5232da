//! What the scripts do, in which order, and what they never do.

use std::collections::BTreeSet;

use super::super::{PRIOR_KIND, Part, Values, smtp};
use super::tokens::Token;
use super::{OBJECT_ID, PARTS, PRIOR, assigned, read, values};

/// What the parts may call. Exchange cmdlets first, because of a rule of their own.
const EXCHANGE_READS: [&str; 11] = [
    "Connect-ExchangeOnline",
    "Get-AcceptedDomain",
    "Get-CASMailbox",
    "Get-ConnectionInformation",
    "Get-Mailbox",
    "Get-MailboxPermission",
    "Get-Recipient",
    "Get-RecipientPermission",
    "Get-ServicePrincipal",
    "Get-TransportConfig",
    "Test-ServicePrincipalAuthorization",
];
const EXCHANGE_WRITES: [&str; 7] = [
    "Add-MailboxPermission",
    "Add-RecipientPermission",
    "New-ServicePrincipal",
    "Remove-MailboxPermission",
    "Remove-RecipientPermission",
    "Remove-ServicePrincipal",
    "Set-CASMailbox",
];
const LOCAL: [&str; 13] = [
    "ConvertFrom-Json",
    "ConvertTo-Json",
    "ForEach-Object",
    "Get-Module",
    "Import-Module",
    "Out-Null",
    "Set-StrictMode",
    "Sort-Object",
    "Start-Sleep",
    "Where-Object",
    "Write-Host",
    "Write-Output",
    "Write-Warning",
];

#[test]
fn a_script_can_be_pasted_into_any_console() {
    for values in variants() {
        for part in PARTS {
            let script = smtp(part, &values).unwrap();
            // A blank line ends the input of a console without line editor, a tab completes.
            let body = script.strip_suffix("}\n\n").unwrap();
            assert!(body.lines().all(|line| !line.trim().is_empty() && !line.contains('\t')), "{script}");
            assert!(script.is_ascii());
            // One block, so that a failure leaves nothing behind that would still run.
            let code: Vec<Token> = read(part, &values)
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
    for part in PARTS {
        let script = smtp(part, &Values { display_name: "caf\u{e9}".to_owned(), prior: None, ..values() }).unwrap();
        let guard = script.find("-cne [string][char]252").unwrap();
        assert!(guard < script.find("$Environment =").unwrap());
        assert!(script[..guard].trim_end().ends_with("'\u{fc}'"));
        assert!(!smtp(part, &values()).unwrap().contains("252) { throw"));
    }
}

#[test]
fn templates_take_values_only_through_the_filter() {
    for template in [
        include_str!("../exchange-common.ps1"),
        include_str!("../exchange-setup.ps1"),
        include_str!("../exchange-verify.ps1"),
        include_str!("../exchange-undo.ps1"),
    ] {
        assert!(template.is_ascii());
        for line in template.lines().filter(|line| line.contains("{{")) {
            let (before, after) = line.split_once("{{").unwrap();
            assert!(after.split_once("}}").unwrap().0.ends_with(" | ps "), "{line}");
            assert!(!before.contains(['#', '"', '\'']), "{line}");
        }
    }
}

fn variants() -> Vec<Values> {
    let mut made = Vec::new();
    for object_id in [None, Some(OBJECT_ID.to_owned())] {
        for from in [None, Some("news@contoso.test".to_owned())] {
            for prior in [None, Some(PRIOR.to_owned())] {
                let (object_id, from) = (object_id.clone(), from.clone());
                made.push(Values { object_id, from, prior, ..values() });
            }
        }
    }
    made
}

/// The bare words of a script that have the form of a cmdlet.
fn cmdlets(tokens: &[Token]) -> BTreeSet<&str> {
    let is_cmdlet = |word: &str| word.starts_with(|c: char| c.is_ascii_uppercase()) && word.contains('-');
    tokens
        .iter()
        .filter_map(|token| match token {
            Token::Word(word) if is_cmdlet(word) => Some(word.as_str()),
            _ => None,
        })
        .collect()
}

#[test]
fn each_part_calls_only_what_it_may() {
    for values in variants() {
        for part in PARTS {
            let read = read(part, &values);
            let own: BTreeSet<&str> = read
                .windows(2)
                .filter_map(|two| match two {
                    [Token::Word(word), Token::Word(name)] if word == "function" => Some(name.as_str()),
                    _ => None,
                })
                .collect();
            let mut allowed: BTreeSet<&str> = EXCHANGE_READS.into_iter().chain(LOCAL).collect();
            allowed.extend(match part {
                Part::Setup => {
                    &["Add-MailboxPermission", "Add-RecipientPermission", "New-ServicePrincipal", "Set-CASMailbox"][..]
                }
                Part::Verify => &[],
                Part::Undo => &[
                    "Remove-MailboxPermission",
                    "Remove-RecipientPermission",
                    "Remove-ServicePrincipal",
                    "Set-CASMailbox",
                ],
            });
            let called = cmdlets(&read);
            let foreign: Vec<_> =
                called.iter().filter(|name| !allowed.contains(*name) && !own.contains(*name)).collect();
            assert!(foreign.is_empty(), "{part:?} calls {foreign:?}");
        }
    }
}

#[test]
fn every_exchange_cmdlet_says_what_an_error_does() {
    // They are functions of a module and do not see the preference of the calling scope.
    for part in PARTS {
        let script = smtp(part, &values()).unwrap();
        for line in script.lines().filter(|line| {
            !line.trim_start().starts_with(['#']) && !line.contains("Write-Host") && !line.contains("throw")
        }) {
            let calls = |name: &&str| line.split([' ', '(']).any(|word| word == *name);
            if EXCHANGE_READS.iter().chain(&EXCHANGE_WRITES).any(calls) {
                assert!(line.contains("-ErrorAction "), "{line}");
            }
        }
    }
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
    let setup = smtp(Part::Setup, &values()).unwrap();
    let object = setup.split_once("$Prior = [pscustomobject][ordered]@{").unwrap().1.split_once("\n    }\n").unwrap().0;
    let written: BTreeSet<&str> =
        object.lines().filter_map(|line| line.trim().split_once(" = ")).map(|(key, _)| key).collect();
    let undo = smtp(Part::Undo, &values()).unwrap();
    let used = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let read: BTreeSet<&str> = undo.split("$Prior.").skip(1).map(|rest| rest.split(used).next().unwrap()).collect();
    assert!(read.is_subset(&written), "{read:?} {written:?}");
    assert!(setup.contains(&format!("kind = '{PRIOR_KIND}'")) && undo.contains(&format!("-ne '{PRIOR_KIND}'")));
}

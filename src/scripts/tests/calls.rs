//! What the scripts call, and what they never do.

use std::collections::BTreeSet;

use super::super::{Part, Style, Target, Way, script};
use super::content::variants;
use super::tokens::Token;
use super::{every, in_powershell, read_any, values};

/// What the parts may call. Exchange cmdlets first, because of a rule of their own.
const EXCHANGE_READS: [&str; 19] = [
    "Connect-ExchangeOnline",
    "Get-AcceptedDomain",
    "Get-ApplicationAccessPolicy",
    "Get-CASMailbox",
    "Get-ConnectionInformation",
    "Get-HVEAccountSettings",
    "Get-InboundConnector",
    "Get-Mailbox",
    "Get-MailboxPermission",
    "Get-MailUser",
    "Get-ManagementRoleAssignment",
    "Get-ManagementScope",
    "Get-OrganizationConfig",
    "Get-Recipient",
    "Get-RecipientPermission",
    "Get-ServicePrincipal",
    "Get-TransportConfig",
    "Test-ApplicationAccessPolicy",
    "Test-ServicePrincipalAuthorization",
];
const EXCHANGE_SETS: [&str; 11] = [
    "Add-HVEAppAccess",
    "Add-MailboxPermission",
    "Add-RecipientPermission",
    "New-ApplicationAccessPolicy",
    "New-InboundConnector",
    "New-MailUser",
    "New-ManagementRoleAssignment",
    "New-ManagementScope",
    "New-ServicePrincipal",
    "Set-CASMailbox",
    "Set-OrganizationConfig",
];
const EXCHANGE_TAKES_BACK: [&str; 11] = [
    "Remove-ApplicationAccessPolicy",
    "Remove-HVEAppAccess",
    "Remove-InboundConnector",
    "Remove-MailboxPermission",
    "Remove-MailUser",
    "Remove-ManagementRoleAssignment",
    "Remove-ManagementScope",
    "Remove-RecipientPermission",
    "Remove-ServicePrincipal",
    "Set-CASMailbox",
    "Set-OrganizationConfig",
];
const LOCAL: [&str; 18] = [
    "Add-Member",
    "Connect-MgGraph",
    "ConvertFrom-Json",
    "ConvertTo-Json",
    "ForEach-Object",
    "Get-Module",
    "Group-Object",
    "Import-Module",
    "Invoke-MgGraphRequest",
    "New-Object",
    "Out-Null",
    "Set-StrictMode",
    "Sort-Object",
    "Start-Sleep",
    "Where-Object",
    "Write-Host",
    "Write-Output",
    "Write-Warning",
];

/// The bare words of a script that have the form of a cmdlet.
pub(super) fn cmdlets(tokens: &[Token]) -> BTreeSet<&str> {
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
        for wanted in in_powershell() {
            let read = read_any(&wanted, &values);
            let own: BTreeSet<&str> = read
                .windows(2)
                .filter_map(|two| match two {
                    [Token::Word(word), Token::Word(name)] if word == "function" => Some(name.as_str()),
                    _ => None,
                })
                .collect();
            let mut allowed: BTreeSet<&str> = EXCHANGE_READS.into_iter().chain(LOCAL).collect();
            allowed.extend(match wanted.part {
                Part::Setup => &EXCHANGE_SETS[..],
                Part::Verify => &[],
                Part::Undo => &EXCHANGE_TAKES_BACK[..],
            });
            let called = cmdlets(&read);
            let foreign: Vec<_> =
                called.iter().filter(|name| !allowed.contains(*name) && !own.contains(*name)).collect();
            assert!(foreign.is_empty(), "{wanted} calls {foreign:?}");
        }
    }
}

/// Methods other than GET that a script sends to Graph.
fn writes_to_graph(text: &str) -> usize {
    let said = |method: &str| text.contains(&format!("'{method}'")) || text.contains(&format!("graph_call {method} "));
    ["POST", "PATCH", "DELETE", "PUT"].into_iter().filter(|method| said(method)).count()
}

#[test]
fn a_verifying_script_changes_nothing() {
    for wanted in every() {
        let text = script(&wanted, &values()).unwrap();
        let entra = matches!(wanted.style, Style::Graph | Style::Az);
        let changes = writes_to_graph(&text);
        assert_eq!(changes > 0, entra && wanted.part != Part::Verify, "{wanted}");
    }
}

#[test]
fn every_exchange_cmdlet_says_what_an_error_does() {
    // They are functions of a module and do not see the preference of the calling scope.
    for wanted in in_powershell() {
        let text = script(&wanted, &values()).unwrap();
        for line in text.lines().filter(|line| {
            !line.trim_start().starts_with(['#']) && !line.contains("Write-Host") && !line.contains("throw")
        }) {
            let calls = |name: &&str| line.split([' ', '(']).any(|word| word == *name);
            if EXCHANGE_READS.iter().chain(&EXCHANGE_SETS).chain(&EXCHANGE_TAKES_BACK).any(calls) {
                assert!(line.contains("-ErrorAction "), "{line}");
            }
        }
    }
}

#[test]
fn the_ways_of_an_application_do_not_mix() {
    for wanted in in_powershell().into_iter().filter(|wanted| wanted.part == Part::Setup) {
        let read = read_any(&wanted, &values());
        let called = cmdlets(&read);
        let full_access = called.contains("Add-MailboxPermission");
        let role = called.contains("New-ManagementRoleAssignment");
        let by_mailbox = matches!(wanted.target, Target::Smtp | Target::Imap | Target::Pop);
        let exchange = wanted.style == Style::Exchange;
        let classic = exchange && wanted.way() == Ok(Way::Classic);
        assert_eq!(full_access, classic && by_mailbox && !wanted.person, "{wanted}");
        assert_eq!(role, exchange && wanted.way() == Ok(Way::Rbac), "{wanted}");
        assert_eq!(called.contains("New-ServicePrincipal"), full_access || role, "{wanted}");
        let settings = called.contains("Set-OrganizationConfig");
        assert_eq!(settings, exchange && wanted.target == Target::Ews && wanted.way() != Ok(Way::Policy), "{wanted}");
    }
}

#[test]
fn no_secret_is_ever_reset() {
    for wanted in every() {
        let text = script(&wanted, &values()).unwrap();
        for line in text.lines().filter(|line| line.contains("credential reset")) {
            assert!(line.contains("credential reset --append "), "{line}");
        }
        assert!(!text.contains("admin-consent"), "{wanted}: that would consent to everything that was ever asked for");
    }
}

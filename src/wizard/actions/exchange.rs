//! Exchange's part, the connector and the domain's records.
//!
//! Sources: Microsoft Learn, "Authenticate an IMAP, POP or SMTP connection using OAuth", New-ServicePrincipal,
//! Add-MailboxPermission, Set-CASMailbox, New-InboundConnector, Add-HVEAppAccess; microsoft-facts H. Checked 2026-11-27.

use super::{About, Block, Style};
use crate::road::Road;
use crate::wizard::steps::Kind;

const CONNECT: &str = "Connect-ExchangeOnline -ExchangeEnvironmentName {{ environment }}\n";

pub(super) fn service_principal() -> Vec<Block> {
    vec![
        Block::Code(
            "powershell",
            format!(
                "{CONNECT}New-ServicePrincipal -AppId {{{{ client_id | ps }}}} `\n  \
                 -ObjectId {{{{ object_id | ps }}}} `\n  -DisplayName {{{{ name | ps }}}}\n"
            ),
        ),
        Block::text(
            "The object id is that of the enterprise application, which the application's own token shows as oid; the \
             one of the app registration is taken without a word and never works.",
        ),
    ]
}

pub(super) fn right(about: &About<'_>) -> Vec<Block> {
    let from = about.setup.from.as_ref().filter(|from| about.setup.mailbox.as_ref() != Some(from));
    let (find, who) = match about.kind {
        Kind::Person { .. } => ("$who = {{ account | ps }}\n", "$who"),
        _ => ("$app = Get-ServicePrincipal |\n  Where-Object AppId -EQ {{ client_id | ps }}\n", "$app.Identity"),
    };
    let mut code = format!(
        "{CONNECT}{find}Add-MailboxPermission -Identity {{{{ mailbox | ps }}}} `\n  \
         -User {who} -AccessRights FullAccess -AutoMapping $false\n"
    );
    if from.is_some() || matches!(about.kind, Kind::Person { .. }) {
        code.push_str(&format!(
            "Add-RecipientPermission -Identity {{{{ from | ps }}}} `\n  -Trustee {who} -AccessRights SendAs\n"
        ));
    }
    vec![
        Block::Code("powershell", code),
        Block::text("Full Access lets it also read that mailbox; a mailbox of its own keeps this small."),
    ]
}

pub(super) fn switch(about: &About<'_>) -> Vec<Block> {
    let on = |road| about.setup.roads.contains(&road);
    let mut blocks = Vec::new();
    if on(Road::Smtp) && about.style == Style::Portal {
        blocks.push(Block::text(
            "Microsoft 365 admin center, Active users, the mailbox, Mail, Manage email apps: Authenticated SMTP on. Or:",
        ));
    }
    let switches = [
        (Road::Smtp, "-SmtpClientAuthenticationDisabled $false"),
        (Road::Imap, "-ImapEnabled $true"),
        (Road::Pop, "-PopEnabled $true"),
        (Road::Ews, "-EwsEnabled $true"),
    ];
    let wanted = switches.iter().filter(|(road, _)| on(*road));
    let lines: String =
        wanted.map(|(_, switch)| format!("Set-CASMailbox -Identity {{{{ mailbox | ps }}}} `\n  {switch}\n")).collect();
    blocks.push(Block::Code("powershell", format!("{CONNECT}{lines}")));
    if on(Road::Smtp) {
        blocks.push(Block::text(
            "The mailbox's own word wins over the organization's, so the organization's switch may stay off. It blocks \
             OAuth as well as passwords.",
        ));
    }
    if on(Road::Ews) {
        blocks.push(Block::text(
            "EWS also wants the organization's switch on and the application on its list. The command replaces the whole \
             list, so read it first:",
        ));
        blocks.push(Block::ps(
            "Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy |\n  Format-List EwsEnabled, EwsAllowedAppIDs\n\
             Set-OrganizationConfig -EwsEnabled $true `\n  \
             -EwsAllowedAppIDs 'IDS THAT WERE THERE,{{ client_id }}'\n",
        ));
    }
    blocks
}

pub(super) fn high_volume() -> Vec<Block> {
    vec![
        Block::Code(
            "powershell",
            format!("{CONNECT}Add-HVEAppAccess -Identity {{{{ hve | ps }}}} `\n  -AppIds {{{{ object_id | ps }}}}\n"),
        ),
        Block::text("AppIds takes the object id of the enterprise application; a client id is refused."),
    ]
}

pub(super) fn connector(about: &About<'_>) -> Vec<Block> {
    let portal = Block::list(&[
        "Exchange admin center, Mail flow, Connectors, Add a connector.",
        "From: Your organization's email server. To: Office 365.",
        "Identify it by the public IPv4 address of this host, or by its certificate.",
    ]);
    let script = Block::Code(
        "powershell",
        format!(
            "{CONNECT}New-InboundConnector -Name 'Application host' `\n  \
             -ConnectorType OnPremises -SenderDomains '*' `\n  -SenderIPAddresses {{{{ address | ps }}}}\n"
        ),
    );
    let end = Block::text(
        "The address is the one that Microsoft sees (behind NAT that of the gateway), not one of the local network. The \
         sender's domain must be an accepted domain of the tenant.",
    );
    if about.style == Style::Portal { vec![portal, end] } else { vec![script, end] }
}

pub(super) fn records(about: &About<'_>) -> Vec<Block> {
    let own = about.setup.roads.iter().any(|road| road.is_port_25());
    let record =
        if own { "v=spf1 ip4:ADDRESS include:{{ spf_include }} -all" } else { "v=spf1 include:{{ spf_include }} -all" };
    let mut blocks = vec![
        Block::text(
            "One TXT record at {{ domain }} that begins with v=spf1; join what is there into it, never add a second:",
        ),
        Block::Code("text", format!("{record}\n")),
    ];
    if own {
        blocks.push(Block::text(
            "ADDRESS is this host's public one. Its PTR record should name the host that it greets with (--helo).",
        ));
    }
    blocks
}

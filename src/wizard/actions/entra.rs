//! The directory's part: registration, permission, credential, consent, and how each is taken back.
//!
//! Sources: Microsoft Learn, "Register an application", "Grant tenant-wide admin consent", "az ad app", "az ad sp",
//! Microsoft Graph PowerShell reference; microsoft-facts B.7, B.8, C, H.8, H.9. Checked 2026-11-27. Ids of permissions are
//! looked up by their names, never taken from a table.

use super::{About, Block, Style};
use crate::wizard::steps::Kind;

fn person(about: &About<'_>) -> bool {
    matches!(about.kind, Kind::Person { .. })
}

pub(super) fn registration(about: &About<'_>) -> Vec<Block> {
    match (about.style, person(about)) {
        (Style::Portal, false) => vec![
            Block::list(&[
                "Open entra.microsoft.com, App registrations, New registration.",
                "Name it \"{{ name }}\"; accounts: this organizational directory only.",
                "Redirect URI: Web, https://localhost (the consent link ends there). Register.",
                "Copy \"Application (client) ID\" from its overview.",
            ]),
            Block::text(
                "Its Object ID on that page is of no use here; Exchange wants the one under Enterprise applications.",
            ),
        ],
        (Style::Portal, true) => vec![Block::list(&[
            "Open entra.microsoft.com, App registrations, New registration.",
            "Name it \"{{ name }}\"; accounts: as signInAudience {{ audience }} says.",
            "Authentication, Add a platform, Mobile and desktop applications: http://localhost and {{ native }}",
            "The same page: \"Allow public client flows\" Yes, if somebody signs in by a device code.",
            "Copy \"Application (client) ID\" from its overview. It needs no secret.",
        ])],
        (Style::Az, false) => vec![Block::sh(
            "az login --allow-no-subscriptions \\\n  --tenant {{ tenant | sh }}\n\
             id=$(az ad app create --display-name {{ name | sh }} \\\n  \
             --sign-in-audience AzureADMyOrg --query appId -o tsv \\\n  \
             --web-redirect-uris https://localhost)\n\
             az ad sp create --id \"$id\"\necho \"client id: $id\"\n",
        )],
        (Style::Az, true) => vec![Block::sh(
            "az login --allow-no-subscriptions \\\n  --tenant {{ tenant | sh }}\n\
             id=$(az ad app create --display-name {{ name | sh }} \\\n  \
             --sign-in-audience {{ audience }} --query appId -o tsv \\\n  \
             --is-fallback-public-client true \\\n  \
             --public-client-redirect-uris http://localhost \\\n    {{ native | sh }})\n\
             az ad sp create --id \"$id\"\necho \"client id: $id\"\n",
        )],
        (Style::Graph, false) => vec![Block::ps(
            "Connect-MgGraph -TenantId {{ tenant | ps }} `\n  -Scopes 'Application.ReadWrite.All'\n\
             $app = New-MgApplication -DisplayName {{ name | ps }} `\n  \
             -SignInAudience AzureADMyOrg `\n  -Web @{ RedirectUris = @('https://localhost') }\n\
             New-MgServicePrincipal -AppId $app.AppId\n$app.AppId\n",
        )],
        (Style::Graph, true) => vec![Block::ps(
            "Connect-MgGraph -TenantId {{ tenant | ps }} `\n  -Scopes 'Application.ReadWrite.All'\n\
             $uris = @('http://localhost',\n  {{ native | ps }})\n\
             $app = New-MgApplication -DisplayName {{ name | ps }} `\n  \
             -SignInAudience {{ audience }} -IsFallbackPublicClient `\n  -PublicClient @{ RedirectUris = $uris }\n\
             New-MgServicePrincipal -AppId $app.AppId\n$app.AppId\n",
        )],
    }
}

pub(super) fn permission(about: &About<'_>) -> Vec<Block> {
    match (about.style, person(about)) {
        (Style::Portal, of_person) => vec![
            Block::list(&[
                "The registration, API permissions, Add a permission, {{ api_name }} (it may stand under \"APIs my \
                 organization uses\").",
                if of_person {
                    "Delegated permissions: {{ rights }}, offline_access. Add."
                } else {
                    "Application permissions: {{ rights }}. Add."
                },
            ]),
            Block::text("Nothing more is needed. User.Read, which the portal adds by itself, may go."),
        ],
        (Style::Az, false) => vec![
            Block::sh(
                "api={{ api }}\nfor right in {{ rights_sh }}; do\n  \
                 role=$(az ad sp show --id $api -o tsv \\\n    --query \"appRoles[?value=='$right'].id\")\n  \
                 az ad app permission add --id {{ client_id | sh }} \\\n    \
                 --api $api --api-permissions \"$role=Role\"\ndone\n",
            ),
            Block::text("This asks for the permission; consent is the next step."),
        ],
        (Style::Az, true) => vec![Block::sh(
            "api={{ api }}\nfor right in {{ rights_sh }}; do\n  \
             scope=$(az ad sp show --id $api -o tsv \\\n    --query \"oauth2PermissionScopes[?value=='$right'].id\")\n  \
             az ad app permission add --id {{ client_id | sh }} \\\n    \
             --api $api --api-permissions \"$scope=Scope\"\ndone\n",
        )],
        (Style::Graph, of_person) => {
            let (list, kind) = if of_person { ("Oauth2PermissionScopes", "Scope") } else { ("AppRoles", "Role") };
            vec![Block::Code(
                "powershell",
                format!(
                    "$id = {{{{ client_id | ps }}}}\n$rights = {{{{ rights_ps }}}}\n\
                     $app = Get-MgApplication -Filter \"appId eq '$id'\"\n\
                     $api = Get-MgServicePrincipal `\n  -Filter \"appId eq '{{{{ api }}}}'\"\n\
                     $found = $api.{list} | Where-Object Value -in $rights\n\
                     $ask = @($found | ForEach-Object {{ @{{ Id = $_.Id; Type = '{kind}' }} }})\n\
                     $all = @($app.RequiredResourceAccess) +\n  \
                     @{{ ResourceAppId = $api.AppId; ResourceAccess = $ask }}\n\
                     Update-MgApplication -ApplicationId $app.Id -RequiredResourceAccess $all\n"
                ),
            )]
        }
    }
}

pub(super) fn consent(about: &About<'_>) -> Vec<Block> {
    let mut blocks = match about.style {
        _ if about.kind == Kind::Machine => vec![assignment("<principal of the identity>")],
        Style::Portal => vec![Block::list(&[
            "The registration, API permissions, \"Grant admin consent for\" the organization.",
            "The row of {{ rights }} then shows a green mark.",
        ])],
        Style::Az => vec![Block::sh("az ad app permission admin-consent --id {{ client_id | sh }}\n")],
        Style::Graph => vec![assignment("")],
    };
    if about.consent_link.is_some() && about.kind == Kind::Application {
        blocks.push(Block::text(
            "Or the administrator opens this link, and sends back the address that the browser ends at:",
        ));
        blocks.push(Block::Code("link", "{{ consent_link }}\n".to_owned()));
    }
    blocks.push(Block::text(
        "Least role: Cloud Application Administrator for {{ api_name }}; application permissions of Microsoft Graph want \
         a Privileged Role Administrator.",
    ));
    if super::rights(about).0 == crate::road::Resource::Graph && !person(about) {
        blocks.push(Block::text(
            "Mail.Send reaches every mailbox. To keep it to one, do not consent: let Exchange grant the role \
             \"Application Mail.Send\" with a scope (RBAC for Applications), and go on here. Both grants add up.",
        ));
    }
    blocks
}

/// The assignment of a role is the consent, for a service principal that has no registration too.
fn assignment(principal: &str) -> Block {
    let find = if principal.is_empty() {
        "$id = {{ client_id | ps }}\n$sp = Get-MgServicePrincipal -Filter \"appId eq '$id'\"\n".to_owned()
    } else {
        format!("$sp = Get-MgServicePrincipal -ServicePrincipalId '{principal}'\n")
    };
    let rest = "$api = Get-MgServicePrincipal `\n  -Filter \"appId eq '{{ api }}'\"\n\
                foreach ($right in {{ rights_ps }}) {\n  \
                $role = $api.AppRoles | Where-Object Value -eq $right\n  \
                New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $sp.Id `\n    \
                -PrincipalId $sp.Id -ResourceId $api.Id -AppRoleId $role.Id\n}\n";
    let scopes = "'Application.Read.All', 'AppRoleAssignment.ReadWrite.All'";
    Block::Code(
        "powershell",
        format!("Connect-MgGraph -TenantId {{{{ tenant | ps }}}} `\n  -Scopes {scopes}\n{find}{rest}"),
    )
}

pub(super) fn sign_in(about: &About<'_>) -> Vec<Block> {
    let setup = about.setup;
    let mut code = "o365doctor login --tenant {{ tenant | sh }} \\\n  --client-id {{ client_id | sh }}".to_owned();
    for (known, words) in [
        (setup.cloud.name != "worldwide", "--cloud {{ cloud | sh }}"),
        (setup.account().is_some(), "--account {{ account | sh }}"),
        (true, "--roads {{ roads }}"),
    ] {
        if known {
            code.push_str(&format!(" \\\n  {words}"));
        }
    }
    vec![
        Block::text(
            "The person signs in on a page of the login service and agrees to {{ rights }} and offline_access. What \
             that leaves behind is kept on this computer for its owner alone. Apart from this walk:",
        ),
        Block::Code("sh", code + "\n"),
    ]
}

/// How consent is taken back.
pub(super) fn revoke(about: &About<'_>) -> Vec<Block> {
    if person(about) {
        return vec![Block::list(&[
            "The person: myapplications.microsoft.com, the application, Manage your application, Revoke permissions; \
                 for a personal account account.microsoft.com, Privacy, App access.",
            "An administrator, for all: Enterprise applications, the application, Permissions, Review permissions; or \
                 Remove-MgOauth2PermissionGrant.",
            "On this computer: o365doctor logout takes the kept sign-in away.",
        ])];
    }
    vec![
        Block::text(
            "The role assignment is the consent; taking it away ends it, and tokens that are out end within hours.",
        ),
        Block::ps(
            "$id = {{ client_id | ps }}\n$sp = Get-MgServicePrincipal -Filter \"appId eq '$id'\"\n\
             Get-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $sp.Id |\n  \
             ForEach-Object { Remove-MgServicePrincipalAppRoleAssignment `\n    \
             -ServicePrincipalId $sp.Id -AppRoleAssignmentId $_.Id }\n",
        ),
    ]
}

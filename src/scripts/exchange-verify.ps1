# o365doctor: what Exchange Online knows of an application and of the ways in (part 2 of 3: verify).
# Paste the whole block into Windows PowerShell 5.1 or PowerShell 7. It reads and changes nothing.
# Needs: the role Exchange Administrator, or Global Reader (then Exchange may refuse one reading or another; it says which).
# Prints one line of JSON. No secret is in it; it names mailboxes, applications, connectors and their rights.
{% include "exchange-start.ps1" %}
{% include "exchange-organization.ps1" %}
    $ClientId = {{ client_id | ps }}
    # The object id of the enterprise application; empty when it is not known, then nothing is compared with it.
    $ObjectId = {{ object_id | ps }}
    $Mailbox = {{ mailbox | ps }}
    # The address in From; Send As counts on this one.
{% if from %}
    $From = {{ from | ps }}
{% else %}
    $From = $Mailbox
{% endif %}
{% if reads_account %}
    $Account = {{ account | ps }}
{% endif %}
{% include "exchange-common.ps1" %}
    #
    # --- Reading ----------------------------------------------------------------------------
    # One reading that is refused must not hide the others: it is noted, and its field stays empty.
    $Unread = [System.Collections.ArrayList]@()
    function Read-Part($What, $Reading) {
        try { & $Reading } catch { [void]$Unread.Add([pscustomobject][ordered]@{ what = $What; why = [string]$_.Exception.Message }) }
    }
{% if reads_application %}
    $Box = @(Read-Part 'mailbox' { Find-Mailbox })
    $Registered = @(Read-Part 'registration' { Find-Registration })
    $Rights = @()
    $SendAs = @()
    $Roles = @()
    if ($Registered.Count -eq 1) {
        # Without this right, and without a role below, the application can not send from the mailbox.
        $Rights = @(Read-Part 'mailbox_rights' { Find-MailboxRight $Registered[0] })
        # Matters only where From is not the mailbox.
        $SendAs = @(Read-Part 'send_as' { Find-SendAs $Registered[0] $From })
        # The other way to the same end: an Exchange role for applications. This cmdlet looks past the cache, so it is ahead of the service.
        $Roles = @(Read-Part 'roles' { Test-ServicePrincipalAuthorization -Identity $ClientId -Resource $Mailbox -ErrorAction Stop })
    }
    # The mailbox's switch wins; where it is null the organization's decides.
    $MailboxSwitch = Read-Part 'mailbox_switch' { Read-Switch 'SmtpClientAuthenticationDisabled' }
    $OrganizationSwitch = Read-Part 'organization_switch' { (Get-TransportConfig -ErrorAction Stop).SmtpClientAuthenticationDisabled }
    # Each protocol has a switch of its own on the mailbox.
    $Protocols = Read-Part 'protocols' { Get-CASMailbox -Identity $Mailbox -ErrorAction Stop }
{% endif %}
{% if reads_policy %}
    # An Application Access Policy narrows a permission of Entra; where there is none, the test says Granted.
    $Policy = Read-Part 'access_policy' { [string](Test-ApplicationAccessPolicy -Identity $Mailbox -AppId $ClientId -ErrorAction Stop).AccessCheckResult }
{% endif %}
{% if reads_ews or reads_connectors %}
    $Settings = Read-Part 'organization' { Get-OrganizationConfig -ErrorAction Stop }
{% endif %}
{% if reads_ews %}
    $AllowedApps = @(Read-Part 'ews_allowed_app_ids' { Read-AllowedApp })
{% endif %}
{% if reads_connectors %}
    $Connectors = @(Read-Part 'connectors' { Get-InboundConnector -ErrorAction Stop })
    $Domains = @(Read-Part 'accepted_domains' { Get-AcceptedDomain -ErrorAction Stop | ForEach-Object { [string]$_.DomainName } })
{% endif %}
{% if reads_account %}
    # The list holds object ids of enterprise applications, not client ids.
    $AccountApps = @(Read-Part 'account' { (Get-HVEAccountSettings -Identity $Account -ErrorAction Stop).AllowedApps | ForEach-Object { [string]$_ } })
{% endif %}
    #
    # --- The answer -------------------------------------------------------------------------
    $Unknown = @($Unread | ForEach-Object { $_.what })
    $Answer = [pscustomobject][ordered]@{
        format = 1
        kind = {{ verify_kind | ps }}
        time = [DateTime]::UtcNow.ToString('s') + 'Z'
        tenant = $Tenant
        road = {{ road | ps }}
        client_id = $ClientId
        mailbox = $Mailbox
        from = $From
{% if reads_application %}
        mailbox_found = $(if ($Unknown -contains 'mailbox') { $null } else { $Box.Count -eq 1 })
        recipient_type_details = $(if ($Box.Count -eq 1) { [string]$Box[0].RecipientTypeDetails } else { $null })
        primary_smtp_address = $(if ($Box.Count -eq 1) { [string]$Box[0].PrimarySmtpAddress } else { $null })
        addresses = @($Box | ForEach-Object { $_.EmailAddresses } | Where-Object { [string]$_ -like 'smtp:*' } | ForEach-Object { ([string]$_).Substring(5) })
        user_principal_name = $(if ($Box.Count -eq 1) { [string]$Box[0].UserPrincipalName } else { $null })
        registered = $(if ($Unknown -contains 'registration') { $null } else { $Registered.Count -gt 0 })
        registered_object_ids = @($Registered | ForEach-Object { [string]$_.ObjectId })
        expected_object_id = $(if ($ObjectId) { $ObjectId } else { $null })
        object_id_matches = $(if ($ObjectId -and $Registered.Count -eq 1) { [string]$Registered[0].ObjectId -eq $ObjectId } else { $null })
        full_access = $(if ($Registered.Count -ne 1 -or $Unknown -contains 'mailbox_rights') { $null } else { Test-FullAccess $Rights })
        mailbox_rights = @($Rights | ForEach-Object {
            [pscustomobject][ordered]@{
                user = [string]$_.User
                access_rights = @($_.AccessRights | ForEach-Object { [string]$_ })
                deny = ([string]$_.Deny -eq 'True')
                inherited = ([string]$_.IsInherited -eq 'True')
            }
        })
        send_as = $(if ($Registered.Count -ne 1 -or $Unknown -contains 'send_as') { $null } else { Test-SendAs $SendAs })
        send_as_rights = @($SendAs | ForEach-Object {
            [pscustomobject][ordered]@{
                trustee = [string]$_.Trustee
                access_rights = @($_.AccessRights | ForEach-Object { [string]$_ })
                access_control_type = [string]$_.AccessControlType
            }
        })
        smtp_client_authentication_disabled = [pscustomobject][ordered]@{
            mailbox = (ConvertTo-Switch $MailboxSwitch)
            organization = (ConvertTo-Switch $OrganizationSwitch)
        }
        roles = @($Roles | ForEach-Object {
            [pscustomobject][ordered]@{
                role = [string]$_.RoleName
                permissions = [string]$_.GrantedPermissions
                scope = [string]$_.AllowedResourceScope
                scope_type = [string]$_.ScopeType
                in_scope = [string]$_.InScope
            }
        })
        protocols = [pscustomobject][ordered]@{
            imap = (ConvertTo-Switch $Protocols.ImapEnabled)
            pop = (ConvertTo-Switch $Protocols.PopEnabled)
            ews = (ConvertTo-Switch $Protocols.EwsEnabled)
        }
{% endif %}
{% if reads_policy %}
        access_policy = $(if ($Policy) { $Policy } else { $null })
{% endif %}
{% if reads_ews %}
        ews = [pscustomobject][ordered]@{
            enabled = (ConvertTo-Switch $Settings.EwsEnabled)
            application_access_policy = $(if ($Settings.EwsApplicationAccessPolicy) { [string]$Settings.EwsApplicationAccessPolicy } else { $null })
            allowed_app_ids = @($AllowedApps)
        }
{% endif %}
{% if reads_connectors %}
        reject_direct_send = (ConvertTo-Switch $Settings.RejectDirectSend)
        accepted_domains = @($Domains)
        connectors = @($Connectors | ForEach-Object {
            [pscustomobject][ordered]@{
                name = [string]$_.Name
                enabled = ([string]$_.Enabled -eq 'True')
                type = [string]$_.ConnectorType
                sender_ips = @($_.SenderIPAddresses | ForEach-Object { [string]$_ })
                certificate_name = $(if ($_.TlsSenderCertificateName) { [string]$_.TlsSenderCertificateName } else { $null })
                require_tls = ([string]$_.RequireTls -eq 'True')
            }
        })
{% endif %}
{% if reads_account %}
        account = [pscustomobject][ordered]@{
            address = $Account
            allowed_apps = @($AccountApps)
        }
{% endif %}
        unread = @($Unread)
    }
    # What was not read is null, and not an empty list.
{% if reads_application %}
    if ($Unknown -contains 'protocols') { $Answer.protocols = $null }
{% endif %}
{% if reads_ews %}
    if ($Unknown -contains 'ews_allowed_app_ids') { $Answer.ews.allowed_app_ids = $null }
    if ($Unknown -contains 'organization') { $Answer.ews = $null }
{% endif %}
{% if reads_connectors %}
    if ($Unknown -contains 'accepted_domains') { $Answer.accepted_domains = $null }
    if ($Unknown -contains 'connectors') { $Answer.connectors = $null }
{% endif %}
{% if reads_account %}
    if ($Unknown -contains 'account') { $Answer.account.allowed_apps = $null }
{% endif %}
    Write-Host '----- o365doctor verify: one line of JSON -----'
    Write-Output (ConvertTo-Json -InputObject $Answer -Compress -Depth 5)
    Write-Host '----- end -----'
}


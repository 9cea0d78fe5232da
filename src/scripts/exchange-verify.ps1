# o365doctor: let an application send as one mailbox over SMTP with OAuth 2.0 (part 2 of 3: verify).
# Paste the whole block into Windows PowerShell 5.1 or PowerShell 7. It reads and changes nothing.
# Needs: the role Exchange Administrator, or Global Reader (then Exchange may refuse one reading or another; it says which).
# Prints one line of JSON. No secret is in it; it names the mailbox, the application and their rights.
& {
    $ErrorActionPreference = 'Stop'
    # A stricter setting of this window must not end the script over a property that a module version does not have.
    Set-StrictMode -Off
{% if not ascii %}
    # The values hold letters beyond ASCII. Windows PowerShell reads a file without byte order mark in an old code page,
    # where such a letter can end a quoted value; in that case nothing below may run.
    if ({{ probe_letter | ps }} -cne [string][char]252) { throw 'This script was read in the wrong encoding. Paste it, or save it as UTF-8 with byte order mark.' }
{% endif %}
    #
    # --- Values -----------------------------------------------------------------------------
    $Environment = {{ environment | ps }}
    $Tenant = {{ tenant | ps }}
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
{% include "exchange-common.ps1" %}
    #
    # --- Reading ----------------------------------------------------------------------------
    # One reading that is refused must not hide the others: it is noted, and its field stays empty.
    $Unread = [System.Collections.ArrayList]@()
    function Read-Part($What, $Reading) {
        try { & $Reading } catch { [void]$Unread.Add([pscustomobject][ordered]@{ what = $What; why = [string]$_.Exception.Message }) }
    }
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
    $MailboxSwitch = Read-Part 'mailbox_switch' { Read-Switch }
    $OrganizationSwitch = Read-Part 'organization_switch' { (Get-TransportConfig -ErrorAction Stop).SmtpClientAuthenticationDisabled }
    #
    # --- The answer -------------------------------------------------------------------------
    $Unknown = @($Unread | ForEach-Object { $_.what })
    $Answer = [pscustomobject][ordered]@{
        format = 1
        kind = {{ verify_kind | ps }}
        time = [DateTime]::UtcNow.ToString('s') + 'Z'
        tenant = $Tenant
        client_id = $ClientId
        mailbox = $Mailbox
        from = $From
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
        unread = @($Unread)
    }
    Write-Host '----- o365doctor verify: one line of JSON -----'
    Write-Output (ConvertTo-Json -InputObject $Answer -Compress -Depth 5)
    Write-Host '----- end -----'
}


# o365doctor: keep the permission of an application to one mailbox, by an Application Access Policy (part 1 of 3: set up).
# Paste the whole block into Windows PowerShell 5.1 or PowerShell 7. It runs as one piece and stops at the first failure.
# Needs: the role Exchange Administrator.
# It asks nothing, tells the state before, and changes only what differs; run it twice and the second time changes nothing.
# Microsoft has replaced these policies by RBAC for Applications and asks to make no new ones: --way rbac makes the script for
# that, and needs no permission of Entra. A policy narrows a permission of Entra for Microsoft Graph and EWS; SMTP, IMAP and
# POP do not look at it. It is for an organization that has such policies and stays with them for now.
{% include "exchange-start.ps1" %}
{% include "exchange-organization.ps1" %}
    $ClientId = {{ client_id | ps }}
    $Mailbox = {{ mailbox | ps }}
    $DisplayName = {{ display_name | ps }}
{% include "exchange-common.ps1" %}
    #
    # --- The state before -------------------------------------------------------------------
    $Box = @(Find-Mailbox)
    if ($Box.Count -ne 1) { throw "Nothing was changed: not exactly one mailbox has the address $Mailbox." }
    if ([string]$Box[0].RecipientTypeDetails -ne 'UserMailbox') {
        throw "Nothing was changed: $Mailbox is a $([string]$Box[0].RecipientTypeDetails), and a policy takes a user's mailbox or a mail-enabled security group. Use the script of --way rbac."
    }
    function Find-Policy {
        Get-ApplicationAccessPolicy -ErrorAction Stop | Where-Object { [string]$_.AppId -eq $ClientId }
    }
    # With no policy at all the test says Granted too, for every mailbox.
    $Policies = @(Find-Policy)
    $Restricted = @($Policies | Where-Object { [string]$_.AccessRight -eq 'RestrictAccess' }).Count -gt 0
    $Granted = [string](Test-ApplicationAccessPolicy -Identity $Mailbox -AppId $ClientId -ErrorAction Stop).AccessCheckResult -eq 'Granted'
    $Prior = [pscustomobject][ordered]@{
        format = 1
        kind = {{ prior_kind | ps }}
        road = {{ road | ps }}
        client_id = $ClientId
        mailbox = $Mailbox
        policy_identities = (@($Policies | ForEach-Object { [string]$_.Identity }) -join ' | ')
    }
    # The undo script needs this line. A second run tells the state after the first, so keep the line of the first.
    Write-Host '----- state before: keep the next line for undo -----'
    Write-Output (ConvertTo-Json -InputObject $Prior -Compress)
    Write-Host '----- end of state before -----'
    #
    # --- The policy -------------------------------------------------------------------------
    if (-not ($Restricted -and $Granted)) {
        New-ApplicationAccessPolicy -AppId $ClientId -PolicyScopeGroupId ([string]$Box[0].PrimarySmtpAddress) -AccessRight RestrictAccess -Description $DisplayName -ErrorAction Stop | Out-Null
        Write-Host 'Made a policy: the application reaches this mailbox, and those of its other policies, and no others.'
    }
    Write-Host "The test now says: $([string](Test-ApplicationAccessPolicy -Identity $Mailbox -AppId $ClientId -ErrorAction Stop).AccessCheckResult)"
    Write-Host 'Done. A policy can take more than an hour to work. The verify script reads it back.'
}


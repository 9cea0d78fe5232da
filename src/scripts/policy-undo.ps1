# o365doctor: keep the permission of an application to one mailbox, by an Application Access Policy (part 3 of 3: undo).
# Paste the whole block into Windows PowerShell 5.1 or PowerShell 7. It runs as one piece and stops at the first failure.
# Needs: the role Exchange Administrator, and the line that setup printed as the state before.
# It removes the policy that setup made, and no other. WITHOUT ANY POLICY THE PERMISSION OF ENTRA REACHES EVERY MAILBOX:
# take the permission away first.
{% include "exchange-start.ps1" %}
{% include "exchange-organization.ps1" %}
    $ClientId = {{ client_id | ps }}
    $Mailbox = {{ mailbox | ps }}
{% include "prior.ps1" %}
{% include "exchange-prior.ps1" %}
    if ($Prior.client_id -ne $ClientId -or $Prior.mailbox -ne $Mailbox) { throw 'Nothing was changed: the state before belongs to another application or mailbox.' }
{% include "exchange-common.ps1" %}
    #
    # --- The policy -------------------------------------------------------------------------
    # A policy does not say its mailbox by address, but by its security id.
    $Box = @(Find-Mailbox)
    if ($Box.Count -ne 1) { throw "Nothing was changed: not exactly one mailbox has the address $Mailbox." }
    $Before = @([string]$Prior.policy_identities -split ' \| ')
    $Sid = [string](Get-Recipient -Identity $Mailbox -ErrorAction Stop).Sid
    $Found = @(Get-ApplicationAccessPolicy -ErrorAction Stop | Where-Object {
        [string]$_.AppId -eq $ClientId -and [string]$_.AccessRight -eq 'RestrictAccess' -and $Before -notcontains [string]$_.Identity -and
        ([string]$_.ScopeIdentity -eq [string]$Box[0].Name -or [string]$_.ScopeName -eq [string]$Box[0].Name -or ($Sid -and ([string]$_.Identity).Contains($Sid)))
    })
    foreach ($Policy in $Found) {
        Remove-ApplicationAccessPolicy -Identity ([string]$Policy.Identity) -Confirm:$false -ErrorAction Stop | Out-Null
        Write-Host 'Removed the policy.'
    }
    if ($Found.Count -eq 0) { Write-Host 'No policy of setup is listed: nothing to take back.' }
    Write-Host 'Done. The verify script shows the state as it is now.'
}


# o365doctor: let an application send through an account of High Volume Email with OAuth 2.0 (part 3 of 3: undo).
# Paste the whole block into Windows PowerShell 5.1 or PowerShell 7. It runs as one piece and stops at the first failure.
# Needs: the role Exchange Administrator, and the line that setup printed as the state before.
# It takes back what setup added and nothing else: what was there before setup stays.
{% include "exchange-start.ps1" %}
{% include "exchange-organization.ps1" %}
    $Account = {{ account | ps }}
    # $true removes the account too, if setup made it. Set this to $false when something else has come to use it.
    $RemoveAccount = $true
{% include "prior.ps1" %}
{% include "exchange-prior.ps1" %}
    if ($Prior.account -ne $Account) { throw 'Nothing was changed: the state before belongs to another account.' }
{% include "exchange-connect.ps1" %}
    #
    # --- The list, then the account -----------------------------------------------------------
    if ($Prior.app_was_listed -eq $false) {
        $Apps = @((Get-HVEAccountSettings -Identity $Account -ErrorAction Stop).AllowedApps | ForEach-Object { [string]$_ })
        if ($Apps -contains $Prior.object_id) {
            Remove-HVEAppAccess -Identity $Account -AppIds $Prior.object_id -ErrorAction Stop | Out-Null
            Write-Host 'Took the application off the list of the account.'
        } else { Write-Host 'The application is not on the list: nothing to take back.' }
    }
    if ($Prior.account_existed -eq $false) {
        if ($RemoveAccount) {
            Remove-MailUser -Identity $Account -Confirm:$false -ErrorAction Stop | Out-Null
            Write-Host 'Removed the account.'
        } else {
            Write-Host 'Left the account, as $RemoveAccount says.'
        }
    }
    Write-Host 'Done. The verify script shows the state as it is now.'
}


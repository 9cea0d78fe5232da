# o365doctor: let an application send through an account of High Volume Email with OAuth 2.0 (part 1 of 3: set up).
# Paste the whole block into Windows PowerShell 5.1 or PowerShell 7. It runs as one piece and stops at the first failure.
# Needs: the role Exchange Administrator. Before: the Entra application has Mail.Send of Office 365 Exchange Online with
# admin consent, and the organization pays for the service (Get-BillingPolicy -ResourceType HVE).
# It asks nothing, tells the state before, and changes only what differs; run it twice and the second time changes nothing.
# Such an account sends to recipients inside the organization only.
{% include "exchange-start.ps1" %}
{% include "exchange-organization.ps1" %}
    $ClientId = {{ client_id | ps }}
    # The list of the account wants the object id of the ENTERPRISE APPLICATION; a client id fails its validation.
    $ObjectId = {{ object_id | ps }}
    $ObjectIdFrom = {{ object_id_from | ps }}
    $Account = {{ account | ps }}
    $Name = {{ display_name | ps }}
{% include "exchange-object-id.ps1" %}
{% include "exchange-connect.ps1" %}
    #
    # --- The state before -------------------------------------------------------------------
    $Quoted = $Account -replace "'", "''"
    $Users = @(Get-MailUser -Filter "EmailAddresses -eq 'smtp:$Quoted'" -ErrorAction Stop)
    if ($Users.Count -gt 1) { throw "Nothing was changed: more than one mail user has the address $Account." }
    $Apps = @()
    if ($Users.Count -eq 1) {
        $Apps = @((Get-HVEAccountSettings -Identity $Account -ErrorAction Stop).AllowedApps | ForEach-Object { [string]$_ })
    } elseif (@(Get-Recipient -Identity $Account -ErrorAction SilentlyContinue).Count -gt 0) {
        throw "Nothing was changed: $Account is the address of something else than an account of High Volume Email."
    }
    $Prior = [pscustomobject][ordered]@{
        format = 1
        kind = {{ prior_kind | ps }}
        road = {{ road | ps }}
        account = $Account
        object_id = $ObjectId
        account_existed = ($Users.Count -eq 1)
        app_was_listed = ($Apps -contains $ObjectId)
    }
    # The undo script needs this line. A second run tells the state after the first, so keep the line of the first.
    Write-Host '----- state before: keep the next line for undo -----'
    Write-Output (ConvertTo-Json -InputObject $Prior -Compress)
    Write-Host '----- end of state before -----'
    #
    # --- 1. The account -----------------------------------------------------------------------
    # Exchange wants a password for it. One is made here that nobody is told, for the application signs in by OAuth.
    if ($Users.Count -eq 0) {
        $Password = New-Object -TypeName System.Security.SecureString
        $Random = [System.Security.Cryptography.RandomNumberGenerator]::Create()
        $Octets = New-Object -TypeName byte[] -ArgumentList 30
        $Random.GetBytes($Octets)
        foreach ($Letter in ('aZ9!' + [Convert]::ToBase64String($Octets)).ToCharArray()) { $Password.AppendChar($Letter) }
        New-MailUser -HVEAccount -Name $Name -PrimarySmtpAddress $Account -Password $Password -ErrorAction Stop | Out-Null
        Write-Host 'Made the account.'
    }
    #
    # --- 2. Its list of applications ------------------------------------------------------------
    if ($Apps -notcontains $ObjectId) {
        if ($Apps.Count -ge 10) { throw 'The account has ten applications on its list, and holds no more. Remove one, then paste this script again.' }
        # A new account is not known to all servers at once.
        for ($Try = 1; ; $Try++) {
            try { Add-HVEAppAccess -Identity $Account -AppIds $ObjectId -ErrorAction Stop | Out-Null; break } catch {
                if ($Users.Count -eq 1 -or $Try -ge 12) { throw }
                Start-Sleep -Seconds 5
            }
        }
        Write-Host 'Put the application on the list of the account.'
    }
    Write-Host 'Done. The list can take five minutes to work. The verify script reads it back; o365doctor checkup --roads hve tries it.'
}


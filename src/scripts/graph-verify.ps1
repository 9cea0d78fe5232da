# o365doctor: the application in Entra, what it asks for, and the consent to it (part 2 of 3: verify).
# Paste the whole block into Windows PowerShell 5.1 or PowerShell 7. It reads and changes nothing.
# Needs: the role Global Reader.
# Prints one line of JSON. No secret is in it: of secrets and certificates it says only until when they are good.
{% include "exchange-start.ps1" %}
    $ClientId = {{ client_id | ps }}
{% include "entra-values.ps1" %}
    $Scopes = @('Application.Read.All', 'Directory.Read.All')
{% include "graph-common.ps1" %}
    #
    # --- The answer -------------------------------------------------------------------------
    $Application = @(Find-Application)
    $Principal = @(Find-Principal)
    $Requested = @(Get-Requested $(if ($Application.Count -eq 1) { $Application[0] } else { $null }))
    $Granted = @(Get-Granted $(if ($Principal.Count -eq 1) { $Principal[0] } else { $null }))
    $Answer = [pscustomobject][ordered]@{
        format = 1
        kind = {{ entra_verify_kind | ps }}
        time = [DateTime]::UtcNow.ToString('s') + 'Z'
        tenant = $Tenant
        road = {{ road | ps }}
        client_id = $ClientId
        application_found = ($Application.Count -eq 1)
        object_id = $(if ($Principal.Count -eq 1) { [string]$Principal[0].id } else { $null })
        enabled = $(if ($Principal.Count -eq 1) { $Principal[0].accountEnabled } else { $null })
        sign_in_audience = $(if ($Application.Count -eq 1) { [string]$Application[0].signInAudience } else { $null })
        wanted = @($Wanted | ForEach-Object { $_.word })
        requested = @($Wanted | Where-Object { $Requested -contains "$($_.app) $($_.id)" } | ForEach-Object { $_.word })
        granted = @($Granted)
        secrets_end = @($Application | ForEach-Object { $_.passwordCredentials } | Where-Object { $_ } | ForEach-Object { ([DateTime]$_.endDateTime).ToUniversalTime().ToString('s') + 'Z' })
        certificates_end = @($Application | ForEach-Object { $_.keyCredentials } | Where-Object { $_ } | ForEach-Object { ([DateTime]$_.endDateTime).ToUniversalTime().ToString('s') + 'Z' })
        redirects = @($Application | ForEach-Object { $_.publicClient.redirectUris } | Where-Object { $_ })
        is_fallback_public_client = $(if ($Application.Count -eq 1) { $Application[0].isFallbackPublicClient } else { $null })
    }
    Write-Host '----- o365doctor verify: one line of JSON -----'
    Write-Output (ConvertTo-Json -InputObject $Answer -Compress -Depth 5)
    Write-Host '----- end -----'
}


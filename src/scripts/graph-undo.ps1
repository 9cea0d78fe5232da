# o365doctor: the application in Entra, what it asks for, and the consent to it (part 3 of 3: undo).
# Paste the whole block into Windows PowerShell 5.1 or PowerShell 7. It runs as one piece and stops at the first failure.
# Needs: the role of the setup script, and the line that it printed as the state before.
# It takes back what setup added and nothing else: what was there before setup stays.
{% include "exchange-start.ps1" %}
    $ClientId = {{ client_id | ps }}
{% include "entra-values.ps1" %}
    # $true deletes the application too, if setup made it; it can be restored for 30 days. Set this to $false to keep it.
    $RemoveApplication = $true
{% include "prior.ps1" %}
    #
    # --- The state to go back to ------------------------------------------------------------
    try { $Prior = ConvertFrom-Json -InputObject ($PriorLine -replace '[\r\n]', '') } catch { $Prior = $null }
    if ($Prior.kind -ne {{ entra_prior_kind | ps }}) { throw 'Nothing was changed: the state before is missing. Put the line that setup printed into $PriorLine above.' }
    if ($Prior.format -ne 1) { throw 'Nothing was changed: the state before is of a newer kind than this script.' }
    if ($Prior.road -ne {{ road | ps }}) { throw "Nothing was changed: the state before is of the road $($Prior.road)." }
    if (-not $Prior.client_id) { throw 'Nothing was changed: this line is from before the application was made. Setup printed another behind it, which names the application.' }
    if (-not $ClientId) { $ClientId = [string]$Prior.client_id }
    if ($Prior.client_id -ne $ClientId) { throw 'Nothing was changed: the state before belongs to another application.' }
{% if person %}
    $Scopes = @('Application.ReadWrite.All', 'DelegatedPermissionGrant.ReadWrite.All')
{% else %}
    $Scopes = @('Application.ReadWrite.All', 'AppRoleAssignment.ReadWrite.All')
{% endif %}
{% include "graph-common.ps1" %}
    #
    # --- 1. The consent -------------------------------------------------------------------------
    # First, because it alone ends the access, whatever happens below. Tokens of before stay good for an hour or so.
    $Principal = @(Find-Principal)
    $Added = @($Wanted | Where-Object { @($Prior.granted) -cnotcontains $_.word })
    if ($Principal.Count -eq 1) {
        $Own = [string]$Principal[0].id
        foreach ($One in $Added) {
{% if person %}
            foreach ($Grant in @(Find-All "oauth2PermissionGrants?`$filter=clientId eq '$Own'" | Where-Object { $_.consentType -eq 'AllPrincipals' -and $_.resourceId -eq $One.resource })) {
                $Entry = [string]$Grant.id
                $Words = @([string]$Grant.scope -split ' ' | Where-Object { $_ })
                $Left = @($Words | Where-Object { $_ -cne $One.value })
                if ($Left.Count -eq $Words.Count) { continue }
                if ($Left.Count -eq 0) { Invoke-Graph 'DELETE' "oauth2PermissionGrants/$Entry" | Out-Null } else { Invoke-Graph 'PATCH' "oauth2PermissionGrants/$Entry" @{ scope = ($Left -join ' ') } | Out-Null }
                Write-Host "Took the consent to $($One.value) back."
            }
{% else %}
            foreach ($Assigned in @(Find-All "servicePrincipals/$Own/appRoleAssignments" | Where-Object { $_.resourceId -eq $One.resource -and $_.appRoleId -eq $One.id })) {
                $Entry = [string]$Assigned.id
                Invoke-Graph 'DELETE' "servicePrincipals/$Own/appRoleAssignments/$Entry" | Out-Null
                Write-Host "Took the consent to $($One.value) back."
            }
{% endif %}
        }
        if ($Prior.service_principal_existed -eq $false -and $Prior.application_existed) {
            Invoke-Graph 'DELETE' "servicePrincipals/$Own" | Out-Null
            Write-Host 'Removed the service principal.'
        }
    }
    #
    # --- 2. The application ---------------------------------------------------------------------
    $Application = @(Find-Application)
    if ($Application.Count -eq 1) {
        $Object = [string]$Application[0].id
        if ($Prior.application_existed -eq $false -and $RemoveApplication) {
            Invoke-Graph 'DELETE' "applications/$Object" | Out-Null
            Write-Host 'Deleted the application.'
        } elseif ($Prior.application_existed) {
            $Change = @{}
            $Gone = @($Wanted | ForEach-Object { "$($_.app) $($_.id)" } | Where-Object { @($Prior.requested) -notcontains $_ })
            $Entries = @(foreach ($Resource in @($Application[0].requiredResourceAccess)) {
                $App = [string]$Resource.resourceAppId
                $Kept = @($Resource.resourceAccess | Where-Object { $Gone -notcontains "$App $($_.id)" } | ForEach-Object { @{ id = [string]$_.id; type = [string]$_.type } })
                if ($Kept.Count -gt 0) { @{ resourceAppId = $App; resourceAccess = $Kept } }
            })
            if (@(Get-Requested $Application[0] | Where-Object { $Gone -contains $_ }).Count -gt 0) { $Change.requiredResourceAccess = $Entries }
{% if person %}
            $Addresses = @($Application[0].publicClient.redirectUris | Where-Object { $_ })
            $Left = @($Addresses | Where-Object { $Redirects -cnotcontains $_ -or @($Prior.redirects) -ccontains $_ })
            if ($Left.Count -ne $Addresses.Count) { $Change.publicClient = @{ redirectUris = $Left } }
            # Null stays null. Compared as text, for which null is the empty one.
            if ([string]$Application[0].isFallbackPublicClient -ne [string]$Prior.is_fallback_public_client) { $Change.isFallbackPublicClient = $Prior.is_fallback_public_client }
{% endif %}
            if ($Change.Count -gt 0) {
                Invoke-Graph 'PATCH' "applications/$Object" $Change | Out-Null
                Write-Host 'Put back what the application asks for.'
            }
        }
    }
    Write-Host 'Done. The verify script shows the state as it is now.'
}


# o365doctor: the application in Entra, what it asks for, and the consent to it (part 1 of 3: set up).
# Paste the whole block into Windows PowerShell 5.1 or PowerShell 7. It runs as one piece and stops at the first failure.
{% if road == "graph" and not person %}
# Needs: the role Privileged Role Administrator, because it consents to an application permission of Microsoft Graph.
{% else %}
# Needs: the role Cloud Application Administrator.
{% endif %}
# It asks nothing, tells the state before, and changes only what differs; run it twice and the second time changes nothing.
{% if person %}
# A person signs in, so these are delegated permissions: the application can do no more than that person can.
{% else %}
# These are permissions of the application itself, in every mailbox that Exchange does not keep it from.
{% endif %}
{% if person %}
# It makes no secret and no certificate: a public client has none.
{% else %}
# It makes no secret and no certificate: add one by hand, beside those that are there.
{% endif %}
{% include "exchange-start.ps1" %}
    # The application; empty: a new one is made, under the name below.
    $ClientId = {{ client_id | ps }}
    $DisplayName = {{ display_name | ps }}
{% include "entra-values.ps1" %}
{% if person %}
    $Scopes = @('Application.ReadWrite.All', 'DelegatedPermissionGrant.ReadWrite.All')
{% else %}
    $Scopes = @('Application.ReadWrite.All', 'AppRoleAssignment.ReadWrite.All')
{% endif %}
{% include "graph-common.ps1" %}
    #
    # --- The state before -------------------------------------------------------------------
    if ($ClientId) {
        $Application = @(Find-Application)
        if ($Application.Count -ne 1) { throw "Nothing was changed: there is no registration of $ClientId in this directory." }
        $Principal = @(Find-Principal)
    } else {
        # A name is not unique. Somebody else's application of the same name is none of ours.
        $Quoted = [uri]::EscapeDataString(($DisplayName -replace "'", "''"))
        $Namesake = @(Find-All "applications?`$filter=displayName eq '$Quoted'&`$select=appId,displayName")
        if ($Namesake.Count -gt 0) {
            throw "Nothing was changed: there is an application $DisplayName already, $([string]$Namesake[0].appId). If it is yours, put this id between the quotes after `$ClientId = above."
        }
        $Application = @()
        $Principal = @()
    }
    $Before = $(if ($Application.Count -eq 1) { $Application[0] } else { $null })
    $Prior = [pscustomobject][ordered]@{
        format = 1
        kind = {{ entra_prior_kind | ps }}
        road = {{ road | ps }}
        client_id = $(if ($ClientId) { $ClientId } else { $null })
        display_name = $DisplayName
        application_existed = ($Application.Count -eq 1)
        service_principal_existed = ($Principal.Count -eq 1)
        requested = @(Get-Requested $Before)
        granted = @(Get-Granted $(if ($Principal.Count -eq 1) { $Principal[0] } else { $null }))
        redirects = @($Before.publicClient.redirectUris | Where-Object { $_ })
        is_fallback_public_client = $Before.isFallbackPublicClient
    }
    # The undo script needs this line. A second run tells the state after the first, so keep the line of the first.
    Write-Host '----- state before: keep the next line for undo -----'
    Write-Output (ConvertTo-Json -InputObject $Prior -Compress)
    Write-Host '----- end of state before -----'
    #
    # --- 1. The application -------------------------------------------------------------------
    if ($Application.Count -eq 0) {
        $Made = Invoke-Graph 'POST' 'applications' @{ displayName = $DisplayName; signInAudience = 'AzureADMyOrg' }
        $ClientId = [string]$Made.appId
        Write-Host "Made the application $ClientId."
        $Prior.client_id = $ClientId
        Write-Host '----- state before: keep THIS line for undo, it names the application -----'
        Write-Output (ConvertTo-Json -InputObject $Prior -Compress)
        Write-Host '----- end of state before -----'
        $Application = @(Invoke-Patiently { $Now = @(Find-Application); if ($Now.Count -ne 1) { throw 'The application was made, but the directory does not show it yet. Put its id into $ClientId and paste this script again.' }; $Now })
    }
    #
    # --- 2. What it asks for --------------------------------------------------------------------
    # The whole list is written, so the old entries are said again.
    $Requested = @(Get-Requested $Application[0])
    $New = @($Wanted | Where-Object { $Requested -notcontains "$($_.app) $($_.id)" })
    $Change = @{}
    if ($New.Count -gt 0) {
        $Entries = @(foreach ($Word in $Requested) {
            $Kind = @($Application[0].requiredResourceAccess | Where-Object { $_.resourceAppId -eq ($Word -split ' ')[0] } | ForEach-Object { $_.resourceAccess } | Where-Object { $_.id -eq ($Word -split ' ')[1] })[0].type
            [pscustomobject]@{ app = ($Word -split ' ')[0]; access = @{ id = ($Word -split ' ')[1]; type = [string]$Kind } }
        })
{% if person %}
        $Entries += @($New | ForEach-Object { [pscustomobject]@{ app = $_.app; access = @{ id = $_.id; type = 'Scope' } } })
{% else %}
        $Entries += @($New | ForEach-Object { [pscustomobject]@{ app = $_.app; access = @{ id = $_.id; type = 'Role' } } })
{% endif %}
        $Change.requiredResourceAccess = @($Entries | Group-Object -Property app | ForEach-Object { @{ resourceAppId = $_.Name; resourceAccess = @($_.Group | ForEach-Object { $_.access }) } })
    }
{% if person %}
    # Where the answer to a sign-in may go, and "Allow public client flows", without which there is no device code.
    $Addresses = @($Application[0].publicClient.redirectUris | Where-Object { $_ })
    $Missing = @($Redirects | Where-Object { $Addresses -cnotcontains $_ })
    if ($Missing.Count -gt 0) { $Change.publicClient = @{ redirectUris = @($Addresses + $Missing) } }
    if ($Application[0].isFallbackPublicClient -ne $true) { $Change.isFallbackPublicClient = $true }
{% endif %}
    if ($Change.Count -gt 0) {
        $Object = [string]$Application[0].id
        Invoke-Patiently { Invoke-Graph 'PATCH' "applications/$Object" $Change } | Out-Null
        Write-Host 'Changed what the application asks for.'
    }
    #
    # --- 3. Its service principal ---------------------------------------------------------------
    # The application as this directory knows it: consent and rights hang on it.
    if ($Principal.Count -eq 0) {
        Invoke-Patiently { Invoke-Graph 'POST' 'servicePrincipals' @{ appId = $ClientId } } | Out-Null
        Write-Host 'Made its service principal.'
        $Principal = @(Invoke-Patiently { $Now = @(Find-Principal); if ($Now.Count -ne 1) { throw 'The service principal was made, but the directory does not show it yet. Paste this script again in some minutes.' }; $Now })
    }
    #
    # --- 4. The consent -------------------------------------------------------------------------
    $Own = [string]$Principal[0].id
    $Granted = @(Invoke-Patiently { Get-Granted $Principal[0] })
    foreach ($One in @($Wanted | Where-Object { $Granted -cnotcontains $_.word })) {
{% if person %}
        # One entry a resource holds all scopes of it.
        $Grant = @(Find-All "oauth2PermissionGrants?`$filter=clientId eq '$Own'" | Where-Object { $_.consentType -eq 'AllPrincipals' -and $_.resourceId -eq $One.resource })
        if ($Grant.Count -gt 0) {
            if (([string]$Grant[0].scope -split ' ') -ccontains $One.value) { continue }
            $Entry = [string]$Grant[0].id
            $Scope = "$(([string]$Grant[0].scope).Trim()) $($One.value)"
            Invoke-Graph 'PATCH' "oauth2PermissionGrants/$Entry" @{ scope = $Scope } | Out-Null
        } else {
            Invoke-Patiently { Invoke-Graph 'POST' 'oauth2PermissionGrants' @{ clientId = $Own; consentType = 'AllPrincipals'; resourceId = $One.resource; scope = $One.value } } | Out-Null
        }
{% else %}
        # This assignment is the consent of an administrator, for this permission and no other.
        Invoke-Patiently { Invoke-Graph 'POST' "servicePrincipals/$Own/appRoleAssignments" @{ principalId = $Own; resourceId = $One.resource; appRoleId = $One.id } } | Out-Null
{% endif %}
        Write-Host "Consented to $($One.value)."
    }
    Write-Host "Done. Client id $ClientId; object id of the enterprise application, which Exchange wants: $Own"
    Write-Host 'A token that was had before does not hold the consent; a new one does.'
}


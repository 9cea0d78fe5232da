    #
    # --- The module -------------------------------------------------------------------------
    # One module is enough: its sign-in, and its way to send a request to Microsoft Graph as Microsoft documents it.
    if (-not (Get-Module -ListAvailable -Name Microsoft.Graph.Authentication | Where-Object { $_.Version -ge [version]'2.0.0' })) {
        throw 'The module Microsoft.Graph.Authentication, 2.0.0 or newer, is missing. Install it, then paste this script again: Install-Module -Name Microsoft.Graph.Authentication -Scope CurrentUser'
    }
    Import-Module -Name Microsoft.Graph.Authentication -MinimumVersion 2.0.0 -ErrorAction Stop
    #
    # --- The connection ---------------------------------------------------------------------
    # A sign-in opens. Where no browser can open, add -UseDeviceCode to the line. Nothing of it is kept on this computer.
    Connect-MgGraph -TenantId $Tenant -Environment $Environment -Scopes $Scopes -ContextScope Process -NoWelcome -ErrorAction Stop
    function Invoke-Graph($Method, $Path, $Body) {
        $Request = @{ Method = $Method; Uri = "/v1.0/$Path"; OutputType = 'PSObject'; ErrorAction = 'Stop' }
        if ($Body) {
            $Request.Body = ConvertTo-Json -InputObject $Body -Depth 8 -Compress
            $Request.ContentType = 'application/json; charset=utf-8'
        }
        Invoke-MgGraphRequest @Request
    }
    # An answer of Graph comes in pages.
    function Find-All($Path) {
        while ($Path) {
            $Page = Invoke-Graph 'GET' $Path
            $Page.value
            $Path = $(if ($Page.'@odata.nextLink') { ([string]$Page.'@odata.nextLink') -replace '^https://[^/]+/v1\.0/', '' } else { $null })
        }
    }
    # What was made a moment ago is not known to all servers at once.
    function Invoke-Patiently($Action) {
        for ($Try = 1; ; $Try++) {
            try { return (& $Action) } catch { if ($Try -ge 24) { throw } }
            Start-Sleep -Seconds 5
        }
    }
    #
    # --- What is asked for --------------------------------------------------------------------
    $Wanted = @(foreach ($Word in $Permissions) {
        $ResourceApp, $Value = $Word -split ' '
        $Resource = @(Find-All "servicePrincipals?`$filter=appId eq '$ResourceApp'&`$select=id,appId,displayName,appRoles,oauth2PermissionScopes")
        if ($Resource.Count -ne 1) { throw "The resource $ResourceApp is not in this directory, so nobody can ask it for $Value. Exchange Online comes with its first licence." }
{% if person %}
        $Found = @($Resource[0].oauth2PermissionScopes | Where-Object { $_.value -ceq $Value -and $_.isEnabled })
{% else %}
        $Found = @($Resource[0].appRoles | Where-Object { $_.value -ceq $Value -and $_.isEnabled -and $_.allowedMemberTypes -contains 'Application' })
{% endif %}
        if ($Found.Count -ne 1) { throw "$($Resource[0].displayName) has no permission $Value here." }
        [pscustomobject]@{ word = $Word; app = $ResourceApp; resource = [string]$Resource[0].id; value = $Value; id = [string]$Found[0].id }
    })
    function Find-Application {
        Find-All "applications?`$filter=appId eq '$ClientId'"
    }
    function Find-Principal {
        Find-All "servicePrincipals?`$filter=appId eq '$ClientId'"
    }
    # What the registration asks for: the id of the resource and that of the permission, in one word.
    function Get-Requested($Application) {
        foreach ($Resource in @($Application.requiredResourceAccess)) {
            foreach ($Access in @($Resource.resourceAccess)) { if ($Access.id) { "$($Resource.resourceAppId) $($Access.id)" } }
        }
    }
    # What an administrator has consented to, as words of $Permissions.
    function Get-Granted($Principal) {
        if (-not $Principal) { return }
{% if person %}
        $Grants = @(Find-All "oauth2PermissionGrants?`$filter=clientId eq '$($Principal.id)'" | Where-Object { $_.consentType -eq 'AllPrincipals' })
        $Wanted | Where-Object { $One = $_; @($Grants | Where-Object { $_.resourceId -eq $One.resource -and ([string]$_.scope -split ' ') -ccontains $One.value }).Count -gt 0 } | ForEach-Object { $_.word }
{% else %}
        $Assigned = @(Find-All "servicePrincipals/$($Principal.id)/appRoleAssignments")
        $Wanted | Where-Object { $One = $_; @($Assigned | Where-Object { $_.resourceId -eq $One.resource -and $_.appRoleId -eq $One.id }).Count -gt 0 } | ForEach-Object { $_.word }
{% endif %}
    }

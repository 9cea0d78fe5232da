    #
    # --- The module -------------------------------------------------------------------------
    # The Exchange Online cmdlets come with this module; before 3.0.0 it used a transport that Microsoft has shut down.
    # It is not installed for you: what gets installed on this computer is your decision.
    if (-not (Get-Module -ListAvailable -Name ExchangeOnlineManagement | Where-Object { $_.Version -ge [version]'3.0.0' })) {
        throw 'The module ExchangeOnlineManagement, 3.0.0 or newer, is missing. Install it, then paste this script again: Install-Module -Name ExchangeOnlineManagement -Scope CurrentUser'
    }
    Import-Module -Name ExchangeOnlineManagement -MinimumVersion 3.0.0 -ErrorAction Stop
    #
    # --- The connection ---------------------------------------------------------------------
    # A connection that this window already has is used; otherwise a sign-in opens. Where no browser can open, connect first
    # yourself, in PowerShell 7: Connect-ExchangeOnline -Device
    # -ErrorAction Stop stands on every Exchange cmdlet, because they do not see the preference set above.
    $Open = @(Get-ConnectionInformation -ErrorAction Stop | Where-Object {
        $_.State -eq 'Connected' -and $_.TokenStatus -eq 'Active' -and [string]$_.IsEopSession -ne 'True' -and -not $_.ModulePrefix
    })
    if ($Open.Count -eq 0) {
{% if delegated_organization %}
        Connect-ExchangeOnline -DelegatedOrganization $DelegatedOrganization -ExchangeEnvironmentName $Environment -ShowBanner:$false -ErrorAction Stop
{% else %}
        Connect-ExchangeOnline -ExchangeEnvironmentName $Environment -ShowBanner:$false -ErrorAction Stop
{% endif %}
    }
    # The same mailbox name can exist in two organizations; this one has to be the one that the script was made for.
{% if delegated_organization %}
    # In a partner's session the tenant id can be the partner's own, so a domain is compared where one is known.
    if ($DelegatedOrganization -notmatch '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$') { $Tenant = $DelegatedOrganization }
{% endif %}
    if ($Tenant -match '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$') {
        $Organization = @(Get-ConnectionInformation -ErrorAction Stop | ForEach-Object { [string]$_.TenantID } | Sort-Object -Unique)
        # With several open, it is not said which of them answers.
        if ($Organization.Count -gt 1) { $Organization = @() }
    } else {
        $Organization = @(Get-AcceptedDomain -ErrorAction Stop | ForEach-Object { [string]$_.DomainName })
    }
    if ($Organization -notcontains $Tenant) {
        throw "This window is connected to an organization that does not know $Tenant, or to several. Run Disconnect-ExchangeOnline -Confirm:`$false, then paste this script again."
    }
    # A switch can have three states: on, off, and not set (then another switch decides). Not set has to stay not set.
    function ConvertTo-Switch($Value) {
        if ([string]$Value -eq 'True') { $true } elseif ([string]$Value -eq 'False') { $false } else { $null }
    }

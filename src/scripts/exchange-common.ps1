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
        Connect-ExchangeOnline -ExchangeEnvironmentName $Environment -ShowBanner:$false -ErrorAction Stop
    }
    # The same mailbox name can exist in two organizations; this one has to be the one that the script was made for.
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
    #
    # --- How things are found ---------------------------------------------------------------
    # Some Get cmdlets return everything when they do not find the name they were given, so each answer is compared again here.
    function Find-Mailbox {
        Get-Mailbox -Identity $Mailbox -ErrorAction Stop | Where-Object {
            $_.PrimarySmtpAddress -eq $Mailbox -or $_.UserPrincipalName -eq $Mailbox -or $_.EmailAddresses -contains "smtp:$Mailbox"
        }
    }
    function Find-Registration {
        Get-ServicePrincipal -ErrorAction Stop | Where-Object { [string]$_.AppId -eq $ClientId }
    }
    # By which of its names an application appears among the rights is not documented: all of them count.
    # If none is there, Exchange is asked to compare; an answer that also holds the mailbox's own entry was not compared.
    function Get-RegistrationName($Registration) {
        'Identity', 'Id', 'DistinguishedName', 'Guid', 'Sid', 'ObjectId', 'AppId' | ForEach-Object { [string]$Registration.$_ } | Where-Object { $_ }
    }
    function Find-MailboxRight($Registration) {
        $Names = @(Get-RegistrationName $Registration)
        $Found = @(Get-MailboxPermission -Identity $Mailbox -ErrorAction Stop | Where-Object {
            $Names -contains [string]$_.User -or $Names -contains [string]$_.UserSid
        })
        if ($Found.Count -eq 0) {
            try { $Found = @(Get-MailboxPermission -Identity $Mailbox -User ([string]$Registration.Identity) -ErrorAction Stop) } catch { $Found = @() }
            if (@($Found | Where-Object { [string]$_.User -eq 'NT AUTHORITY\SELF' }).Count -gt 0) { $Found = @() }
        }
        $Found
    }
    function Find-SendAs($Registration, $Address) {
        $Names = @(Get-RegistrationName $Registration)
        $Found = @(Get-RecipientPermission -Identity $Address -ErrorAction Stop | Where-Object {
            $Names -contains [string]$_.Trustee -or $Names -contains [string]$_.TrusteeSidString
        })
        if ($Found.Count -eq 0) {
            try { $Found = @(Get-RecipientPermission -Identity $Address -Trustee ([string]$Registration.Identity) -ErrorAction Stop) } catch { $Found = @() }
            if (@($Found | Where-Object { [string]$_.Trustee -eq 'NT AUTHORITY\SELF' }).Count -gt 0) { $Found = @() }
        }
        $Found
    }
    function Test-FullAccess($Rights) {
        @($Rights | Where-Object { [string]$_.Deny -ne 'True' -and [string]$_.AccessRights -match '\bFullAccess\b' }).Count -gt 0
    }
    function Test-SendAs($Rights) {
        @($Rights | Where-Object { [string]$_.AccessControlType -ne 'Deny' -and [string]$_.AccessRights -match '\bSendAs\b' }).Count -gt 0
    }
    # The switch has three states: on, off, and not set (then the organization's switch decides). Not set has to stay not set.
    function ConvertTo-Switch($Value) {
        if ([string]$Value -eq 'True') { $true } elseif ([string]$Value -eq 'False') { $false } else { $null }
    }
    function Read-Switch {
        ConvertTo-Switch (Get-CASMailbox -Identity $Mailbox -ErrorAction Stop).SmtpClientAuthenticationDisabled
    }

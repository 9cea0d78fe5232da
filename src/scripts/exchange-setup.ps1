# o365doctor: let an application use one mailbox of Exchange Online with OAuth 2.0 (part 1 of 3: set up).
# Paste the whole block into Windows PowerShell 5.1 or PowerShell 7. It runs as one piece and stops at the first failure.
# Needs: the role Exchange Administrator; to assign a role of RBAC, also membership in Organization Management.
# It asks nothing, tells the state before, and changes only what differs; run it twice and the second time changes nothing.
{% include "exchange-head.ps1" %}
{% include "exchange-start.ps1" %}
{% include "exchange-organization.ps1" %}
    $ClientId = {{ client_id | ps }}
{% if registers %}
    # The object id of the ENTERPRISE APPLICATION. The app registration has an object id too: Exchange takes that one without
    # a word, and every sign-in then fails with 535 5.7.3.
    $ObjectId = {{ object_id | ps }}
    $ObjectIdFrom = {{ object_id_from | ps }}
{% endif %}
    $Mailbox = {{ mailbox | ps }}
{% if send_as %}
    $From = {{ from | ps }}
{% endif %}
{% if registers %}
    $DisplayName = {{ display_name | ps }}
{% endif %}
{% if role %}
    $Role = {{ role | ps }}
{% endif %}
{% if switch %}
    $SwitchName = {{ switch | ps }}
{% endif %}
{% if ews %}
    # The organization's switch and its list. Set this to $false where somebody else decides about them.
    $OpenOrganization = $true
{% endif %}
{% if registers %}
{% include "exchange-object-id.ps1" %}
{% endif %}
{% include "exchange-common.ps1" %}
    #
    # --- The state before -------------------------------------------------------------------
    $Box = @(Find-Mailbox)
    if ($Box.Count -ne 1) { throw "Nothing was changed: not exactly one mailbox has the address $Mailbox." }
{% if send_as %}
    if (@(Get-Recipient -Identity $From -ErrorAction Stop).Count -ne 1) { throw "Nothing was changed: not exactly one recipient has the address $From." }
{% endif %}
{% if registers %}
{% include "exchange-registration.ps1" %}
    $Holder = $(if ($Registered.Count -eq 1) { $Registered[0] } else { $null })
{% else %}
    # Send As is a matter of the one who signs in.
    $Holder = $Box[0]
{% endif %}
{% if right %}
    $HadRight = $false
    if ($Holder) { $HadRight = Test-FullAccess @(Find-MailboxRight $Holder) }
{% else %}
    $HadRight = $null
{% endif %}
{% if send_as %}
    $HadSendAs = $false
    if ($Holder) { $HadSendAs = Test-SendAs @(Find-SendAs $Holder $From) }
{% else %}
    $HadSendAs = $null
{% endif %}
{% if role %}
    # Names of at most 64 letters: the application, and the beginning of the mailbox's own id.
    $ScopeName = "o365doctor $ClientId $(([string]$Box[0].Guid).Substring(0, 8))"
    $AssignmentName = "o365doctor $(([string]$Role -replace '^Application ', '').Substring(0, 4)) $ClientId $(([string]$Box[0].Guid).Substring(0, 8))"
    $HadScope = @(Get-ManagementScope -ErrorAction Stop | Where-Object { [string]$_.Name -eq $ScopeName }).Count -gt 0
    $HadRole = $false
    if ($Holder) {
        $HadRole = @(Test-ServicePrincipalAuthorization -Identity $ClientId -Resource $Mailbox -ErrorAction Stop | Where-Object {
            [string]$_.RoleName -eq $Role -and [string]$_.InScope -eq 'True'
        }).Count -gt 0
    }
{% endif %}
{% if switch %}
    $HadSwitch = Read-Switch $SwitchName
{% endif %}
{% if ews %}
    $HadOrganization = ConvertTo-Switch (Get-OrganizationConfig -ErrorAction Stop).EwsEnabled
    $HadList = @(Read-AllowedApp)
{% endif %}
    $Prior = [pscustomobject][ordered]@{
        format = 1
        kind = {{ prior_kind | ps }}
        road = {{ road | ps }}
        way = {{ way | ps }}
        client_id = $ClientId
        mailbox = $Mailbox
{% if send_as %}
        from = $From
{% else %}
        from = $null
{% endif %}
{% if registers %}
        registered_object_id = $(if ($Registered.Count -eq 1) { [string]$Registered[0].ObjectId } else { $null })
{% else %}
        registered_object_id = $null
{% endif %}
        full_access = $HadRight
        send_as = $HadSendAs
{% if role %}
        role_in_scope = $HadRole
        role_assignment = $AssignmentName
        scope_name = $ScopeName
        scope_existed = $HadScope
{% endif %}
{% if switch == "SmtpClientAuthenticationDisabled" %}
        smtp_client_authentication_disabled = $HadSwitch
{% elif switch %}
        switch_name = $SwitchName
        switch = $HadSwitch
{% endif %}
{% if ews %}
        organization_ews_enabled = $HadOrganization
        ews_app_was_listed = ($HadList -contains $ClientId)
        ews_list_was_empty = ($HadList.Count -eq 0)
{% endif %}
    }
    # The undo script needs this line. A second run tells the state after the first, so keep the line of the first.
    Write-Host '----- state before: keep the next line for undo -----'
    Write-Output (ConvertTo-Json -InputObject $Prior -Compress)
    Write-Host '----- end of state before -----'
{% if registers %}
    #
    # --- 1. Register the application in Exchange ----------------------------------------------
    # Exchange has its own list of applications, apart from Entra's; a right can only be given to one that is in it.
    if ($Registered.Count -eq 0) {
        New-ServicePrincipal -AppId $ClientId -ObjectId $ObjectId -DisplayName $DisplayName -ErrorAction Stop | Out-Null
        Write-Host 'Registered the application.'
        # It takes a moment until the other servers know it.
        for ($Try = 1; $Try -le 12 -and $Registered.Count -eq 0; $Try++) {
            Start-Sleep -Seconds 5
            $Registered = @(Find-Registration)
        }
        if ($Registered.Count -eq 0) { throw 'The application was registered, but Exchange does not show it yet. Paste this script again in some minutes.' }
    }
    $Holder = $Registered[0]
    $Application = [string]$Registered[0].Identity
{% else %}
    $Application = [string]$Box[0].Identity
{% endif %}
{% if right %}
    #
    # --- 2. Let it open the mailbox -----------------------------------------------------------
    # The Entra permission says that the application may use the protocol; this says in which mailbox. FullAccess is the right
    # that Microsoft documents for it.
    if (-not $HadRight) {
        Add-MailboxPermission -Identity $Mailbox -User $Application -AccessRights FullAccess -ErrorAction Stop | Out-Null
        Write-Host 'Gave the application FullAccess to the mailbox.'
    }
{% endif %}
{% if role %}
    #
    # --- 2. Give it the role, for this mailbox alone --------------------------------------------
    # The scope names the mailbox by its id, which no other ever gets.
    if (-not $HadRole) {
        if (-not $HadScope) {
            $Filter = "Guid -eq '$([string]$Box[0].Guid)'"
            New-ManagementScope -Name $ScopeName -RecipientRestrictionFilter $Filter -ErrorAction Stop | Out-Null
            Write-Host 'Made a scope that holds the mailbox.'
        }
        New-ManagementRoleAssignment -Name $AssignmentName -App $ObjectId -Role $Role -CustomResourceScope $ScopeName -ErrorAction Stop | Out-Null
        Write-Host "Gave the application the role $Role within that scope."
    }
{% endif %}
    #
    # --- 3. Let it put another address into From ----------------------------------------------
{% if send_as %}
    # From is not the address of the mailbox, and neither FullAccess nor a role covers that: without Send As the message is
    # refused after DATA (5.2.252 or 5.7.60), although the sign-in worked.
    if (-not $HadSendAs) {
        Add-RecipientPermission -Identity $From -Trustee $Application -AccessRights SendAs -Confirm:$false -ErrorAction Stop | Out-Null
        Write-Host 'Gave Send As on the From address.'
    }
{% else %}
    # Left out: From is the mailbox itself, or the road has no such right. Microsoft asks for Send As (Add-RecipientPermission)
    # over SMTP only where From differs, and a right that is not needed is not given.
{% endif %}
{% if switch == "SmtpClientAuthenticationDisabled" %}
    #
    # --- 4. Open SMTP AUTH for this mailbox ---------------------------------------------------
    # This switch shuts out OAuth as well, and organizations made since 2020 start with theirs off. It is set on the mailbox and
    # not on the organization: the mailbox's own value wins, so one mailbox opens and all others stay as they are. The switch
    # of the organization (Set-TransportConfig) would open every mailbox that has no value of its own.
    # Not set is not enough either, even where the organization's is open today: it would close with it.
    if ($HadSwitch -ne $false) {
        Set-CASMailbox -Identity $Mailbox -SmtpClientAuthenticationDisabled $false -ErrorAction Stop
        Write-Host 'Opened SMTP AUTH for the mailbox.'
    }
{% elif switch == "ImapEnabled" %}
    #
    # --- 4. Open IMAP for this mailbox --------------------------------------------------------
    if ($HadSwitch -ne $true) {
        Set-CASMailbox -Identity $Mailbox -ImapEnabled $true -ErrorAction Stop
        Write-Host 'Opened IMAP for the mailbox.'
    }
{% elif switch == "PopEnabled" %}
    #
    # --- 4. Open POP for this mailbox ---------------------------------------------------------
    if ($HadSwitch -ne $true) {
        Set-CASMailbox -Identity $Mailbox -PopEnabled $true -ErrorAction Stop
        Write-Host 'Opened POP for the mailbox.'
    }
{% elif switch == "EwsEnabled" %}
    #
    # --- 4. Open EWS for this mailbox, and let this application in ------------------------------
    # The mailbox and the organization have a switch each, and both must allow; not set counts as allowed on the mailbox.
    if ($HadSwitch -eq $false) {
        Set-CASMailbox -Identity $Mailbox -EwsEnabled $true -ErrorAction Stop
        Write-Host 'Opened EWS for the mailbox.'
    }
    # The list is set before the switch: with the switch on, only applications on the list come in.
    if ($OpenOrganization) {
        if ($HadList -notcontains $ClientId) {
            # The command replaces the list, so the old entries are said again.
            Set-OrganizationConfig -EwsAllowedAppIDs (@($HadList + $ClientId) -join ',') -ErrorAction Stop
            Write-Host 'Put the application on the list of those that may use EWS.'
        }
        if ($HadOrganization -ne $true) {
            Set-OrganizationConfig -EwsEnabled $true -ErrorAction Stop
            Write-Warning 'EWS is on for the organization now, for the applications on its list and for no others.'
        }
    }
{% endif %}
{% if right and send_as %}
    if (-not (Test-FullAccess @(Find-MailboxRight $Holder)) -or -not (Test-SendAs @(Find-SendAs $Holder $From))) {
{% elif right %}
    if (-not (Test-FullAccess @(Find-MailboxRight $Holder))) {
{% elif send_as %}
    if (-not (Test-SendAs @(Find-SendAs $Holder $From))) {
{% endif %}
{% if right or send_as %}
        Write-Warning 'Exchange took every change, but does not list the right yet. Run the verify script in some minutes. What is not listed, undo does not take back.'
    }
{% endif %}
{% if role %}
    # This test looks past the cache, so it is ahead of the service.
    Test-ServicePrincipalAuthorization -Identity $ClientId -Resource $Mailbox -ErrorAction Stop | Where-Object { [string]$_.RoleName -eq $Role } | ForEach-Object {
        Write-Host "$Role, scope $($_.AllowedResourceScope): InScope $($_.InScope)"
    }
{% endif %}
    Write-Host 'Done. A new right can take an hour to work, a role two, a setting of EWS a day. The verify script reads all of it back; o365doctor checkup tries it.'
}


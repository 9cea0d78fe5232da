# o365doctor: let an application use one mailbox of Exchange Online with OAuth 2.0 (part 3 of 3: undo).
# Paste the whole block into Windows PowerShell 5.1 or PowerShell 7. It runs as one piece and stops at the first failure.
# Needs: the role Exchange Administrator, and the line that setup printed as the state before.
# It takes back what setup added and nothing else: what was there before setup stays.
{% include "exchange-start.ps1" %}
{% include "exchange-organization.ps1" %}
    $ClientId = {{ client_id | ps }}
    $Mailbox = {{ mailbox | ps }}
{% if registers %}
    # $true removes the registration too, if setup made it. Set this to $false when the application has since been given
    # another mailbox or a role: removing the registration takes those away as well.
    $RemoveRegistration = $true
{% endif %}
{% if switch %}
    $SwitchName = {{ switch | ps }}
{% endif %}
{% include "prior.ps1" %}
{% include "exchange-prior.ps1" %}
    $Way = {{ way | ps }}
    if ($Prior.way -and $Prior.way -ne $Way) { throw "Nothing was changed: the state before is of --way $($Prior.way), and this script is for $Way." }
    if ($Prior.client_id -ne $ClientId -or $Prior.mailbox -ne $Mailbox) { throw 'Nothing was changed: the state before belongs to another application or mailbox.' }
{% include "exchange-common.ps1" %}
    #
    # --- 1. The switch of the mailbox ---------------------------------------------------------
    # First, because it alone ends the sending, whatever happens below. Null stays null: then the organization decides again.
    $Box = @(Find-Mailbox)
    if ($Box.Count -ne 1) { throw "Nothing was changed: not exactly one mailbox has the address $Mailbox." }
{% if switch == "SmtpClientAuthenticationDisabled" %}
    $Before = ConvertTo-Switch $Prior.smtp_client_authentication_disabled
    $Now = Read-Switch $SwitchName
    # Compared as text, for which null is the empty one.
    if ([string]$Before -ne [string]$Now) {
        Set-CASMailbox -Identity $Mailbox -SmtpClientAuthenticationDisabled $Before -ErrorAction Stop
        Write-Host 'Put the SMTP AUTH switch of the mailbox back.'
    }
{% elif switch %}
    $Before = ConvertTo-Switch $Prior.switch
    $Now = Read-Switch $SwitchName
    if ([string]$Before -ne [string]$Now) {
{% if switch == "ImapEnabled" %}
        Set-CASMailbox -Identity $Mailbox -ImapEnabled $Before -ErrorAction Stop
{% elif switch == "PopEnabled" %}
        Set-CASMailbox -Identity $Mailbox -PopEnabled $Before -ErrorAction Stop
{% else %}
        Set-CASMailbox -Identity $Mailbox -EwsEnabled $Before -ErrorAction Stop
{% endif %}
        Write-Host 'Put the switch of the mailbox back.'
    }
{% endif %}
{% if ews %}
    # The organization's switch goes back first, then the list: the list without the switch lets nobody in.
    $Before = ConvertTo-Switch $Prior.organization_ews_enabled
    if ([string]$Before -ne [string](ConvertTo-Switch (Get-OrganizationConfig -ErrorAction Stop).EwsEnabled)) {
        Set-OrganizationConfig -EwsEnabled $Before -ErrorAction Stop
        Write-Host 'Put the EWS switch of the organization back.'
    }
    # Only this application leaves the list; whoever was added since stays.
    if ($Prior.ews_app_was_listed -eq $false) {
        $List = @(Read-AllowedApp)
        if ($List -contains $ClientId) {
            $Left = @($List | Where-Object { $_ -ne $ClientId })
            if ($Left.Count -eq 0 -and $Prior.ews_list_was_empty) {
                Set-OrganizationConfig -EwsAllowedAppIDs $null -ErrorAction Stop
            } else {
                Set-OrganizationConfig -EwsAllowedAppIDs ($Left -join ',') -ErrorAction Stop
            }
            Write-Host 'Took the application off the list of EWS.'
        }
    }
{% endif %}
    #
    # --- 2. The rights ------------------------------------------------------------------------
{% if registers %}
    # Before the registration: a right of an application that Exchange no longer knows can not be named any more.
    $Registered = @(Find-Registration)
    if ($Registered.Count -gt 1) { throw "The application $ClientId is registered more than once. Its rights were left as they are." }
    $Holder = $(if ($Registered.Count -eq 1) { $Registered[0] } else { $null })
{% else %}
    $Holder = $Box[0]
{% endif %}
    if ($Holder) {
        $Application = [string]$Holder.Identity
        if ($Prior.send_as -eq $false) {
            if (Test-SendAs @(Find-SendAs $Holder $Prior.from)) {
                Remove-RecipientPermission -Identity $Prior.from -Trustee $Application -AccessRights SendAs -Confirm:$false -ErrorAction Stop | Out-Null
                Write-Host 'Took Send As back.'
            } else { Write-Host 'Send As is not listed: nothing to take back.' }
        }
{% if right %}
        if ($Prior.full_access -eq $false) {
            if (Test-FullAccess @(Find-MailboxRight $Holder)) {
                Remove-MailboxPermission -Identity $Mailbox -User $Application -AccessRights FullAccess -Confirm:$false -ErrorAction Stop | Out-Null
                Write-Host 'Took FullAccess to the mailbox back.'
            } else { Write-Host 'FullAccess is not listed: nothing to take back.' }
        }
{% endif %}
    }
{% if role %}
    # The assignment before its scope: a scope that is in use can not be removed.
    if ($Prior.role_in_scope -eq $false) {
        foreach ($Assignment in @(Get-ManagementRoleAssignment -ErrorAction Stop | Where-Object { [string]$_.Name -eq $Prior.role_assignment })) {
            Remove-ManagementRoleAssignment -Identity ([string]$Assignment.Identity) -Confirm:$false -ErrorAction Stop | Out-Null
            Write-Host 'Took the role back.'
        }
    }
    if ($Prior.scope_existed -eq $false) {
        $InUse = @(Get-ManagementRoleAssignment -ErrorAction Stop | Where-Object {
            [string]$_.Name -ne $Prior.role_assignment -and ([string]$_.CustomResourceScope -eq $Prior.scope_name -or [string]$_.CustomRecipientWriteScope -eq $Prior.scope_name)
        }).Count
        foreach ($Scope in @(Get-ManagementScope -ErrorAction Stop | Where-Object { [string]$_.Name -eq $Prior.scope_name })) {
            if ($InUse -gt 0) { Write-Warning 'The scope is used by another role now. It was left.'; continue }
            Remove-ManagementScope -Identity ([string]$Scope.Identity) -Confirm:$false -ErrorAction Stop | Out-Null
            Write-Host 'Removed the scope.'
        }
    }
{% endif %}
{% if registers %}
    #
    # --- 3. The registration ------------------------------------------------------------------
    if ($Registered.Count -eq 1 -and -not $Prior.registered_object_id) {
        if ($RemoveRegistration) {
            Remove-ServicePrincipal -Identity ([string]$Registered[0].ObjectId) -Confirm:$false -ErrorAction Stop | Out-Null
            Write-Host 'Removed the registration of the application.'
        } else {
            Write-Host 'Left the registration of the application, as $RemoveRegistration says.'
        }
    }
    if ($Prior.registered_object_id -and ($Registered.Count -eq 0 -or [string]$Registered[0].ObjectId -ne $Prior.registered_object_id)) {
        # Setup never replaces a registration, so this was done by hand and is for a person to decide.
        Write-Warning "The application was registered with ObjectId $($Prior.registered_object_id) before, and is not now. This was not changed."
    }
{% endif %}
    Write-Host 'Done. The verify script shows the state as it is now.'
}


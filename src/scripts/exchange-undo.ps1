# o365doctor: let an application send as one mailbox over SMTP with OAuth 2.0 (part 3 of 3: undo).
# Paste the whole block into Windows PowerShell 5.1 or PowerShell 7. It runs as one piece and stops at the first failure.
# Needs: the role Exchange Administrator, and the line that setup printed as the state before.
# It takes back what setup added and nothing else: what was there before setup stays.
& {
    $ErrorActionPreference = 'Stop'
    # A stricter setting of this window must not end the script over a property that a module version does not have.
    Set-StrictMode -Off
{% if not ascii %}
    # The values hold letters beyond ASCII. Windows PowerShell reads a file without byte order mark in an old code page,
    # where such a letter can end a quoted value; in that case nothing below may run.
    if ({{ probe_letter | ps }} -cne [string][char]252) { throw 'This script was read in the wrong encoding. Paste it, or save it as UTF-8 with byte order mark.' }
{% endif %}
    #
    # --- Values -----------------------------------------------------------------------------
    $Environment = {{ environment | ps }}
    $Tenant = {{ tenant | ps }}
    $ClientId = {{ client_id | ps }}
    $Mailbox = {{ mailbox | ps }}
    # $true removes the registration too, if setup made it. Set this to $false when the application has since been given
    # another mailbox or a role: removing the registration takes those away as well.
    $RemoveRegistration = $true
{% if prior %}
    $PriorLine = {{ prior | ps }}
{% else %}
    # Put the line that setup printed in place of the line between the two quote marks. It may be wrapped; no line may be indented.
    $PriorLine = @'
PUT THE LINE HERE
'@
{% endif %}
    #
    # --- The state to go back to ------------------------------------------------------------
    # It has to be a state of this application and this mailbox; another one's would take rights away that setup never gave.
    try { $Prior = ConvertFrom-Json -InputObject ($PriorLine -replace '[\r\n]', '') } catch { $Prior = $null }
    if ($Prior.kind -ne {{ prior_kind | ps }}) { throw 'Nothing was changed: the state before is missing. Put the line that setup printed into $PriorLine above.' }
    if ($Prior.client_id -ne $ClientId -or $Prior.mailbox -ne $Mailbox) { throw 'Nothing was changed: the state before belongs to another application or mailbox.' }
    if ($Prior.format -ne 1) { throw 'Nothing was changed: the state before is of a newer kind than this script.' }
{% include "exchange-common.ps1" %}
    #
    # --- 1. The switch of the mailbox ---------------------------------------------------------
    # First, because it alone ends the sending, whatever happens below. Null stays null: then the organization decides again.
    if (@(Find-Mailbox).Count -ne 1) { throw "Nothing was changed: not exactly one mailbox has the address $Mailbox." }
    $Before = ConvertTo-Switch $Prior.smtp_client_authentication_disabled
    $Now = Read-Switch
    # Compared as text, for which null is the empty one.
    if ([string]$Before -ne [string]$Now) {
        Set-CASMailbox -Identity $Mailbox -SmtpClientAuthenticationDisabled $Before -ErrorAction Stop
        Write-Host 'Put the SMTP AUTH switch of the mailbox back.'
    }
    #
    # --- 2. The rights ------------------------------------------------------------------------
    # Before the registration: a right of an application that Exchange no longer knows can not be named any more.
    $Registered = @(Find-Registration)
    if ($Registered.Count -gt 1) { throw "The application $ClientId is registered more than once. Its rights were left as they are." }
    if ($Registered.Count -eq 1) {
        $Application = [string]$Registered[0].Identity
        if ($Prior.send_as -eq $false) {
            if (Test-SendAs @(Find-SendAs $Registered[0] $Prior.from)) {
                Remove-RecipientPermission -Identity $Prior.from -Trustee $Application -AccessRights SendAs -Confirm:$false -ErrorAction Stop | Out-Null
                Write-Host 'Took Send As back.'
            } else { Write-Host 'Send As is not listed: nothing to take back.' }
        }
        if ($Prior.full_access -eq $false) {
            if (Test-FullAccess @(Find-MailboxRight $Registered[0])) {
                Remove-MailboxPermission -Identity $Mailbox -User $Application -AccessRights FullAccess -Confirm:$false -ErrorAction Stop | Out-Null
                Write-Host 'Took FullAccess to the mailbox back.'
            } else { Write-Host 'FullAccess is not listed: nothing to take back.' }
        }
    }
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
    Write-Host 'Done. The verify script shows the state as it is now.'
}


# o365doctor: let an application send as one mailbox over SMTP with OAuth 2.0 (part 1 of 3: set up).
# Paste the whole block into Windows PowerShell 5.1 or PowerShell 7. It runs as one piece and stops at the first failure.
# Needs: the role Exchange Administrator. Before: the Entra application has SMTP.SendAsApp with admin consent.
# It asks nothing, tells the state before, and changes only what differs; run it twice and the second time changes nothing.
# Takes the classic way that Microsoft documents: a mailbox right for the application. The other way is the Exchange role
# 'Application SMTP.SendAsApp' (RBAC for Applications), which needs neither this right nor the Entra permission.
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
    # The object id of the ENTERPRISE APPLICATION. The app registration has an object id too: Exchange takes that one without
    # a word, and every sign-in then fails with 535 5.7.3.
    $ObjectId = {{ object_id | ps }}
    $ObjectIdFrom = {{ object_id_from | ps }}
    $Mailbox = {{ mailbox | ps }}
{% if from %}
    $From = {{ from | ps }}
{% endif %}
    $DisplayName = {{ display_name | ps }}
    #
    # --- The object id ----------------------------------------------------------------------
    # It can not be derived from anything else and Exchange does not check it, so without it the script stops before it signs in.
    if (-not $ObjectId) {
        Write-Host 'The object id of the enterprise application is missing. Look it up with one of these, and put it between the quotes after $ObjectId = above:'
        Write-Host "    az ad sp show --id $ClientId --query id -o tsv"
        Write-Host "    Connect-MgGraph -Scopes Application.Read.All; (Get-MgServicePrincipal -Filter `"appId eq '$ClientId'`").Id"
        Write-Host 'or in the Entra admin center: Enterprise applications, the application, Object ID. Not under App registrations.'
        throw 'Nothing was changed: $ObjectId is empty.'
    }
    if ($ObjectId -notmatch '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$') { throw 'Nothing was changed: $ObjectId is not a GUID.' }
    if ($ObjectId -eq $ClientId) { throw 'Nothing was changed: $ObjectId is the client id. It has to be the object id of the enterprise application.' }
    if ($ObjectIdFrom) { Write-Host "Object id $ObjectId, from: $ObjectIdFrom" }
{% include "exchange-common.ps1" %}
    #
    # --- The state before -------------------------------------------------------------------
    if (@(Find-Mailbox).Count -ne 1) { throw "Nothing was changed: not exactly one mailbox has the address $Mailbox." }
{% if from %}
    if (@(Get-Recipient -Identity $From -ErrorAction Stop).Count -ne 1) { throw "Nothing was changed: not exactly one recipient has the address $From." }
{% endif %}
    $Registered = @(Find-Registration)
    if ($Registered.Count -gt 1) { throw "Nothing was changed: $ClientId is registered more than once. Remove-ServicePrincipal the ones with a wrong ObjectId first." }
    if ($Registered.Count -eq 1 -and [string]$Registered[0].ObjectId -ne $ObjectId) {
        # Only replacing repairs this (an ObjectId can not be edited), and replacing takes away every right and role that hangs
        # on the old registration, in other mailboxes too. That is not for a script to do in passing.
        $Wrong = [string]$Registered[0].ObjectId
        Write-Host "Exchange has this application registered with ObjectId $Wrong, but the enterprise application was said to be $ObjectId."
        Write-Host 'One of the two is probably the object id of the app registration. This command prints the right one:'
        Write-Host "    az ad sp show --id $ClientId --query id -o tsv"
        Write-Host "If it prints $ObjectId, replace the registration with these two lines, then paste this script again:"
        Write-Host "    Remove-ServicePrincipal -Identity '$Wrong'"
        Write-Host "    New-ServicePrincipal -AppId '$ClientId' -ObjectId '$ObjectId'"
        Write-Host 'Rights in other mailboxes and Exchange roles of the old registration have to be given again.'
        Write-Host "If it prints $Wrong, correct `$ObjectId above instead."
        throw 'Nothing was changed: the registration in Exchange has another ObjectId.'
    }
    $HadRight = $false
{% if from %}
    $HadSendAs = $false
{% else %}
    $HadSendAs = $null
{% endif %}
    if ($Registered.Count -eq 1) {
        $HadRight = Test-FullAccess @(Find-MailboxRight $Registered[0])
{% if from %}
        $HadSendAs = Test-SendAs @(Find-SendAs $Registered[0] $From)
{% endif %}
    }
    $HadSwitch = Read-Switch
    $Prior = [pscustomobject][ordered]@{
        format = 1
        kind = {{ prior_kind | ps }}
        client_id = $ClientId
        mailbox = $Mailbox
{% if from %}
        from = $From
{% else %}
        from = $null
{% endif %}
        registered_object_id = $(if ($Registered.Count -eq 1) { [string]$Registered[0].ObjectId } else { $null })
        full_access = $HadRight
        send_as = $HadSendAs
        smtp_client_authentication_disabled = $HadSwitch
    }
    # The undo script needs this line. A second run tells the state after the first, so keep the line of the first.
    Write-Host '----- state before: keep the next line for undo -----'
    Write-Output (ConvertTo-Json -InputObject $Prior -Compress)
    Write-Host '----- end of state before -----'
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
    $Application = [string]$Registered[0].Identity
    #
    # --- 2. Let it open the mailbox -----------------------------------------------------------
    # The Entra permission says that the application may use SMTP; this says in which mailbox. FullAccess is the right that
    # Microsoft documents for it.
    if (-not $HadRight) {
        Add-MailboxPermission -Identity $Mailbox -User $Application -AccessRights FullAccess -ErrorAction Stop | Out-Null
        Write-Host 'Gave the application FullAccess to the mailbox.'
    }
    #
    # --- 3. Let it put another address into From ----------------------------------------------
{% if from %}
    # From is not the address of the mailbox, and FullAccess does not cover that: without Send As the message is refused
    # after DATA (5.2.252 or 5.7.60), although the sign-in worked.
    if (-not $HadSendAs) {
        Add-RecipientPermission -Identity $From -Trustee $Application -AccessRights SendAs -Confirm:$false -ErrorAction Stop | Out-Null
        Write-Host 'Gave the application Send As on the From address.'
    }
{% else %}
    # Left out: From is the mailbox itself. Microsoft asks for Send As (Add-RecipientPermission) only where From differs, and
    # a right that is not needed is not given.
{% endif %}
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
{% if from %}
    if (-not (Test-FullAccess @(Find-MailboxRight $Registered[0])) -or -not (Test-SendAs @(Find-SendAs $Registered[0] $From))) {
{% else %}
    if (-not (Test-FullAccess @(Find-MailboxRight $Registered[0]))) {
{% endif %}
        Write-Warning 'Exchange took every change, but does not list the right yet. Run the verify script in some minutes. What is not listed, undo does not take back.'
    }
    Write-Host 'Done. A new right can take an hour to work. The verify script reads all of it back; o365doctor checkup tries it.'
}


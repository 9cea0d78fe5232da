{% include "exchange-connect.ps1" %}
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
        'Identity', 'Id', 'DistinguishedName', 'Guid', 'Sid', 'ObjectId', 'AppId', 'UserPrincipalName' | ForEach-Object { [string]$Registration.$_ } | Where-Object { $_ }
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
    function Read-Switch($Name) {
        ConvertTo-Switch (Get-CASMailbox -Identity $Mailbox -ErrorAction Stop).$Name
    }
    # The list of applications that EWS lets in is one text with commas, and is read by a switch of its own.
    function Read-AllowedApp {
        $List = (Get-OrganizationConfig -RetrieveEwsOperationAccessPolicy -ErrorAction Stop).EwsAllowedAppIDs
        @(([string]($List -join ',')) -split ',' | ForEach-Object { $_.Trim() } | Where-Object { $_ })
    }

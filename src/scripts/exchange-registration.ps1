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

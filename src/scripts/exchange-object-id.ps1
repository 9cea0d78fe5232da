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

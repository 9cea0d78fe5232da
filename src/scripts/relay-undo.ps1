# o365doctor: let one host relay through Exchange Online on port 25, by a connector that knows it (part 3 of 3: undo).
# Paste the whole block into Windows PowerShell 5.1 or PowerShell 7. It runs as one piece and stops at the first failure.
# Needs: the role Exchange Administrator, and the line that setup printed as the state before.
# It removes the connector that setup made, and no other.
{% include "exchange-start.ps1" %}
{% include "exchange-organization.ps1" %}
{% include "prior.ps1" %}
{% include "exchange-prior.ps1" %}
{% include "exchange-connect.ps1" %}
    #
    # --- The connector ----------------------------------------------------------------------
    if ($Prior.connector_existed -eq $false -and $Prior.connector_name) {
        $Found = @(Get-InboundConnector -ErrorAction Stop | Where-Object { [string]$_.Name -eq $Prior.connector_name })
        foreach ($Connector in $Found) {
            Remove-InboundConnector -Identity ([string]$Connector.Identity) -Confirm:$false -ErrorAction Stop | Out-Null
            Write-Host "Removed the connector $($Prior.connector_name)."
        }
        if ($Found.Count -eq 0) { Write-Host 'The connector is not listed: nothing to take back.' }
    } else {
        Write-Host 'The connector was there before setup. It stays.'
    }
    Write-Host 'Done. The verify script shows the state as it is now.'
}


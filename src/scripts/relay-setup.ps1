# o365doctor: let one host relay through Exchange Online on port 25, by a connector that knows it (part 1 of 3: set up).
# Paste the whole block into Windows PowerShell 5.1 or PowerShell 7. It runs as one piece and stops at the first failure.
# Needs: the role Exchange Administrator.
# It asks nothing, tells the state before, and changes only what differs; run it twice and the second time changes nothing.
# Nobody logs in on this road. Whoever sends from these addresses, or holds this certificate, sends as the organization: name
# as few as possible, and none that others share.
{% include "exchange-start.ps1" %}
{% include "exchange-organization.ps1" %}
    $Name = {{ display_name | ps }}
{% if connector_cert %}
    # The name in the certificate that the host shows; it has to lie in an accepted domain.
    $CertificateName = {{ connector_cert | ps }}
{% else %}
    # Public IPv4 addresses, as Microsoft sees them, or ranges of /24 to /32.
    $Addresses = @({% for ip in connector_ips %}{{ ip | ps }}{% if not loop.last %}, {% endif %}{% endfor %})
    # Set this to $false for a device that can not encrypt.
    $RequireTls = $true
{% endif %}
{% include "exchange-connect.ps1" %}
    #
    # --- The state before -------------------------------------------------------------------
    $Domains = @(Get-AcceptedDomain -ErrorAction Stop | ForEach-Object { [string]$_.DomainName })
{% if connector_cert %}
    $Bare = $CertificateName -replace '^\*\.', ''
    if (@($Domains | Where-Object { $Bare -eq $_ -or $Bare.EndsWith(".$_", [StringComparison]::OrdinalIgnoreCase) }).Count -eq 0) {
        throw "Nothing was changed: $CertificateName lies in none of the accepted domains ($($Domains -join ', ')), so Exchange would not relay for it."
    }
{% else %}
    # With a connector by address the sender has to be in an accepted domain: MAIL FROM decides, not From.
    Write-Host "Accepted domains, in one of which MAIL FROM has to be: $($Domains -join ', ')"
{% endif %}
    # This switch is for a person to decide; a host that a connector knows passes either way.
    Write-Host "RejectDirectSend: $((Get-OrganizationConfig -ErrorAction Stop).RejectDirectSend)"
    $All = @(Get-InboundConnector -ErrorAction Stop)
    function Test-Fits($Connector) {
{% if connector_cert %}
        [string]$Connector.TlsSenderCertificateName -eq $CertificateName
{% else %}
        $Known = @($Connector.SenderIPAddresses | ForEach-Object { ([string]$_) -replace '/32$', '' })
        @($Addresses | Where-Object { $Known -notcontains ($_ -replace '/32$', '') }).Count -eq 0
{% endif %}
    }
    $Fitting = @($All | Where-Object { [string]$_.Enabled -eq 'True' -and [string]$_.ConnectorType -eq 'OnPremises' -and (Test-Fits $_) })
    $Namesake = @($All | Where-Object { [string]$_.Name -eq $Name })
    if ($Fitting.Count -eq 0 -and $Namesake.Count -gt 0) {
        throw "Nothing was changed: there is a connector $Name already, with other values or switched off. Make this script again with another --display-name, or change that one by hand."
    }
    $Prior = [pscustomobject][ordered]@{
        format = 1
        kind = {{ prior_kind | ps }}
        road = {{ road | ps }}
        connector_name = $Name
        connector_existed = ($Namesake.Count -gt 0 -or $Fitting.Count -gt 0)
    }
    # The undo script needs this line. A second run tells the state after the first, so keep the line of the first.
    Write-Host '----- state before: keep the next line for undo -----'
    Write-Output (ConvertTo-Json -InputObject $Prior -Compress)
    Write-Host '----- end of state before -----'
    #
    # --- The connector ----------------------------------------------------------------------
    # OnPremises is the type that may relay to outside. RestrictDomainsToIPAddresses and RestrictDomainsToCertificate stay off:
    # with SenderDomains * they would turn away all mail that comes from anywhere else.
    if ($Fitting.Count -eq 0) {
{% if connector_cert %}
        # A certificate is only ever seen under TLS.
        New-InboundConnector -Name $Name -ConnectorType OnPremises -SenderDomains '*' -TlsSenderCertificateName $CertificateName -RequireTls $true -Enabled $true -ErrorAction Stop | Out-Null
{% else %}
        New-InboundConnector -Name $Name -ConnectorType OnPremises -SenderDomains '*' -SenderIPAddresses $Addresses -RequireTls $RequireTls -Enabled $true -ErrorAction Stop | Out-Null
{% endif %}
        Write-Host "Made the connector $Name."
    } else {
        Write-Host "The connector $([string]$Fitting[0].Name) knows the host already. Nothing was changed."
    }
    Write-Host 'Done. A new connector can take an hour to work. The verify script reads it back; o365doctor checkup --roads relay tries it.'
}


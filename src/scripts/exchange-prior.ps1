    #
    # --- The state to go back to ------------------------------------------------------------
    # It has to be a state of this very thing; another one's would take away what setup never gave.
    try { $Prior = ConvertFrom-Json -InputObject ($PriorLine -replace '[\r\n]', '') } catch { $Prior = $null }
    if ($Prior.kind -ne {{ prior_kind | ps }}) { throw 'Nothing was changed: the state before is missing. Put the line that setup printed into $PriorLine above.' }
    if ($Prior.format -ne 1) { throw 'Nothing was changed: the state before is of a newer kind than this script.' }
    $Road = {{ road | ps }}
    # The first scripts were for SMTP alone, and did not say so.
    if (-not $Prior.road) { $Prior | Add-Member -NotePropertyName road -NotePropertyValue 'smtp' -Force }
    if ($Prior.road -ne $Road) { throw "Nothing was changed: the state before is of the road $($Prior.road), and this script is for $Road." }

# o365doctor: the application in Entra, what it asks for, and the consent to it (part 2 of 3: verify).
# Paste the whole block into bash with the Azure CLI and jq, as Azure Cloud Shell has them (Bash, not PowerShell). It reads and
# changes nothing. Before: az login --allow-no-subscriptions --tenant TENANT
# Needs: the role Global Reader.
# Prints one line of JSON. No secret is in it: of secrets and certificates it says only until when they are good.
(
  set -euo pipefail
  client_id={{ client_id | sh }}
{% include "az-common.sh" %}
  #
  # --- The answer ---------------------------------------------------------------------------
  application=$(find_application)
  principal=$(find_principal)
  say '----- o365doctor verify: one line of JSON -----'
  jq -cn --arg kind {{ entra_verify_kind | sh }} --arg road {{ road | sh }} --arg tenant "$tenant" --arg id "$client_id" --argjson wanted "$wanted" \
    --argjson application "$application" --argjson principal "$principal" --argjson granted "$(granted_to "$(jq -r '.[0].id // ""' <<<"$principal")")" \
    '($application | '"$requested_of"') as $requested |
    {format: 1, kind: $kind, time: (now | todate), tenant: $tenant, road: $road, client_id: $id,
      application_found: ($application | length == 1), object_id: $principal[0].id, enabled: $principal[0].accountEnabled,
      sign_in_audience: $application[0].signInAudience, wanted: [$wanted[].word],
      requested: [$wanted[] | select("\(.app) \(.id)" as $word | any($requested[]; . == $word)) | .word], granted: $granted,
      secrets_end: [$application[0].passwordCredentials[]?.endDateTime], certificates_end: [$application[0].keyCredentials[]?.endDateTime],
      redirects: ($application[0].publicClient.redirectUris // []), is_fallback_public_client: $application[0].isFallbackPublicClient}'
  say '----- end -----'
)


# o365doctor: the application in Entra, what it asks for, and the consent to it (part 3 of 3: undo).
# Paste the whole block into bash with the Azure CLI and jq, as Azure Cloud Shell has them (Bash, not PowerShell). It runs as one
# piece and stops at the first failure. Before: az login --allow-no-subscriptions --tenant TENANT
# Needs: the role of the setup script, and the line that it printed as the state before.
# It takes back what setup added and nothing else: what was there before setup stays.
(
  set -euo pipefail
  client_id={{ client_id | sh }}
  # true deletes the application too, if setup made it; it can be restored for 30 days. Set this to false to keep it.
  remove_application=true
{% if prior %}
  prior={{ prior | sh }}
{% else %}
  # Put the line that setup printed in place of the words between the two lines with PRIOR.
  prior=$(cat <<'PRIOR'
PUT THE LINE HERE
PRIOR
)
{% endif %}
  #
  # --- The state to go back to --------------------------------------------------------------
  prior_is() { jq -e "$@" <<<"$prior" >/dev/null 2>&1; }
  command -v jq >/dev/null || { printf '%s\n' 'jq is missing, which reads JSON. Azure Cloud Shell has it.' >&2; exit 1; }
  if prior_is --arg kind {{ entra_prior_kind | sh }} '.kind == $kind and .format == 1'; then :; else
    printf '%s\n' 'Nothing was changed: the state before is missing. Put the line that setup printed behind prior= above.' >&2
    exit 1
  fi
  if prior_is --arg road {{ road | sh }} --arg id "$client_id" '.road == $road and .client_id != null and ($id == "" or .client_id == $id)'; then :; else
    printf '%s\n' 'Nothing was changed: the state before is of another road or application, or from before the application was made (then setup printed another line behind it).' >&2
    exit 1
  fi
  client_id=$(jq -r .client_id <<<"$prior")
{% include "az-common.sh" %}
  #
  # --- 1. The consent -------------------------------------------------------------------------
  # First, because it alone ends the access, whatever happens below. Tokens of before stay good for an hour or so.
  principal=$(find_principal)
  own=$(jq -r '.[0].id // ""' <<<"$principal")
  if [ -n "$own" ]; then
    while read -r one; do
      [ -n "$one" ] || continue
      value=$(jq -r .value <<<"$one")
{% if person %}
      while read -r grant; do
        [ -n "$grant" ] || continue
        entry=$(jq -r .id <<<"$grant") left=$(jq -r --arg value "$value" '.scope | split(" ") - ["", $value] | join(" ")' <<<"$grant")
        if [ -z "$left" ]; then
          graph_call DELETE "oauth2PermissionGrants/$entry" >/dev/null
        else
          graph_call PATCH "oauth2PermissionGrants/$entry" "$(jq -cn --arg left "$left" '{scope: $left}')" >/dev/null
        fi
        say "Took the consent to $value back."
      done < <(find_all "oauth2PermissionGrants?\$filter=clientId%20eq%20'$own'" | jq -c --argjson one "$one" '.[] | select(.consentType == "AllPrincipals" and .resourceId == $one.resource and any(.scope | split(" ")[]; . == $one.value))')
{% else %}
      while read -r entry; do
        [ -n "$entry" ] || continue
        graph_call DELETE "servicePrincipals/$own/appRoleAssignments/$entry" >/dev/null
        say "Took the consent to $value back."
      done < <(find_all "servicePrincipals/$own/appRoleAssignments" | jq -r --argjson one "$one" '.[] | select(.resourceId == $one.resource and .appRoleId == $one.id) | .id')
{% endif %}
    done < <(jq -c --argjson prior "$prior" '.[] | select(.word as $word | all($prior.granted[]; . != $word))' <<<"$wanted")
    if prior_is '.application_existed and (.service_principal_existed | not)'; then
      graph_call DELETE "servicePrincipals/$own" >/dev/null
      say 'Removed the service principal.'
    fi
  fi
  #
  # --- 2. The application ---------------------------------------------------------------------
  application=$(find_application)
  object=$(jq -r '.[0].id // ""' <<<"$application")
  if [ -n "$object" ] && prior_is '.application_existed | not'; then
    if [ "$remove_application" = true ]; then
      graph_call DELETE "applications/$object" >/dev/null
      say 'Deleted the application.'
    fi
  elif [ -n "$object" ]; then
    change=$(jq -c --argjson prior "$prior" --argjson wanted "$wanted" '
      ([$wanted[] | "\(.app) \(.id)"] - $prior.requested) as $gone |
      ('"$requested_of"') as $requested |
      if any($requested[]; . as $word | any($gone[]; . == $word)) then {requiredResourceAccess: [
        .[0].requiredResourceAccess[] | .resourceAppId as $app |
        {resourceAppId, resourceAccess: [.resourceAccess[] | select("\($app) \(.id)" as $word | all($gone[]; . != $word)) | {id, type}]} |
        select(.resourceAccess | length > 0)]} else {} end' <<<"$application")
{% if person %}
    # Null stays null.
    change=$(jq -c --argjson application "$application" --argjson prior "$prior" '
      ($application[0].publicClient.redirectUris // []) as $now | ($now - ($ARGS.positional - $prior.redirects)) as $left |
      (if ($left | length) != ($now | length) then .publicClient = {redirectUris: $left} else . end) |
      (if $application[0].isFallbackPublicClient == $prior.is_fallback_public_client then . else .isFallbackPublicClient = $prior.is_fallback_public_client end)' --args "${redirects[@]}" <<<"$change")
{% endif %}
    if [ "$change" != '{}' ]; then
      graph_call PATCH "applications/$object" "$change" >/dev/null
      say 'Put back what the application asks for.'
    fi
  fi
  say 'Done. The verify script shows the state as it is now.'
)


# o365doctor: the application in Entra, what it asks for, and the consent to it (part 1 of 3: set up).
# Paste the whole block into bash with the Azure CLI and jq, as Azure Cloud Shell has them (Bash, not PowerShell). It runs as one
# piece and stops at the first failure. Before: az login --allow-no-subscriptions --tenant TENANT
{% if road == "graph" and not person %}
# Needs: the role Privileged Role Administrator, because it consents to an application permission of Microsoft Graph.
{% else %}
# Needs: the role Cloud Application Administrator.
{% endif %}
# It asks nothing, tells the state before, and changes only what differs; run it twice and the second time changes nothing.
{% if person %}
# A person signs in, so these are delegated permissions: the application can do no more than that person can.
{% else %}
# These are permissions of the application itself, in every mailbox that Exchange does not keep it from.
{% endif %}
{% if person %}
# It makes no secret and no certificate: a public client has none.
{% else %}
# It makes no secret and no certificate: add one by hand, beside those that are there.
{% endif %}
(
  set -euo pipefail
  # The application; empty: a new one is made, under the name below.
  client_id={{ client_id | sh }}
  display_name={{ display_name | sh }}
{% include "az-common.sh" %}
  #
  # --- The state before ---------------------------------------------------------------------
  if [ -n "$client_id" ]; then
    application=$(find_application)
    [ "$(jq length <<<"$application")" = 1 ] || stop "Nothing was changed: there is no registration of $client_id in this directory."
    principal=$(find_principal)
  else
    # A name is not unique. Somebody else's application of the same name is none of ours.
    quoted=$(jq -rn --arg name "$display_name" '$name | gsub("\u0027"; "\u0027\u0027") | @uri')
    namesake=$(find_all "applications?\$filter=displayName%20eq%20'$quoted'&\$select=appId,displayName")
    [ "$(jq length <<<"$namesake")" = 0 ] ||
      stop "Nothing was changed: there is an application of this name already, $(jq -r '.[0].appId' <<<"$namesake"). If it is yours, put this id behind client_id= above."
    application='[]' principal='[]'
  fi
  own=$(jq -r '.[0].id // ""' <<<"$principal")
  prior=$(jq -cn --arg kind {{ entra_prior_kind | sh }} --arg road {{ road | sh }} --arg id "$client_id" --arg name "$display_name" \
    --argjson application "$application" --argjson principal "$principal" --argjson granted "$(granted_to "$own")" \
    '{format: 1, kind: $kind, road: $road, client_id: (if $id == "" then null else $id end), display_name: $name,
      application_existed: ($application | length == 1), service_principal_existed: ($principal | length == 1),
      requested: ($application | '"$requested_of"'), granted: $granted,
      redirects: ($application[0].publicClient.redirectUris // []), is_fallback_public_client: $application[0].isFallbackPublicClient}')
  # The undo script needs this line. A second run tells the state after the first, so keep the line of the first.
  say '----- state before: keep the next line for undo -----'
  printf '%s\n' "$prior"
  say '----- end of state before -----'
  #
  # --- 1. The application -------------------------------------------------------------------
  if [ "$(jq length <<<"$application")" = 0 ]; then
    made=$(graph_call POST applications "$(jq -cn --arg name "$display_name" '{displayName: $name, signInAudience: "AzureADMyOrg"}')")
    client_id=$(jq -r .appId <<<"$made")
    say "Made the application $client_id."
    say '----- state before: keep THIS line for undo, it names the application -----'
    jq -c --arg id "$client_id" '.client_id = $id' <<<"$prior"
    say '----- end of state before -----'
    application_shown() { find_application | jq -ce 'select(length == 1)'; }
    application=$(patiently application_shown)
  fi
  object=$(jq -r '.[0].id' <<<"$application")
  #
  # --- 2. What it asks for --------------------------------------------------------------------
  # The whole list is written, so the old entries are said again.
  change=$(jq -c --argjson wanted "$wanted" '
    .[0] as $now | ('"$requested_of"') as $requested |
    [$wanted[] | select("\(.app) \(.id)" as $word | all($requested[]; . != $word))] as $new |
    if ($new | length) == 0 then {} else {requiredResourceAccess: (
      [$now.requiredResourceAccess[]? | .resourceAppId as $app | .resourceAccess[]? | {app: $app, access: {id, type}}]
{% if person %}
      + [$new[] | {app, access: {id, type: "Scope"}}]
{% else %}
      + [$new[] | {app, access: {id, type: "Role"}}]
{% endif %}
      | group_by(.app) | map({resourceAppId: .[0].app, resourceAccess: map(.access)}))} end' <<<"$application")
{% if person %}
  # Where the answer to a sign-in may go, and "Allow public client flows", without which there is no device code.
  change=$(jq -c --argjson application "$application" '
    ($application[0].publicClient.redirectUris // []) as $now | ($ARGS.positional - $now) as $missing |
    (if ($missing | length) > 0 then .publicClient = {redirectUris: ($now + $missing)} else . end) |
    (if $application[0].isFallbackPublicClient == true then . else .isFallbackPublicClient = true end)' --args "${redirects[@]}" <<<"$change")
{% endif %}
  if [ "$change" != '{}' ]; then
    patiently graph_call PATCH "applications/$object" "$change" >/dev/null
    say 'Changed what the application asks for.'
  fi
  #
  # --- 3. Its service principal ---------------------------------------------------------------
  # The application as this directory knows it: consent and rights hang on it.
  if [ -z "$own" ]; then
    patiently graph_call POST servicePrincipals "$(jq -cn --arg id "$client_id" '{appId: $id}')" >/dev/null
    say 'Made its service principal.'
    principal_shown() { find_principal | jq -ce 'select(length == 1)'; }
    principal=$(patiently principal_shown)
    own=$(jq -r '.[0].id' <<<"$principal")
  fi
  #
  # --- 4. The consent -------------------------------------------------------------------------
  granted=$(patiently granted_to "$own")
  while read -r one; do
    [ -n "$one" ] || continue
    value=$(jq -r .value <<<"$one") resource=$(jq -r .resource <<<"$one")
{% if person %}
    # One entry a resource holds all scopes of it.
    grant=$(find_all "oauth2PermissionGrants?\$filter=clientId%20eq%20'$own'" | jq -c --arg resource "$resource" '[.[] | select(.consentType == "AllPrincipals" and .resourceId == $resource)]')
    if [ "$(jq length <<<"$grant")" = 0 ]; then
      patiently graph_call POST oauth2PermissionGrants "$(jq -cn --arg own "$own" --argjson one "$one" '{clientId: $own, consentType: "AllPrincipals", resourceId: $one.resource, scope: $one.value}')" >/dev/null
    elif jq -e --arg value "$value" 'all(.[0].scope | split(" ")[]; . != $value)' <<<"$grant" >/dev/null; then
      graph_call PATCH "oauth2PermissionGrants/$(jq -r '.[0].id' <<<"$grant")" "$(jq -c --arg value "$value" '{scope: (.[0].scope | split(" ") - [""] + [$value] | join(" "))}' <<<"$grant")" >/dev/null
    fi
{% else %}
    # This assignment is the consent of an administrator, for this permission and no other.
    patiently graph_call POST "servicePrincipals/$own/appRoleAssignments" "$(jq -cn --arg own "$own" --argjson one "$one" '{principalId: $own, resourceId: $one.resource, appRoleId: $one.id}')" >/dev/null
{% endif %}
    say "Consented to $value."
  done < <(jq -c --argjson granted "$granted" '.[] | select(.word as $word | all($granted[]; . != $word))' <<<"$wanted")
  say "Done. Client id $client_id; object id of the enterprise application, which Exchange wants: $own"
{% if not person %}
  # Without --append that command deletes every secret and certificate that the application has.
  say "It has no credential yet. For a secret beside those that are there: az ad app credential reset --append --id $client_id --display-name NAME --years 1"
{% endif %}
  say 'A token that was had before does not hold the consent; a new one does.'
)


  tenant={{ tenant | sh }}
{% if delegated_organization %}
  # The customer whose directory a partner works on.
  tenant={{ delegated_organization | sh }}
{% endif %}
  cloud={{ az_cloud | sh }}
  graph={{ graph_host | sh }}
  # Each is the id of a resource and the value of one of its permissions. Their ids are looked up below, by these values.
  permissions=({% for word in permissions %}{{ word | sh }}{% if not loop.last %} {% endif %}{% endfor %})
{% if person %}
  redirects=({% for address in redirects %}{{ address | sh }}{% if not loop.last %} {% endif %}{% endfor %})
{% endif %}
  #
  # --- The tools and the connection ---------------------------------------------------------
  stop() { printf '%s\n' "$1" >&2; exit 1; }
  say() { printf '%s\n' "$1" >&2; }
  command -v az >/dev/null || stop 'The Azure CLI (az) is missing. Azure Cloud Shell has it.'
  command -v jq >/dev/null || stop 'jq is missing, which reads JSON. Azure Cloud Shell has it.'
  [ "$(az cloud show --query name --output tsv)" = "$cloud" ] || stop "The CLI is set to another cloud. Run: az cloud set --name $cloud; az login --allow-no-subscriptions --tenant TENANT"
  graph_call() {
    if [ -n "${3:-}" ]; then
      az rest --only-show-errors --resource "$graph" --method "$1" --url "$graph/v1.0/$2" --headers 'Content-Type=application/json' --body "$3"
    else
      az rest --only-show-errors --resource "$graph" --method "$1" --url "$graph/v1.0/$2"
    fi
  }
  # An answer of Graph comes in pages.
  find_all() {
    local path=$1 page all='[]'
    while [ -n "$path" ]; do
      page=$(graph_call GET "$path") || return 1
      all=$(jq -c --argjson page "$page" '. + $page.value' <<<"$all")
      path=$(jq -r '."@odata.nextLink" // "" | sub("^https://[^/]+/v1\\.0/"; "")' <<<"$page")
    done
    printf '%s\n' "$all"
  }
  # What was made a moment ago is not known to all servers at once.
  patiently() {
    local try
    for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23; do
      if "$@" 2>/dev/null; then return 0; fi
      sleep "${O365DOCTOR_WAIT:-5}"
    done
    "$@"
  }
  # The same name can exist in two directories; this one has to be the one that the script was made for.
  graph_call GET 'organization?$select=id,verifiedDomains' |
    jq -e --arg tenant "$tenant" '.value[0] | ((.id | ascii_downcase) == ($tenant | ascii_downcase)) or any(.verifiedDomains[]; (.name | ascii_downcase) == ($tenant | ascii_downcase))' >/dev/null ||
    stop "The CLI is signed in to a directory that does not know $tenant. Run: az login --allow-no-subscriptions --tenant $tenant"
  #
  # --- What is asked for --------------------------------------------------------------------
  wanted='[]'
  for word in "${permissions[@]}"; do
    resource_app=${word%% *} value=${word#* }
    resource=$(find_all "servicePrincipals?\$filter=appId%20eq%20'$resource_app'&\$select=id,appId,displayName,appRoles,oauth2PermissionScopes")
    [ "$(jq length <<<"$resource")" = 1 ] || stop "The resource $resource_app is not in this directory, so nobody can ask it for $value. Exchange Online comes with its first licence."
{% if person %}
    found=$(jq -c --arg value "$value" '[.[0].oauth2PermissionScopes[] | select(.value == $value and .isEnabled)]' <<<"$resource")
{% else %}
    found=$(jq -c --arg value "$value" '[.[0].appRoles[] | select(.value == $value and .isEnabled and any(.allowedMemberTypes[]; . == "Application"))]' <<<"$resource")
{% endif %}
    [ "$(jq length <<<"$found")" = 1 ] || stop "The resource $resource_app has no permission $value here."
    wanted=$(jq -c --arg word "$word" --arg app "$resource_app" --arg value "$value" --argjson resource "$resource" --argjson found "$found" \
      '. + [{word: $word, app: $app, resource: $resource[0].id, value: $value, id: $found[0].id}]' <<<"$wanted")
  done
  find_application() { find_all "applications?\$filter=appId%20eq%20'$client_id'"; }
  find_principal() { find_all "servicePrincipals?\$filter=appId%20eq%20'$client_id'"; }
  # What the registration asks for: the id of the resource and that of the permission, in one word.
  requested_of='[.[0].requiredResourceAccess[]? | .resourceAppId as $app | .resourceAccess[]? | "\($app) \(.id)"]'
  # What an administrator has consented to, as words of the permissions above.
  granted_to() {
    if [ -z "$1" ]; then printf '[]\n'; return; fi
{% if person %}
    find_all "oauth2PermissionGrants?\$filter=clientId%20eq%20'$1'" |
      jq -c --argjson wanted "$wanted" '[.[] | select(.consentType == "AllPrincipals")] as $grants | [$wanted[] | . as $one | select(any($grants[]; .resourceId == $one.resource and any(.scope | split(" ")[]; . == $one.value))) | .word]'
{% else %}
    find_all "servicePrincipals/$1/appRoleAssignments" |
      jq -c --argjson wanted "$wanted" '. as $assigned | [$wanted[] | . as $one | select(any($assigned[]; .resourceId == $one.resource and .appRoleId == $one.id)) | .word]'
{% endif %}
  }

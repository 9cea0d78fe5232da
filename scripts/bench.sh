#!/usr/bin/env bash
# Measures whole runs with hyperfine, where it is installed, else with a loop in Python, beside other programs that do a
# part of the same work against the same sandbox. Prints a table in Markdown.
# usage: scripts/bench.sh [RUNS]    (O365DOCTOR names the binary; else a release build is made; LOG_MIB sizes the log of
# the second table, which is scripts/bench-log.sh, and DOMAINS the list of the third, scripts/bench-dns.sh; 0 leaves one out)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runs=${1:-15}
target=${CARGO_TARGET_DIR:-target}
if [ -z "${O365DOCTOR:-}" ]; then
    cargo build --release --quiet
    O365DOCTOR=$(cd "$target" && pwd)/release/o365doctor
fi
python=$target/peers/venv/bin/python
[ -x "$python" ] || python=python3
unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
export NO_COLOR=1

work=$(mktemp -d)
coproc SANDBOX { exec "$O365DOCTOR" sandbox --format json --dir "$work/sandbox"; }
sandbox=$SANDBOX_PID
trap 'kill "$sandbox" 2>/dev/null || true; rm -rf "$work"' EXIT
read -r tenant <&"${SANDBOX[0]}"
field() { "$python" -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$tenant" "$1"; }
login=$(field login)/$(field tenant_id)
id=$(field client_id) secret=$(field client_secret) ca=$(field ca_file) profile=$(field profile_file)
form=$("$python" -c 'import sys, urllib.parse; print(urllib.parse.urlencode(dict(client_id=sys.argv[1],
    client_secret=sys.argv[2], grant_type="client_credentials", scope="https://outlook.office365.com/.default")))' \
    "$id" "$secret")

# The median in milliseconds of one command, and the most memory that it held, in MiB (with /usr/bin/time).
measure() {
    local time memory
    if command -v hyperfine >/dev/null; then
        hyperfine -N -w 2 -r "$runs" -i --export-json "$work/result" -- "$1" >/dev/null 2>&1
        time=$("$python" -c 'import json, sys; print("%.1f" % (1000 * json.load(open(sys.argv[1]))["results"][0]["median"]))' \
            "$work/result")
    else
        time=$("$python" - "$runs" "$1" <<'PY'
import shlex, statistics, subprocess, sys, time
def once():
    began = time.perf_counter()
    subprocess.run(shlex.split(sys.argv[2]), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return 1000 * (time.perf_counter() - began)
once(), once()
print("%.1f" % statistics.median(once() for _ in range(int(sys.argv[1]))))
PY
        )
    fi
    memory=-
    if [ -x /usr/bin/time ]; then
        # shellcheck disable=SC2086 # a command and its words
        /usr/bin/time -o "$work/memory" -f %M $1 >/dev/null 2>&1 </dev/null || true
        memory=$(($(tail -n 1 "$work/memory") / 1024))
    fi
    echo "$time | $memory"
}

# A command that fails is quick, and says nothing about speed.
row() {
    if $2 >/dev/null 2>"$work/error" </dev/null; then
        echo "| $1 | $(measure "$2") |"
    else
        echo "| $1 | failed: $(head -c 120 "$work/error" | tr '\n|' '  ') | |"
    fi
}

curl -sS --cacert "$ca" -d "$form" "$login/oauth2/v2.0/token" |
    "$python" -c 'import json, sys; print(json.load(sys.stdin)["access_token"])' >"$work/token"
chmod 600 "$work/token"
cat >"$work/msal_token.py" <<'PY'
import sys
import msal
login, client, secret, ca = sys.argv[1:]
app = msal.ConfidentialClientApplication(
    client, client_credential=secret, authority=login, instance_discovery=False, verify=ca)
sys.exit("access_token" not in app.acquire_token_for_client(["https://outlook.office365.com/.default"]))
PY

echo "| work | ms (median of $runs) | MiB |"
echo "| --- | --- | --- |"
row "a bare process" "true"
row "o365doctor --version" "$O365DOCTOR --version"
row "o365doctor explain AADSTS7000215" "$O365DOCTOR explain AADSTS7000215"
row "o365doctor check-token, a token from a file, offline" "$O365DOCTOR check-token --token-file $work/token"
row "o365doctor check-token: discovery, keys, token, verification" "$O365DOCTOR check-token --config $profile"
row "o365doctor probe-send: all of that, and a mail" "$O365DOCTOR probe-send --config $profile --to bob@$(field domain)"
row "o365doctor checkup: all of that, and DNS" "$O365DOCTOR checkup --config $profile"
row "o365doctor checkup --cloud sandbox: and the tenant itself" "$O365DOCTOR checkup --cloud sandbox"
row "curl: token" "curl -sS -f --cacert $ca -d $form $login/oauth2/v2.0/token"
if "$python" -c 'import msal' 2>/dev/null; then
    row "msal for Python: discovery, token" "$python $work/msal_token.py $login $id $secret $ca"
fi
if command -v dig >/dev/null; then
    dns=$(field dns)
    row "dig: MX" "dig @${dns%:*} -p ${dns##*:} $(field domain) MX +short"
fi

# Logs have a table of their own: a gigabyte, beside grep with the same fixed texts.
if [ "${LOG_MIB:-1024}" -gt 0 ]; then
    echo
    O365DOCTOR=$O365DOCTOR scripts/bench-log.sh "${LOG_MIB:-1024}"
fi

# Lists of domains have one too, beside checkdmarc on the same zone.
if [ "${DOMAINS:-20000}" -gt 0 ]; then
    echo
    O365DOCTOR=$O365DOCTOR scripts/bench-dns.sh "${DOMAINS:-20000}"
fi

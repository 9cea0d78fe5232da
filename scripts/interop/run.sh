#!/usr/bin/env bash
# Runs every peer's script. Each prints `ok NAME`, `not ok NAME: why` or `skip NAME: why`; a script that ends in another
# way counts as failed. The last line has the counts. O365DOCTOR names the binary, O365DOCTOR_PYTHON the interpreter
# that has the peers' packages.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

python=${O365DOCTOR_PYTHON:-python3}
results=$(mktemp)
trap 'rm -f "$results"' EXIT
# These override the authority that a client is given.
unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=. NO_COLOR=1

for script in peer_*.py server_*.py sandbox_*.py clients/*.py; do
    code=0
    timeout --kill-after=10 180 "$python" "$script" </dev/null | tee -a "$results" || code=$?
    # 0: all well; 1: a `not ok` line says what is not.
    if ((code > 1)) || ! tail -n 1 "$results" | grep -qE '^(ok|not ok|skip) '; then
        echo "not ok $script: ended with $code" | tee -a "$results"
    fi
done

count() { grep -cE "^$1 " "$results" || true; }
passed=$(count ok) failed=$(count 'not ok') skipped=$(count skip)
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))

#!/usr/bin/env bash
# All tests. Without arguments they need Rust and the loopback. With --full, one step first installs real mail servers,
# clients and test suites by package name (as root on Debian; it is the only step that uses a network), and they are
# tested with as well. What could not be installed counts as skipped, and as a failure when CI=true.
# The last line is `N passed, N failed, N skipped`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

full=false
case "${1:-}" in
    '') ;;
    --full) full=true ;;
    *)
        echo "usage: scripts/test.sh [--full]" >&2
        exit 2
        ;;
esac

target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target/peers"
peers=$(cd "$target/peers" && pwd)
log=$peers/log
results=$peers/results
: >"$results"

# --- the one step that uses a network ---------------------------------------------------------------------------------

# command:package
debian='postfix:postfix smtp-sink:postfix dovecot:dovecot-core msmtp:msmtp swaks:swaks dig:bind9-dnsutils nsd:nsd
    knotd:knot curl:curl mpop:mpop mbsync:isync mutt:mutt neomutt:neomutt getmail:getmail6
    hyperfine:hyperfine time:time python3:python3 jq:jq'

absent() {
    local pair
    for pair in $debian; do
        PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || echo "${pair##*:}"
    done | sort -u
    # mbsync loads it for XOAUTH2.
    ls /usr/lib/*/sasl2/*xoauth2* >/dev/null 2>&1 || echo libsasl2-modules-kdexoauth2
    [ -e /usr/lib/dovecot/submission ] || echo dovecot-submissiond
    # swaks needs it for STARTTLS.
    perl -MNet::SSLeay -e 1 2>/dev/null || echo libnet-ssleay-perl
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
}

install_debian() {
    local packages package
    packages=$(absent)
    [ -n "$packages" ] || return 0
    if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
        echo "not installed (needs apt-get and root): $(echo "$packages" | tr '\n' ' ')"
        return 0
    fi
    export DEBIAN_FRONTEND=noninteractive
    echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections || true
    apt-get update -qq || true
    # shellcheck disable=SC2086 # a list
    apt-get install -y -qq --no-install-recommends $packages && return 0
    # One that is missing must not keep the others away.
    for package in $packages; do apt-get install -y -qq --no-install-recommends "$package" || true; done
}

install_python() {
    local venv=$peers/venv package
    [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
    for package in msal requests azure-identity exchangelib cryptography PyJWT PyYAML tree-sitter tree-sitter-powershell \
        checkdmarc; do
        "$venv/bin/pip" install -q "$package" || echo "not installed: $package"
    done
    ls "$peers"/pyspf-*.tar.gz >/dev/null 2>&1 ||
        "$venv/bin/pip" download -q --no-deps --no-binary pyspf pyspf -d "$peers" || echo "not at hand: pyspf"
}

install_peers() {
    install_debian </dev/null >"$log" 2>&1 || true
    install_python </dev/null >>"$log" 2>&1 || true
    grep -E '^not ' "$log" || true
}

# The crates; with all of them at hand nothing is asked of a network. Where some are missing, the build says which.
cargo fetch --locked --target "$(rustc -vV | sed -n 's/^host: //p')" >/dev/null 2>&1 || true
if $full; then install_peers; fi

# From here on everything is on the loopback.
unset REQUESTS_CA_BUNDLE CURL_CA_BUNDLE http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
export CARGO_NET_OFFLINE=true

# --- the tests --------------------------------------------------------------------------------------------------------

# Runs a command; it passes when it ends with 0.
step() {
    local name=$1
    shift
    echo "== $name" >&2
    if "$@" </dev/null; then echo "ok $name" >>"$results"; else echo "not ok $name" | tee -a "$results"; fi
}

# The same for `cargo test`, each test counted, by the sums that each test binary ends with. One that is ignored counts
# as skipped.
rust_tests() {
    local code=0
    echo "== cargo test" >&2
    cargo test --no-fail-fast </dev/null 2>&1 | tee "$log" || code=$?
    awk '
        function say(what, times) { for (; times > 0; times--) print what }
        /^test result: / {
            gsub(/[^0-9;]/, ""); split($0, sum, ";")
            say("ok cargo test", sum[1]); say("not ok cargo test: a test failed, see above", sum[2])
            say("skip cargo test: a test is ignored", sum[3])
        }' "$log" >>"$results"
    # It did not compile, or a test binary was killed: there is no sum for that.
    if ((code != 0)) && ! grep -qE '^test result: FAILED' "$log"; then echo "not ok cargo test" | tee -a "$results"; fi
}

spf_suite() {
    local archive=("$peers"/pyspf-*.tar.gz)
    if [ -e "${archive[0]}" ] &&
        "$peers/venv/bin/python" scripts/interop/spf_suite.py "${archive[0]}" "$peers/spf-suite.json"; then
        export O365DOCTOR_SPF_SUITE=$peers/spf-suite.json
    else
        echo "skip spf-suite: the archive of pyspf is not at hand" | tee -a "$results"
    fi
}

peers_tests() {
    local python=python3 code=0
    [ ! -x "$peers/venv/bin/python" ] || python=$peers/venv/bin/python
    echo "== scripts/interop/run.sh" >&2
    O365DOCTOR=$(cd "$target" && pwd)/debug/o365doctor O365DOCTOR_PYTHON=$python scripts/interop/run.sh |
        tee "$log" || code=$?
    grep -E '^(ok|not ok|skip) ' "$log" >>"$results" || code=2
    if ((code > 1)); then echo "not ok scripts/interop/run.sh" | tee -a "$results"; fi
}

if $full; then spf_suite; fi
step "cargo fmt" cargo fmt --check
step "cargo clippy" cargo clippy --all-targets -- -D warnings
rust_tests
step "cargo doc" env RUSTDOCFLAGS="-D warnings" cargo doc --no-deps
if $full; then
    step "cargo build" cargo build
    peers_tests
fi

count() { grep -cE "^$1 " "$results" || true; }
passed=$(count ok) failed=$(count 'not ok') skipped=$(count skip)
echo
grep -E '^(not ok|skip) ' "$results" | uniq -c || true
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0)) || exit 1
[ "${CI:-}" != true ] || ((skipped == 0))

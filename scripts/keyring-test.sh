#!/usr/bin/env bash
# Keeps a sign-in in a real keyring: builds the program with the feature, starts a Secret Service of its own on a private bus, and
# signs a person of the sandbox in by a device's code. Needs dbus, gnome-keyring, curl and python3. Run by hand: the feature
# is not in the usual build, and another set of features compiles most crates anew.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ -z "${O365DOCTOR_KEYRING_BUS:-}" ]; then
    cargo build --features keyring
    exec env O365DOCTOR_KEYRING_BUS=1 HOME="$(mktemp -d)" CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}" \
        dbus-run-session -- bash "$PWD/scripts/keyring-test.sh"
fi
program=$CARGO_TARGET_DIR/debug/o365doctor
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$HOME"' EXIT
printf 'of no worth' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1

"$program" sandbox --dir "$HOME/sandbox" >"$HOME/announced" 2>&1 &
until [ -e "$HOME/sandbox/o365doctor.toml" ] && grep -q '^password' "$HOME/announced"; do sleep 0.1; done
password=$(awk '/^password/ { print $2 }' "$HOME/announced")
words=(--config "$HOME/sandbox/o365doctor.toml" --store keyring --mailbox alice@contoso.test)

"$program" login "${words[@]}" --device-code >"$HOME/report" 2>"$HOME/told" &
login=$!
until grep -q '^within' "$HOME/told"; do sleep 0.1; done
page=$(grep -o 'https://[^ ]*deviceauth' "$HOME/told")
code=$(grep -oE '^ +[A-Z0-9]{9}$' "$HOME/told" | tr -d ' ')
ask() { curl --silent --fail-with-body --cacert "$HOME/sandbox/ca.pem" --cookie-jar "$HOME/jar" --cookie "$HOME/jar" "$@" "$page"; }
hidden() { python3 -c '
import html, re, sys
for name, value in re.findall(r"type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\"", sys.stdin.read()):
    print(f"{name}={html.unescape(value)}")'; }
press() {
    local pair fields=()
    while read -r pair; do fields+=(--data-urlencode "$pair"); done < <(hidden <"$HOME/page")
    for pair in "$@"; do fields+=(--data-urlencode "$pair"); done
    ask "${fields[@]}" >"$HOME/next"
    mv "$HOME/next" "$HOME/page"
}
ask >"$HOME/page"
press answer=next code="$code"
press answer=signin login=alice@contoso.test passwd="$password"
press answer=continue
wait "$login" || { cat "$HOME/told" "$HOME/report"; exit 1; }

first=$("$program" token "${words[@]}" --auth delegated)
second=$("$program" token "${words[@]}" --auth delegated)
[ "$(tr -cd . <<<"$first")" = .. ] && [ "$(tr -cd . <<<"$second")" = .. ]
[ -z "$(find "$HOME" -name '*.json' -path '*sign-ins*')" ]
"$program" logout "${words[@]}" | grep -q '^Signed out here'
! "$program" token "${words[@]}" --auth delegated 2>"$HOME/told"
grep -q 'sign-in-missing' "$HOME/told"
echo "ok: a sign-in was kept in the keyring, renewed and taken away"

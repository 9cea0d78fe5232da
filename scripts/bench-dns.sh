#!/usr/bin/env bash
# Measures check-dns --file on a zone that it makes, served by NSD on the loopback, beside checkdmarc on the same zone.
# Both fetch no policy: ours by --no-policies, checkdmarc by a proxy that is not there. Prints a table in Markdown.
# usage: scripts/bench-dns.sh [DOMAINS [DOMAINS_OF_CHECKDMARC]]    (O365DOCTOR names the binary; else a release build is
# made. checkdmarc asks port 53 only, which takes root; without it, or without the package, its row says so.)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

domains=${1:-20000} theirs=${2:-200}
target=${CARGO_TARGET_DIR:-target}
if [ -z "${O365DOCTOR:-}" ]; then
    cargo build --release --quiet
    O365DOCTOR=$(cd "$target" && pwd)/release/o365doctor
fi
nsd=$(PATH=$PATH:/usr/sbin:/sbin command -v nsd) || { echo "nsd is not installed; nothing was measured" >&2; exit 0; }
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true; rm -rf "$work"' EXIT

# An address of its own, so that no resolver of this computer stands in the way.
address=127.53.53.53 port=53
[ "$(id -u)" = 0 ] || port=15353

# Two zones: the domains, one in ten with a fault, whose name server is asked besides; and the root with what they point to.
python3 - "$domains" "$work" <<'PY'
import random, sys
count, work = int(sys.argv[1]), sys.argv[2]
dice = random.Random(5)
key = ("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqmqSZZDdXqStszSjlH5PUOSrBjWc535UwO+jVSwn7bqi4iiQDtoz7ugh"
       "/m67Qveyk2T3Uor9R4+3wgpY/XxTYcXnho8Ic86r2QpMf9N9ox0EuI0dp2CTtgHRV9wjvvmy+xXtAHuhREQ7ao7aid9QrufRi9kG"
       "ziVs1AcREiRi3dvgVvFSqpHVzvpbx3IfPJ71Jd+rcX9lxrMqjsyfKBEgaEB+eW3VZ+6IZROeeLamHYKGKQxMJMJSB95ZmRTGqIjH"
       "lShSLTDRmllHY6PS39Cyt1qKEuv3r5MKXhSqgxfzrFvNt54TfbRTxfai6uUQebFim5sH9nx1f1hr37kRnWY3NQIDAQAB")
def text(words):
    return " ".join('"%s"' % words[at:at + 255] for at in range(0, len(words), 255))
zone = ["$TTL 3600", ". SOA ns.bench. root.bench. 1 3600 600 86400 60", ". NS ns.bench.", "ns.bench. A 127.53.53.53",
        "spf.protection.outlook.com. TXT " + text("v=spf1 ip4:192.0.2.0/25 ip4:198.51.100.0/24 ip6:2001:db8::/48 -all"),
        "autodiscover.outlook.com. A 192.0.2.7", "*.reports.example._report._dmarc.reports.example. TXT \"v=DMARC1\""]
for sender in range(20):
    zone.append(f"spf.sender{sender}.example. TXT " + text(f"v=spf1 ip4:203.0.113.{sender} include:more.sender{sender}.example ~all"))
    zone.append(f"more.sender{sender}.example. TXT " + text("v=spf1 ip4:198.51.100.7 ip6:2001:db8:1::/48 ~all"))
names = []
for number in range(count):
    name = f"company{number}.clients.example"
    names.append(name)
    fault = dice.choice(["no-spf", "two-spf", "no-dmarc", "no-mx-host", "no-key", "spf-syntax", "gone", "no-dkim",
                         "pass-all", "too-many"]) if dice.random() < 0.1 else None
    if fault == "gone":
        continue
    dashed = name.replace(".", "-")
    host = f"{dashed}.mail.protection.outlook.com"
    zone += [f"{name}. A 192.0.2.9", f"{name}. MX 0 {host}.", f"{name}. TXT \"MS=ms{number:08}\"",
             f"autodiscover.{name}. CNAME autodiscover.outlook.com.",
             f"_mta-sts.{name}. TXT \"v=STSv1; id=20261126{number:06}\"",
             f"_smtp._tls.{name}. TXT \"v=TLSRPTv1; rua=mailto:tls@{name}\""]
    if fault != "no-mx-host":
        zone += [f"{host}. A 192.0.2.{number % 250}", f"{host}. AAAA 2001:db8::{number % 9999}"]
    spf = f"v=spf1 include:spf.protection.outlook.com include:spf.sender{number % 20}.example -all"
    policies = {"no-spf": [], "two-spf": [spf, spf.replace("-all", "~all")], "spf-syntax": ["v=spf1 ipv4:192.0.2.1 -all"], "pass-all": ["v=spf1 +all"],
                "too-many": ["v=spf1 " + "".join(f"include:spf.sender{n}.example " for n in range(12)) + "-all"]}
    zone += [f"{name}. TXT {text(policy)}" for policy in policies.get(fault, [spf])]
    if fault != "no-dmarc":
        zone.append(f"_dmarc.{name}. TXT \"v=DMARC1; p=reject; rua=mailto:dmarc@{name}\"")
    if fault != "no-dkim":
        for selector in ("selector1", "selector2"):
            key_name = f"{selector}-{dashed}._domainkey.tenant{number}.onmicrosoft.com"
            zone.append(f"{selector}._domainkey.{name}. CNAME {key_name}.")
            if fault != "no-key":
                zone.append(f"{key_name}. TXT {text('v=DKIM1; k=rsa; p=' + key)}")
def of_clients(line):
    return line.split(" ", 1)[0].endswith(".clients.example.")
clients = ["$TTL 3600", "clients.example. SOA ns.bench. root.bench. 1 3600 600 86400 60", "clients.example. NS ns.bench."]
clients += filter(of_clients, zone)
zone = [line for line in zone if not of_clients(line)] + ["clients.example. NS ns.bench."]
open(work + "/clients", "w").write("\n".join(clients) + "\n")
open(work + "/zone", "w").write("\n".join(zone) + "\n")
open(work + "/domains.txt", "w").write("\n".join(names) + "\n")
PY

cat >"$work/nsd.conf" <<END
server:
  ip-address: $address@$port
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "$work"
  pidfile: ""
  database: ""
  xfrdfile: "$work/xfrd"
  xfrdir: "$work"
  zonelistfile: "$work/zonelist"
  tcp-count: 100
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "zone"
zone:
  name: "clients.example."
  zonefile: "clients"
END
"$nsd" -d -c "$work/nsd.conf" >"$work/nsd.log" 2>&1 &
server=$!
for _ in $(seq 300); do
    # It answers once the zone is loaded.
    python3 - "$address" "$port" <<'PY' && break
import socket, sys
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.settimeout(0.2)
try:
    asking.sendto(b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x06\x00\x01", (sys.argv[1], int(sys.argv[2])))
    sys.exit(asking.recv(512)[3] & 15 != 0)
except OSError:
    sys.exit(1)
PY
    kill -0 "$server" 2>/dev/null || { tail -n 3 "$work/nsd.log" >&2; exit 1; }
    sleep 0.1
done

# How many domains it was, domains a second, seconds of processor of the program, and the most memory, in MiB.
measure() {
    local count=$1
    shift
    python3 - "$count" "$@" <<'PY'
import os, subprocess, sys, time
count, command = int(sys.argv[1]), sys.argv[2:]
began = time.perf_counter()
running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, _, used = os.wait4(running.pid, 0)
wall = time.perf_counter() - began
print("%d | %.0f | %.1f | %.0f" % (count, count / wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024))
PY
}

echo "| work | domains | domains/s | s of processor | MiB |"
echo "| --- | --- | --- | --- | --- |"
ours=("$O365DOCTOR" check-dns --file "$work/domains.txt" --resolver "$address:$port" --no-policies)
# Whatever lies in the user's configuration is not measured.
export XDG_CONFIG_HOME=$work/none
for format in jsonl csv; do
    echo "| check-dns --file, name servers too, $format | $(measure "$domains" "${ours[@]}" --format "$format" --out "$work/results.$format") |"
    written=$(grep -c '^{\|^"\?company' "$work/results.$format" || true)
    [ "$written" = "$domains" ] || echo "only $written of $domains results were written" >&2
done
venv=$target/peers/venv/bin
checkdmarc=${CHECKDMARC:-$venv/checkdmarc}
head -n "$theirs" "$work/domains.txt" >"$work/theirs.txt"
if [ ! -x "$checkdmarc" ]; then
    echo "| checkdmarc: not installed | | | | |"
elif [ "$port" != 53 ]; then
    echo "| checkdmarc: asks port 53 only, and that takes root | | | | |"
else
    export HTTPS_PROXY=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9
    echo "| checkdmarc | $(measure "$theirs" "$checkdmarc" --nameserver "$address" --output "$work/theirs.json" -- "$work/theirs.txt") |"
fi

#!/usr/bin/env bash
# Measures explain --log on logs that it makes, beside grep -F with the same fixed texts. Prints a table in Markdown.
# usage: scripts/bench-log.sh [MIB ...]    (O365DOCTOR names the binary; else a release build is made; TMPDIR holds the logs)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

sizes=(256)
if [ $# -gt 0 ]; then sizes=("$@"); fi
if [ -z "${O365DOCTOR:-}" ]; then
    cargo build --release --quiet
    O365DOCTOR=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/release/o365doctor
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo run --quiet --example fixed-texts >"$work/texts"

# A log of Postfix that sends over Microsoft 365: seven lines a mail, one mail in fifty refused.
make_log() {
    python3 - "$1" <<'PY'
import random, sys
dice = random.Random(6)
def mail(second):
    head = "Nov 26 %02d:%02d:%02d mx01 postfix/" % (second // 3600 % 24, second // 60 % 60, second % 60)
    queue, user = "%010X" % dice.randrange(1 << 40), dice.randrange(100000)
    octet, number = dice.randrange(256), dice.randrange(1000000)
    host = f"app{user}.contoso.com[10.5.1.{octet}]"
    to = f"smtp[{number}]: {queue}: to=<bob{user}@fabrikam.com>, "
    timing = "delay=1.2, delays=0.03/0.01/0.55/0.7, "
    if dice.random() < 0.02:
        end = (to + f"relay=smtp.office365.com[203.0.113.{octet}]:587, {timing}dsn=5.7.60, status=bounced (host "
               f"smtp.office365.com[203.0.113.{octet}] said: 550 5.7.60 SMTP; Client does not have permissions to send as "
               "this sender (in reply to MAIL FROM command))")
    else:
        end = (to + f"relay=fabrikam-com.mail.protection.outlook.com[203.0.113.{octet}]:25, {timing}dsn=2.6.0, status=sent "
               f"(250 2.6.0 <{queue}.{number}@contoso.com> [InternalId={number}, Hostname=DB9PR01MB{number}.eurprd01.prod."
               f"outlook.com] {number} bytes in 0.139, 40.5 KB/sec Queued mail for delivery)")
    return "".join(head + line + "\n" for line in (
        f"smtpd[{number}]: connect from {host}",
        f"smtpd[{number}]: {queue}: client={host}, sasl_method=PLAIN, sasl_username=u{user}@contoso.com",
        f"cleanup[{number}]: {queue}: message-id=<{queue}.{number}@app{user}.contoso.com>",
        f"qmgr[{number}]: {queue}: from=<u{user}@contoso.com>, size={number}, nrcpt=1 (queue active)",
        end,
        f"qmgr[{number}]: {queue}: removed",
        f"smtpd[{number}]: disconnect from {host} ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=8"))
# One part, repeated: what differs from line to line is enough to keep both programs from learning it.
part = "".join(map(mail, range(40000))).encode()
left = int(sys.argv[1]) << 20
while left > 0:
    sys.stdout.buffer.write(part[:left])
    left -= len(part)
PY
}

# Seconds of processor and of the clock, and MiB: the medians of three runs.
measure() {
    python3 - "$work/log" "$@" <<'PY'
import os, statistics, subprocess, sys, time
log, command = sys.argv[1], sys.argv[2:]
def once():
    began = time.perf_counter()
    # grep stops at the first hit when nobody can see what it prints.
    with open(log + ".out", "wb") as out:
        running = subprocess.Popen(command + [log], stdout=out, env={**os.environ, "LC_ALL": "C"})
        _, _, used = os.wait4(running.pid, 0)
    return time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
once()
wall, cpu, memory = (statistics.median(column) for column in zip(*(once() for _ in range(3))))
print("%.2f | %.2f | %.0f | %.0f" % (wall, cpu, os.path.getsize(log) / wall / 1e6, memory))
PY
}

echo "| work | s | s of processor | MB/s | MiB |"
echo "| --- | --- | --- | --- | --- |"
for size in "${sizes[@]}"; do
    make_log "$size" >"$work/log"
    echo "| explain --log, $size MiB | $(measure "$O365DOCTOR" explain --format json --log) |"
    echo "| grep -c -F -f, $size MiB | $(measure grep -c -F -f "$work/texts") |"
    echo "| grep -c -i -F -f, $size MiB | $(measure grep -c -i -F -f "$work/texts") |"
done

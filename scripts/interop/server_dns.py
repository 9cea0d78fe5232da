"""Our look-ups before NSD and Knot, with a zone of our own."""

import contextlib
import pathlib
import tempfile

from lib import daemon, doctor, expect, free_ports, need, outcome, run, run_cases

# RFC 1035 section 3.3.14: a string of TXT has at most 255 octets; the record joins them.
LONG = " ".join('"{}"'.format("x" * 200) for _ in range(9))

ZONE = f"""
$ORIGIN lab.test.
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 300
@ NS ns
ns A 192.0.2.53
@ MX 10 good.mail.protection.lab.test.
good.mail.protection A 192.0.2.25
@ TXT "v=spf1 include:spf.lab.test -all"
_dmarc TXT "v=DMARC1; p=reject"
spf TXT "v=spf1 ip4:192.0.2.0/24 -all"
large MX 10 good.mail.protection.lab.test.
large TXT {LONG}
large TXT "v=spf1 " "include:spf" ".lab.test -all"
_dmarc.large TXT "v=DMARC1; p=none"
alias CNAME lab.test.
far MX 10 mx.far.test.
far TXT "v=spf1 include:spf.lab.test include:far.lab.test -all"
"""

CLOUD = """
[cloud.lab]
dns = "127.0.0.1:{port}"
spf_include = "spf.lab.test"
mx_suffixes = [".mail.protection.lab.test"]
[profile.lab]
cloud = "lab"
"""

NSD = """
server:
  ip-address: 127.0.0.1@{port}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: ""
  xfrdfile: ""
  zonelistfile: ""
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: lab.test
  zonefile: zone
"""

KNOT = """
server:
  listen: 127.0.0.1@{port}
  rundir: "{folder}"
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "{folder}"
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: "{folder}"
zone:
  - domain: lab.test
    file: zone
    zonefile-sync: -1
    journal-content: none
"""


@contextlib.contextmanager
def server(program, config, *options):
    """The server with the zone; yields its port and our configuration file for it."""
    program = need(program)
    with tempfile.TemporaryDirectory() as folder:
        port = free_ports(1)
        file = pathlib.Path(folder, "server.conf")
        file.write_text(config.format(port=port, folder=folder))
        pathlib.Path(folder, "zone").write_text(ZONE)
        ours = pathlib.Path(folder, "o365doctor.toml")
        ours.write_text(CLOUD.format(port=port))
        ours.chmod(0o600)
        with daemon(program, *options, file, port=port):
            yield port, ours


def nsd():
    return server("nsd", NSD, "-d", "-c")


def knot():
    return server("knotd", KNOT, "-c")


def look(config, domain, code=0):
    return doctor("check-dns", domain, "--config", config, code=code)


def healthy(world):
    with world as (_, config):
        report = look(config, "lab.test")
    dns = report["facts"]["dns"]
    expect(dns["spf"]["evaluation"]["result"] == "pass", dns["spf"])
    expect([mx["host"] for mx in dns["mx"]] == ["good.mail.protection.lab.test"], dns["mx"])
    expect(dns["mx"][0]["addresses"] == ["192.0.2.25"] and dns["mx"][0]["microsoft"], dns["mx"])
    expect(dns["dmarc"] == ["v=DMARC1; p=reject"], dns["dmarc"])


def large(world):
    with world as (port, config):
        if_asked_over_udp = run(need("dig"), "@127.0.0.1", "-p", port, "large.lab.test", "TXT", "+ignore", "+notcp",
                                "+bufsize=1232", "+norec").stdout
        report = look(config, "large.lab.test")
    flags = next(line for line in if_asked_over_udp.splitlines() if "flags:" in line)
    expect(" tc" in flags.split(";")[2], f"the answer is not cut off over UDP: {flags}")
    expect(report["facts"]["dns"]["spf"]["evaluation"]["result"] == "pass", report["facts"]["dns"]["spf"])


def nsd_answers_our_look_ups():
    healthy(nsd())


def nsd_answers_a_large_record_over_tcp():
    large(nsd())


def nsd_follows_an_alias():
    with nsd() as (_, config):
        report = look(config, "alias.lab.test", code=None)
    expect(report["facts"]["dns"]["spf"]["evaluation"]["result"] == "pass", report["facts"]["dns"]["spf"])


def nsd_says_that_a_name_is_missing():
    with nsd() as (_, config):
        report = look(config, "nobody.lab.test", code=1)
    expect(report["summary"]["first_cause"] == "dns-name-missing", report["summary"])


def nsd_refuses_what_is_not_its_own():
    with nsd() as (_, config):
        report = look(config, "example.org", code=None)
    outcome(report, "dns.mx", "unproven", "dns-refused")


def a_silent_server_is_named():
    # A port that nobody listens on: the system says so at once.
    with tempfile.TemporaryDirectory() as folder:
        ours = pathlib.Path(folder, "o365doctor.toml")
        ours.write_text(CLOUD.format(port=free_ports(1)))
        ours.chmod(0o600)
        report = look(ours, "lab.test", code=None)
    expect(all(f["outcome"] != "pass" for f in report["findings"] if f["topic"] == "dns"), report["summary"])


def knot_answers_our_look_ups():
    healthy(knot())


def knot_answers_a_large_record_over_tcp():
    large(knot())


run_cases(
    nsd_answers_our_look_ups, nsd_answers_a_large_record_over_tcp, nsd_follows_an_alias,
    nsd_says_that_a_name_is_missing, nsd_refuses_what_is_not_its_own, knot_answers_our_look_ups,
    knot_answers_a_large_record_over_tcp, a_silent_server_is_named,
)

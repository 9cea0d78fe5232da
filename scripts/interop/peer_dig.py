"""dig and delv: the sandbox's resolver and the name servers behind it, over UDP and TCP."""

import contextlib
import pathlib
import tempfile

from lib import expect, need, run, run_cases, sandbox


@contextlib.contextmanager
def asking(scenario=""):
    """A function that asks the tenant's resolver, or `server` in its place, and returns what dig says."""
    dig = need("dig")
    with sandbox(scenario) as tenant:
        def ask(*question, server=None):
            host, port = (server or tenant["dns"]).rsplit(":", 1)
            words = [word.format(**tenant) for word in question]
            return run(dig, f"@{host}", "-p", port, "+time=5", "+tries=1", *words).stdout
        yield ask, tenant


def ask_once(*question, scenario=""):
    with asking(scenario) as (ask, _):
        return ask(*question)


def dig_finds_the_exchanger_over_udp():
    answer = ask_once("{domain}", "MX", "+short", "+notcp")
    expect(".mail.protection.outlook." in answer, answer)


def dig_finds_the_exchanger_over_tcp():
    answer = ask_once("{domain}", "MX", "+short", "+tcp")
    expect(".mail.protection.outlook." in answer, answer)


def dig_finds_the_policy_over_udp_and_tcp():
    with asking() as (ask, _):
        for way in ("+notcp", "+tcp"):
            answer = ask("{domain}", "TXT", "+short", way)
            expect('"v=spf1 ' in answer, answer)


def dig_is_told_of_a_missing_name_and_for_how_long():
    answer = ask_once("nobody.{domain}", "A")
    expect("status: NXDOMAIN" in answer and "SOA" in answer.split("AUTHORITY SECTION", 1)[1], answer)


def dig_finds_the_servers_of_the_zone_and_asks_each():
    with asking() as (ask, tenant):
        if not tenant.get("name_servers"):
            return
        names = ask("{domain}", "NS", "+short").split()
        expect(len(names) == 2, names)
        for server in tenant["name_servers"].split(", "):
            answer = ask("{domain}", "SOA", "+norec", server=server)
            expect("flags: qr aa;" in answer and "status: NOERROR" in answer, answer)
            expect("status: REFUSED" in ask("example.org", "A", "+norec", server=server), "answers for others")


def dig_goes_over_to_tcp_for_what_is_too_long():
    with asking("dns-large-records") as (ask, _):
        short = ask("{domain}", "TXT", "+ignore", "+notcp")
        expect("flags: qr tc rd ra;" in short and "ANSWER: 0" in short, short)
        whole = ask("{domain}", "TXT")
        expect("(TCP)" in whole and "ANSWER: 3" in whole, whole[-600:])


def dig_sees_the_flag_of_a_signed_zone_and_the_failure_of_a_wrongly_signed_one():
    with asking("dnssec-signed") as (ask, _):
        answer = ask("{domain}", "MX", "+dnssec")
        expect(" ad;" in answer and "RRSIG" in answer, answer)
    with asking("dnssec-expired") as (ask, _):
        answer = ask("{domain}", "MX")
        expect("status: SERVFAIL" in answer and "EDE: 6" in answer, answer)
        expect("status: NOERROR" in ask("{domain}", "MX", "+cdflag"), "fails without validation too")


def delv_validates_the_zone_up_to_the_root():
    delv = need("delv")
    with asking("dnssec-signed") as (ask, tenant), tempfile.TemporaryDirectory() as folder:
        key = ask(".", "DNSKEY", "+short").split()
        anchor = pathlib.Path(folder, "anchor")
        value = "".join(key[3:])
        anchor.write_text(f'trust-anchors {{ . static-key {key[0]} {key[1]} {key[2]} "{value}"; }};\n')
        host, port = tenant["dns"].rsplit(":", 1)
        for question in (["MX"], ["TXT", "nobody"]):
            name = ".".join(question[1:] + [tenant["domain"]])
            done = run(delv, f"@{host}", "-p", port, "-a", str(anchor), "+root=.", name, question[0], code=None)
            said = done.stdout + done.stderr
            expect("; fully validated" in said or "; negative response, fully validated" in said, said)


run_cases(
    dig_finds_the_exchanger_over_udp, dig_finds_the_exchanger_over_tcp, dig_finds_the_policy_over_udp_and_tcp,
    dig_is_told_of_a_missing_name_and_for_how_long, dig_finds_the_servers_of_the_zone_and_asks_each,
    dig_goes_over_to_tcp_for_what_is_too_long,
    dig_sees_the_flag_of_a_signed_zone_and_the_failure_of_a_wrongly_signed_one,
    delv_validates_the_zone_up_to_the_root,
)

"""dig: the sandbox's zone over UDP and TCP."""

from lib import expect, need, run, run_cases, sandbox


def ask(*question):
    dig = need("dig")
    with sandbox() as tenant:
        host, port = tenant["dns"].rsplit(":", 1)
        words = [word.format(**tenant) for word in question]
        return run(dig, f"@{host}", "-p", port, "+time=5", "+tries=1", "+norec", *words).stdout


def dig_finds_the_exchanger_over_udp():
    answer = ask("{domain}", "MX", "+short", "+notcp")
    expect(".mail.protection.outlook." in answer, answer)


def dig_finds_the_exchanger_over_tcp():
    answer = ask("{domain}", "MX", "+short", "+tcp")
    expect(".mail.protection.outlook." in answer, answer)


def dig_finds_the_policy_over_udp_and_tcp():
    for way in ("+notcp", "+tcp"):
        answer = ask("{domain}", "TXT", "+short", way)
        expect('"v=spf1 ' in answer, answer)


def dig_is_told_of_a_missing_name():
    answer = ask("nobody.{domain}", "A")
    expect("status: NXDOMAIN" in answer, answer)


run_cases(
    dig_finds_the_exchanger_over_udp, dig_finds_the_exchanger_over_tcp, dig_finds_the_policy_over_udp_and_tcp,
    dig_is_told_of_a_missing_name,
)

"""swaks, which has no XOAUTH2: whoever has not logged in sends nothing by submission; on port 25 the connectors decide."""

from lib import expect, need, run, run_cases, sandbox

OUTSIDE = "partner@fabrikam.example"


def swaks_without_a_login_is_refused():
    swaks = need("swaks")
    with sandbox() as tenant:
        done = run(swaks, "--server", tenant["smtp"], "--tls", "--from", tenant["mailbox"],
                   "--to", f"bob@{tenant['domain']}", code=None)
    # 23: refused at MAIL, 24: refused at RCPT
    expect(done.returncode in (23, 24), f"exit {done.returncode}: {done.stdout[-600:]}")
    expect("5.7.57" in done.stdout, done.stdout[-600:])


def to_exchanger(tenant, *more, code=0):
    """A mail to somebody outside, by the tenant's mail exchanger."""
    return run(need("swaks"), "--server", tenant["mx"], "--tls", "--from", tenant["mailbox"], "--to", OUTSIDE, *more,
               code=code).stdout


def swaks_relays_where_a_connector_knows_it():
    need("swaks")
    with sandbox() as tenant:
        said = to_exchanger(tenant)
    expect("Queued mail for delivery" in said, said[-600:])


def swaks_without_a_connector_does_not_relay():
    need("swaks")
    with sandbox("relay-no-connector") as tenant:
        # 24: refused at RCPT
        said = to_exchanger(tenant, code=24)
        expect("550 5.7.64" in said, said[-600:])
        # Who mails to the tenant itself needs none.
        to_exchanger(tenant, "--to", f"bob@{tenant['domain']}")


def swaks_can_not_log_in_on_port_25():
    need("swaks")
    with sandbox() as tenant:
        # 28: it was to log in, and nothing offers that here
        said = to_exchanger(tenant, "--auth", "LOGIN", "--auth-user", tenant["mailbox"], "--auth-password", "x", code=28)
    expect("=== TLS started" in said and "AUTH" not in said.split("=== TLS started")[1], said[-600:])


run_cases(
    swaks_without_a_login_is_refused,
    swaks_relays_where_a_connector_knows_it,
    swaks_without_a_connector_does_not_relay,
    swaks_can_not_log_in_on_port_25,
)

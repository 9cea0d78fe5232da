"""swaks, which has no XOAUTH2: whoever has not logged in sends nothing."""

from lib import expect, need, run, run_cases, sandbox


def swaks_without_a_login_is_refused():
    swaks = need("swaks")
    with sandbox() as tenant:
        done = run(swaks, "--server", tenant["smtp"], "--tls", "--from", tenant["mailbox"],
                   "--to", f"bob@{tenant['domain']}", code=None)
    # 23: refused at MAIL, 24: refused at RCPT
    expect(done.returncode in (23, 24), f"exit {done.returncode}: {done.stdout[-600:]}")
    expect("5.7.57" in done.stdout, done.stdout[-600:])


run_cases(swaks_without_a_login_is_refused)

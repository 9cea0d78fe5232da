"""msmtp, the sendmail of many small machines."""

import os
import pathlib
import tempfile

from lib import curl_token, mail, need, run, run_cases, sandbox


def send(token_command, code):
    msmtp = need("msmtp")
    with sandbox() as tenant, tempfile.TemporaryDirectory() as folder:
        token = pathlib.Path(folder, "token")
        token.write_text(token_command(tenant))
        host, port = tenant["smtp"].rsplit(":", 1)
        config = pathlib.Path(folder, "msmtprc")
        config.write_text(
            f"account default\nhost {host}\nport {port}\ntls on\ntls_starttls on\ntls_trust_file {tenant['ca_file']}\n"
            f"auth xoauth2\nuser {tenant['mailbox']}\npasswordeval cat {token}\nfrom {tenant['mailbox']}\n"
        )
        os.chmod(config, 0o600)
        run(msmtp, "-C", config, f"bob@{tenant['domain']}", stdin=mail(tenant, "msmtp"), code=code)


def msmtp_sends():
    send(lambda tenant: curl_token(tenant)[1]["access_token"], code=0)


def msmtp_is_refused_with_a_false_token():
    # sysexits.h: EX_NOPERM
    send(lambda _: "no.token.atall", code=77)


run_cases(msmtp_sends, msmtp_is_refused_with_a_false_token)

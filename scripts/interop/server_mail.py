"""Our client before Postfix and Dovecot, with tokens of a login service that is not ours."""

import contextlib
import json
import tempfile
import time

from lab import FOREIGN, GOOD, LONG, lab
from lib import doctor, expect, finding, free_ports, need, need_root, outcome, run_cases
from mailservers import dovecot, postfix, sink


@contextlib.contextmanager
def servers():
    """Both of them: the ports of Postfix and of Dovecot, and where each one's mail arrives."""
    need_root()
    need("dovecot", "postfix", "smtp-sink")
    # /tmp itself: the daemons' users must be able to walk to their folders, and sockets have short names.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, contextlib.ExitStack() as stack:
        import os

        os.chmod(folder, 0o755)
        world = stack.enter_context(lab(folder))
        submission, auth, away, port = free_ports(4)
        arrived = stack.enter_context(sink(world, away))
        stack.enter_context(dovecot(world, submission, auth, away))
        boxes = stack.enter_context(postfix(world, port, auth))
        yield world, (port, boxes), (submission, arrived)


def arrives(folder, message_id):
    """Waits until a mail with this id lies somewhere below."""
    for _ in range(200):
        for file in folder.rglob("*") if folder.exists() else ():
            if file.is_file() and message_id in file.read_text(errors="replace"):
                return
        time.sleep(0.05)
    raise AssertionError(f"{message_id} never arrived in {folder}")


def send(world, port, secret, code=0):
    return doctor("probe-send", "--config", world.config(port, secret), code=code)


def delivered(world, port, folder, secret):
    report = send(world, port, secret)
    outcome(report, "smtp.login", "pass")
    arrives(folder, report["facts"]["smtp"]["message"]["message_id"].strip("<>"))
    return report


def refused(world, port):
    """The token is good, but somebody else's: the server says so in a challenge, then refuses."""
    report = send(world, port, FOREIGN, code=1)
    login = finding(report, "smtp.login")
    expect(login["outcome"] == "fail" and login["cause"], login)
    words = report["facts"]["smtp"]["challenge"]
    try:
        challenge = json.loads(words)
    except ValueError:
        raise AssertionError(f"the challenge is not shown as JSON: {words}") from None
    expect(challenge["status"] in ("400", "401"), challenge)
    expect(any(challenge["status"] in str(words) for words in login["evidence"]), login["evidence"])
    return report


def main():
    with contextlib.ExitStack() as stack:
        places = []

        def world():
            if not places:
                places.append(stack.enter_context(servers()))
            return places[0]

        def postfix_delivers_our_probe():
            lab, (port, folder), _ = world()
            delivered(lab, port, folder, GOOD)

        def postfix_refuses_and_we_read_the_challenge():
            lab, (port, _), _ = world()
            refused(lab, port)

        def postfix_takes_a_long_token():
            lab, (port, folder), _ = world()
            delivered(lab, port, folder, LONG)

        def dovecot_delivers_our_probe():
            lab, _, (port, folder) = world()
            delivered(lab, port, folder, GOOD)

        def dovecot_refuses_and_we_read_the_challenge():
            lab, _, (port, _) = world()
            refused(lab, port)

        def dovecot_refuses_the_long_line_and_takes_it_after_334():
            lab, _, (port, folder) = world()
            report = delivered(lab, port, folder, LONG)
            words = json.dumps(report["facts"]["smtp"])
            expect("too long" in words, "the server took the long line at once; nothing was shown")

        run_cases(
            postfix_delivers_our_probe, postfix_refuses_and_we_read_the_challenge, postfix_takes_a_long_token,
            dovecot_delivers_our_probe, dovecot_refuses_and_we_read_the_challenge,
            dovecot_refuses_the_long_line_and_takes_it_after_334,
        )


main()

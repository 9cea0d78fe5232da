"""What the peers' scripts share: the three kinds of result, the sandbox, processes that end."""

import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

DOCTOR = os.environ.get("O365DOCTOR") or str(pathlib.Path(__file__).parents[2] / "target/debug/o365doctor")


class Missing(Exception):
    """The peer is not installed; says which."""


def need(*programs):
    """Paths of programs, or Missing. Daemons live in /usr/sbin, which is not on everybody's path."""
    path = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin:/sbin"
    found = [shutil.which(program, path=path) for program in programs]
    for program, place in zip(programs, found):
        if not place:
            raise Missing(f"{program} is not installed")
    return found[0] if len(found) == 1 else found


def need_root():
    """Mail daemons change their user."""
    if os.geteuid() != 0:
        raise Missing("needs root")


def run_cases(*cases):
    """Runs each function; its name is that of the result. Exits 1 when one failed."""
    failed = False
    for case in cases:
        name = case.__name__.replace("_", "-")
        try:
            case()
            print(f"ok {name}", flush=True)
        except (Missing, ImportError) as why:
            print(f"skip {name}: {one_line(why)}", flush=True)
        except Exception as why:  # a peer can fail in any way
            failed = True
            print(f"not ok {name}: {type(why).__name__}: {one_line(why)}", flush=True)
    sys.exit(1 if failed else 0)


def one_line(words):
    """A result is one line."""
    return " ".join(str(words).split())[:2000]


def expect(truth, words):
    """An assertion that also holds under -O."""
    if not truth:
        raise AssertionError(words)


def run(*command, code=0, stdin=None, **more):
    """Runs a command and expects its exit code (None: any); returns the finished process."""
    command = [str(word) for word in command]
    done = subprocess.run(
        command, input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, **more,
    )
    shown = f"{done.stdout[-600:]} {done.stderr[-600:]}"
    expect(code is None or done.returncode == code, f"{command[0]} ended with {done.returncode}, not {code}: {shown}")
    return done


def doctor(*arguments, code=0, **more):
    """Runs o365doctor as JSON and returns what it reports."""
    return json.loads(run(DOCTOR, *arguments, "--format", "json", code=code, **more).stdout)


def finding(report, check):
    """One finding of a report."""
    found = [f for f in report["findings"] if f["check"] == check]
    expect(len(found) == 1, f"{len(found)} findings are called {check}")
    return found[0]


def outcome(report, check, wanted, cause=None):
    """Asserts what became of one check."""
    seen = finding(report, check)
    words = (seen["outcome"], seen.get("cause") and cause_id(seen["cause"]))
    expect(words == (wanted, cause), f"{check} is {words}, not {(wanted, cause)}: {seen.get('evidence')}")
    return seen


def cause_id(cause):
    """The id, whether it is given alone or with its page."""
    return cause["id"] if isinstance(cause, dict) else cause


def end(process, how=signal.SIGTERM, limit=15):
    """Ends one process that we started, and waits for it."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def read_line(process, limit=30):
    """The first line on stdout, or what stands on stderr instead."""
    ready, _, _ = select.select([process.stdout], [], [], limit)
    line = process.stdout.readline() if ready else ""
    if not line:
        end(process)
        raise AssertionError(f"no line on stdout; on stderr: {process.stderr.read()[-600:]}")
    return line


def start_sandbox(*arguments):
    """A running sandbox: its process, and the line that it announces itself with."""
    process = subprocess.Popen(
        [DOCTOR, "sandbox", *arguments, "--format", "json"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    return process, json.loads(read_line(process))


@contextlib.contextmanager
def sandbox(*arguments):
    """A sandbox for one block."""
    process, tenant = start_sandbox(*arguments)
    try:
        yield tenant
    finally:
        end(process, signal.SIGINT)
        process.stdout.close()
        process.stderr.close()


@contextlib.contextmanager
def daemon(*command, port, **more):
    """A server in the foreground for one block, which listens on this port when the block begins."""
    command = [str(word) for word in command]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **more)
        try:
            for _ in range(300):
                if process.poll() is not None or listens(port):
                    break
                time.sleep(0.05)
            log.seek(0)
            expect(process.poll() is None and listens(port), f"{command[0]} does not listen: {log.read()[-800:]}")
            yield process
        finally:
            end(process)


def listens(port):
    """Whether something takes connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_ports(count):
    """Ports that nobody uses now; for servers that can not tell which one they were given."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports[0] if count == 1 else ports


def curl_token(tenant, secret=None):
    """Asks the login service for a token with curl; returns the status and the answer."""
    curl = need("curl")
    form = urllib.parse.urlencode({
        "client_id": tenant["client_id"], "client_secret": secret or tenant["client_secret"],
        "grant_type": "client_credentials", "scope": "https://outlook.office365.com/.default",
    })
    url = f"{tenant['login']}/{tenant['tenant_id']}/oauth2/v2.0/token"
    done = run(curl, "-sS", "--cacert", tenant["ca_file"], "-w", "\n%{http_code}", "-d", form, url)
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), json.loads(body)


def xoauth2(user, token):
    """The client's words in XOAUTH2, before base64."""
    return f"user={user}\x01auth=Bearer {token}\x01\x01"


def mail(tenant, subject):
    """A small message."""
    return f"From: <{tenant['mailbox']}>\r\nTo: <bob@{tenant['domain']}>\r\nSubject: {subject}\r\n\r\nA line.\r\n.\r\n"

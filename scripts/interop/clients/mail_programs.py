"""The programs of docs/guide/clients.md, each set up as the page says, with `o365doctor token` in the place of a password."""

import contextlib
import os
import pathlib
import shutil
import smtplib
import tempfile
import time

from lib import DOCTOR, Missing, daemon, expect, free_ports, mail, need, need_root, run, run_cases, sandbox

ALICE = "alice@contoso.test"


@contextlib.contextmanager
def signed_in():
    """A tenant in which Alice has signed in, and an empty folder."""
    with sandbox("signed-in") as tenant, tempfile.TemporaryDirectory() as folder:
        yield tenant, pathlib.Path(folder)


def token_command(tenant, road):
    """What stands in the place of a password."""
    return f"{DOCTOR} token --config {tenant['profile_file']} --for {road}"


def token(tenant, road):
    return run(*token_command(tenant, road).split()).stdout.strip()


def address(tenant, road):
    return tenant[road].rsplit(":", 1)


def write(place, text):
    place.write_text(text)
    os.chmod(place, 0o600)
    return place


def msmtp_config(tenant, folder):
    host, port = address(tenant, "smtp")
    return write(folder / "msmtprc", f"""defaults
tls on
tls_trust_file {tenant['ca_file']}
account work
host {host}
port {port}
tls_starttls on
auth xoauth2
user {ALICE}
from {ALICE}
passwordeval "{token_command(tenant, 'smtp')}"
account default : work
""")


def deliver(tenant, subject):
    """Puts a mail into Alice's own mailbox, with curl."""
    curl = need("curl")
    run(curl, "-sS", "--ssl-reqd", "--cacert", tenant["ca_file"], "--url", f"smtp://{tenant['smtp']}", "--user",
        f"{ALICE}:", "--oauth2-bearer", token(tenant, "smtp"), "--mail-from", ALICE, "--mail-rcpt", ALICE, "-T", "-",
        stdin=mail(tenant, subject))


def inbox(tenant):
    """What lies in Alice's inbox, by Python's own IMAP."""
    import imaplib
    import ssl

    from lib import xoauth2

    host, port = address(tenant, "imap")
    with imaplib.IMAP4_SSL(host, int(port), ssl_context=ssl.create_default_context(cafile=tenant["ca_file"])) as box:
        box.authenticate("XOAUTH2", lambda _: xoauth2(ALICE, token(tenant, "imap")).encode())
        box.select("INBOX", readonly=True)
        found = box.search(None, "ALL")[1][0].split()
        return b"".join(box.fetch(n, "(BODY.PEEK[HEADER])")[1][0][1] for n in found).decode()


def arrived(tenant, subject):
    """Asserts that the mail lies in the inbox, by another program than the one that sent it."""
    seen = inbox(tenant)
    expect(subject in seen, f"{subject} is not in the inbox: {seen[-600:]}")


def holds(folder, subject):
    """Asserts that one of the files below a folder holds the mail."""
    texts = [file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file()]
    expect(any(f"Subject: {subject}" in text for text in texts), f"{subject} was not fetched; {len(texts)} files")


def curl_sends_with_the_token():
    with signed_in() as (tenant, _):
        deliver(tenant, "by curl")
        arrived(tenant, "by curl")


def curl_fetches_with_the_token():
    curl = need("curl")
    with signed_in() as (tenant, _):
        deliver(tenant, "for curl")
        seen = run(curl, "-sS", "--cacert", tenant["ca_file"], "--user", f"{ALICE}:", "--oauth2-bearer",
                   token(tenant, "imap"), f"imaps://{tenant['imap']}/INBOX;MAILINDEX=1")
    expect("Subject: for curl" in seen.stdout, seen.stdout[-600:])


def msmtp_sends_with_the_token():
    msmtp = need("msmtp")
    with signed_in() as (tenant, folder):
        run(msmtp, "-C", msmtp_config(tenant, folder), ALICE, stdin=mail(tenant, "by msmtp"))
        arrived(tenant, "by msmtp")


def mpop_fetches_with_the_token():
    mpop = need("mpop")
    with signed_in() as (tenant, folder):
        deliver(tenant, "for mpop")
        host, port = address(tenant, "pop")
        for name in ("cur", "new", "tmp"):
            (folder / "mail" / name).mkdir(parents=True)
        config = write(folder / "mpoprc", f"""defaults
tls on
tls_trust_file {tenant['ca_file']}
account work
host {host}
port {port}
tls_starttls off
auth xoauth2
user {ALICE}
passwordeval "{token_command(tenant, 'pop')}"
keep on
delivery maildir {folder / 'mail'}
uidls_file {folder / 'uidls'}
account default : work
""")
        run(mpop, "-C", config)
        holds(folder / "mail", "for mpop")


def need_sasl_xoauth2():
    """The module of Cyrus SASL for XOAUTH2, which mbsync loads."""
    places = pathlib.Path("/usr/lib").glob("**/sasl2/*xoauth2*.so*")
    if not any(places):
        raise Missing("no module of Cyrus SASL for XOAUTH2 is installed")


def mbsync_fetches_with_the_token():
    mbsync = need("mbsync")
    need_sasl_xoauth2()
    with signed_in() as (tenant, folder):
        deliver(tenant, "for mbsync")
        host, port = address(tenant, "imap")
        (folder / "mail").mkdir()
        config = write(folder / "mbsyncrc", f"""IMAPAccount work
Host {host}
Port {port}
User {ALICE}
PassCmd "{token_command(tenant, 'imap')}"
AuthMechs XOAUTH2
SSLType IMAPS
SystemCertificates no
CertificateFile {tenant['ca_file']}

IMAPStore work-remote
Account work

MaildirStore work-local
Path {folder / 'mail'}/
Inbox {folder / 'mail' / 'INBOX'}
SubFolders Verbatim

Channel work
Far :work-remote:
Near :work-local:
Patterns INBOX
Create Near
Sync Pull
Expunge None
SyncState *
""")
        run(mbsync, "-c", config, "work")
        holds(folder / "mail", "for mbsync")


def mutt_words(tenant, folder):
    """One configuration for mutt and neomutt."""
    host, port = address(tenant, "smtp")
    ihost, iport = address(tenant, "imap")
    user = ALICE.replace("@", "\\@")
    return write(folder / "muttrc", f"""set ssl_starttls = yes
set ssl_force_tls = yes
set certificate_file = "{tenant['ca_file']}"
set ssl_usesystemcerts = no
set from = "{ALICE}"
set use_from = yes
set use_envelope_from = yes
set imap_user = "{ALICE}"
set imap_authenticators = "xoauth2"
set imap_oauth_refresh_command = "{token_command(tenant, 'imap')}"
set smtp_url = "smtp://{ALICE}@{host}:{port}/"
set smtp_authenticators = "xoauth2"
set smtp_oauth_refresh_command = "{token_command(tenant, 'smtp')}"
set folder = "imaps://{ihost}:{iport}/"
set spoolfile = "+INBOX"
set copy = no
set record = ""
set header_cache = ""
set mbox_type = Maildir
set confirmcreate = no
set confirmappend = no
""")


def neomutt_sends_with_the_token():
    sends(need("neomutt"), "by neomutt")


def mutt_sends_with_the_token():
    sends(need("mutt"), "by mutt")


def sends(program, subject):
    with signed_in() as (tenant, folder):
        run(program, "-n", "-F", mutt_words(tenant, folder), "-s", subject, ALICE, stdin="A line.\n",
            env={**os.environ, "HOME": str(folder), "TERM": "dumb"})
        arrived(tenant, subject)


def getmail_fetches_with_the_token():
    getmail = need("getmail")
    with signed_in() as (tenant, folder):
        deliver(tenant, "for getmail")
        host, port = address(tenant, "imap")
        for name in ("cur", "new", "tmp"):
            (folder / "mail" / name).mkdir(parents=True)
        owner = ""
        if os.geteuid() == 0:
            # It writes no mail as root.
            owner = "user = nobody"
            os.chmod(folder, 0o755)
            for place in (folder / "mail", *(folder / "mail").iterdir()):
                shutil.chown(place, "nobody")
        words = ", ".join(f'"{word}"' for word in token_command(tenant, "imap").split())
        write(folder / "getmailrc", f"""[retriever]
type = SimpleIMAPSSLRetriever
server = {host}
port = {port}
username = {ALICE}
use_xoauth2 = true
password_command = ({words},)
ca_certs = {tenant['ca_file']}
mailboxes = ("INBOX",)

[destination]
type = Maildir
path = {folder / 'mail'}/
{owner}

[options]
read_all = false
delete = false
""")
        run(getmail, "-g", folder, "-r", "getmailrc")
        holds(folder / "mail", "for getmail")


POSTFIX_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
tlsmgr unix - - n 1000? 1 tlsmgr
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
error unix - - n - - error
retry unix - - n - - error
msmtp unix - n n - - pipe flags=q user=nobody argv=/usr/bin/msmtp -C {folder}/msmtprc -f ${{sender}} -- ${{recipient}}
"""

POSTFIX_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file =
myhostname = relay.contoso.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
service_throttle_time = 1s
default_transport = msmtp
msmtp_destination_recipient_limit = 1
"""


def greeted(port):
    """A connection to Postfix, whose first processes may end while its master still makes the queue."""
    for _ in range(50):
        with contextlib.suppress(OSError):
            return smtplib.SMTP("127.0.0.1", port, timeout=30)
        time.sleep(0.2)
    raise AssertionError("Postfix greets nobody")


def postfix_relays_with_the_token():
    need_root()
    need("msmtp")
    program = need("postfix")
    # /tmp itself: the daemons' users must be able to walk to their folders.
    with signed_in() as (tenant, _), tempfile.TemporaryDirectory(dir="/tmp") as above:
        os.chmod(above, 0o755)
        folder, port = pathlib.Path(above), free_ports(1)
        for name in ("conf", "queue", "data"):
            (folder / name).mkdir()
        shutil.chown(folder / "data", "postfix")
        words = {"folder": folder, "port": port}
        (folder / "conf/main.cf").write_text(POSTFIX_MAIN.format(**words))
        (folder / "conf/master.cf").write_text(POSTFIX_MASTER.format(**words))
        # The user of the pipe sees the token, the certificate authority and the configuration, and not the sign-in.
        shutil.copy(tenant["ca_file"], folder / "ca.pem")
        write(folder / "token", token(tenant, "smtp"))
        text = msmtp_config({**tenant, "ca_file": folder / "ca.pem"}, folder).read_text()
        write(folder / "msmtprc", text.replace(token_command(tenant, "smtp"), f"cat {folder}/token"))
        for name in ("ca.pem", "token", "msmtprc"):
            shutil.chown(folder / name, "nobody")
        with daemon(program, "-c", folder / "conf", "start-fg", port=port):
            try:
                with greeted(port) as relay:
                    relay.sendmail(ALICE, [ALICE], mail(tenant, "by postfix").replace("app@", "alice@"))
                for _ in range(100):
                    if "by postfix" in inbox(tenant):
                        return
                    time.sleep(0.1)
                queue = run("postqueue", "-c", folder / "conf", "-p", code=None)
                raise AssertionError(f"Postfix did not hand it on: {queue.stdout}")
            finally:
                # Its master is a session of its own, which outlives the process that we started.
                run(program, "-c", folder / "conf", "stop", code=None)


run_cases(
    curl_sends_with_the_token, curl_fetches_with_the_token, msmtp_sends_with_the_token, mpop_fetches_with_the_token,
    mbsync_fetches_with_the_token, neomutt_sends_with_the_token, mutt_sends_with_the_token,
    getmail_fetches_with_the_token, postfix_relays_with_the_token,
)

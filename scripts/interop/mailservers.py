"""Configurations of Dovecot and Postfix: as real as they come, in a folder of their own, on the loopback."""

import contextlib
import pwd

from lab import AUDIENCE
from lib import Missing, daemon, need, need_root, run

DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
listen = 127.0.0.1
protocols = submission
hostname = lab.test
log_path = /dev/stderr
ssl = required
ssl_cert = <{lab.cert}
ssl_key = <{lab.key}
auth_mechanisms = xoauth2
auth_failure_delay = 0
mail_location = maildir:{folder}/mail
default_internal_user = {user}
default_login_user = {login_user}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  inet_listener {{
    address = 127.0.0.1
    port = {auth}
  }}
}}
service submission-login {{
  inet_listener submission {{
    address = 127.0.0.1
    port = {submission}
  }}
}}
submission_relay_host = 127.0.0.1
submission_relay_port = {sink}
"""

OAUTH2 = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix={lab.folder}/keys/
username_attribute = email
issuers = {lab.issuer}
client_id = {audience}
"""

# No service runs in a root of its own: the folder holds nothing that it could use.
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
tlsmgr unix - - n 1000? 1 tlsmgr
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
"""

MAIN = """
compatibility_level = 3.6
myhostname = localhost
mydomain = lab.test
mydestination =
inet_protocols = ipv4
queue_directory = {folder}/queue
data_directory = {folder}/data
virtual_mailbox_domains = lab.test
virtual_mailbox_base = {folder}/boxes
virtual_mailbox_maps = static:bob/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_tls_cert_file = {lab.cert}
smtpd_tls_key_file = {lab.key}
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth}
smtpd_sasl_mechanism_filter = xoauth2
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
maillog_file =
alias_maps =
alias_database =
"""


@contextlib.contextmanager
def dovecot(lab, submission, auth, sink):
    """Dovecot's submission service, and its login for Postfix."""
    need_root()
    program = need("dovecot")
    version = run(program, "--version").stdout
    if not version.startswith("2.3."):
        raise Missing(f"Dovecot {version.split()[0]} is not of the 2.3 series, which this configuration is for")
    folder = lab.folder / "dovecot"
    folder.mkdir()
    for name in ("run", "state", "mail"):
        (folder / name).mkdir()
    owner = pwd.getpwnam("nobody")
    own(folder / "mail", owner.pw_uid, owner.pw_gid)
    words = dict(folder=folder, lab=lab, user="dovecot", login_user="dovenull", uid=owner.pw_uid, gid=owner.pw_gid,
                 submission=submission, auth=auth, sink=sink)
    # Its static userdb refuses ids below the first of a person; nobody's are above the last.
    limits = f"first_valid_uid = 1\nlast_valid_uid = 0\nfirst_valid_gid = 1\nlast_valid_gid = 0\n"
    (folder / "dovecot.conf").write_text(limits + DOVECOT.format(**words))
    (folder / "oauth2.conf").write_text(OAUTH2.format(lab=lab, audience=AUDIENCE))
    with daemon(program, "-F", "-c", folder / "dovecot.conf", port=submission) as process:
        yield process


@contextlib.contextmanager
def postfix(lab, port, auth):
    """Postfix with a submission port whose logins Dovecot judges; yields the folder where bob's mail arrives."""
    need_root()
    program = need("postfix")
    folder = lab.folder / "postfix"
    owner = pwd.getpwnam("postfix")
    for name in ("conf", "queue", "data", "boxes"):
        (folder / name).mkdir(parents=True)
    own(folder / "data", owner.pw_uid, owner.pw_gid)
    own(folder / "boxes", owner.pw_uid, owner.pw_gid)
    words = dict(folder=folder, lab=lab, uid=owner.pw_uid, gid=owner.pw_gid, auth=auth, port=port)
    (folder / "conf/main.cf").write_text(MAIN.format(**words))
    (folder / "conf/master.cf").write_text(MASTER.format(**words))
    with daemon(program, "-c", folder / "conf", "start-fg", port=port):
        try:
            yield folder / "boxes/bob"
        finally:
            # Its master is a session of its own, which outlives the process that we started.
            run(program, "-c", folder / "conf", "stop", code=None)


@contextlib.contextmanager
def sink(lab, port):
    """Takes every mail and keeps it in a file; part of Postfix."""
    need_root()
    folder = lab.folder / "sink"
    folder.mkdir()
    owner = pwd.getpwnam("postfix")
    own(folder, owner.pw_uid, owner.pw_gid)
    with daemon(need("smtp-sink"), "-u", "postfix", "-d", "mail.", f"127.0.0.1:{port}", 10, port=port, cwd=folder):
        yield folder


def own(folder, uid, gid):
    """Gives a folder away."""
    import os

    os.chown(folder, uid, gid)

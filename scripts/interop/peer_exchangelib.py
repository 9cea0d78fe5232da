"""exchangelib, the client of Exchange Web Services for Python."""

import os

from lib import expect, run_cases, sandbox


def account(tenant, secret=None):
    """The application's account on its own mailbox, with every address that of the sandbox."""
    # requests reads the authority that vouches for the servers from here; nothing else of this process uses it.
    os.environ["REQUESTS_CA_BUNDLE"] = tenant["ca_file"]
    from exchangelib import IMPERSONATION, Account, Configuration, Identity, OAuth2Credentials, Version
    from exchangelib.version import EXCHANGE_O365

    class Credentials(OAuth2Credentials):
        """The same, at another login service."""

        @property
        def token_url(self):
            return f"{tenant['login']}/{self.tenant_id}/oauth2/v2.0/token"

    credentials = Credentials(
        client_id=tenant["client_id"], client_secret=secret or tenant["client_secret"],
        tenant_id=tenant["tenant_id"], identity=Identity(primary_smtp_address=tenant["mailbox"]),
    )
    configuration = Configuration(
        service_endpoint=tenant["ews"], credentials=credentials, auth_type="OAuth 2.0", version=Version(EXCHANGE_O365),
    )
    return Account(tenant["mailbox"], config=configuration, autodiscover=False, access_type=IMPERSONATION)


def exchangelib_sends_and_finds_a_mail():
    from exchangelib import Mailbox, Message

    with sandbox() as tenant:
        sender = account(tenant)
        to = [Mailbox(email_address=f"bob@{tenant['domain']}")]
        Message(account=sender, folder=sender.sent, subject="By exchangelib & kept", body="A line.", to_recipients=to) \
            .send_and_save()
        Message(account=sender, subject="By exchangelib, not kept", body="A line.", to_recipients=to) \
            .send(save_copy=False)
        subjects = [item.subject for item in sender.sent.all()]
        expect(subjects == ["By exchangelib & kept"], subjects)
        [found] = sender.sent.filter(subject="By exchangelib & kept")
        expect(b"A line." in found.mime_content, found.mime_content)
        # What was never on the way has no trace lines; what arrived has.
        inbox = account({**tenant, "mailbox": f"bob@{tenant['domain']}"}).inbox
        [arrived] = inbox.filter(subject="By exchangelib & kept")
        names = [header.name for header in arrived.headers]
        expect("Received" in names and "Message-ID" in names, names)
        expect(not list(sender.sent.filter(subject__contains="nobody wrote this")), "a mail that nobody sent")


def exchangelib_is_told_why_it_is_refused():
    from exchangelib import Mailbox, Message
    from exchangelib.errors import ErrorImpersonateUserDenied, ErrorNonExistentMailbox, ErrorSendAsDenied, EWSError

    def refused(tenant, wanted):
        try:
            account(tenant).inbox.refresh()
        except wanted:
            return
        raise AssertionError(f"no {wanted.__name__}")

    with sandbox("ews-impersonation-denied") as tenant:
        refused(tenant, ErrorImpersonateUserDenied)
    with sandbox() as tenant:
        refused({**tenant, "mailbox": "nobody@" + tenant["domain"]}, ErrorNonExistentMailbox)
        sender = account(tenant)
        bob = Mailbox(email_address=f"bob@{tenant['domain']}")
        mail = Message(account=sender, author=bob, subject="As somebody else", body="A line.", to_recipients=[bob])
        try:
            mail.send(save_copy=False)
        except ErrorSendAsDenied:
            pass
        else:
            raise AssertionError("it sent as somebody else")
    with sandbox("ews-app-not-allowed") as tenant:
        refused(tenant, EWSError)


run_cases(exchangelib_sends_and_finds_a_mail, exchangelib_is_told_why_it_is_refused)

"""imaplib and poplib, what a script in Python reads with."""

import base64
import imaplib
import poplib
import smtplib
import ssl

from lib import curl_token, expect, mail, run_cases, sandbox, xoauth2

imaplib._MAXLINE = poplib._MAXLINE = 64 * 1024


def place(tenant, road):
    host, port = tenant[road].rsplit(":", 1)
    return host, int(port)


def trust(tenant):
    return ssl.create_default_context(cafile=tenant["ca_file"])


def send(tenant, token, subject):
    """Sends a mail to the mailbox itself."""
    with smtplib.SMTP(*place(tenant, "smtp"), timeout=30) as smtp:
        smtp.starttls(context=trust(tenant))
        smtp.ehlo()
        smtp.auth("XOAUTH2", lambda challenge=None: xoauth2(tenant["mailbox"], token) if not challenge else "")
        smtp.sendmail(tenant["mailbox"], tenant["mailbox"], mail(tenant, subject))


def imap(tenant, token):
    session = imaplib.IMAP4_SSL(*place(tenant, "imap"), ssl_context=trust(tenant), timeout=30)
    session.authenticate("XOAUTH2", lambda challenge: xoauth2(tenant["mailbox"], token).encode())
    return session


def pop(tenant, token):
    """poplib knows no XOAUTH2; its own two commands say it."""
    session = poplib.POP3_SSL(*place(tenant, "pop"), context=trust(tenant), timeout=30)
    session._putcmd("AUTH XOAUTH2")
    expect(session._getline()[0].startswith(b"+"), "no request for the token")
    session._putcmd(base64.b64encode(xoauth2(tenant["mailbox"], token).encode()).decode())
    session._getresp()
    return session


def imaplib_finds_what_smtplib_sent():
    with sandbox() as tenant:
        token = curl_token(tenant)[1]["access_token"]
        send(tenant, token, "a mail to be found")
        with imap(tenant, token) as session:
            expect("XOAUTH2" in str(session.capability()), "no XOAUTH2")
            expect(session.select("INBOX", readonly=True)[1] == [b"1"], "not one mail")
            found = session.search(None, "SUBJECT", '"to be found"')[1]
            expect(found == [b"1"], found)
            expect(session.search(None, "HEADER", "Subject", '"another"')[1] == [b""], "found what is not there")
            octets = session.fetch("1", "(FLAGS BODY.PEEK[])")[1][0][1]
            expect(b"Subject: a mail to be found" in octets, octets)
            uid = session.uid("FETCH", "1:*", "(RFC822.SIZE)")[1]
            expect(str(len(octets)) in str(uid), uid)
            expect(b"MESSAGES 1" in session.status("INBOX", "(MESSAGES UNSEEN)")[1][0], "STATUS")
            # Inbox, Junk Email, Sent Items.
            expect(len(session.list()[1]) == 3 and session.namespace()[0] == "OK", "LIST")


def imaplib_is_refused_with_a_false_token():
    with sandbox() as tenant:
        try:
            imap(tenant, "no.token.atall")
        except imaplib.IMAP4.error as why:
            expect("AUTHENTICATE failed" in str(why), why)
            return
    raise AssertionError("the false token opened the door")


def imaplib_gets_no_mailbox_where_the_right_is_missing():
    with sandbox("imap-no-mailbox-right") as tenant:
        with imap(tenant, curl_token(tenant)[1]["access_token"]) as session:
            try:
                session.select("INBOX")
            except imaplib.IMAP4.error as why:
                expect("authenticated but not connected" in str(why), why)
                return
    raise AssertionError("the mailbox opened")


def poplib_finds_what_smtplib_sent():
    with sandbox() as tenant:
        token = curl_token(tenant)[1]["access_token"]
        send(tenant, token, "a mail for POP")
        session = pop(tenant, token)
        expect(session.stat()[0] == 1 and len(session.uidl()[1]) == 1, "not one mail")
        expect(b"Subject: a mail for POP" in session.retr(1)[1], "another mail")
        expect(b"Subject: a mail for POP" in session.top(1, 0)[1], "another head")
        session.dele(1)
        session.rset()
        expect(session.stat()[0] == 1, "not reset")
        session.quit()


def poplib_is_refused_with_a_false_token():
    with sandbox() as tenant:
        try:
            pop(tenant, "no.token.atall")
        except poplib.error_proto as why:
            expect("unknown user name or bad password" in str(why), why)
            return
    raise AssertionError("the false token opened the door")


run_cases(
    imaplib_finds_what_smtplib_sent, imaplib_is_refused_with_a_false_token,
    imaplib_gets_no_mailbox_where_the_right_is_missing, poplib_finds_what_smtplib_sent,
    poplib_is_refused_with_a_false_token,
)

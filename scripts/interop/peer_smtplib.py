"""smtplib, what a script in Python sends with."""

import smtplib
import ssl

from lib import curl_token, expect, mail, run_cases, sandbox, xoauth2


class Client:
    """A session up to its login."""

    def __init__(self, tenant, token):
        self.words = xoauth2(tenant["mailbox"], token)
        self.challenges = []
        host, port = tenant["smtp"].rsplit(":", 1)
        self.smtp = smtplib.SMTP(host, int(port), timeout=30)
        self.smtp.starttls(context=ssl.create_default_context(cafile=tenant["ca_file"]))

    def answer(self, challenge=None):
        # smtplib strips what it does not know; an empty challenge asks for the words.
        self.challenges.append(challenge)
        return self.words if not challenge else ""

    def log_in(self, inline):
        self.smtp.ehlo()
        return self.smtp.auth("XOAUTH2", self.answer, initial_response_ok=inline)


def send(inline):
    with sandbox() as tenant:
        client = Client(tenant, curl_token(tenant)[1]["access_token"])
        with client.smtp as smtp:
            expect(client.log_in(inline)[0] == 235, "not 235")
            refused = smtp.sendmail(tenant["mailbox"], f"bob@{tenant['domain']}", mail(tenant, "smtplib"))
    expect(refused == {}, refused)


def smtplib_sends_with_the_token_inline():
    send(inline=True)


def smtplib_sends_with_the_token_after_334():
    send(inline=False)


def smtplib_is_refused_with_a_false_token():
    with sandbox() as tenant:
        client = Client(tenant, "no.token.atall")
        with client.smtp:
            try:
                client.log_in(inline=True)
            except smtplib.SMTPAuthenticationError as why:
                expect(why.smtp_code == 535 and b"5.7.3" in why.smtp_error, why)
                return
    raise AssertionError("the false token opened the door")


def smtplib_sends_a_long_message():
    with sandbox() as tenant:
        client = Client(tenant, curl_token(tenant)[1]["access_token"])
        with client.smtp as smtp:
            client.log_in(inline=True)
            body = mail(tenant, "long") + ".starts with a dot\r\n" + ("x" * 900 + "\r\n") * 1000
            expect(smtp.sendmail(tenant["mailbox"], f"bob@{tenant['domain']}", body) == {}, "refused")


def smtplib_sends_in_chunks():
    with sandbox() as tenant:
        client = Client(tenant, curl_token(tenant)[1]["access_token"])
        with client.smtp as smtp:
            client.log_in(inline=True)
            expect(smtp.has_extn("chunking"), "CHUNKING is not offered")
            message = mail(tenant, "chunks").encode()
            smtp.mail(tenant["mailbox"])
            smtp.rcpt(f"bob@{tenant['domain']}")
            for part, last in ((message[:20], ""), (message[20:], " LAST")):
                smtp.send(f"BDAT {len(part)}{last}\r\n".encode() + part)
                code, words = smtp.getreply()
                expect(code == 250, (code, words))


def smtplib_is_refused_with_a_password():
    with sandbox() as tenant:
        client = Client(tenant, "unused")
        with client.smtp as smtp:
            try:
                smtp.login(tenant["mailbox"], "a password")
            except smtplib.SMTPAuthenticationError as why:
                expect(why.smtp_code == 535 and b"5.7.139" in why.smtp_error, why)
                return
    raise AssertionError("a password opened the door")


def smtplib_can_not_log_in_on_port_25():
    with sandbox() as tenant:
        host, port = tenant["mx"].rsplit(":", 1)
        with smtplib.SMTP(host, int(port), timeout=30) as smtp:
            smtp.starttls(context=ssl.create_default_context(cafile=tenant["ca_file"]))
            smtp.ehlo()
            expect(not smtp.has_extn("auth"), smtp.esmtp_features)
            for words in ("LOGIN", "XOAUTH2"):
                code, said = smtp.docmd("AUTH", words)
                expect(code == 504 and said.startswith(b"5.7.4 "), (words, code, said))


run_cases(
    smtplib_sends_in_chunks, smtplib_is_refused_with_a_password, smtplib_sends_with_the_token_inline, smtplib_sends_with_the_token_after_334,
    smtplib_is_refused_with_a_false_token, smtplib_sends_a_long_message,
    smtplib_can_not_log_in_on_port_25,
)

"""curl: a token, a refused one, and a mail."""

import re
import tempfile

from lib import browser, curl_json, curl_token, expect, mail, need, run, run_cases, sandbox

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def curl_gets_a_token():
    need("curl")
    with sandbox() as tenant:
        status, answer = curl_token(tenant)
    expect(status == 200, f"HTTP {status}: {answer}")
    expect(answer["token_type"] == "Bearer" and answer["access_token"].count(".") == 2, sorted(answer))


def curl_is_told_of_a_wrong_secret():
    need("curl")
    with sandbox() as tenant:
        status, answer = curl_token(tenant, "not~the.secret_of-this.application")
    expect(status == 401 and answer["error"] == "invalid_client", f"HTTP {status}: {answer}")
    expect(answer["error_codes"] == [7000215], answer)
    expect(answer["error_description"].startswith("AADSTS7000215: "), answer)
    expect(GUID.fullmatch(answer["trace_id"]) and GUID.fullmatch(answer["correlation_id"]), answer)
    expect(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", answer["timestamp"]), answer)


def curl_signs_a_person_in_by_device_code():
    need("curl")
    with sandbox() as tenant:
        path = f"{tenant['tenant_id']}/oauth2/v2.0/"
        scope = "https://outlook.office.com/SMTP.Send offline_access"
        status, device = curl_json(tenant, path + "devicecode", client_id=tenant["client_id"], scope=scope)
        expect(status == 200, f"HTTP {status}: {device}")
        poll = {
            "client_id": tenant["client_id"], "device_code": device["device_code"],
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        }
        status, answer = curl_json(tenant, path + "token", **poll)
        expect(status == 400 and answer["error"] == "authorization_pending", answer)
        visit = browser(tenant)
        visit.get(device["verification_uri"])
        visit.press("next", code=device["user_code"])
        visit.press("signin", login=f"alice@{tenant['domain']}", passwd=tenant["password"])
        visit.press("continue")
        status, answer = curl_json(tenant, path + "token", **poll)
        expect(status == 200 and answer["access_token"].count(".") == 2, answer)
        status, answer = curl_json(
            tenant, path + "token", client_id=tenant["client_id"], grant_type="refresh_token",
            refresh_token=answer["refresh_token"],
        )
        expect(status == 200 and answer["refresh_token"], answer)


def curl_sends():
    send(sender_token=True, code=0)


def curl_is_refused_with_a_false_token():
    # curl: CURLE_LOGIN_DENIED
    send(sender_token=False, code=67)


def send(sender_token, code):
    curl = need("curl")
    with sandbox() as tenant, tempfile.NamedTemporaryFile("w", newline="") as message:
        token = curl_token(tenant)[1]["access_token"] if sender_token else "no.token.atall"
        message.write(mail(tenant, "curl"))
        message.flush()
        run(curl, "-sS", "--ssl-reqd", "--cacert", tenant["ca_file"], "--url", f"smtp://{tenant['smtp']}",
            "--user", tenant["mailbox"] + ":", "--oauth2-bearer", token, "--mail-from", tenant["mailbox"],
            "--mail-rcpt", f"bob@{tenant['domain']}", "-T", message.name, code=code)


run_cases(
    curl_gets_a_token, curl_is_told_of_a_wrong_secret, curl_signs_a_person_in_by_device_code, curl_sends,
    curl_is_refused_with_a_false_token,
)

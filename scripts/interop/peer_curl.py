"""curl: a token of each kind, a refused one, and a mail."""

import json
import re
import tempfile
import time
import urllib.parse

from lib import curl_token, expect, mail, need, run, run_cases, sandbox

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


def curl_polls_for_a_device():
    curl = need("curl")
    from browser import Browser

    with sandbox("signed-in") as tenant:
        def post(path, **fields):
            form = urllib.parse.urlencode({"client_id": tenant["client_id"], **fields})
            url = f"{tenant['login']}/{tenant['tenant_id']}/oauth2/v2.0/{path}"
            return json.loads(run(curl, "-sS", "--cacert", tenant["ca_file"], "-d", form, url).stdout)

        asked = post("devicecode", scope="https://outlook.office.com/SMTP.Send offline_access")
        words = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": asked["device_code"]}
        expect(post("token", **words).get("error") == "authorization_pending", "it is answered before anybody agreed")
        Browser(tenant).approve_device(asked["verification_uri"], asked["user_code"])
        time.sleep(int(asked["interval"]))
        answer = post("token", **words)
    expect("access_token" in answer and "refresh_token" in answer, answer)


def curl_asks_the_metadata_service():
    curl = need("curl")
    with sandbox("managed") as tenant:
        url = (f"{tenant['imds']}/metadata/identity/oauth2/token?api-version=2018-02-01"
               "&resource=https%3A%2F%2Foutlook.office365.com")
        refused = json.loads(run(curl, "-sS", url).stdout)
        answer = json.loads(run(curl, "-sS", "-H", "Metadata: true", url).stdout)
    expect(refused.get("error") == "invalid_request", refused)
    expect(answer.get("token_type") == "Bearer" and answer["access_token"].count(".") == 2, sorted(answer))


run_cases(
    curl_gets_a_token, curl_is_told_of_a_wrong_secret, curl_polls_for_a_device, curl_asks_the_metadata_service,
    curl_sends, curl_is_refused_with_a_false_token,
)

"""Microsoft's library for Python, as its users call it: every credential, and both ways of a person."""

import contextlib
import os
import pathlib
import threading
import tomllib
import urllib.parse

from browser import Browser
from lib import expect, run_cases, sandbox

SCOPE = ["https://outlook.office365.com/.default"]
PERSON_SCOPE = ["https://outlook.office.com/SMTP.Send"]
READING_SCOPE = ["https://outlook.office.com/IMAP.AccessAsUser.All"]
ALICE = "alice@contoso.test"
RETURN = "http://localhost:5123/"


def options(tenant):
    return {
        "authority": f"{tenant['login']}/{tenant['tenant_id']}", "instance_discovery": False,
        "verify": tenant["ca_file"],
    }


def application(tenant, credential):
    import msal

    return msal.ConfidentialClientApplication(tenant["client_id"], client_credential=credential, **options(tenant))


def public(tenant):
    import msal

    return msal.PublicClientApplication(tenant["client_id"], **options(tenant))


def profile(tenant):
    """The words of the profile that the sandbox wrote."""
    return tomllib.loads(pathlib.Path(tenant["profile_file"]).read_text())["profile"]["sandbox"]


def is_token(answer):
    expect("access_token" in answer and answer["access_token"].count(".") == 2, answer)
    expect(answer["expires_in"] > 0, answer)
    return answer


def msal_gets_a_token():
    with sandbox() as tenant:
        is_token(application(tenant, tenant["client_secret"]).acquire_token_for_client(SCOPE))


def msal_is_told_of_a_wrong_secret():
    with sandbox() as tenant:
        answer = application(tenant, "not~the.secret_of-this.application").acquire_token_for_client(SCOPE)
    expect(answer.get("error") == "invalid_client" and answer.get("error_codes") == [7000215], answer)


def certificate_parts(tenant):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    pem = pathlib.Path(profile(tenant)["certificate"]).read_text()
    certificate = x509.load_pem_x509_certificate(pem.encode())
    key = pem[pem.index("-----BEGIN PRIVATE KEY-----"):].split("-----END PRIVATE KEY-----")[0]
    return certificate, pem, key + "-----END PRIVATE KEY-----\n", hashes


def msal_shows_a_certificate_by_sha1():
    with sandbox("app-certificate") as tenant:
        certificate, _, key, hashes = certificate_parts(tenant)
        credential = {"private_key": key, "thumbprint": certificate.fingerprint(hashes.SHA1()).hex()}
        is_token(application(tenant, credential).acquire_token_for_client(SCOPE))


def msal_shows_a_certificate_by_sha256():
    from cryptography.hazmat.primitives.serialization import Encoding

    with sandbox("app-certificate") as tenant:
        certificate, _, key, _ = certificate_parts(tenant)
        public_part = certificate.public_bytes(Encoding.PEM).decode()
        credential = {"private_key": key, "public_certificate": public_part}
        is_token(application(tenant, credential).acquire_token_for_client(SCOPE))


def msal_is_told_of_a_certificate_nobody_registered():
    with sandbox("app-certificate") as tenant:
        _, _, key, _ = certificate_parts(tenant)
        answer = application(tenant, {"private_key": key, "thumbprint": "ab" * 20}).acquire_token_for_client(SCOPE)
    expect(answer.get("error") == "invalid_client", answer)
    expect(answer.get("error_codes") == [700027], answer)


def msal_shows_a_federated_token():
    with sandbox("federated") as tenant:
        assertion = pathlib.Path(profile(tenant)["assertion_file"]).read_text().strip()
        is_token(application(tenant, {"client_assertion": assertion}).acquire_token_for_client(SCOPE))


def msal_is_told_of_a_forged_assertion():
    with sandbox("federated") as tenant:
        assertion = pathlib.Path(profile(tenant)["assertion_file"]).read_text().strip()
        head, claims, mark = assertion.split(".")
        forged = ".".join([head, claims, mark[:-8] + mark[-8:][::-1]])
        answer = application(tenant, {"client_assertion": forged}).acquire_token_for_client(SCOPE)
    expect(answer.get("error") in ("invalid_client", "invalid_request"), answer)


def msal_polls_for_a_device():
    with sandbox("signed-in") as tenant:
        client = public(tenant)
        flow = client.initiate_device_flow(PERSON_SCOPE)
        expect("user_code" in flow, flow)
        approval = threading.Timer(1, Browser(tenant).approve_device, [flow["verification_uri"], flow["user_code"]])
        approval.start()
        answer = is_token(client.acquire_token_by_device_flow(flow))
        approval.join()
    expect("refresh_token" in answer, sorted(answer))
    expect(answer["id_token_claims"]["preferred_username"] == ALICE, answer["id_token_claims"])


def msal_signs_in_with_a_code_and_renews():
    with sandbox("signed-in") as tenant:
        client = public(tenant)
        flow = client.initiate_auth_code_flow(PERSON_SCOPE, redirect_uri=RETURN, login_hint=ALICE)
        expect("code_challenge=" in flow["auth_uri"], "msal sends no PKCE")
        back = Browser(tenant).sign_in(flow["auth_uri"])
        expect(back.startswith(RETURN), back)
        answer = is_token(client.acquire_token_by_auth_code_flow(flow, query(back)))
        first = answer["access_token"]
        (account,) = client.get_accounts()
        expect(account["username"] == ALICE, account)
        again = is_token(client.acquire_token_silent(PERSON_SCOPE, account=account, force_refresh=True))
        other = is_token(client.acquire_token_silent(READING_SCOPE, account=account))
    expect(other["access_token"] not in (first, again["access_token"]), "other scopes bring the same token")
    expect(again["access_token"] != first, "the token is not a new one")


def msal_is_refused_a_code_used_twice():
    with sandbox("signed-in") as tenant:
        client = public(tenant)
        flow = client.initiate_auth_code_flow(PERSON_SCOPE, redirect_uri=RETURN)
        back = query(Browser(tenant).sign_in(flow["auth_uri"]))
        is_token(client.acquire_token_by_auth_code_flow(flow, back))
        answer = client.acquire_token_by_auth_code_flow(flow, back)
    expect(answer.get("error") == "invalid_grant", answer)


def query(address):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))


@contextlib.contextmanager
def variables(**words):
    """Variables of the environment for one block."""
    before = dict(os.environ)
    os.environ.update(words)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def msal_acts_as_its_machine():
    import msal
    import requests

    # The service of a virtual machine; this library lets its host be named by a variable.
    with sandbox("managed") as tenant, variables(AZURE_POD_IDENTITY_AUTHORITY_HOST=tenant["imds"]):
        client = msal.ManagedIdentityClient(msal.SystemAssignedManagedIdentity(), http_client=requests.Session())
        is_token(client.acquire_token_for_client(resource="https://outlook.office365.com"))


run_cases(
    msal_gets_a_token, msal_is_told_of_a_wrong_secret, msal_shows_a_certificate_by_sha1,
    msal_shows_a_certificate_by_sha256, msal_is_told_of_a_certificate_nobody_registered, msal_shows_a_federated_token,
    msal_is_told_of_a_forged_assertion, msal_polls_for_a_device, msal_signs_in_with_a_code_and_renews,
    msal_is_refused_a_code_used_twice, msal_acts_as_its_machine,
)

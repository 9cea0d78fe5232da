"""Microsoft's library for Python, as its users call it."""

import urllib.parse

from lib import browser, expect, run_cases, sandbox

SMTP = ["https://outlook.office.com/SMTP.Send"]
IMAP = ["https://outlook.office.com/IMAP.AccessAsUser.All"]
SCOPE = ["https://outlook.office365.com/.default"]


def application(tenant, secret):
    import msal

    return msal.ConfidentialClientApplication(
        tenant["client_id"], client_credential=secret, authority=f"{tenant['login']}/{tenant['tenant_id']}",
        instance_discovery=False, verify=tenant["ca_file"],
    )


def msal_gets_a_token():
    with sandbox() as tenant:
        answer = application(tenant, tenant["client_secret"]).acquire_token_for_client(SCOPE)
    expect("access_token" in answer, answer)
    expect(answer["expires_in"] > 0, answer)


def msal_is_told_of_a_wrong_secret():
    with sandbox() as tenant:
        answer = application(tenant, "not~the.secret_of-this.application").acquire_token_for_client(SCOPE)
    expect(answer.get("error") == "invalid_client" and answer.get("error_codes") == [7000215], answer)


def public(tenant):
    import msal

    return msal.PublicClientApplication(
        tenant["client_id"], authority=f"{tenant['login']}/{tenant['tenant_id']}",
        instance_discovery=False, verify=tenant["ca_file"],
    )


def signed_in(application, answer, tenant):
    """What follows every sign-in: the account is known, and another token comes without a page."""
    user = f"alice@{tenant['domain']}"
    expect("access_token" in answer, answer)
    expect(answer["id_token_claims"]["preferred_username"] == user, answer["id_token_claims"])
    [account] = application.get_accounts(user)
    kept = application.acquire_token_silent(SMTP, account)
    expect(kept["access_token"] == answer["access_token"], kept)
    other = application.acquire_token_silent(IMAP, account)
    expect(other and other.get("access_token") not in (None, answer["access_token"]), other)
    fresh = application.acquire_token_silent(SMTP, account, force_refresh=True)
    expect(fresh and fresh.get("access_token") not in (None, answer["access_token"]), fresh)


def msal_signs_a_person_in_by_device_code():
    with sandbox() as tenant:
        application = public(tenant)
        flow = application.initiate_device_flow(SMTP)
        expect(flow.get("user_code", "") in flow.get("message", ""), flow)
        visit = browser(tenant)
        visit.get(flow["verification_uri"])
        visit.press("next", code=flow["user_code"])
        visit.press("signin", login=f"alice@{tenant['domain']}", passwd=tenant["password"])
        visit.press("continue")
        expect("You have signed in" in visit.text, visit.text)
        signed_in(application, application.acquire_token_by_device_flow(flow), tenant)


def msal_is_told_that_a_device_was_declined():
    with sandbox() as tenant:
        application = public(tenant)
        flow = application.initiate_device_flow(SMTP)
        visit = browser(tenant)
        visit.get(flow["verification_uri"])
        visit.press("next", code=flow["user_code"])
        visit.press("cancel")
        answer = application.acquire_token_by_device_flow(flow)
    expect(answer.get("error") == "authorization_declined", answer)


def msal_signs_a_person_in_by_code_with_pkce():
    with sandbox() as tenant:
        application = public(tenant)
        flow = application.initiate_auth_code_flow(SMTP, redirect_uri="http://localhost:5123")
        visit = browser(tenant)
        visit.get(flow["auth_uri"])
        visit.press("signin", login=f"alice@{tenant['domain']}", passwd=tenant["password"])
        place = urllib.parse.urlsplit(visit.location)
        expect(place.netloc == "localhost:5123", visit.location)
        answer = dict(urllib.parse.parse_qsl(place.query or place.fragment))
        signed_in(application, application.acquire_token_by_auth_code_flow(flow, answer), tenant)


run_cases(
    msal_gets_a_token, msal_is_told_of_a_wrong_secret, msal_signs_a_person_in_by_device_code,
    msal_is_told_that_a_device_was_declined, msal_signs_a_person_in_by_code_with_pkce,
)

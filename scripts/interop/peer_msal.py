"""Microsoft's library for Python, as its users call it."""

from lib import expect, run_cases, sandbox

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


run_cases(msal_gets_a_token, msal_is_told_of_a_wrong_secret)

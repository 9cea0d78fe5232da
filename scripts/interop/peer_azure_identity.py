"""azure-identity, the login of the Azure SDK for Python."""

from lib import expect, run_cases, sandbox


def credential(tenant, secret):
    from azure.identity import ClientSecretCredential

    return ClientSecretCredential(
        tenant["tenant_id"], tenant["client_id"], secret, authority=tenant["login"],
        disable_instance_discovery=True, connection_verify=tenant["ca_file"],
    )


def azure_identity_gets_a_token():
    with sandbox() as tenant:
        answer = credential(tenant, tenant["client_secret"]).get_token("https://outlook.office365.com/.default")
    expect(answer.token.count(".") == 2, "this is no JWT")


def azure_identity_is_told_of_a_wrong_secret():
    import azure.core.exceptions

    with sandbox() as tenant:
        try:
            credential(tenant, "not~the.secret").get_token("https://outlook.office365.com/.default")
        except azure.core.exceptions.ClientAuthenticationError as why:
            expect("AADSTS7000215" in str(why), why)
            return
    raise AssertionError("the wrong secret opened the door")


run_cases(azure_identity_gets_a_token, azure_identity_is_told_of_a_wrong_secret)

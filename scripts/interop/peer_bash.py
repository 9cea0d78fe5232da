"""bash and jq run the scripts for the Azure CLI against a directory that is kept in a file: set up, again, verify, undo."""

import copy
import json
import os
import pathlib
import tempfile

from lib import DOCTOR, expect, need, run, run_cases

FAKE = pathlib.Path(__file__).parent / "fake_az.py"
EXCHANGE, GRAPH = "00000002-0000-0ff1-ce00-000000000000", "00000003-0000-0000-c000-000000000000"
TENANT = "11111111-2222-4333-8444-555555555555"


def resource(app, roles, scopes):
    """A service principal of Microsoft's, whose permissions have ids of this run: none is known beforehand."""
    ids = iter(f"{n:08x}-aaaa-4bbb-8ccc-{app[-12:]}" for n in range(1, 99))
    return {
        "id": f"sp-{app}", "appId": app, "displayName": app, "_assigned": [],
        "appRoles": [{"id": next(ids), "value": v, "isEnabled": True, "allowedMemberTypes": ["Application"]} for v in roles],
        "oauth2PermissionScopes": [{"id": next(ids), "value": v, "isEnabled": True} for v in scopes],
    }


def directory():
    return {
        "organization": {"id": TENANT, "verifiedDomains": [{"name": "contoso.test"}]},
        "applications": [], "oauth2PermissionGrants": [], "calls": [],
        "servicePrincipals": [
            resource(EXCHANGE, ["SMTP.SendAsApp", "IMAP.AccessAsApp"], ["SMTP.Send"]),
            resource(GRAPH, ["Mail.Send"], ["Mail.Send", "offline_access"]),
        ],
    }


class Lab:
    def __init__(self, state):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        (self.folder / "az").symlink_to(FAKE)
        self.file = self.folder / "state.json"
        self.file.write_text(json.dumps(state))
        self.env = {
            **os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "FAKE_AZ_STATE": str(self.file),
            "FAKE_AZ_DELAY": "2", "O365DOCTOR_WAIT": "0", "HOME": str(self.folder),
        }

    def state(self):
        return json.loads(self.file.read_text())

    def script(self, *words, code=0, **more):
        """Makes the script of these words and runs it; its lines of JSON and what it said."""
        text = run(DOCTOR, "powershell", "--tenant", TENANT, "--style", "az", *words, env=self.env).stdout
        done = run(need("bash"), stdin=text, env=self.env, code=code, **more)
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")], done.stderr

    def undo(self, prior, *words):
        place = self.folder / "prior.txt"
        place.write_text(json.dumps(prior, separators=(",", ":")))
        return self.script("--part", "undo", "--prior", place, *words)


def seen(state):
    """A directory without what a run leaves behind in any case."""
    state = copy.deepcopy(state)
    state["calls"] = []
    for one in state["applications"] + state["servicePrincipals"]:
        one.pop("_unseen", None)
    return state


def writes(state):
    return [method for method in state["calls"] if method != "GET"]


def walks(state, name, *words):
    """Set up, again, verify, undo: what was there before is there again."""
    need("jq")
    lab, client = Lab(state), None
    before = seen(lab.state())
    if state["applications"]:
        client = ["--client-id", state["applications"][0]["appId"]]
    first, _ = lab.script("--display-name", name, *words, *(client or []))
    prior = first[-1]
    own = ["--client-id", prior["client_id"]]
    done = lab.state()
    again, _ = lab.script("--display-name", name, *words, *own)
    expect(writes(lab.state()) == writes(done), f"the second run changed something: {writes(lab.state())}")
    expect(again[0]["application_existed"] and again[0]["granted"], again)
    told, _ = lab.script("--part", "verify", *words, *own)
    expect(told[0]["wanted"] == told[0]["requested"] == told[0]["granted"], told)
    expect(writes(lab.state()) == writes(done), "verify changed something")
    lab.undo(prior, *words, *own)
    expect(seen(lab.state()) == before, f"{seen(lab.state())}\n{before}")
    return first, done


def az_makes_an_application_and_takes_it_back():
    first, done = walks(directory(), "O'Brien \u2019$(x)`y`\u2018 \"z\"")
    expect(first[0]["client_id"] is None and len(first) == 2, first)
    app, principal = done["applications"][0], done["servicePrincipals"][-1]
    expect(app["displayName"] == "O'Brien \u2019$(x)`y`\u2018 \"z\"", app)
    role = done["servicePrincipals"][0]["appRoles"][0]["id"]
    expect([one["appRoleId"] for one in principal["_assigned"]] == [role], principal)
    expect(app["requiredResourceAccess"] == [{"resourceAppId": EXCHANGE, "resourceAccess": [{"id": role, "type": "Role"}]}], app)


def existing(state):
    """An application that already asks for something, and has been given it."""
    other = state["servicePrincipals"][0]["appRoles"][1]["id"]
    client = "99999999-2222-4333-8444-555555555555"
    state["applications"].append({
        "id": "app", "appId": client, "displayName": "old", "signInAudience": "AzureADMyOrg",
        "requiredResourceAccess": [{"resourceAppId": EXCHANGE, "resourceAccess": [{"id": other, "type": "Role"}]}],
        "publicClient": {"redirectUris": ["http://localhost"]}, "isFallbackPublicClient": None,
        "passwordCredentials": [{"endDateTime": "2027-01-01T00:00:00Z", "hint": "abc"}], "keyCredentials": [],
    })
    state["servicePrincipals"].append({
        "id": "own", "appId": client, "accountEnabled": True, "appRoles": [],
        "_assigned": [{"id": "kept", "principalId": "own", "resourceId": f"sp-{EXCHANGE}", "appRoleId": other}],
    })
    return state


def az_leaves_what_an_application_had():
    walks(existing(directory()), "old")


def az_leaves_what_people_had_consented_to():
    state = existing(directory())
    grant = {"id": "grant", "clientId": "own", "consentType": "AllPrincipals", "resourceId": f"sp-{EXCHANGE}", "scope": "EWS.AccessAsUser.All"}
    state["oauth2PermissionGrants"].append(grant)
    _, done = walks(state, "old", "--auth", "delegated")
    scopes = sorted(one["scope"] for one in done["oauth2PermissionGrants"])
    expect(scopes == ["EWS.AccessAsUser.All SMTP.Send", "offline_access"], scopes)
    expect(done["applications"][0]["isFallbackPublicClient"] is True, done["applications"])


def az_stops_before_a_namesake_and_in_a_foreign_directory():
    need("jq")
    lab = Lab(existing(directory()))
    _, words = lab.script("--display-name", "old", code=1)
    expect("Nothing was changed" in words and "99999999" in words, words)
    state = directory()
    state["organization"]["id"] = "00000000-2222-4333-8444-555555555555"
    _, words = Lab(state).script(code=1)
    expect("does not know" in words, words)
    expect(not writes(lab.state()), "something was changed")


run_cases(
    az_makes_an_application_and_takes_it_back, az_leaves_what_an_application_had, az_leaves_what_people_had_consented_to,
    az_stops_before_a_namesake_and_in_a_foreign_directory,
)

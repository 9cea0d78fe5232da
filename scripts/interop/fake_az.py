#!/usr/bin/env python3
"""As much of the Azure CLI and of Microsoft Graph as the scripts for bash use, over a directory kept in one file.

The file is named by FAKE_AZ_STATE; FAKE_AZ_DELAY is how many reads a new object stays unseen, as in a real directory.
"""

import json
import os
import re
import sys
import urllib.parse
import uuid

GRAPH = "https://graph.microsoft.com"
OWNED = {"applications", "servicePrincipals", "oauth2PermissionGrants"}


def refuse(words):
    print(f"ERROR: {words}", file=sys.stderr)
    sys.exit(1)


def shown(objects):
    """What is old enough to be seen."""
    seen = []
    for one in objects:
        if one.get("_unseen", 0) > 0:
            one["_unseen"] -= 1
        else:
            seen.append(one)
    return seen


def listed(state, kind, query):
    found = shown(state[kind])
    wanted = re.fullmatch(r"(\w+) eq '(.*)'", query.get("$filter", [""])[0])
    if wanted:
        found = [one for one in found if one.get(wanted[1]) == wanted[2].replace("''", "'")]
    return {"value": [{k: v for k, v in one.items() if not k.startswith("_")} for one in found]}


def one_of(state, kind, ident):
    found = [one for one in state[kind] if one["id"] == ident and not one.get("_unseen")]
    return found[0] if found else refuse(f"Not Found({kind}/{ident})")


def make(state, kind, body):
    made = {"id": str(uuid.uuid4()), "_unseen": int(os.environ.get("FAKE_AZ_DELAY", "0")), **body}
    if kind == "applications":
        made = {"appId": str(uuid.uuid4()), "requiredResourceAccess": [], "publicClient": {"redirectUris": []},
                "isFallbackPublicClient": None, "passwordCredentials": [], "keyCredentials": [], **made}
    if kind == "servicePrincipals":
        if not [app for app in state["applications"] if app["appId"] == body["appId"] and not app.get("_unseen")]:
            refuse("The appId of the service principal does not reference a valid application object.")
        made = {"accountEnabled": True, "appRoles": [], "_assigned": [], **made}
    state[kind].append(made)
    return made


def assignments(state, method, path, body):
    principal = one_of(state, "servicePrincipals", path[1])
    if method == "GET":
        return {"value": principal["_assigned"]}
    if method == "POST":
        principal["_assigned"].append({"id": str(uuid.uuid4()), **body})
        return principal["_assigned"][-1]
    principal["_assigned"] = [one for one in principal["_assigned"] if one["id"] != path[3]]
    return None


def answer(state, method, url, body):
    if not url.startswith(f"{GRAPH}/v1.0/"):
        refuse(f"no such host: {url}")
    path, _, query = url.removeprefix(f"{GRAPH}/v1.0/").partition("?")
    path, query = path.split("/"), urllib.parse.parse_qs(query)
    kind = path[0]
    if kind == "organization":
        return {"value": [state["organization"]]}
    if kind not in OWNED:
        refuse(f"no such resource: {kind}")
    if len(path) > 2:
        return assignments(state, method, path, body)
    if method == "GET":
        return listed(state, kind, query)
    if method == "POST":
        return make(state, kind, body)
    own = one_of(state, kind, path[1])
    if method == "PATCH":
        own.update(body)
        return None
    state[kind].remove(own)
    if kind == "applications":
        state["servicePrincipals"] = [one for one in state["servicePrincipals"] if one["appId"] != own["appId"]]
    return None


def main(words):
    with open(os.environ["FAKE_AZ_STATE"], encoding="utf-8") as file:
        state = json.load(file)
    if words[:2] == ["cloud", "show"]:
        print("AzureCloud")
        return
    if words[:1] != ["rest"]:
        refuse(f"not known: {words}")
    said = dict(zip(words[2::2], words[3::2]))
    if words[1] != "--only-show-errors" or said.get("--resource") != GRAPH:
        refuse(f"not as expected: {words}")
    body = json.loads(said["--body"]) if "--body" in said else None
    told = answer(state, said["--method"], said["--url"], body)
    state["calls"].append(said["--method"])
    with open(os.environ["FAKE_AZ_STATE"], "w", encoding="utf-8") as file:
        json.dump(state, file)
    if told is not None:
        print(json.dumps(told))


main(sys.argv[1:])

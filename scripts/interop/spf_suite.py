"""Turns the YAML test suite of RFC 7208, from the source archive of pyspf, into the JSON that tests/spf_suite.rs reads.

usage: spf_suite.py ARCHIVE.tar.gz OUT.json
"""

import json
import sys
import tarfile

import yaml

SUITE = "test/rfc7208-tests.yml"


def rows(records):
    """The rows of one name. A record of type SPF stands for TXT where the suite gives no TXT of its own."""
    has_text = any(isinstance(record, dict) and "TXT" in record for record in records)
    for record in records:
        if record == "TIMEOUT":
            yield "TIMEOUT"
            continue
        for kind, value in record.items():
            if kind == "SPF" and has_text or value == "NONE":
                continue
            if kind in ("SPF", "TXT"):
                kind, value = "TXT", value if isinstance(value, str) else "".join(value)
            yield {kind: value}


def scenario(words):
    zone = {}
    for name, records in words["zonedata"].items():
        zone.setdefault(name.lower().rstrip("."), []).extend(rows(records))
    tests = [
        {
            "id": name, "helo": str(case["helo"]), "host": case["host"], "mailfrom": case["mailfrom"],
            "result": [case["result"]] if isinstance(case["result"], str) else case["result"],
            "explanation": case.get("explanation"),
        }
        for name, case in words["tests"].items()
    ]
    return {"description": words["description"], "zone": zone, "tests": tests}


def main(archive, out):
    with tarfile.open(archive) as members:
        member = next(m for m in members if m.name.endswith(SUITE))
        suite = [scenario(words) for words in yaml.safe_load_all(members.extractfile(member)) if words]
    with open(out, "w") as file:
        json.dump(suite, file)


main(*sys.argv[1:])

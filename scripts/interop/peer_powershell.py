"""The PowerShell grammar of tree-sitter: each script parses from its first word to its last. Where PowerShell itself is at
hand, its own parser says so too, and its analyzer, if that is installed."""

import pathlib
import shutil
import tempfile

from lib import DOCTOR, expect, run, run_cases


def faults(source):
    import tree_sitter
    import tree_sitter_powershell

    tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language())).parse(source)
    rest, found = [tree.root_node], []
    while rest:
        node = rest.pop()
        if node.type == "ERROR" or node.is_missing:
            found.append((node.start_point[0] + 1, source[node.start_byte : node.end_byte][:80]))
        rest.extend(node.children)
    return found


# The parser, then the analyzer with the rules that are about errors.
OWN = """
$Wrong = $null
[void][System.Management.Automation.Language.Parser]::ParseFile($args[0], [ref]$null, [ref]$Wrong)
$Wrong | ForEach-Object { "$($_.Extent.StartLineNumber): $($_.Message)" }
if (Get-Module -ListAvailable -Name PSScriptAnalyzer) {
    Invoke-ScriptAnalyzer -Path $args[0] -Severity Error, ParseError -ExcludeRule PSAvoidUsingComputerNameHardcoded |
        ForEach-Object { "$($_.Line): $($_.Message)" }
}
"""


def faults_by_powershell(script):
    """What PowerShell itself says; nothing where it is not installed."""
    pwsh = shutil.which("pwsh")
    if not pwsh:
        return []
    with tempfile.TemporaryDirectory() as folder:
        text, own = pathlib.Path(folder) / "script.ps1", pathlib.Path(folder) / "own.ps1"
        text.write_text(script, encoding="utf-8-sig")
        own.write_text(OWN)
        return run(pwsh, "-NoProfile", "-NonInteractive", "-File", own, text).stdout.splitlines()


# No credential is among it, so nobody is asked anything.
SETUP = [
    "--tenant", "contoso.test", "--client-id", "11111111-2222-4333-8444-555555555555", "--mailbox", "app@contoso.test",
]


def parses(*words):
    script = run(DOCTOR, "powershell", *SETUP, *words).stdout
    expect(len(script) > 500, f"this is no script: {script}")
    found = faults(script.encode()) + faults_by_powershell(script)
    expect(not found, f"{words}: {found}")


ROADS = ["smtp", "imap", "pop", "graph", "ews", "hve"]
PARTS = ["setup", "verify", "undo"]


def powershell_scripts_for_exchange_parse():
    for part in PARTS:
        for road in ROADS:
            parses("--part", part, "--for", road)
        parses("--part", part, "--from", "news@contoso.test", "--delegated-organization", "customer.onmicrosoft.test")
        for road in ["smtp", "graph", "ews"]:
            parses("--part", part, "--for", road, "--way", "rbac")
        for road in ["graph", "ews"]:
            parses("--part", part, "--for", road, "--way", "policy")
        for road in ["smtp", "imap", "pop", "ews"]:
            parses("--part", part, "--for", road, "--auth", "delegated")
    parses("--part", "verify", "--for", "all")


def powershell_scripts_for_relay_parse():
    parses("--for", "relay", "--connector-ip", "203.0.113.9", "--connector-ip", "198.51.100.0/24")
    parses("--for", "relay", "--connector-cert", "*.contoso.test")
    for part in ["verify", "undo"]:
        parses("--for", "relay", "--part", part)


def powershell_scripts_for_graph_parse():
    for part in PARTS:
        for road in ROADS:
            parses("--style", "graph", "--part", part, "--for", road)
        for road in ["smtp", "imap", "pop", "graph", "ews"]:
            parses("--style", "graph", "--part", part, "--for", road, "--auth", "delegated")


def powershell_with_quotes_in_its_values_parses():
    parses("--display-name", "O'Brien \u2018and\u2019 $(Get-Date) `\"co\"")


def powershell_grammar_sees_a_fault():
    expect(faults(b"if ($true) { Write-Host 'open"), "an open string passed")


run_cases(
    powershell_scripts_for_exchange_parse, powershell_scripts_for_relay_parse, powershell_scripts_for_graph_parse,
    powershell_with_quotes_in_its_values_parses, powershell_grammar_sees_a_fault,
)

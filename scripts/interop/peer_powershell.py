"""The PowerShell grammar of tree-sitter: each script parses from its first word to its last."""

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


def parses(part, *more):
    script = run(DOCTOR, "powershell", "--part", part, "--cloud", "sandbox", *more).stdout
    expect(len(script) > 500, f"this is no script: {script}")
    found = faults(script.encode())
    expect(not found, found)


def powershell_setup_parses():
    parses("setup")


def powershell_verify_parses():
    parses("verify")


def powershell_undo_parses():
    parses("undo")


def powershell_with_quotes_in_its_values_parses():
    parses("setup", "--display-name", "O'Brien \u2018and\u2019 $(Get-Date) `\"co\"")


def powershell_grammar_sees_a_fault():
    expect(faults(b"if ($true) { Write-Host 'open"), "an open string passed")


run_cases(
    powershell_setup_parses, powershell_verify_parses, powershell_undo_parses,
    powershell_with_quotes_in_its_values_parses, powershell_grammar_sees_a_fault,
)

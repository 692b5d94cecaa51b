"""Reads PowerShell from stdin with a parser that is not keyfob's; prints what its lines do to the environment, as JSON.

Only what keyfob writes is understood: assignments of literals and `[char]` casts joined by `+`, and `Remove-Item`.
Anything else, and anything that does not parse, fails.
"""

import json
import sys

import tree_sitter
import tree_sitter_powershell


def main():
    source = sys.stdin.buffer.read()
    tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language())).parse(source)
    assert not tree.root_node.has_error, "it does not parse"
    changes = {}
    for statement in find(tree.root_node, {"assignment_expression", "command"}):
        text = source[statement.start_byte : statement.end_byte].decode()
        if statement.type == "command":
            start = "Remove-Item -ErrorAction SilentlyContinue Env:"
            assert text.startswith(start), text
            changes[text.removeprefix(start)] = None
        else:
            left, _, right = statement.children
            name = left.text.decode()
            assert name.startswith("$env:"), name
            changes[name.removeprefix("$env:")] = value(right)
    assert len(changes) == source.count(b"\n"), "one line, one change"
    json.dump(changes, sys.stdout)


def find(node, kinds):
    if node.type in kinds:
        return [node]
    return [found for child in node.children for found in find(child, kinds)]


def value(node):
    units = b""
    parts = find(node, {"string_literal", "cast_expression"})
    for part in parts:
        text = part.text.decode()
        if part.type == "cast_expression":
            assert text.startswith("[char]0x"), text
            units += int(text.removeprefix("[char]"), 16).to_bytes(2, "little")
        else:
            units += text[1:-1].replace("''", "'").encode("utf-16-le")
    assert parts[0].type == "string_literal", "a `+` of two characters would add numbers"
    assert b" + ".join(part.text for part in parts) == node.text, node.text
    return units.decode("utf-16-le")


main()

"""Tree → canonical text: parsing it again gives the same tree."""

from __future__ import annotations

import re

from archive.query.grammar import MARKS
from archive.query.tree import And, Comparison, Everything, Node, Not, Or, Phrase, Word

# Escapes are for quotes only; without them a backslash is a character like others.
_PLAIN_VALUE = re.compile(rf'[^\s(),"*<>=.{MARKS}](?:(?!\.\.)[^\s(),"*{MARKS}])*(?<!\.)')


def to_text(tree: Node) -> str:
    """Write a tree as text."""
    if isinstance(tree, Everything):
        return ""
    if isinstance(tree, And):
        return " ".join(_inner(child) for child in tree.children)
    if isinstance(tree, Or):
        return " OR ".join(_inner(child, in_or=True) for child in tree.children)
    if isinstance(tree, Not):
        return f"NOT {_inner(tree.child)}"
    if isinstance(tree, Comparison):
        return _comparison(tree)
    if isinstance(tree, Phrase):
        return _quote(tree.text)
    return _word(tree)


def _inner(node: Node, *, in_or: bool = False) -> str:
    if isinstance(node, Or) or (isinstance(node, And) and not in_or):
        return f"({to_text(node)})"
    return to_text(node)


def _comparison(node: Comparison) -> str:
    if node.op == "any":
        return f"{node.field}:*"
    if node.op == "range":
        return f"{node.field}:{'..'.join(_value(value) if value else '' for value in node.values)}"
    if node.op == "prefix":
        return f"{node.field}:{_value(node.values[0])}*"
    if node.op == "in":
        return f"{node.field}:{','.join(_value(value) for value in node.values)}"
    return f"{node.field}:{node.op}{_value(node.values[0])}"


def _word(node: Word) -> str:
    return node.text + ("*" if node.prefix else "")


def _value(value: str) -> str:
    return value if _PLAIN_VALUE.fullmatch(value) else _quote(value)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'

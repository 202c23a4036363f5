"""Chips: each condition of a query in words, with the query that is left when it is taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from archive.query import Comparison, Node, registry, to_text
from archive.query.tree import conditions, without


@dataclass(frozen=True, slots=True)
class Chip:
    """One condition: its field's label, its value in words, and the query without it."""

    label: str
    value: str
    without: str


def chips_of(tree: Node, *, user: Any) -> list[Chip]:
    """Return a chip for each condition that all hits fulfil, in the query's order."""
    fields = registry.all(user)
    chips: list[Chip] = []
    for index, node in enumerate(conditions(tree)):
        rest = to_text(without(tree, index))
        if isinstance(node, Comparison) and node.field in fields:
            choices = dict(fields[node.field].choices() if fields[node.field].choices else ())  # type: ignore[misc]
            chips.append(Chip(str(fields[node.field].label), _value(node, choices), rest))
        else:
            chips.append(Chip("", to_text(node), rest))
    return chips


def _value(node: Comparison, choices: dict[str, str]) -> str:
    values = [choices.get(value, value) for value in node.values]
    if node.op == "any":
        return _("has one")
    if node.op == "prefix":
        return _("begins with %(value)s") % {"value": values[0]}
    if node.op == "range":
        if not values[0]:
            return _("up to %(last)s") % {"last": values[1]}
        if not values[1]:
            return _("from %(first)s") % {"first": values[0]}
        return _("%(first)s to %(last)s") % {"first": values[0], "last": values[1]}
    if node.op == "in":
        return _(" or ").join(values)
    return f"{node.op} {values[0]}"

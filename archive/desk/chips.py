"""Chips: each condition of a query in words, with the query that is left when it is taken away."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from archive.documents.rule_words import values_shown
from archive.query import Comparison, Node, Phrase, Word, registry, to_text
from archive.query.tree import conditions, without


@dataclass(frozen=True, slots=True)
class Chip:
    """One condition: its field's label, its value in words, and the query without it."""

    label: str
    value: str
    without: str


def chips_of(tree: Node, *, user: Any, ids: Collection[str] = ()) -> list[Chip]:
    """Return a chip for each condition that all hits fulfil, in the query's order.

    Shapes: `ids` are bare words that mean an account, a customer, a record or a reference.
    """
    fields = registry.all(user)
    chips: list[Chip] = []
    for index, node in enumerate(conditions(tree)):
        rest = to_text(without(tree, index))
        if isinstance(node, Comparison) and node.field in fields:
            field = fields[node.field]
            chips.append(Chip(str(field.label), _value(node.op, values_shown(node, field)), rest))
        elif isinstance(node, Word | Phrase):
            label = _("Account, customer or reference") if node.text in ids else _("Words")
            chips.append(Chip(label, to_text(node), rest))
        else:
            chips.append(Chip("", to_text(node), rest))
    return chips


def _value(op: str, values: list[str]) -> str:
    if op == "any":
        return _("has one")
    if op == "prefix":
        return _("begins with %(value)s") % {"value": values[0]}
    if op == "range":
        if not values[0]:
            return _("up to %(last)s") % {"last": values[1]}
        if not values[1]:
            return _("from %(first)s") % {"first": values[0]}
        return _("%(first)s to %(last)s") % {"first": values[0], "last": values[1]}
    if op == "in":
        return _(" or ").join(values)
    return f"{op} {values[0]}"

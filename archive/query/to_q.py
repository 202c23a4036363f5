"""Tree → Q, in one place, by three-valued logic written out (model.md §13).

A comparison with a missing value is unknown, and so is its negation. A search and an allow rule need *true*; a deny
rule applies unless it is *false*. Django's `~Q(t='012')` includes rows where t is NULL, so false is always written as a
Q of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, reduce
from operator import and_, or_
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from archive.query.errors import QueryError
from archive.query.fields import NOTHING, Field, Registry, Truth, Values
from archive.query.text import to_text
from archive.query.tree import And, Comparison, Everything, Node, Not, Or, Phrase, Word

EVERYTHING = ~NOTHING
Bare = Callable[[str, Values], Q | None]
"""What a bare word means where it looks like an id; None when it does not."""


def true_q(tree: Node, registry: Registry, values: Values, *, bare: Bare | None = None) -> Q:
    """Return the rows for which a query is true.

    Errors: QueryError.
    """
    return _Compiler(registry, values, bare, deny=False).pair(tree)[0]


def not_false_q(tree: Node, registry: Registry, values: Values) -> Q:
    """Return the rows for which a query is true or unknown, where unknown counts only if the class has the field.

    Errors: QueryError.
    """
    return ~_Compiler(registry, values, None, deny=True).pair(tree)[1]


class _Compiler:
    """Compiles to a pair: for which rows the node is surely true, for which surely false."""

    def __init__(self, registry: Registry, values: Values, bare: Bare | None, *, deny: bool) -> None:
        self.registry = registry
        self.values = values
        self.bare = bare
        self.deny = deny

    def pair(self, node: Node) -> tuple[Q, Q]:
        if isinstance(node, Everything):
            return EVERYTHING, NOTHING
        if isinstance(node, And | Or):
            pairs = [self.pair(child) for child in node.children]
            trues, falses = [true for true, _false in pairs], [false for _true, false in pairs]
            if isinstance(node, And):
                return reduce(and_, trues), reduce(or_, falses)
            return reduce(or_, trues), reduce(and_, falses)
        if isinstance(node, Not):
            true, false = self.pair(node.child)
            return false, true
        truth = self._truth(node)
        if not self.deny or truth.lacks is NOTHING:
            return truth.true, truth.false
        # In a deny rule a class that lacks the field makes the comparison plainly false, and its negation plainly true;
        # but not for what has the value all the same, from a version in which its class had the field.
        return truth.true, truth.false | (truth.lacks & ~truth.true)

    @cached_property
    def fields(self) -> dict[str, Field]:
        """Return the fields of the user, asked for once in a query."""
        return self.registry.all(self.values.user)

    def _truth(self, node: Comparison | Word | Phrase) -> Truth:
        if isinstance(node, Comparison):
            return self.registry.find(node, self.values.user, lambda: self.fields).truth(node, self.values)
        whole = isinstance(node, Phrase) or not node.prefix
        found = self.bare(node.text, self.values) if self.bare is not None and whole else None
        if found is None:
            raise _no_id(node)
        return Truth(found, ~found)


def _no_id(node: Word | Phrase) -> QueryError:
    """Return the error for a word where only conditions can stand; its example is written so that it can be copied."""
    op = "prefix" if isinstance(node, Word) and node.prefix else "in"
    message = _(
        "“%(text)s” (character %(place)s) is a word, and only a search can look for words: "
        "name a field, such as %(example)s"
    )
    text = node.text[:60] + ("*" if op == "prefix" else "")
    example = to_text(Comparison("unit", op, (node.text[:60],)))
    return QueryError(message % {"text": text, "place": node.span[0] + 1, "example": example}, *node.span)


def column_truth(column: str, comparison: Comparison, convert: Callable[[str], Any], lacks: Q = NOTHING) -> Truth:
    """Answer for a column that can be NULL.

    Shapes: `convert` turns a written value into what the column stores, and may raise QueryError.
    """
    op, values = comparison.op, comparison.values
    has = Q(**{f"{column}__isnull": False})
    if op == "any":
        return Truth(has, Q(**{f"{column}__isnull": True}) & ~lacks, lacks)
    if op == "in":
        converted = [convert(value) for value in values]
        true = Q(**{column: converted[0]}) if len(converted) == 1 else Q(**{f"{column}__in": converted})
    elif op == "prefix":
        # A range, not LIKE: only so does SQLite use the index, whatever case_sensitive_like says.
        low = convert(values[0])
        true = Q(**{f"{column}__gte": low, f"{column}__lt": low + "\U0010ffff"})
    elif op == "range":
        true = has
        if values[0]:
            true = true & Q(**{f"{column}__gte": convert(values[0])})
        if values[1]:
            true = true & Q(**{f"{column}__lte": convert(values[1])})
    else:
        lookup = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}[op]
        true = Q(**{f"{column}__{lookup}": convert(values[0])})
    return Truth(true, has & ~true, lacks)

"""Which index answers: the one of the condition that finds few, whatever statistics SQLite has, or lacks.

Without statistics SQLite takes any equality for equally rare, so that `unit_id = 3` of an access rule may win over an
account number. Where a query names something that finds few, units and classes only filter what that finds.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from django.db.models import F, Func, Q
from django.db.models.lookups import Exact, GreaterThanOrEqual, In, LessThan

from archive.query import And, Comparison, Node, Or, Phrase, Registry, Word

BROAD = frozenset({"unit_id", "document_class_id"})
_LOOKUPS = {"": Exact, "in": In, "gte": GreaterThanOrEqual, "lt": LessThan}


class Unindexed(Func):
    """A column by which no index is searched; the unary plus is SQLite's own way to say so, others need it not.

    Source: https://sqlite.org/optoverview.html#disqualifying_where_clause_terms_using_unary_
    """

    template = "%(expressions)s"
    arity = 1

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Put the plus before the column."""
        return super().as_sql(compiler, connection, template="+%(expressions)s", **context)


class KeysIn(In):
    """`column IN` any number of whole numbers, given as one parameter: a list of thousands is not parsed as SQL.

    Source: https://sqlite.org/json1.html#jeach; PostgreSQL has `= ANY`.
    """

    def as_sqlite(self, compiler: Any, connection: Any) -> Any:
        """Write the numbers as a JSON array."""
        column, parameters = self.process_lhs(compiler, connection)
        within = f"{column} IN (SELECT value FROM json_each(%s))"  # noqa: S608  (a column's name, quoted by Django)
        return within, [*parameters, json.dumps(list(self.rhs))]


def keys_in(order_keys: Collection[int]) -> KeysIn:
    """Return the condition that a communication has one of these order keys, however many there are."""
    return KeysIn(F("order_key"), list(order_keys))


def finds_few(tree: Node, registry: Registry, user: Any) -> bool:
    """Tell whether every hit fulfils a condition that an index of its own answers with few rows."""
    if isinstance(tree, And):
        return any(finds_few(child, registry, user) for child in tree.children)
    if isinstance(tree, Or):
        return all(finds_few(child, registry, user) for child in tree.children)
    if isinstance(tree, Comparison):
        return tree.op in ("in", "prefix") and registry.find(tree, user).finds_few
    return isinstance(tree, Word | Phrase)


def only_filtering(q: Q, columns: Collection[str] = BROAD) -> Q:
    """Return the same condition with columns that filter, and find nothing by themselves."""
    children = [
        only_filtering(child, columns) if isinstance(child, Q) else _unindexed(child, columns) for child in q.children
    ]
    return Q.create(children=children, connector=q.connector, negated=q.negated)


def _unindexed(child: Any, columns: Collection[str]) -> Any:
    if not isinstance(child, tuple):
        return child
    column, _, name = child[0].partition("__")
    lookup = _LOOKUPS.get(name)
    if column not in columns or lookup is None or (name == "in" and not child[1]):
        return child
    return lookup(Unindexed(F(column)), child[1])

"""A table of letters in an SQLite of its own, the fields over it, and the language's logic in plain Python beside it.

Q has to become SQL to show what NULL does; nothing of the project's database is needed for that.
"""

from __future__ import annotations

import itertools
import sqlite3
from dataclasses import dataclass

from django.core.exceptions import EmptyResultSet
from django.db import models
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.models import Q

from archive.query import And, Comparison, Everything, Field, Node, Not, Or, Registry, Values
from archive.query.fields import RANGES, Truth
from archive.query.to_q import column_truth

WITH_BRANCH = ("bill", "statement")
"""The classes whose current version has the field `branch`; old notices have a value from a time when theirs had it."""


class Row(models.Model):
    """A letter in the table."""

    kind = models.TextField()
    branch = models.TextField(null=True)
    balance = models.IntegerField(null=True)

    class Meta:
        app_label = "query_tests"
        managed = False
        db_table = "letter"

    def __str__(self) -> str:
        return f"letter {self.pk}"


@dataclass(frozen=True)
class Letter:
    """The same in Python."""

    id: int
    kind: str
    branch: str | None
    balance: int | None


_VALUES = itertools.product((*WITH_BRANCH, "notice"), (None, "011", "012", "02"), (None, 0, 5, 9))
LETTERS = [Letter(number, *values) for number, values in enumerate(_VALUES, 1)]


def _connect() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE letter (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, branch TEXT, balance INTEGER)")
    rows = [(letter.id, letter.kind, letter.branch, letter.balance) for letter in LETTERS]
    connection.executemany("INSERT INTO letter VALUES (?, ?, ?, ?)", rows)
    return connection


_TABLE = _connect()
_DIALECT = DatabaseWrapper(
    {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "OPTIONS": {}, "TIME_ZONE": None}
)


def ids_where(condition: Q) -> set[int]:
    """Return the letters for which SQLite says that a condition holds."""
    query = Row.objects.filter(condition).values_list("pk").query
    try:
        sql, params = query.get_compiler(connection=_DIALECT).as_sql()
    except EmptyResultSet:
        return set()
    return {number for (number,) in _TABLE.execute(sql.replace("%s", "?"), params)}


def _kind(comparison: Comparison, values: Values) -> Truth:
    q = Q(kind__in=comparison.values)
    return Truth(q, ~q)


def _branch(comparison: Comparison, values: Values) -> Truth:
    return column_truth("branch", comparison, str, ~Q(kind__in=WITH_BRANCH))


def _balance(comparison: Comparison, values: Values) -> Truth:
    return column_truth("balance", comparison, int)


def fields() -> Registry:
    """Return the fields: kind is never missing, branch and balance may be, and branch is not in every class."""
    registry = Registry()
    registry.add(Field("kind", "Kind", frozenset({"in"}), _kind, stable=True))
    registry.add(Field("branch", "Branch", RANGES | {"in", "prefix", "any"}, _branch, stable=True))
    registry.add(Field("balance", "Balance", RANGES | {"in", "any"}, _balance, stable=True, example="balance:>1000"))
    return registry


def truth_of(node: Node, letter: Letter, *, deny: bool) -> bool | None:
    """Say what a query is for a letter; None is unknown (Kleene's logic, written without Q)."""
    if isinstance(node, Everything):
        return True
    if isinstance(node, Not):
        inner = truth_of(node.child, letter, deny=deny)
        return None if inner is None else not inner
    if isinstance(node, And | Or):
        parts = [truth_of(child, letter, deny=deny) for child in node.children]
        decided = isinstance(node, Or)
        if decided in parts:
            return decided
        return None if None in parts else not decided
    assert isinstance(node, Comparison)
    return _compared(node, letter, deny=deny)


def _compared(node: Comparison, letter: Letter, *, deny: bool) -> bool | None:
    value = getattr(letter, node.field)
    if value is None:
        lacks = node.field == "branch" and letter.kind not in WITH_BRANCH
        unknown = lacks or node.op != "any"
        return False if lacks and deny else None if unknown else False
    if node.op == "any":
        return True
    wanted = [type(value)(text) if text else None for text in node.values]
    if node.op == "in":
        return value in wanted
    if node.op == "prefix":
        return value.startswith(wanted[0])
    if node.op == "range":
        low, high = wanted
        return (low is None or value >= low) and (high is None or value <= high)
    first = wanted[0]
    return {"<": value < first, "<=": value <= first, ">": value > first, ">=": value >= first}[node.op]

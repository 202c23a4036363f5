"""A registry in which each feature names its fields; pure but for Django's Q in what a field answers."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from archive.query.errors import QueryError
from archive.query.tree import Comparison

RANGES = frozenset({"range", "<", "<=", ">", ">="})
NOTHING = Q(pk__in=())


@dataclass(frozen=True, slots=True)
class Truth:
    """For which rows a comparison is true and for which it is false; the others have no value, and it is unknown.

    Shapes: `lacks` are rows whose class does not have the field at all: there a deny rule reads unknown as false.
    """

    true: Q
    false: Q
    lacks: Q = field(default_factory=lambda: NOTHING)


@dataclass(slots=True)
class Values:
    """What resolving a query notes on the way.

    Shapes: `also` lists what was added to a value by its field ("also under C-1009"), by field name; `broad` are
    columns of which a prefix matches so many that its index finds less soon than a walk in order.
    """

    user: Any
    also: dict[str, list[str]] = field(default_factory=dict)
    parties: bool = False
    broad: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the language.

    Shapes: `ops` are the operators it takes; `truth(comparison, values)` answers with Q or raises QueryError; without
    `permission` anybody may use it; `stable` fields may stand in access rules; `finds_few` says that an index of
    its own answers with few rows, so that it should lead the search.
    """

    name: str
    label: str | Promise
    ops: frozenset[str]
    truth: Callable[[Comparison, Values], Truth]
    permission: str = ""
    stable: bool = False
    finds_few: bool = False
    example: str = ""
    choices: Callable[[], Iterable[tuple[str, str]]] | None = None

    def allowed_to(self, user: Any) -> bool:
        """Tell whether a user may use the field; without a user (the system, rules) all may be used."""
        return not self.permission or user is None or user.has_perm(self.permission)


class Registry:
    """The fields by name; sources add those that are configured in the database."""

    def __init__(self) -> None:
        self._fields: dict[str, Field] = {}
        self._sources: list[Callable[[], dict[str, Field]]] = []

    def add(self, added: Field) -> None:
        """Name a field. Errors: ValueError when the name is taken."""
        if added.name in self._fields:
            raise ValueError(f"The field {added.name} is named twice.")
        self._fields[added.name] = added

    def add_source(self, source: Callable[[], dict[str, Field]]) -> None:
        """Add a source of fields that can change while we run."""
        self._sources.append(source)

    def built_in_names(self) -> frozenset[str]:
        """Return the names that no configured field can have."""
        return frozenset(self._fields)

    def all(self, user: Any = None) -> dict[str, Field]:
        """Return the fields that a user may use; built-in names win over configured ones."""
        found: dict[str, Field] = {}
        for source in self._sources:
            found.update(source())
        found.update(self._fields)
        return {name: known for name, known in found.items() if known.allowed_to(user)}

    def find(self, comparison: Comparison, user: Any, fields: Callable[[], dict[str, Field]] | None = None) -> Field:
        """Return the field of a comparison.

        Shapes: `fields` gives what `all` would, for callers with many comparisons; built-in fields need it not.
        Errors: QueryError names the closest one that the user may use.
        """
        known = self._fields.get(comparison.field)
        start = comparison.span[0]
        if known is None or not known.allowed_to(user):
            usable = fields() if fields else self.all(user)
            known = usable.get(comparison.field)
        if known is None:
            close = difflib.get_close_matches(comparison.field, usable, n=1)
            message = _('There is no field "%(name)s" (character %(place)s).') % {
                "name": comparison.field,
                "place": start + 1,
            }
            if close:
                message += " " + _("Did you mean %(name)s: ?") % {"name": close[0]}
            raise QueryError(message, start, start + len(comparison.field), f"{close[0]}:" if close else "")
        if comparison.op not in known.ops:
            message = _('"%(name)s" cannot be compared like this (character %(place)s). Write for example %(example)s')
            raise QueryError(
                message % {"name": comparison.field, "place": start + 1, "example": known.example or f"{known.name}:…"},
                *comparison.span,
            )
        return known


registry = Registry()

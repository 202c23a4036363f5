"""Facets: how what is found divides by class, year, channel and unit; counted by right, after the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from archive.documents.models import BusinessUnit, Channel, Communication, DocumentClass
from archive.documents.order_key import issue_day
from archive.documents.plans import keys_in
from archive.query import Comparison, Node, to_text
from archive.query.tree import all_of, conditions
from archive.search.selectors import COUNTED_TO, Found, first_keys

MOST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet: how many have it, and the query that asks for it alone, or without it where it is asked."""

    label: str
    count: int
    query: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A field by which what is found divides; its most frequent values first, years the newest first."""

    field: str
    label: str | Promise
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Facets:
    """All facets, and how many were counted. Where not `whole`, these are the newest 10,000 of what is found."""

    facets: tuple[Facet, ...]
    counted: int
    whole: bool


Facts = tuple[int, int, int, int]
"""(order key, class, unit, bits of channels)."""


def facets_of(found: Found) -> Facets:
    """Count what is found by class, year, channel and unit, of the newest 10,000.

    Shapes: a field that divides nothing, because all are alike, is left out unless the query asks for it.
    Errors: QueryError where walking takes too long; IndexDownError.
    """
    facts = _facts(found)
    whole = len(facts) <= COUNTED_TO
    facts = facts[:COUNTED_TO]
    by_class = Counter(class_id for _key, class_id, _unit, _bits in facts)
    by_unit = Counter(unit_id for _key, _class, unit_id, _bits in facts)
    by_year = Counter(str(issue_day(key).year) for key, _class, _unit, _bits in facts)
    by_mask = Counter(bits for _key, _class, _unit, bits in facts)
    by_channel = {channel: sum(n for bits, n in by_mask.items() if bits & channel.bit) for channel in Channel}
    classes = {pk: (key, label) for pk, key, label in DocumentClass.objects.values_list("pk", "key", "label")}
    units = {pk: (key, label) for pk, key, label in BusinessUnit.objects.values_list("pk", "key", "label")}
    made = (
        _facet(found.tree, "class", _("Class"), ((*classes[pk], n) for pk, n in by_class.most_common())),
        _facet(
            found.tree, "issued", _("Year"), ((year, year, by_year[year]) for year in sorted(by_year, reverse=True))
        ),
        _facet(found.tree, "channel", _("Channel"), ((str(c), str(c.label), n) for c, n in by_channel.items() if n)),
        _facet(found.tree, "unit", _("Unit"), ((*units[pk], n) for pk, n in by_unit.most_common())),
    )
    return Facets(tuple(facet for facet in made if facet is not None), len(facts), whole)


def _facts(found: Found) -> list[Facts]:
    columns = ("order_key", "document_class_id", "unit_id", "channels")
    if found.asked is None:
        rows = found.rows.order_by("-order_key")[: COUNTED_TO + 1]
    else:
        rows = Communication.objects.filter(keys_in(first_keys(found, limit=COUNTED_TO + 1))).order_by()
    return list(rows.values_list(*columns))


def _facet(tree: Node, field: str, label: str | Promise, values: Iterable[tuple[str, str, int]]) -> Facet | None:
    asked = {value for node in conditions(tree) if _is_choice(node, field) for value in node.values}  # type: ignore[union-attr]
    rest = tuple(node for node in conditions(tree) if not _is_choice(node, field))
    choices = tuple(
        Choice(name, count, _query(rest, field, key, chosen=key in asked), key in asked)
        for key, name, count in list(values)[:MOST_SHOWN]
    )
    return Facet(field, label, choices) if len(choices) > 1 or any(choice.chosen for choice in choices) else None


def _is_choice(node: Node, field: str) -> bool:
    """Tell whether a condition says what a facet says: one value, or for years one whole year."""
    if not isinstance(node, Comparison) or node.field != field or node.op != "in" or len(node.values) != 1:
        return False
    return field != "issued" or len(node.values[0]) == 4


def _query(rest: tuple[Node, ...], field: str, key: str, *, chosen: bool) -> str:
    return to_text(all_of(rest) if chosen else all_of((*rest, Comparison(field, "in", (key,)))))

"""Renumberings: which customers or accounts are the same one, when a query is resolved (model.md §3)."""

from __future__ import annotations

from collections.abc import Iterable

from archive.documents.models import PartyAlias

DEEPEST = 20
MOST_MEMBERS = 200


def expand(kind: str, values: Iterable[str]) -> dict[int, set[str]]:
    """Return what some customers or accounts were ever renumbered into or out of, by unit: units number for themselves.

    Shapes: without the values themselves; a unit that was merged into another counts as that one. Cycles end by
    themselves; depth and size are limited. What was undone by a further row does not count.
    """
    typed = set(values)
    added: dict[int, set[str]] = {}
    edge = typed
    for _ in range(DEEPEST):
        if not edge or sum(map(len, added.values())) > MOST_MEMBERS:
            break
        met: set[str] = set()
        for unit_id, merged_into, *pair in _touching(kind, edge):
            members = added.setdefault(merged_into or unit_id, set())
            if not edge.isdisjoint(pair) and not (typed | members).isdisjoint(pair):
                met |= set(pair) - members - typed
                members |= set(pair) - typed
        edge = met
    return {unit_id: members for unit_id, members in added.items() if members}


def _touching(kind: str, edge: set[str]) -> Iterable[tuple[int, int | None, str, str]]:
    """Return (unit, unit it was merged into, old, new) of all that name one of these numbers.

    A union, so that each half goes by its own index: one condition with OR would walk through all of the kind.
    """
    standing = PartyAlias.objects.filter(kind=kind, undoes__isnull=True, undone_by__isnull=True)
    rows = standing.values_list("unit_id", "unit__merged_into_id", "old", "new")
    return rows.filter(old__in=edge).union(rows.filter(new__in=edge))

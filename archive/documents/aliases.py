"""Renumberings: which customers or accounts are the same one, when a query is resolved (model.md §3)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from archive.documents.models import PartyAlias

DEEPEST = 20
MOST_MEMBERS = 200


def expand(kind: str, values: Iterable[str]) -> set[str]:
    """Return the connected set of some customers or accounts: whatever was ever renumbered into or out of them.

    Shapes: includes the values themselves. Cycles end by themselves; depth and size are limited. What was undone by a
    further row does not count.
    """
    known = set(values)
    edge = set(known)
    for _ in range(DEEPEST):
        if not edge or len(known) > MOST_MEMBERS:
            break
        aliases = PartyAlias.objects.filter(
            Q(old__in=edge) | Q(new__in=edge), kind=kind, undoes__isnull=True, undone_by__isnull=True
        )
        met = {member for pair in aliases.values_list("old", "new") for member in pair}
        edge = met - known
        known |= edge
    return known

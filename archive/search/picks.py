"""What is selected in the list of a search: lasts across pages and the back button, and is asked anew by right."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from archive.documents.plans import keys_in
from archive.documents.remembering import remembered
from archive.documents.selectors import visible_to
from archive.search.models import Pick, Search
from archive.search.selectors import COUNTED_TO, all_keys, count, resolve

MOST_PICKS = 10_000


class TooManyPicksError(ValueError):
    """More was ticked by hand than can be; selecting everything that was found has no limit."""


@dataclass(frozen=True, slots=True)
class Selection:
    """How much of a search is selected.

    Shapes: `count` is exact up to 10,000 and then at least that, not `exact`; `everything` says that the query is
    selected, but the `unticked`.
    """

    count: int
    exact: bool
    everything: bool
    unticked: int = 0

    def __bool__(self) -> bool:
        return self.count > 0


def pick(*, search: Search, shown: Collection[UUID], ticked: Collection[UUID], user: Any) -> None:
    """Take over the ticks of some rows that were shown; rows that the user may not see are passed over.

    Errors: TooManyPicksError, and nothing is changed then.
    """
    rows = visible_to(user).filter(public_id__in=set(shown) | set(ticked))
    keys = dict(rows.values_list("public_id", "order_key"))
    # Where everything is selected, a pick is what was taken out of it.
    wanted = {keys[one] for one in keys if (one in set(ticked)) != search.selects_all}
    with transaction.atomic():
        Pick.objects.filter(search_id=search.pk, order_key__in=set(keys.values()) - wanted).delete()
        Pick.objects.bulk_create((Pick(search_id=search.pk, order_key=key) for key in wanted), ignore_conflicts=True)
        if Pick.objects.filter(search_id=search.pk).count() > MOST_PICKS:
            raise TooManyPicksError(f"More than {MOST_PICKS:,} were ticked one by one.")


def select_all(*, search: Search) -> None:
    """Select whatever the search finds."""
    _select(search, everything=True)


def clear(*, search: Search) -> None:
    """Select nothing."""
    _select(search, everything=False)


def _select(search: Search, *, everything: bool) -> None:
    with transaction.atomic():
        Pick.objects.filter(search_id=search.pk).delete()
        Search.objects.filter(pk=search.pk).update(selects_all=everything)
    search.selects_all = everything


def selection_of(search: Search, *, user: Any) -> Selection:
    """Return how much is selected, of what the user may see now.

    Errors: QueryError; IndexDownError, where everything is selected.
    """
    picks = picks_of(search)
    seen = visible_to(user).filter(keys_in(picks)).count() if picks else 0
    if not search.selects_all:
        return Selection(seen, True, False)
    number, exact = count(resolve(search.query, user=user))
    return Selection(max(number - seen, 0) if exact else COUNTED_TO, exact, True, unticked=seen)


@remembered(lambda search: search.pk)
def picks_of(search: Search) -> list[int]:
    """Return what was ticked one by one, or unticked where everything is selected."""
    return list(Pick.objects.filter(search_id=search.pk).values_list("order_key", flat=True))


def picked_keys(search: Search, order_keys: Collection[int]) -> set[int]:
    """Return which of some rows are selected."""
    picks = set(picks_of(search))
    return set(order_keys) - picks if search.selects_all else picks & set(order_keys)


def selected_keys(
    *, query: str, selects_all: bool, picks: Collection[int], user: Any, batch: int = 500
) -> Iterator[list[int]]:
    """Yield the order keys of a selection, newest first, in batches; each batch asks anew what the user may see.

    Errors: QueryError; IndexDownError.
    """
    left_out = set(picks)
    if selects_all:
        for keys in all_keys(resolve(query, user=user), batch=batch):
            yield [key for key in keys if key not in left_out]
        return
    ordered = sorted(left_out, reverse=True)
    for at in range(0, len(ordered), batch):
        rows = visible_to(user).filter(keys_in(ordered[at : at + batch])).order_by("-order_key")
        yield list(rows.values_list("order_key", flat=True))

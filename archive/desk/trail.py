"""Where the reader of a record came from: the page of the search, and the hits beside this one."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest
from django.urls import reverse

from archive.documents.models import Communication
from archive.documents.plans import finds_few
from archive.query import QueryError, registry
from archive.query.tree import words
from archive.search.paging import SORTS, Sort
from archive.search.selectors import Found, get_search, neighbours, resolve
from archive.search.words.database import IndexDownError

COUNTED_TO = 500
"""Up to how many hits a record says which of them it is."""


@dataclass(frozen=True, slots=True)
class Trail:
    """The way back and on, as URLs; empty where there is none.

    Shapes: `s` is the search; `position` and `total` are 0 where counting them is not cheap.
    """

    results: str
    s: str
    previous: str = ""
    next: str = ""
    position: int = 0
    total: int = 0


def trail_of(request: HttpRequest, communication: Communication) -> Trail | None:
    """Return where the reader came from, by `?s=`; another user's search is ignored."""
    try:
        search = get_search(UUID(request.GET.get("s", "")), user=request.user)
        found = resolve(search.query, user=request.user)
    except (ValueError, ObjectDoesNotExist, QueryError):
        return None
    sort = SORTS.get(search.sort, SORTS["-issued"])
    try:
        previous, following = neighbours(found, communication, sort=sort)
        position, total = _position(found, communication, sort=sort)
    except (QueryError, IndexDownError):  # the way back stays
        previous = following = None
        position = total = 0
    place = {name: request.GET[name] for name in ("after", "before") if name in request.GET}
    suffix = "?" + urlencode({"s": search.public_id, **place})
    results = reverse("search_results", args=[search.public_id])
    return Trail(
        f"{results}?{urlencode(place)}" if place else results,
        str(search.public_id),
        reverse("communication", args=[previous]) + suffix if previous else "",
        reverse("communication", args=[following]) + suffix if following else "",
        position,
        total,
    )


def _position(found: Found, communication: Communication, *, sort: Sort) -> tuple[int, int]:
    """Return which hit this is, and of how many, where the search is by something that few have.

    Shapes: (0, 0) for any other search or order, for more than 500 hits, and for a record that is no hit any more.
    """
    if sort.column or words(found.tree) or not finds_few(found.tree, registry, found.user):
        return 0, 0
    keys = list(found.rows.order_by().values_list("order_key", flat=True)[: COUNTED_TO + 1])
    if len(keys) > COUNTED_TO or communication.order_key not in keys:
        return 0, 0
    older = sum(key < communication.order_key for key in keys)
    return (len(keys) - older if sort.descending else older + 1), len(keys)

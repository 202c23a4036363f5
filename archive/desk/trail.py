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
from archive.search.paging import SORTS, BadCursorError, Sort, cursor_at
from archive.search.selectors import Found, get_page, get_search, neighbours, resolve
from archive.search.words.database import IndexDownError

MOVED = "moved"
"""Stands in the links from hit to hit: who follows them may have left the page of the list that he came from."""
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
    place = {name: request.GET[name] for name in ("after", "before") if name in request.GET}
    try:
        previous, following = _beside(found, communication, sort=sort)
        position, total = _position(found, communication, sort=sort)
        if MOVED in request.GET and (previous or following):
            place = _place_of(found, communication, previous, sort=sort, place=place)
    except (QueryError, BadCursorError, IndexDownError):  # the way back stays
        previous = following = None
        position = total = 0
    suffix = "?" + urlencode({"s": search.public_id, **place, MOVED: 1})
    results = reverse("search_results", args=[search.public_id])
    return Trail(
        f"{results}?{urlencode(place)}" if place else results,
        str(search.public_id),
        reverse("communication", args=[previous]) + suffix if previous else "",
        reverse("communication", args=[following]) + suffix if following else "",
        position,
        total,
    )


def _beside(found: Found, communication: Communication, *, sort: Sort) -> tuple[UUID | None, UUID | None]:
    """Return the hits before and after a record.

    Shapes: in other orders than issue date only where the search is by something that few have: else the database may
    sort all hits for each of the two.
    """
    if not sort.column:
        return neighbours(found, communication, sort=sort)
    if not _finds_few(found):
        return None, None
    return _first_beyond(found, communication, sort, True), _first_beyond(found, communication, sort, False)


def _first_beyond(found: Found, communication: Communication, sort: Sort, backwards: bool) -> UUID | None:
    cursor = cursor_at(communication.public_id, sort=sort, backwards=backwards)
    rows = get_page(found, sort=sort.key, limit=1, cursor=cursor).rows
    return rows[0].public_id if rows else None


def _place_of(
    found: Found, communication: Communication, previous: UUID | None, *, sort: Sort, place: dict[str, str]
) -> dict[str, str]:
    """Return the page that a record is on for who went there from hit to hit: the one he came from, if it is there.

    Shapes: else the page that begins with the record.
    """
    page = get_page(found, sort=sort.key, cursor=place.get("after", "") or place.get("before", ""))
    if communication in page.rows:
        return place
    return {"after": cursor_at(previous, sort=sort)} if previous else {}


def _position(found: Found, communication: Communication, *, sort: Sort) -> tuple[int, int]:
    """Return which hit this is, and of how many, where the search is by something that few have.

    Shapes: (0, 0) for any other search or order, for more than 500 hits, and for a record that is no hit any more.
    """
    if sort.column or not _finds_few(found):
        return 0, 0
    keys = list(found.rows.order_by().values_list("order_key", flat=True)[: COUNTED_TO + 1])
    if len(keys) > COUNTED_TO or communication.order_key not in keys:
        return 0, 0
    older = sum(key < communication.order_key for key in keys)
    return (len(keys) - older if sort.descending else older + 1), len(keys)


def _finds_few(found: Found) -> bool:
    return not words(found.tree) and finds_few(found.tree, registry, found.user)

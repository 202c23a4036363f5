"""Keyset paging: a cursor says after which row a page goes on; the thousandth page costs what the first costs.

A cursor stands in a URL, so it names its row by the public id and holds nothing of the customer's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core import signing
from django.db.models import Q, QuerySet

Row = TypeVar("Row", bound=Any)
_SALT = "archive.search.cursor"


class BadCursorError(ValueError):
    """A cursor that we did not make, or made for another order, or whose row is gone."""


@dataclass(frozen=True, slots=True)
class Sort:
    """An order that an index gives: a column (empty for the order key itself), descending or ascending."""

    key: str
    column: str
    descending: bool = True


SORTS = {
    sort.key: sort
    for sort in (
        Sort("-issued", ""),
        Sort("issued", "", descending=False),
        Sort("-archived", "archived_at"),
        Sort("archived", "archived_at", descending=False),
        Sort("account", "account_number", descending=False),
        Sort("-account", "account_number"),
        Sort("customer", "customer_id", descending=False),
        Sort("-customer", "customer_id"),
    )
}


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows in order, and cursors where more lie after or before them."""

    rows: Sequence[Row]
    after: str
    before: str


def page_of(query: QuerySet[Any], *, sort: Sort, limit: int, cursor: str = "") -> Page[Any]:
    """Return one page.

    Errors: BadCursorError.
    """
    position, backwards = _read(cursor, sort, query) if cursor else (None, False)
    descending = sort.descending != backwards
    sign = "-" if descending else ""
    order = [f"{sign}{sort.column}"] if sort.column else []
    ordered = query.order_by(*order, f"{sign}order_key")
    if position is not None:
        ordered = ordered.filter(_beyond(sort, position, descending))
    found = list(ordered[: limit + 1])
    more = len(found) > limit
    rows = found[:limit]
    if backwards:
        rows.reverse()
    return _page(rows, sort, more=more, backwards=backwards, begins=position is None)


KeysBeyond = Callable[[int | None, bool, int], Sequence[int]]
"""Returns order keys beyond one (None: from the beginning), newest first or not, at most so many."""


def page_of_keys(
    keys_beyond: KeysBeyond,
    rows_of: Callable[[Sequence[int]], QuerySet[Any]],
    *,
    sort: Sort,
    limit: int,
    cursor: str = "",
) -> Page[Any]:
    """Return one page of what is found as order keys, in issue order.

    Errors: BadCursorError; those of `keys_beyond`.
    """
    position, backwards = _read(cursor, sort, rows_of([])) if cursor else (None, False)
    newest_first = sort.descending != backwards
    keys = list(keys_beyond(position[1] if position else None, newest_first, limit + 1))
    more = len(keys) > limit
    found = {row.order_key: row for row in rows_of(keys[:limit])}
    rows = [found[key] for key in keys[:limit] if key in found]
    if backwards:
        rows.reverse()
    return _page(rows, sort, more=more, backwards=backwards, begins=position is None)


def _page(rows: list[Any], sort: Sort, *, more: bool, backwards: bool, begins: bool) -> Page[Any]:
    after = backwards or more
    before = more if backwards else not begins
    return Page(
        rows,
        _write(sort, rows[-1], backwards=False) if rows and after else "",
        _write(sort, rows[0], backwards=True) if rows and before else "",
    )


def _beyond(sort: Sort, position: tuple[Any, int], descending: bool) -> Q:
    value, key = position
    lookup = "lt" if descending else "gt"
    beyond = Q(**{f"order_key__{lookup}": key})
    if not sort.column:
        return beyond
    # Written as "column <= value and (…)" too, so that the index can begin at the value.
    edge = Q(**{f"{sort.column}__{lookup}e": value})
    return edge & (Q(**{f"{sort.column}__{lookup}": value}) | Q(**{sort.column: value}) & beyond)


def _write(sort: Sort, row: Any, *, backwards: bool) -> str:
    return cursor_at(row.public_id, sort=sort, backwards=backwards)


def cursor_at(public_id: UUID, *, sort: Sort, backwards: bool = False) -> str:
    """Return the cursor of the page that begins after a row, or ends before it."""
    return signing.dumps([sort.key, str(public_id), backwards], salt=_SALT)


def _read(cursor: str, sort: Sort, query: QuerySet[Any]) -> tuple[tuple[Any, int], bool]:
    """Return where the row of a cursor stands, and whether the page lies before it; one query by the public id."""
    try:
        key, public_id, backwards = signing.loads(cursor, salt=_SALT)
        anchor = UUID(public_id)
    except (signing.BadSignature, ValueError) as error:
        raise BadCursorError("This page link is not valid. Search again.") from error
    if key != sort.key:
        raise BadCursorError("This page link is of another order. Search again.")
    found = query.model._default_manager.filter(public_id=anchor).values_list(sort.column or "order_key", "order_key")
    position = found.first()
    if position is None:
        raise BadCursorError("The record at which this page begins is gone. Search again.")
    return position, bool(backwards)

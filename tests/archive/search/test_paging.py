"""Keyset paging: in every order, forwards and backwards, each row once, whatever is equal and wherever a page ends."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from archive.batches.models import Load
from archive.documents.models import Communication
from archive.query import QueryError
from archive.search.paging import SORTS, Page, Sort
from archive.search.selectors import Found, get_page, resolve
from tests.archive.documents.archives import Archive, letter

NUMBERS = itertools.count()
# Few values, so that most rows are equal to others in every column, the empty value among them.
rows_to_load = st.lists(
    st.tuples(
        st.sampled_from(["", "0004711", "A-1", "a-1", "Ä-1"]),
        st.sampled_from(["", "C-1", "C-10", "c-1"]),
        st.sampled_from(["2026-10-31", "2026-10-30", "2026-11-01"]),
    ),
    min_size=1,
    max_size=17,
)


@pytest.fixture
def auditor(archive: Archive, user_of: Any) -> Any:
    """Return somebody who sees everything."""
    return user_of("auditor")


def load(archive: Archive, rows: list[tuple[str, str, str]]) -> Load:
    """Load letters with these accounts, customers and days."""
    records = [
        letter(f"letter-{next(NUMBERS)}", account_number=account, customer_id=customer, issued_on=day)
        for account, customer, day in rows
    ]
    return archive.load(*records)


def in_order(sort: Sort, loaded: Load) -> list[int]:
    """Return the keys of a load's rows in an order, by Python: by code points of the column, then in issue order."""
    rows = list(Communication.objects.filter(load=loaded))
    rows.sort(key=lambda row: (getattr(row, sort.column) if sort.column else "", row.order_key))
    if sort.descending:
        rows.reverse()
    return [row.order_key for row in rows]


def keys(page: Page[Communication]) -> list[int]:
    """Return the order keys of a page."""
    return [row.order_key for row in page.rows]


def walk(found: Found, sort: str, limit: int) -> list[Page[Communication]]:
    """Return all pages from the first to the last."""
    pages = [get_page(found, sort=sort, limit=limit)]
    while pages[-1].after:
        pages.append(get_page(found, sort=sort, limit=limit, cursor=pages[-1].after))
        assert len(pages) < 100
    return pages


def walk_back(found: Found, sort: str, limit: int, last: Page[Communication]) -> list[Page[Communication]]:
    """Return the pages from the one before `last` to the first, in their order of the list."""
    pages = [last]
    while pages[0].before:
        pages.insert(0, get_page(found, sort=sort, limit=limit, cursor=pages[0].before))
        assert len(pages) < 100
    return pages[:-1]


# Each example adds to the same archive and asks for its own load; they are small already, so none is made smaller.
@settings(
    max_examples=10,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_every_row_comes_once_in_every_order_forwards_and_backwards(archive: Archive, auditor: Any, data: Any) -> None:
    loaded = load(archive, data.draw(rows_to_load))
    found = resolve(f"load:{loaded.pk}", user=auditor)
    limit = data.draw(st.integers(1, 7))
    for key, sort in SORTS.items():
        expected = in_order(sort, loaded)
        pages = walk(found, key, limit)
        assert [row for page in pages for row in keys(page)] == expected
        assert all(len(page.rows) == limit for page in pages[:-1]) and pages[-1].rows
        assert pages[0].before == "" and pages[-1].after == ""
        back = walk_back(found, key, limit, pages[-1])
        assert [row for page in back for row in keys(page)] == expected[: len(expected) - len(pages[-1].rows)]
        assert all(page.after for page in back)


@pytest.mark.parametrize(("rows", "pages"), [(4, [4]), (5, [5]), (6, [5, 1]), (10, [5, 5])])
def test_a_page_border_at_the_end_leaves_no_empty_page(
    archive: Archive, auditor: Any, rows: int, pages: list[int]
) -> None:
    load(archive, [("A", "C", "2026-10-31")] * rows)
    for sort in SORTS:
        assert [len(page.rows) for page in walk(resolve("", user=auditor), sort, 5)] == pages


def test_newer_and_older_lead_back_to_the_same_page(archive: Archive, auditor: Any) -> None:
    load(archive, [("A", "C", "2026-10-31")] * 9)
    found = resolve("", user=auditor)
    for sort in SORTS:
        first, second, third = walk(found, sort, 3)
        assert keys(get_page(found, sort=sort, limit=3, cursor=third.before)) == keys(second)
        assert keys(get_page(found, sort=sort, limit=3, cursor=second.before)) == keys(first)
        again = get_page(found, sort=sort, limit=3, cursor=second.before)
        assert (again.before, keys(get_page(found, sort=sort, limit=3, cursor=again.after))) == ("", keys(second))


def test_what_comes_in_meanwhile_neither_repeats_nor_hides_a_row(archive: Archive, auditor: Any) -> None:
    load(archive, [("B", "C", "2026-10-31")] * 6)
    before = set(Communication.objects.values_list("order_key", flat=True))
    found = resolve("", user=auditor)
    for sort in ("-issued", "account", "-archived"):
        first = get_page(found, sort=sort, limit=3)
        load(archive, [("A", "C", "2026-11-02"), ("B", "C", "2026-10-31"), ("C", "C", "2026-10-01")])
        rows, page = keys(first), first
        while page.after:
            page = get_page(found, sort=sort, limit=3, cursor=page.after)
            rows += keys(page)
        assert len(rows) == len(set(rows)) and before <= set(rows)


def test_an_empty_list_is_one_page_without_neighbours(archive: Archive, auditor: Any) -> None:
    page = get_page(resolve("", user=auditor))
    assert (list(page.rows), page.after, page.before) == ([], "", "")


def test_pages_hold_only_what_may_be_seen(archive: Archive, user_of: Any) -> None:
    archive.load(*(letter(f"seen-{n}", index={"branch": "012"}) for n in range(4)))
    archive.load(*(letter(f"hidden-{n}", index={"branch": "099"}) for n in range(4)))
    found = resolve("", user=user_of("agent"))
    for sort in SORTS:
        rows = [row.external_id for page in walk(found, sort, 3) for row in page.rows]
        assert sorted(rows) == [f"seen-{n}" for n in range(4)]


def test_an_order_that_no_index_gives_is_refused(archive: Archive, auditor: Any) -> None:
    for sort in ("subject", "-subject", "order_key", "", "retain_until", "issued;DROP TABLE"):
        with pytest.raises(QueryError, match="cannot be sorted like that"):
            get_page(resolve("", user=auditor), sort=sort)

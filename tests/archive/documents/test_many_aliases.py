"""Renumberings by the thousand go in by slices: nobody waits for all of them, and each look-up is one query."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.documents import services
from archive.documents.aliases import expand
from archive.documents.models import PartyAlias
from archive.documents.services import AliasError, NewAlias, add_aliases, undo_alias

pytestmark = pytest.mark.usefixtures("configured")
ACTOR = Actor.system("tests")
MANY = [NewAlias("retail", "account" if n % 2 else "customer", f"A{n}", f"B{n}", "merger") for n in range(25)]


@pytest.fixture(autouse=True)
def _slices_of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "SLICE_ALIASES", 10)


def counts() -> tuple[int, int]:
    """Return how many renumberings there are, and how many were recorded."""
    return PartyAlias.objects.count(), Event.objects.filter(verb="alias.added").count()


def begun(act: Callable[[], Any]) -> tuple[int, list[str]]:
    """Return how many transactions an act took and its look-ups."""
    with CaptureQueriesContext(connection) as caught:
        act()
    told = [query["sql"] for query in caught.captured_queries]
    lookups = [sql for sql in told if sql.startswith("SELECT") and "archive_partyalias" in sql]
    return sum(sql.startswith("SAVEPOINT") for sql in told), lookups


def test_many_go_in_by_slices_with_one_lookup_each() -> None:
    transactions, lookups = begun(lambda: add_aliases(MANY, actor=ACTOR))
    assert counts() == (25, 25)
    assert len(lookups) == 3
    assert transactions >= 3
    told = PartyAlias.objects.order_by("pk").values_list("kind", "old", "new", "source", "unit__key")
    assert list(told) == [(one.kind, one.old, one.new, "merger", "retail") for one in MANY]
    subjects = Event.objects.filter(verb="alias.added").order_by("pk").values_list("subject_id", flat=True)
    assert list(subjects) == [str(pk) for pk in PartyAlias.objects.order_by("pk").values_list("pk", flat=True)]


def test_each_lookup_goes_by_kind_and_number() -> None:
    _, lookups = begun(lambda: add_aliases(MANY, actor=ACTOR))
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {lookups[0]}")
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "alias_old (kind=? AND old=?)" in plan and "alias_undoes (undoes_id=?)" in plan
    assert "SCAN" not in plan


def test_a_search_finds_renumberings_by_kind_and_number() -> None:
    _, lookups = begun(lambda: expand("account", ["A1"]))
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {lookups[0]}")
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "alias_old (kind=? AND old=?)" in plan and "alias_new (kind=? AND new=?)" in plan
    assert "archive_partyalias USING INDEX alias_undoes" not in plan and "SCAN archive_partyalias" not in plan


def test_the_second_time_nothing_is_added_and_what_is_new_among_them_is() -> None:
    add_aliases(MANY, actor=ACTOR)
    assert add_aliases(MANY, actor=ACTOR) == 0
    assert counts() == (25, 25)
    assert add_aliases([*MANY, NewAlias("retail", "account", "A1", "C1", "")], actor=ACTOR) == 1
    assert add_aliases([NewAlias("commercial", "account", "A1", "B1", "")], actor=ACTOR) == 1, "another unit's"
    assert counts() == (27, 27)


def test_a_pair_that_stands_twice_counts_once_wherever_it_stands() -> None:
    assert add_aliases([*MANY[:3], *MANY[:3], *MANY, MANY[0]], actor=ACTOR) == 25
    assert counts() == (25, 25)


def test_what_was_undone_is_added_again() -> None:
    add_aliases(MANY, actor=ACTOR)
    undo_alias(PartyAlias.objects.get(old="A7"), actor=ACTOR)
    assert add_aliases(MANY, actor=ACTOR) == 1
    assert add_aliases(MANY, actor=ACTOR) == 0


def test_one_wrong_row_at_the_end_refuses_all_slices() -> None:
    with pytest.raises(AliasError, match="Row 26: "):
        add_aliases([*MANY, NewAlias("retail", "account", "1", "1", "")], actor=ACTOR)
    assert counts() == (0, 0)


def test_what_breaks_off_keeps_whole_slices_and_is_finished_by_doing_it_again() -> None:
    written = 0

    def fails(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal written
        if sql.startswith("INSERT") and '"archive_partyalias"' in sql:
            written += 1
            if written == 3:
                raise DatabaseError("the disk is full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fails), pytest.raises(DatabaseError):
        add_aliases(MANY, actor=ACTOR)
    assert counts() == (20, 20)
    assert add_aliases(MANY, actor=ACTOR) == 5
    assert counts() == (25, 25)


def test_a_slice_whose_events_cannot_be_written_is_not_there() -> None:
    told = 0

    def full(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal told
        if sql.startswith("INSERT") and '"audit_event"' in sql:
            told += 1
            if told == 2:
                raise DatabaseError("the log is full")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(full), pytest.raises(DatabaseError):
        add_aliases(MANY, actor=ACTOR)
    assert counts() == (10, 10)

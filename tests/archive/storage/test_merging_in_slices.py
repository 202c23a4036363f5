"""A merge goes slice by slice: nobody waits long for the lock, and wherever it breaks off every letter reads."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from archive import work
from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.documents.locators import VariantHolder, locator_of
from archive.documents.models import Communication, Variant
from archive.storage import merging
from archive.storage.maintenance import run_merge
from archive.storage.merging import delete_merged_packs, give_up_unused, merge_small_packs
from archive.storage.models import Incident, Location, StoredObject, WriteIntent
from archive.storage.reading import read_whole
from archive.storage.recovery import clear_broken_off
from archive.work.leases import Lease
from archive.work.models import WorkItem
from tests.archive.ingest.conftest import load_package
from tests.archive.ingest.packages import manifest_of, record, write_tar
from tests.archive.storage.conftest import files

ACTOR = Actor.system("tests")
PACKS, IN_EACH = 4, 3
LETTERS = [b"letter %d" % number for number in range(PACKS * IN_EACH)]


@pytest.fixture(autouse=True)
def _packs_of_three_in_slices_of_two(configured: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "SLICE_DOCUMENTS", 2)
    for first in range(0, len(LETTERS), IN_EACH):
        numbers = range(first, first + IN_EACH)
        members = {"manifest.jsonl": manifest_of(*map(record, numbers))}
        members |= {f"print/{number}.pdf": LETTERS[number] for number in numbers}
        load_package(write_tar(tmp_path / f"{first}.tar", members))
    assert StoredObject.objects.filter(kind="pack").count() == PACKS


def letters() -> list[bytes]:
    """Read every letter, verified, in the order they were loaded."""
    variants = {variant.order_key: variant for variant in Variant.objects.all()}
    rows = Communication.objects.order_by("load_id", "load_position")
    return [read_whole(locator_of(variants[row.order_key])) for row in rows]


def assert_sound() -> None:
    """Check what holds at every moment: all read, counts are right, and nothing that is given up is needed."""
    assert letters() == LETTERS and not Incident.objects.exists()
    for pack in StoredObject.objects.filter(kind="pack"):
        points = Variant.objects.filter(stored_object_id=pack.pk).count()
        assert pack.live_documents == points
        assert pack.state == "sealed" or not points
    assert set(Location.objects.values_list("key", flat=True)) <= files()


class Broken(BaseException):
    """Stands for the end of the process."""


def breaking_off(at: int) -> Callable[[], None]:
    """Return a heartbeat that ends everything when it is called for the last of so many times."""
    left = at

    def heartbeat() -> None:
        nonlocal left
        left -= 1
        assert_sound()
        if not left:
            raise Broken

    return heartbeat


SLICES = PACKS * 2
ALL_BEATS = PACKS * IN_EACH + SLICES


@pytest.mark.parametrize("beat", [1, PACKS * IN_EACH, *range(PACKS * IN_EACH + 1, ALL_BEATS + 1)])
def test_wherever_a_merge_breaks_off_all_reads_and_the_next_runs_bring_it_to_its_end(beat: int) -> None:
    with pytest.raises(Broken):
        merge_small_packs(actor=ACTOR, heartbeat=breaking_off(beat))
    assert_sound()
    merge_small_packs(actor=ACTOR)
    assert_sound()
    assert_nothing_is_left_over()


def assert_nothing_is_left_over() -> None:
    """Let locks end and intents grow old, clean up, and compare objects, documents and files."""
    give_up_unused(actor=ACTOR)
    Location.objects.update(lock_until=datetime.date(2020, 1, 1))
    WriteIntent.objects.update(created_at=datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    clear_broken_off()
    delete_merged_packs(actor=ACTOR)
    used = set(Variant.objects.values_list("stored_object_id", flat=True))
    kept = StoredObject.objects.filter(kind="pack").exclude(state="deleted")
    assert {pack.pk for pack in kept} == used, "no object without use"
    assert set(Location.objects.filter(stored_object__in=kept).values_list("key", flat=True)) == files()
    assert not WriteIntent.objects.exists() and letters() == LETTERS


def test_all_heartbeats_are_counted_by_these_tests() -> None:
    beats = []
    assert merge_small_packs(actor=ACTOR, heartbeat=lambda: beats.append(1)) == PACKS
    assert len(beats) == ALL_BEATS
    assert_sound()


def test_the_lease_of_a_long_run_is_renewed_between_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.work.leases.RENEW_SECONDS", 0.0)
    item = work.enqueue(kind="storage.merge", key="now", payload={}, actor=ACTOR)
    item.state, item.lease_until = WorkItem.State.RUNNING, datetime.datetime.now(datetime.UTC)
    item.save()
    seen: set[datetime.datetime] = set()

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if many and "archive_variant" in sql:
            seen.add(WorkItem.objects.values_list("lease_until", flat=True).get(pk=item.pk))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        assert run_merge(Lease(item))["merged"] == PACKS
    assert len(seen) == SLICES and min(seen) > datetime.datetime.now(datetime.UTC)


def rows_of_transactions(act: Callable[[], Any]) -> list[int]:
    """Return how many rows were written or statements made in each transaction of an act."""
    counts: list[int] = []
    depth = 0

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal depth
        if sql.startswith("SAVEPOINT"):
            if not depth:
                counts.append(0)
            depth += 1
        elif sql.startswith(("RELEASE", "ROLLBACK")):
            depth -= sql.startswith("RELEASE")
        elif depth:
            counts[-1] += len(params) if many else 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        act()
    return counts


@pytest.mark.parametrize("size", [1, 2, 3])
def test_what_one_transaction_does_is_bounded_by_the_slice(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "SLICE_DOCUMENTS", size)
    counts = rows_of_transactions(lambda: merge_small_packs(actor=ACTOR))
    slices = PACKS * -(-IN_EACH // size)
    assert len(counts) == slices + 2, "the intents and the new pack have one each"
    assert max(counts[2:]) <= size + 10, "a slice, its two counts, the mark and its event"


def test_the_second_of_two_runs_moves_nothing_and_its_new_pack_is_given_up() -> None:
    beats = 0

    def overtaken() -> None:
        nonlocal beats
        beats += 1
        if beats == PACKS * IN_EACH:  # all is copied, nothing is moved
            assert merge_small_packs(actor=ACTOR) == PACKS

    before = Event.objects.count()
    assert merge_small_packs(actor=ACTOR, heartbeat=overtaken) == 0
    assert Event.objects.count() == before + PACKS
    assert_sound()
    assert give_up_unused(actor=ACTOR) == 1
    assert give_up_unused(actor=ACTOR) == 0
    assert_nothing_is_left_over()


def test_a_new_pack_that_was_given_up_takes_no_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def cleared_meanwhile() -> None:
        nonlocal calls
        calls += 1
        if calls == PACKS * IN_EACH + 1:
            assert give_up_unused(actor=ACTOR) == 1

    assert merge_small_packs(actor=ACTOR, heartbeat=cleared_meanwhile) == 0
    assert_sound()
    assert merge_small_packs(actor=ACTOR) == PACKS
    assert_nothing_is_left_over()


def test_repointing_tells_how_many_really_moved() -> None:
    pack = StoredObject.objects.filter(kind="pack").earliest("pk")
    moves = [(held.reference, 999, held.offset) for held in VariantHolder().held(pack.pk)]
    assert VariantHolder().repoint(pack.pk, [*moves, ((1, 1), 999, 0)]) == IN_EACH
    assert VariantHolder().repoint(pack.pk, moves) == 0

"""Rolling locks are renewed before they run out, as long as something in the pack has to be kept."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.audit.services import read_leaf
from archive.documents.models import Communication
from archive.storage import buckets, locking
from archive.storage.contract import StoreUnavailableError
from archive.storage.locking import renew_locks
from archive.storage.models import Location, StoredObject
from archive.storage.tiers import default_tier, store_of
from tests.archive.ingest.conftest import load_package
from tests.archive.ingest.packages import package, write_tar

ACTOR = Actor.system("tests")


def in_days(days: int) -> datetime.date:
    """Return a day from today."""
    return timezone.now().date() + datetime.timedelta(days=days)


@pytest.fixture
def pack(configured: None, tmp_path: Path) -> Location:
    """Load some letters into one pack, whose lock ends in two days."""
    load_package(write_tar(tmp_path / "a.tar", package(3)))
    Location.objects.update(lock_until=in_days(2))
    return Location.objects.get(stored_object__kind="pack")


@pytest.fixture
def extended(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, datetime.date]]:
    """Return what the store is asked to lock longer."""
    asked: list[tuple[str, datetime.date]] = []
    store: Any = store_of(default_tier())
    monkeypatch.setattr(store, "extend_lock", lambda key, version_id, until: asked.append((key, until)))
    return asked


def events() -> list[dict[str, Any]]:
    """Return the details of all events about renewed locks."""
    return [read_leaf(event)["details"] for event in Event.objects.filter(verb="locks.renewed")]


def lock_of(pack: Location) -> datetime.date | None:
    """Return until when a copy is locked now."""
    return Location.objects.get(pk=pack.pk).lock_until


def test_a_small_pack_gets_a_week_more_in_store_and_row_and_one_event(pack: Location, extended: list[Any]) -> None:
    assert renew_locks(actor=ACTOR) == 1
    assert extended == [(pack.key, in_days(7))]
    assert lock_of(pack) == in_days(7)
    assert events() == [{"locations": 1, "objects": 1, "until": in_days(7).isoformat()}]


def test_the_second_time_nothing_is_renewed_or_recorded(pack: Location, extended: list[Any]) -> None:
    renew_locks(actor=ACTOR)
    assert renew_locks(actor=ACTOR) == 0
    assert len(extended) == len(events()) == 1


@pytest.mark.parametrize(("days", "renewed"), [(-30, 1), (0, 1), (3, 1), (4, 0), (7, 0)])
def test_only_locks_that_end_within_three_days_are_renewed(
    pack: Location, extended: list[Any], days: int, renewed: int
) -> None:
    Location.objects.update(lock_until=in_days(days))
    assert renew_locks(actor=ACTOR) == len(extended) == renewed
    assert lock_of(pack) == in_days(7 if renewed else days)


@pytest.mark.parametrize(("mode", "until"), [("rolling", 365), ("full", None)])
def test_large_packs_are_renewed_by_their_mode(
    pack: Location, extended: list[Any], monkeypatch: pytest.MonkeyPatch, mode: str, until: int | None
) -> None:
    monkeypatch.setattr(buckets, "FULL_PACK_BYTES", 1)
    StoredObject.objects.update(lock_mode=mode)
    assert renew_locks(actor=ACTOR) == (until is not None)
    assert lock_of(pack) == in_days(2 if until is None else until)


def test_a_pack_whose_documents_need_not_be_kept_any_more_is_let_go(pack: Location, extended: list[Any]) -> None:
    Communication.objects.update(retain_until=in_days(-1))
    assert renew_locks(actor=ACTOR) == 0 and not extended and not events()
    one = Communication.objects.first()
    assert one is not None
    Communication.objects.filter(pk=one.pk).update(retain_until=in_days(0))
    assert renew_locks(actor=ACTOR) == 1


@pytest.mark.parametrize("state", ["merged", "deleted"])
def test_a_pack_that_was_given_up_is_not_locked_again(pack: Location, extended: list[Any], state: str) -> None:
    StoredObject.objects.update(state=state)
    assert renew_locks(actor=ACTOR) == 0 and not extended


def test_one_that_its_store_does_not_renew_keeps_no_other_from_it(
    pack: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Location.objects.create(
        stored_object=pack.stored_object, tier=pack.tier, key="zz/other", lock_until=in_days(1)
    )

    def partly(key: str, _version_id: str, _until: datetime.date) -> None:
        if key == other.key:
            raise StoreUnavailableError("no answer")

    monkeypatch.setattr(store_of(default_tier()), "extend_lock", partly)
    assert renew_locks(actor=ACTOR) == 1
    assert (lock_of(pack), lock_of(other)) == (in_days(7), in_days(1))


def test_no_more_than_a_few_hundred_are_written_in_one_transaction(
    pack: Location, extended: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "LOCKS_AT_ONCE", 1)
    Location.objects.create(stored_object=pack.stored_object, tier=pack.tier, key="zz/other", lock_until=in_days(1))
    assert [renew_locks(actor=ACTOR) for _ in range(3)] == [1, 1, 0]
    assert len(events()) == 2

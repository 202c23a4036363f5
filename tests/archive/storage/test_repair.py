"""Damaged copies are replaced from good ones, and incidents are closed with an event."""

from __future__ import annotations

import contextlib
import datetime
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from archive.audit.actor import Actor
from archive.audit.models import Event
from archive.audit.services import read_leaf
from archive.storage.contract import StoreUnavailableError
from archive.storage.deletion import finish_deletions
from archive.storage.models import Incident, Location, StoredObject, WriteIntent
from archive.storage.reading import DamagedObjectError, Locator, read_whole
from archive.storage.recovery import clear_broken_off
from archive.storage.repair import repair, repair_damaged
from archive.storage.tiers import default_tier, store_of
from tests.archive.storage.conftest import file_of, files, flip, objects_folder, store_pack

ACTOR = Actor.system("tests")
DOCUMENT = b"a letter"


@pytest.fixture
def locator() -> Locator:
    """Store a letter."""
    return store_pack({"letter": DOCUMENT})["letter"]


def damage(locator: Locator) -> Incident:
    """Flip a bit and read it, so that an incident is open."""
    flip(locator, 2)
    with contextlib.suppress(DamagedObjectError):
        read_whole(locator)
    return Incident.objects.latest("pk")


def unlock() -> None:
    """End all locks."""
    Location.objects.update(lock_until=None)


def test_a_new_copy_is_made_from_the_good_one_and_the_damaged_one_goes(
    locator: Locator, second_copy: Callable[[Locator], Location], recorded: Any
) -> None:
    good = second_copy(locator)
    unlock()
    incident = damage(locator)
    assert repair(incident, actor=ACTOR)
    damaged, kept, fresh = Location.objects.order_by("pk")
    assert (damaged.state, kept, fresh.state) == ("deleted", good, "good")
    assert files() == {good.key, fresh.key}
    assert (objects_folder() / fresh.key).read_bytes() == (objects_folder() / good.key).read_bytes()
    assert tarfile.is_tarfile(objects_folder() / fresh.key)
    incident.refresh_from_db()
    assert incident.repaired_at is not None
    assert recorded(incident.stored_object) == [("object.damaged", "verified read"), ("object.repaired", "tests")]
    told = read_leaf(Event.objects.get(verb="object.repaired"))["details"]
    assert told == {"incidents": [incident.pk], "damaged": damaged.pk, "source": good.pk, "good": fresh.pk}
    assert not WriteIntent.objects.exists()
    assert not repair_damaged(actor=ACTOR), "nothing is left to do"


def test_a_damaged_copy_under_lock_stays_and_the_new_one_has_its_lock(
    locator: Locator, second_copy: Callable[[Locator], Location]
) -> None:
    second_copy(locator)
    until = datetime.date(2099, 1, 1)
    Location.objects.update(lock_until=until)
    assert repair(damage(locator), actor=ACTOR)
    damaged, _good, fresh = Location.objects.order_by("pk")
    assert (damaged.state, fresh.state, fresh.lock_until) == ("damaged", "good", until)
    assert damaged.key in files() and not finish_deletions()
    assert read_whole(locator) == DOCUMENT


def test_without_a_good_copy_the_incident_stays_open(locator: Locator) -> None:
    incident = damage(locator)
    assert not repair(incident, actor=ACTOR) and not repair_damaged(actor=ACTOR)
    assert not Event.objects.filter(verb="object.repaired").exists()
    assert StoredObject.objects.get().state == "damaged"


def test_a_copy_that_somebody_restored_is_taken_back(locator: Locator, recorded: Any) -> None:
    whole = file_of(locator).read_bytes()
    damage(locator)
    file_of(locator).write_bytes(whole)
    assert repair_damaged(actor=ACTOR) == 1
    assert (StoredObject.objects.get().state, Location.objects.get().state) == ("sealed", "good")
    assert read_whole(locator) == DOCUMENT
    assert [verb for verb, _ in recorded(StoredObject.objects.get())] == ["object.damaged", "object.repaired"]


def test_a_longer_file_is_not_whole(locator: Locator) -> None:
    whole = file_of(locator).read_bytes()
    damage(locator)
    file_of(locator).write_bytes(whole + b"x")
    assert not repair_damaged(actor=ACTOR)


def test_a_second_copy_that_is_damaged_too_is_reported_and_not_copied(
    locator: Locator, second_copy: Callable[[Locator], Location]
) -> None:
    copy = second_copy(locator)
    incident = damage(locator)
    spoilt = objects_folder() / copy.key
    spoilt.write_bytes(spoilt.read_bytes()[:-1] + b"x")
    assert not repair(incident, actor=ACTOR)
    assert set(Location.objects.values_list("state", flat=True)) == {"damaged"}
    assert Incident.objects.filter(repaired_at=None).count() == 2
    assert StoredObject.objects.get().state == "damaged"
    clear_broken_off(reference=f"repair of object {locator.object_id}")
    assert len(files()) == 2 and not WriteIntent.objects.exists()


def test_all_incidents_of_a_copy_are_closed_by_one_repair(second_copy: Callable[[Locator], Location]) -> None:
    locators = store_pack({"a": b"letter a", "b": b"letter b"})
    second_copy(locators["a"])
    damage(locators["a"])
    Location.objects.filter(key__startswith="zz/").update(state="damaged")  # so that the first one is read once more
    damage(locators["b"])
    Location.objects.filter(key__startswith="zz/").update(state="good")
    assert Incident.objects.filter(repaired_at=None).count() == 2
    assert repair_damaged(actor=ACTOR) == 1
    assert not Incident.objects.filter(repaired_at=None).exists()
    assert Event.objects.filter(verb="object.repaired").count() == 1


def test_a_repair_that_breaks_off_changes_nothing_and_is_done_the_next_time(
    locator: Locator, second_copy: Callable[[Locator], Location], monkeypatch: pytest.MonkeyPatch
) -> None:
    from archive.storage import repair as repairing

    second_copy(locator)
    incident = damage(locator)

    def broken(*_args: Any, **_options: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as crash:
        crash.setattr(repairing.audit, "record", broken)
        with pytest.raises(RuntimeError):
            repair(incident, actor=ACTOR)
    incident.refresh_from_db()
    assert incident.repaired_at is None and Location.objects.count() == 2
    assert read_whole(locator) == DOCUMENT
    assert repair_damaged(actor=ACTOR) == 1


def test_one_store_that_is_away_does_not_keep_others_from_repair(
    locator: Locator, second_copy: Callable[[Locator], Location], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = store_pack({"other": b"other letter"})["other"]
    second_copy(other)
    damage(locator)
    damage(other)
    store, away = store_of(default_tier()), Location.objects.get(stored_object=locator.object_id).key
    read = store.read_range

    def partly(key: str, *place: Any) -> bytes:
        if key == away:
            raise StoreUnavailableError("no answer")
        return read(key, *place)

    monkeypatch.setattr(store, "read_range", partly)
    assert repair_damaged(actor=ACTOR) == 1

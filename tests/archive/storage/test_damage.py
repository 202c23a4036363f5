"""Stored bytes that are not what was archived: never a quiet answer, always one incident and one event (F-10)."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from archive.audit.models import Event
from archive.storage.contract import ObjectMissingError, StoreUnavailableError
from archive.storage.models import Incident, Location, StoredObject
from archive.storage.reading import DamagedObjectError, Locator, read_whole, stream
from archive.storage.tiers import default_tier, store_of
from tests.archive.storage.conftest import file_of, flip, store_pack

LARGE = os.urandom(5 * 1024 * 1024 + 17)
SMALL = b"a small document"
MIB = 1024 * 1024


@pytest.fixture
def locators() -> dict[str, Locator]:
    """Store a small and a large document in a pack."""
    return store_pack({"small": SMALL, "large": LARGE})


def assert_refused_and_told_once(locator: Locator) -> None:
    """Assert that no read answers, and that all of them leave one incident and one event."""
    for _again in range(3):
        with pytest.raises(DamagedObjectError):
            read_whole(locator)
    assert Incident.objects.count() == 1
    assert list(Event.objects.values_list("verb", "outcome")) == [("object.damaged", "failed")]


def test_whole_and_ranges_read_back(locators: dict[str, Locator]) -> None:
    assert read_whole(locators["small"]) == SMALL
    assert read_whole(locators["large"]) == LARGE
    for start, end in ((0, 1), (MIB - 1, MIB + 1), (len(LARGE) - 1, len(LARGE)), (7, 3_000_000), (5, 5)):
        assert b"".join(stream(locators["large"], start, end)) == LARGE[start:end]


def test_a_range_reads_only_the_blocks_it_touches(
    locators: dict[str, Locator], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(default_tier())
    read, asked = store.read_range, []

    def recording(key: str, version_id: str, offset: int, length: int) -> bytes:
        asked.append((offset - locators["large"].offset, length))
        return read(key, version_id, offset, length)

    monkeypatch.setattr(store, "read_range", recording)
    b"".join(stream(locators["large"], 2 * MIB + 5, 2 * MIB + 50))
    b"".join(stream(locators["large"], 4 * MIB - 1, len(LARGE)))
    assert asked == [(2 * MIB, MIB), (3 * MIB, MIB), (4 * MIB, MIB), (5 * MIB, 17)]


@pytest.mark.parametrize("name", ["small", "large"])
def test_one_flipped_bit_is_an_incident_and_an_event_once(locators: dict[str, Locator], name: str) -> None:
    flip(locators[name], 3)
    assert_refused_and_told_once(locators[name])
    assert StoredObject.objects.get().state == "damaged"


def test_damage_in_a_later_block_stops_the_answer_there(locators: dict[str, Locator]) -> None:
    flip(locators["large"], 3 * MIB + 1)
    received = b""
    with pytest.raises(DamagedObjectError):
        for piece in stream(locators["large"], 0, len(LARGE)):
            received += piece
    assert received == LARGE[: 3 * MIB]


def test_damage_in_one_document_leaves_its_neighbours_readable(locators: dict[str, Locator]) -> None:
    flip(locators["large"], 1)
    assert_refused_and_told_once(locators["large"])
    assert read_whole(locators["small"]) == SMALL


def test_a_truncated_file_never_answers(locators: dict[str, Locator]) -> None:
    with file_of(locators["small"]).open("r+b") as file:
        file.truncate(locators["small"].offset + 3)
    assert_refused_and_told_once(locators["small"])


def test_an_emptied_file_never_answers(locators: dict[str, Locator]) -> None:
    with file_of(locators["small"]).open("r+b") as file:
        file.truncate(0)
    assert_refused_and_told_once(locators["small"])


def test_a_missing_file_never_answers(locators: dict[str, Locator]) -> None:
    file_of(locators["small"]).unlink()
    store_of(default_tier()).forget(Location.objects.get().key)  # type: ignore[attr-defined]
    assert_refused_and_told_once(locators["small"])


def test_a_folder_or_a_link_in_place_of_the_file_never_answers(locators: dict[str, Locator]) -> None:
    path = file_of(locators["small"])
    store_of(default_tier()).forget(Location.objects.get().key)  # type: ignore[attr-defined]
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))
    assert_refused_and_told_once(locators["small"])
    path.unlink()
    path.mkdir()
    with pytest.raises(DamagedObjectError):
        read_whole(locators["small"])
    path.rmdir()


def test_two_objects_that_changed_places_never_answer_for_each_other() -> None:
    first, second = store_pack({"a": b"to Anna"})["a"], store_pack({"b": b"to Bert"})["b"]
    one, other = file_of(first), file_of(second)
    bytes_of_one = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(bytes_of_one)
    for locator in (first, second):
        with pytest.raises(DamagedObjectError):
            read_whole(locator)
    assert Incident.objects.count() == 2 and Event.objects.filter(verb="object.damaged").count() == 2


def test_a_second_location_answers_and_the_first_is_marked(
    locators: dict[str, Locator], second_copy: Callable[[Locator], Location]
) -> None:
    first, copy = Location.objects.get(), second_copy(locators["small"])
    flip(locators["small"], 1)
    assert read_whole(locators["small"]) == SMALL
    assert Incident.objects.count() == 1
    assert set(Location.objects.values_list("key", "state")) == {(first.key, "damaged"), (copy.key, "good")}
    assert StoredObject.objects.get().state == "sealed"


def test_when_one_store_does_not_answer_another_does_and_nothing_is_called_damaged(
    locators: dict[str, Locator], second_copy: Callable[[Locator], Location], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, first = store_of(default_tier()), Location.objects.get()
    read = store.read_range

    def away(key: str, *place: Any) -> bytes:
        if key == first.key:
            raise StoreUnavailableError("The store does not answer.")
        return read(key, *place)

    monkeypatch.setattr(store, "read_range", away)
    with pytest.raises(StoreUnavailableError):
        read_whole(locators["small"])
    second_copy(locators["small"])
    assert read_whole(locators["small"]) == SMALL
    assert not Incident.objects.exists() and not Event.objects.exists()


def test_a_reader_who_is_late_for_a_deleted_pack_finds_nothing_but_no_damage(
    locators: dict[str, Locator], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(default_tier())

    def deleted_just_now(*_place: Any) -> bytes:
        Location.objects.update(state="deleted")
        raise ObjectMissingError("gone")

    monkeypatch.setattr(store, "read_range", deleted_just_now)
    with pytest.raises(ObjectMissingError):
        read_whole(locators["small"])
    assert Location.objects.get().state == "deleted"
    assert not Incident.objects.exists() and not Event.objects.exists()

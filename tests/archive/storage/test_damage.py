"""Stored bytes that are not what was archived: never a quiet answer, always one incident and one event (F-10)."""

from __future__ import annotations

import datetime
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from archive.audit.models import Event
from archive.storage.contract import ObjectMissingError
from archive.storage.models import Incident, Location, StoredObject
from archive.storage.packing import PackSet, register_sealed
from archive.storage.reading import DamagedObjectError, Locator, read_whole, stream
from archive.storage.tiers import default_tier, store_of

LARGE = os.urandom(5 * 1024 * 1024 + 17)
SMALL = b"a small document"


@pytest.fixture
def locators(db: Any) -> dict[str, Locator]:
    """Store a small and a large document in a pack."""
    packs = PackSet(reference="test")
    places = {}
    for name, payload in (("small", SMALL), ("large", LARGE)):
        digest = hashlib.sha256(payload).digest()
        place = packs.add(
            (1, 1, "full", "2036"),
            payload,
            size_bytes=len(payload),
            sha256=digest,
            name=f"{name}-1.bin",
            content_type="application/octet-stream",
            retain_until=datetime.date(2036, 12, 31),
        )
        places[name] = (place, digest)
    with transaction.atomic():
        ids = register_sealed(packs.close().seal())
    packs.drop_spare_keys()
    return {
        name: Locator(ids[place.token], place.offset, place.length, digest, place.blocks)
        for name, (place, digest) in places.items()
    }


def file_of(locator: Locator) -> Path:
    """Return the file that an object lies in, made writable."""
    key = Location.objects.filter(stored_object=locator.object_id).earliest("pk").key
    path = Path(settings.DATA_DIR) / "objects" / key
    path.chmod(0o600)
    return path


def flip(locator: Locator, at: int) -> None:
    """Flip one bit of a stored document."""
    with file_of(locator).open("r+b") as file:
        file.seek(locator.offset + at)
        byte = file.read(1)[0]
        file.seek(locator.offset + at)
        file.write(bytes([byte ^ 1]))


def test_whole_and_ranges_read_back(locators: dict[str, Locator]) -> None:
    assert read_whole(locators["small"]) == SMALL
    assert read_whole(locators["large"]) == LARGE
    for start, end in (
        (0, 1),
        (1024 * 1024 - 1, 1024 * 1024 + 1),
        (len(LARGE) - 1, len(LARGE)),
        (7, 3_000_000),
        (5, 5),
    ):
        assert b"".join(stream(locators["large"], start, end)) == LARGE[start:end]


def test_a_range_reads_only_the_blocks_it_touches(
    locators: dict[str, Locator], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(default_tier())
    read, asked = store.read_range, []

    def recording(key: str, version_id: str, offset: int, length: int) -> bytes:
        asked.append(length)
        return read(key, version_id, offset, length)

    monkeypatch.setattr(store, "read_range", recording)
    b"".join(stream(locators["large"], 2 * 1024 * 1024 + 5, 2 * 1024 * 1024 + 50))
    assert asked == [1024 * 1024]


@pytest.mark.parametrize("name", ["small", "large"])
def test_one_flipped_bit_is_an_incident_and_an_event_once(locators: dict[str, Locator], name: str) -> None:
    flip(locators[name], 3)
    for _again in range(3):
        with pytest.raises(DamagedObjectError):
            list(stream(locators[name], 0, 10))
    assert Incident.objects.count() == 1
    assert list(Event.objects.values_list("verb", "outcome")) == [("object.damaged", "failed")]
    assert StoredObject.objects.get().state == "damaged"


def test_damage_in_a_later_block_stops_the_answer_there(locators: dict[str, Locator]) -> None:
    flip(locators["large"], 3 * 1024 * 1024 + 1)
    pieces = stream(locators["large"], 0, len(LARGE))
    received = b""
    with pytest.raises(DamagedObjectError):
        for piece in pieces:
            received += piece
    assert received == LARGE[: 3 * 1024 * 1024]


def test_a_truncated_emptied_or_missing_file_never_answers(locators: dict[str, Locator]) -> None:
    path = file_of(locators["small"])
    path.write_bytes(path.read_bytes()[: locators["small"].offset + 3])
    with pytest.raises(DamagedObjectError):
        read_whole(locators["small"])
    path.write_bytes(b"")
    with pytest.raises(DamagedObjectError):
        read_whole(locators["large"])
    store = store_of(default_tier())
    store.forget(Location.objects.get().key)  # type: ignore[attr-defined]
    path.unlink()
    with pytest.raises((DamagedObjectError, ObjectMissingError)):
        read_whole(locators["large"])


def test_a_second_location_answers_and_the_first_is_marked(locators: dict[str, Locator]) -> None:
    location = Location.objects.get()
    copy = Path(settings.DATA_DIR) / "objects" / "zz" / "copy.tar"
    copy.parent.mkdir(exist_ok=True)
    copy.write_bytes(file_of(locators["small"]).read_bytes())
    Location.objects.create(stored_object=location.stored_object, tier=location.tier, key="zz/copy.tar")
    flip(locators["small"], 1)
    assert read_whole(locators["small"]) == SMALL
    assert Incident.objects.count() == 1
    assert set(Location.objects.values_list("key", "state")) == {(location.key, "damaged"), ("zz/copy.tar", "good")}
    assert StoredObject.objects.get().state == "sealed"

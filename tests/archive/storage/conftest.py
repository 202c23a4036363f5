"""Fixtures of storage: documents in a pack, and the files they lie in."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from archive.storage.models import Location
from archive.storage.packing import PackSet, Place, register_sealed
from archive.storage.reading import Locator
from archive.storage.tiers import default_tier, store_of

UNTIL = datetime.date(2036, 12, 31)


@pytest.fixture(autouse=True)
def _store_is_empty(db: Any) -> Iterator[None]:
    """Give each test a store without what others left there."""
    _empty()
    yield
    _empty()


def _empty() -> None:
    store: Any = store_of(default_tier())
    for path in objects_folder().rglob("*"):
        if path.is_file():
            store.forget(str(path.relative_to(objects_folder())))
            path.unlink()


def objects_folder() -> Path:
    """Return the folder of the local store."""
    return Path(settings.DATA_DIR) / "objects"


def files() -> set[str]:
    """Return the keys of all files in the store, half ones too."""
    return {str(path.relative_to(objects_folder())) for path in objects_folder().rglob("*") if path.is_file()}


def file_of(locator: Locator) -> Path:
    """Return the file that an object lies in first, made writable."""
    path = objects_folder() / Location.objects.filter(stored_object=locator.object_id).earliest("pk").key
    path.chmod(0o600)
    return path


def flip(locator: Locator, at: int) -> None:
    """Flip one bit of a stored document."""
    with file_of(locator).open("r+b") as file:
        file.seek(locator.offset + at)
        byte = file.read(1)[0]
        file.seek(locator.offset + at)
        file.write(bytes([byte ^ 1]))


def add(packs: PackSet, name: str, payload: bytes, *, unit_id: int = 1) -> Place:
    """Put one document into the pack of its unit."""
    return packs.add(
        (unit_id, 1, "full", "2036"),
        payload,
        size_bytes=len(payload),
        sha256=hashlib.sha256(payload).digest(),
        name=name,
        content_type="application/octet-stream",
        retain_until=UNTIL,
    )


def store_pack(documents: dict[str, bytes], *, reference: str = "test") -> dict[str, Locator]:
    """Store documents in one pack, the whole way, and return where they lie."""
    packs = PackSet(reference=reference)
    places = {name: add(packs, f"{name}-1.bin", payload) for name, payload in documents.items()}
    sealed = packs.close().seal()
    with transaction.atomic():
        ids = register_sealed(sealed)
    packs.drop_spare_keys()
    return {
        name: Locator(
            ids[place.token], place.offset, place.length, hashlib.sha256(documents[name]).digest(), place.blocks
        )
        for name, place in places.items()
    }


@pytest.fixture
def second_copy() -> Callable[[Locator], Location]:
    """Return a function that makes a second copy of an object, as moving and repairing do."""

    def copy(locator: Locator) -> Location:
        first = Location.objects.filter(stored_object=locator.object_id).earliest("pk")
        path = objects_folder() / "zz" / f"copy-of-{first.pk}.tar"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(file_of(locator).read_bytes())
        return Location.objects.create(
            stored_object=first.stored_object, tier=first.tier, key=f"zz/{path.name}", lock_until=first.lock_until
        )

    return copy

"""Writes that break off, at any call of the store: nothing half is ever seen, and recovery clears the rest."""

from __future__ import annotations

import datetime
import errno
import os
import tarfile
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.storage import storages
from django.db import transaction
from django.utils import timezone

from archive.storage import local
from archive.storage.contract import Created, PendingObject, StoreFullError, StoreUnavailableError
from archive.storage.models import Location, StoredObject, WriteIntent
from archive.storage.packing import IntentLostError, PackSet, register_sealed
from archive.storage.reading import Locator, read_whole
from archive.storage.recovery import clear_broken_off
from archive.storage.singles import store_resource
from archive.storage.tiers import default_tier, store_of
from tests.archive.storage.conftest import add, files, objects_folder, store_pack

LETTER = b"a letter " * 200_000
LOGO = b"a logo"


class Fault:
    """Raises at the n-th call of the store, before or after its effect; with `dead`, at all calls from then on."""

    def __init__(self, at: int, *, after: bool, dead: bool) -> None:
        self.at, self.after, self.dead = at, after, dead
        self.calls = 0
        self._lock = threading.Lock()

    @property
    def came(self) -> bool:
        """Tell whether the fault was reached."""
        return self.calls >= self.at

    def around(self, call: Callable[[], Any]) -> Any:
        """Make a call, or fail."""
        with self._lock:
            self.calls += 1
            number = self.calls
        fails = number == self.at or (self.dead and number > self.at)
        result = call() if not fails or (self.after and number == self.at) else None
        if fails:
            raise StoreUnavailableError(f"call {number} of the store failed")
        return result


class FaultyPending:
    """An object being written to a store that fails once."""

    def __init__(self, pending: PendingObject, store: FaultyStore) -> None:
        self.key, self._pending, self._store = pending.key, pending, store

    def write(self, data: bytes) -> None:
        self._store.fault.around(lambda: self._pending.write(data))

    def sha256(self) -> bytes:
        digest: bytes = self._store.fault.around(self._pending.sha256)
        return digest

    def seal(self, *, lock_until: datetime.date | None = None) -> Created:
        created: Created = self._store.fault.around(lambda: self._pending.seal(lock_until=lock_until))
        return created

    def discard(self) -> None:
        self._store.fault.around(self._pending.discard)


class FaultyStore(local.LocalStore):
    """A local store that fails at the n-th call."""

    fault = Fault(10**9, after=False, dead=False)

    def begin(self, key: str) -> Any:
        pending = self.fault.around(lambda: super(FaultyStore, self).begin(key))
        return FaultyPending(pending, self)


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyStore]:
    """Put a store that fails in place of the local one, in the same folder."""
    default_tier()
    store = FaultyStore(location=objects_folder())
    monkeypatch.setitem(storages._storages, "local", store)
    yield store
    store.fault = FaultyStore.fault


def write_all() -> None:
    """Write what a load writes: packs of two groups and a resource, all registered in the end."""
    packs = PackSet(reference="load")
    try:
        add(packs, "a-1.bin", LETTER)
        add(packs, "b-1.bin", LETTER, unit_id=2)
        resource = store_resource(1, LOGO, "image/png")
        with transaction.atomic():
            register_sealed(packs.close().seal())
        packs.drop_spare_keys()
        assert resource.state == "sealed"
    except BaseException:
        packs.discard()
        raise


def assert_no_half_object_is_seen() -> None:
    """Assert that each key of the store holds all of its bytes, registered or not."""
    store = store_of(default_tier())
    for key in store.keys():  # noqa: SIM118  (a store is no dict)
        path = objects_folder() / key
        if key.endswith(".tar"):
            with tarfile.open(path) as archive:
                assert archive.getnames()[-1] == "manifest.jsonl"
        else:
            assert path.read_bytes() == LOGO


@pytest.mark.parametrize("dead", [False, True], ids=["once", "from-then-on"])
@pytest.mark.parametrize("after", [False, True], ids=["before-its-effect", "answer-lost"])
def test_whichever_call_of_the_store_fails_nothing_half_is_seen_and_all_is_cleared(
    faulty: FaultyStore, after: bool, dead: bool
) -> None:
    ended_well = False
    for number in range(1, 100):
        faulty.fault = Fault(number, after=after, dead=dead)
        try:
            write_all()
        except StoreUnavailableError:
            assert faulty.fault.came
        ended_well = not faulty.fault.came
        faulty.fault = FaultyStore.fault
        assert_no_half_object_is_seen()
        assert StoredObject.objects.filter(kind="pack").count() == (2 if ended_well else 0)
        clear_broken_off(reference="load")
        clear_broken_off(reference="resource of unit 1")
        assert files() == set(Location.objects.values_list("key", flat=True)), f"after a fault at call {number}"
        assert not WriteIntent.objects.exists()
        if ended_well:
            break
        Location.objects.all().delete()
        StoredObject.objects.all().delete()
        for key in files():
            (objects_folder() / key).unlink()
    assert ended_well and number > 8


def test_no_file_stays_when_sealing_fails(faulty: FaultyStore) -> None:
    packs = PackSet(reference="load")
    for unit in range(1, 6):
        add(packs, f"{unit}-1.bin", b"x", unit_id=unit)
    closed = packs.close()
    faulty.fault = Fault(2, after=False, dead=False)
    with pytest.raises(StoreUnavailableError):
        closed.seal()
    assert not [path for path in files() if path.endswith(".writing")]


def test_a_full_disk_ends_the_write_and_leaves_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    room, write = 3 * 1024 * 1024, os.write

    def nearly_full(descriptor: int, data: Any) -> int:
        nonlocal room
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = write(descriptor, data[:room])  # the last write before is a short one
        room -= written
        return written

    packs = PackSet(reference="load")
    with monkeypatch.context() as disk:
        disk.setattr(local.os, "write", nearly_full)
        with pytest.raises(StoreFullError, match="No space is left"):
            for number in range(10):
                add(packs, f"{number}-1.bin", LETTER)
            packs.close().seal()
        with pytest.raises(StoreFullError):
            store_resource(1, LOGO, "image/png")
    packs.discard()
    assert not files()
    assert not WriteIntent.objects.filter(reference="load").exists()
    assert store_resource(1, LOGO, "image/png").size_bytes == len(LOGO), "it goes on once there is room"


def test_short_writes_go_on_until_all_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    with monkeypatch.context() as slow:
        slow.setattr(local.os, "write", lambda descriptor, data: write(descriptor, data[:100_001]))
        locator = store_pack({"letter": LETTER})["letter"]
    assert read_whole(locator) == LETTER


def test_when_the_rows_roll_back_the_pack_is_cleared() -> None:
    packs = PackSet(reference="load")
    add(packs, "a-1.bin", LETTER)
    sealed = packs.close().seal()
    with pytest.raises(RuntimeError), transaction.atomic():
        register_sealed(sealed)
        raise RuntimeError
    assert not StoredObject.objects.exists() and len(files()) == 1
    assert clear_broken_off(reference="load") > 0
    assert not files() and not WriteIntent.objects.exists()


def test_a_pack_that_was_cleared_away_cannot_be_registered() -> None:
    packs = PackSet(reference="load")
    add(packs, "a-1.bin", LETTER)
    add(packs, "b-1.bin", LETTER, unit_id=2)
    sealed = packs.close().seal()
    WriteIntent.objects.filter(key=sealed[1].created.key).delete()
    with pytest.raises(IntentLostError, match="resume the load"), transaction.atomic():
        register_sealed(sealed)
    assert not StoredObject.objects.exists() and not Location.objects.exists()


def test_a_load_that_runs_for_days_keeps_its_packs() -> None:
    packs = PackSet(reference="load")
    add(packs, "a-1.bin", LETTER)
    with transaction.atomic():
        register_sealed(packs.close().seal())
    # Two days pass.
    WriteIntent.objects.update(created_at=timezone.now() - datetime.timedelta(days=2))
    packs._declared_at -= 2 * 24 * 3600
    place = add(packs, "b-1.bin", LETTER)
    cleared = clear_broken_off()
    assert cleared, "keys that were declared and not used are cleared"
    late = add(packs, "c-1.bin", b"in a group that came late", unit_id=2)
    with transaction.atomic():
        ids = register_sealed(packs.close().seal())
    packs.drop_spare_keys()
    assert set(ids) == {place.token, late.token}
    assert len(files()) == 3 and not WriteIntent.objects.exists()


def test_what_is_registered_is_never_cleared() -> None:
    locator = store_pack({"letter": LETTER})["letter"]
    kept = Location.objects.get()
    long_ago = timezone.now() - datetime.timedelta(days=2)
    WriteIntent.objects.create(tier=kept.tier, key=kept.key, reference="load", created_at=long_ago)
    assert clear_broken_off() == 0 and not WriteIntent.objects.exists()
    assert isinstance(locator, Locator) and read_whole(locator) == LETTER

"""Resources are stored once; small packs are merged while readers go on."""

from __future__ import annotations

import datetime
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from archive import work
from archive.audit.actor import Actor
from archive.documents.locators import locator_of
from archive.documents.models import Communication, Variant
from archive.storage import buckets, merging
from archive.storage.buckets import expiry_bucket, lock_until
from archive.storage.contract import ObjectLockedError, StoreUnavailableError
from archive.storage.deletion import ObjectInUseError, delete_bytes, finish_deletions
from archive.storage.maintenance import run_merge
from archive.storage.merging import delete_merged_packs, merge_small_packs
from archive.storage.models import Incident, Location, StoredObject, WriteIntent
from archive.storage.reading import read_whole
from archive.storage.recovery import clear_broken_off
from archive.storage.singles import store_resource
from archive.storage.tiers import default_tier, store_of
from archive.work.leases import Lease
from archive.work.models import WorkItem
from tests.archive.ingest.conftest import load_package
from tests.archive.ingest.packages import manifest_of, record, write_tar

ACTOR = Actor.system("tests")


@pytest.mark.usefixtures("committed_db")
def test_a_resource_is_stored_once_however_many_ask_at_once() -> None:
    default_tier()

    def store(_number: int) -> int:
        try:
            return store_resource(1, b"logo", "image/png").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(store, range(16)))
    assert len(ids) == 1
    assert StoredObject.objects.filter(kind="resource").count() == 1
    assert not WriteIntent.objects.exists()
    assert store_resource(2, b"logo", "image/png").pk not in ids, "another unit has its own"


@pytest.fixture
def six_small_packs(configured: None, tmp_path: Path) -> list[bytes]:
    """Load six packages of one letter each and return the letters."""
    letters = [b"letter %d" % number for number in range(6)]
    for number, letter in enumerate(letters):
        members = {"manifest.jsonl": manifest_of(record(number)), f"print/{number}.pdf": letter}
        load_package(write_tar(tmp_path / f"{number}.tar", members))
    return letters


def all_bytes() -> list[bytes]:
    """Read every variant, in the order of the letters."""
    rows = {row.order_key: row.external_id for row in Communication.objects.all()}
    variants = sorted(Variant.objects.all(), key=lambda variant: rows[variant.order_key])
    return [read_whole(locator_of(variant)) for variant in variants]


def test_small_packs_become_one_and_every_letter_still_reads(six_small_packs: list[bytes], recorded: Any) -> None:
    old = list(StoredObject.objects.filter(kind="pack"))
    assert merge_small_packs(actor=ACTOR) == 6
    assert all_bytes() == six_small_packs
    (new,) = StoredObject.objects.filter(kind="pack", state="sealed")
    assert (new.live_documents, StoredObject.objects.filter(state="merged").count()) == (6, 6)
    assert [recorded(pack) for pack in old] == [[("pack.merged", "tests")]] * 6
    with tarfile.open(Path(settings.DATA_DIR) / "objects" / new.locations.get().key) as archive:
        assert len(archive.getnames()) == 8


def test_merged_packs_go_only_when_their_lock_has_ended(six_small_packs: list[bytes]) -> None:
    merge_small_packs(actor=ACTOR)
    merged = StoredObject.objects.filter(state="merged").first()
    assert merged is not None
    with pytest.raises(ObjectLockedError):
        delete_bytes(merged, actor=ACTOR)
    Location.objects.filter(stored_object__state="merged").update(lock_until=datetime.date(2020, 1, 1))
    assert delete_merged_packs(actor=ACTOR) == 6
    keys = set(Location.objects.filter(state="deleted").values_list("key", flat=True))
    assert len(keys) == 6 and not keys & set(store_of(default_tier()).keys())
    assert all_bytes() == six_small_packs


def test_a_pack_with_documents_cannot_be_deleted(six_small_packs: list[bytes]) -> None:
    for pack in StoredObject.objects.filter(kind="pack"):
        with pytest.raises(ObjectInUseError):
            delete_bytes(pack, actor=ACTOR)


def test_a_deletion_that_was_broken_off_is_finished(
    six_small_packs: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    merge_small_packs(actor=ACTOR)
    Location.objects.filter(stored_object__state="merged").update(lock_until=None)
    store = store_of(default_tier())
    pack = StoredObject.objects.filter(state="merged").first()
    assert pack is not None

    def broken(*_args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr(store, "delete_version", broken)
        with pytest.raises(KeyboardInterrupt):
            delete_bytes(pack, actor=ACTOR)
    key = pack.locations.get().key
    assert store.versions(key) == [""]
    assert finish_deletions() == 1
    assert store.versions(key) == [] and not WriteIntent.objects.exists()


def test_a_large_merged_pack_is_locked_as_long_as_its_latest_document(
    six_small_packs: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    until = Communication.objects.latest("retain_until").retain_until
    latest = until.replace(year=until.year + 3)
    one = Communication.objects.first()
    assert one is not None
    Communication.objects.filter(pk=one.pk).update(retain_until=latest)
    StoredObject.objects.update(lock_mode="full")
    monkeypatch.setattr(buckets, "FULL_PACK_BYTES", 1)
    assert merge_small_packs(actor=ACTOR) == 6
    assert Location.objects.get(stored_object__state="sealed").lock_until == latest


def test_readers_go_on_between_the_steps_of_a_merge(
    six_small_packs: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, repoint, reads = merging._copy, merging._repoint, []
    early = [locator_of(variant) for variant in Variant.objects.order_by("offset", "order_key")]
    letters = [read_whole(locator) for locator in early]

    def reading_copy(*given: Any) -> Any:
        reads.append(all_bytes())
        return copy(*given)

    def reading_repoint(*given: Any) -> None:
        reads.append(all_bytes())
        repoint(*given)
        reads.append(all_bytes())

    monkeypatch.setattr(merging, "_copy", reading_copy)
    monkeypatch.setattr(merging, "_repoint", reading_repoint)
    assert merge_small_packs(actor=ACTOR) == 6
    assert reads == [six_small_packs] * 18, "at each copy, and on both sides of each transaction"
    assert [read_whole(locator) for locator in early] == letters, "who has an old locator still reads"
    assert not Incident.objects.exists()


def test_a_pack_with_damage_is_left_out_and_the_others_are_merged_the_next_time(six_small_packs: list[bytes]) -> None:
    spoilt = Location.objects.earliest("pk")
    path = Path(settings.DATA_DIR) / "objects" / spoilt.key
    path.chmod(0o600)
    path.write_bytes(bytes(path.stat().st_size))
    assert merge_small_packs(actor=ACTOR) == 0
    assert Incident.objects.get().location == spoilt
    assert merge_small_packs(actor=ACTOR) == 5
    assert StoredObject.objects.get(pk=spoilt.stored_object_id).state == "damaged"


def test_what_was_merged_in_one_run_is_deleted_in_the_next(six_small_packs: list[bytes]) -> None:
    Location.objects.update(lock_until=None)
    lease = _lease()
    assert run_merge(lease) == {"cleared": 0, "repaired": 0, "deleted": 0, "merged": 6, "renewed": 0}
    assert run_merge(lease) == {"cleared": 0, "repaired": 0, "deleted": 6, "merged": 0, "renewed": 0}
    assert all_bytes() == six_small_packs


def _lease() -> Lease:
    item = work.enqueue(kind="storage.merge", key="now", payload={}, actor=ACTOR)
    item.state, item.lease_until = WorkItem.State.RUNNING, datetime.datetime.now(datetime.UTC)
    item.save()
    return Lease(item)


def test_one_copy_that_does_not_go_keeps_no_other_from_going(
    six_small_packs: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    merge_small_packs(actor=ACTOR)
    Location.objects.filter(stored_object__state="merged").update(lock_until=None)
    store = store_of(default_tier())
    stuck, delete = Location.objects.earliest("pk").key, store.delete_version

    def partly(key: str, version_id: str) -> None:
        if key == stuck:
            raise StoreUnavailableError("no answer")
        delete(key, version_id)

    with monkeypatch.context() as away:
        away.setattr(store, "delete_version", partly)
        assert delete_merged_packs(actor=ACTOR) == 5 and finish_deletions() == 0
    assert WriteIntent.objects.get().key == stuck
    assert clear_broken_off() == 0 and store.versions(stuck) == [""]
    assert finish_deletions() == 1 and store.versions(stuck) == []


def test_a_deletion_is_recorded_once_with_digest_and_size(six_small_packs: list[bytes], recorded: Any) -> None:
    merge_small_packs(actor=ACTOR)
    Location.objects.filter(stored_object__state="merged").update(lock_until=None)
    pack = StoredObject.objects.filter(state="merged").earliest("pk")
    delete_bytes(pack, actor=ACTOR)
    assert recorded(pack) == [("pack.merged", "tests"), ("object.deleted", "tests")]


def test_what_is_under_a_hold_is_not_deleted(six_small_packs: list[bytes]) -> None:
    merge_small_packs(actor=ACTOR)
    Location.objects.filter(stored_object__state="merged").update(lock_until=None, hold=True)
    assert delete_merged_packs(actor=ACTOR) == 0
    pack = StoredObject.objects.filter(state="merged").earliest("pk")
    with pytest.raises(ObjectInUseError, match="hold"):
        delete_bytes(pack, actor=ACTOR)
    assert pack.locations.get().state == "good"


@pytest.mark.parametrize("step", ["_copy", "register_sealed", "_repoint"])
def test_a_merge_that_breaks_off_changes_nothing(
    six_small_packs: list[bytes], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def broken(*_args: Any, **_options: Any) -> None:
        raise RuntimeError(step)

    with monkeypatch.context() as crash:
        crash.setattr(merging, step, broken)
        with pytest.raises(RuntimeError):
            merge_small_packs(actor=ACTOR)
    assert all_bytes() == six_small_packs
    assert StoredObject.objects.filter(state="sealed", kind="pack", live_documents=1).count() == 6
    assert not StoredObject.objects.filter(state="merged").exists()
    clear_broken_off(reference="merge")
    stored = set(store_of(default_tier()).keys())
    assert set(Location.objects.values_list("key", flat=True)) <= stored
    assert merge_small_packs(actor=ACTOR) == 6 and all_bytes() == six_small_packs


def test_what_a_crash_left_is_cleared_and_what_is_registered_is_not(six_small_packs: list[bytes]) -> None:
    store, tier = store_of(default_tier()), default_tier()
    pending = store.begin("aa/bb/left-behind")
    pending.write(b"half")
    now = datetime.datetime.now(datetime.UTC)
    WriteIntent.objects.create(tier=tier, key="aa/bb/left-behind", reference="load", created_at=now)
    kept = Location.objects.first()
    assert kept is not None
    WriteIntent.objects.create(tier=tier, key=kept.key, reference="load", created_at=now)
    assert clear_broken_off() == 0, "it is too young: its load may still run"
    assert clear_broken_off(reference="load") == 1
    assert store.versions(kept.key) == [""] and not WriteIntent.objects.exists()
    left = Path(settings.DATA_DIR) / "objects" / "aa" / "bb"
    assert not [path for path in left.iterdir() if "left-behind" in path.name]
    assert all_bytes() == six_small_packs


@pytest.mark.parametrize(
    ("granularity", "bucket"), [("year", "2036"), ("quarter", "2036Q4"), ("month", "2036-12"), ("open", "open")]
)
def test_buckets(granularity: str, bucket: str) -> None:
    assert expiry_bucket(datetime.date(2036, 12, 31), granularity) == bucket


def test_small_packs_are_locked_for_a_week_and_large_ones_by_their_mode() -> None:
    today, until = datetime.date(2026, 11, 24), datetime.date(2036, 12, 31)
    full = 64 * 1024 * 1024
    assert lock_until(lock_mode="full", latest_retain_until=until, size_bytes=full - 1, today=today) == datetime.date(
        2026, 12, 1
    )
    assert lock_until(lock_mode="full", latest_retain_until=until, size_bytes=full, today=today) == until
    assert lock_until(lock_mode="rolling", latest_retain_until=until, size_bytes=full, today=today) == datetime.date(
        2027, 11, 24
    )

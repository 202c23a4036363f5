"""The local store: durable before it is said so, reached by keys only, clear when the disk is full (F-15)."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from archive.storage import local
from archive.storage.contract import ObjectMissingError, StoreFullError, StoreUnavailableError, new_key
from archive.storage.local import LocalStore


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """Return a store of its own."""
    return LocalStore(location=tmp_path)


def put(store: LocalStore, data: bytes) -> str:
    """Write an object and return its key."""
    key = new_key(".tar")
    pending = store.begin(key)
    pending.write(data)
    assert pending.seal().size_bytes == len(data)
    return key


def test_an_object_reads_back_in_ranges(store: LocalStore) -> None:
    key = put(store, b"0123456789")
    assert store.read_range(key, "", 3, 4) == b"3456"
    assert store.read_range(key, "", 8, 10) == b"89"
    assert (store.size_bytes(key, ""), store.versions(key), list(store.keys())) == (10, [""], [key])


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024, 2 * 1024 * 1024 + 1])
def test_the_digest_of_what_is_being_written_is_that_of_the_file(store: LocalStore, size: int) -> None:
    pending = store.begin(new_key())
    data = os.urandom(size)
    pending.write(data[: size // 3])
    pending.write(data[size // 3 :])
    assert pending.sha256() == hashlib.sha256(data).digest()
    pending.discard()


def test_nothing_can_be_read_before_it_is_sealed(store: LocalStore) -> None:
    key = new_key()
    pending = store.begin(key)
    pending.write(b"half")
    assert store.versions(key) == [] and list(store.keys()) == []
    with pytest.raises(ObjectMissingError):
        store.read_range(key, "", 0, 1)
    pending.discard()


def test_it_is_synced_then_renamed_then_the_folder_synced(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def recording_fsync(descriptor: int) -> None:
        steps.append("fsync folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "fsync file")
        fsync(descriptor)

    def recording_rename(self: Path, target: Path) -> Path:
        steps.append("rename")
        return rename(self, target)

    pending = store.begin(new_key())
    pending.write(b"x")
    monkeypatch.setattr(local.os, "fsync", recording_fsync)
    monkeypatch.setattr(Path, "rename", recording_rename)
    pending.seal()
    assert steps == ["fsync file", "rename", "fsync folder"]


@pytest.mark.parametrize("key", ["../x", "/etc/passwd", "a/../../x", "", "a//b", ".hidden", "a/.b", "a\x00b", "a/.."])
def test_no_key_leads_out_of_the_store(store: LocalStore, key: str) -> None:
    with pytest.raises(ObjectMissingError):
        store.read_range(key, "", 0, 1)
    with pytest.raises(ObjectMissingError):
        store.begin(key)


def test_a_full_disk_is_said_and_leaves_nothing(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    pending = store.begin(new_key())
    with monkeypatch.context() as broken:
        broken.setattr(local.os, "write", full)
        with pytest.raises(StoreFullError, match="No space"):
            pending.write(b"x")
    pending.discard()
    assert [path for path in Path(store.location).rglob("*") if path.is_file()] == []


def test_it_says_that_it_locks_nothing(store: LocalStore) -> None:
    assert store.probe()["worm"] == "not enforced"


def test_many_open_packs_do_not_run_out_of_descriptors(store: LocalStore) -> None:
    keys = [put(store, b"%d" % number) for number in range(150)]
    before = len(os.listdir("/proc/self/fd"))
    assert [store.read_range(key, "", 0, 3) for key in keys] == [b"%d" % number for number in range(150)]
    assert len(os.listdir("/proc/self/fd")) - before <= 64


def test_a_file_that_another_process_deleted_is_let_go(store: LocalStore) -> None:
    deleted, other = put(store, b"deleted"), put(store, b"other")
    store.read_range(deleted, "", 0, 1)
    (Path(store.location) / deleted).unlink()
    assert store.read_range(deleted, "", 0, 7) == b"deleted", "it is open still"
    store._looked -= 3600
    store.read_range(other, "", 0, 1)
    with pytest.raises(ObjectMissingError):
        store.read_range(deleted, "", 0, 7)


def test_errors_of_the_disk_are_errors_of_the_store(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    key = put(store, b"x")

    def sick(*_args: Any, **_options: Any) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "unlink", sick)
    monkeypatch.setattr(Path, "exists", sick)
    for call in (lambda: store.delete_version(key, ""), lambda: store.discard_unfinished(key)):
        with pytest.raises(StoreUnavailableError, match="Input/output error"):
            call()
    with pytest.raises(StoreUnavailableError):
        store.versions(key)

"""The embedded store: files under DATA_DIR. It locks nothing, and says so."""

from __future__ import annotations

import datetime
import errno
import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from django.core.files.storage import FileSystemStorage

from archive.storage.contract import Created, ObjectMissingError, StoreError, StoreFullError, StoreUnavailableError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_MISSING = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}
_OPEN_FILES = 64
_READ_BACK_BYTES = 1024 * 1024
_LOOK_FOR_REMOVED_SECONDS = 60.0


def _store_error(error: OSError, key: str) -> StoreError:
    if error.errno in _FULL:
        return StoreFullError(f"No space is left where {key} was to be written. Free some; the load can then go on.")
    if error.errno in _MISSING:
        return ObjectMissingError(f"{key} is not in the store.")
    return StoreUnavailableError(f"{key}: {error.strerror}. Check the folder of the store and its rights.")


class PendingFile:
    """A file under a temporary name in its final folder; sealing syncs it, renames it and syncs the folder (F-15)."""

    def __init__(self, root: Path, key: str) -> None:
        self.key = key
        self._path = root / key
        self._temporary = self._path.with_name(f".{self._path.name}.writing")
        self._size = 0
        try:
            _make_folders(root, self._path.parent)
            self._descriptor = os.open(self._temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise _store_error(error, key) from error

    def write(self, data: bytes) -> None:
        """Append bytes; a short write goes on until all are taken."""
        view = memoryview(data)
        try:
            while view:
                written = os.write(self._descriptor, view)
                self._size += written
                view = view[written:]
        except OSError as error:
            raise _store_error(error, self.key) from error

    def sha256(self) -> bytes:
        """Return the SHA-256 of the file as it reads back."""
        digest, at = hashlib.sha256(), 0
        try:
            while piece := os.pread(self._descriptor, _READ_BACK_BYTES, at):
                digest.update(piece)
                at += len(piece)
        except OSError as error:
            raise _store_error(error, self.key) from error
        return digest.digest()

    def seal(self, *, lock_until: datetime.date | None = None) -> Created:
        """Make it durable: fsync the file, rename, fsync the folder."""
        try:
            os.fsync(self._descriptor)
            os.fchmod(self._descriptor, 0o440)
            os.close(self._descriptor)
            self._descriptor = -1
            self._temporary.rename(self._path)
            _sync_folder(self._path.parent)
        except OSError as error:
            raise _store_error(error, self.key) from error
        return Created(self.key, "", self._size)

    def discard(self) -> None:
        """Close and remove the temporary file."""
        try:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
            self._temporary.unlink(missing_ok=True)
        except OSError as error:
            raise _store_error(error, self.key) from error


class LocalStore(FileSystemStorage):
    """Objects as files, reached only by keys of ours."""

    def __init__(self, location: str | Path | None = None, **options: object) -> None:
        super().__init__(location=location)
        self._root = Path(self.location)
        self._open_files: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()
        self._looked = time.monotonic()

    def begin(self, key: str) -> PendingFile:
        """Start to write a new object."""
        self._path(key)
        return PendingFile(self._root, key)

    def read_range(self, key: str, version_id: str, offset: int, length: int) -> bytes:
        """Return these bytes; descriptors of recently read packs stay open."""
        try:
            with self._lock:
                descriptor = os.dup(self._descriptor(key))
            try:
                return _read(descriptor, offset, length)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _store_error(error, key) from error

    def size_bytes(self, key: str, version_id: str) -> int:
        """Return the size of the file."""
        try:
            return self._path(key).stat().st_size
        except OSError as error:
            raise _store_error(error, key) from error

    def versions(self, key: str) -> list[str]:
        """Return one nameless version where the file exists."""
        try:
            return [""] if self._path(key).exists() else []
        except OSError as error:
            raise _store_error(error, key) from error

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield the keys of all sealed files."""
        for folder, _, names in os.walk(self._root):
            for name in names:
                key = str((Path(folder) / name).relative_to(self._root))
                if not name.startswith(".") and key.startswith(prefix):
                    yield key

    def extend_lock(self, key: str, version_id: str, until: datetime.date) -> None:
        """Do nothing: a file system locks nothing (`probe`)."""

    def set_hold(self, key: str, version_id: str, on: bool) -> None:
        """Do nothing: a file system has no holds (`probe`)."""

    def delete_version(self, key: str, version_id: str) -> None:
        """Remove the file and make that durable."""
        self.forget(key)
        try:
            self._path(key).unlink()
            _sync_folder(self._path(key).parent)
        except OSError as error:
            raise _store_error(error, key) from error

    def discard_unfinished(self, key: str) -> None:
        """Remove what a broken-off write left: the temporary file, or the sealed one that nobody registered."""
        self.forget(key)
        path = self._path(key)
        try:
            path.with_name(f".{path.name}.writing").unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        except OSError as error:
            raise _store_error(error, key) from error

    def probe(self) -> dict[str, str]:
        """Say what is enforced: nothing."""
        return {"store": "local files", "worm": "not enforced", "versions": "none"}

    def forget(self, key: str) -> None:
        """Close the descriptor of a file that goes away."""
        with self._lock:
            descriptor = self._open_files.pop(key, None)
        if descriptor is not None:
            os.close(descriptor)

    def _descriptor(self, key: str) -> int:
        self._close_removed()
        descriptor = self._open_files.get(key)
        if descriptor is None:
            descriptor = os.open(self._path(key), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            self._open_files[key] = descriptor
            if len(self._open_files) > _OPEN_FILES:
                os.close(self._open_files.popitem(last=False)[1])
        self._open_files.move_to_end(key)
        return descriptor

    def _close_removed(self) -> None:
        """Let go of files that another process deleted or replaced: open, their bytes would live on unseen."""
        if time.monotonic() - self._looked < _LOOK_FOR_REMOVED_SECONDS:
            return
        self._looked = time.monotonic()
        for key in [key for key, descriptor in self._open_files.items() if not os.fstat(descriptor).st_nlink]:
            os.close(self._open_files.pop(key))

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if not key or any(part in ("", ".", "..") or part.startswith(".") or "\x00" in part for part in parts):
            raise ObjectMissingError(f"{key!r} is not a key of this store.")
        return self._root.joinpath(*parts)


def _read(descriptor: int, offset: int, length: int) -> bytes:
    pieces: list[bytes] = []
    while length > 0 and (piece := os.pread(descriptor, length, offset)):
        pieces.append(piece)
        offset, length = offset + len(piece), length - len(piece)
    return b"".join(pieces)


def _make_folders(root: Path, folder: Path) -> None:
    """Make missing folders and sync those above, so that a power cut does not lose the way to a durable file."""
    missing: list[Path] = []
    at = folder
    while not at.exists():
        missing.append(at)
        at = at.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""What a store must do. The local file system fulfils it in `local.py`; another store is one more file beside it.

Every operation raises only the errors named here. Keys are made by `new_key`, carry no meaning and are never used
twice, so that no operation needs "create only if absent".
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4


class StoreError(Exception):
    """Something is wrong with the store; the message says what and what to do."""


class StoreUnavailableError(StoreError):
    """The store does not answer; trying again later may help."""


class StoreFullError(StoreError):
    """The store takes nothing more until there is room."""


class ObjectMissingError(StoreError):
    """Nothing lies under this key and version."""


class ObjectLockedError(StoreError):
    """The store protects this version until a date, or by a hold."""


@dataclass(frozen=True, slots=True)
class Created:
    """An object that is durable: it survives a power cut from now on."""

    key: str
    version_id: str
    size_bytes: int


class PendingObject(Protocol):
    """An object that is being written. Nobody can read it before it is sealed."""

    key: str

    def write(self, data: bytes) -> None:
        """Append bytes. Errors: StoreFullError, StoreUnavailableError."""

    def sha256(self) -> bytes:
        """Return the SHA-256 of what was written, as the store gives it back. Errors: StoreUnavailableError."""

    def seal(self, *, lock_until: datetime.date | None = None) -> Created:
        """Make it durable and readable under its key, locked from its first moment on where the store can lock."""

    def discard(self) -> None:
        """Forget it; harmless when it is sealed or discarded already."""


class Store(Protocol):
    """One store."""

    def begin(self, key: str) -> PendingObject:
        """Start to write a new object."""

    def read_range(self, key: str, version_id: str, offset: int, length: int) -> bytes:
        """Return exactly these bytes, or fewer where the object ends. Errors: ObjectMissingError."""

    def size_bytes(self, key: str, version_id: str) -> int:
        """Return the size of an object. Errors: ObjectMissingError."""

    def versions(self, key: str) -> list[str]:
        """Return the version ids under a key, newest first; none when nothing lies there."""

    def keys(self, prefix: str = "") -> Iterator[str]:
        """Yield all keys, in no order, for comparing rows with the store."""

    def extend_lock(self, key: str, version_id: str, until: datetime.date) -> None:
        """Lock until a later day than now; a store that cannot lock does nothing and says so in `probe`."""

    def set_hold(self, key: str, version_id: str, on: bool) -> None:
        """Set or clear the store's own hold; a store that has none does nothing and says so in `probe`."""

    def delete_version(self, key: str, version_id: str) -> None:
        """Destroy one version; only `archive.storage.deletion` calls this. Errors: ObjectLockedError."""

    def discard_unfinished(self, key: str) -> None:
        """Remove what an interrupted write of this key left behind, sealed or not. Errors: ObjectLockedError."""

    def probe(self) -> dict[str, str]:
        """Say what the store enforces: `worm` is "not enforced" unless it was seen to refuse a deletion."""


def new_key(suffix: str = "") -> str:
    """Return a random key; two levels of folders keep directories small."""
    name = uuid4().hex
    return f"{name[:2]}/{name[2:4]}/{name}{suffix}"

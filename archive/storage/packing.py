"""Packs of one load while they are written, and their registration in the transaction of the rows that point there.

Write order: intent row → bytes → fsync and rename → one transaction with the object's row, rows and events. A crash
leaves an intent behind, and by it `recovery.py` finds what nobody points to.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from archive.storage.buckets import lock_until
from archive.storage.contract import Created, PendingObject, Store, new_key
from archive.storage.models import Location, StoredObject, Tier, WriteIntent
from archive.storage.pack import BLOCK, MOST_PACK_BYTES, PackWriter
from archive.storage.tiers import default_tier, store_of

MOST_OPEN_PACKS = 64
CLOSE_AFTER_BYTES = 256 * 1024 * 1024
CLOSE_AFTER_SECONDS = 5.0
INTENTS_AT_ONCE = 16

Group = tuple[int, int, str, str]
"""(unit id, class id, lock mode, expiry bucket): documents that are expected to expire together."""


@dataclass(eq=False, slots=True)
class OpenPack:
    """A pack being written; also the handle by which locators name it before it has a row."""

    group: Group
    pending: PendingObject
    writer: PackWriter
    latest_retain_until: datetime.date = datetime.date.min


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document was put: a pack that has no row yet, and the locator in it."""

    pack: OpenPack
    offset: int
    length: int
    blocks: bytes | None


@dataclass(frozen=True, slots=True)
class SealedPack:
    """A pack that is durable and waits to be registered."""

    pack: OpenPack
    created: Created
    tier: Tier
    sha256: bytes
    lock_until: datetime.date


@dataclass(slots=True)
class PackSet:
    """The packs that one load writes at the same time, one for each group.

    Shapes: `reference` says whose they are, in intents. They are closed together: when they hold 256 MiB, after five
    seconds, or when a 65th group comes.
    """

    reference: str
    tier: Tier = field(default_factory=default_tier)
    _open: dict[Group, OpenPack] = field(default_factory=dict)
    _full: list[OpenPack] = field(default_factory=list)
    _spare_keys: list[str] = field(default_factory=list)
    _bytes: int = 0
    _since: float = 0.0

    def add(
        self,
        group: Group,
        payload: bytes | Iterable[bytes],
        *,
        size_bytes: int,
        sha256: bytes,
        name: str,
        content_type: str,
        retain_until: datetime.date,
    ) -> Place:
        """Append a document to its group's pack.

        Shapes: `name` is unique and ASCII: the variant's public id with an extension.
        Errors: those of the store; ValueError as `PackWriter.add`.
        """
        pack = self._pack_for(group, size_bytes)
        member = pack.writer.add(name, payload, size_bytes=size_bytes, sha256=sha256, content_type=content_type)
        if retain_until > pack.latest_retain_until:
            pack.latest_retain_until = retain_until
        self._bytes += size_bytes + 2 * BLOCK
        return Place(pack, member.offset, member.length, member.blocks)

    def should_close(self) -> bool:
        """Tell whether it is time to make durable what was added."""
        if not self._open and not self._full:
            return False
        return (
            self._bytes >= CLOSE_AFTER_BYTES
            or time.monotonic() - self._since >= CLOSE_AFTER_SECONDS
            or len(self._open) >= MOST_OPEN_PACKS
        )

    def close_all(self) -> list[SealedPack]:
        """Seal all packs: when it returns, their bytes survive a power cut."""
        today = timezone.now().date()
        sealed: list[SealedPack] = []
        for pack in (*self._full, *self._open.values()):
            digest = pack.writer.finish()
            until = lock_until(
                lock_mode=pack.group[2],
                latest_retain_until=pack.latest_retain_until,
                size_bytes=pack.writer.size_bytes,
                today=today,
            )
            created = pack.pending.seal(lock_until=until)
            sealed.append(SealedPack(pack, created, self.tier, digest, until))
        self._forget()
        return sealed

    def discard(self) -> None:
        """Drop what is not sealed, with its intents."""
        keys = [pack.pending.key for pack in (*self._full, *self._open.values())]
        for pack in (*self._full, *self._open.values()):
            pack.pending.discard()
        self._forget()
        WriteIntent.objects.filter(key__in=[*keys, *self._spare_keys]).delete()
        self._spare_keys = []

    def drop_spare_keys(self) -> None:
        """Take back intents that were never used, at the end of a load."""
        if self._spare_keys:
            WriteIntent.objects.filter(key__in=self._spare_keys).delete()
            self._spare_keys = []

    def _forget(self) -> None:
        self._open, self._full, self._bytes = {}, [], 0

    def _pack_for(self, group: Group, size_bytes: int) -> OpenPack:
        pack = self._open.get(group)
        if pack is not None and pack.writer.documents and pack.writer.size_bytes + size_bytes > MOST_PACK_BYTES:
            self._full.append(self._open.pop(group))
            pack = None
        if pack is None:
            if not self._open and not self._full:
                self._since = time.monotonic()
            pending = self._store().begin(self._take_key())
            pack = self._open[group] = OpenPack(group, pending, PackWriter(pending.write))
        return pack

    def _take_key(self) -> str:
        if not self._spare_keys:
            self._spare_keys = [new_key(".tar") for _ in range(INTENTS_AT_ONCE)]
            declare_intents(self._spare_keys, tier=self.tier, reference=self.reference)
        return self._spare_keys.pop()

    def _store(self) -> Store:
        return store_of(self.tier)


def declare_intents(keys: Sequence[str], *, tier: Tier, reference: str) -> None:
    """Say which keys are about to be written."""
    now = timezone.now()
    with transaction.atomic():
        WriteIntent.objects.bulk_create(
            WriteIntent(tier=tier, key=key, reference=reference, created_at=now) for key in keys
        )


def register_sealed(sealed: Sequence[SealedPack]) -> Iterator[tuple[OpenPack, int]]:
    """Make the rows of sealed packs, in the transaction that is open, and end their intents.

    Shapes: yields (pack, stored object id).
    """
    now = timezone.now()
    for item in sealed:
        unit_id, class_id, lock_mode, bucket = item.pack.group
        stored_object = StoredObject.objects.create(
            kind=StoredObject.Kind.PACK,
            size_bytes=item.created.size_bytes,
            sha256=item.sha256,
            content_type="application/x-tar",
            unit_id=unit_id,
            class_id=class_id,
            lock_mode=lock_mode,
            bucket=bucket,
            live_documents=item.pack.writer.documents,
            created_at=now,
        )
        Location.objects.create(
            stored_object=stored_object,
            tier=item.tier,
            key=item.created.key,
            version_id=item.created.version_id,
            lock_until=item.lock_until,
            checked_at=now,
        )
        yield item.pack, stored_object.pk
    WriteIntent.objects.filter(key__in=[item.created.key for item in sealed]).delete()

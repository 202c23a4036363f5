"""Packs of one load while they are written, and their registration in the transaction of the rows that point there.

Write order: intent row → bytes → fsync and rename → one transaction with the object's row, rows and events. A crash
leaves an intent behind, and by it `recovery.py` finds what nobody points to.
"""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from archive.storage.buckets import lock_until
from archive.storage.contract import Created, PendingObject, Store, StoreError, new_key
from archive.storage.models import Location, StoredObject, Tier, WriteIntent
from archive.storage.pack import BLOCK, MOST_PACK_BYTES, PackWriter
from archive.storage.tiers import default_tier, store_of


class IntentLostError(StoreError):
    """The intent of a pack is gone: recovery took its write for broken off, and its bytes may be gone too."""


MOST_OPEN_PACKS = 64
MOST_OPEN_BYTES = 256 * 1024 * 1024
FEWEST_OPEN_BYTES = 32 * 1024 * 1024
ROUNDS_AT_LEAST = 12
CLOSE_AFTER_SECONDS = 5.0
INTENTS_AT_ONCE = 16
RENEW_INTENTS_AFTER_SECONDS = 3600.0

Group = tuple[int, int, str, str]
"""(unit id, class id, lock mode, expiry bucket): documents that are expected to expire together."""


@dataclass(eq=False, slots=True)
class OpenPack:
    """A pack being written.

    Shapes: `token` is a negative number by which locators name the pack before it has a row.
    """

    token: int
    group: Group
    pending: PendingObject
    writer: PackWriter
    latest_retain_until: datetime.date = datetime.date.min


class Place(NamedTuple):
    """Where a document was put: the token of a pack that has no row yet, and the locator in it."""

    token: int
    offset: int
    length: int
    blocks: bytes | None


@dataclass(frozen=True, slots=True)
class SealedPack:
    """A pack that is durable and waits to be registered: plain values, so that another process can do it."""

    token: int
    group: Group
    created: Created
    tier_id: int
    documents: int
    sha256: bytes
    lock_until: datetime.date


@dataclass(frozen=True, slots=True)
class ClosedPacks:
    """Packs that take no more documents. `seal` makes them durable, in whichever thread it is called."""

    packs: tuple[OpenPack, ...]
    tier: Tier

    def seal(self) -> list[SealedPack]:
        """Write what is left, sync and rename: when it returns, the bytes survive a power cut.

        Errors: those of the store. Packs that are sealed by then keep their intents, by which recovery finds them.
        """
        try:
            return self._seal()
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Drop what is not sealed; its intents stay, and with them recovery clears what could not be removed."""
        for pack in self.packs:
            with contextlib.suppress(StoreError):
                pack.pending.discard()

    def _seal(self) -> list[SealedPack]:
        today = timezone.now().date()
        sealed: list[SealedPack] = []
        for pack in self.packs:
            until = lock_until(
                lock_mode=pack.group[2],
                latest_retain_until=pack.latest_retain_until,
                size_bytes=pack.writer.size_bytes,
                today=today,
            )
            digest = pack.pending.sha256()  # read back here, where it keeps nobody from reading on
            created = pack.pending.seal(lock_until=until)
            sealed.append(
                SealedPack(pack.token, pack.group, created, self.tier.pk, pack.writer.documents, digest, until)
            )
        return sealed


@dataclass(slots=True)
class PackSet:
    """The packs that one load writes at the same time, one for each group.

    Shapes: `reference` says whose they are, in intents. They are closed together: when they hold a twelfth of what is
    expected in all (32 to 256 MiB), after five seconds, or when a 65th group comes. Rows of one round are committed
    while the next is read, so a short load needs several rounds, and a long one large packs.
    """

    reference: str
    expected_bytes: int = 0
    tier: Tier = field(default_factory=default_tier)
    _open: dict[Group, OpenPack] = field(default_factory=dict)
    _full: list[OpenPack] = field(default_factory=list)
    _spare_keys: list[str] = field(default_factory=list)
    _declared_at: float = 0.0
    _last_token: int = 0
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
        return Place(pack.token, member.offset, member.length, member.blocks)

    @property
    def needs_rounds(self) -> bool:
        """Tell whether what is expected is more than is held at once."""
        return self.expected_bytes > self._round_bytes

    def should_close(self) -> bool:
        """Tell whether it is time to make durable what was added."""
        if not self._open and not self._full:
            return False
        return (
            self._bytes >= self._round_bytes
            or time.monotonic() - self._since >= CLOSE_AFTER_SECONDS
            or len(self._open) >= MOST_OPEN_PACKS
        )

    def close(self) -> ClosedPacks:
        """Finish all packs; documents that come next go into new ones."""
        packs = (*self._full, *self._open.values())
        for pack in packs:
            pack.writer.finish()
        self._forget()
        return ClosedPacks(packs, self.tier)

    def discard(self) -> None:
        """Drop what is not sealed, with its intents; of what the store does not let go the intent stays."""
        keys = self._spare_keys
        for pack in (*self._full, *self._open.values()):
            with contextlib.suppress(StoreError):
                pack.pending.discard()
                keys.append(pack.pending.key)
        self._forget()
        WriteIntent.objects.filter(key__in=keys).delete()
        self._spare_keys = []

    def drop_spare_keys(self) -> None:
        """Take back intents that were never used, at the end of a load."""
        if self._spare_keys:
            WriteIntent.objects.filter(key__in=self._spare_keys).delete()
            self._spare_keys = []

    @property
    def _round_bytes(self) -> int:
        return min(max(self.expected_bytes // ROUNDS_AT_LEAST, FEWEST_OPEN_BYTES), MOST_OPEN_BYTES)

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
            self._last_token -= 1
            pack = self._open[group] = OpenPack(self._last_token, group, pending, PackWriter(pending.write))
        return pack

    def _take_key(self) -> str:
        if not self._spare_keys:
            self._spare_keys = [new_key(".tar") for _ in range(INTENTS_AT_ONCE)]
            declare_intents(self._spare_keys, tier=self.tier, reference=self.reference)
            self._declared_at = time.monotonic()
        key = self._spare_keys.pop()
        if time.monotonic() - self._declared_at > RENEW_INTENTS_AFTER_SECONDS:
            _renew_intent(key, tier=self.tier, reference=self.reference)
        return key

    def _store(self) -> Store:
        return store_of(self.tier)


def declare_intents(keys: Sequence[str], *, tier: Tier, reference: str) -> None:
    """Say which keys are about to be written."""
    now = timezone.now()
    with transaction.atomic():
        WriteIntent.objects.bulk_create(
            WriteIntent(tier=tier, key=key, reference=reference, created_at=now) for key in keys
        )


def _renew_intent(key: str, *, tier: Tier, reference: str) -> None:
    """Make an intent that waited long look new, so that recovery does not take a running load for broken off."""
    if not WriteIntent.objects.filter(key=key).update(created_at=timezone.now()):
        declare_intents([key], tier=tier, reference=reference)


def register_sealed(sealed: Sequence[SealedPack]) -> dict[int, int]:
    """Make the rows of sealed packs, in the transaction that is open, and end their intents.

    Shapes: returns stored object ids by token.
    Errors: IntentLostError, which rolls the transaction back.
    """
    ids: dict[int, int] = {}
    now = timezone.now()
    for item in sealed:
        unit_id, class_id, lock_mode, bucket = item.group
        stored_object = StoredObject.objects.create(
            kind=StoredObject.Kind.PACK,
            size_bytes=item.created.size_bytes,
            sha256=item.sha256,
            content_type="application/x-tar",
            unit_id=unit_id,
            class_id=class_id,
            lock_mode=lock_mode,
            bucket=bucket,
            live_documents=item.documents,
            created_at=now,
        )
        Location.objects.create(
            stored_object=stored_object,
            tier_id=item.tier_id,
            key=item.created.key,
            version_id=item.created.version_id,
            lock_until=item.lock_until,
            checked_at=now,
        )
        ids[item.token] = stored_object.pk
    end_intents([item.created.key for item in sealed])
    return ids


def end_intents(keys: Sequence[str]) -> None:
    """End the intents of objects that get their rows, in the transaction that is open.

    Errors: IntentLostError when one is gone, for then recovery has removed its bytes or will.
    """
    ended, _ = WriteIntent.objects.filter(key__in=keys).delete()
    if ended != len(keys):
        raise IntentLostError(
            "An object was cleared away before it was registered. Nothing of it was committed; "
            "resume the load or start the work again."
        )

"""Merge small packs of one group into large ones, while readers go on.

The new pack is written, sealed and registered first, empty; then documents are pointed to it in slices, a transaction
each, so that no writer waits long. Bytes lie in both packs until the last slice of an old one, which marks it merged.
A run that breaks off leaves documents in either pack, with right counts; the next one merges what is left, and gives up
a new pack that no document came to.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from django.db import transaction
from django.db.models import F

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.storage.buckets import FULL_PACK_BYTES
from archive.storage.contract import ObjectLockedError, ObjectMissingError, StoreError
from archive.storage.deletion import ObjectInUseError, delete_bytes
from archive.storage.holders import Held, LocatorHolder, holders
from archive.storage.models import StoredObject
from archive.storage.pack import MOST_PACK_BYTES
from archive.storage.packing import Group, PackSet, Place, SealedPack, register_sealed
from archive.storage.reading import DamagedObjectError, Locator, stream

FEWEST_TO_MERGE = 4
SLICE_DOCUMENTS = 500
"""How many documents are pointed elsewhere in one transaction, at most."""

logger = logging.getLogger(__name__)


class Move(NamedTuple):
    """A document that was copied: the holder's key of its row, and where its bytes lie in the new pack."""

    holder: LocatorHolder
    reference: tuple[int, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Emptied:
    """A small pack whose documents were copied."""

    pack: StoredObject
    moves: list[Move]


def merge_small_packs(*, actor: Actor, seconds: float = 60.0, heartbeat: Callable[[], object] = lambda: None) -> int:
    """Merge what can be merged, for at most about `seconds`; returns how many small packs were replaced.

    Shapes: `heartbeat` is called between transactions and while bytes are copied, and may end the work by raising.
    """
    deadline = time.monotonic() + seconds
    give_up_unused(actor=actor)
    merged = 0
    for group, packs in list(_groups()):
        if time.monotonic() > deadline:
            break
        try:
            for emptied, into in _copied(group, packs, heartbeat):
                _empty(emptied, into, actor, heartbeat)
                merged += 1
        except (DamagedObjectError, ObjectMissingError, ObjectInUseError) as error:
            # What was moved stays moved; a damaged pack is left out next time.
            logger.warning("Packs of group %s were not all merged: %s", group, error)
    return merged


def give_up_unused(*, actor: Actor) -> int:
    """Give up new packs that no document came to, since their merge broke off or lost a race; returns how many.

    Shapes: other packs are registered in the transaction of their documents, so none of these is ever a load's.
    """
    unused = StoredObject.objects.filter(kind=StoredObject.Kind.PACK, state=StoredObject.State.SEALED, live_documents=0)
    given_up = 0
    for pack in list(unused):
        with transaction.atomic():
            if any(holder.points_to(pack.pk) for holder in holders()):
                continue
            if unused.filter(pk=pack.pk).update(state=StoredObject.State.MERGED):
                audit.record(actor=actor, verb=Verb.PACK_MERGED, subject=pack, documents=0)
                given_up += 1
    return given_up


def delete_merged_packs(*, actor: Actor, heartbeat: Callable[[], object] = lambda: None) -> int:
    """Destroy packs whose documents all lie elsewhere now, once their lock has ended; returns how many.

    Shapes: `heartbeat` is called before each, and may end the work by raising.
    """
    deleted = 0
    for stored_object in StoredObject.objects.filter(kind=StoredObject.Kind.PACK, state=StoredObject.State.MERGED):
        heartbeat()
        try:
            delete_bytes(stored_object, actor=actor)
        except (ObjectLockedError, ObjectInUseError):
            continue
        except StoreError as error:
            logger.warning("%s is not deleted yet; it is tried again: %s", stored_object, error)
            continue
        deleted += 1
    return deleted


def _groups() -> Iterator[tuple[Group, list[StoredObject]]]:
    packs = StoredObject.objects.filter(
        kind=StoredObject.Kind.PACK,
        state=StoredObject.State.SEALED,
        size_bytes__lt=FULL_PACK_BYTES,
        live_documents__gt=0,  # none yet: another run's new pack
    ).order_by("unit_id", "class_id", "lock_mode", "bucket", "pk")
    for (unit_id, class_id, lock_mode, bucket), found in groupby(
        packs, key=lambda pack: (pack.unit_id, pack.class_id, pack.lock_mode, pack.bucket)
    ):
        chosen: list[StoredObject] = []
        total = 0
        for pack in found:
            if total + pack.size_bytes > MOST_PACK_BYTES:
                break
            chosen.append(pack)
            total += pack.size_bytes
        if len(chosen) >= FEWEST_TO_MERGE and unit_id is not None and class_id is not None:
            yield (unit_id, class_id, lock_mode, bucket), chosen


def _copied(
    group: Group, packs: list[StoredObject], heartbeat: Callable[[], object]
) -> Iterator[tuple[Emptied, int | None]]:
    """Copy all documents into a new pack and register it; then yield each old pack, with the id of the new one.

    Shapes: no id where there is no document at all. Packs that are merged come to one: together they are small enough.
    """
    pack_set = PackSet(reference="merge")
    try:
        emptied = [Emptied(pack, _copy_all(pack_set, group, pack, heartbeat)) for pack in packs]
        sealed = pack_set.close().seal()
    except BaseException:
        pack_set.discard()
        raise
    into = _register(sealed)
    pack_set.drop_spare_keys()
    yield from ((each, into) for each in emptied)


def _register(sealed: list[SealedPack]) -> int | None:
    """Make the new pack's row: it has no document yet, and counts those that come."""
    with transaction.atomic():
        ids = list(register_sealed(sealed).values())
        StoredObject.objects.filter(pk__in=ids).update(live_documents=0)
    assert len(ids) <= 1, "what is merged fits into one pack"
    return ids[0] if ids else None


def _copy_all(pack_set: PackSet, group: Group, pack: StoredObject, heartbeat: Callable[[], object]) -> list[Move]:
    moves: list[Move] = []
    for holder in holders():
        for held in holder.held(pack.pk):
            heartbeat()
            moves.append(Move(holder, held.reference, _copy(pack_set, group, pack, held).offset))
    return moves


def _copy(pack_set: PackSet, group: Group, pack: StoredObject, held: Held) -> Place:
    locator = Locator(pack.pk, held.offset, held.length, held.sha256, held.blocks)
    payload = stream(locator, 0, held.length)
    return pack_set.add(
        group,
        b"".join(payload) if held.blocks is None else payload,
        size_bytes=held.length,
        sha256=held.sha256,
        name=held.name,
        content_type=held.content_type,
        retain_until=held.retain_until,
    )


def _empty(emptied: Emptied, into: int | None, actor: Actor, heartbeat: Callable[[], object]) -> None:
    """Point all documents of a pack to the new one, slice by slice; the transaction of the last marks it merged."""
    pack, moves = emptied.pack, emptied.moves
    for at in range(0, max(len(moves), 1), SLICE_DOCUMENTS):
        heartbeat()
        with transaction.atomic():
            if into is not None and moves:
                _repoint(pack, into, moves[at : at + SLICE_DOCUMENTS])
            if at + SLICE_DOCUMENTS >= len(moves):
                _mark_merged(pack, into, len(moves), actor)


def _repoint(pack: StoredObject, into: int, moves: list[Move]) -> None:
    """Move one slice, in the transaction that is open. Errors: ObjectInUseError, which rolls it back."""
    for holder, of_holder in groupby(moves, key=lambda move: move.holder):
        targets = [(move.reference, into, move.offset) for move in of_holder]
        if holder.repoint(pack.pk, targets) != len(targets):
            raise ObjectInUseError(f"Documents of {pack} were moved by somebody else; it is tried again later.")
    count = len(moves)
    taken = StoredObject.objects.filter(pk=into, state=StoredObject.State.SEALED).update(
        live_documents=F("live_documents") + count
    )
    if not taken:
        raise ObjectInUseError(f"Object {into} takes no documents any more; {pack} is tried again later.")
    StoredObject.objects.filter(pk=pack.pk).update(live_documents=F("live_documents") - count)


def _mark_merged(pack: StoredObject, into: int | None, documents: int, actor: Actor) -> None:
    """Mark a pack that nothing points into any more. Errors: ObjectInUseError, which rolls the last slice back."""
    if any(holder.points_to(pack.pk) for holder in holders()):
        raise ObjectInUseError(f"{pack} got documents while it was merged; it is tried again later.")
    there = StoredObject.objects.filter(pk=pack.pk, state__in=(StoredObject.State.SEALED, StoredObject.State.DAMAGED))
    if not there.update(state=StoredObject.State.MERGED, live_documents=0, merged_into=into):
        raise ObjectInUseError(f"{pack} was merged by somebody else.")
    audit.record(
        actor=actor, verb=Verb.PACK_MERGED, subject=pack, documents=documents, into=[into] if into is not None else []
    )

"""Merge small packs of one group into large ones, while readers go on.

The new pack is written and sealed first; then one transaction points the documents to it. A crash before leaves an
unused object that recovery clears; a crash after leaves old packs without documents, deleted when their lock has ended.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from itertools import groupby

from django.db import transaction

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.storage.buckets import FULL_PACK_BYTES
from archive.storage.contract import ObjectLockedError, ObjectMissingError, StoreError
from archive.storage.deletion import ObjectInUseError, delete_bytes
from archive.storage.holders import Held, LocatorHolder, holders
from archive.storage.models import StoredObject
from archive.storage.pack import MOST_PACK_BYTES
from archive.storage.packing import Group, PackSet, Place, register_sealed
from archive.storage.reading import DamagedObjectError, Locator, stream

FEWEST_TO_MERGE = 4

logger = logging.getLogger(__name__)


def merge_small_packs(*, actor: Actor, seconds: float = 60.0) -> int:
    """Merge what can be merged, for at most about `seconds`; returns how many small packs were replaced."""
    deadline = time.monotonic() + seconds
    merged = 0
    for group, packs in list(_groups()):
        if time.monotonic() > deadline:
            break
        try:
            merged += _merge(group, packs, actor)
        except (DamagedObjectError, ObjectMissingError, ObjectInUseError) as error:
            # The group changed nothing; a damaged pack is left out next time.
            logger.warning("Packs of group %s were not merged: %s", group, error)
    return merged


def delete_merged_packs(*, actor: Actor) -> int:
    """Destroy packs whose documents all lie elsewhere now, once their lock has ended; returns how many."""
    deleted = 0
    for stored_object in StoredObject.objects.filter(kind=StoredObject.Kind.PACK, state=StoredObject.State.MERGED):
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
        kind=StoredObject.Kind.PACK, state=StoredObject.State.SEALED, size_bytes__lt=FULL_PACK_BYTES
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


def _merge(group: Group, packs: list[StoredObject], actor: Actor) -> int:
    pack_set = PackSet(reference="merge")
    moves: list[tuple[LocatorHolder, StoredObject, Held, Place]] = []
    try:
        for pack in packs:
            for holder in holders():
                for held in holder.held(pack.pk):
                    moves.append((holder, pack, held, _copy(pack_set, group, pack, held)))
        sealed = pack_set.close().seal()
    except BaseException:
        pack_set.discard()
        raise
    with transaction.atomic():
        ids = register_sealed(sealed)
        _repoint(moves, ids)
        for pack in packs:
            StoredObject.objects.filter(pk=pack.pk).update(
                state=StoredObject.State.MERGED, live_documents=0, merged_into=next(iter(ids.values()), None)
            )
            audit.record(actor=actor, verb=Verb.PACK_MERGED, subject=pack, into=sorted(ids.values()))
    pack_set.drop_spare_keys()
    return len(packs)


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


def _repoint(moves: list[tuple[LocatorHolder, StoredObject, Held, Place]], ids: dict[int, int]) -> None:
    by_holder: dict[tuple[int, int], tuple[LocatorHolder, int, list[tuple[tuple[int, ...], int, int]]]] = {}
    for holder, pack, held, place in moves:
        key = (id(holder), pack.pk)
        entry = by_holder.setdefault(key, (holder, pack.pk, []))
        entry[2].append((held.reference, ids[place.token], place.offset))
    for holder, object_id, targets in by_holder.values():
        holder.repoint(object_id, targets)
        if holder.points_to(object_id):
            raise ObjectInUseError(f"Object {object_id} got documents while it was merged; it is tried again later.")

"""Repair damaged copies: from a good copy elsewhere, or because the copy itself is whole again.

Keys are never written twice, so a repair writes a new copy and gives up the damaged one. A copy that was damaged but is
whole again, as after somebody put a backup in its place, is taken back as it is.
Source: design.md "Storage"; requirements F-10.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from django.db import transaction
from django.utils import timezone

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.storage.contract import Created, ObjectMissingError, PendingObject, StoreError, new_key
from archive.storage.deletion import finish_deletions, give_up, is_protected
from archive.storage.models import Incident, Location, StoredObject
from archive.storage.pack import CHECKED_BLOCK_BYTES
from archive.storage.packing import declare_intents, end_intents
from archive.storage.reading import report_damage
from archive.storage.tiers import store_of

logger = logging.getLogger(__name__)


class CopyChangedError(StoreError):
    """A copy was repaired or deleted by somebody else meanwhile."""


def repair_damaged(*, actor: Actor, seconds: float = 60.0, heartbeat: Callable[[], object] = lambda: None) -> int:
    """Repair what can be repaired, for at most about `seconds`; returns how many copies are good again.

    Shapes: `heartbeat` is called before each copy, and may end the work by raising.
    """
    deadline = time.monotonic() + seconds
    incidents = Incident.objects.filter(repaired_at__isnull=True).exclude(location__state=Location.State.DELETED)
    # One incident tells of a copy; copies that were looked at longest ago come first.
    by_copy = {incident.location_id: incident for incident in incidents.order_by("location__checked_at", "pk")}
    repaired = 0
    for incident in by_copy.values():
        if time.monotonic() > deadline:
            break
        heartbeat()
        try:
            repaired += repair(incident, actor=actor)
        except StoreError as error:
            logger.warning("Incident %s is not repaired yet; it is tried again: %s", incident, error)
    return repaired


def repair(incident: Incident, *, actor: Actor) -> bool:
    """Make the damaged copy of an incident good again, and close all incidents of that copy; tell whether it could.

    Shapes: False while no copy of the object is whole: the incident stays open.
    Errors: those of the store; CopyChangedError. Nothing is changed then.
    """
    damaged = Location.objects.select_related("tier", "stored_object").get(pk=incident.location_id)
    if _is_whole(damaged):
        _take_back(damaged, actor)
        return True
    for good in _good_copies(damaged):
        created = _copy(good, damaged)
        if created is not None:
            _replace(damaged, good, created, actor)
            finish_deletions()
            return True
    Location.objects.filter(pk=damaged.pk).update(checked_at=timezone.now())
    return False


def _good_copies(damaged: Location) -> list[Location]:
    copies = Location.objects.filter(stored_object=damaged.stored_object_id, state=Location.State.GOOD)
    return list(copies.exclude(pk=damaged.pk).select_related("tier", "stored_object").order_by("pk"))


def _is_whole(location: Location) -> bool:
    digest = hashlib.sha256()
    try:
        for piece in _pieces(location):
            digest.update(piece)
    except ObjectMissingError:
        return False
    return digest.digest() == bytes(location.stored_object.sha256)


def _pieces(location: Location) -> Iterator[bytes]:
    """Yield the whole object; one byte is asked for beyond its end, so that a longer file differs too."""
    store, at = store_of(location.tier), 0
    while piece := store.read_range(location.key, location.version_id, at, CHECKED_BLOCK_BYTES):
        yield piece
        at += len(piece)
        if at > location.stored_object.size_bytes:
            return


def _copy(good: Location, damaged: Location) -> Created | None:
    """Write a copy beside the damaged one, in its tier and under its lock; nothing when the good one is damaged too."""
    key = new_key(PurePosixPath(damaged.key).suffix)
    declare_intents([key], tier=damaged.tier, reference=f"repair of object {damaged.stored_object_id}")
    pending = store_of(damaged.tier).begin(key)
    try:
        problem = _fill(pending, good)
        if not problem:
            return pending.seal(lock_until=damaged.lock_until)
    except BaseException:
        pending.discard()  # the intent stays: sealing may have failed after the rename
        raise
    pending.discard()
    report_damage(good, offset=0, length=good.stored_object.size_bytes, problem=problem)
    return None


def _fill(pending: PendingObject, good: Location) -> str:
    """Write all bytes of a copy; returns what is wrong with them, or nothing."""
    digest = hashlib.sha256()
    try:
        for piece in _pieces(good):
            digest.update(piece)
            pending.write(piece)
    except ObjectMissingError:
        return "the object is missing"
    return "" if digest.digest() == bytes(good.stored_object.sha256) else "bytes differ from their SHA-256"


def _take_back(location: Location, actor: Actor) -> None:
    with transaction.atomic():
        _claim(location, Location.State.GOOD)
        _close(location, actor, to=location.pk)


def _replace(damaged: Location, good: Location, created: Created, actor: Actor) -> None:
    if damaged.hold:
        store_of(damaged.tier).set_hold(created.key, created.version_id, True)
    with transaction.atomic():
        _claim(damaged, Location.State.DAMAGED)
        fresh = Location.objects.create(
            stored_object=damaged.stored_object,
            tier=damaged.tier,
            key=created.key,
            version_id=created.version_id,
            lock_until=damaged.lock_until,
            hold=damaged.hold,
            checked_at=timezone.now(),
        )
        end_intents([created.key])
        if not is_protected(damaged):  # else it stays, read last, until the object goes
            give_up([damaged])
        _close(damaged, actor, source=good.pk, to=fresh.pk)


def _claim(location: Location, state: str) -> None:
    """Set the state of the copy. Errors: CopyChangedError when it is not damaged any more."""
    damaged = Location.objects.filter(pk=location.pk, state=Location.State.DAMAGED)
    still = Incident.objects.filter(location=location, repaired_at__isnull=True).exists()
    if not still or not damaged.update(state=state, checked_at=timezone.now()):
        raise CopyChangedError(f"Copy {location.pk} was repaired or deleted by somebody else meanwhile.")


def _close(location: Location, actor: Actor, *, to: int, source: int | None = None) -> None:
    """Close all incidents of a copy and record it."""
    closed = Incident.objects.filter(location=location, repaired_at__isnull=True)
    incidents = sorted(closed.values_list("pk", flat=True))
    closed.update(repaired_at=timezone.now())
    StoredObject.objects.filter(pk=location.stored_object_id, state=StoredObject.State.DAMAGED).update(
        state=StoredObject.State.SEALED
    )
    audit.record(
        actor=actor,
        verb=Verb.OBJECT_REPAIRED,
        subject=location.stored_object,
        incidents=incidents,
        damaged=location.pk,
        source=source,
        good=to,
    )

"""Verified reads: no byte leaves before the digest over it was checked. A mismatch is an incident, never an answer.

Source: design.md "Storage"; requirements F-10.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.storage.contract import ObjectMissingError, StoreError, StoreUnavailableError
from archive.storage.models import Incident, Location, StoredObject
from archive.storage.pack import CHECKED_BLOCK_BYTES
from archive.storage.tiers import store_of


class DamagedObjectError(StoreError):
    """The stored bytes are not those that were archived; they are not shown."""

    def __init__(self, incident: Incident) -> None:
        message = _("This document failed its check and is not shown. Incident %(incident)s is with operations.")
        super().__init__(message % {"incident": incident})
        self.incident = incident


@dataclass(frozen=True, slots=True)
class Locator:
    """Where a document's bytes lie, and what they must be.

    Shapes: `blocks` is a SHA-256 for each MiB, joined, for documents over 4 MiB; others are checked whole.
    """

    object_id: int
    offset: int
    length: int
    sha256: bytes
    blocks: bytes | None = None


def read_whole(locator: Locator) -> bytes:
    """Return all bytes of a document, verified. Meant for small ones; `stream` takes any size."""
    return b"".join(stream(locator, 0, locator.length))


def stream(locator: Locator, start: int, end: int) -> Iterator[bytes]:
    """Yield the bytes from `start` up to but without `end`, verified block by block.

    Shapes: only the blocks that the range touches are read. The first block is checked before this returns.
    Errors: DamagedObjectError; errors of the store. Those of later blocks come while iterating: whoever sends them must
    break the answer off.
    """
    pieces = _pieces(locator, start, end)
    first = next(pieces, b"")

    def rest() -> Iterator[bytes]:
        yield first
        yield from pieces

    return rest()


def _pieces(locator: Locator, start: int, end: int) -> Iterator[bytes]:
    if start >= end:
        if not locator.length:
            _verified(locator, 0, 0, locator.sha256)
        return
    if locator.blocks is None:
        yield _verified(locator, 0, locator.length, locator.sha256)[start:end]
        return
    for number in range(start // CHECKED_BLOCK_BYTES, (end - 1) // CHECKED_BLOCK_BYTES + 1):
        at = number * CHECKED_BLOCK_BYTES
        length = min(CHECKED_BLOCK_BYTES, locator.length - at)
        block = _verified(locator, at, length, locator.blocks[32 * number : 32 * number + 32])
        yield block[max(start - at, 0) : end - at]


def _verified(locator: Locator, at: int, length: int, sha256: bytes) -> bytes:
    """Return one checked piece from the first location that has it; damaged ones before it become incidents."""
    incidents: list[Incident] = []
    unavailable: StoreUnavailableError | None = None
    for location in _locations(locator.object_id):
        try:
            data = store_of(location.tier).read_range(location.key, location.version_id, locator.offset + at, length)
            problem = "" if hashlib.sha256(data).digest() == sha256 else "bytes differ from their SHA-256"
        except ObjectMissingError:
            data, problem = b"", "the object is missing"
        except StoreUnavailableError as error:
            unavailable = error  # another location may answer; no incident, for the bytes may be fine
            continue
        if not problem:
            return data
        incident = report_damage(location, offset=locator.offset + at, length=length, problem=problem)
        if incident is not None:
            incidents.append(incident)
    if unavailable is not None:
        raise unavailable
    if not incidents:
        raise ObjectMissingError(f"Object {locator.object_id} has no location that can be read.")
    raise DamagedObjectError(incidents[0])


def _locations(object_id: int) -> list[Location]:
    """Return the locations of an object, good ones first; those known as damaged are tried last."""
    locations = Location.objects.filter(stored_object=object_id).exclude(state=Location.State.DELETED)
    return sorted(locations.select_related("tier"), key=lambda location: location.state != Location.State.GOOD)


def report_damage(location: Location, *, offset: int, length: int, problem: str) -> Incident | None:
    """Write an incident, once for each place while it is open, and mark the location damaged.

    Shapes: nothing when the location was deleted meanwhile: whoever reads a pack that was merged is late, and nothing
    is damaged.
    """
    open_incidents = Incident.objects.filter(location=location, offset=offset, repaired_at__isnull=True)
    known = open_incidents.first()
    if known is not None:
        return known
    try:
        with transaction.atomic():
            return _write_incident(location, offset, length, problem)
    except IntegrityError:
        written = open_incidents.first()
        if written is None:
            raise  # nobody was first: it could not be written or recorded
        return written


def _write_incident(location: Location, offset: int, length: int, problem: str) -> Incident | None:
    there = Location.objects.filter(pk=location.pk).exclude(state=Location.State.DELETED)
    if not there.update(state=Location.State.DAMAGED):
        return None
    stored_object = StoredObject.objects.get(pk=location.stored_object_id)
    if not Location.objects.filter(stored_object=stored_object, state=Location.State.GOOD).exists():
        StoredObject.objects.filter(pk=stored_object.pk, state=StoredObject.State.SEALED).update(
            state=StoredObject.State.DAMAGED
        )
    incident = Incident.objects.create(
        stored_object=stored_object,
        location=location,
        offset=offset,
        length=length,
        problem=problem,
        found_at=timezone.now(),
    )
    audit.record(
        actor=Actor.system("verified read"),
        verb=Verb.OBJECT_DAMAGED,
        subject=stored_object,
        outcome="failed",
        reason=problem,
        incident=incident.pk,
        offset=offset,
        length=length,
    )
    return incident

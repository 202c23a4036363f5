"""The one function that destroys stored bytes. It refuses while a locator, a hold or a lock is there."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.storage.contract import ObjectLockedError, ObjectMissingError, StoreError
from archive.storage.holders import holders
from archive.storage.models import Location, StoredObject, WriteIntent
from archive.storage.tiers import store_of

DELETING = "delete"

logger = logging.getLogger(__name__)


class ObjectInUseError(StoreError):
    """Something still points into the object, or holds it."""


def delete_bytes(stored_object: StoredObject, *, actor: Actor) -> None:
    """Destroy all copies of an object that nothing needs any more.

    Errors: ObjectInUseError; ObjectLockedError while a lock runs. Nothing is destroyed then.
    Source: design.md "Storage"; requirements R-14, R-16.
    """
    with transaction.atomic():
        locked = StoredObject.objects.select_for_update().get(pk=stored_object.pk)
        locations = list(
            Location.objects.filter(stored_object=locked).exclude(state=Location.State.DELETED).select_related("tier")
        )
        _refuse_if_needed(locked, locations)
        give_up(locations)
        StoredObject.objects.filter(pk=locked.pk).update(state=StoredObject.State.DELETED)
        audit.record(
            actor=actor,
            verb=Verb.OBJECT_DELETED,
            subject=locked,
            sha256=bytes(locked.sha256).hex(),
            bytes=locked.size_bytes,
            locations=len(locations),
        )
    # After the commit: what a crash here leaves undone is found by the intents and finished.
    for location in locations:
        _destroy(location)


def give_up(locations: Sequence[Location]) -> None:
    """Decide that copies go, in the transaction that is open; `finish_deletions` destroys them once it is committed."""
    Location.objects.filter(pk__in=[location.pk for location in locations]).update(state=Location.State.DELETED)
    WriteIntent.objects.bulk_create(
        WriteIntent(tier=location.tier, key=location.key, reference=DELETING, created_at=timezone.now())
        for location in locations
    )


def is_protected(location: Location) -> bool:
    """Tell whether a hold or a running lock keeps a copy from being destroyed."""
    return location.hold or (location.lock_until is not None and location.lock_until > timezone.now().date())


def finish_deletions() -> int:
    """Destroy what was given up and is still there, as after a crash; returns how many.

    Shapes: a copy that its store does not let go stays for the next time, and keeps nothing else from going.
    """
    keys = WriteIntent.objects.filter(reference=DELETING).values_list("key", flat=True)
    left = list(Location.objects.filter(key__in=list(keys), state=Location.State.DELETED).select_related("tier"))
    destroyed = 0
    for location in left:
        try:
            _destroy(location)
        except StoreError as error:
            logger.warning("Copy %s is not deleted yet; it is tried again: %s", location.pk, error)
            continue
        destroyed += 1
    return destroyed


def _destroy(location: Location) -> None:
    with contextlib.suppress(ObjectMissingError):
        store_of(location.tier).delete_version(location.key, location.version_id)
    WriteIntent.objects.filter(key=location.key, reference=DELETING).delete()


def _refuse_if_needed(stored_object: StoredObject, locations: list[Location]) -> None:
    if any(holder.points_to(stored_object.pk) for holder in holders()):
        raise ObjectInUseError(f"{stored_object} still has documents.")
    for location in locations:
        if location.hold:
            raise ObjectInUseError(f"{stored_object} is under a hold.")
        if is_protected(location):
            raise ObjectLockedError(f"{stored_object} is locked until {location.lock_until}.")

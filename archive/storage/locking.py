"""Renew rolling locks before they run out, while something in the pack still has to be kept.

Source: model.md §4: small packs keep a rolling lock of 7 days until they are merged, packs of lock mode `rolling` one
of 12 months. A pack of mode `full` is locked once, until its latest date, and never longer.
"""

from __future__ import annotations

import datetime
import logging
import time
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.storage.buckets import renewed_lock
from archive.storage.contract import StoreError
from archive.storage.holders import holders
from archive.storage.models import Location, StoredObject
from archive.storage.tiers import store_of

RENEW_DAYS_BEFORE = 3
LOCKS_AT_ONCE = 500
KEPT = (StoredObject.State.SEALED, StoredObject.State.DAMAGED)

logger = logging.getLogger(__name__)


def renew_locks(*, actor: Actor, seconds: float = 60.0, heartbeat: Callable[[], object] = lambda: None) -> int:
    """Renew the locks that run out within three days, for at most about `seconds`; returns how many.

    Shapes: the store first, then the rows with one event for all: a crash between leaves a lock that is longer than its
    row says, and the next run renews it again. One that its store does not renew keeps no other from it.
    """
    deadline = time.monotonic() + seconds
    today = timezone.now().date()
    extended: list[tuple[Location, datetime.date]] = []
    for location in _ending(today):
        heartbeat()
        until = _wanted(location, today)
        if until is not None and _extend(location, until):
            extended.append((location, until))
        if len(extended) >= LOCKS_AT_ONCE or time.monotonic() > deadline:
            break
    _write(extended, actor)
    return len(extended)


def _ending(today: datetime.date) -> list[Location]:
    """Return copies of packs with documents whose lock ends soon or has ended, the most urgent first."""
    ending = Location.objects.filter(
        lock_until__lte=today + datetime.timedelta(days=RENEW_DAYS_BEFORE),
        stored_object__kind=StoredObject.Kind.PACK,
        stored_object__state__in=KEPT,
        stored_object__live_documents__gt=0,
    ).exclude(state=Location.State.DELETED)
    return list(ending.select_related("tier", "stored_object").order_by("lock_until", "pk"))


def _wanted(location: Location, today: datetime.date) -> datetime.date | None:
    """Return until when to lock, or nothing where the lock is not renewed."""
    pack = location.stored_object
    until = renewed_lock(lock_mode=pack.lock_mode, size_bytes=pack.size_bytes, today=today)
    if until is None or (location.lock_until is not None and location.lock_until >= until):
        return None
    dates = [date for holder in holders() if (date := holder.latest_retain_until(pack.pk)) is not None]
    return until if dates and max(dates) >= today else None


def _extend(location: Location, until: datetime.date) -> bool:
    try:
        store_of(location.tier).extend_lock(location.key, location.version_id, until)
    except StoreError as error:
        logger.warning("The lock of copy %s is not renewed yet; it is tried again: %s", location.pk, error)
        return False
    return True


def _write(extended: list[tuple[Location, datetime.date]], actor: Actor) -> None:
    if not extended:
        return
    with transaction.atomic():
        for location, until in extended:
            Location.objects.filter(pk=location.pk).update(lock_until=until)
        audit.record(
            actor=actor,
            verb=Verb.LOCKS_RENEWED,
            subject=("storage", "locks"),
            locations=len(extended),
            objects=len({location.stored_object_id for location, _ in extended}),
            until=max(until for _, until in extended).isoformat(),
        )

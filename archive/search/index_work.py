"""The word index as background work: in slices, so that other work gets its turn; and the wish to build it again."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from archive import audit, work
from archive.audit.actor import Actor
from archive.audit.rights import require
from archive.audit.verbs import Verb
from archive.search.indexing import Heartbeat, index_waiting, rebuild, report
from archive.search.words.database import reader
from archive.search.words.writer import IndexBusyError
from archive.work.leases import Lease, ToBeContinued

INDEX, REBUILD = "search.index", "search.rebuild"
KEY = "all"
SLICE_SECONDS = 20.0
REBUILD_PERMISSION = "archive.run_loads"
SUBJECT = ("index", "words")


def run_index(lease: Lease) -> dict[str, Any]:
    """Index what waits for a while; whoever else writes does the same work, so nothing is left to do then."""
    try:
        done = index_waiting(heartbeat=_heartbeat(lease), seconds=SLICE_SECONDS)
    except IndexBusyError:
        return {"busy": True}
    if not done:
        raise ToBeContinued
    return {"busy": False}


def run_rebuild(lease: Lease) -> dict[str, Any]:
    """Build the index again for a while; record when it is in place."""
    try:
        done = rebuild(heartbeat=_heartbeat(lease), seconds=SLICE_SECONDS)
    except IndexBusyError:
        done = False
    if not done:
        raise ToBeContinued
    index = reader()
    counts = report(index.counts(), index.progress())
    with transaction.atomic():
        audit.record(actor=lease.actor, verb=Verb.INDEX_REBUILT, subject=SUBJECT, counts=counts)
    return counts


def _heartbeat(lease: Lease) -> Heartbeat:
    before = lease.item.done

    def beat(variants: int) -> None:
        lease.heartbeat(done=before + variants)

    return beat


def request_indexing(*, actor: Actor) -> None:
    """Queue the work of indexing; once while it is queued or running."""
    work.enqueue(kind=INDEX, key=KEY, payload={}, actor=actor)


def request_rebuild(*, actor: Actor) -> None:
    """Queue a rebuild of the index; once while one is queued or running.

    Errors: PermissionDenied.
    """
    require(actor, REBUILD_PERMISSION)
    with transaction.atomic():
        item = work.enqueue(kind=REBUILD, key=KEY, payload={}, actor=actor)
        audit.record(actor=actor, verb=Verb.INDEX_REBUILD_REQUESTED, subject=SUBJECT, work=str(item.public_id))

"""Loads as background work: queue, pause, stop and resume; the worker's entry; the same in the foreground."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone

from archive import audit, work
from archive.audit.actor import Actor
from archive.audit.rights import require
from archive.audit.verbs import Verb
from archive.batches.models import Load
from archive.ingest.errors import LoadStateError, StillEndingError
from archive.ingest.services import LoadRequest, create_load, run_load
from archive.storage.room import leave_reserve
from archive.work.leases import Lease, LeaseLostError, WorkerEndingError

KIND = "load.run"


def queue_load(request: LoadRequest, *, actor: Actor) -> Load:
    """Make a load and put it to work in the background.

    Errors: PermissionDenied without `archive.run_loads`; those of `create_load`.
    """
    require(actor, "archive.run_loads")
    with transaction.atomic():
        load = create_load(request, actor=actor)
        _enqueue(load, actor)
    return load


def load_now(request: LoadRequest, *, actor: Actor, progress: Callable[[Load], None] | None = None) -> Load:
    """Make a load and run it in this process; the page shows it and can pause or stop it all the same.

    The load and its work are written at once and taken in the same transaction: no worker comes in between, and a
    process that is killed leaves work that another finds.
    Errors: those of `create_load` and of `run_load`.
    """
    with transaction.atomic():
        load = create_load(request, actor=actor)
        lease = _take(load, actor)
    with work.holding(lease):
        return _run(load, lease, actor, progress)


def run_now(load: Load, *, actor: Actor, progress: Callable[[Load], None] | None = None) -> Load:
    """Run a load that is there already in this process. Errors: LeaseLostError when another process has it."""
    with transaction.atomic():
        lease = _take(load, actor)
    with work.holding(lease):
        return _run(load, lease, actor, progress)


def _take(load: Load, actor: Actor) -> Lease:
    item = _enqueue(load, actor, ring=False)
    lease: Lease | None = work.claim(item.pk)
    if lease is None:
        raise LeaseLostError(f"Load {load} is being done by another process.")
    return lease


def run_from_work(lease: Lease) -> dict[str, Any]:
    """Run the load that a work item names; called by the worker."""
    load = Load.objects.get(pk=lease.payload["load"])
    try:
        load = _run(load, lease, lease.actor, None)
    except WorkerEndingError:
        Load.objects.filter(pk=load.pk, state=Load.State.RUNNING).update(state=Load.State.QUEUED)
        raise
    if load.state in (Load.State.FAILED,):
        raise work.WorkFailed(load.message)
    return {"load": load.pk, "state": load.state}


def _run(load: Load, lease: Lease, actor: Actor, progress: Callable[[Load], None] | None) -> Load:
    last = 0.0

    def control(current: Load) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < 0.5:
            return
        last = now
        current.refresh_from_db()
        leave_reserve()
        lease.heartbeat(done=current.next_record, total=current.expected)
        if progress is not None:
            progress(current)

    load = run_load(load, actor=actor, control=control)
    lease.finished = load.state not in (Load.State.PAUSED, Load.State.STOPPED)
    return load


def give_up(lease: Lease) -> None:
    """Mark a load broken off that was begun too often without coming to an end; called when its work is given up."""
    load = Load.objects.get(pk=lease.payload["load"])
    if Load.objects.filter(pk=load.pk, state__in=(Load.State.QUEUED, Load.State.RUNNING)).update(
        state=Load.State.ERRORED, ended_at=timezone.now(), message="It was begun too often without coming to an end."
    ):
        audit.record(
            actor=lease.actor, verb=Verb.LOAD_FAILED, subject=load, load=load.pk, state=str(Load.State.ERRORED)
        )


def pause_load(load: Load, *, actor: Actor) -> None:
    """Ask a running load to pause after the chunk in hand; one that waits pauses at once. What is committed stays.

    Errors: PermissionDenied; LoadStateError when it is paused already or has ended.
    """
    require(actor, "archive.run_loads")
    with transaction.atomic():
        load.refresh_from_db()
        if load.state not in (Load.State.QUEUED, Load.State.RUNNING):
            raise LoadStateError(load)
        work.pause(kind=KIND, key=str(load.pk), actor=actor)
        if Load.objects.filter(pk=load.pk, state=Load.State.QUEUED).update(state=Load.State.PAUSED):
            audit.record(actor=actor, verb=Verb.LOAD_PAUSED, subject=load, load=load.pk)


def stop_load(load: Load, *, actor: Actor) -> None:
    """Ask a load to stop. A load that waits or is paused is stopped at once; it can be resumed.

    Errors: PermissionDenied; LoadStateError when it has ended.
    """
    require(actor, "archive.run_loads")
    with transaction.atomic():
        load.refresh_from_db()
        if load.state not in Load.OPEN:
            raise LoadStateError(load)
        work.stop(kind=KIND, key=str(load.pk), actor=actor)
        if Load.objects.filter(pk=load.pk, state__in=(Load.State.QUEUED, Load.State.PAUSED)).update(
            state=Load.State.STOPPED, ended_at=timezone.now()
        ):
            audit.record(actor=actor, verb=Verb.LOAD_STOPPED, subject=load, load=load.pk)


def resume_load(load: Load, *, actor: Actor) -> None:
    """Let a paused, stopped, failed or broken-off load go on after what it committed.

    Errors: PermissionDenied; LoadStateError in any other state; StillEndingError while its process ends.
    """
    require(actor, "archive.run_loads")
    with transaction.atomic():
        changed = Load.objects.filter(pk=load.pk, state__in=Load.RESUMABLE).update(
            state=Load.State.QUEUED, ended_at=None
        )
        load.refresh_from_db()
        if not changed:
            raise LoadStateError(load)
        if work.is_held(kind=KIND, key=str(load.pk)):
            raise StillEndingError(load)
        audit.record(actor=actor, verb=Verb.LOAD_RESUMED, subject=load, load=load.pk)
        _enqueue(load, actor)


def _enqueue(load: Load, actor: Actor, *, ring: bool = True) -> Any:
    return work.enqueue(kind=KIND, key=str(load.pk), payload={"load": load.pk}, actor=actor, ring=ring)

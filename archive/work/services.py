"""Queue, claim, run and steer work. A claim is a conditional update; the lease is the only retry path."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from archive import audit
from archive.audit.actor import Actor
from archive.audit.verbs import Verb
from archive.work import ending
from archive.work.kinds import kind_of, recurring
from archive.work.leases import (
    LEASE_SECONDS,
    Lease,
    LeaseLostError,
    PauseRequested,
    StopRequested,
    ToBeContinued,
    WorkerEndingError,
    WorkFailed,
)
from archive.work.models import WorkItem

logger = logging.getLogger(__name__)
State = WorkItem.State


def enqueue(*, kind: str, key: str, payload: dict[str, Any], actor: Actor, ring: bool = True) -> WorkItem:
    """Queue work, once while an item of the same kind and key is open: that one is returned then, resumed if paused.

    Shapes: with `ring`, workers are told after the commit; without, the caller claims it.
    """
    try:
        with transaction.atomic():
            item = WorkItem.objects.create(
                kind=kind,
                key=key,
                payload=payload,
                max_attempts=kind_of(kind).max_attempts,
                run_after=timezone.now(),
                requested_by=actor.name,
                requested_by_id=actor.id if actor.kind == "user" else "",
                created_at=timezone.now(),
            )
    except IntegrityError:
        item = WorkItem.objects.get(kind=kind, key=key, state__in=WorkItem.OPEN)
        _resume(item, actor)
    if ring:
        transaction.on_commit(ring_doorbell)
    return item


def _resume(item: WorkItem, actor: Actor) -> None:
    """Queue a paused item again; any other stays as it is."""
    with transaction.atomic():
        if WorkItem.objects.filter(pk=item.pk, state=State.PAUSED).update(
            state=State.QUEUED, wish=WorkItem.Wish.NONE, run_after=timezone.now(), attempts=0
        ):
            audit.record(actor=actor, verb=Verb.WORK_RESUMED, subject=item, kind=item.kind, key=item.key)
    item.refresh_from_db()


def ring_doorbell() -> None:
    """Tell the workers that something is due; when no message can be sent, the sweeper finds it."""
    # Not before a bell rings: Celery takes a tenth of a second of each command that never rings one.
    import_module(settings.DOORBELL)
    from archive.work.tasks import run_due

    try:
        run_due.delay()
    except Exception:  # a broker that is down must not fail the change that is committed
        logger.warning("No doorbell could be rung; the sweeper will find the work.", exc_info=True)


def claim(item_id: int) -> Lease | None:
    """Take one due item for this worker, or nothing when another was first."""
    now = timezone.now()
    due = Q(state=State.QUEUED, run_after__lte=now) | Q(state=State.RUNNING, lease_until__lt=now)
    taken = WorkItem.objects.filter(due, pk=item_id).update(
        state=State.RUNNING,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        lease_until=now + timedelta(seconds=LEASE_SECONDS),
        started_at=now,
    )
    return Lease(WorkItem.objects.get(pk=item_id)) if taken else None


@contextmanager
def holding(lease: Lease) -> Iterator[Lease]:
    """Run a claimed item in this process, under the same lease and with the same ends as a worker would."""
    try:
        yield lease
    except BaseException as error:
        _end(lease, State.FAILED, message=f"{type(error).__name__}: {error}")
        raise
    _end(lease, _state_by_wish(lease))


def run_due_items() -> int:
    """Claim and run what is due, one after the other, until nothing is or the worker ends; returns how many."""
    count = 0
    while not ending.is_asked() and (lease := _claim_next()) is not None:
        run(lease)
        count += 1
    return count


def _claim_next() -> Lease | None:
    now = timezone.now()
    due = Q(state=State.QUEUED, run_after__lte=now) | Q(state=State.RUNNING, lease_until__lt=now)
    for item_id in WorkItem.objects.filter(due).order_by("run_after", "pk").values_list("pk", flat=True)[:20]:
        lease = claim(item_id)
        if lease is not None:
            return lease
    return None


def run(lease: Lease) -> None:
    """Run a claimed item to one of its ends; nothing it raises gets past here."""
    item = lease.item
    if item.attempts > item.max_attempts:
        _give_up(lease, "It was begun too often without coming to an end.")
        return
    try:
        result = kind_of(item.kind).run(lease)
    except PauseRequested:
        _end(lease, State.PAUSED)
    except StopRequested:
        _end(lease, State.STOPPED)
    except WorkFailed as failure:
        _end(lease, State.FAILED, message=str(failure))
    except (WorkerEndingError, ToBeContinued):
        _put_back(lease)
    except LeaseLostError:
        logger.warning("Work %s was taken over by another worker.", item.public_id)
    except Exception as error:
        logger.exception("Work %s (%s) broke off.", item.public_id, item.kind)
        _try_again(lease, f"{type(error).__name__}: {error}")
    else:
        _end(lease, _state_by_wish(lease), result=result)


def _state_by_wish(lease: Lease) -> str:
    """Work may heed a wish by returning early: its end is what was wished then, unless it says that it has finished."""
    if lease.finished:
        return State.DONE
    wish = lease.mine().values_list("wish", flat=True).first()
    return {WorkItem.Wish.PAUSE: State.PAUSED, WorkItem.Wish.STOP: State.STOPPED}.get(wish, State.DONE)


def _end(lease: Lease, state: str, *, message: str = "", result: dict[str, Any] | None = None) -> None:
    lease.mine().update(
        state=state,
        message=message,
        result=result,
        wish=WorkItem.Wish.NONE,
        lease_until=None,
        ended_at=None if state == State.PAUSED else timezone.now(),
    )


def _put_back(lease: Lease) -> None:
    """Queue an item again because its worker ends, or it is to go on later, which is no failed attempt."""
    lease.mine().update(
        state=State.QUEUED, lease_until=None, attempts=F("attempts") - 1, run_after=timezone.now(), message=""
    )


def _try_again(lease: Lease, message: str) -> None:
    item = lease.item
    if item.attempts >= item.max_attempts:
        _give_up(lease, message)
        return
    wait = timedelta(seconds=min(2**item.attempts * 5, 600))
    lease.mine().update(state=State.QUEUED, message=message, lease_until=None, run_after=timezone.now() + wait)


def _give_up(lease: Lease, message: str) -> None:
    with transaction.atomic():
        if lease.mine().update(state=State.DEAD, message=message, lease_until=None, ended_at=timezone.now()):
            audit.record(
                actor=Actor.system("work"),
                verb=Verb.WORK_DEAD_LETTERED,
                subject=lease.item,
                kind=lease.item.kind,
                attempts=lease.item.attempts,
            )
            given_up = kind_of(lease.item.kind).given_up
            if given_up is not None:
                given_up(lease)


def pause(*, kind: str, key: str, actor: Actor) -> bool:
    """Ask for a pause; queued work pauses at once. Tells whether there was anything to pause that is not pausing."""
    return _steer(kind, key, actor, WorkItem.Wish.PAUSE, State.PAUSED, Verb.WORK_PAUSED)


def stop(*, kind: str, key: str, actor: Actor) -> bool:
    """Ask for a stop; queued and paused work stops at once. Tells whether there was anything to stop."""
    return _steer(kind, key, actor, WorkItem.Wish.STOP, State.STOPPED, Verb.WORK_STOPPED)


def _steer(kind: str, key: str, actor: Actor, wish: str, at_once: str, verb: Verb) -> bool:
    with transaction.atomic():
        item = WorkItem.objects.select_for_update().filter(kind=kind, key=key, state__in=WorkItem.OPEN).first()
        if item is None or at_once == item.state or (item.state == State.RUNNING and item.wish == wish):
            return False
        if item.state == State.RUNNING:
            if item.wish == WorkItem.Wish.STOP:
                return False  # a pause takes no stop back
            WorkItem.objects.filter(pk=item.pk).update(wish=wish)
        else:
            ended = None if at_once == State.PAUSED else timezone.now()
            WorkItem.objects.filter(pk=item.pk).update(state=at_once, ended_at=ended)
        audit.record(actor=actor, verb=verb, subject=item, kind=kind, key=key)
    return True


def is_held(*, kind: str, key: str) -> bool:
    """Tell whether a worker that lives has this work in hand."""
    return WorkItem.objects.filter(kind=kind, key=key, state=State.RUNNING, lease_until__gte=timezone.now()).exists()


def retry(item: WorkItem, *, actor: Actor) -> bool:
    """Queue a dead, failed, stopped or paused item again; tells whether it was one, and no later one took its place."""
    with transaction.atomic():
        later = WorkItem.objects.filter(kind=item.kind, key=item.key, state__in=WorkItem.OPEN).exclude(pk=item.pk)
        if later.exists():
            return False
        again = WorkItem.objects.filter(
            pk=item.pk, state__in=(State.DEAD, State.FAILED, State.STOPPED, State.PAUSED)
        ).update(state=State.QUEUED, attempts=0, wish="", run_after=timezone.now(), ended_at=None, message="")
        if again:
            audit.record(actor=actor, verb=Verb.WORK_RETRIED, subject=item, kind=item.kind)
            transaction.on_commit(ring_doorbell)
    return bool(again)


def sweep() -> int:
    """Find what was missed: due items nobody runs, leases that ran out; queue what recurs. Returns how many wait."""
    now = timezone.now()
    for kind, seconds in recurring().items():
        recent = WorkItem.objects.filter(kind=kind, created_at__gt=now - timedelta(seconds=seconds))
        if not recent.exists():
            enqueue(kind=kind, key="recurring", payload={}, actor=Actor.system("sweeper"), ring=False)
    waiting = WorkItem.objects.filter(
        Q(state=State.QUEUED, run_after__lte=now) | Q(state=State.RUNNING, lease_until__lt=now)
    ).count()
    if waiting:
        ring_doorbell()
    return waiting

"""A lease on one item of work: held by one worker at a time, fenced, renewed by heartbeats."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from django.utils import timezone

from archive.audit.actor import LOCAL, Actor
from archive.work import ending
from archive.work.models import WorkItem

LEASE_SECONDS = 60
RENEW_SECONDS = 5.0
LOOK_SECONDS = 0.5


class PauseRequested(Exception):  # noqa: N818  (a request, no error)
    """Somebody asked this work to pause; what is done stays."""


class StopRequested(Exception):  # noqa: N818  (a request, no error)
    """Somebody asked this work to stop; what is done stays."""


class LeaseLostError(Exception):
    """Another worker has this item now: end at once and change nothing more."""


class WorkerEndingError(LeaseLostError):
    """The worker is told to end: change nothing more. What is committed stays, the item is queued again at once."""


class ToBeContinued(Exception):  # noqa: N818  (no error)
    """A slice of long work is done: the item is queued again behind what waits, which is no failed attempt."""


class WorkFailed(Exception):  # noqa: N818  (an outcome with a known reason)
    """The work cannot succeed, for a reason that is known: it is not tried again."""


class Lease:
    """What a worker holds while it runs an item.

    Shapes: work sets `finished` when it came to its end before it heard of a wish, which then comes too late.
    Errors: `heartbeat` raises PauseRequested, StopRequested, LeaseLostError, or WorkerEndingError at once when the
    worker ends.
    """

    def __init__(self, item: WorkItem) -> None:
        self.item = item
        self.finished = False
        self._looked = self._renewed = time.monotonic()

    @property
    def payload(self) -> dict[str, Any]:
        """Return what the item was queued with."""
        return dict(self.item.payload)

    @property
    def actor(self) -> Actor:
        """Return in whose name the work is done; the item's id joins all that it does."""
        asked = self.item.requested_by_id
        kind, who = ("user", asked) if asked else ("system", self.item.requested_by)
        return Actor(kind, who, self.item.requested_by, address=LOCAL, correlation_id=str(self.item.public_id))

    def heartbeat(self, *, done: int | None = None, total: int | None = None, message: str = "") -> None:
        """Learn what is wished, renew the lease and tell progress.

        Cheap to call often: it looks twice a second, which needs no lock, and writes every five seconds.
        """
        if ending.is_asked():
            self._heed()  # what somebody wished goes first
            raise WorkerEndingError(f"{self.item} is put back.")
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._heed()
        if now - self._renewed < RENEW_SECONDS:
            return
        self._renewed = now
        told: dict[str, Any] = {"lease_until": timezone.now() + timedelta(seconds=LEASE_SECONDS)}
        if done is not None:
            told["done"] = done
        if total is not None:
            told["total"] = total
        if message:
            told["message"] = message
        if not self.mine().update(**told):
            raise LeaseLostError(f"{self.item} was taken over.")

    def _heed(self) -> None:
        row = self.mine().values_list("wish", flat=True).first()
        if row is None:
            raise LeaseLostError(f"{self.item} was taken over.")
        if row == WorkItem.Wish.STOP:
            raise StopRequested
        if row == WorkItem.Wish.PAUSE:
            raise PauseRequested

    def mine(self) -> Any:
        """Return the row while this lease holds: a conditional update of it is the fence."""
        return WorkItem.objects.filter(pk=self.item.pk, state=WorkItem.State.RUNNING, fence=self.item.fence)
